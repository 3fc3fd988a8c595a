/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* faridl --explain: the catalogue for people at a terminal. */
#include "idl/diag.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH 80

static size_t width_of(FILE *out)
{
    struct winsize size;
    int file = fileno(out);
    if (file >= 0 && ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col < 120 ? size.ws_col : 120;
    return WIDTH;
}

/* Columns of UTF-8 text; the catalogue has no wide characters. */
static size_t columns(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* Paragraphs are filled anew; indented lines are examples and stay as they are. */
static void print_wrapped(FILE *out, const char *text, size_t width)
{
    size_t column = 0;
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (length == 0 || *text == ' ') {
            fprintf(out, "%s%.*s\n", column ? "\n" : "", (int)length, text);
            column = 0;
        }
        for (const char *word = text, *end = text + length; length && *text != ' ' && word < end;) {
            size_t size = strcspn(word, " \n"), needed = columns(word, size);
            if (column && column + 1 + needed > width) {
                fputc('\n', out);
                column = 0;
            }
            fprintf(out, "%s%.*s", column ? " " : "", (int)size, word);
            column += needed + (column ? 1 : 0);
            word += size + strspn(word + size, " ");
        }
        text += length + (text[length] == '\n');
    }
    if (column)
        fputc('\n', out);
}

static void print_all(FILE *out)
{
    const struct diag_entry *entry;
    for (size_t i = 0; (entry = diag_entry(i)) != NULL; i++)
        fprintf(out, "FC-%04u  %s\n", entry->number, entry->title);
    fputs("\n`faridl --explain FC-0040` shows one of them with its mistake and its cure.\n", out);
}

/* FC-0042, fc-42, FC42, 0042, 42: its number; 0 for anything else. */
static unsigned number_from(const char *name)
{
    if (strncasecmp(name, "fc", 2) == 0)
        name += 2 + (name[2] == '-');
    size_t digits = strspn(name, "0123456789");
    return digits && digits < 9 && !name[digits] ? (unsigned)strtoul(name, NULL, 10) : 0;
}

static const struct diag_entry *entry_of(const char *name)
{
    unsigned number = number_from(name);
    const struct diag_entry *entry;
    for (size_t i = 0; (entry = diag_entry(i)) != NULL; i++)
        if (entry->number == number || strcasecmp(entry->name, name) == 0 || strcasecmp(entry->title, name) == 0)
            return entry;
    return NULL;
}

bool diag_explain(const char *name, FILE *out)
{
    if (!name || strcasecmp(name, "all") == 0) {
        print_all(out);
        return true;
    }
    const struct diag_entry *entry = entry_of(name);
    if (!entry)
        return false;
    fprintf(out, "FC-%04u %s\n", entry->number, entry->title);
    print_wrapped(out, entry->text, width_of(out));
    return true;
}

const struct diag_entry *diag_nearest(const char *name)
{
    const char *names[256] = {NULL};
    unsigned number = number_from(name), apart = 10;
    const struct diag_entry *entry, *best = NULL;
    for (size_t i = 0; (entry = diag_entry(i)) != NULL && i + 1 < sizeof names / sizeof *names; i++) {
        unsigned distance = entry->number > number ? entry->number - number : number - entry->number;
        names[i] = entry->name;
        if (!number || distance >= apart)
            continue;
        best = entry;
        apart = distance;
    }
    const char *word = number ? NULL : nearest_word(name, names);
    return word ? entry_of(word) : best;
}
