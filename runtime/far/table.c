/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/table.h"
#include "runtime/far/terminal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_shown(const struct table *table, unsigned index)
{
    return table->shown & 1u << index;
}

static unsigned gap_before(const struct table *table, unsigned index)
{
    return index == 0 ? 0 : table->column[index].width == 0 ? 2 : 1;
}

/* The last column needs its title's room at least. */
static unsigned room_needed(const struct table *table)
{
    unsigned needed = 0;
    for (unsigned i = 0; i < table->count; i++)
        if (is_shown(table, i))
            needed += gap_before(table, i) + (table->column[i].width ? (unsigned)abs(table->column[i].width)
                                                                     : text_columns(table->column[i].title));
    return needed;
}

static void leave_out(struct table *table)
{
    while (room_needed(table) > table->room) {
        unsigned most = table->count;
        for (unsigned i = 0; i < table->count; i++)
            if (is_shown(table, i) && table->column[i].spare &&
                (most == table->count || table->column[i].spare > table->column[most].spare))
                most = i;
        if (most == table->count)
            return;
        table->shown &= ~(1u << most);
    }
}

/* As many bytes of a text as take no more than `columns`. */
static size_t bytes_of(const char *text, unsigned columns)
{
    size_t at = 0;
    for (unsigned used = 0; text[at]; at++) {
        bool begins = ((unsigned char)text[at] & 0xc0) != 0x80;
        if (begins && used == columns)
            break;
        used += begins;
    }
    return at;
}

/* At most `most` columns, the last of them an ellipsis if something is cut; 0: no end. Padded to `width`. */
static unsigned print_cell(FILE *out, const char *text, int width, unsigned most)
{
    unsigned columns = text_columns(text);
    bool cut = most && columns > most;
    unsigned printed = cut ? most : columns;
    int padding = abs(width) > (int)printed ? abs(width) - (int)printed : 0;
    fprintf(out, "%*s%.*s%s", width > 0 ? padding : 0, "", (int)bytes_of(text, cut ? most - 1 : columns), text,
            cut ? "…" : "");
    if (width < 0)
        fprintf(out, "%*s", padding, "");
    return printed + (unsigned)padding;
}

void table_row(const struct table *table, const char *const *cell)
{
    unsigned used = 0;
    for (unsigned i = 0; i < table->count; i++) {
        if (!is_shown(table, i))
            continue;
        int width = table->column[i].width;
        unsigned most = !table->room ? 0 : width ? (unsigned)abs(width) : 1;
        used += (unsigned)fprintf(table->out, "%*s", used ? (int)gap_before(table, i) : 0, "");
        if (table->room > used && width == 0)
            most = table->room - used;
        used += print_cell(table->out, cell[i], width, most);
    }
    putc('\n', table->out);
}

void table_begin(struct table *table, FILE *out, const struct table_column *column, unsigned count, unsigned columns)
{
    const char *titles[TABLE_COLUMNS_MAX];
    *table = (struct table){out, column, count, columns, (1u << count) - 1};
    if (columns)
        leave_out(table);
    for (unsigned i = 0; i < count; i++)
        titles[i] = column[i].title;
    table_row(table, titles);
}
