/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/calling.h"

#include <elf.h>
#include <errno.h>

static const struct far_calling x86_64 = {6, 8, true, by_value_param_x86_64, by_value_result_x86_64};
static const struct far_calling aarch64 = {8, 8, false, by_value_param_aarch64, by_value_result_aarch64};

const struct far_calling *calling_of(uint32_t machine)
{
    return machine == EM_AARCH64 ? &aarch64 : &x86_64;
}

/* One word: in the next register of its kind, or on the stack. There are never more than FAR_PARAM_MAX of them. */
static void place_word(const struct far_calling *calling, bool is_float, struct far_taken *taken,
                       struct far_by_value *where)
{
    unsigned *used = is_float ? &taken->floats : &taken->integers;
    if (*used == (is_float ? calling->floats : calling->integers)) {
        *where = (struct far_by_value){.how = FAR_BY_VALUE_STACK, .word = (uint16_t)taken->words++};
        return;
    }
    *where = (struct far_by_value){.how = FAR_BY_VALUE_REGISTERS, .count = 1};
    where->piece[0] =
        (struct far_piece){is_float ? FAR_PIECE_FLOAT : FAR_PIECE_INTEGER, (uint8_t)(*used)++, 0, sizeof(uint64_t)};
}

/* Memory in which values lie while they cross is aligned to 16 bytes. */
static bool is_aligned_more(const struct far_iface *iface, const struct far_value *value)
{
    return iface_type(iface, value->type)->align > 16;
}

static int place_result(const struct far_calling *calling, const struct far_iface *iface, const struct far_value *value,
                        struct far_placement *placement)
{
    if (!far_is_by_value(value))
        return 0;
    int failed = is_aligned_more(iface, value) ? -ENOTSUP : calling->result(iface, value->type, &placement->result);
    if (placement->result.how == FAR_BY_VALUE_HIDDEN && calling->hidden_is_first)
        placement->taken.integers = 1;
    return failed;
}

static bool is_whole(const struct far_by_value *where)
{
    for (unsigned i = 0; i < where->count; i++)
        if (where->piece[i].place == FAR_PIECE_FLOAT_HIGH || where->piece[i].place == FAR_PIECE_X87)
            return true;
    return false;
}

int placement_of(const struct far_calling *calling, const struct far_iface *iface, const struct far_param *function,
                 uint32_t count, struct far_placement *placement, uint32_t *at)
{
    placement->taken = (struct far_taken){0};
    placement->result = (struct far_by_value){0};
    *at = 0;
    int failed = place_result(calling, iface, &function->value, placement);
    for (uint32_t i = 0; i < count && !failed; i++) {
        const struct far_value *value = &function[1 + i].value;
        *at = 1 + i;
        if (far_is_by_value(value) && is_aligned_more(iface, value))
            failed = -ENOTSUP;
        else if (far_is_by_value(value))
            failed = calling->param(iface, value->type, &placement->taken, &placement->param[i]);
        else
            place_word(calling, value->passing == FAR_PASS_FLOAT, &placement->taken, &placement->param[i]);
    }
    placement->whole = is_whole(&placement->result);
    for (uint32_t i = 0; i < count && !failed; i++)
        placement->whole |= is_whole(&placement->param[i]);
    /* Words that a number on the stack takes are few, but those of values may be all that there are. */
    return failed || placement->taken.words > FAR_STACK_WORDS_MAX ? -ENOTSUP : 0;
}
