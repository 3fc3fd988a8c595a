/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Operations, the values of functions, and shared data, matched by name. */
#include "runtime/far/diff.h"

#include <inttypes.h>
#include <string.h>

static void compare_callbacks(struct diff *diff, const struct far_value *old_value, const struct far_value *new_value,
                              const char *subject)
{
    uint32_t old_index = old_value->inside - 1;
    struct dump_scope old_scope = dump_scope_of_callback(diff->old, iface_callback(diff->old, old_index));
    struct dump_scope new_scope = dump_scope_of_callback(diff->new, iface_callback(diff->new, new_value->inside - 1));
    char prefix[2 * DUMP_NAME_SIZE];
    if (diff->seen_callbacks[old_index] == diff->round)
        return;
    diff->seen_callbacks[old_index] = diff->round;
    snprintf(prefix, sizeof prefix, "%.400s: ", subject);
    diff_functions(diff, &old_scope, &new_scope, prefix);
}

void diff_values(struct diff *diff, const struct dump_scope *old_scope, const struct far_value *old_value,
                 const struct dump_scope *new_scope, const struct far_value *new_value, const char *kind,
                 const char *subject)
{
    char old_words[DUMP_WORDS_SIZE], new_words[DUMP_WORDS_SIZE];
    const struct far_value *old_end = dump_innermost(diff->old, old_value);
    const struct far_value *new_end = dump_innermost(diff->new, new_value);
    dump_value_words(old_scope, old_value, old_words);
    dump_value_words(new_scope, new_value, new_words);
    if (strcmp(old_words, new_words) != 0)
        diff_report(diff, diff->effect, kind, "%s: was \"%s\", now \"%s\"", subject, old_words, new_words);
    if (old_end->passing == FAR_PASS_CALLBACK && new_end->passing == FAR_PASS_CALLBACK)
        compare_callbacks(diff, old_end, new_end, subject);
}

static void compare_param(struct diff *diff, const struct dump_scope *old_scope, const struct dump_scope *new_scope,
                          uint32_t at, const char *prefix)
{
    const struct far_param *old_param = &old_scope->function[at], *new_param = &new_scope->function[at];
    const char *kind = at ? "parameter" : "result";
    char old_name[DUMP_NAME_SIZE] = "", new_name[DUMP_NAME_SIZE] = "", subject[2 * DUMP_NAME_SIZE];
    if (at) {
        dump_param_name(old_scope, at - 1, old_name);
        dump_param_name(new_scope, at - 1, new_name);
    }
    snprintf(subject, sizeof subject, "%.400s%s%s%.100s", prefix, kind, at ? " " : "", old_name);
    if (strcmp(old_name, new_name) != 0)
        diff_report(diff, DIFF_COMPATIBLE, "name", "%s is now called %s", subject, new_name);
    diff_values(diff, old_scope, &old_param->value, new_scope, &new_param->value, kind, subject);
    const char *old_type = dump_type_name(diff->old, old_param->value.type);
    const char *new_type = dump_type_name(diff->new, new_param->value.type);
    if (strcmp(old_type, new_type) != 0)
        diff_report(diff, diff->effect, kind, "%s: its type was %s, now %s", subject, old_type, new_type);
    else
        diff_types(diff, old_param->value.type, new_param->value.type);
}

void diff_functions(struct diff *diff, const struct dump_scope *old_scope, const struct dump_scope *new_scope,
                    const char *prefix)
{
    if (old_scope->param_count != new_scope->param_count)
        diff_report(diff, diff->effect, "parameter", "%sit had %u parameters, now %u", prefix, old_scope->param_count,
                    new_scope->param_count);
    for (uint32_t at = 0; at <= old_scope->param_count && at <= new_scope->param_count; at++)
        compare_param(diff, old_scope, new_scope, at, prefix);
}

static void compare_flag(struct diff *diff, const struct far_op *old_op, const struct far_op *new_op, uint32_t flag,
                         const char *set, const char *clear)
{
    /* Where it runs is decided at registration and at bind, so that nobody was promised anything. */
    bool free = flag == FAR_OP_DATA_SHIPPED || flag == FAR_OP_NEUTRAL;
    uint32_t old_flag = old_op->flags & flag, new_flag = new_op->flags & flag;
    if (old_flag != new_flag)
        diff_report(diff, free ? DIFF_COMPATIBLE : diff->effect, "annotation", "was %s, now %s", old_flag ? set : clear,
                    new_flag ? set : clear);
}

