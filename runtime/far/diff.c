/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/diff.h"
#include "runtime/far/dump.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define TEXT_SIZE 4096 /* bytes of one reported change; longer ones are cut */

void diff_report(struct diff *diff, const char *kind, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    diff->changes++;
    if (!diff->json) {
        fprintf(diff->out, "  %s: %s\n", diff->operation ? diff->operation : "service", text);
        return;
    }
    json_open(diff->json, NULL, '{');
    json_string(diff->json, "operation", diff->operation);
    json_string(diff->json, "change", kind);
    json_string(diff->json, "text", text);
    json_close(diff->json, '}');
}

static const char *type_name(const struct far_iface *iface, const struct far_param *param)
{
    return iface_string(iface, iface_type(iface, param->value.type)->name);
}

static void compare_param(struct diff *diff, const struct far_op *old_op, const struct far_op *new_op, uint32_t at)
{
    const struct far_param *old_param = iface_result(diff->old, old_op) + at,
                           *new_param = iface_result(diff->new, new_op) + at;
    char name[DUMP_NAME_SIZE] = "result", old_words[DUMP_WORDS_SIZE], new_words[DUMP_WORDS_SIZE];
    const char *kind = at ? "parameter" : "result";
    if (at)
        dump_param_name(diff->old, old_op, at - 1, name);
    dump_param_words(diff->old, old_op, old_param, old_words);
    dump_param_words(diff->new, new_op, new_param, new_words);
    if (strcmp(old_words, new_words) != 0)
        diff_report(diff, kind, "%s %.100s: was \"%s\", now \"%s\"", kind, at ? name : "", old_words, new_words);
    const char *old_type = type_name(diff->old, old_param), *new_type = type_name(diff->new, new_param);
    if (strcmp(old_type, new_type) != 0)
        diff_report(diff, kind, "%s %.100s: its type was %s, now %s", kind, at ? name : "", old_type, new_type);
    else
        diff_types(diff, old_param->value.type, new_param->value.type);
}

static void compare_flag(struct diff *diff, const struct far_op *old_op, const struct far_op *new_op, uint32_t flag,
                         const char *set, const char *clear)
{
    uint32_t old_flag = old_op->flags & flag, new_flag = new_op->flags & flag;
    if (old_flag != new_flag)
        diff_report(diff, "annotation", "was %s, now %s", old_flag ? set : clear, new_flag ? set : clear);
}

static void compare_annotations(struct diff *diff, const struct far_op *old_op, const struct far_op *new_op)
{
    char old_fails[DUMP_FAILS_SIZE], new_fails[DUMP_FAILS_SIZE];
    dump_fails_words(diff->old, old_op, old_fails);
    dump_fails_words(diff->new, new_op, new_fails);
    compare_flag(diff, old_op, new_op, FAR_OP_DATA_SHIPPED, "data shipped", "function shipped");
    compare_flag(diff, old_op, new_op, FAR_OP_ONEWAY, "one-way", "not one-way");
    compare_flag(diff, old_op, new_op, FAR_OP_IDEMPOTENT, "idempotent", "not idempotent");
    compare_flag(diff, old_op, new_op, FAR_OP_ABSENT, "absent", "there");
    compare_flag(diff, old_op, new_op, FAR_OP_ASYNC, "asynchronous", "not asynchronous");
    compare_flag(diff, old_op, new_op, FAR_OP_NEUTRAL, "neutral", "not neutral");
    if (strcmp(old_fails, new_fails) != 0)
        diff_report(diff, "annotation", "on failure it returned %s, now %s", old_fails[0] ? old_fails : "nothing",
                    new_fails[0] ? new_fails : "nothing");
    if (old_op->deadline_ms != new_op->deadline_ms)
        diff_report(diff, "annotation", "its deadline was %u ms, now %u ms", old_op->deadline_ms, new_op->deadline_ms);
    if (old_op->slot != new_op->slot)
        diff_report(diff, "slot", "its slot was %u, now %u: its address changes", old_op->slot, new_op->slot);
}

static void compare_op(struct diff *diff, const struct far_op *old_op, const struct far_op *new_op)
{
    const char *old_signature = iface_string(diff->old, old_op->signature);
    const char *new_signature = iface_string(diff->new, new_op->signature);
    unsigned before = diff->changes;
    diff->operation = iface_string(diff->old, old_op->name);
    diff->round++;
    if (strcmp(old_signature, new_signature) != 0)
        diff_report(diff, "signature", "its signature was \"%s\", now \"%s\"", old_signature, new_signature);
    if (old_op->param_count != new_op->param_count)
        diff_report(diff, "parameter", "it had %u parameters, now %u", old_op->param_count, new_op->param_count);
    for (uint32_t at = 0; at <= old_op->param_count && at <= new_op->param_count; at++)
        compare_param(diff, old_op, new_op, at);
    compare_annotations(diff, old_op, new_op);
    if (diff->changes == before && old_op->fingerprint != new_op->fingerprint)
        diff_report(diff, "fingerprint",
                    "its fingerprint was %016" PRIx64 ", now %016" PRIx64 ", by something that the records do not show",
                    old_op->fingerprint, new_op->fingerprint);
}

