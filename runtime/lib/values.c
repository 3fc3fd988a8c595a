/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/values.h"

#include <string.h>

static uint64_t bytes_of(const struct far_iface *iface, const struct far_value *value)
{
    return iface_type(iface, value->type)->size;
}

static void *pointer_from(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static char *take_zeroed(struct walk *walk, uint64_t bytes)
{
    char *memory = walk_take(walk->memory, bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

/* --- a call that has arrived --- */

static const uint64_t *frame_register(const struct far_frame *frame, const struct far_piece *piece)
{
    return piece->place == FAR_PIECE_INTEGER ? &frame->integer[piece->index]
           : piece->place == FAR_PIECE_FLOAT ? &frame->floats[piece->index]
                                             : &frame->float_highs[piece->index];
}

/* One word: a plain parameter, or the address of one by value. */
static uint64_t frame_word(const struct far_frame *frame, const struct far_by_value *where)
{
    return where->count ? *frame_register(frame, &where->piece[0]) : frame->stack[where->word];
}

/* Where its bytes lie: on the caller's stack, or gathered from registers. */
static uint64_t take_value(const struct far_by_value *where, const struct far_frame *frame, uint64_t bytes,
                           struct walk *walk)
{
    if (where->how == FAR_BY_VALUE_STACK)
        return (uint64_t)(uintptr_t)&frame->stack[where->word];
    if (where->how == FAR_BY_VALUE_POINTER)
        return frame_word(frame, where);
    char *memory = take_zeroed(walk, bytes);
    for (unsigned i = 0; i < where->count && memory; i++)
        memcpy(memory + where->piece[i].offset, frame_register(frame, &where->piece[i]), where->piece[i].bytes);
    return (uint64_t)(uintptr_t)memory;
}

static uint64_t hidden_address(const struct far_frame *frame)
{
    return calling_of(FAR_ABI_MACHINE)->hidden_is_first ? frame->integer[0] : frame->hidden;
}

static unsigned take_result_place(const struct far_placement *placement, const struct far_frame *frame,
                                  struct walk *walk)
{
    const struct far_value *result = &walk->of.function->value;
    if (!far_is_by_value(result))
        return FAR_CALL_DONE;
    bool hidden = placement->result.how == FAR_BY_VALUE_HIDDEN;
    walk->by_value =
        hidden ? hidden_address(frame) : (uint64_t)(uintptr_t)take_zeroed(walk, bytes_of(walk->of.iface, result));
    return walk->by_value ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

unsigned values_take(const struct far_placement *placement, const struct far_frame *frame, struct walk *walk)
{
    for (uint32_t i = 0; i < walk->of.count; i++) {
        const struct far_value *value = &walk->of.function[1 + i].value;
        const struct far_by_value *where = &placement->param[i];
        if (!far_is_by_value(value)) {
            walk->word[i] = frame_word(frame, where);
            continue;
        }
        walk->word[i] = take_value(where, frame, bytes_of(walk->of.iface, value), walk);
        if (!walk->word[i])
            return FAR_CALL_NO_MEMORY;
    }
    return take_result_place(placement, frame, walk);
}

static void *result_register(struct far_frame *frame, const struct far_piece *piece)
{
    switch ((enum far_piece_place)piece->place) {
    case FAR_PIECE_INTEGER:
        return piece->index ? &frame->second_result : &frame->result;
    case FAR_PIECE_FLOAT:
        return piece->index ? &frame->more_float_results[piece->index - 1] : &frame->float_result;
    case FAR_PIECE_FLOAT_HIGH:
        return &frame->float_result_highs[piece->index];
    case FAR_PIECE_X87:
        frame->x87_count = piece->index + 1u;
        return frame->x87[piece->index];
    }
    return NULL;
}

void values_give_result(const struct far_placement *placement, const struct walk *walk, struct far_frame *frame)
{
    const struct far_by_value *where = &placement->result;
    const char *memory = pointer_from(walk->by_value);
    if (where->how == FAR_BY_VALUE_HIDDEN)
        frame->result = walk->by_value;
    for (unsigned i = 0; i < where->count; i++)
        memcpy(result_register(frame, &where->piece[i]), memory + where->piece[i].offset, where->piece[i].bytes);
}

void values_give_nothing(const struct far_placement *placement, uint64_t bytes, struct far_frame *frame)
{
    const struct far_by_value *where = &placement->result;
    if (where->how == FAR_BY_VALUE_HIDDEN) {
        frame->result = hidden_address(frame);
        memset(pointer_from(frame->result), 0, bytes);
    }
    for (unsigned i = 0; i < where->count; i++)
        memset(result_register(frame, &where->piece[i]), 0, where->piece[i].bytes);
}

/* --- a call that is about to be made --- */

static uint64_t *parameter_register(struct far_registers *registers, const struct far_piece *piece)
{
    return piece->place == FAR_PIECE_INTEGER ? &registers->integer[piece->index]
           : piece->place == FAR_PIECE_FLOAT ? &registers->floats[piece->index]
                                             : &registers->float_highs[piece->index];
}

static void put_word(const struct far_by_value *where, uint64_t word, uint64_t *stack, struct far_registers *registers)
{
    *(where->count ? parameter_register(registers, &where->piece[0]) : &stack[where->word]) = word;
}

static void put_value(const struct far_by_value *where, uint64_t address, uint64_t bytes, uint64_t *stack,
                      struct far_registers *registers)
{
    const char *memory = pointer_from(address);
    if (where->how == FAR_BY_VALUE_POINTER)
        put_word(where, address, stack, registers);
    if (where->how == FAR_BY_VALUE_STACK)
        memcpy(&stack[where->word], memory, bytes);
    for (unsigned i = 0; i < where->count && where->how == FAR_BY_VALUE_REGISTERS; i++) {
        const struct far_piece *piece = &where->piece[i];
        memcpy(parameter_register(registers, piece), memory + piece->offset, piece->bytes);
    }
}

static void put_hidden(const struct far_placement *placement, const struct walk *walk, struct far_registers *registers)
{
    if (placement->result.how != FAR_BY_VALUE_HIDDEN)
        return;
    registers->result.hidden = walk->by_value;
    if (calling_of(FAR_ABI_MACHINE)->hidden_is_first)
        registers->integer[0] = walk->by_value;
}

unsigned values_put(const struct far_placement *placement, struct walk *walk, struct far_registers *registers)
{
    uint64_t *stack = (uint64_t *)(void *)take_zeroed(walk, placement->taken.words * sizeof *stack);
    if (!stack)
        return FAR_CALL_NO_MEMORY;
    registers->stack = stack;
    put_hidden(placement, walk, registers);
    for (uint32_t i = 0; i < walk->of.count; i++) {
        const struct far_value *value = &walk->of.function[1 + i].value;
        if (far_is_by_value(value))
            put_value(&placement->param[i], walk->word[i], bytes_of(walk->of.iface, value), stack, registers);
        else
            put_word(&placement->param[i], walk->word[i], stack, registers);
    }
    return FAR_CALL_DONE;
}

static unsigned x87_results(const struct far_by_value *result)
{
    return result->count && result->piece[0].place == FAR_PIECE_X87 ? result->count : 0;
}

void values_invoke(uint64_t function, const struct far_placement *placement, struct far_registers *registers)
{
    registers->x87_count = x87_results(&placement->result);
    far_invoke_whole(function, registers, placement->taken.words);
}

static const void *returned_register(const struct far_registers *registers, const struct far_piece *piece)
{
    switch ((enum far_piece_place)piece->place) {
    case FAR_PIECE_INTEGER:
        return piece->index ? &registers->result.second_integer : &registers->result.integer;
    case FAR_PIECE_FLOAT:
        return piece->index ? &registers->result.more_floating[piece->index - 1] : &registers->result.floating;
    case FAR_PIECE_FLOAT_HIGH:
        return &registers->float_result_highs[piece->index];
    case FAR_PIECE_X87:
        return registers->x87[piece->index];
    }
    return NULL;
}

void values_take_result(const struct far_placement *placement, const struct far_registers *registers, struct walk *walk)
{
    const struct far_by_value *where = &placement->result;
    walk->result = registers->result.integer;
    char *memory = pointer_from(walk->by_value);
    for (unsigned i = 0; i < where->count; i++)
        memcpy(memory + where->piece[i].offset, returned_register(registers, &where->piece[i]), where->piece[i].bytes);
}
