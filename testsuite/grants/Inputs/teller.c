/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A client that does what it is told, line by line. Its region has SIZE bytes. */
#include "lend.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE (1 << 20)

static char *region;
static int sum;
static pthread_t waiting;

static void *wait_there(void *unused)
{
    sum = lend_wait(region, 100);
    return unused;
}

static void begin_waiting(void)
{
    memset(region, 0, 100);
    pthread_create(&waiting, NULL, wait_there, NULL);
    for (int i = 0; i < 20000 && !((volatile char *)region)[1]; i++)
        usleep(1000);
    puts(region[1] ? "waiting" : "never called");
}

static const char *how(char *bytes)
{
    uint64_t there = lend_where(bytes, 100);
    return there == (uint64_t)bytes ? "as it is" : there ? "copied" : strerror(errno);
}

static const char *rights(const char *address)
{
    static char text[4];
    return lend_rights(address, text) ? strerror(errno) : text;
}

static void *how_there(void *answer)
{
    *(const char **)answer = how(region);
    return NULL;
}

static const char *how_on_a_thread(void)
{
    pthread_t thread;
    const char *said = "no thread";
    if (pthread_create(&thread, NULL, how_there, &said) == 0)
        pthread_join(thread, NULL);
    return said;
}

static int code_of(int failed)
{
    return failed < 0 ? errno : failed;
}

/* How many it gets of so many bytes; it keeps them. */
static int take_many(size_t bytes)
{
    int count = 0;
    while (count < 100 && far_region(bytes))
        count++;
    return count;
}

static void answer(const char *line)
{
    struct cell *cell = region ? (struct cell *)(region + 128) : NULL;
    if (strncmp(line, "region", 6) == 0)
        printf("%d\n", (region = far_region(SIZE)) ? 0 : errno);
    else if (strncmp(line, "grant", 5) == 0)
        printf("%d\n", code_of(far_grant(region, "lend", FAR_GRANT_WRITE)));
    else if (strncmp(line, "reading", 7) == 0)
        printf("%d\n", code_of(far_grant(region, "lend", FAR_GRANT_READ)));
    else if (strncmp(line, "revoke", 6) == 0)
        printf("%d\n", code_of(far_revoke(region, NULL)));
    else if (strncmp(line, "free", 4) == 0)
        printf("%d\n", code_of(far_region_free(region)));
    else if (strncmp(line, "bytes", 5) == 0)
        puts(how(region));
    else if (strncmp(line, "thread", 6) == 0)
        puts(how_on_a_thread());
    else if (strncmp(line, "rights", 6) == 0)
        puts(rights(region));
    else if (strncmp(line, "wait", 4) == 0)
        begin_waiting();
    else if (strncmp(line, "sum", 3) == 0) {
        memset(region, 1, 100);
        pthread_join(waiting, NULL);
        printf("%d\n", sum);
    } else if (strncmp(line, "place", 5) == 0)
        printf("%p\n", (void *)region);
    else if (strncmp(line, "cell", 4) == 0) {
        *cell = (struct cell){10, NULL};
        printf("%p\n", (void *)cell);
    } else if (strncmp(line, "add", 3) == 0)
        printf("%d\n", lend_add((struct cell *)strtoull(line + 4, NULL, 16)) < 0 ? errno : 0);
    else if (strncmp(line, "look", 4) == 0)
        printf("%d\n", lend_look((void *)strtoull(line + 5, NULL, 16), 1));
    else if (strncmp(line, "many", 4) == 0)
        printf("%d, then %d\n", take_many(strtoull(line + 5, NULL, 0)), errno);
    fflush(stdout);
}

int main(void)
{
    char line[100];
    while (fgets(line, sizeof line, stdin))
        answer(line);
    return 0;
}
