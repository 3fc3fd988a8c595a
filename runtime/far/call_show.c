/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a call brought back. Sizes are the record's; whether what a pointer leads to is there, the gate has checked. */
#include "runtime/far/call.h"
#include "runtime/format/complain.h"
#include "runtime/lib/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEVELS_MAX 16

struct showing {
    const struct call *call;
    struct json *json;
    struct record_words words;
    unsigned level;
};

static void show(struct showing *showing, const char *name, const struct far_value *value, uint32_t type,
                 const char *at, const struct record_place *around);

/* --- plain values --- */

static void show_integer(struct showing *showing, const char *name, const struct far_type *type, uint64_t number)
{
    if (type->kind == FAR_TYPE_BOOL)
        json_bool(showing->json, name, number);
    else if (type->flags & FAR_TYPE_SIGNED)
        json_signed(showing->json, name, (int64_t)far_extend(number, (unsigned)type->size, true));
    else
        json_number(showing->json, name, number);
}

static void show_scalar(struct showing *showing, const char *name, const struct far_type *type, const char *at)
{
    uint64_t number = 0;
    float small;
    double real;
    if (type->kind == FAR_TYPE_FLOAT && type->size == sizeof small) {
        memcpy(&small, at, sizeof small);
        json_real(showing->json, name, (double)small, 9);
    } else if (type->kind == FAR_TYPE_FLOAT && type->size == sizeof real) {
        memcpy(&real, at, sizeof real);
        json_real(showing->json, name, real, 17);
    } else if (type->size > sizeof number || type->kind == FAR_TYPE_COMPLEX || type->kind == FAR_TYPE_VECTOR) {
        json_bytes(showing->json, name, at, type->size);
    } else {
        memcpy(&number, at, type->size);
        if (type->kind == FAR_TYPE_POINTER)
            json_hex(showing->json, name, number);
        else
            show_integer(showing, name, type, number);
    }
}

/* Bytes are a text if people can read them all, up to a zero byte that ends them or nothing but zeros behind. */
static bool is_text(const char *bytes, uint64_t size, char *copy, size_t room)
{
    const size_t length = strnlen(bytes, size);
    for (size_t i = length; i < size; i++)
        if (bytes[i])
            return false;
    if (length >= room)
        return false;
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    for (size_t i = 0, step; i < length; i += step) {
        const unsigned char byte = (unsigned char)copy[i];
        step = text_utf8_length(copy + i);
        if (!step || ((byte < 0x20 || byte == 0x7f) && !strchr("\t\n\r", byte)))
            return false;
    }
    return true;
}

/* Otherwise {"bytes": "00ff…"}. */
static void show_bytes(struct showing *showing, const char *name, const char *bytes, uint64_t size)
{
    char *copy = call_take(showing->call->memory, size + 1);
    if (copy && is_text(bytes, size, copy, size + 1)) {
        json_string(showing->json, name, copy);
        return;
    }
    json_open(showing->json, name, '{');
    json_bytes(showing->json, "bytes", bytes, size);
    json_close(showing->json, '}');
}

/* --- arrays and structures --- */

static bool is_character(const struct far_iface *iface, const struct far_value *element, uint32_t type)
{
    const struct far_type *of = iface_type(iface, type);
    return !element && of->size <= 1 && of->kind != FAR_TYPE_BOOL;
}

static void show_elements(struct showing *showing, const char *name, const struct far_value *element, uint32_t type,
                          const char *at, uint64_t bytes, const struct record_place *around)
{
    const uint64_t size = iface_type(showing->call->iface, type)->size;
    if (is_character(showing->call->iface, element, type)) {
        show_bytes(showing, name, at, bytes);
        return;
    }
    if (bytes == size) {
        show(showing, name, element, type, at, around);
        return;
    }
    json_open(showing->json, name, '[');
    for (uint64_t i = 0; size && i + size <= bytes; i += size)
        show(showing, NULL, element, type, at + i, around);
    json_close(showing->json, ']');
}

static void show_bits(struct showing *showing, const struct far_member *member, const char *structure)
{
    const struct far_type *type = iface_type(showing->call->iface, member->type);
    uint64_t word = record_bits(member, structure);
    if (type->flags & FAR_TYPE_SIGNED && member->bit_width < 64 && word >> (member->bit_width - 1))
        word |= UINT64_MAX << member->bit_width;
    show_integer(showing, iface_string(showing->call->iface, member->name), type, word);
}

static void show_member(struct showing *showing, const struct far_member *member, const char *structure,
                        const struct record_place *around)
{
    const struct far_iface *iface = showing->call->iface;
    const struct far_value *value = member->value ? iface_value(iface, member->value - 1) : NULL;
    if (member->bit_width)
        show_bits(showing, member, structure);
    else if (!value || value->passing != FAR_PASS_WITHHELD)
        show(showing, iface_string(iface, member->name), value, member->type, structure + member->offset, around);
}

