/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a descriptor means, in words a person reads: how a value crosses, how large it is, how long it stays valid. */
#include "runtime/far/dump.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define LEVEL_MAX 32 /* as iface_check() allows, so that no chain is cut */

struct dump_scope dump_scope_of(const struct far_iface *iface, const struct far_op *op)
{
    return (struct dump_scope){.iface = iface, .function = iface_result(iface, op), .param_count = op->param_count};
}

struct dump_scope dump_scope_of_callback(const struct far_iface *iface, const struct far_callback *callback)
{
    return (struct dump_scope){
        .iface = iface, .function = iface_callback_param(iface, callback, 0), .param_count = callback->param_count};
}

struct dump_scope dump_scope_of_members(const struct far_iface *iface, const struct far_type *holder)
{
    return (struct dump_scope){.iface = iface, .holder = holder};
}

void dump_param_name(const struct dump_scope *scope, uint32_t index, char name[DUMP_NAME_SIZE])
{
    uint32_t string = scope->function[1 + index].name;
    if (string)
        snprintf(name, DUMP_NAME_SIZE, "%s", iface_string(scope->iface, string));
    else
        snprintf(name, DUMP_NAME_SIZE, "parameter %u", index + 1);
}

const char *dump_type_name(const struct far_iface *iface, uint32_t index)
{
    uint32_t name = iface_type(iface, index)->name;
    return name ? iface_string(iface, name) : "(unnamed type)";
}

/* What does not fit is cut, and ends in "...". */
__attribute__((format(printf, 3, 4))) static void append(char *words, size_t size, const char *format, ...)
{
    size_t used = strlen(words);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(words + used, size - used, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length >= size - used && size > 4)
        memcpy(words + size - 4, "...", 4);
}

/* --- expressions --- */

#define TERM_SIZE 200 /* bytes of an expression's part */

struct term {
    bool compound; /* needs brackets inside another */
    char text[TERM_SIZE];
};

static const struct far_member *member_at(const struct dump_scope *scope, uint64_t offset)
{
    for (uint32_t i = 0; scope->holder && i < scope->holder->member_count; i++) {
        const struct far_member *member = iface_member(scope->iface, scope->holder->first_member + i);
        if (member->offset == offset && !member->bit_width && member->name)
            return member;
    }
    return NULL;
}

static void member_words(const struct dump_scope *scope, const struct far_expr *node, struct term *out)
{
    const struct far_member *member = member_at(scope, node->value);
    if (member)
        append(out->text, TERM_SIZE, "%s", iface_string(scope->iface, member->name));
    else
        append(out->text, TERM_SIZE, "(%u bytes at %" PRIu64 ")", node->width, node->value);
}

static void leaf_words(const struct dump_scope *scope, const struct far_expr *node, struct term *out)
{
    char name[DUMP_NAME_SIZE];
    *out = (struct term){0};
    if (node->code == FAR_EXPR_CONST) {
        append(out->text, TERM_SIZE, "%" PRIu64, node->value);
    } else if (node->code == FAR_EXPR_RESULT) {
        append(out->text, TERM_SIZE, "far_result");
    } else if (node->name) {
        append(out->text, TERM_SIZE, "%s", iface_string(scope->iface, node->name));
    } else if (node->code == FAR_EXPR_MEMBER) {
        member_words(scope, node, out);
    } else {
        dump_param_name(scope, node->index, name);
        append(out->text, TERM_SIZE, "%s%s", node->code == FAR_EXPR_DEREF && !node->value ? "*" : "", name);
        if (node->code == FAR_EXPR_DEREF && node->value)
            append(out->text, TERM_SIZE, "->(byte %" PRIu64 ")", node->value);
    }
}

static bool is_one(const struct term *term)
{
    return strcmp(term->text, "1") == 0;
}

