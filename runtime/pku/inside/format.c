/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Formatted text in memory, for code in a domain: whole numbers, characters, strings and pointers. What it does not do
 * (floating-point numbers, wide characters, %n, arguments by number) ends the call with words that say so.
 */
#include "runtime/pku/inside/inside.h"

#include <limits.h>
#include <stdarg.h>

struct output {
    char *to;
    size_t room; /* the zero included */
    size_t length;
};

struct conversion {
    bool left, plus, space, alternate, zeros;
    int width, precision; /* precision -1: none */
    int size;             /* bytes of a number */
    char what;
};

static void put(struct output *output, char c)
{
    if (output->length + 1 < output->room)
        output->to[output->length] = c;
    output->length++;
}

static void put_many(struct output *output, char c, int count)
{
    for (; count > 0; count--)
        put(output, c);
}

/* `bytes` of text between what fills the width. */
static void put_text(struct output *output, const struct conversion *conversion, const char *text, size_t bytes)
{
    int fill = bytes < (size_t)conversion->width ? conversion->width - (int)bytes : 0;
    put_many(output, ' ', conversion->left ? 0 : fill);
    for (size_t i = 0; i < bytes; i++)
        put(output, text[i]);
    put_many(output, ' ', conversion->left ? fill : 0);
}

struct number {
    char digit[24]; /* 64 bits in base 8; from the end */
    int count;
    const char *prefix;
};

static void put_number(struct output *output, const struct conversion *conversion, const struct number *number)
{
    int prefix = (int)far_pku_strlen(number->prefix);
    int zeros = conversion->precision > number->count ? conversion->precision - number->count : 0;
    int fill = conversion->width - prefix - zeros - number->count;
    if (conversion->zeros && !conversion->left && conversion->precision < 0 && fill > 0) {
        zeros += fill;
        fill = 0;
    }
    put_many(output, ' ', conversion->left ? 0 : fill);
    for (int i = 0; i < prefix; i++)
        put(output, number->prefix[i]);
    put_many(output, '0', zeros);
    for (int i = number->count; i--;)
        put(output, number->digit[i]);
    put_many(output, ' ', conversion->left ? fill : 0);
}

static void make_digits(struct number *number, const struct conversion *conversion, uint64_t value, unsigned base)
{
    char ten = conversion->what == 'X' ? 'A' : 'a';
    for (; value; value /= base) {
        unsigned digit = (unsigned)(value % base);
        number->digit[number->count++] = (char)(digit < 10 ? '0' + digit : (unsigned)ten + digit - 10);
    }
    bool octal = base == 8 && conversion->alternate;
    if (number->count == 0 ? conversion->precision != 0 || octal : octal && conversion->precision <= number->count)
        number->digit[number->count++] = '0';
}

