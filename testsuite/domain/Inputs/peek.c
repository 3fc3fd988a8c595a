/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "peek.h"

#include <string.h>
#include <unistd.h>

static int calls; /* of this process: getpid() makes the code not neutral */

static void note_call(void)
{
    calls += getpid() > 0;
}

uint64_t peek_bytes(const void *bytes, size_t size)
{
    note_call();
    return size ? (uint64_t)bytes : 1;
}

uint64_t peek_string(const char *text)
{
    note_call();
    return strcmp(text, "text") == 0 ? (uint64_t)text : 1;
}

uint64_t peek_fill(void *bytes, size_t size, int value)
{
    note_call();
    memset(bytes, value, size);
    return (uint64_t)bytes;
}

int peek_sum(const struct cell *first)
{
    int sum = 0;
    note_call();
    for (; first; first = first->next)
        sum += first->value;
    return sum;
}

int peek_add(struct cell *cell)
{
    note_call();
    return ++cell->value;
}

int peek_read(const void *address)
{
    note_call();
    return *(const int *)address;
}

int peek_wait(char *bytes, size_t size)
{
    int sum = 0;
    note_call();
    ((volatile char *)bytes)[1] = 1;
    for (int i = 0; i < 800 && !*(const volatile char *)bytes; i++)
        usleep(1000);
    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
    return sum;
}