/* Without --previous one new operation moves all behind it: people need to read that once. */
#define SLOT_LINES 3

static bool slots_are_shown(const struct diff *diff)
{
    return diff->json || diff->moved <= SLOT_LINES;
}

static uint32_t count_moved(const struct diff *diff)
{
    uint32_t moved = 0;
    for (uint32_t i = 0; i < diff->old->ops.count; i++) {
        const struct far_op *old_op = iface_op(diff->old, i);
        const struct far_op *new_op = iface_op_by_name(diff->new, iface_string(diff->old, old_op->name));
        moved += new_op && new_op->slot != old_op->slot;
    }
    return moved;
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
    compare_flag(diff, old_op, new_op, FAR_OP_QUEUED, "queued", "not queued");
    compare_flag(diff, old_op, new_op, FAR_OP_NEUTRAL, "neutral", "not neutral");
    if (strcmp(old_fails, new_fails) != 0)
        diff_report(diff, diff->effect, "annotation", "on failure it returned %s, now %s",
                    old_fails[0] ? old_fails : "nothing", new_fails[0] ? new_fails : "nothing");
    if (old_op->deadline_ms != new_op->deadline_ms)
        diff_report(diff, diff->effect, "annotation", "its deadline was %u ms, now %u ms", old_op->deadline_ms,
                    new_op->deadline_ms);
    if (old_op->slot != new_op->slot && slots_are_shown(diff))
        diff_report(diff, DIFF_BREAKS, "slot",
                    "its slot was %u, now %u: its address changes; link with farld --previous=OLD.seg", old_op->slot,
                    new_op->slot);
}

static void compare_op(struct diff *diff, const struct far_op *old_op, const struct far_op *new_op)
{
    const char *old_signature = iface_string(diff->old, old_op->signature);
    const char *new_signature = iface_string(diff->new, new_op->signature);
    struct dump_scope old_scope = dump_scope_of(diff->old, old_op), new_scope = dump_scope_of(diff->new, new_op);
    bool other = old_op->fingerprint != new_op->fingerprint;
    unsigned before = diff->breaking;
    diff->operation = iface_string(diff->old, old_op->name);
    diff->effect = other ? DIFF_BREAKS : DIFF_COMPATIBLE;
    diff->round++;
    if (strcmp(old_signature, new_signature) != 0)
        diff_report(diff, diff->effect, "signature", "its signature was \"%s\", now \"%s\"", old_signature,
                    new_signature);
    diff_functions(diff, &old_scope, &new_scope, "");
    compare_annotations(diff, old_op, new_op);
    if (other && diff->breaking == before)
        diff_report(diff, DIFF_BREAKS, "fingerprint",
                    "its fingerprint was %016" PRIx64 ", now %016" PRIx64 ", by something that the records do not show",
                    old_op->fingerprint, new_op->fingerprint);
}

/* Both are sorted by name: what comes next? Negative: only the old one has it; 0: both. */
static int next_by_name(const struct diff *diff, const uint32_t *old_name, const uint32_t *new_name)
{
    if (!old_name || !new_name)
        return old_name ? -1 : 1;
    return strcmp(iface_string(diff->old, *old_name), iface_string(diff->new, *new_name));
}

