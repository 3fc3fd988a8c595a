/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Parameters from literals: numbers first, for sizes and selectors are worked out from them, then what is behind pointers, at
 * the size that the record says. What does not fit is an error that names the parameter; nothing is cut off or widened.
 */
#include "runtime/far/call.h"
#include "runtime/lib/plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_MAX (1u << 30) /* bytes of one */

enum pass { NUMBERS, POINTERS };

/* What is being filled, for messages: "key", "point.x". */
struct target {
    struct call *call;
    const char *what;
    const struct record_place *around;
    enum pass pass;
};

static bool put(const struct target *target, const struct far_value *value, uint32_t type,
                const struct literal *literal, char *at);
static bool point_to(const struct target *target, const struct far_value *value, const struct literal *literal,
                     uint64_t *word);

__attribute__((format(printf, 2, 3))) static bool refuse(const struct target *target, const char *format, ...)
{
    va_list arguments;
    char what[CALL_WHY];
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(target->call->why, CALL_WHY, "%.80s: %.170s", target->what, what);
    return false;
}

static const char *type_name(const struct target *target, uint32_t type)
{
    return iface_string(target->call->iface, iface_type(target->call->iface, type)->name);
}

struct record_words call_words(const struct call *call)
{
    return (struct record_words){.iface = call->iface, .word = call->word};
}

const char *call_name(const struct call *call, uint32_t parameter, char text[32])
{
    const uint32_t name = call->function[1 + parameter].name;
    snprintf(text, 32, "parameter %u", parameter + 1);
    return name ? iface_string(call->iface, name) : text;
}

/* --- earlier calls --- */

/* Not where: what. */
static uint64_t brought_back(const struct call *call, const struct far_value *value, uint64_t address)
{
    const struct far_type *type = iface_type(call->iface, record_element(call->iface, value->type));
    const bool is_one = type->size && type->size <= sizeof(uint64_t);
    const size_t size = is_one ? type->size : sizeof(uint64_t);
    struct record_words words = call_words(call);
    uint64_t bytes, word = 0;
    words.result = &call->result;
    if (!address || !record_evaluate(&words, value->size_first, value->size_count, NULL, &bytes) || bytes < size)
        return 0;
    memcpy(&word, (const void *)(uintptr_t)address, size);
    return far_extend(word, (unsigned)size, type->flags & FAR_TYPE_SIGNED);
}

static bool earlier_parameter(const struct target *target, const struct call *call, const char *name, uint64_t *word)
{
    char text[32];
    for (uint32_t i = 0; i < call->op->param_count; i++) {
        const struct far_value *value = &call->function[1 + i].value;
        if (strcmp(call_name(call, i, text), name) != 0)
            continue;
        *word = call->word[i];
        if (value->passing == FAR_PASS_BUFFER && value->flags & FAR_VALUE_OUT)
            *word = brought_back(call, value, *word);
        return true;
    }
    return refuse(target, "%s of call %u has no parameter %s", iface_string(call->iface, call->op->name), call->number,
                  name);
}

static bool earlier(const struct target *target, const struct literal *literal, uint64_t *word)
{
    const struct call *call = target->call->before;
    while (call && call->number != literal->count)
        call = call->before;
    if (!call)
        return refuse(target, "there is no call %u before this one", literal->count);
    if (literal->text)
        return earlier_parameter(target, call, literal->text, word);
    *word = call->result;
    return true;
}

/* --- plain values --- */

static bool integer(const struct target *target, const struct literal *literal, uint64_t bytes, bool is_signed,
                    const char *name, uint64_t *number)
{
    const unsigned bits = (unsigned)bytes * 8;
    const uint64_t most = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    if (literal->kind == LITERAL_EARLIER)
        return earlier(target, literal, number) &&
               (far_extend(*number, (unsigned)bytes, is_signed) == *number ||
                refuse(target, "what the earlier call gave, 0x%" PRIx64 ", does not fit %s", *number, name));
    if (literal->kind != LITERAL_NUMBER)
        return refuse(target, "%s takes a whole number", name);
    const uint64_t limit = literal->negative ? (is_signed ? most / 2 + 1 : 0) : is_signed ? most / 2 : most;
    if (literal->number > limit)
        return refuse(target, "%s%" PRIu64 " does not fit %s", literal->negative ? "-" : "", literal->number, name);
    *number = literal->negative ? -literal->number : literal->number;
    return true;
}

