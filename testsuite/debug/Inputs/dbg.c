/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "dbg.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) static int helper(int value)
{
    return value * 2;
}

int dbg_twice(int value)
{
    int twice = helper(value);
    return twice;
}

__attribute__((noinline)) static int visit_all(int n, int (*visit)(void *user, int value), void *user)
{
    int sum = 0;
    for (int i = 1; i <= n; i++)
        sum += visit(user, i);
    return sum;
}

int dbg_each(int n, int (*visit)(void *user, int value), void *user)
{
    int sum = visit_all(n, visit, user);
    return sum;
}

int dbg_pid(int value)
{
    int pid = getpid();
    return value ? pid : 0;
}

int dbg_wait(int ms)
{
    return usleep((useconds_t)ms * 1000);
}

__attribute__((noinline)) static void descend(jmp_buf top, int depth)
{
    if (depth == 0)
        longjmp(top, 1);
    descend(top, depth - 1);
    helper(depth); /* no tail call */
}

int dbg_inside(int depth)
{
    jmp_buf top;
    if (setjmp(top) == 0)
        descend(top, depth);
    return depth;
}

static jmp_buf kept;

int dbg_set(void)
{
    return setjmp(kept);
}

int dbg_jump(void)
{
    longjmp(kept, 1);
}

int dbg_jump_with(const char *text)
{
    longjmp(kept, (int)strlen(text));
}

static void (*thrower)(void);

int dbg_throw(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW);
    if (!handle)
        return -2;
    *(void **)&thrower = dlsym(handle, "throw_it");
    thrower();
    return 0;
}

int dbg_throw_plain(int number)
{
    thrower();
    return number;
}

int dbg_exit(int code)
{
    exit(code);
}

int dbg_end_thread(int by_cancel)
{
    if (!by_cancel)
        pthread_exit(NULL);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_cancel(pthread_self());
    pthread_testcancel();
    return 0;
}
