/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/options_help.h"
#include "runtime/far/terminal.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MOST 118u /* longer lines are hard to read, however wide the terminal is */
#define LABEL_MOST   22u

static unsigned help_columns(FILE *out)
{
    unsigned columns = terminal_size(out).columns;
    return columns && columns < COLUMNS_MOST ? columns : COLUMNS_MOST;
}

/* "  -o, --output FILE" */
static void make_label(const struct option_row *row, char label[96])
{
    char letter[8] = "";
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c%s", row->letter, row->name ? ", " : "");
    snprintf(label, 96, "  %s%s%s%s%s", letter, row->name ? "--" : "", row->name ? row->name : "",
             row->value ? " " : "", row->value ? row->value : "");
}

static unsigned label_columns(const struct option_row *rows)
{
    char label[96];
    unsigned widest = 0;
    for (const struct option_row *row = rows; option_is_row(row); row++) {
        make_label(row, label);
        unsigned columns = text_columns(label);
        if (row->help && columns > widest && columns <= LABEL_MOST)
            widest = columns;
    }
    return widest;
}

/* A label that is too long has a line of its own. */
static void print_row(const struct option_row *row, unsigned width, unsigned columns, FILE *out)
{
    char label[96];
    if (!row->help)
        return;
    make_label(row, label);
    int gap = text_columns(label) <= width ? (int)(width - text_columns(label)) : 0;
    if (text_columns(label) > width) {
        fprintf(out, "%s\n", label);
        label[0] = '\0';
        gap = (int)width;
    }
    text_line(out, columns, width + 2, "%s%*s  %s", label, gap, "", row->help);
    if (row->more)
        row->more(out);
}

static void print_usage(const char *usage, unsigned columns, FILE *out)
{
    for (const char *at = usage; *at;) {
        size_t size = strcspn(at, "\n");
        text_line(out, columns, 11, "%s%.*s", at == usage ? "usage: " : "       ", (int)size, at);
        at += size + (at[size] == '\n');
    }
}

void options_help(const struct command_line *line, FILE *out)
{
    unsigned columns = help_columns(out);
    print_usage(line->usage, columns, out);
    putc('\n', out);
    text_wrap(out, line->about, columns);
    if (line->rows && option_is_row(line->rows)) {
        unsigned width = label_columns(line->rows);
        putc('\n', out);
        for (const struct option_row *row = line->rows; option_is_row(row); row++)
            print_row(row, width, columns, out);
    }
    if (line->notes) {
        putc('\n', out);
        text_wrap(out, line->notes, columns);
    }
}
