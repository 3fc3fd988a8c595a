/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/net/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int net_fail(struct far_error *error, int code, int exit, const char *format, ...)
{
    if (!error)
        return -code;
    va_list arguments;
    va_start(arguments, format);
    memset(error, 0, sizeof *error);
    error->code = code;
    error->exit = exit;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    net_make_printable(error->text);
    return -code;
}

void net_make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
}
