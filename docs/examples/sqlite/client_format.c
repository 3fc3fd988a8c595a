/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * sqlite3_mprintf() and its like: a client's own part of SQLite, linked into the import library (far implib --with). What is
 * variadic cannot be an operation, and needs none: it makes text out of what the client has.
 *
 * The conversions are SQLite's: those of printf() but for a and n; %q, %Q and %w, which double quotation marks; %z, which is
 * %s and frees; the flags `,` (thousands of integers apart) and `!` (characters instead of bytes; of numbers, 26 digits and a
 * point in any case). Numbers have 16 significant digits, and zeros then. A conversion that there is not ends the text.
 */
#include <ctype.h>
#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX    16
#define DIGITS_MORE   26
#define PRECISION_MAX 100000000

struct text {
    char *bytes;
    size_t length, room;
    int grows; /* otherwise it is cut off */
    int failed;
};

struct conversion {
    int left, plus, blank, zero, alternate, more, commas;
    int width, precision; /* precision -1: not said */
    int longs;
    char letter;
};

static void put(struct text *text, const char *bytes, size_t count)
{
    if (text->grows && !text->failed && text->length + count + 1 > text->room) {
        size_t room = 2 * (text->length + count) + 64;
        char *grown = sqlite3_realloc64(text->bytes, room);
        text->failed = !grown;
        text->room = grown ? room : text->room;
        text->bytes = grown ? grown : text->bytes;
    }
    size_t left = text->failed || text->room < text->length + 1 ? 0 : text->room - text->length - 1;
    count = count < left ? count : left;
    if (count)
        memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
}

static void put_times(struct text *text, char byte, long times)
{
    char many[64];
    memset(many, byte, sizeof many);
    for (; times > 0 && !text->failed; times -= (long)sizeof many)
        put(text, many, times < (long)sizeof many ? (size_t)times : sizeof many);
}

static int is_inside(char byte)
{
    return (byte & 0xc0) == 0x80; /* of a UTF-8 character, behind its first byte */
}

static long characters(const char *bytes, size_t count)
{
    long found = 0;
    for (size_t i = 0; i < count; i++)
        found += !is_inside(bytes[i]);
    return found;
}

static void put_padded(struct text *text, const struct conversion *as, const char *bytes, size_t count)
{
    long missing = as->width - (as->more ? characters(bytes, count) : (long)count);
    put_times(text, ' ', as->left ? 0 : missing);
    put(text, bytes, count);
    put_times(text, ' ', as->left ? missing : 0);
}

/* How many bytes of it are meant: the precision counts bytes, or characters. */
static size_t length_of(const struct conversion *as, const char *string)
{
    size_t at = 0;
    if (as->precision < 0)
        return strlen(string);
    for (long count = 0; string[at]; at++) {
        count += !as->more || !is_inside(string[at]);
        if (count > as->precision)
            break;
    }
    return at;
}

static void put_string(struct text *text, const struct conversion *as, const char *string)
{
    string = string ? string : "";
    put_padded(text, as, string, length_of(as, string));
}

static void put_quoted(struct text *text, const struct conversion *as, const char *string)
{
    char mark = as->letter == 'w' ? '"' : '\'';
    struct text quoted = {.grows = 1};
    int outside = as->letter == 'Q' && string;
    const char *from = string ? string : as->letter == 'Q' ? "NULL" : "(NULL)";
    size_t count = length_of(as, from);
    put(&quoted, &mark, (size_t)outside);
    for (size_t i = 0; i < count; i++)
        put(&quoted, (const char[]){from[i], mark}, 1 + (from[i] == mark));
    put(&quoted, &mark, (size_t)outside);
    text->failed |= quoted.failed;
    put_padded(text, as, quoted.bytes ? quoted.bytes : "", quoted.length);
    sqlite3_free(quoted.bytes);
}

