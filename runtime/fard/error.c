/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/error.h"

#include "runtime/format/complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What a segment or a client calls itself ends up in logs and on terminals: one line, nothing but text. */
static void make_printable(char *text)
{
    for (size_t i = 0; text[i]; i++)
        if (text_is_control(text, i))
            text[i] = ' ';
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