/* left := left operator right. Sizes of single bytes come as `n * 1`, which nobody would write. */
static void join_words(enum far_expr_code code, struct term *left, const struct term *right)
{
    static const char *const operators[FAR_EXPR_CODE_COUNT] = {
        [FAR_EXPR_ADD] = "+", [FAR_EXPR_SUB] = "-",  [FAR_EXPR_MUL] = "*",  [FAR_EXPR_DIV] = "/",
        [FAR_EXPR_MOD] = "%", [FAR_EXPR_SHL] = "<<", [FAR_EXPR_SHR] = ">>", [FAR_EXPR_AND] = "&"};
    struct term joined = {.compound = true};
    if ((code == FAR_EXPR_MUL || code == FAR_EXPR_DIV) && is_one(right))
        return;
    if (code == FAR_EXPR_MUL && is_one(left)) {
        *left = *right;
        return;
    }
    append(joined.text, TERM_SIZE, left->compound ? "(%s)" : "%s", left->text);
    append(joined.text, TERM_SIZE, " %s ", operators[code]);
    append(joined.text, TERM_SIZE, right->compound ? "(%s)" : "%s", right->text);
    *left = joined;
}

void dump_expr_words(const struct dump_scope *scope, uint32_t first, uint32_t count, char words[DUMP_WORDS_SIZE])
{
    struct term stack[FAR_EXPR_MAX + 1];
    unsigned depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct far_expr *node = iface_expr(scope->iface, first + i);
        if (FAR_EXPR_IS_OPERAND(node->code)) {
            leaf_words(scope, node, &stack[depth++]);
        } else {
            depth--;
            join_words(node->code, &stack[depth - 1], &stack[depth]);
        }
    }
    snprintf(words, DUMP_WORDS_SIZE, "%s", depth ? stack[0].text : "");
}

/* --- values --- */

static void say_direction(const struct far_value *value, char *words)
{
    static const char *const directions[] = {"", "in, ", "out, ", "inout, "};
    append(words, DUMP_WORDS_SIZE, "%s", directions[value->flags & (FAR_VALUE_IN | FAR_VALUE_OUT)]);
}

/* Is it exactly one element? Then nobody wants to read how many bytes. */
static bool is_one_element(const struct dump_scope *scope, const struct far_value *value)
{
    const struct far_type *type = iface_type(scope->iface, value->type);
    return value->inside && value->size_count == 1 &&
           iface_expr(scope->iface, value->size_first)->code == FAR_EXPR_CONST &&
           iface_expr(scope->iface, value->size_first)->value == iface_type(scope->iface, type->target)->size;
}

static void say_size(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    char size[DUMP_WORDS_SIZE];
    dump_expr_words(scope, value->size_first, value->size_count, size);
    append(words, DUMP_WORDS_SIZE, "%s byte%s", size, strcmp(size, "1") ? "s" : "");
}

static void say_buffer(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    if (value->flags & FAR_VALUE_DEEP_ONLY)
        append(words, DUMP_WORDS_SIZE, "followed below what is far_deep, ");
    say_direction(value, words);
    if (is_one_element(scope, value))
        return;
    say_size(scope, value, words);
}

static void say_string(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    uint64_t element = iface_type(scope->iface, iface_type(scope->iface, value->type)->target)->size;
    say_direction(value, words);
    if (element == 1)
        append(words, DUMP_WORDS_SIZE, "string up to its NUL");
    else
        append(words, DUMP_WORDS_SIZE, "elements of %" PRIu64 " bytes up to one of zeros", element);
    if (value->size_count) {
        append(words, DUMP_WORDS_SIZE, ", within ");
        say_size(scope, value, words);
    }
}

static void say_struct(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    char selector[DUMP_WORDS_SIZE];
    append(words, DUMP_WORDS_SIZE, "%s", dump_type_name(scope->iface, value->type));
    if (!value->select_count)
        return;
    dump_expr_words(scope, value->select_first, value->select_count, selector);
    append(words, DUMP_WORDS_SIZE, ", selected by %s", selector);
}

static void say_array(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    uint64_t count = iface_type(scope->iface, value->type)->count;
    if (value->size_count)
        say_size(scope, value, words);
    else
        append(words, DUMP_WORDS_SIZE, "array of %" PRIu64, count);
}

static void say_number(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    uint64_t bytes = value->width ? value->width : iface_type(scope->iface, value->type)->size;
    const char *what = value->passing == FAR_PASS_FLOAT  ? ", floating point"
                       : value->passing == FAR_PASS_WIDE ? ""
                       : value->flags & FAR_VALUE_SIGNED ? ", signed"
                                                         : ", unsigned";
    append(words, DUMP_WORDS_SIZE, "by value%s, %" PRIu64 " byte%s", what, bytes, bytes == 1 ? "" : "s");
}