static void put_character(struct text *text, const struct conversion *as, unsigned character)
{
    char bytes[4];
    size_t count = 1;
    bytes[0] = (char)character;
    if (character >= 0x80) {
        count = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
        bytes[0] = (char)((0xf00 >> count & 0xff) | character >> (6 * (count - 1)));
        for (size_t i = 1; i < count; i++)
            bytes[i] = (char)(0x80 | (character >> (6 * (count - 1 - i)) & 0x3f));
    }
    int times = as->precision > 1 ? as->precision : 1;
    put_times(text, ' ', as->left ? 0 : as->width - times);
    for (int i = 0; i < times && !text->failed; i++)
        put(text, bytes, count);
    put_times(text, ' ', as->left ? as->width - times : 0);
}

/* Digits into `number`, from its end: as many as the precision wants, with commas if wanted. Where they begin. */
static char *write_digits(char *end, unsigned long long value, const struct conversion *as, int least)
{
    unsigned base = strchr("xXp", as->letter) ? 16 : as->letter == 'o' ? 8 : 10;
    const char *digits = as->letter == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
    int count = 0;
    for (; value || count < least || !count; value /= base) {
        if (as->commas && base == 10 && count && count % 3 == 0)
            *--end = ',';
        *--end = digits[value % base];
        count++;
    }
    return end;
}

static void put_integer(struct text *text, const struct conversion *as, unsigned long long value, int negative)
{
    int is_signed = as->letter == 'd' || as->letter == 'i';
    const char *sign = negative ? "-" : is_signed && as->plus ? "+" : is_signed && as->blank ? " " : "";
    const char *base = as->letter == 'o' ? "0" : as->letter == 'x' ? "0x" : as->letter == 'X' ? "0X" : "";
    int least = as->precision > 0 ? as->precision : 1, room = as->width - (int)strlen(sign);
    if (as->zero && least < room)
        least = room;
    size_t size = 2 * (size_t)least + 80;
    char *number = malloc(size), *end = number + size;
    if (!number) {
        text->failed = 1;
        return;
    }
    char *start = write_digits(end, value, as, least);
    if (as->alternate && value) {
        start -= strlen(base);
        memcpy(start, base, strlen(base));
    }
    start -= strlen(sign);
    memcpy(start, sign, strlen(sign));
    put_padded(text, as, start, (size_t)(end - start));
    free(number);
}

/* A number above 0 as its digits: the first stands for `exponent` tens. */
struct real {
    long double rest; /* 1 <= rest < 10 before the first digit */
    int exponent, digits_left;
};

/* By a hundred, ten or one power of ten at a time, in doubles, as SQLite does: so the last digits are the same. */
static void normalise(struct real *real)
{
    static const struct {
        long double factor;
        int tens;
    } steps[] = {{1e100, 100}, {1e10, 10}, {10, 1}};
    long double scale = 1;
    for (unsigned i = 0; i < sizeof steps / sizeof *steps && real->rest > 0; i++)
        for (; real->rest >= steps[i].factor * scale && real->exponent <= 350; real->exponent += steps[i].tens)
            scale *= steps[i].factor;
    real->rest /= scale;
    for (; real->rest > 0 && real->rest < 1e-8; real->exponent -= 8)
        real->rest *= 1e8;
    for (; real->rest > 0 && real->rest < 1; real->exponent--)
        real->rest *= 10;
}

static char next_digit(struct real *real)
{
    if (real->digits_left <= 0)
        return '0';
    real->digits_left--;
    int digit = (int)real->rest;
    real->rest = (real->rest - digit) * 10;
    return (char)('0' + digit);
}

/* Half of the last digit that is shown; of fixed digits a little more, as a double has only so many. */
static long double rounding(double value, int digits, int is_fixed)
{
    long double half = 0.5;
    int power;
    for (int i = 0; i < digits; i++)
        half *= 0.1;
    frexp(value, &power);
    return is_fixed && digits + (power - 1) / 3 < 15 ? half + (long double)value * 3e-16 : half;
}

static void put_digits(struct text *text, struct real *real, int count)
{
    for (; count > 0 && !text->failed; count--)
        put(text, (const char[]){next_digit(real)}, 1);
}

