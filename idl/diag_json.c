/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* One JSON document: an array of diagnostics. Lines and columns count from 1, columns in bytes; ends are exclusive. */
#include "idl/diag_report.h"

#include "runtime/format/json.h"

static const char *const severities[] = {
    [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"};

static void json_place(struct json *json, const char *file, uint32_t line, size_t column, size_t end)
{
    json_string(json, "file", file);
    json_number(json, "line", line);
    json_number(json, "column", line ? column + 1 : 0);
    json_open(json, "end", '{');
    json_number(json, "line", line);
    json_number(json, "column", line ? end + 1 : 0);
    json_close(json, '}');
}

static void json_location(struct json *json, const struct location *location)
{
    json_place(json, location->file, location->line, location->column, location->end);
}

static void json_finding(struct json *json, const struct finding *finding, struct arena *arena)
{
    const struct diagnostic *diagnostic = finding->diagnostic;
    json_open(json, NULL, '{');
    json_location(json, &finding->location);
    json_string(json, "severity", severities[diagnostic->severity]);
    json_string(json, "number", arena_format(arena, "FC-%04u", (unsigned)diagnostic->number));
    json_string(json, "message", diagnostic->message);
    json_string(json, "cure", finding->advice);
    json_open(json, "notes", '[');
    for (size_t i = 0; i < finding->remark_count; i++) {
        json_open(json, NULL, '{');
        json_location(json, &finding->remarks[i].location);
        json_string(json, "message", finding->remarks[i].message);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "fixits", '[');
    for (size_t i = 0; i < finding->edit_count; i++) {
        const struct edit *edit = &finding->edits[i];
        json_open(json, NULL, '{');
        json_place(json, edit->file, edit->line, edit->column, edit->end);
        json_string(json, "text", edit->text);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

void report_as_json(const struct report *report, FILE *out)
{
    struct json json = {.out = out};
    json_open(&json, NULL, '[');
    for (size_t i = 0; i < report->count; i++)
        json_finding(&json, &report->list[i], report->arena);
    json_close(&json, ']');
}
