/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Assertions, for code in a domain: the call ends, and its caller is told which. */
#include "runtime/pku/inside/inside.h"

static _Noreturn void fail(const char *what)
{
    char text[PKU_ASKED_TEXT];
    far_pku_snprintf(text, sizeof text, "assertion failed: %s", what);
    pku_end(text);
}

void far_pku___assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
    (void)file, (void)line, (void)function;
    fail(what);
}

void far_pku___assert(const char *what, const char *file, int line)
{
    (void)file, (void)line;
    fail(what);
}
