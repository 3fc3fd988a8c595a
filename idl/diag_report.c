/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/diag_report.h"

#include "idl/misspelling.h"

#include <stdlib.h>
#include <string.h>

/* What decides the order, before columns of the source are known. */
struct order {
    const struct diagnostic *diagnostic;
    size_t file_rank; /* files come in the order in which the text first says something of them */
    size_t column;    /* in the preprocessed text */
};

static int compare_numbers(size_t left, size_t right)
{
    return (left > right) - (left < right);
}

static int by_offset(const void *a, const void *b)
{
    const struct diagnostic *left = ((const struct order *)a)->diagnostic,
                            *right = ((const struct order *)b)->diagnostic;
    int result = compare_numbers(left->place.offset, right->place.offset);
    return result ? result : compare_numbers(left->sequence, right->sequence);
}

static int by_place(const void *a, const void *b)
{
    const struct order *left = a, *right = b;
    int result = compare_numbers(left->file_rank, right->file_rank);
    result = result ? result : compare_numbers(left->diagnostic->place.line, right->diagnostic->place.line);
    result = result ? result : compare_numbers(left->column, right->column);
    result = result ? result : compare_numbers(left->diagnostic->number, right->diagnostic->number);
    return result ? result : compare_numbers(left->diagnostic->sequence, right->diagnostic->sequence);
}

static const char *file_name(const struct diagnostic *diagnostic)
{
    return diagnostic->place.file ? diagnostic->place.file : "";
}

/* The list is in the order of offsets: columns and ranks are found on the way. */
static void rank(struct order *list, size_t count, const char *text, size_t size)
{
    size_t line_begin = 0, at = 0, ranks = 0;
    for (size_t i = 0; i < count; i++) {
        size_t offset = list[i].diagnostic->place.offset;
        for (; at < offset && at < size; at++)
            if (text[at] == '\n')
                line_begin = at + 1;
        list[i].column = offset - line_begin;
        size_t before = 0;
        while (before < i && strcmp(file_name(list[before].diagnostic), file_name(list[i].diagnostic)) != 0)
            before++;
        list[i].file_rank = before < i ? list[before].file_rank : ranks++;
    }
}

/*
 * A header that was included twice says everything twice. And what the checker says of something that could not even be
 * parsed follows from that.
 */
static bool is_same(const struct order *kept, const struct order *next)
{
    enum fc_number number = kept->diagnostic->number;
    return kept->file_rank == next->file_rank && kept->diagnostic->place.line == next->diagnostic->place.line &&
           kept->column == next->column &&
           (number == next->diagnostic->number ||
            ((number == FC_SYNTAX || number == FC_UNKNOWN_TYPE) && next->diagnostic->number >= FC_NO_SERVICE));
}

static struct order *sorted(const struct diagnostics *all, const struct locator *locator, size_t *count)
{
    struct order *list = arena_alloc(locator->arena, (all->length + 1) * sizeof *list);
    size_t found = 0, kept = 0;
    for (const struct diagnostic *d = all->list; d; d = d->next)
        list[found++].diagnostic = d;
    qsort(list, found, sizeof *list, by_offset);
    rank(list, found, locator->text, locator->size);
    qsort(list, found, sizeof *list, by_place);
    for (size_t i = 0; i < found; i++)
        if (!kept || !is_same(&list[kept - 1], &list[i]))
            list[kept++] = list[i];
    *count = kept;
    return list;
}

/* --- notes and fix-its --- */

static void add_remarks(struct locator *locator, struct finding *finding)
{
    size_t room = 1;
    for (const struct note *note = finding->diagnostic->notes; note; note = note->next)
        room++;
    finding->remarks = arena_alloc(locator->arena, room * sizeof *finding->remarks);
    if (finding->location.macro && !finding->location.exact) {
        struct remark *remark = &finding->remarks[finding->remark_count++];
        const struct location *use = &finding->location;
        remark->message = arena_format(locator->arena, "in expansion of macro '%s'", use->macro);
        remark->location =
            (struct location){.file = use->file, .line = use->line, .column = use->column, .end = use->end};
        if (use->macro_line) {
            remark->location.line = use->macro_line;
            remark->location.column = use->macro_column;
            remark->location.end = use->macro_column + strlen(use->macro);
            remark->location.text = source_line(use->source, use->macro_line, &remark->location.length);
        }
    }
    for (const struct note *note = finding->diagnostic->notes; note; note = note->next)
        finding->remarks[finding->remark_count++] =
            (struct remark){.location = locate(locator, note->place), .message = note->message};
}

static bool token_is(const struct location *location, const char *expected)
{
    size_t length = strlen(expected);
    return location->end - location->column == length &&
           memcmp(location->text + location->column, expected, length) == 0;
}

static struct edit edit_of(const struct location *token, enum fixit_where where, const char *text)
{
    return (struct edit){
        .file = token->source->name, /* whatever #line says: this is where the bytes are */
        .line = token->source->pieces.list[token->piece].line,
        .column = where == FIXIT_AFTER ? token->end : token->column,
        .end = where == FIXIT_BEFORE ? token->column : token->end,
        .text = text,
        .line_text = token->text,
        .line_length = token->length,
    };
}

