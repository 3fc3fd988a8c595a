/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Calls until the deadline, then shows the map that perf would read: busy MILLISECONDS. */
#include "dbg.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    long end = now_ms() + (argc > 1 ? atol(argv[1]) : 0), sum = 0;
    while (now_ms() < end)
        for (int i = 0; i < 100000; i++)
            sum += dbg_twice(i & 7);
    char name[64];
    struct stat status;
    snprintf(name, sizeof name, "/tmp/perf-%d.map", (int)getpid());
    FILE *map = fopen(name, "r");
    if (!map || lstat(name, &status) != 0)
        return puts("no map") < 0;
    printf("pid %d\n", (int)getpid());
    printf("mode %o\n", status.st_mode & 07777);
    for (int c; (c = getc(map)) != EOF;)
        putchar(c);
    if (argc <= 1)
        unlink(name);
    return sum == 1;
}