static void put_signed(struct output *output, const struct conversion *conversion, int64_t value)
{
    struct number number = {0};
    number.prefix = value < 0 ? "-" : conversion->plus ? "+" : conversion->space ? " " : "";
    make_digits(&number, conversion, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
    put_number(output, conversion, &number);
}

static void put_unsigned(struct output *output, const struct conversion *conversion, uint64_t value)
{
    bool hexadecimal = conversion->what == 'x' || conversion->what == 'X';
    struct number number = {0};
    bool prefixed = hexadecimal && conversion->alternate && value;
    number.prefix = !prefixed ? "" : conversion->what == 'x' ? "0x" : "0X";
    make_digits(&number, conversion, value, hexadecimal ? 16 : conversion->what == 'o' ? 8 : 10);
    put_number(output, conversion, &number);
}

static void put_pointer(struct output *output, struct conversion *conversion, uint64_t value)
{
    if (!value) {
        put_text(output, conversion, "(nil)", 5);
        return;
    }
    conversion->what = 'x';
    conversion->alternate = true;
    put_unsigned(output, conversion, value);
}

static void put_string(struct output *output, const struct conversion *conversion, const char *text)
{
    size_t most = conversion->precision < 0 ? SIZE_MAX : (size_t)conversion->precision;
    if (!text)
        text = most < 6 ? "" : "(null)";
    put_text(output, conversion, text, far_pku_strnlen(text, most));
}

static const char *take_flags(const char *at, struct conversion *conversion)
{
    for (;; at++) {
        conversion->left |= *at == '-';
        conversion->plus |= *at == '+';
        conversion->space |= *at == ' ';
        conversion->alternate |= *at == '#';
        conversion->zeros |= *at == '0';
        if (!*at || !far_pku_strchr("-+ #0", *at))
            return at;
    }
}

static const char *take_digits(const char *at, int *number)
{
    for (*number = 0; far_pku_isdigit(*at); at++)
        *number = *number > INT_MAX / 10 - 1 ? INT_MAX / 10 : *number * 10 + (*at - '0');
    return at;
}

static const char *take_size(const char *at, int *size)
{
    *size = sizeof(int);
    if (*at == 'h')
        *size = at[1] == 'h' ? 1 : 2;
    if (*at == 'l' || *at == 'j' || *at == 'z' || *at == 't' || *at == 'q')
        *size = 8;
    return at + (*at == 'h' || *size == 8) + ((*at == 'h' || *at == 'l') && at[1] == *at);
}

/* As the sign or not of its type has it. */
static uint64_t take_number(int size, bool is_signed, va_list *arguments)
{
    uint64_t value = size == 8 ? va_arg(*arguments, uint64_t) : (uint64_t)(int64_t)va_arg(*arguments, int);
    return far_extend(value, (unsigned)size, is_signed);
}

static void convert(struct output *output, struct conversion *conversion, va_list *arguments)
{
    char c;
    switch (conversion->what) {
    case '%':
        put(output, '%');
        return;
    case 'd':
    case 'i':
        put_signed(output, conversion, (int64_t)take_number(conversion->size, true, arguments));
        return;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(output, conversion, take_number(conversion->size, false, arguments));
        return;
    case 'p':
        put_pointer(output, conversion, va_arg(*arguments, uint64_t));
        return;
    case 'c':
        c = (char)va_arg(*arguments, int);
        put_text(output, conversion, &c, 1);
        return;
    case 's':
        if (conversion->size == 8)
            break;
        put_string(output, conversion, va_arg(*arguments, const char *));
        return;
    default:
        break;
    }
    pku_end("the service formats what a protection domain cannot");
}

static const char *take_number_or_star(const char *at, int *number, va_list *arguments)
{
    if (*at != '*')
        return take_digits(at, number);
    *number = va_arg(*arguments, int);
    return at + 1;
}

static const char *take_conversion(const char *at, struct output *output, va_list *arguments)
{
    struct conversion conversion = {.precision = -1};
    at = take_flags(at, &conversion);
    at = take_number_or_star(at, &conversion.width, arguments);
    if (conversion.width < 0) {
        conversion.left = true;
        conversion.width = -conversion.width;
    }
    if (*at == '.')
        at = take_number_or_star(at + 1, &conversion.precision, arguments);
    at = take_size(at, &conversion.size);
    conversion.what = *at;
    convert(output, &conversion, arguments);
    return *at ? at + 1 : at;
}

static int format(char *to, size_t room, const char *text, va_list given)
{
    struct output output = {to, room, 0};
    va_list arguments;
    va_copy(arguments, given);
    while (*text) {
        if (*text == '%')
            text = take_conversion(text + 1, &output, &arguments);
        else
            put(&output, *text++);
    }
    va_end(arguments);
    if (room)
        to[output.length < room ? output.length : room - 1] = '\0';
    return (int)output.length;
}

int far_pku_vsnprintf(char *to, size_t room, const char *text, va_list arguments)
{
    return format(to, room, text, arguments);
}

int far_pku_vsprintf(char *to, const char *text, va_list arguments)
{
    return format(to, SIZE_MAX, text, arguments);
}

int far_pku_snprintf(char *to, size_t room, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    int length = format(to, room, text, arguments);
    va_end(arguments);
    return length;
}

int far_pku_sprintf(char *to, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    int length = format(to, SIZE_MAX, text, arguments);
    va_end(arguments);
    return length;
}

/* --- as compilers call them with -D_FORTIFY_SOURCE: `known` is what the compiler knows of `to` --- */

static int format_checked(char *to, size_t room, size_t known, const char *text, va_list arguments)
{
    if (known < room && room != SIZE_MAX)
        far_pku___chk_fail();
    int length = format(to, room < known ? room : known, text, arguments);
    if (room == SIZE_MAX && (size_t)length >= known)
        far_pku___chk_fail();
    return length;
}

int far_pku___vsnprintf_chk(char *to, size_t room, int flag, size_t known, const char *text, va_list arguments)
{
    (void)flag;
    return format_checked(to, room, known, text, arguments);
}

int far_pku___vsprintf_chk(char *to, int flag, size_t known, const char *text, va_list arguments)
{
    (void)flag;
    return format_checked(to, SIZE_MAX, known, text, arguments);
}

int far_pku___snprintf_chk(char *to, size_t room, int flag, size_t known, const char *text, ...)
{
    va_list arguments;
    (void)flag;
    va_start(arguments, text);
    int length = format_checked(to, room, known, text, arguments);
    va_end(arguments);
    return length;
}

int far_pku___sprintf_chk(char *to, int flag, size_t known, const char *text, ...)
{
    va_list arguments;
    (void)flag;
    va_start(arguments, text);
    int length = format_checked(to, SIZE_MAX, known, text, arguments);
    va_end(arguments);
    return length;
}