static bool make_edit(struct locator *locator, const struct fixit *fixit, struct edit *edit)
{
    struct location anchor = locate(locator, fixit->place), token;
    if (!anchor.exact || !locate_further(&anchor, fixit->skip, &token) || !token.text)
        return false;
    if (fixit->expected && !token_is(&token, fixit->expected))
        return false;
    *edit = edit_of(&token, fixit->where, fixit->text);
    return true;
}

static int by_column(const void *a, const void *b)
{
    const struct edit *left = a, *right = b;
    int result = compare_numbers(left->line, right->line);
    return result ? result : compare_numbers(left->column, right->column);
}

/* What the parser cannot know: the name that it stumbled over is nearly an annotation's. */
static void add_spelling(struct locator *locator, struct finding *finding)
{
    struct location name;
    const char *meant = NULL;
    if (finding->diagnostic->number != FC_SYNTAX && finding->diagnostic->number != FC_UNKNOWN_TYPE)
        return;
    if (!misspelled_annotation(locator->arena, &finding->location, &name, &meant))
        return;
    finding->advice = arena_format(locator->arena, "did you mean `%s`?", meant);
    finding->edits[finding->edit_count++] = edit_of(&name, FIXIT_REPLACE, meant);
}

/* All or none: half a cure is none. */
static void add_edits(struct locator *locator, struct finding *finding)
{
    size_t room = 1;
    for (const struct fixit *fixit = finding->diagnostic->fixits; fixit; fixit = fixit->next)
        room++;
    finding->edits = arena_alloc(locator->arena, room * sizeof *finding->edits);
    for (const struct fixit *fixit = finding->diagnostic->fixits; fixit; fixit = fixit->next) {
        if (!make_edit(locator, fixit, &finding->edits[finding->edit_count])) {
            finding->edit_count = 0;
            return;
        }
        finding->edit_count++;
    }
    qsort(finding->edits, finding->edit_count, sizeof *finding->edits, by_column);
}

/* --- the report --- */

static int by_location(const void *a, const void *b)
{
    const struct finding *left = a, *right = b;
    int result = compare_numbers(left->file_rank, right->file_rank);
    result = result ? result : compare_numbers(left->location.line, right->location.line);
    result = result ? result : compare_numbers(left->location.column, right->location.column);
    result = result ? result : compare_numbers(left->diagnostic->number, right->diagnostic->number);
    return result ? result : compare_numbers(left->diagnostic->sequence, right->diagnostic->sequence);
}

/* What a header says each time it is included, where macros made each time something else of it. */
static bool is_repetition(const struct report *report, const struct finding *finding)
{
    for (size_t i = report->count; i-- > 0;) {
        const struct finding *other = &report->list[i];
        if (other->file_rank != finding->file_rank || other->diagnostic->place.line != finding->diagnostic->place.line)
            return false;
        if (other->location.line == finding->location.line && other->location.column == finding->location.column &&
            other->diagnostic->number == finding->diagnostic->number &&
            strcmp(other->diagnostic->message, finding->diagnostic->message) == 0)
            return true;
    }
    return false;
}

static bool add_finding(struct report *report, const struct order *order, struct locator *locator)
{
    struct finding *finding = &report->list[report->count];
    *finding = (struct finding){.diagnostic = order->diagnostic,
                                .file_rank = order->file_rank,
                                .location = locate(locator, order->diagnostic->place),
                                .advice = order->diagnostic->advice};
    if (is_repetition(report, finding))
        return false;
    add_remarks(locator, finding);
    add_edits(locator, finding);
    if (!finding->edit_count)
        add_spelling(locator, finding);
    report->count++;
    return true;
}

struct report report_make(const struct diagnostics *all, size_t limit, struct locator *locator)
{
    size_t count = 0;
    struct order *list = sorted(all, locator, &count);
    struct report report = {.arena = locator->arena,
                            .list = arena_alloc(locator->arena, (count + 1) * sizeof *report.list),
                            .more = all->dropped};
    for (size_t i = 0; i < count; i++) {
        bool is_error = list[i].diagnostic->severity == SEVERITY_ERROR;
        if (limit && report.errors >= limit)
            report.more += is_error;
        else if (add_finding(&report, &list[i], locator)) {
            report.errors += is_error;
            report.warnings += list[i].diagnostic->severity == SEVERITY_WARNING;
        }
    }
    qsort(report.list, report.count, sizeof *report.list, by_location);
    return report;
}

void diag_write(struct diagnostics *all, const struct diag_style *style, FILE *out, const char *text, size_t size)
{
    struct locator locator = {.arena = all->arena, .text = text, .size = size, .main_file = style->main_file};
    struct report report = report_make(all, style->limit, &locator);
    switch (style->format) {
    case DIAG_TEXT:
        report_as_text(&report, style, out);
        break;
    case DIAG_JSON:
        report_as_json(&report, out);
        break;
    case DIAG_SARIF:
        report_as_sarif(&report, style, out);
        break;
    }
}

void diag_print(struct diagnostics *all, FILE *out, const char *text, size_t size)
{
    struct diag_style style = {.color = DIAG_COLOR_NEVER, .limit = DIAG_LIMIT};
    diag_write(all, &style, out, text, size);
}
