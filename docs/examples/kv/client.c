/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * An ordinary client of kv: linked once against libkv.so, it says nothing about where its calls go. Run under three
 * users it is bound three ways. It prints what it sees: addresses, the stub that was mapped, and what a call costs beside
 * the same function in an ordinary shared library (libkv_prefixed.so), called in turn in the same run.
 *
 * usage: client [--count | --hammer SECONDS]
 */
#include "kv.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

int prefixed_kv_null(void); /* the same source, built as a plain shared library with prefixed names */

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must_put(const char *key, const char *value)
{
    if (kv_put(key, value, strlen(value) + 1) == 0)
        return;
    fprintf(stderr, "client: kv_put(\"%s\"): %s\n", key, strerror(errno));
    exit(EX_UNAVAILABLE);
}

/* The first client of all finds an empty table. */
static const struct kv_node *find_or_put(const char *key, const char *value)
{
    errno = 0;
    const struct kv_node *node = kv_find(key);
    if (node || errno != ENOENT)
        return node;
    must_put(key, value);
    return kv_find(key);
}

static void follow_list(void)
{
    printf("  following the list by plain pointers:");
    int shown = 0;
    for (const struct kv_node *node = kv_first(); node && shown < 5; node = node->next, shown++)
        printf(" %s=%s", node->key, (const char *)node->value);
    printf("\n");
}

/* What happens to a client that touches memory it was given no right to: tried in a child, so that we can tell. */
static void touch_and_report(const struct kv_node *node)
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        perror("client: fork");
        exit(EX_OSERR);
    }
    if (child == 0) {
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGSEGV, SIG_DFL);
        _exit(((const volatile struct kv_node *)node)->size ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
        printf("  touching that node: SIGSEGV in this client alone; the service still answers: kv_count() = %zu\n",
               kv_count());
    else
        printf("  touching that node: no SIGSEGV (wait status %#x): this must not happen\n", (unsigned)status);
}

static double time_calls(int (*call)(void), long calls)
{
    double start = now_ns();
    for (long i = 0; i < calls; i++)
        call();
    return (now_ns() - start) / (double)calls;
}

/* The two alternate, and the fastest of the rounds counts: the others were disturbed. */
static void time_and_report(void)
{
    int (*volatile service)(void) = kv_null;
    int (*volatile plain)(void) = prefixed_kv_null;
    long calls = far_stub_kind((const void *)kv_null) == FAR_STUB_BRANCH ? 2000000 : 20000;
    double best_service = 1e18, best_plain = 1e18;
    for (int round = 0; round < 7; round++) {
        double a = time_calls(service, calls), b = time_calls(plain, 2000000);
        best_service = a < best_service ? a : best_service;
        best_plain = b < best_plain ? b : best_plain;
    }
    printf("  a null call: %.2f ns; the same in an ordinary shared library: %.2f ns\n", best_service, best_plain);
}

static int show(void)
{
    find_or_put("pear", "green");
    find_or_put("plum", "blue");
    const struct kv_node *node = find_or_put("apple", "red");
    if (!node) {
        fprintf(stderr, "client: kv_find(\"apple\"): %s\n", strerror(errno));
        return EX_UNAVAILABLE;
    }
    enum far_level level = far_level("kv");
    printf("  rights: %s; kv_find is at %p, its stub is a %s; the node for \"apple\" is at %p\n", far_level_name(level),
           (void *)kv_find, far_stub_kind_name(far_stub_kind((const void *)kv_find)), (const void *)node);
    if (level == FAR_LEVEL_NONE)
        touch_and_report(node);
    else
        follow_list();
    time_and_report();
    return 0;
}

/* Calls without a pause while somebody else kills the host; every failure must be the operation's far_fails value. */
static int hammer(double seconds)
{
    unsigned long done = 0, failed = 0;
    int last_error = 0;
    double end = now_ns() + seconds * 1e9, longest = 0;
    for (double start = now_ns(), after; start < end; start = after) {
        if (kv_put("hammer", &done, sizeof done) == 0) {
            done++;
        } else {
            failed++;
            last_error = errno;
        }
        after = now_ns();
        longest = after - start > longest ? after - start : longest;
    }
    printf("  %lu calls done, %lu failed with -1 (%s), none hung: the longest took %.1f ms\n", done, failed,
           failed ? strerror(last_error) : "none", longest / 1e6);
    return failed && last_error != EHOSTDOWN ? EX_SOFTWARE : 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return show();
    if (argc == 2 && strcmp(argv[1], "--count") == 0) {
        printf("  kv_count() = %zu\n", kv_count());
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--hammer") == 0)
        return hammer(atof(argv[2]));
    fprintf(stderr, "usage: client [--count | --hammer SECONDS]\n");
    return EX_USAGE;
}
