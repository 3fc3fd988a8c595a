/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* An honest client of kv whose host lies. Its memory outside its out parameters stays as it was, and each call ends. */
#include "kv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define must(condition)                                                                    \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                       \
        }                                                                                  \
    } while (0)

enum { PAGE = 4096, CAPACITY = 1000 };

/* A buffer that ends where a page ends that nobody may touch. */
static char *guarded(void)
{
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(pages != MAP_FAILED);
    must(mprotect(pages, PAGE, PROT_NONE) == 0 && mprotect(pages + 2 * PAGE, PAGE, PROT_NONE) == 0);
    return pages + 2 * PAGE - CAPACITY;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void get(char *buffer, unsigned *refused)
{
    struct {
        size_t before, size, after;
    } out = {0x1111, 0, 0x2222};
    memset(buffer - 64, 'a', 64);
    errno = 0;
    int code = kv_get("key", buffer, CAPACITY, &out.size);
    must(out.before == 0x1111 && out.after == 0x2222);
    for (int i = 1; i <= 64; i++)
        must(buffer[-i] == 'a');
    must(errno >= 0 && errno < 4096);
    *refused += code == -1 && errno == EPROTO;
}

/* Pointers that a server returns to follow lie in its segment, or the call has failed. */
static void find(int check_pointers)
{
    errno = 0;
    const struct kv_node *node = kv_find("key");
    if (check_pointers)
        must(!node || ((uintptr_t)node >= 0x300000000000 && (uintptr_t)node < 0x500000000000));
}

int main(int argc, char **argv)
{
    int check_pointers = argc > 1 && strcmp(argv[1], "pointers") == 0;
    (void)argv;
    char *buffer = guarded(), value[CAPACITY], copy[CAPACITY];
    unsigned refused = 0;
    memset(value, 7, sizeof value);
    memcpy(copy, value, sizeof copy);
    double start = now();
    for (int i = 0; i < 300; i++) {
        get(buffer, &refused);
        must(kv_put("key", value, sizeof value) != 0x4321); /* the answer to another call */
        must(memcmp(value, copy, sizeof value) == 0);       /* an in parameter is not written to */
        must(kv_null() != 0x4321);
        must(kv_count() != 0x4321);
        find(check_pointers);
    }
    must(refused > 0);
    must(now() - start < 60);
    puts("lied to, and none the worse");
    return 0;
}
