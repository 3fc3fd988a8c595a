/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Arguments into an A-stack, as an honest client would write them, without waiting for anything: to be spoilt then. */
#include "runtime/callback.h"
#include "runtime/far/fuzz.h"
#include "runtime/lib/plan.h"
#include "runtime/lib/size.h"

#include <string.h>

static unsigned out_function(void *context, const struct walk *walk, uint64_t address,
                             const struct far_callback *callback, uint64_t *word)
{
    (void)context, (void)walk, (void)address, (void)callback;
    *word = FAR_FUNCTION_FIRST + 1;
    return FAR_CALL_DONE;
}

static const struct walk_hooks hooks = {.out_function = out_function};

static bool write_walking(struct fuzz_message *message, const struct fuzz_maker *maker, struct walk_kept *kept,
                          char *area, uint64_t room)
{
    struct walk *walk = &message->walk;
    *walk = (struct walk){.of = {maker->iface, maker->function, maker->params},
                          .hooks = &hooks,
                          .memory = &message->memory,
                          .kept = kept};
    memcpy(walk->word, maker->word, sizeof walk->word);
    if (walk_send(walk) != FAR_CALL_DONE || walk->end > room)
        return false;
    walk_put(walk, area);
    memcpy(message->line, walk->line, sizeof message->line);
    message->end = walk->end;
    return true;
}

static bool measure(struct far_sizes *sizes, const struct fuzz_maker *maker, const struct far_plan *plan)
{
    for (uint32_t i = 0; i < plan->param_count; i++) {
        sizes->value[i] = maker->word[i] & plan->param[i].mask;
        if (plan->param[i].passing == FAR_PASS_STRING && maker->word[i])
            sizes->bytes[i] = strlen((const char *)(uintptr_t)maker->word[i]) + 1;
    }
    if (sizes_place(plan, sizes, false) != FAR_CALL_DONE)
        return false;
    for (uint32_t i = 0; i < plan->param_count; i++)
        if (plan->param[i].measured && maker->word[i])
            memcpy(&sizes->measured[i], (const void *)(uintptr_t)maker->word[i], far_measured_bytes(sizes->bytes[i]));
    return sizes_place(plan, sizes, true) == FAR_CALL_DONE;
}

static bool write_flat(struct fuzz_message *message, const struct fuzz_maker *maker, const struct far_plan *plan,
                       char *area, uint64_t room)
{
    struct far_sizes sizes = {.end = 0};
    if (!measure(&sizes, maker, plan) || sizes.end > room)
        return false;
    for (uint32_t i = 0; i < plan->param_count; i++) {
        const struct far_plan_param *param = &plan->param[i];
        const void *from = (const void *)(uintptr_t)maker->word[i];
        message->line[i] = maker->word[i] & param->mask;
        if (!far_by_reference(param))
            continue;
        message->line[i] = param->passing == FAR_PASS_STRING ? sizes.bytes[i] : from != NULL;
        if (from && sizes.bytes[i] && (param->passing == FAR_PASS_STRING || param->flags & FAR_VALUE_IN))
            memcpy(area + sizes.offset[i], from, sizes.bytes[i]);
    }
    message->end = sizes.end;
    return true;
}

bool message_write(struct fuzz_message *message, const struct fuzz_maker *maker, const struct far_plan *plan,
                   struct walk_kept *kept, struct far_astack *astack, uint64_t room)
{
    char *area = (char *)astack + FAR_ASTACK_AREA;
    bool good = plan->flags & FAR_PLAN_WALK ? write_walking(message, maker, kept, area, room)
                                            : write_flat(message, maker, plan, area, room);
    for (uint32_t i = 0; good && i < plan->param_count; i++)
        *far_astack_word(astack, plan->param[i].astack) = message->line[i];
    return good;
}

void message_free(struct fuzz_message *message)
{
    walk_memory_free(&message->memory);
}
