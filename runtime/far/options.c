/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/options.h"
#include "idl/diag.h"
#include "runtime/far/load.h"
#include "runtime/far/options_help.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

const struct option_row option_help = {.name = "help", .letter = 'h', .help = "print this"};

struct reading {
    const struct command_line *line;
    char **next; /* the word that comes next; NULL behind the last */
    void *to;
    const struct option_row *last;
};

/* ---- Messages ---- */

static int __attribute__((format(printf, 2, 3))) complain(const struct command_line *line, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    bool asks = size > 0 && text[size - 1] == '?';
    fprintf(stderr, "far: %s: %s%s far %s --help says more\n", line->name, size < 0 ? "wrong usage" : text,
            asks ? "" : ";", line->name);
    if (size >= 0)
        free(text);
    return EX_USAGE;
}

int options_mistake(const struct command_line *line, const char *what, const char *value)
{
    return value ? complain(line, "%s: %s", value, what) : complain(line, "%s", what);
}

static int unknown_option(const struct command_line *line, const char *word)
{
    const char *names[64];
    size_t count = 0;
    for (const struct option_row *row = line->rows; row && option_is_row(row) && count < 62; row++)
        if (row->name && row->help)
            names[count++] = row->name;
    names[count++] = option_help.name;
    names[count] = NULL;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *meant = strncmp(word, "--", 2) == 0 ? nearest_word(name, names) : NULL;
    return meant ? complain(line, "option `%s` is unknown; did you mean --%s?", word, meant)
                 : complain(line, "option `%s` is unknown", word);
}

/* "--name", or "-l" where that is all it has. */
static const char *shown_name(const struct option_row *row, char text[64])
{
    char letter[2] = {row->letter};
    snprintf(text, 64, "%s%s", row->name ? "--" : "-", row->name ? row->name : letter);
    return text;
}

/* ---- Values ---- */

static int wrong_value(const struct command_line *line, const struct option_row *row, const char *value)
{
    char name[64];
    return complain(line, "%s %s: %s", shown_name(row, name), value, row->what);
}

static bool read_number(const struct option_row *row, const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (errno || *text < '0' || *text > '9')
        return false;
    unsigned shift = row->kind != OPTION_SIZE ? 0 : *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    end += shift != 0;
    if (*end || *number > UINT64_MAX >> shift)
        return false;
    *number <<= shift;
    return *number >= row->least && *number <= row->most;
}

static bool read_seconds(const struct option_row *row, const char *text, double *seconds)
{
    char *end;
    *seconds = strtod(text, &end);
    return end != text && !*end && *seconds * 1000 >= (double)row->least && *seconds * 1000 <= (double)row->most;
}

static bool read_choice(const struct option_row *row, const char *text, unsigned *choice)
{
    for (unsigned i = 0; row->words[i]; i++) {
        if (strcmp(text, row->words[i]) == 0) {
            *choice = i;
            return true;
        }
    }
    return false;
}

static int take_value(const struct reading *reading, const struct option_row *row, const char *value)
{
    uint8_t *at = (uint8_t *)reading->to + row->at;
    bool good = true;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)(void *)at = true;
        break;
    case OPTION_TEXT:
        memcpy(at, &value, sizeof value);
        break;
    case OPTION_NUMBER:
    case OPTION_SIZE:
        good = read_number(row, value, (uint64_t *)(void *)at);
        break;
    case OPTION_SECONDS:
        good = read_seconds(row, value, (double *)(void *)at);
        break;
    case OPTION_CHOICE:
        good = read_choice(row, value, (unsigned *)(void *)at);
        break;
    case OPTION_TAKE:
        return row->take(reading->to, row, value);
    }
    return good ? -1 : wrong_value(reading->line, row, value);
}

/* ---- Words ---- */