static bool put_float(const struct target *target, const struct literal *literal, uint64_t bytes, char *at)
{
    const double real = literal->real;
    const float small = (float)real;
    if (literal->kind != LITERAL_NUMBER && literal->kind != LITERAL_REAL)
        return refuse(target, "a number is wanted");
    if (bytes == sizeof small && isinf(small) && !isinf(real))
        return refuse(target, "%g does not fit float", real);
    memcpy(at, bytes == sizeof small ? (const void *)&small : &real, bytes);
    return true;
}

static bool put_scalar(const struct target *target, uint32_t index, const struct literal *literal, char *at)
{
    const struct far_type *type = iface_type(target->call->iface, index);
    uint64_t number;
    if (type->kind == FAR_TYPE_FLOAT && (type->size == sizeof(float) || type->size == sizeof(double)))
        return put_float(target, literal, type->size, at);
    if (type->size > sizeof number || (type->kind != FAR_TYPE_BOOL && type->kind != FAR_TYPE_INT &&
                                       type->kind != FAR_TYPE_ENUM && type->kind != FAR_TYPE_POINTER))
        return refuse(target, "far call cannot make a value of type %s", type_name(target, index));
    if (literal->kind == LITERAL_NULL && type->kind == FAR_TYPE_POINTER)
        number = 0;
    else if (!integer(target, literal, type->size, type->flags & FAR_TYPE_SIGNED, type_name(target, index), &number))
        return false;
    if (type->kind == FAR_TYPE_BOOL && number > 1)
        return refuse(target, "_Bool is 0, 1, true or false");
    memcpy(at, &number, type->size);
    return true;
}

/* --- arrays and structures --- */

/* Elements one after another; fewer than there is room for leave zeros behind them. */
static bool put_elements(const struct target *target, const struct far_value *element, uint32_t type,
                         const struct literal *literal, char *at, uint64_t room)
{
    const uint64_t size = iface_type(target->call->iface, type)->size;
    if (literal->kind == LITERAL_TEXT && size == 1 && !element) {
        if (literal->size > room)
            return refuse(target, "%zu bytes are given, and there is room for %" PRIu64, literal->size, room);
        if (target->pass == NUMBERS)
            memcpy(at, literal->text, literal->size);
        return true;
    }
    const bool is_list = literal->kind == LITERAL_LIST;
    const uint64_t count = is_list ? literal->count : 1;
    if (!size || count > room / size)
        return refuse(target, "%" PRIu64 " of %s are given, and there is room for %" PRIu64, count,
                      type_name(target, type), size ? room / size : 0);
    const struct literal *entry = is_list ? literal->first : literal;
    for (; entry; entry = is_list ? entry->next : NULL, at += size)
        if (!put(target, element, type, entry, at))
            return false;
    return true;
}

static const struct far_member *find_member(const struct far_iface *iface, const struct far_type *type,
                                            const char *name)
{
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(iface, type->first_member + i);
        if (strcmp(iface_string(iface, member->name), name) == 0)
            return member;
    }
    return NULL;
}

static bool put_bits(const struct target *target, const struct far_member *member, const struct literal *literal,
                     char *structure)
{
    const struct far_type *type = iface_type(target->call->iface, member->type);
    const uint64_t most = (UINT64_C(2) << (member->bit_width - 1)) - 1;
    uint64_t number;
    if (!integer(target, literal, type->size, type->flags & FAR_TYPE_SIGNED, type_name(target, member->type), &number))
        return false;
    const bool negative = literal->negative && number;
    if (negative ? (number | most >> 1) != UINT64_MAX : number > (type->flags & FAR_TYPE_SIGNED ? most >> 1 : most))
        return refuse(target, "the number does not fit %u bits", member->bit_width);
    record_put_bits(member, structure, number);
    return true;
}