static void compare_ops(struct diff *diff)
{
    uint32_t i = 0, j = 0;
    diff->moved = count_moved(diff);
    if (!slots_are_shown(diff))
        diff_report(diff, DIFF_BREAKS, "slot",
                    "%u operations have other slots, so their addresses change: link with farld --previous=OLD.seg",
                    diff->moved);
    while (i < diff->old->ops.count || j < diff->new->ops.count) {
        const struct far_op *old_op = i < diff->old->ops.count ? iface_op(diff->old, i) : NULL;
        const struct far_op *new_op = j < diff->new->ops.count ? iface_op(diff->new, j) : NULL;
        int order = next_by_name(diff, old_op ? &old_op->name : NULL, new_op ? &new_op->name : NULL);
        if (order == 0) {
            compare_op(diff, old_op, new_op);
        } else if (order < 0) {
            diff->operation = iface_string(diff->old, old_op->name);
            diff_report(diff, DIFF_BREAKS, "removed", "removed: clients that name it will not bind");
        } else {
            diff->operation = iface_string(diff->new, new_op->name);
            diff_report(diff, DIFF_COMPATIBLE, "added", "added: %s", iface_string(diff->new, new_op->signature));
        }
        i += order <= 0;
        j += order >= 0;
    }
}

static void compare_object(struct diff *diff, const struct far_data *old_data, const struct far_data *new_data)
{
    const char *old_signature = iface_string(diff->old, old_data->signature);
    const char *new_signature = iface_string(diff->new, new_data->signature);
    bool other = old_data->fingerprint != new_data->fingerprint;
    unsigned before = diff->breaking;
    diff->operation = iface_string(diff->old, old_data->name);
    diff->effect = other ? DIFF_BREAKS : DIFF_COMPATIBLE;
    diff->round++;
    if (strcmp(old_signature, new_signature) != 0)
        diff_report(diff, diff->effect, "data", "its declaration was \"%s\", now \"%s\"", old_signature, new_signature);
    if (old_data->protocol != new_data->protocol)
        diff_report(diff, diff->effect, "data", "it was shared as %s, now as %s", far_protocol_name(old_data->protocol),
                    far_protocol_name(new_data->protocol));
    diff_types(diff, old_data->type, new_data->type);
    if (other && diff->breaking == before)
        diff_report(diff, DIFF_BREAKS, "fingerprint", "it changed in something that the records do not show");
}

static void compare_data(struct diff *diff)
{
    uint32_t i = 0, j = 0;
    while (i < diff->old->data.count || j < diff->new->data.count) {
        const struct far_data *old_data = i < diff->old->data.count ? iface_data(diff->old, i) : NULL;
        const struct far_data *new_data = j < diff->new->data.count ? iface_data(diff->new, j) : NULL;
        int order = next_by_name(diff, old_data ? &old_data->name : NULL, new_data ? &new_data->name : NULL);
        if (order == 0) {
            compare_object(diff, old_data, new_data);
        } else if (order < 0) {
            diff->operation = iface_string(diff->old, old_data->name);
            diff_report(diff, DIFF_BREAKS, "data", "shared data removed");
        } else {
            diff->operation = iface_string(diff->new, new_data->name);
            diff_report(diff, DIFF_COMPATIBLE, "data", "shared data added: %s",
                        iface_string(diff->new, new_data->signature));
        }
        i += order <= 0;
        j += order >= 0;
    }
}

/* A client is bound to its own major version, and to no lower minor one. */
static void compare_versions(struct diff *diff)
{
    const struct far_iface *old_iface = diff->old, *new_iface = diff->new;
    bool accepted = old_iface->major == new_iface->major && old_iface->minor <= new_iface->minor;
    if (old_iface->major != new_iface->major || old_iface->minor != new_iface->minor)
        diff_report(diff, accepted ? DIFF_COMPATIBLE : DIFF_BREAKS, "version", "its version was %u.%u, now %u.%u",
                    old_iface->major, old_iface->minor, new_iface->major, new_iface->minor);
}

void diff_interfaces(struct diff *diff)
{
    const struct far_iface *old_iface = diff->old, *new_iface = diff->new;
    const char *old_name = iface_string(old_iface, old_iface->service),
               *new_name = iface_string(new_iface, new_iface->service);
    diff->operation = NULL;
    if (strcmp(old_name, new_name) != 0)
        diff_report(diff, DIFF_BREAKS, "service", "its name was %s, now %s", old_name, new_name);
    compare_versions(diff);
    if (old_iface->machine != new_iface->machine)
        diff_report(diff, DIFF_BREAKS, "machine", "it was for %s, now for %s", dump_machine_name(old_iface->machine),
                    dump_machine_name(new_iface->machine));
    compare_ops(diff);
    compare_data(diff);
}
