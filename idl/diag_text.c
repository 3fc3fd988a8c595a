/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* For people: a C compiler's form, with the source line, a caret and the edits that cure. */
#include "idl/diag_report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_WITHOUT_TERMINAL 240
#define ELLIPSIS               "..."

struct text {
    FILE *out;
    bool colored;
    size_t width; /* longer source lines are clipped */
};

enum paint { PAINT_OFF, PAINT_BOLD, PAINT_ERROR, PAINT_WARNING, PAINT_NOTE, PAINT_CARET, PAINT_EDIT };

static void paint(const struct text *text, enum paint paint)
{
    static const char *const codes[] = {
        [PAINT_OFF] = "0",       [PAINT_BOLD] = "1",       [PAINT_ERROR] = "0;1;31", [PAINT_WARNING] = "0;1;35",
        [PAINT_NOTE] = "0;1;36", [PAINT_CARET] = "0;1;32", [PAINT_EDIT] = "0;32"};
    if (text->colored)
        fprintf(text->out, "\033[%sm", codes[paint]);
}

/* --- characters --- */

/* One character of UTF-8: its bytes and how many columns of a terminal it takes. */
struct cell {
    size_t at;
    size_t length; /* 0: nothing that may be shown to a terminal; a `?` stands for it */
    size_t width;
};

