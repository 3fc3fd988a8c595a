/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/diff.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define TEXT_SIZE 4096 /* bytes of one reported change; longer ones are cut */

int diff_begin(struct diff *diff, const struct far_iface *old, const struct far_iface *new)
{
    *diff = (struct diff){.old = old,
                          .new = new,
                          .seen = calloc((size_t)old->types.count + 1, sizeof *diff->seen),
                          .changed_in = calloc((size_t)old->types.count + 1, sizeof *diff->changed_in),
                          .seen_callbacks = calloc((size_t)old->callbacks.count + 1, sizeof *diff->seen_callbacks)};
    if (diff->seen && diff->changed_in && diff->seen_callbacks)
        return 0;
    diff_end(diff);
    return -ENOMEM;
}

void diff_end(struct diff *diff)
{
    free(diff->seen);
    free(diff->changed_in);
    free(diff->seen_callbacks);
}

void diff_report(struct diff *diff, enum diff_effect effect, const char *kind, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    diff->changes++;
    diff->breaking += effect == DIFF_BREAKS;
    if (strcmp(kind, "version") != 0 && strcmp(kind, "machine") != 0) {
        diff->interface_changed = true;
        diff->interface_breaks |= effect == DIFF_BREAKS;
    }
    if (!diff->json) {
        fprintf(diff->out, "  %-10s  %s: %s\n", effect == DIFF_BREAKS ? "breaks" : "compatible",
                diff->operation ? diff->operation : "service", text);
        return;
    }
    json_open(diff->json, NULL, '{');
    json_string(diff->json, "operation", diff->operation);
    json_string(diff->json, "change", kind);
    json_bool(diff->json, "breaks", effect == DIFF_BREAKS);
    json_string(diff->json, "text", text);
    json_close(diff->json, '}');
}

bool diff_version_fits(const struct diff *diff, char advice[DIFF_ADVICE_SIZE])
{
    const struct far_iface *old = diff->old, *new = diff->new;
    const char *name = iface_string(new, new->service);
    int major = (new->major > old->major) - (new->major < old->major);
    int minor = (new->minor > old->minor) - (new->minor < old->minor);
    advice[0] = '\0';
    if (major < 0 || (major == 0 && minor < 0))
        snprintf(advice, DIFF_ADVICE_SIZE, "the new version, %u.%u, is lower than the old one, %u.%u", new->major,
                 new->minor, old->major, old->minor);
    else if (major == 0 && diff->interface_breaks)
        snprintf(advice, DIFF_ADVICE_SIZE,
                 "clients of %u.%u would be accepted and then fail; say far_service(%s, %u, 0), or undo what breaks "
                 "them",
                 old->major, old->minor, name, old->major + 1u);
    else if (major == 0 && minor == 0 && diff->interface_changed)
        snprintf(advice, DIFF_ADVICE_SIZE, "both say %u.%u; say far_service(%s, %u, %u)", old->major, old->minor, name,
                 old->major, old->minor + 1u);
    else if (major > 0 && !diff->interface_breaks)
        snprintf(advice, DIFF_ADVICE_SIZE,
                 "only the new major version keeps old clients away; far_service(%s, %u, %u) would be enough", name,
                 old->major, old->minor + 1u);
    return advice[0] == '\0';
}

static const char *needed_version(const struct diff *diff)
{
    return diff->interface_breaks ? "major" : diff->interface_changed ? "minor" : "none";
}

static void print_verdict(const struct diff *diff, const char *old_file, const char *new_file)
{
    char advice[DIFF_ADVICE_SIZE];
    bool fits = diff_version_fits(diff, advice);
    if (!diff->changes) {
        printf("%s and %s: the same interface\n", old_file, new_file);
        return;
    }
    printf("%s and %s: %u difference%s, %u break%s clients\n", old_file, new_file, diff->changes,
           diff->changes == 1 ? "" : "s", diff->breaking, diff->breaking == 1 ? "s" : "");
    if (diff->old->machine != diff->new->machine)
        printf("they are for different machines; compare two versions for the same one\n");
    if (diff->interface_changed)
        printf("%s\n", diff->interface_breaks ? "this needs a new major version" : "a new minor version is enough");
    if (!fits)
        printf("the version numbers do not fit: %s\n", advice);
}

static void emit_verdict(struct json *json, const struct diff *diff)
{
    char advice[DIFF_ADVICE_SIZE];
    bool fits = diff_version_fits(diff, advice);
    json_close(json, ']');
    json_bool(json, "same", diff->changes == 0);
    json_bool(json, "breaks", diff->breaking != 0);
    json_string(json, "needs", needed_version(diff));
    json_bool(json, "version_fits", fits);
    json_string(json, "advice", fits ? NULL : advice);
    json_close(json, '}');
}

static int show_diff(const struct loaded *old_file, const struct loaded *new_file, bool as_json)
{
    struct json json = {.out = stdout};
    struct diff diff;
    if (diff_begin(&diff, old_file->iface, new_file->iface) != 0) {
        fprintf(stderr, "far: diff: no memory for %u types\n", old_file->iface->types.count);
        return EX_OSERR;
    }
    diff.out = stdout;
    diff.json = as_json ? &json : NULL;
    if (as_json) {
        json_open(&json, NULL, '{');
        json_open(&json, "changes", '[');
    }
    diff_interfaces(&diff);
    if (as_json)
        emit_verdict(&json, &diff);
    else
        print_verdict(&diff, old_file->file, new_file->file);
    int code = diff.breaking != 0;
    diff_end(&diff);
    return finish_output(code);
}

struct diff_options {
    bool json;
};

static const struct option_row rows[] = {OPTION_ROW_JSON(struct diff_options), {0}};

static const struct command_line line = {
    .name = "diff",
    .usage = "far diff OLD NEW [--json]",
    .about = "Compares the interfaces of two versions of a service and names what changed: operations added, removed "
             "or moved to another slot, signatures, how parameters cross, layouts of the types reached, callbacks, "
             "shared data. Each line says whether programs linked against OLD still work: `breaks` or `compatible`; "
             "the last ones say which version number the change needs. Both files may be segments, objects of farcc or "
             "faridl, or bare interface records.\n"
             "\n"
             "Of two segments for two machines it says whether they can be one service: the same operations, slots, "
             "parts and variables, and addresses in their data that mean the same on both.\n",
    .rows = rows,
    .notes = "Example: far diff kv-1.0.seg kv.seg && echo clients need not be built again\n"
             "\n"
             "Exit codes: 0 the same, or nothing breaks clients; 1 clients break, or two machines' segments differ; 64 "
             "wrong usage; 65 no sound segment or record; 66 no such file.\n",
    .least = 2,
    .most = 2,
    .operands = "name two segment files: far diff OLD.seg NEW.seg",
};

int far_diff_main(int argc, char **argv)
{
    struct loaded old_file, new_file;
    struct diff_options options = {0};
    struct operands operands;
    int code = options_read(&line, argc, argv, &options, &operands);
    if (code >= 0)
        return code;
    code = load_interface(&old_file, operands.word[0]);
    if (code)
        return code;
    code = load_interface(&new_file, operands.word[1]);
    if (!code) {
        bool pair =
            old_file.segment.iface && new_file.segment.iface && old_file.iface->machine != new_file.iface->machine;
        code =
            pair ? diff_pair_show(&old_file, &new_file, options.json) : show_diff(&old_file, &new_file, options.json);
        unload_segment(&new_file);
    }
    unload_segment(&old_file);
    return code;
}
