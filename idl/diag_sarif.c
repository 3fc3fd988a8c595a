/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* SARIF 2.1.0 (OASIS), for code scanning and editors. Columns count code points; files are named relative to here. */
#include "idl/diag_report.h"

#include "runtime/format/json.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

struct sarif {
    struct json json;
    struct arena *arena;
    const char *folder; /* where we are, without a slash at its end */
};

/* Without the folder that we are in, percent-encoded. What lies elsewhere is a file: URI. */
static const char *uri(const struct sarif *sarif, const char *file)
{
    size_t length = strlen(sarif->folder);
    if (strncmp(file, sarif->folder, length) == 0 && file[length] == '/')
        file += length + 1;
    while (strncmp(file, "./", 2) == 0)
        file += 2;
    char *result = arena_alloc(sarif->arena, strlen(file) * 3 + sizeof "file://"), *at = result;
    at += strlen(strcpy(at, *file == '/' ? "file://" : ""));
    for (; *file; file++) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&'()*+,;=@";
        static const char digits[] = "0123456789ABCDEF";
        unsigned char byte = (unsigned char)*file;
        if (strchr(plain, byte)) {
            *at++ = *file;
            continue;
        }
        *at++ = '%';
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    return result;
}

/* From bytes to code points, from 1. */
static size_t column_from(const char *line, size_t length, size_t bytes)
{
    size_t column = 1;
    for (size_t i = 0; i < bytes; i++)
        column += !line || i >= length || ((unsigned char)line[i] & 0xc0) != 0x80;
    return column;
}

static void write_text(struct sarif *sarif, const char *name, const char *text)
{
    json_open(&sarif->json, name, '{');
    json_string(&sarif->json, "text", text);
    json_close(&sarif->json, '}');
}

static void write_artifact(struct sarif *sarif, const char *file)
{
    json_open(&sarif->json, "artifactLocation", '{');
    json_string(&sarif->json, "uri", uri(sarif, file));
    json_close(&sarif->json, '}');
}

static void write_region(struct sarif *sarif, const char *name, uint32_t line, size_t column, size_t end)
{
    json_open(&sarif->json, name, '{');
    json_number(&sarif->json, "startLine", line);
    json_number(&sarif->json, "startColumn", column);
    json_number(&sarif->json, "endLine", line);
    json_number(&sarif->json, "endColumn", end);
    json_close(&sarif->json, '}');
}

static void write_location(struct sarif *sarif, const struct location *location, const char *message)
{
    json_open(&sarif->json, NULL, '{');
    if (location->file) {
        json_open(&sarif->json, "physicalLocation", '{');
        write_artifact(sarif, location->file);
        if (location->line)
            write_region(sarif, "region", location->line,
                         column_from(location->text, location->length, location->column),
                         column_from(location->text, location->length, location->end));
        json_close(&sarif->json, '}');
    }
    if (message)
        write_text(sarif, "message", message);
    json_close(&sarif->json, '}');
}

static void write_replacement(struct sarif *sarif, const struct edit *edit)
{
    json_open(&sarif->json, NULL, '{');
    write_region(sarif, "deletedRegion", edit->line, column_from(edit->line_text, edit->line_length, edit->column),
                 column_from(edit->line_text, edit->line_length, edit->end));
    write_text(sarif, "insertedContent", edit->text);
    json_close(&sarif->json, '}');
}

/* One fix; the edits of each file together. */
static void write_fixes(struct sarif *sarif, const struct finding *finding)
{
    struct json *json = &sarif->json;
    json_open(json, "fixes", '[');
    json_open(json, NULL, '{');
    write_text(sarif, "description", finding->advice ? finding->advice : "cure");
    json_open(json, "artifactChanges", '[');
    for (size_t i = 0; i < finding->edit_count; i++) {
        const char *file = finding->edits[i].file;
        bool done = false;
        for (size_t before = 0; before < i; before++)
            done |= strcmp(finding->edits[before].file, file) == 0;
        if (done)
            continue;
        json_open(json, NULL, '{');
        write_artifact(sarif, file);
        json_open(json, "replacements", '[');
        for (size_t other = i; other < finding->edit_count; other++)
            if (strcmp(finding->edits[other].file, file) == 0)
                write_replacement(sarif, &finding->edits[other]);
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, ']');
}

static size_t rule_index(unsigned number)
{
    const struct diag_entry *entry;
    size_t index = 0;
    while ((entry = diag_entry(index)) != NULL && entry->number != number)
        index++;
    return index;
}

static void write_result(struct sarif *sarif, const struct finding *finding)
{
    static const char *const levels[] = {
        [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"};
    const struct diagnostic *diagnostic = finding->diagnostic;
    struct json *json = &sarif->json;
    json_open(json, NULL, '{');
    json_string(json, "ruleId", arena_format(sarif->arena, "FC-%04u", (unsigned)diagnostic->number));
    json_number(json, "ruleIndex", rule_index(diagnostic->number));
    json_string(json, "level", levels[diagnostic->severity]);
    write_text(sarif, "message",
               finding->advice ? arena_format(sarif->arena, "%s\ncure: %s", diagnostic->message, finding->advice)
                               : diagnostic->message);
    json_open(json, "locations", '[');
    write_location(sarif, &finding->location, NULL);
    json_close(json, ']');
    if (finding->remark_count) {
        json_open(json, "relatedLocations", '[');
        for (size_t i = 0; i < finding->remark_count; i++)
            write_location(sarif, &finding->remarks[i].location, finding->remarks[i].message);
        json_close(json, ']');
    }
    if (finding->edit_count)
        write_fixes(sarif, finding);
    json_close(json, '}');
}

static void write_driver(struct sarif *sarif, const char *version)
{
    struct json *json = &sarif->json;
    const struct diag_entry *entry;
    json_open(json, "tool", '{');
    json_open(json, "driver", '{');
    json_string(json, "name", "faridl");
    if (version)
        json_string(json, "version", version);
    json_open(json, "rules", '[');
    for (size_t i = 0; (entry = diag_entry(i)) != NULL; i++) {
        json_open(json, NULL, '{');
        json_string(json, "id", arena_format(sarif->arena, "FC-%04u", entry->number));
        json_string(json, "name", entry->name);
        write_text(sarif, "shortDescription", entry->title);
        write_text(sarif, "help", entry->text + strspn(entry->text, "\n"));
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, '}');
}

static bool compiler_failed(const struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->list[i].diagnostic->number == FC_PREPROCESSING)
            return true;
    return false;
}

void report_as_sarif(const struct report *report, const struct diag_style *style, FILE *out)
{
    char folder[PATH_MAX];
    struct sarif sarif = {.json = {.out = out}, .arena = report->arena, .folder = getcwd(folder, sizeof folder)};
    struct json *json = &sarif.json;
    if (!sarif.folder || strcmp(sarif.folder, "/") == 0)
        sarif.folder = "//"; /* no file's name begins so: all stay as they are */
    json_open(json, NULL, '{');
    json_string(json, "$schema", SCHEMA);
    json_string(json, "version", "2.1.0");
    json_open(json, "runs", '[');
    json_open(json, NULL, '{');
    write_driver(&sarif, style->version);
    json_open(json, "invocations", '[');
    json_open(json, NULL, '{');
    json_bool(json, "executionSuccessful", !compiler_failed(report));
    json_number(json, "exitCode", (uint64_t)style->exit_code);
    json_close(json, '}');
    json_close(json, ']');
    json_string(json, "columnKind", "unicodeCodePoints");
    json_open(json, "results", '[');
    for (size_t i = 0; i < report->count; i++)
        write_result(&sarif, &report->list[i]);
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
}
