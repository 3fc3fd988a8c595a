/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/functions.h"

#include "runtime/callback.h"
#include "runtime/format/same_callback.h"
#include "runtime/host/thunk.h"
#include "runtime/walk/inside.h"

struct given {
    uint64_t address;
    uint32_t callback;
    const struct far_plan *plan;
};

/* By number less 1. Written once, before they are counted: whoever has a number reads without the lock. */
static pthread_mutex_t given_lock = PTHREAD_MUTEX_INITIALIZER;
static struct given given[FAR_GIVEN_MAX];
static uint32_t given_count;

static uint32_t word_of(const struct host *host, uint32_t number)
{
    return FAR_GIVEN_FIRST | (host->generation & FAR_GIVEN_GENERATIONS) << FAR_GIVEN_SHIFT | number;
}

static uint32_t find(uint64_t address, uint32_t callback)
{
    for (uint32_t i = 0; i < given_count; i++)
        if (given[i].address == address && given[i].callback == callback)
            return i + 1;
    return 0;
}

static uint32_t add(const struct host *host, uint64_t address, uint32_t callback)
{
    uint32_t number = given_count + 1;
    if (given_count == FAR_GIVEN_MAX)
        return 0;
    const struct far_plan *plan = plan_of_function(host->iface, callback, word_of(host, number));
    if (!plan)
        return 0;
    given[number - 1] = (struct given){address, callback, plan};
    __atomic_store_n(&given_count, number, __ATOMIC_RELEASE);
    return number;
}

static uint32_t number_of(const struct host *host, uint64_t address, uint32_t callback)
{
    pthread_mutex_lock(&given_lock);
    uint32_t number = find(address, callback);
    number = number ? number : add(host, address, callback);
    pthread_mutex_unlock(&given_lock);
    return number;
}

static bool is_operation(const struct host *host, uint64_t address)
{
    for (uint32_t slot = 1; slot < host->plans.slot_count; slot++)
        if (host->function[slot] == address)
            return true;
    return false;
}

/* A function that this client gave is that function. Another's is nobody's here. */
static uint64_t word_of_thunk(const struct worker *worker, const struct thunk_target *target, uint32_t callback)
{
    bool own = target->client == worker->client && same_callback(worker->host->iface, target->callback, callback);
    return own ? FAR_FUNCTION_FIRST + target->function : 0;
}

unsigned function_give(void *context, const struct walk *walk, uint64_t address, const struct far_callback *callback,
                       bool comes_out, uint64_t *word)
{
    struct worker *worker = context;
    uint32_t index = (uint32_t)(callback - iface_callback(walk->of.iface, 0));
    struct thunk_target target;
    *word = 0;
    if (thunk_at(address, &target)) {
        *word = word_of_thunk(worker, &target, index);
        return FAR_CALL_DONE;
    }
    if (is_operation(worker->host, address)) {
        *word = address;
        return FAR_CALL_DONE;
    }
    if (!comes_out)
        return FAR_CALL_DONE;
    uint32_t number = number_of(worker->host, address, same_callback_first(walk->of.iface, index));
    if (!number || !client_note_function(worker->client, number))
        return FAR_CALL_NO_MEMORY;
    *word = word_of(worker->host, number);
    return FAR_CALL_DONE;
}

static const struct given *of_word(const struct worker *worker, uint64_t word)
{
    uint32_t number = word & ((1u << FAR_GIVEN_SHIFT) - 1);
    if (number == 0 || number > __atomic_load_n(&given_count, __ATOMIC_ACQUIRE) ||
        word != word_of(worker->host, number) || !client_has_function(worker->client, number))
        return NULL;
    return &given[number - 1];
}

bool function_given(const struct worker *worker, uint64_t word, uint32_t callback, uint64_t *address)
{
    const struct given *function = of_word(worker, word);
    *address = function ? function->address : 0;
    return function && same_callback(worker->host->iface, function->callback, callback);
}

const struct far_plan *function_plan(const struct worker *worker, uint32_t slot, uint64_t *address)
{
    const struct given *function = slot >= FAR_GIVEN_FIRST && slot <= FAR_GIVEN_LAST ? of_word(worker, slot) : NULL;
    *address = function ? function->address : 0;
    return function ? function->plan : NULL;
}
