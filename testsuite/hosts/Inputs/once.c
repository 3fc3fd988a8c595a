/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Constructors that may die, and notice whether any ran on this data before. */
#include "once.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int begun, completed, wrong, count;
static int first_value = 42;
static char *kept;

/* Where the file FARCALL_TEST_ONCE says this point's number, the process dies here, and the next one at the next point. */
static void point(int number)
{
    char text[16] = "";
    const char *path = getenv("FARCALL_TEST_ONCE");
    int fd = path ? open(path, O_RDWR) : -1;
    if (fd < 0)
        return;
    if (read(fd, text, sizeof text - 1) > 0 && atoi(text) == number) {
        int length = snprintf(text, sizeof text, "%d\n", number + 1);
        if (pwrite(fd, text, (size_t)length, 0) == length)
            kill(getpid(), SIGKILL);
    }
    close(fd);
}

__attribute__((constructor(1001))) static void first(void)
{
    wrong += begun != 0 || completed != 0 || kept != NULL || first_value != 42;
    point(1);
    begun++;
    point(2);
    first_value = 43;
    kept = malloc(100);
    point(3);
}

__attribute__((constructor(1002))) static void second(void)
{
    wrong += begun != 1 || first_value != 43 || kept == NULL;
    point(4);
    completed++;
    point(5);
}

int once_begun(void)
{
    return begun;
}

int once_completed(void)
{
    return completed;
}

int once_wrong(void)
{
    return wrong;
}

/* Asks its process, and so is never run in a client's. */
int once_count(void)
{
    return getppid() ? ++count : 0;
}
