/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A client that does as its input says, a line at a time, and answers with a line. The import library is opened at `bind`, so
 * that a capability can be presented before.
 */
#include "hold.h"

#include <dlfcn.h>
#include <errno.h>
#include <farcall/farcall.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf fault;
static const struct hold_cell *where;
static void *library;

static void on_fault(int number)
{
    siglongjmp(fault, number);
}

static void *operation(const char *name)
{
    void *function = dlsym(library, name);
    if (!function)
        abort();
    return function;
}

static void say(const char *what, long result)
{
    if (result == -1)
        printf("%s: -1, %s\n", what, strerror(errno));
    else
        printf("%s: %ld\n", what, result);
}

/* The library takes the memory away while it is read, on purpose: that is no race to report, but what is tested. */
__attribute__((no_sanitize("thread"))) static int touch(void)
{
    return *(const volatile int *)&where->value;
}

/* Looks at the memory without calling anything, until it cannot. */
static void compute(void)
{
    puts("compute: begun");
    fflush(stdout);
    while (touch() > 0)
        ;
}

static void guarded(void (*what)(void), const char *name)
{
    if (sigsetjmp(fault, 1) == 0) {
        what();
        printf("%s: %d\n", name, touch());
    } else
        printf("%s: SIGSEGV\n", name);
}

static void nothing(void) {}

static void slow(void)
{
    char secret[16] = "";
    int (*hold_slow)(int, char *) = (int (*)(int, char *))operation("hold_slow");
    puts("slow: begun");
    fflush(stdout);
    int result = hold_slow(1500, secret);
    printf("slow: %d, %s; %s\n", result, result ? strerror(errno) : "", secret[0] ? secret : "nothing came");
}

/* A child that has the mapping from its parent and never calls anything. */
static void have_child(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    printf("fork: %d\n", (int)pid);
}

static void narrow(const char *token)
{
    char narrowed[FAR_CAPABILITY_MAX] = "";
    const struct far_capability_wish wish = {.operations = "hold_get", .note = "from C"};
    int result = far_capability_narrow(token, &wish, narrowed);
    printf("narrow: %d %s\n", result, result ? strerror(errno) : narrowed);
}

static void obey(char *line)
{
    char *argument = strchr(line, ' ');
    if (argument)
        *argument++ = '\0';
    if (strcmp(line, "present") == 0)
        say("present", far_present(argument));
    else if (strcmp(line, "narrow") == 0)
        narrow(argument);
    else if (strcmp(line, "bind") == 0) {
        library = dlopen(argument, RTLD_NOW);
        printf("bind: %s\n", library ? far_level_name(far_level("hold")) : dlerror());
    } else if (strcmp(line, "level") == 0)
        printf("level: %s\n", far_level_name(far_level("hold")));
    else if (strcmp(line, "stub") == 0)
        printf("stub: %s\n", far_stub_kind_name(far_stub_kind(operation("hold_get"))));
    else if (strcmp(line, "where") == 0) {
        where = ((const struct hold_cell *(*)(void))operation("hold_where"))();
        printf("where: %s\n", where ? "there" : strerror(errno));
    } else if (strcmp(line, "get") == 0)
        say("get", ((int (*)(void))operation("hold_get"))());
    else if (strcmp(line, "set") == 0)
        say("set", ((int (*)(int))operation("hold_set"))(atoi(argument)));
    else if (strcmp(line, "read") == 0)
        say("read", ((int (*)(const struct hold_cell *))operation("hold_read"))(where));
    else if (strcmp(line, "touch") == 0)
        guarded(nothing, "touch");
    else if (strcmp(line, "compute") == 0)
        guarded(compute, "compute");
    else if (strcmp(line, "slow") == 0)
        slow();
    else if (strcmp(line, "fork") == 0)
        have_child();
    else
        printf("what is %s?\n", line);
}

int main(void)
{
    char line[512];
    signal(SIGSEGV, on_fault);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
        fflush(stdout);
    }
    return 0;
}
