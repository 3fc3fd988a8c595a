/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * REQUIRES: x86-64
 * One client program with threads that come and go, children that call, and buffers of every size.
 *
 * RUN: %client-cc -O1 -g -I%root/include -I%root/docs/examples/kv %s -o %t -L%build/examples/kv -lkv -L%build/lib -lfarcall \
 * RUN:   -pthread -Wl,-rpath,%build/examples/kv -Wl,-rpath,%build/lib
 * RUN: %with-fard sh -c '%far register %build/examples/kv/kv.seg --trust "user:$(id -un)" >/dev/null && \
 * RUN:   FARCALL_LEVEL=none %t && FARCALL_LEVEL=none FARCALL_SPIN=0 %t && FARCALL_LEVEL=read %t && %t' | FileCheck %s
 * CHECK-COUNT-4: all is well
 */
#include "kv.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(condition)                                                                                   \
    do {                                                                                                  \
        if (!(condition)) {                                                                               \
            fprintf(stderr, "%s:%d: failed: %s (%s)\n", __FILE__, __LINE__, #condition, strerror(errno)); \
            exit(1);                                                                                      \
        }                                                                                                 \
    } while (0)

static void put_and_get(const char *key, size_t size, int seed)
{
    unsigned char *out = malloc(size + 16), *in = malloc(size + 16);
    size_t got = 0;
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)(i * 13 + (size_t)seed);
    memset(in, 0xa5, size + 16);
    MUST(kv_put(key, out, size) == 0);
    MUST(kv_get(key, in, size, &got) == 0);
    MUST(got == size && memcmp(in, out, size) == 0);
    for (int i = 0; i < 16; i++)
        MUST(in[size + (size_t)i] == 0xa5);
    free(out);
    free(in);
}

static void *thread_main(void *argument)
{
    char key[32];
    int number = (int)(intptr_t)argument;
    snprintf(key, sizeof key, "thread %d", number);
    for (int i = 0; i < 50; i++) {
        put_and_get(key, (size_t)(i * 100), number);
        MUST(kv_null() == 0);
    }
    return NULL;
}

static void threads(void)
{
    pthread_t thread[8];
    for (int wave = 0; wave < 3; wave++) {
        for (int i = 0; i < 8; i++)
            MUST(pthread_create(&thread[i], NULL, thread_main, (void *)(intptr_t)i) == 0);
        for (int i = 0; i < 8; i++)
            MUST(pthread_join(thread[i], NULL) == 0);
    }
}

/* A child has its own connection and its own A-stacks, from its first call on; the parent's go on working. */
static void children(void)
{
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == 0) {
            char key[32];
            snprintf(key, sizeof key, "child %d", i);
            put_and_get(key, 5000, i);
            pid_t grandchild = fork();
            if (grandchild == 0)
                _exit(kv_null() != 0);
            int status = -1;
            waitpid(grandchild, &status, 0);
            _exit(status != 0 || kv_null() != 0);
        }
        int status = -1;
        put_and_get("parent", 3000, i);
        MUST(waitpid(child, &status, 0) == child && status == 0);
    }
    char buffer[5000];
    size_t size;
    MUST(kv_get("child 2", buffer, sizeof buffer, &size) == 0 && size == sizeof buffer);
}

static void sizes(void)
{
    static const size_t some[] = {0,        1,        15,        16, 17, 4095, 4096, 65536, (1u << 20) - 4096,
                                  1u << 20, 5u << 20, 20u << 20, 3};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        put_and_get("size", some[i], (int)i);
    MUST(kv_put("size", "", 0) == 0);
}

static void errors(void)
{
    char buffer[8];
    size_t size;
    errno = 0;
    MUST(kv_get("nobody", buffer, sizeof buffer, &size) == -1 && errno == ENOENT);
    MUST(kv_put("long", "0123456789", 10) == 0);
    MUST(kv_get("long", buffer, sizeof buffer, &size) == -1 && errno == ERANGE && size == 10);
    errno = 42;
    MUST(kv_null() == 0 && errno == 42);
}

static void inspect(void)
{
    MUST(far_level("kv") != FAR_LEVEL_UNSET && far_level("nobody") == FAR_LEVEL_UNSET);
    MUST(strcmp(far_service_of((const void *)kv_null), "kv") == 0 && !far_service_of(&errno) && !far_service_of(NULL));
    MUST(far_stub_kind((const void *)kv_null) ==
         (far_level("kv") == FAR_LEVEL_TRUSTED ? FAR_STUB_BRANCH : FAR_STUB_TRAP));
    MUST(far_stub_kind((const char *)(uintptr_t)kv_null + 1) == FAR_STUB_UNKNOWN);
    MUST(far_stub_kind((const void *)inspect) == FAR_STUB_UNKNOWN);
    MUST(strcmp(far_version(), FARCALL_VERSION) == 0);
}

int main(void)
{
    inspect();
    errors();
    sizes();
    threads();
    children();
    puts("all is well");
    return 0;
}