/* The code point at text, its bytes in *length; 0 if it is not well-formed. */
static uint32_t decode(const unsigned char *text, size_t left, size_t *length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = text[0];
    *length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    if (*length == 1)
        return first;
    if (*length == 0 || *length > left || first > 0xf4)
        return 0;
    uint32_t code = first & (0x7fu >> *length);
    for (size_t i = 1; i < *length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[*length] || code > 0x10ffff || surrogate ? 0 : code;
}

struct range {
    uint32_t first, last;
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

/* Characters that a terminal would obey, or that change the order in which a line is read. */
static bool is_dangerous(uint32_t code)
{
    static const struct range ranges[] = {{0, 8},           {10, 0x1f},       {0x7f, 0x9f},    {0x200b, 0x200f},
                                          {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};
    return in_ranges(ranges, sizeof ranges / sizeof *ranges, code);
}

static size_t columns_of(uint32_t code)
{
    static const struct range combining[] = {{0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f}};
    static const struct range wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},  {0xac00, 0xd7a3},
                                        {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6},
                                        {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
    if (in_ranges(combining, sizeof combining / sizeof *combining, code))
        return 0;
    return in_ranges(wide, sizeof wide / sizeof *wide, code) ? 2 : 1;
}

static struct cell next_cell(const char *line, size_t length, size_t at, size_t *next)
{
    size_t bytes = 0;
    uint32_t code = decode((const unsigned char *)line + at, length - at, &bytes);
    if (code == 0 || is_dangerous(code)) {
        *next = at + (code ? bytes : 1);
        return (struct cell){at, 0, 1};
    }
    *next = at + bytes;
    return (struct cell){at, bytes, columns_of(code)};
}

/* A text from outside (a name, a message), in characters that a terminal only shows. */
static void print_plain(FILE *out, const char *text)
{
    size_t length = strlen(text);
    for (size_t at = 0, next; at < length; at = next) {
        struct cell cell = next_cell(text, length, at, &next);
        if (cell.length)
            fwrite(text + at, 1, cell.length, out);
        else
            fputc('?', out);
    }
}

/* --- the source line and what is under it --- */

struct snippet {
    const char *line;
    struct cell *cells;
    size_t count;
    size_t first, last; /* the cells that are shown: [first, last) */
};

/* Narrow the cells down to `width` columns around bytes [from, to). */
static void clip(struct snippet *snippet, size_t width, size_t from, size_t to)
{
    size_t total = 0, wanted = 0, room = width - 2 * strlen(ELLIPSIS);
    for (size_t i = 0; i < snippet->count; i++)
        total += snippet->cells[i].width;
    snippet->last = snippet->count;
    if (total <= width)
        return;
    while (snippet->first + 1 < snippet->count && snippet->cells[snippet->first + 1].at <= from)
        snippet->first++;
    for (snippet->last = snippet->first; snippet->last < snippet->count; snippet->last++) {
        wanted += snippet->cells[snippet->last].width;
        if (wanted >= room || snippet->cells[snippet->last].at + 1 >= to) {
            snippet->last++;
            break;
        }
    }
    while (wanted < room) { /* as much before as after, as far as there is any */
        bool before = snippet->first > 0, after = snippet->last < snippet->count;
        wanted += before ? snippet->cells[--snippet->first].width : 0;
        wanted += after ? snippet->cells[snippet->last++].width : 0;
    }
}

static void print_line(const struct text *text, const struct snippet *snippet)
{
    fputs(snippet->first ? ELLIPSIS : "", text->out);
    for (size_t i = snippet->first; i < snippet->last; i++) {
        const struct cell *cell = &snippet->cells[i];
        if (cell->length)
            fwrite(snippet->line + cell->at, 1, cell->length, text->out);
        else
            fputc('?', text->out);
    }
    fprintf(text->out, "%s\n", snippet->last < snippet->count ? ELLIPSIS : "");
}

/* Blanks under the cells from *cell up to the one at byte `column`; tabs stay tabs, so that both lines agree. */
static void print_blanks(const struct text *text, const struct snippet *snippet, size_t *cell, size_t column)
{
    for (; *cell < snippet->last && snippet->cells[*cell].at < column; ++*cell) {
        bool tab = snippet->line[snippet->cells[*cell].at] == '\t';
        for (size_t i = 0; i < snippet->cells[*cell].width; i++)
            fputc(tab ? '\t' : ' ', text->out);
    }
}

static void print_caret(const struct text *text, const struct snippet *snippet, size_t column, size_t end)
{
    size_t cell = snippet->first;
    fputs(snippet->first ? "   " : "", text->out);
    print_blanks(text, snippet, &cell, column);
    paint(text, PAINT_CARET);
    fputc('^', text->out);
    size_t width = cell < snippet->last ? snippet->cells[cell++].width : 1;
    for (; cell < snippet->last && snippet->cells[cell].at < end; cell++)
        width += snippet->cells[cell].width;
    for (size_t i = 1; i < width; i++)
        fputc('~', text->out);
    paint(text, PAINT_OFF);
    fputc('\n', text->out);
}

/* Without the blanks at its end, which would only be seen by tests. */
static const char *trimmed(const char *words, struct arena *arena)
{
    size_t length = strlen(words);
    while (length && words[length - 1] == ' ')
        length--;
    return arena_copy(arena, words, length);
}

/* The edits of this line: each under the place where its text goes. */
static void print_edits(const struct text *text, const struct snippet *snippet, const struct edit *edits, size_t count,
                        struct arena *arena)
{
    size_t cell = snippet->first;
    fputs(snippet->first ? "   " : "", text->out);
    for (size_t i = 0; i < count; i++) {
        print_blanks(text, snippet, &cell, edits[i].column);
        paint(text, PAINT_EDIT);
        print_plain(text->out, i + 1 < count ? edits[i].text : trimmed(edits[i].text, arena));
        paint(text, PAINT_OFF);
        size_t covered = 0, length = strlen(edits[i].text);
        while (cell < snippet->last && covered < length)
            covered += snippet->cells[cell++].width;
    }
    fputc('\n', text->out);
}

static void print_source(const struct text *text, const struct location *location, const struct edit *edits,
                         size_t count, struct arena *arena)
{
    struct snippet snippet = {.line = location->text};
    size_t from = location->column, to = location->end;
    if (!location->text)
        return;
    snippet.cells = arena_alloc(arena, (location->length + 1) * sizeof *snippet.cells);
    for (size_t at = 0; at < location->length;)
        snippet.cells[snippet.count++] = next_cell(location->text, location->length, at, &at);
    for (size_t i = 0; i < count; i++) {
        from = edits[i].column < from ? edits[i].column : from;
        to = edits[i].end > to ? edits[i].end : to;
    }
    clip(&snippet, text->width, from, to);
    print_line(text, &snippet);
    print_caret(text, &snippet, location->column, location->end);
    if (count)
        print_edits(text, &snippet, edits, count, arena);
}

/* --- one diagnostic --- */

static void print_head(const struct text *text, const struct location *location, enum severity severity,
                       const char *message)
{
    static const char *const names[] = {
        [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"};
    static const enum paint paints[] = {
        [SEVERITY_ERROR] = PAINT_ERROR, [SEVERITY_WARNING] = PAINT_WARNING, [SEVERITY_NOTE] = PAINT_NOTE};
    paint(text, PAINT_BOLD);
    print_plain(text->out, location->file ? location->file : "faridl");
    if (location->line)
        fprintf(text->out, ":%u:%zu", location->line, location->column + 1);
    fputs(": ", text->out);
    paint(text, paints[severity]);
    fprintf(text->out, "%s: ", names[severity]);
    paint(text, PAINT_OFF);
    if (severity != SEVERITY_NOTE)
        paint(text, PAINT_BOLD);
    print_plain(text->out, message);
}

/* Edits can only be shown under the line that is shown. */
static size_t edits_of_line(const struct finding *finding)
{
    for (size_t i = 0; i < finding->edit_count; i++)
        if (finding->edits[i].line_text != finding->location.text)
            return 0;
    return finding->edit_count;
}

static void print_finding(const struct text *text, const struct finding *finding, struct arena *arena)
{
    const struct diagnostic *diagnostic = finding->diagnostic;
    print_head(text, &finding->location, diagnostic->severity, diagnostic->message);
    fprintf(text->out, " [FC-%04u]", (unsigned)diagnostic->number);
    paint(text, PAINT_OFF);
    fputc('\n', text->out);
    print_source(text, &finding->location, finding->edits, edits_of_line(finding), arena);
    if (finding->advice) {
        fputs("  cure: ", text->out);
        print_plain(text->out, finding->advice);
        fputc('\n', text->out);
    }
    for (size_t i = 0; i < finding->remark_count; i++) {
        print_head(text, &finding->remarks[i].location, SEVERITY_NOTE, finding->remarks[i].message);
        fputc('\n', text->out);
        print_source(text, &finding->remarks[i].location, NULL, 0, arena);
    }
}

/* --- all of them --- */

static bool wants_color(enum diag_color color, FILE *out)
{
    const char *forbidden = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if (color != DIAG_COLOR_AUTO)
        return color == DIAG_COLOR_ALWAYS;
    return !(forbidden && *forbidden) && terminal && strcmp(terminal, "dumb") != 0 && isatty(fileno(out));
}

static size_t line_width(FILE *out)
{
    struct winsize size;
    int file = fileno(out);
    if (file >= 0 && ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col;
    return WIDTH_WITHOUT_TERMINAL;
}

static void print_count(FILE *out, size_t count, const char *what)
{
    fprintf(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

static void print_summary(const struct report *report, FILE *out)
{
    if (report->errors)
        print_count(out, report->errors, "error");
    if (report->errors && report->warnings)
        fputs(" and ", out);
    if (report->warnings)
        print_count(out, report->warnings, "warning");
    if (report->more)
        fprintf(out, " shown, %zu more not shown (--error-limit=0 shows all)", report->more);
    fprintf(out, "; `faridl --explain FC-%04u` shows the mistake and its cure\n",
            (unsigned)report->list[0].diagnostic->number);
}

void report_as_text(const struct report *report, const struct diag_style *style, FILE *out)
{
    struct text text = {.out = out, .colored = wants_color(style->color, out), .width = line_width(out)};
    for (size_t i = 0; i < report->count; i++)
        print_finding(&text, &report->list[i], report->arena);
    if (report->count)
        print_summary(report, out);
}
