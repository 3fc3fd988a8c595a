/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the smoke clients of the archives share. They know the library's own header and nothing of the service. */
#include <farcall/farcall.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How calls of an operation go from here. */
#define show(operation) \
    printf("%s: %s\n", #operation, far_stub_kind_name(far_stub_kind((const void *)(uintptr_t)(operation))))

#define must(condition) must_be(condition, #condition, __LINE__)

static inline void must_be(int condition, const char *what, int line)
{
    if (condition)
        return;
    fflush(stdout);
    fprintf(stderr, "line %d: not so: %s\n", line, what);
    exit(1);
}

/* Text that can be compressed, the same each time; at most 64 KiB. */
static inline char *sample(size_t size)
{
    static const char *const words[] = {"segment ", "stub ", "gate ", "bind ", "trust ", "page ", "call ", "node "};
    static char text[65536 + 16];
    unsigned random = 1;

    must(size <= 65536);
    for (size_t used = 0; used < size; used += strlen(text + used)) {
        random = random * 1103515245 + 12345;
        strcpy(text + used, words[random >> 16 & 7]);
    }
    text[size] = '\0';
    return text;
}
