/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The callee's first half: words and area become what the function is given. */
#include "runtime/lib/plan.h"
#include "runtime/walk/inside.h"

static unsigned receive_memory(struct walk *walk, struct walk_visit *visit, uint32_t i, const char *area)
{
    const struct far_value *value = &walk->of.function[1 + i].value;
    uint32_t before = walk->count;
    visit->direction = value->flags & WALK_BOTH;
    unsigned status = walk_scatter(visit, value, walk->line[i], area, &walk->word[i]);
    if (!status && walk->count != before)
        walk->param_object[i] = before + 1;
    return status;
}

/* Memory of ours that the caller keeps, or kept up to now. */
static unsigned receive_back(struct walk *walk, uint32_t i)
{
    uint64_t word = walk->line[i];
    bool named = walk->gives_back && far_reference_kind(word) == FAR_REFERENCE_KEPT;
    walk->word[i] = named ? walk_kept_back(walk->gives_back, far_reference_index(word), walk->function) : 0;
    return walk->word[i] ? FAR_CALL_DONE : FAR_CALL_NOT_KEPT;
}

static unsigned receive_parameter(struct walk *walk, uint32_t i, const char *area)
{
    const struct far_value *value = &walk->of.function[1 + i].value;
    struct walk_visit visit;
    walk_visit_begin(&visit, walk, WALK_NOWHERE);
    if (value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING)
        return receive_memory(walk, &visit, i, area);
    if (far_is_by_value(value))
        return walk_receive_value(walk, i, area);
    if (value->passing == FAR_PASS_OPAQUE && walk->back >> i & 1)
        return receive_back(walk, i);
    unsigned status = walk_simple_raw(&visit, value, walk->line[i], &walk->word[i]);
    if (value->passing == FAR_PASS_VALUE)
        walk->value[i] = walk->word[i] = far_extend(walk->word[i], value->width, value->flags & FAR_VALUE_SIGNED);
    return status;
}

/* Integers first: sizes see all of them. */
static unsigned receive_parameters(struct walk *walk, const char *area, bool values, bool late)
{
    unsigned status = FAR_CALL_DONE;
    for (uint32_t i = 0; i < walk->of.count && !status; i++) {
        bool is_value = walk->of.function[1 + i].value.passing == FAR_PASS_VALUE, waits = walk->late >> i & 1;
        if (is_value == values && waits == late)
            status = receive_parameter(walk, i, area);
    }
    return status;
}

unsigned walk_receive(struct walk *walk, const char *area)
{
    walk->callee = true;
    unsigned status = walk_begin(walk);
    if (status)
        return status;
    walk->begun = walk->kept ? walk_kept_begun(walk->kept) : 0;
    walk_look_at_parameters(walk);
    status = receive_parameters(walk, area, true, false);
    status = status ? status : receive_parameters(walk, area, false, false);
    status = status ? status : receive_parameters(walk, area, false, true);
    status = status ? status : walk_place_result(walk);
    status = status ? status : walk_scatter_rest(walk, area);
    walk->entered = walk->count;
    return status ? status : walk_place_changes(walk);
}

static void end_handle(const struct walk *walk, const struct walk_handle *handle, bool called)
{
    bool refused =
        walk->after && far_release_is_refused(walk->of.iface, handle->value, &walk->of.function[0].value, walk->result);
    if (!called || refused) {
        walk->hooks->handle_put_down(walk->context, handle->value, handle->handle);
        return;
    }
    walk->hooks->handle_end(walk->context, handle->value, handle->handle);
    if (handle->value->flags & FAR_VALUE_RELEASE && walk->kept)
        walk_kept_handle_gone(walk->kept, handle->handle, walk->begun);
}

/* What was to stay, had the function been called. */
static void drop_what_stays(const struct walk *walk)
{
    for (uint32_t i = 0; i < walk->count; i++)
        if (walk->object[i].flags & WALK_STAYS && walk->object[i].memory)
            walk_result_drop(walk->results, walk->object[i].memory);
}

void walk_end(struct walk *walk, bool called)
{
    if (!called && walk->hands_over && walk->results)
        drop_what_stays(walk);
    for (uint32_t i = 0; i < walk->count && walk->kept; i++)
        if (walk->object[i].kept)
            walk_keep_done(walk->kept, walk->object[i].kept,
                           walk->object[i].flags & (called ? WALK_RELEASED : WALK_KEPT_BEGIN));
    for (uint32_t i = 0; i < walk->handle_count; i++)
        end_handle(walk, &walk->handle[i], called);
    walk->handle_count = 0;
}