/* No zeros at the end of the fraction; with `!` one where there would be nothing. */
static void tidy_fraction(struct text *text, int keeps_point)
{
    while (text->length && text->bytes[text->length - 1] == '0')
        text->length--;
    if (text->length && text->bytes[text->length - 1] == '.') {
        text->length -= !keeps_point;
        put(text, "0", (size_t)keeps_point);
    }
}

static void put_fraction(struct text *text, const struct conversion *as, struct real *real, int before, int precision,
                         int tidy)
{
    if (precision <= 0 && !as->alternate && !as->more)
        return;
    put(text, ".", 1);
    for (; before < -1 && precision > 0; before++, precision--)
        put(text, "0", 1);
    put_digits(text, real, precision);
    if (tidy && !text->failed)
        tidy_fraction(text, as->more);
}

/* `value` is finite and not negative. */
static void write_real(struct text *text, const struct conversion *as, double value)
{
    char kind = (char)tolower(as->letter);
    int precision = (as->precision < 0 ? 6 : as->precision) - (kind == 'g' && as->precision != 0);
    struct real real = {value, 0, as->more ? DIGITS_MORE : DIGITS_MAX};
    long double half = rounding(value, precision, kind == 'f');
    if (kind == 'f')
        real.rest += half;
    normalise(&real);
    if (kind != 'f')
        real.rest += half;
    if (kind != 'f' && real.rest >= 10) {
        real.rest *= 0.1;
        real.exponent++;
    }
    int has_exponent = kind == 'e' || (kind == 'g' && (real.exponent < -4 || real.exponent > precision));
    int before = has_exponent ? 0 : real.exponent; /* digits in front of the point, less one */
    if (kind == 'g' && !has_exponent)
        precision -= real.exponent;
    if (before < 0)
        put(text, "0", 1);
    put_digits(text, &real, before + 1);
    put_fraction(text, as, &real, before, precision, kind == 'g' ? !as->alternate : as->more);
    if (has_exponent) {
        char exponent[8];
        put(text, exponent,
            (size_t)snprintf(exponent, sizeof exponent, "%c%+03d", isupper((unsigned char)as->letter) ? 'E' : 'e',
                             real.exponent));
    }
}

static void put_real(struct text *text, const struct conversion *as, double value)
{
    struct text number = {.grows = 1};
    const char *sign = isnan(value) ? "" : value < 0 ? "-" : as->plus ? "+" : as->blank ? " " : "";
    put(&number, sign, strlen(sign));
    if (isfinite(value))
        write_real(&number, as, fabs(value));
    else
        put(&number, isnan(value) ? "NaN" : "Inf", 3);
    long missing = as->zero && !as->left && isfinite(value) ? as->width - (long)number.length : 0;
    put(text, number.bytes, missing > 0 ? strlen(sign) : 0);
    put_times(text, '0', missing);
    if (missing > 0)
        put(text, number.bytes + strlen(sign), number.length - strlen(sign));
    else
        put_padded(text, as, number.bytes, number.length);
    text->failed |= number.failed;
    sqlite3_free(number.bytes);
}

static const char *read_flags(const char *at, struct conversion *as)
{
    for (;; at++) {
        switch (*at) {
        case '-':
            as->left = 1;
            break;
        case '+':
            as->plus = 1;
            break;
        case ' ':
            as->blank = 1;
            break;
        case '0':
            as->zero = 1;
            break;
        case '#':
            as->alternate = 1;
            break;
        case '!':
            as->more = 1;
            break;
        case ',':
            as->commas = 1;
            break;
        default:
            return at;
        }
    }
}

static const char *read_number(const char *at, int *number)
{
    for (*number = 0; isdigit((unsigned char)*at); at++)
        *number = *number < PRECISION_MAX ? 10 * *number + (*at - '0') : *number;
    return at;
}

/* A va_list that functions can advance for their caller. */
struct arguments {
    va_list list;
};

