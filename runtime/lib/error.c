/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/error.h"

#include <stdarg.h>
#include <stdio.h>

int far_fail(struct far_error *error, int code, int exit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->code = code;
    error->exit = exit;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -code;
}