static bool put_member(const struct target *outer, const struct far_member *member, const struct literal *literal,
                       char *structure)
{
    const struct far_iface *iface = outer->call->iface;
    char what[80];
    const struct record_place place = {structure, outer->around};
    const struct target target = {outer->call, what, &place, outer->pass};
    snprintf(what, sizeof what, "%.40s.%.38s", outer->what, iface_string(iface, member->name));
    if (member->bit_width)
        return target.pass == POINTERS || put_bits(&target, member, literal, structure);
    return put(&target, member->value ? iface_value(iface, member->value - 1) : NULL, member->type, literal,
               structure + member->offset);
}

/* A list gives the members in their order, as in C. */
static bool put_structure(const struct target *target, uint32_t index, const struct literal *literal, char *at)
{
    const struct far_iface *iface = target->call->iface;
    const struct far_type *type = iface_type(iface, index);
    uint32_t number = 0;
    if ((literal->kind != LITERAL_RECORD && literal->kind != LITERAL_LIST) || !type->member_count)
        return refuse(target, "%s takes {\"member\": value, …}", type_name(target, index));
    for (const struct literal *entry = literal->first; entry; entry = entry->next, number++) {
        const struct far_member *member = entry->name ? find_member(iface, type, entry->name)
                                          : number < type->member_count
                                              ? iface_member(iface, type->first_member + number)
                                              : NULL;
        if (!member && entry->name)
            return refuse(target, "%s has no member %s", type_name(target, index), entry->name);
        if (!member || (type->kind == FAR_TYPE_UNION && number))
            return refuse(target, "%s has not so many members", type_name(target, index));
        if (!put_member(target, member, entry, at))
            return false;
    }
    return true;
}

static bool put_plain(const struct target *target, uint32_t index, const struct literal *literal, char *at)
{
    const struct far_type *type = iface_type(target->call->iface, index);
    if (type->kind == FAR_TYPE_STRUCT || type->kind == FAR_TYPE_UNION)
        return put_structure(target, index, literal, at);
    if (type->kind == FAR_TYPE_ARRAY)
        return put_elements(target, NULL, type->target, literal, at, type->size);
    return target->pass == POINTERS || put_scalar(target, index, literal, at);
}

static bool put_array(const struct target *target, const struct far_value *value, uint32_t index,
                      const struct literal *literal, char *at)
{
    const struct far_type *type = iface_type(target->call->iface, index);
    if (value->size_count)
        return refuse(target, "far call gives no flexible array a length");
    return put_elements(target, value->inside ? iface_value(target->call->iface, value->inside - 1) : NULL,
                        type->target, literal, at, type->size);
}

/* value NULL: plain bytes of that type. */
static bool put(const struct target *target, const struct far_value *value, uint32_t type,
                const struct literal *literal, char *at)
{
    uint64_t word;
    switch (value ? value->passing : FAR_PASS_VALUE) {
    case FAR_PASS_VALUE:
    case FAR_PASS_FLOAT:
    case FAR_PASS_WIDE:
        return put_plain(target, type, literal, at);
    case FAR_PASS_STRUCT:
        return put_structure(target, type, literal, at);
    case FAR_PASS_ARRAY:
        return put_array(target, value, type, literal, at);
    default:
        if (target->pass == NUMBERS)
            return true;
        if (!point_to(target, value, literal, &word))
            return false;
        memcpy(at, &word, value->passing == FAR_PASS_FD ? sizeof(int) : sizeof word);
        return true;
    }
}

static bool put_both(struct target target, const struct far_value *element, uint32_t type,
                     const struct literal *literal, char *at, uint64_t room)
{
    target.pass = NUMBERS;
    if (!put_elements(&target, element, type, literal, at, room))
        return false;
    target.pass = POINTERS;
    return put_elements(&target, element, type, literal, at, room);
}

/* --- what is behind a pointer --- */

static bool new_memory(const struct target *target, uint64_t bytes, char **memory)
{
    if (bytes > BUFFER_MAX)
        return refuse(target, "its size is %" PRIu64 " bytes, and far call makes 1 GiB at most", bytes);
    *memory = call_take(target->call->memory, bytes + 1);
    return *memory || refuse(target, "no memory for %" PRIu64 " bytes", bytes);
}