/* One level: of what it leads to, only that there is more. */
static void say_value(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    switch ((enum far_passing)value->passing) {
    case FAR_PASS_VOID:
        append(words, DUMP_WORDS_SIZE, "nothing");
        break;
    case FAR_PASS_VALUE:
    case FAR_PASS_FLOAT:
    case FAR_PASS_WIDE:
        say_number(scope, value, words);
        break;
    case FAR_PASS_BUFFER:
        say_buffer(scope, value, words);
        break;
    case FAR_PASS_STRING:
        say_string(scope, value, words);
        break;
    case FAR_PASS_GLOBAL:
        append(words, DUMP_WORDS_SIZE, "an address in a global segment, passed as it is");
        break;
    case FAR_PASS_HANDLE:
        append(words, DUMP_WORDS_SIZE, "handle, %s",
               value->flags & FAR_VALUE_RELEASE ? "released by this call" : "opaque to the client");
        if (value->select_count)
            append(words, DUMP_WORDS_SIZE, " unless it returns %" PRId64,
                   (int64_t)iface_expr(scope->iface, value->select_first)->value);
        break;
    case FAR_PASS_OPAQUE:
        append(words, DUMP_WORDS_SIZE, "a pointer passed as it is, never followed");
        break;
    case FAR_PASS_WITHHELD:
        append(words, DUMP_WORDS_SIZE, "a pointer that does not cross: NULL arrives");
        break;
    case FAR_PASS_CALLBACK:
        append(words, DUMP_WORDS_SIZE, "callback");
        break;
    case FAR_PASS_FD:
        append(words, DUMP_WORDS_SIZE, "file descriptor, duplicated");
        break;
    case FAR_PASS_STRUCT:
        say_struct(scope, value, words);
        break;
    case FAR_PASS_ARRAY:
        say_array(scope, value, words);
        break;
    case FAR_PASS_COUNT:
        break;
    }
}

/* How long the function called goes on using memory that goes in. */
static void say_kept(const struct far_value *value, const char *name, char *words)
{
    if (value->lifetime == FAR_LIFETIME_CALLBACK)
        append(words, DUMP_WORDS_SIZE, "kept until %s is called", name);
    else if (value->lifetime >= FAR_LIFETIME_HANDLE)
        append(words, DUMP_WORDS_SIZE, "kept until %s is released", name);
    else if (value->lifetime == FAR_LIFETIME_RELEASED)
        append(words, DUMP_WORDS_SIZE, "kept until it is released");
    else
        append(words, DUMP_WORDS_SIZE, "kept %s",
               value->lifetime == FAR_LIFETIME_CALL ? "until the thread's next call" : "as long as the service");
}

static void say_valid(const struct far_value *value, const char *name, char *words)
{
    if (value->lifetime == FAR_LIFETIME_CALL)
        append(words, DUMP_WORDS_SIZE, "valid until the thread's next call");
    else if (value->lifetime == FAR_LIFETIME_SERVICE)
        append(words, DUMP_WORDS_SIZE, "valid as long as the service");
    else if (value->lifetime == FAR_LIFETIME_RELEASED)
        append(words, DUMP_WORDS_SIZE, "valid until it is released");
    else if (value->lifetime == FAR_LIFETIME_HANDLE)
        append(words, DUMP_WORDS_SIZE, "valid until %s is released", name);
    else
        append(words, DUMP_WORDS_SIZE, "inside what %s points to", name);
}

static void say_lifetime(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    char name[DUMP_NAME_SIZE] = "";
    if (value->lifetime >= FAR_LIFETIME_HANDLE)
        dump_param_name(scope, value->lifetime_of, name);
    if (value->flags & FAR_VALUE_IN)
        say_kept(value, name, words);
    else
        say_valid(value, name, words);
}

static const char *comma_after(const char *words)
{
    return words[0] && words[strlen(words) - 1] != ' ' ? ", " : "";
}

