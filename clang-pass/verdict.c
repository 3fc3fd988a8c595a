/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clang-pass/pass.h"

/* All that is written there until it is closed. */
static size_t read_all(int descriptor, char *text, size_t size)
{
    size_t length = 0;
    ssize_t count;

    while (length < size - 1 && (count = read(descriptor, text + length, size - 1 - length))) {
        if (count > 0)
            length += (size_t)count;
        else if (errno != EINTR)
            break;
    }
    text[length] = '\0';
    return length;
}

/* clang-pass/compile.c says what may come: R and a path, N, or F. Nothing at all: farcc has ended. */
const char *verdict_wait(int descriptor, char *text, size_t size)
{
    size_t length = read_all(descriptor, text, size);

    if (length > 1 && text[0] == 'R')
        return text + 1;
    if (length == 1 && text[0] == 'F') /* the front end had nothing to say against the source */
        (void)!write(descriptor, "F", 1);
    if (length != 1 || text[0] != 'N')
        pass_give_up();
    return "";
}

void ask_for_places(const struct pass_options *options)
{
    if (!options->places_later || options->verdict < 0)
        return;
    if (write(options->verdict, "P", 1) == 1)
        pass_give_up();
}
