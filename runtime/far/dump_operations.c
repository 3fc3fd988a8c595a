/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/dump.h"

#include <inttypes.h>
#include <string.h>

static void print_flags(const struct dump *dump, const struct far_op *op)
{
    static const struct {
        uint32_t flag;
        const char *word;
    } words[] = {{FAR_OP_ONEWAY, "one-way"},
                 {FAR_OP_ASYNC, "asynchronous"},
                 {FAR_OP_IDEMPOTENT, "idempotent"},
                 {FAR_OP_ABSENT, "absent: exported, but refuses"}};
    fprintf(dump->out, "%s, %s", op->flags & FAR_OP_DATA_SHIPPED ? "data shipped" : "function shipped",
            op->flags & FAR_OP_NEUTRAL ? "neutral" : "not neutral");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (op->flags & words[i].flag)
            fprintf(dump->out, ", %s", words[i].word);
    }
}

static int name_column(const struct far_iface *iface, const struct far_op *op)
{
    char name[DUMP_NAME_SIZE];
    size_t widest = strlen("fingerprint");
    for (uint32_t i = 0; i < op->param_count; i++) {
        dump_param_name(iface, op, i, name);
        widest = strlen(name) > widest ? strlen(name) : widest;
    }
    return (int)(widest < 24 ? widest : 24);
}

static void print_operation(const struct dump *dump, const struct far_op *op)
{
    const struct far_iface *iface = dump->iface;
    char name[DUMP_NAME_SIZE], words[DUMP_WORDS_SIZE], fails[DUMP_FAILS_SIZE];
    int column = name_column(iface, op);
    fprintf(dump->out, "  %s%s%s  slot %u, ", dump_bold(dump), iface_string(iface, op->name), dump_plain(dump),
            op->slot);
    print_flags(dump, op);
    fprintf(dump->out, "\n      %s", iface_string(iface, op->signature));
    if (op->file)
        fprintf(dump->out, "  %s(%s:%u)%s", dump_dim(dump), iface_string(iface, op->file), op->line, dump_plain(dump));
    fputc('\n', dump->out);
    for (uint32_t i = 0; i < op->param_count; i++) {
        dump_param_name(iface, op, i, name);
        dump_param_words(iface, op, iface_param(iface, op, i), words);
        fprintf(dump->out, "      %-*s  %s\n", column, name, words);
    }
    dump_param_words(iface, op, iface_result(iface, op), words);
    fprintf(dump->out, "      %-*s  %s\n", column, "result", words);
    dump_fails_words(iface, op, fails);
    fprintf(dump->out, "      %-*s  %s\n", column, "if it fails", fails[0] ? fails : "the domain's handler runs");
    if (op->deadline_ms)
        fprintf(dump->out, "      %-*s  %u ms\n", column, "deadline", op->deadline_ms);
    fprintf(dump->out, "      %-*s  %016" PRIx64 "\n", column, "fingerprint", op->fingerprint);
}

void dump_operations(const struct dump *dump)
{
    fprintf(dump->out, "\n%soperations%s: %u, by name\n", dump_bold(dump), dump_plain(dump), dump->iface->ops.count);
    for (uint32_t i = 0; i < dump->iface->ops.count; i++)
        print_operation(dump, iface_op(dump->iface, i));
}