/* What belongs to the pointer itself stands before what it leads to. */
static void say_more(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    if (value->flags & FAR_VALUE_OPTIONAL)
        append(words, DUMP_WORDS_SIZE, "%sor NULL", comma_after(words));
    if (value->flags & FAR_VALUE_DEEP)
        append(words, DUMP_WORDS_SIZE, "%swith all that it leads to", comma_after(words));
    if (value->flags & FAR_VALUE_RELEASE && value->passing != FAR_PASS_HANDLE)
        append(words, DUMP_WORDS_SIZE, "%sreleased by this call", comma_after(words));
    if (value->flags & FAR_VALUE_GRANTED)
        append(words, DUMP_WORDS_SIZE, "%s%s", comma_after(words),
               value->passing == FAR_PASS_GLOBAL ? "in memory that the client has granted too"
                                                 : "not copied where the client has granted it");
    if (value->lifetime) {
        append(words, DUMP_WORDS_SIZE, "%s", comma_after(words));
        say_lifetime(scope, value, words);
    }
}

static void say_join(const struct dump_scope *scope, const struct far_value *value, char *words)
{
    if (value->passing != FAR_PASS_BUFFER || !is_one_element(scope, value))
        append(words, DUMP_WORDS_SIZE, ", each element: ");
    else
        append(words, DUMP_WORDS_SIZE, "%s", comma_after(words));
}

void dump_value_words(const struct dump_scope *scope, const struct far_value *value, char words[DUMP_WORDS_SIZE])
{
    words[0] = '\0';
    for (unsigned level = 0; level < LEVEL_MAX; level++) {
        say_value(scope, value, words);
        say_more(scope, value, words);
        if (!value->inside || value->passing == FAR_PASS_CALLBACK)
            return;
        say_join(scope, value, words);
        value = iface_value(scope->iface, value->inside - 1);
    }
}

const struct far_value *dump_innermost(const struct far_iface *iface, const struct far_value *value)
{
    for (unsigned level = 0; level < LEVEL_MAX && value->inside && value->passing != FAR_PASS_CALLBACK; level++)
        value = iface_value(iface, value->inside - 1);
    return value;
}

void dump_case_words(const struct far_iface *iface, const struct far_member *member, char words[DUMP_WORDS_SIZE])
{
    words[0] = '\0';
    for (uint32_t i = 0; i < member->case_count; i++)
        append(words, DUMP_WORDS_SIZE, "%s%" PRId64, i ? ", " : "for ", iface_case(iface, member->first_case + i));
    if (member->flags & FAR_MEMBER_DEFAULT)
        append(words, DUMP_WORDS_SIZE, "%sotherwise", words[0] ? ", and " : "");
}

/* --- what an operation returns when it cannot complete --- */

static int64_t sign_extend(uint64_t bits, unsigned width)
{
    unsigned shift = 64 - 8 * width;
    return (int64_t)(bits << shift) >> shift;
}

static void float_words(uint64_t bits, unsigned width, char words[DUMP_FAILS_SIZE])
{
    float single;
    double value;
    uint32_t low = (uint32_t)bits;
    memcpy(&single, &low, sizeof single);
    memcpy(&value, &bits, sizeof value);
    snprintf(words, DUMP_FAILS_SIZE, "%.17g", width == sizeof single ? (double)single : value);
}

void dump_fails_words(const struct far_iface *iface, const struct far_op *op, char words[DUMP_FAILS_SIZE])
{
    const struct far_value *result = &iface_result(iface, op)->value;
    bool integer = result->passing == FAR_PASS_VALUE || result->passing == FAR_PASS_FD;
    words[0] = 0;
    if (!(op->flags & FAR_OP_HAS_FAILS))
        return;
    if (result->passing == FAR_PASS_FLOAT)
        float_words(op->fails, result->width, words);
    else if (integer && (result->flags & FAR_VALUE_SIGNED || result->passing == FAR_PASS_FD))
        snprintf(words, DUMP_FAILS_SIZE, "%" PRId64, sign_extend(op->fails, result->width));
    else if (integer && sign_extend(op->fails, result->width) == -1)
        snprintf(words, DUMP_FAILS_SIZE, "(%.80s)-1", iface_string(iface, iface_type(iface, result->type)->name));
    else if (integer)
        snprintf(words, DUMP_FAILS_SIZE, "%" PRIu64, op->fails);
    else if (op->fails == 0)
        snprintf(words, DUMP_FAILS_SIZE, "NULL");
    else
        snprintf(words, DUMP_FAILS_SIZE, "0x%" PRIx64, op->fails);
}