static void compare_ops(struct diff *diff)
{
    uint32_t i = 0, j = 0;
    /* Both are sorted by name. */
    while (i < diff->old->ops.count || j < diff->new->ops.count) {
        const struct far_op *old_op = i < diff->old->ops.count ? iface_op(diff->old, i) : NULL;
        const struct far_op *new_op = j < diff->new->ops.count ? iface_op(diff->new, j) : NULL;
        int order = !old_op   ? 1
                    : !new_op ? -1
                              : strcmp(iface_string(diff->old, old_op->name), iface_string(diff->new, new_op->name));
        if (order == 0) {
            compare_op(diff, old_op, new_op);
        } else if (order < 0) {
            diff->operation = iface_string(diff->old, old_op->name);
            diff_report(diff, "removed", "removed: clients that name it will not bind");
        } else {
            diff->operation = iface_string(diff->new, new_op->name);
            diff_report(diff, "added", "added: %s", iface_string(diff->new, new_op->signature));
        }
        i += order <= 0;
        j += order >= 0;
    }
}

void diff_interfaces(struct diff *diff)
{
    const struct far_iface *old_iface = diff->old, *new_iface = diff->new;
    const char *old_name = iface_string(old_iface, old_iface->service),
               *new_name = iface_string(new_iface, new_iface->service);
    diff->operation = NULL;
    if (strcmp(old_name, new_name) != 0)
        diff_report(diff, "service", "its name was %s, now %s", old_name, new_name);
    if (old_iface->major != new_iface->major || old_iface->minor != new_iface->minor)
        diff_report(diff, "version", "its version was %u.%u, now %u.%u", old_iface->major, old_iface->minor,
                    new_iface->major, new_iface->minor);
    if (old_iface->machine != new_iface->machine)
        diff_report(diff, "machine", "it was for %s, now for %s", dump_machine_name(old_iface->machine),
                    dump_machine_name(new_iface->machine));
    compare_ops(diff);
}

static void print_help(void)
{
    printf("usage: far diff OLD.seg NEW.seg [--json]\n"
           "\n"
           "Compares the interfaces of two segment files and names, by operation, what changed: added, removed, its\n"
           "signature, a parameter or how it crosses, the layout of a type it reaches, its annotations, its slot.\n"
           "\n"
           "Example: far diff kv-1.0.seg kv.seg && echo clients need not be built again\n"
           "Exit codes: 0 the same, 1 different, 64 wrong usage, 65 not a sound segment, 66 no such file.\n");
}

static int show_diff(const struct loaded *old_file, const struct loaded *new_file, bool as_json)
{
    struct json json = {.out = stdout};
    struct diff diff = {.old = old_file->iface, .new = new_file->iface, .out = stdout, .json = as_json ? &json : NULL};
    diff.seen = calloc((size_t)diff.old->types.count + 1, sizeof *diff.seen);
    if (!diff.seen) {
        fprintf(stderr, "far: diff: no memory for %u types\n", diff.old->types.count);
        return EX_OSERR;
    }
    if (as_json) {
        json_open(&json, NULL, '{');
        json_open(&json, "changes", '[');
    }
    diff_interfaces(&diff);
    if (as_json) {
        json_close(&json, ']');
        json_bool(&json, "same", diff.changes == 0);
        json_close(&json, '}');
    } else if (diff.changes) {
        printf("%s and %s: %u difference%s\n", old_file->file, new_file->file, diff.changes,
               diff.changes == 1 ? "" : "s");
    } else {
        printf("%s and %s: the same interface\n", old_file->file, new_file->file);
    }
    free(diff.seen);
    return finish_output(diff.changes != 0);
}

int far_diff_main(int argc, char **argv)
{
    enum { JSON = 256 };
    static const struct option options[] = {{"json", no_argument, NULL, JSON}, {"help", no_argument, NULL, 'h'}, {0}};
    struct loaded old_file, new_file;
    bool json = false;
    int option;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h')
            return print_help(), finish_output(0);
        if (option == '?' || option == ':')
            return bad_option("diff", argv);
        json |= option == JSON;
    }
    if (argc - optind != 2) {
        fprintf(stderr, "far: diff: name two segment files: far diff OLD.seg NEW.seg (far diff --help)\n");
        return EX_USAGE;
    }
    int code = load_segment(&old_file, argv[optind]);
    if (code)
        return code;
    code = load_segment(&new_file, argv[optind + 1]);
    if (!code) {
        code = show_diff(&old_file, &new_file, json);
        unload_segment(&new_file);
    }
    unload_segment(&old_file);
    return code;
}
