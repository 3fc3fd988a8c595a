/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int complain(const struct complaint *to, const char *format, ...)
{
    if (to->size) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(to->text, to->size, format, arguments);
        va_end(arguments);
    }
    return -EINVAL;
}

/* Not <ctype.h>: what a file may contain must not depend on the locale of whoever reads it. */
enum { LETTER = 1, DIGIT = 2, MARK = 4 }; /* MARK: what a linker's names have besides */

static const uint8_t kind_of[256] = {
    ['a' ... 'z'] = LETTER, ['A' ... 'Z'] = LETTER, ['_'] = LETTER, ['0' ... '9'] = DIGIT,
    ['.'] = MARK,           ['$'] = MARK,           ['@'] = MARK,
};

bool text_is_control(const char *text, size_t at)
{
    unsigned char c = (unsigned char)text[at], before = at ? (unsigned char)text[at - 1] : 0;
    if (c >= 0x80 && c <= 0x9f)
        return before < 0x80 || before == 0xc2; /* a byte alone, or UTF-8's U+0080 … U+009F; else a part of a letter */
    return c < 0x20 || c == 0x7f;
}

bool text_is_printable(const char *text, size_t limit)
{
    size_t length = strnlen(text, limit);
    for (size_t i = 0; i < length; i++)
        if (text_is_control(text, i))
            return false;
    return length < limit;
}

/* Names are looked at whenever a program starts: a table instead of comparisons. */
static bool text_is_word(const char *text, size_t limit, uint8_t kinds)
{
    size_t length = strnlen(text, limit);
    if (length == 0 || length == limit || kind_of[(uint8_t)text[0]] == DIGIT)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!(kind_of[(uint8_t)text[i]] & kinds))
            return false;
    return true;
}

bool text_is_identifier(const char *text, size_t limit)
{
    return text_is_word(text, limit, LETTER | DIGIT);
}

bool text_is_symbol(const char *text, size_t limit)
{
    return text_is_word(text, limit, LETTER | DIGIT | MARK);
}

size_t text_utf8_length(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    unsigned char first = byte[0], low = 0x80, high = 0xbf;
    size_t length = first < 0x80 ? 1 : first >= 0xc2 && first <= 0xdf ? 2 : (first & 0xf0) == 0xe0 ? 3 : 4;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4)
        return 0;
    low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : low;
    high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : high;
    for (size_t i = 1; i < length; i++) {
        if (byte[i] < low || byte[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}
