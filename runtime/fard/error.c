/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What a segment or a client calls itself ends up in logs and on terminals: one line, nothing but text. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f)
            *text = ' ';
    }
}

int refuse(struct far_error *error, int code, int exit_code, const char *format, ...)
{
    va_list arguments;
    memset(error, 0, sizeof *error);
    error->code = code;
    error->exit = exit_code;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    make_printable(error->text);
    return FARD_REFUSED;
}

void describe_failure(struct far_error *error, int negative_errno, const char *what)
{
    if (!error->text[0])
        refuse(error, -negative_errno, EX_OSERR, "%s: %s", what, strerror(-negative_errno));
}

void fard_log(const char *format, ...)
{
    char line[1280];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    make_printable(line);
    fprintf(stderr, "fard: %s\n", line);
}