/* What is given for what only goes in is all of it: zeros behind it would be somebody's data. */
static bool is_short(const struct far_value *value, const struct literal *literal, uint64_t bytes, uint64_t element)
{
    if (value->flags & FAR_VALUE_OUT)
        return false;
    if (literal->kind == LITERAL_TEXT)
        return literal->size + 1 < bytes;
    return (literal->kind == LITERAL_LIST ? literal->count : 1) * element < bytes;
}

static bool point_to_buffer(const struct target *target, const struct far_value *value, const struct literal *literal,
                            uint64_t *word)
{
    const struct far_iface *iface = target->call->iface;
    const struct record_words words = call_words(target->call);
    const uint32_t type = record_element(iface, value->type);
    const struct far_value *element = value->inside ? iface_value(iface, value->inside - 1) : NULL;
    uint64_t bytes, size = iface_type(iface, type)->size;
    char *memory;
    if (!record_evaluate(&words, value->size_first, value->size_count, target->around, &bytes))
        return refuse(target, "its size cannot be worked out from the other parameters");
    if (!new_memory(target, bytes, &memory))
        return false;
    *word = (uint64_t)(uintptr_t)memory;
    if (!literal)
        return true;
    if (is_short(value, literal, bytes, size ? size : 1))
        return refuse(target, "less is given than its size, %" PRIu64 " bytes", bytes);
    if (!size || iface_type(iface, type)->kind == FAR_TYPE_VOID) { /* const void *: bytes */
        if (literal->kind != LITERAL_TEXT || literal->size > bytes)
            return refuse(target, "%" PRIu64 " bytes are wanted, as text or as @FILE", bytes);
        memcpy(memory, literal->text, literal->size);
        return true;
    }
    return put_both(*target, element, type, literal, memory, bytes);
}

/* An array of strings that ends with NULL. */
static bool point_to_strings(const struct target *target, const struct far_value *value, const struct literal *literal,
                             uint64_t *word)
{
    char *memory;
    uint64_t cell;
    if (literal->kind != LITERAL_LIST || !value->inside)
        return refuse(target, "a list of texts is wanted");
    if (!new_memory(target, (literal->count + 1) * sizeof cell, &memory))
        return false;
    *word = (uint64_t)(uintptr_t)memory;
    for (const struct literal *entry = literal->first; entry; entry = entry->next, memory += sizeof cell) {
        if (!point_to(target, iface_value(target->call->iface, value->inside - 1), entry, &cell))
            return false;
        memcpy(memory, &cell, sizeof cell);
    }
    return true;
}

static bool point_to_string(const struct target *target, const struct far_value *value, const struct literal *literal,
                            uint64_t *word)
{
    const struct far_iface *iface = target->call->iface;
    const uint32_t type = record_element(iface, value->type);
    const uint64_t size = iface_type(iface, type)->size;
    char *memory;
    if (value->size_count)
        return point_to_buffer(target, value, literal, word);
    if (iface_type(iface, type)->kind == FAR_TYPE_POINTER)
        return point_to_strings(target, value, literal, word);
    if (literal->kind != LITERAL_TEXT && literal->kind != LITERAL_LIST)
        return refuse(target, "a text is wanted");
    if (literal->kind == LITERAL_TEXT && memchr(literal->text, 0, literal->size))
        return refuse(target, "the text has a zero byte, where it would end");
    const uint64_t bytes = literal->kind == LITERAL_TEXT ? literal->size + 1 : (literal->count + 1) * size;
    if (!new_memory(target, bytes, &memory))
        return false;
    *word = (uint64_t)(uintptr_t)memory;
    return put_both(*target, NULL, type, literal, memory, bytes);
}

static bool point_to_nothing(const struct target *target, const struct far_value *value, uint64_t *word)
{
    const bool is_pointer = value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING;
    *word = 0;
    if (is_pointer && !(value->flags & FAR_VALUE_OPTIONAL))
        return refuse(target, "it may not be NULL");
    return value->passing != FAR_PASS_FD || refuse(target, "a descriptor's number is wanted");
}

