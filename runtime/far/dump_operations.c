/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Operations, and below each parameter what it leads to: the members of structures that say how they cross, the
 * parameters of callbacks. Each structure and callback once an operation, and not too far: `types` has all of them.
 */
#include "runtime/far/dump.h"
#include "runtime/format/carried.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 6

struct showing {
    const struct dump *dump;
    struct carrier carrier;
    uint32_t *types, *callbacks; /* by index: the last round in which it was shown */
    uint32_t round;
};

static void print_flags(const struct dump *dump, const struct far_op *op)
{
    static const struct {
        uint32_t flag;
        const char *word;
    } words[] = {{FAR_OP_ONEWAY, "one-way"},
                 {FAR_OP_ASYNC, "asynchronous"},
                 {FAR_OP_QUEUED, "queued"},
                 {FAR_OP_IDEMPOTENT, "idempotent"},
                 {FAR_OP_ABSENT, "absent: exported, but refuses"}};
    fprintf(dump->out, "%s, %s", op->flags & FAR_OP_DATA_SHIPPED ? "data shipped" : "function shipped",
            op->flags & FAR_OP_NEUTRAL ? "neutral" : "not neutral");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (op->flags & words[i].flag)
            fprintf(dump->out, ", %s", words[i].word);
    }
}

static int name_column(const struct dump_scope *scope)
{
    char name[DUMP_NAME_SIZE];
    size_t widest = strlen("fingerprint");
    for (uint32_t i = 0; i < scope->param_count; i++) {
        dump_param_name(scope, i, name);
        widest = strlen(name) > widest ? strlen(name) : widest;
    }
    return (int)(widest < 24 ? widest : 24);
}

static void print_line(const struct showing *showing, unsigned depth, int column, const char *name, const char *words)
{
    int indent = 6 + 2 * (int)depth;
    fprintf(showing->dump->out, "%*s%-*s  %s", indent, "", column, name, words);
}

static void print_value(struct showing *showing, const struct dump_scope *scope, const struct far_value *value,
                        unsigned depth, int column, const char *name);

static bool says_something(const struct far_member *member)
{
    return member->value || member->case_count || member->flags & FAR_MEMBER_DEFAULT;
}

static void print_member(struct showing *showing, const struct dump_scope *scope, const struct far_member *member,
                         unsigned depth)
{
    const struct far_iface *iface = scope->iface;
    char name[DUMP_NAME_SIZE], cases[DUMP_WORDS_SIZE];
    dump_case_words(iface, member, cases);
    snprintf(name, sizeof name, ".%.200s%s%.200s", member->name ? iface_string(iface, member->name) : "(unnamed)",
             cases[0] ? " " : "", cases);
    if (member->value) {
        print_value(showing, scope, iface_value(iface, member->value - 1), depth, 11, name);
        return;
    }
    print_line(showing, depth, 11, name, dump_type_name(iface, member->type));
    fputc('\n', showing->dump->out);
}

static void print_members(struct showing *showing, uint32_t index, unsigned depth)
{
    const struct far_iface *iface = showing->dump->iface;
    const struct far_type *type = iface_type(iface, index);
    struct dump_scope scope = dump_scope_of_members(iface, type);
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct far_member *member = iface_member(iface, type->first_member + i);
        if (says_something(member))
            print_member(showing, &scope, member, depth);
    }
}

static void print_callback(struct showing *showing, uint32_t index, unsigned depth)
{
    const struct far_iface *iface = showing->dump->iface;
    struct dump_scope scope = dump_scope_of_callback(iface, iface_callback(iface, index));
    char name[DUMP_NAME_SIZE];
    for (uint32_t i = 0; i < scope.param_count; i++) {
        dump_param_name(&scope, i, name);
        print_value(showing, &scope, &scope.function[1 + i].value, depth, 11, name);
    }
    print_value(showing, &scope, &scope.function->value, depth, 11, "returns");
}

static bool has_more(const struct far_iface *iface, const struct far_value *innermost)
{
    const struct far_type *type = iface_type(iface, innermost->type);
    if (innermost->passing == FAR_PASS_CALLBACK)
        return true;
    for (uint32_t i = 0; innermost->passing == FAR_PASS_STRUCT && i < type->member_count; i++)
        if (says_something(iface_member(iface, type->first_member + i)))
            return true;
    return false;
}

