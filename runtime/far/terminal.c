/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static unsigned columns_wanted(void)
{
    const char *text = getenv("COLUMNS");
    unsigned long columns = text && *text >= '0' && *text <= '9' ? strtoul(text, NULL, 10) : 0;
    return columns && columns <= 10000 ? (unsigned)columns : 0;
}

struct terminal_size terminal_size(FILE *out)
{
    struct winsize size = {0};
    struct terminal_size result = {0};
    int fd = fileno(out);
    if (fd < 0 || !isatty(fd))
        return result;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0)
        result = (struct terminal_size){size.ws_col, size.ws_row};
    unsigned wanted = columns_wanted();
    if (wanted)
        result.columns = wanted;
    if (result.columns && result.columns < TERMINAL_NARROWEST)
        result.columns = TERMINAL_NARROWEST;
    return result;
}

/* Of the first `size` bytes. What goes on a character takes no column. */
static unsigned columns_of(const char *text, size_t size)
{
    unsigned columns = 0;
    for (size_t i = 0; i < size; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

unsigned text_columns(const char *text)
{
    return columns_of(text, strlen(text));
}

/* Where the text of "  word   text" begins; otherwise where the line does. */
static unsigned hang_of(const char *line, size_t size)
{
    size_t indent = 0;
    while (indent < size && line[indent] == ' ')
        indent++;
    for (size_t i = indent; indent && i + 2 < size; i++)
        if (line[i] == ' ' && line[i + 1] == ' ' && line[i + 2] != ' ')
            return columns_of(line, i + 2);
    return (unsigned)indent;
}

/* How much of the line fits into `room` columns, and ends with a word. The first word is printed even where it does not. */
static size_t fitting(const char *line, size_t size, unsigned room)
{
    size_t end = 0, at = 0;
    if (columns_of(line, size) <= room)
        return size;
    while (at < size) {
        while (at < size && line[at] == ' ')
            at++;
        while (at < size && line[at] != ' ')
            at++;
        if (end && columns_of(line, at) > room)
            break;
        end = at;
    }
    return end;
}

unsigned text_hang(unsigned columns, unsigned wanted)
{
    return columns && wanted > columns / 2 ? columns / 4 : wanted;
}

static void wrap_line(FILE *out, const char *line, size_t size, unsigned columns, unsigned hang)
{
    hang = text_hang(columns, hang);
    size_t end = columns ? fitting(line, size, columns) : size;
    fwrite(line, 1, end, out);
    while (end < size) {
        while (end < size && line[end] == ' ')
            end++;
        size_t more = fitting(line + end, size - end, columns - hang);
        fprintf(out, "\n%*s%.*s", (int)hang, "", (int)more, line + end);
        end += more;
    }
    putc('\n', out);
}

void text_wrap(FILE *out, const char *text, unsigned columns)
{
    while (*text) {
        size_t size = strcspn(text, "\n");
        wrap_line(out, text, size, columns, hang_of(text, size));
        text += size + (text[size] == '\n');
    }
}

void text_line(FILE *out, unsigned columns, unsigned hang, const char *format, ...)
{
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    int size = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (size >= 0)
        wrap_line(out, line, (size_t)size, columns, hang);
    free(line);
}