static bool point_to(const struct target *target, const struct far_value *value, const struct literal *literal,
                     uint64_t *word)
{
    if (literal && literal->kind == LITERAL_NULL)
        return point_to_nothing(target, value, word);
    switch (value->passing) {
    case FAR_PASS_BUFFER:
        return point_to_buffer(target, value, literal, word);
    case FAR_PASS_STRING:
        return point_to_string(target, value, literal, word);
    case FAR_PASS_CALLBACK:
        return refuse(target, "far call has no function to pass: NULL, or a program of your own");
    case FAR_PASS_WITHHELD:
        return refuse(target, "it does not cross: NULL");
    case FAR_PASS_FD:
        return integer(target, literal, 4, true, "a descriptor", word);
    case FAR_PASS_HANDLE:
        if (literal->kind != LITERAL_EARLIER)
            return refuse(target, "a handle is what an earlier call of this command gave: $1, $1.NAME");
        return earlier(target, literal, word);
    default: /* OPAQUE, GLOBAL */
        return integer(target, literal, 8, false, "an address", word);
    }
}

/* --- parameters --- */

static bool is_number(const struct far_value *value)
{
    return value->passing == FAR_PASS_VALUE || value->passing == FAR_PASS_FLOAT || value->passing == FAR_PASS_STRUCT ||
           value->passing == FAR_PASS_WIDE;
}

bool call_takes_argument(const struct far_value *value)
{
    const bool is_memory = value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING;
    return !is_memory || value->flags & FAR_VALUE_IN || !(value->flags & FAR_VALUE_OUT);
}

/* A text needs no quotes where nothing else would do. */
static bool takes_words(const struct call *call, const struct far_value *value)
{
    const struct far_type *element = iface_type(call->iface, record_element(call->iface, value->type));
    if (value->passing == FAR_PASS_STRING)
        return element->kind != FAR_TYPE_POINTER;
    return value->passing == FAR_PASS_BUFFER && !value->inside && element->size <= 1;
}

static struct literal *read_argument(struct call *call, const struct far_value *value, const char *word)
{
    if (word[0] == '@' && (value->passing == FAR_PASS_STRING || value->passing == FAR_PASS_BUFFER))
        return literal_file(call->memory, word + 1, call->why);
    const bool is_null = strcmp(word, "NULL") == 0 || strcmp(word, "null") == 0;
    if (takes_words(call, value) && !is_null && word[0] != '"' && word[0] != '[' && word[0] != '{')
        return literal_text(call->memory, word, strlen(word));
    return literal_parse(call->memory, word, call->why);
}

/* `_`: as many as that gives its buffer bytes as its argument has. The sizes of records are sums and products. */
static bool solve(struct call *call, uint32_t number, const struct far_value *value, uint64_t wanted)
{
    const struct record_words words = call_words(call);
    uint64_t none, one, bytes;
    call->word[number] = 0;
    bool works = record_evaluate(&words, value->size_first, value->size_count, NULL, &none);
    call->word[number] = 1;
    works = works && record_evaluate(&words, value->size_first, value->size_count, NULL, &one);
    if (!works || one <= none || wanted < none)
        return false;
    call->word[number] = (wanted - none) / (one - none);
    return record_evaluate(&words, value->size_first, value->size_count, NULL, &bytes) && bytes == wanted;
}

static bool speaks_of(const struct call *call, const struct far_value *value, uint32_t number)
{
    for (uint32_t i = 0; i < value->size_count; i++) {
        const struct far_expr *node = iface_expr(call->iface, value->size_first + i);
        if (node->code == FAR_EXPR_PARAM && node->index == number)
            return true;
    }
    return false;
}

static uint64_t given_bytes(const struct call *call, const struct far_value *value, const struct literal *literal)
{
    const uint64_t size = iface_type(call->iface, record_element(call->iface, value->type))->size;
    if (literal->kind == LITERAL_TEXT)
        return literal->size;
    return (literal->kind == LITERAL_LIST ? literal->count : 1) * size;
}