static void print_value(struct showing *showing, const struct dump_scope *scope, const struct far_value *value,
                        unsigned depth, int column, const char *name)
{
    const struct far_value *innermost = dump_innermost(scope->iface, value);
    bool callback = innermost->passing == FAR_PASS_CALLBACK, more = has_more(scope->iface, innermost);
    uint32_t *shown = callback ? &showing->callbacks[innermost->inside - 1] : &showing->types[innermost->type];
    char words[DUMP_WORDS_SIZE];
    dump_value_words(scope, value, words);
    print_line(showing, depth, column, name, words);
    bool again = more && (*shown == showing->round || depth == DEPTH_MAX);
    fputs(again && *shown == showing->round ? ", see above\n" : again ? ", see types\n" : "\n", showing->dump->out);
    if (!more || again)
        return;
    *shown = showing->round;
    if (callback)
        print_callback(showing, innermost->inside - 1, depth + 1);
    else
        print_members(showing, innermost->type, depth + 1);
}

static void print_parameters(struct showing *showing, const struct dump_scope *scope, int column)
{
    char name[DUMP_NAME_SIZE];
    for (uint32_t i = 0; i < scope->param_count; i++) {
        dump_param_name(scope, i, name);
        print_value(showing, scope, &scope->function[1 + i].value, 0, column, name);
    }
    print_value(showing, scope, &scope->function->value, 0, column, "result");
}

static void print_operation(struct showing *showing, const struct far_op *op)
{
    const struct dump *dump = showing->dump;
    const struct far_iface *iface = dump->iface;
    struct dump_scope scope = dump_scope_of(iface, op);
    char fails[DUMP_FAILS_SIZE], refusal[CARRIER_TEXT_SIZE];
    int column = name_column(&scope);
    showing->round++;
    fprintf(dump->out, "  %s%s%s  slot %u, ", dump_bold(dump), iface_string(iface, op->name), dump_plain(dump),
            op->slot);
    print_flags(dump, op);
    fprintf(dump->out, "\n      %s", iface_string(iface, op->signature));
    if (op->file)
        fprintf(dump->out, "  %s(%s:%u)%s", dump_dim(dump), iface_string(iface, op->file), op->line, dump_plain(dump));
    fputc('\n', dump->out);
    print_parameters(showing, &scope, column);
    dump_fails_words(iface, op, fails);
    fprintf(dump->out, "      %-*s  %s\n", column, "if it fails", fails[0] ? fails : "the domain's handler runs");
    if (op->deadline_ms)
        fprintf(dump->out, "      %-*s  %u ms\n", column, "deadline", op->deadline_ms);
    if (op->reason)
        fprintf(dump->out, "      %-*s  %s\n", column, "not neutral", iface_string(iface, op->reason));
    if (op->vouched)
        fprintf(dump->out, "      %-*s  %s\n", column, "vouched", iface_string(iface, op->vouched));
    if (carrier_text(&showing->carrier, op, refusal))
        fprintf(dump->out, "      %-*s  %s\n", column, "branch only", refusal);
    fprintf(dump->out, "      %-*s  %016" PRIx64 "\n", column, "fingerprint", op->fingerprint);
}

void dump_operations(const struct dump *dump)
{
    const struct far_iface *iface = dump->iface;
    struct showing showing = {.dump = dump,
                              .types = calloc((size_t)iface->types.count + 1, sizeof *showing.types),
                              .callbacks = calloc((size_t)iface->callbacks.count + 1, sizeof *showing.callbacks)};
    bool ready = showing.types && showing.callbacks && carrier_begin(&showing.carrier, iface) == 0;
    fprintf(dump->out, "\n%soperations%s: %u, by name\n", dump_bold(dump), dump_plain(dump), iface->ops.count);
    for (uint32_t i = 0; ready && i < iface->ops.count; i++)
        print_operation(&showing, iface_op(iface, i));
    carrier_end(&showing.carrier);
    free(showing.types);
    free(showing.callbacks);
}

void dump_data(const struct dump *dump)
{
    const struct far_iface *iface = dump->iface;
    if (iface->data.count == 0)
        return;
    fprintf(dump->out, "\n%sshared data%s: %u, by name\n", dump_bold(dump), dump_plain(dump), iface->data.count);
    for (uint32_t i = 0; i < iface->data.count; i++) {
        const struct far_data *data = iface_data(iface, i);
        fprintf(dump->out, "  %s%s%s  %s, %" PRIu64 " bytes, %s\n      %s", dump_bold(dump),
                iface_string(iface, data->name), dump_plain(dump), dump_type_name(iface, data->type),
                iface_type(iface, data->type)->size, far_protocol_name(data->protocol),
                iface_string(iface, data->signature));
        if (data->file)
            fprintf(dump->out, "  %s(%s:%u)%s", dump_dim(dump), iface_string(iface, data->file), data->line,
                    dump_plain(dump));
        fprintf(dump->out, "\n      fingerprint  %016" PRIx64 "\n", data->fingerprint);
    }
}
