/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/locate.h"

#include "idl/column.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define REGION_LINES 200 /* a macro's arguments may go on for so many lines */

/* --- the preprocessed text --- */

static void cut_line(struct locator *locator, size_t offset)
{
    size_t begin = offset < locator->size ? offset : locator->size, end = begin;
    while (begin > 0 && locator->text[begin - 1] != '\n')
        begin--;
    while (end < locator->size && locator->text[end] != '\n')
        end++;
    if (locator->line.count && locator->line_begin == begin && locator->line_end == end)
        return;
    locator->line_begin = begin;
    locator->line_end = end;
    locator->line = pieces_of(locator->arena, locator->text + begin, end - begin, true);
}

/* The first piece that ends behind the place. */
static size_t wanted_piece(const struct locator *locator, size_t offset)
{
    size_t wanted = 0, within = offset - locator->line_begin;
    while (wanted < locator->line.count && locator->line.list[wanted].end <= within)
        wanted++;
    return wanted;
}

/*
 * `# 12 "file" flags`: its number, if it is about the same file. 0: another file's. UINT32_MAX: the end of this one, and
 * back in the one that includes it.
 */
static uint32_t marker_line(const struct locator *locator, size_t at, const char *file)
{
    char *end = NULL;
    unsigned long line = strtoul(locator->text + at + 1, &end, 10);
    size_t length = strlen(file);
    if (strncmp(end, " \"", 2) != 0)
        return 0;
    if (strncmp(end + 2, file, length) == 0 && end[2 + length] == '"')
        return line < UINT32_MAX ? (uint32_t)line : 0;
    const char *line_end = strchr(end, '\n'), *close = line_end ? memrchr(end, '"', (size_t)(line_end - end)) : NULL;
    return close && strncmp(close, "\" 2", 3) == 0 ? UINT32_MAX : 0;
}

/*
 * How many source lines the preprocessed line stands for: a macro's arguments and joined lines all come out on the first
 * one, and blank lines or a marker catch up. On a file's last line that is all the rest of the file.
 */
static uint32_t region_lines(const struct locator *locator, const struct place *place)
{
    uint32_t lines = 1;
    for (size_t at = locator->line_end + 1; at < locator->size && lines < REGION_LINES; at++) {
        if (locator->text[at] == '\n')
            lines++;
        else if (locator->text[at] == '#') {
            uint32_t next = marker_line(locator, at, place->file);
            if (next == UINT32_MAX)
                return REGION_LINES;
            return next > place->line && next - place->line < REGION_LINES ? next - place->line : lines;
        } else if (!isspace((unsigned char)locator->text[at]))
            return lines;
    }
    return REGION_LINES;
}

/* --- the source --- */

/* The pieces on `count` lines from `first` on. */
static struct pieces region(const struct source *source, uint32_t first, uint32_t count)
{
    struct pieces pieces = {0};
    const struct piece *list = source->pieces.list;
    size_t low = 0, high = source->pieces.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list[middle].line < first)
            low = middle + 1;
        else
            high = middle;
    }
    pieces.list = source->pieces.list + low;
    while (low + pieces.count < source->pieces.count && list[low + pieces.count].line - first < count)
        pieces.count++;
    return pieces;
}

struct search {
    const struct source *source; /* the best so far; NULL: none */
    uint32_t physical;
    size_t first; /* piece of the region */
    size_t count;
    struct origin origin;
};

static void search_in(struct locator *locator, const struct source *source, const struct place *place, size_t wanted,
                      struct search *best)
{
    uint32_t lines = region_lines(locator, place), physical;
    size_t at = 0;
    while ((physical = source_physical(source, place->file, place->line, &at)) != 0) {
        struct pieces pieces = region(source, physical, lines);
        struct origin origin;
        if (!column_find(&locator->line, wanted, &pieces, &origin))
            continue;
        if (!best->source || origin.cost < best->origin.cost)
            *best =
                (struct search){source, physical, (size_t)(pieces.list - source->pieces.list), pieces.count, origin};
    }
}

/* Lines that have hardly a token in common are not the same line: the file changed, or #line names another one. */
static bool is_plausible(const struct search *search)
{
    return search->source && search->origin.cost <= 8 * (search->count + 1);
}

/* --- the answer --- */

static void point_at(struct location *location, const struct source *source, const struct piece *piece)
{
    location->text = source_line(source, piece->line, &location->length);
    location->column = piece->begin - source->lines[piece->line - 1];
    location->end = location->column + piece->length;
    if (location->end > location->length) /* a joined line within a string */
        location->end = location->length;
}

static void name_macro(struct locator *locator, const struct source *source, const struct piece *macro,
                       struct location *location)
{
    location->macro = arena_copy(locator->arena, macro->text, macro->length);
    for (size_t i = source->defines.count; i-- > 0;) {
        const struct piece *define = &source->defines.list[i];
        if (define->line >= macro->line || define->length != macro->length ||
            memcmp(define->text, macro->text, macro->length) != 0)
            continue;
        location->macro_line = define->line;
        location->macro_column = define->begin - source->lines[define->line - 1];
        return;
    }
}

static void point_at_line(struct location *location, const struct source *source, uint32_t physical, size_t column)
{
    location->text = source_line(source, physical, &location->length);
    location->column = column < location->length ? column : location->length;
    location->end = location->column + 1;
}

struct location locate(struct locator *locator, struct place place)
{
    struct location location = {.file = place.file, .line = place.line, .end = 1};
    if (!place.line || !place.file)
        return location;
    cut_line(locator, place.offset);
    size_t wanted = wanted_piece(locator, place.offset), at = 0;
    const struct source *source = source_of(&locator->sources, locator->arena, place.file);
    struct search search = {0};
    bool in_line = wanted < locator->line.count && locator->text[locator->line_begin] != '#';
    if (in_line)
        search_in(locator, source, &place, wanted, &search);
    if (in_line && !is_plausible(&search) && locator->main_file)
        search_in(locator, source_of(&locator->sources, locator->arena, locator->main_file), &place, wanted, &search);
    if (is_plausible(&search)) {
        const struct piece *piece = &search.source->pieces.list[search.first + search.origin.piece];
        point_at(&location, search.source, piece);
        location.line += piece->line - search.physical;
        location.source = search.source;
        location.piece = search.first + search.origin.piece;
        location.exact = search.origin.exact;
        if (search.origin.macro_sure)
            name_macro(locator, search.source, piece, &location);
        return location;
    }
    location.column = place.offset - locator->line_begin;
    if (!in_line) { /* no token at all: the end of a line or of the text, or the file as a whole */
        uint32_t physical = source_physical(source, place.file, place.line, &at);
        if (physical)
            point_at_line(&location, source, physical, wanted ? SIZE_MAX : 0);
    }
    location.end = location.column + 1;
    return location;
}

bool locate_further(const struct location *from, long skip, struct location *further)
{
    if (!from->source || (skip < 0 && (size_t)-skip > from->piece) ||
        (skip > 0 && (size_t)skip >= from->source->pieces.count - from->piece))
        return false;
    *further = *from;
    further->piece += (size_t)skip;
    const struct piece *piece = &from->source->pieces.list[further->piece];
    further->line += piece->line - from->source->pieces.list[from->piece].line;
    point_at(further, from->source, piece);
    return true;
}
