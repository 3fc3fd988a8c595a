/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The string functions that allocate: they must allocate here. A member of its own, so that a program may bring
 * another. */
#include <stdlib.h>
#include <string.h>

#undef strdup
#undef strndup

char *strndup(const char *string, size_t limit)
{
    size_t size = strnlen(string, limit);
    char *copy = malloc(size + 1);
    if (!copy)
        return NULL;
    memcpy(copy, string, size);
    copy[size] = '\0';
    return copy;
}

char *strdup(const char *string)
{
    size_t size = strlen(string) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, string, size) : NULL;
}