static void show_structure(struct showing *showing, const char *name, const struct far_value *value, uint32_t index,
                           const char *at, const struct record_place *around)
{
    const struct far_iface *iface = showing->call->iface;
    const struct far_type *type = iface_type(iface, index);
    const struct record_place inside = {at, around};
    json_open(showing->json, name, '{');
    if (type->kind == FAR_TYPE_UNION && type->member_count) {
        const struct far_member *member = record_member_in_use(&showing->words, type, value, around);
        if (member)
            show_member(showing, member, at, &inside);
    }
    for (uint32_t i = 0; type->kind == FAR_TYPE_STRUCT && i < type->member_count; i++)
        show_member(showing, iface_member(iface, type->first_member + i), at, &inside);
    json_close(showing->json, '}');
}

/* --- what is behind pointers --- */

static void show_string(struct showing *showing, const char *name, const struct far_value *value, const char *text)
{
    const struct far_iface *iface = showing->call->iface;
    const uint32_t type = record_element(iface, value->type);
    const struct far_type *element = iface_type(iface, type);
    const uint64_t size = element->size ? element->size : 1;
    uint64_t count = 0;
    static const char zeros[16];
    if (size == 1) {
        show_bytes(showing, name, text, strlen(text));
        return;
    }
    while (size <= sizeof zeros && memcmp(text + count * size, zeros, size) != 0)
        count++;
    json_open(showing->json, name, '[');
    for (uint64_t i = 0; i < count; i++)
        show(showing, NULL, value->inside ? iface_value(iface, value->inside - 1) : NULL, type, text + i * size, NULL);
    json_close(showing->json, ']');
}

static void show_buffer(struct showing *showing, const char *name, const struct far_value *value, const char *memory,
                        const struct record_place *around)
{
    const struct far_iface *iface = showing->call->iface;
    const struct far_value *element = value->inside ? iface_value(iface, value->inside - 1) : NULL;
    uint64_t bytes;
    if (!record_evaluate(&showing->words, value->size_first, value->size_count, around, &bytes))
        json_hex(showing->json, name, (uint64_t)(uintptr_t)memory);
    else
        show_elements(showing, name, element, record_element(iface, value->type), memory, bytes, around);
}

static void show_pointer(struct showing *showing, const char *name, const struct far_value *value, uint64_t word,
                         const struct record_place *around)
{
    const char *memory = (const char *)(uintptr_t)word;
    const bool is_followed = value->passing == FAR_PASS_STRING || value->passing == FAR_PASS_BUFFER;
    if (!word)
        json_string(showing->json, name, NULL);
    else if (!is_followed || showing->level >= LEVELS_MAX)
        json_hex(showing->json, name, word);
    else if (value->passing == FAR_PASS_STRING)
        show_string(showing, name, value, memory);
    else
        show_buffer(showing, name, value, memory, around);
}

/* value NULL: plain bytes of that type. */
static void show(struct showing *showing, const char *name, const struct far_value *value, uint32_t index,
                 const char *at, const struct record_place *around)
{
    const struct far_type *type = iface_type(showing->call->iface, index);
    uint64_t word = 0;
    const unsigned passing = value ? value->passing : FAR_PASS_VALUE;
    const bool is_plain = passing == FAR_PASS_VALUE || passing == FAR_PASS_FLOAT || passing == FAR_PASS_WIDE;
    showing->level++;
    if (passing == FAR_PASS_STRUCT || (is_plain && (type->kind == FAR_TYPE_STRUCT || type->kind == FAR_TYPE_UNION))) {
        show_structure(showing, name, value, index, at, around);
    } else if (passing == FAR_PASS_ARRAY || type->kind == FAR_TYPE_ARRAY) {
        const struct far_value *element =
            value && value->inside ? iface_value(showing->call->iface, value->inside - 1) : NULL;
        show_elements(showing, name, element, type->target, at, type->size, around);
    } else if (is_plain) {
        show_scalar(showing, name, type, at);
    } else if (passing == FAR_PASS_FD) {
        memcpy(&word, at, sizeof(int));
        json_signed(showing->json, name, (int)word);
    } else {
        memcpy(&word, at, sizeof word);
        show_pointer(showing, name, value, word, around);
    }
    showing->level--;
}

bool call_comes_out(const struct far_value *value)
{
    const bool is_memory = value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING;
    return is_memory && value->flags & FAR_VALUE_OUT;
}

void call_show(const struct call *call, struct json *json, const char *name, int parameter)
{
    const struct far_param *what = &call->function[1 + parameter];
    struct showing showing = {.call = call, .json = json, .words = call_words(call)};
    const bool is_object = what->value.passing == FAR_PASS_STRUCT;
    const char *at = parameter >= 0 ? (const char *)&call->word[parameter] : (const char *)&call->result;
    showing.words.result = &call->result;
    if (is_object)
        at = parameter >= 0 ? call->object[parameter] : call->result_object;
    show(&showing, name, &what->value, what->value.type, at, NULL);
}