static bool measure(const struct target *target, uint32_t number)
{
    struct call *call = target->call;
    for (uint32_t i = 0; i < call->op->param_count; i++) {
        const struct far_value *value = &call->function[1 + i].value;
        if (value->passing == FAR_PASS_BUFFER && call->given[i] && speaks_of(call, value, number))
            return solve(call, number, value, given_bytes(call, value, call->given[i])) ||
                   refuse(target, "_ cannot be worked out: say the number");
    }
    return refuse(target, "_ stands for the size of an argument, and it is no argument's");
}

static bool make_number(const struct target *target, uint32_t i)
{
    struct call *call = target->call;
    const struct far_value *value = &call->function[1 + i].value;
    const struct far_type *type = iface_type(call->iface, value->type);
    if (value->passing == FAR_PASS_STRUCT) {
        call->object[i] = call_take(call->memory, type->size);
        struct target both = *target;
        if (!call->object[i])
            return refuse(target, "no memory");
        if (!put(&both, value, value->type, call->given[i], call->object[i]))
            return false;
        both.pass = POINTERS;
        return put(&both, value, value->type, call->given[i], call->object[i]);
    }
    if (!put(target, value, value->type, call->given[i], (char *)&call->word[i]))
        return false;
    if (value->passing == FAR_PASS_VALUE)
        call->word[i] = far_extend(call->word[i], value->width, value->flags & FAR_VALUE_SIGNED);
    return true;
}

/* Sizes that are read from another parameter's memory come after it. */
static bool is_late(const struct call *call, const struct far_value *value)
{
    for (uint32_t i = 0; i < value->size_count; i++)
        if (iface_expr(call->iface, value->size_first + i)->code == FAR_EXPR_DEREF)
            return true;
    return false;
}

enum stage { PLAIN_NUMBERS, MEASURED_NUMBERS, MEMORY, LATE_MEMORY, STAGES };

static enum stage stage_of(const struct call *call, uint32_t i)
{
    const struct far_value *value = &call->function[1 + i].value;
    if (is_number(value))
        return call->given[i] ? PLAIN_NUMBERS : MEASURED_NUMBERS;
    return is_late(call, value) ? LATE_MEMORY : MEMORY;
}

static bool make_parameter(struct call *call, uint32_t i, enum stage stage)
{
    char text[32];
    const struct target target = {.call = call, .what = call_name(call, i, text)};
    if (stage == PLAIN_NUMBERS)
        return make_number(&target, i);
    if (stage == MEASURED_NUMBERS)
        return measure(&target, i);
    return point_to(&target, &call->function[1 + i].value, call->given[i], &call->word[i]);
}

static bool read_arguments(struct call *call, char **words, uint32_t count)
{
    uint32_t used = 0, wanted = 0;
    char text[32], why[CALL_WHY];
    for (uint32_t i = 0; i < call->op->param_count; i++)
        wanted += call_takes_argument(&call->function[1 + i].value);
    if (count != wanted) {
        snprintf(call->why, CALL_WHY, "%u argument%s given, %u wanted: %.160s", count, count == 1 ? "" : "s", wanted,
                 iface_string(call->iface, call->op->signature));
        return false;
    }
    for (uint32_t i = 0; i < call->op->param_count; i++) {
        const struct far_value *value = &call->function[1 + i].value;
        const char *word = call_takes_argument(value) ? words[used++] : NULL;
        if (!word || (value->passing == FAR_PASS_VALUE && strcmp(word, "_") == 0))
            continue;
        call->given[i] = read_argument(call, value, word);
        if (call->given[i])
            continue;
        snprintf(why, sizeof why, "%s", call->why);
        snprintf(call->why, CALL_WHY, "%.60s: %.180s", call_name(call, i, text), why);
        return false;
    }
    return true;
}

bool call_make(struct call *call, char **words, uint32_t count)
{
    if (!read_arguments(call, words, count))
        return false;
    for (enum stage stage = 0; stage < STAGES; stage++)
        for (uint32_t i = 0; i < call->op->param_count; i++)
            if (stage_of(call, i) == stage && !make_parameter(call, i, stage))
                return false;
    return true;
}
