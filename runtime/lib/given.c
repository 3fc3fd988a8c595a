/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/given.h"

#include "runtime/callback.h"
#include "runtime/format/same_callback.h"
#include "runtime/format/stub.h"
#include "runtime/lib/call.h"
#include "runtime/lib/function.h"

#include <string.h>
#include <sys/mman.h>

struct given {
    struct far_binding *binding;
    const struct far_plan *plan;
    uint32_t word, callback;
};

/* Mapped whole; pages that nothing is written to cost nothing. Items are written once, before they are counted. */
struct far_given_functions {
    uint32_t count;
    struct given item[FAR_GIVEN_THUNKS_MAX];
};

static struct far_given_functions *functions(void)
{
    return __atomic_load_n(&far_process.given, __ATOMIC_ACQUIRE);
}

static uint64_t address_of(uint32_t number)
{
    return (uint64_t)(uintptr_t)far_given_thunks + (uint64_t)number * FAR_GIVEN_THUNK_SIZE;
}

/* FAR_GIVEN_THUNKS_MAX: there is none. */
static uint32_t find(const struct far_binding *binding, uint32_t word, uint32_t callback)
{
    const struct far_given_functions *given = functions();
    uint32_t count = given ? __atomic_load_n(&given->count, __ATOMIC_ACQUIRE) : 0, i = 0;
    while (i < count &&
           (given->item[i].word != word || given->item[i].binding != binding || given->item[i].callback != callback))
        i++;
    return i < count ? i : FAR_GIVEN_THUNKS_MAX;
}

static struct far_given_functions *make_functions(void)
{
    struct far_given_functions *given = functions();
    if (given)
        return given;
    given = mmap(NULL, sizeof *given, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (given == MAP_FAILED)
        return NULL;
    __atomic_store_n(&far_process.given, given, __ATOMIC_RELEASE);
    return given;
}

/* With the lock held. */
static uint32_t add(struct far_binding *binding, uint32_t word, uint32_t callback)
{
    uint32_t number = find(binding, word, callback);
    struct far_given_functions *given = make_functions();
    if (number < FAR_GIVEN_THUNKS_MAX || !given || given->count == FAR_GIVEN_THUNKS_MAX)
        return number;
    const struct far_plan *plan = plan_of_function(binding->iface, callback, word);
    if (!plan)
        return FAR_GIVEN_THUNKS_MAX;
    number = given->count;
    given->item[number] = (struct given){binding, plan, word, callback};
    __atomic_store_n(&given->count, number + 1, __ATOMIC_RELEASE);
    return number;
}

static unsigned thunk_of(struct far_binding *binding, uint32_t word, uint32_t callback, uint64_t *address)
{
    uint32_t number = find(binding, word, callback);
    if (number == FAR_GIVEN_THUNKS_MAX) {
        sigset_t saved;
        process_lock(&saved);
        number = add(binding, word, callback);
        process_unlock(&saved);
    }
    *address = number < FAR_GIVEN_THUNKS_MAX ? address_of(number) : 0;
    return *address ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

/* Stubs alone are the same everywhere, and lead to nothing but operations. */
static bool is_operation(struct far_binding *binding, uint64_t address)
{
    for (enum far_part part = FAR_PART_FSTUBS; part <= FAR_PART_DSTUBS; part++) {
        uint64_t offset = address - binding->part[part].address;
        if (offset < binding->part[part].size && offset % FAR_STUB_SIZE == 0)
            return binding_plan(binding, (uint32_t)(offset / FAR_STUB_SIZE)) != NULL;
    }
    return false;
}

unsigned given_address(struct far_binding *binding, uint64_t word, const struct far_callback *callback,
                       uint64_t *address)
{
    uint32_t index = (uint32_t)(callback - iface_callback(binding->iface, 0));
    *address = word;
    if (word >= FAR_GIVEN_FIRST && word <= FAR_GIVEN_LAST)
        return thunk_of(binding, (uint32_t)word, same_callback_first(binding->iface, index), address);
    if (word >= FAR_FUNCTION_FIRST && word <= FAR_FUNCTION_LAST) {
        uint32_t is;
        *address = function_any(&binding->functions, (uint32_t)word - FAR_FUNCTION_FIRST, &is);
        bool fine = *address && is < binding->iface->callbacks.count && same_callback(binding->iface, is, index);
        return fine ? FAR_CALL_DONE : FAR_CALL_BAD_ARGUMENT;
    }
    return is_operation(binding, word) ? FAR_CALL_DONE : FAR_CALL_BAD_ARGUMENT;
}

uint64_t given_word(const struct far_binding *binding, uint64_t address, uint32_t callback)
{
    const struct far_given_functions *given = functions();
    uint64_t offset = address - address_of(0);
    if (!given || offset % FAR_GIVEN_THUNK_SIZE ||
        offset / FAR_GIVEN_THUNK_SIZE >= __atomic_load_n(&given->count, __ATOMIC_ACQUIRE))
        return 0;
    const struct given *item = &given->item[offset / FAR_GIVEN_THUNK_SIZE];
    return item->binding == binding && same_callback(binding->iface, item->callback, callback) ? item->word : 0;
}

void far_given_called(struct far_frame *frame, uint32_t number)
{
    const struct far_given_functions *given = functions();
    frame->result = frame->second_result = frame->float_result = 0;
    for (unsigned i = 0; i < FAR_ABI_FLOAT_RESULTS - 1; i++)
        frame->more_float_results[i] = 0;
    memset(frame->float_result_highs, 0, sizeof frame->float_result_highs);
    if (given && number < __atomic_load_n(&given->count, __ATOMIC_ACQUIRE))
        call_planned(frame, given->item[number].binding, given->item[number].plan);
}