/* The whole name, or the only one that begins so. *many: several do. */
static const struct option_row *find_long(const struct command_line *line, const char *name, size_t length, bool *many)
{
    const struct option_row *found = NULL;
    *many = false;
    for (const struct option_row *row = line->rows; row && option_is_row(row); row++) {
        if (!row->name || strncmp(row->name, name, length) != 0)
            continue;
        if (!row->name[length])
            return row;
        *many = found != NULL;
        found = row;
    }
    if (length && strncmp(option_help.name, name, length) == 0) {
        *many = found && option_help.name[length];
        return &option_help;
    }
    return *many ? NULL : found;
}

static const struct option_row *find_letter(const struct command_line *line, char letter)
{
    for (const struct option_row *row = line->rows; row && option_is_row(row); row++)
        if (row->letter == letter)
            return row;
    return letter == option_help.letter ? &option_help : NULL;
}

/* value: what stood in the same word; NULL: nothing. */
static int take_row(struct reading *reading, const struct option_row *row, const char *value)
{
    char name[64];
    reading->last = row;
    if (row == &option_help) {
        options_help(reading->line, stdout);
        return finish_output(0);
    }
    if (!row->value)
        return value ? complain(reading->line, "%s takes no value", shown_name(row, name))
                     : take_value(reading, row, NULL);
    if (!value && !*reading->next)
        return complain(reading->line, "%s needs a value: %s", shown_name(row, name), row->value);
    return take_value(reading, row, value ? value : *reading->next++);
}

static int take_long(struct reading *reading, const char *word)
{
    size_t length = strcspn(word + 2, "=");
    const char *value = word[2 + length] ? word + 3 + length : NULL;
    bool many;
    const struct option_row *row = find_long(reading->line, word + 2, length, &many);
    if (many)
        return complain(reading->line, "option `%s` could be several; write it in full", word);
    return row ? take_row(reading, row, value) : unknown_option(reading->line, word);
}

/* -l, -lVALUE and -l VALUE; flags may stand together. */
static int take_letters(struct reading *reading, const char *word)
{
    int code = -1;
    for (const char *at = word + 1; code < 0 && *at; at++) {
        const struct option_row *row = find_letter(reading->line, *at);
        if (!row)
            return unknown_option(reading->line, word);
        if (row->value)
            return take_row(reading, row, at[1] ? at + 1 : NULL);
        code = take_row(reading, row, NULL);
    }
    return code;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1];
}

/* Of a line whose options end where another program's begin. */
static bool ends_options(const struct command_line *line, const char *word)
{
    bool many;
    if (line->order == OPTIONS_ANYWHERE)
        return false;
    if (!is_option(word))
        return true;
    if (line->order == OPTIONS_FIRST)
        return false;
    return word[1] == '-' ? !find_long(line, word + 2, strcspn(word + 2, "="), &many) : !find_letter(line, word[1]);
}

static int take_word(struct reading *reading, char *word, struct operands *operands)
{
    if (reading->line->take_operand)
        return reading->line->take_operand(reading->to, reading->last, word);
    operands->word[operands->count++] = word;
    return -1;
}

static int check_operands(const struct command_line *line, const struct operands *operands)
{
    if (operands->count >= line->least && (line->most < 0 || operands->count <= line->most))
        return -1;
    return options_mistake(line, line->operands, NULL);
}

/* Operands move to the front of argv; none is written before it was read. */
int options_read(const struct command_line *line, int argc, char **argv, void *to, struct operands *operands)
{
    struct operands ours = {0, argv + (argc > 0)};
    struct reading reading = {.line = line, .next = ours.word, .to = to};
    bool only_operands = false;
    int code = -1;
    while (code < 0 && *reading.next) {
        char *word = *reading.next;
        only_operands = only_operands || ends_options(line, word);
        reading.next++;
        if (only_operands || !is_option(word))
            code = take_word(&reading, word, &ours);
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else
            code = word[1] == '-' ? take_long(&reading, word) : take_letters(&reading, word);
    }
    ours.word[ours.count] = NULL;
    if (operands)
        *operands = ours;
    return code < 0 && !line->take_operand ? check_operands(line, &ours) : code;
}
