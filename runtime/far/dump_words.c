/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a descriptor means, in words a person reads: how a parameter crosses, how large it is, what failure returns. */
#include "runtime/far/dump.h"

#include <inttypes.h>
#include <string.h>

#define TERM_SIZE 200 /* bytes of a size expression's part; a longer one is cut, and ends in "..." */

void dump_param_name(const struct far_iface *iface, const struct far_op *op, uint32_t index, char name[DUMP_NAME_SIZE])
{
    uint32_t string = iface_param(iface, op, index)->name;
    if (string)
        snprintf(name, DUMP_NAME_SIZE, "%s", iface_string(iface, string));
    else
        snprintf(name, DUMP_NAME_SIZE, "parameter %u", index + 1);
}

struct term {
    bool compound; /* needs brackets inside another */
    char text[TERM_SIZE];
};

static void leaf_words(const struct far_iface *iface, const struct far_op *op, const struct far_expr *node,
                       struct term *out)
{
    char name[DUMP_NAME_SIZE];
    out->compound = false;
    if (node->code == FAR_EXPR_CONST) {
        snprintf(out->text, sizeof out->text, "%" PRIu64, node->value);
        return;
    }
    dump_param_name(iface, op, node->index, name);
    snprintf(out->text, sizeof out->text, "%s%.150s", node->code == FAR_EXPR_DEREF ? "*" : "", name);
}

static bool is_one(const struct term *term)
{
    return strcmp(term->text, "1") == 0;
}

/* left := left operator right. Sizes of single bytes come as `n * 1`, which nobody would write. */
static void join_words(enum far_expr_code code, struct term *left, const struct term *right)
{
    static const char *const operators[] = {
        [FAR_EXPR_ADD] = "+", [FAR_EXPR_SUB] = "-", [FAR_EXPR_MUL] = "*", [FAR_EXPR_DIV] = "/"};
    char text[2 * TERM_SIZE + 16];
    if ((code == FAR_EXPR_MUL || code == FAR_EXPR_DIV) && is_one(right))
        return;
    if (code == FAR_EXPR_MUL && is_one(left)) {
        *left = *right;
        return;
    }
    snprintf(text, sizeof text, "%s%s%s %s %s%s%s", left->compound ? "(" : "", left->text, left->compound ? ")" : "",
             operators[code], right->compound ? "(" : "", right->text, right->compound ? ")" : "");
    bool cut = strlen(text) >= sizeof left->text;
    memcpy(left->text, text, sizeof left->text);
    if (cut)
        memcpy(left->text + sizeof left->text - 4, "...", 4);
    left->compound = true;
}

void dump_size_words(const struct far_iface *iface, const struct far_op *op, const struct far_param *param,
                     char words[DUMP_WORDS_SIZE])
{
    struct term stack[FAR_EXPR_MAX + 1];
    unsigned depth = 0;
    for (uint32_t i = 0; i < param->value.size_count; i++) {
        const struct far_expr *node = iface_expr(iface, param->value.size_first + i);
        if (FAR_EXPR_IS_OPERAND(node->code)) {
            leaf_words(iface, op, node, &stack[depth++]);
        } else {
            depth--;
            join_words(node->code, &stack[depth - 1], &stack[depth]);
        }
    }
    snprintf(words, DUMP_WORDS_SIZE, "%s", depth ? stack[0].text : "");
}

static const char *direction(const struct far_param *param)
{
    unsigned both = FAR_VALUE_IN | FAR_VALUE_OUT;
    if ((param->value.flags & both) == both)
        return "inout";
    return param->value.flags & FAR_VALUE_OUT ? "out" : "in";
}

static void buffer_words(const struct far_iface *iface, const struct far_op *op, const struct far_param *param,
                         char words[DUMP_WORDS_SIZE])
{
    char size[DUMP_WORDS_SIZE];
    dump_size_words(iface, op, param, size);
    snprintf(words, DUMP_WORDS_SIZE, "%s, %.200s byte%s", direction(param), size, strcmp(size, "1") ? "s" : "");
}

static const char *plain_words(const struct far_param *param)
{
    switch ((enum far_passing)param->value.passing) {
    case FAR_PASS_VOID:
        return "nothing";
    case FAR_PASS_VALUE:
        return param->value.flags & FAR_VALUE_SIGNED ? "by value, signed" : "by value, unsigned";
    case FAR_PASS_FLOAT:
        return "by value, floating point";
    case FAR_PASS_STRING:
        return "in, string up to its NUL";
    case FAR_PASS_GLOBAL:
        return "an address in a global segment, passed as it is";
    case FAR_PASS_HANDLE:
        return param->value.flags & FAR_VALUE_RELEASE ? "handle, released by this call"
                                                      : "handle, opaque to the client";
    default:
        return "";
    }
}

void dump_param_words(const struct far_iface *iface, const struct far_op *op, const struct far_param *param,
                      char words[DUMP_WORDS_SIZE])
{
    if (param->value.passing == FAR_PASS_BUFFER)
        buffer_words(iface, op, param, words);
    else if (param->value.passing == FAR_PASS_VALUE || param->value.passing == FAR_PASS_FLOAT)
        snprintf(words, DUMP_WORDS_SIZE, "%s, %u byte%s", plain_words(param), param->value.width,
                 param->value.width == 1 ? "" : "s");
    else
        snprintf(words, DUMP_WORDS_SIZE, "%s", plain_words(param));
    if (param->value.flags & FAR_VALUE_OPTIONAL)
        strncat(words, ", or NULL", DUMP_WORDS_SIZE - strlen(words) - 1);
}

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
    const struct far_param *result = iface_result(iface, op);
    words[0] = 0;
    if (!(op->flags & FAR_OP_HAS_FAILS))
        return;
    if (result->value.passing == FAR_PASS_FLOAT)
        float_words(op->fails, result->value.width, words);
    else if (result->value.passing == FAR_PASS_VALUE && result->value.flags & FAR_VALUE_SIGNED)
        snprintf(words, DUMP_FAILS_SIZE, "%" PRId64, sign_extend(op->fails, result->value.width));
    else if (result->value.passing == FAR_PASS_VALUE && sign_extend(op->fails, result->value.width) == -1)
        snprintf(words, DUMP_FAILS_SIZE, "(%.80s)-1", iface_string(iface, iface_type(iface, result->value.type)->name));
    else if (result->value.passing == FAR_PASS_VALUE)
        snprintf(words, DUMP_FAILS_SIZE, "%" PRIu64, op->fails);
    else if (op->fails == 0)
        snprintf(words, DUMP_FAILS_SIZE, "NULL");
    else
        snprintf(words, DUMP_FAILS_SIZE, "0x%" PRIx64, op->fails);
}