static const char *read_conversion(const char *at, struct conversion *as, struct arguments *arguments)
{
    *as = (struct conversion){.precision = -1};
    at = read_flags(at, as);
    if (*at == '*') {
        as->width = va_arg(arguments->list, int);
        as->left |= as->width < 0;
        as->width = abs(as->width);
        at++;
    } else {
        at = read_number(at, &as->width);
    }
    if (*at == '.' && at[1] == '*') {
        as->precision = abs(va_arg(arguments->list, int));
        at += 2;
    } else if (*at == '.') {
        at = read_number(at + 1, &as->precision);
    }
    for (; *at == 'l'; at++)
        as->longs++;
    as->letter = *at;
    return *at ? at + 1 : at;
}

static void convert_integer(struct text *text, const struct conversion *as, struct arguments *arguments)
{
    if (as->letter == 'd' || as->letter == 'i') {
        long long value = as->longs > 1 ? va_arg(arguments->list, long long)
                          : as->longs   ? va_arg(arguments->list, long)
                                        : va_arg(arguments->list, int);
        put_integer(text, as, value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value, value < 0);
    } else {
        unsigned long long value = as->longs > 1 || as->letter == 'p' ? va_arg(arguments->list, unsigned long long)
                                   : as->longs                        ? va_arg(arguments->list, unsigned long)
                                                                      : va_arg(arguments->list, unsigned);
        put_integer(text, as, value, 0);
    }
}

/* Is there such a conversion? */
static int convert(struct text *text, const struct conversion *as, struct arguments *arguments)
{
    if (as->letter && strchr("diuxXop", as->letter)) {
        convert_integer(text, as, arguments);
    } else if (as->letter && strchr("feEgG", as->letter)) {
        put_real(text, as, va_arg(arguments->list, double));
    } else if (as->letter && strchr("qQw", as->letter)) {
        put_quoted(text, as, va_arg(arguments->list, const char *));
    } else if (as->letter == 's' || as->letter == 'z') {
        char *string = va_arg(arguments->list, char *);
        put_string(text, as, string);
        if (as->letter == 'z')
            sqlite3_free(string);
    } else if (as->letter == 'c') {
        put_character(text, as, va_arg(arguments->list, unsigned));
    } else if (as->letter == '%') {
        put(text, "%", 1);
    } else {
        return 0;
    }
    return 1;
}

static void format_into(struct text *text, const char *format, va_list list)
{
    struct arguments arguments;
    struct conversion as;
    va_copy(arguments.list, list);
    while (*format && !text->failed) {
        size_t plain = strcspn(format, "%");
        put(text, format, plain);
        format += plain;
        if (*format != '%')
            break;
        if (!format[1]) {
            put(text, "%", 1);
            break;
        }
        format = read_conversion(format + 1, &as, &arguments);
        if (!convert(text, &as, &arguments))
            break;
    }
    va_end(arguments.list);
    if (text->room && !text->failed)
        text->bytes[text->length] = 0;
}

char *sqlite3_vmprintf(const char *format, va_list list)
{
    struct text text = {.grows = 1};
    if (!format)
        return NULL;
    put(&text, "", 0);
    format_into(&text, format, list);
    if (!text.failed)
        return text.bytes;
    sqlite3_free(text.bytes);
    return NULL;
}

char *sqlite3_mprintf(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = sqlite3_vmprintf(format, list);
    va_end(list);
    return text;
}

char *sqlite3_vsnprintf(int size, char *buffer, const char *format, va_list list)
{
    struct text text = {.bytes = buffer, .room = size > 0 ? (size_t)size : 0};
    if (size > 0 && buffer && format)
        format_into(&text, format, list);
    return buffer;
}

char *sqlite3_snprintf(int size, char *buffer, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    sqlite3_vsnprintf(size, buffer, format, list);
    va_end(list);
    return buffer;
}

void sqlite3_str_vappendf(sqlite3_str *string, const char *format, va_list list)
{
    char *text = sqlite3_vmprintf(format, list);
    if (text)
        sqlite3_str_appendall(string, text);
    sqlite3_free(text);
}

void sqlite3_str_appendf(sqlite3_str *string, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    sqlite3_str_vappendf(string, format, list);
    va_end(list);
}

/* A client has no log: sqlite3_config(), which would name one, refuses. */
void sqlite3_log(int code, const char *format, ...)
{
    (void)code;
    (void)format;
}
