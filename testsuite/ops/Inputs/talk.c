/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service that says on standard output and error what it is told to. */
#include "talk.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int talk_say(const char *text)
{
    ssize_t n = write(1, text, strlen(text));
    return n < 0 ? -1 : (int)n;
}

int talk_much(int lines)
{
    for (int i = 0; i < lines; i++)
        fprintf(stderr, "line %d of many, all of which say the same, and nobody needs them all, or any of them\n", i);
    return lines;
}

int talk_null(void)
{
    errno = EDOM;
    return -1;
}
