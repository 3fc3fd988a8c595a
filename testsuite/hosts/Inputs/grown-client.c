/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * hammer: four threads call without a pause until a line comes in, and then it says what became of all those calls.
 * look NUMBER…: what the variables of that number hold; a letter as such. Of a version that has the operation.
 * Nothing: the same for each line that comes in.
 */
#include "grown.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_bool stop;
static atomic_long calls, failed;

static void *call_on(void *unused)
{
    (void)unused;
    while (!stop) {
        failed += grown_next() < 0;
        failed += grown_version() < 0;
        calls++;
    }
    return NULL;
}

static int hammer(void)
{
    char line[16];
    pthread_t thread[4];
    long start = grown_next();
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, call_on, NULL);
    char *came = fgets(line, sizeof line, stdin);
    stop = true;
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    printf("%s calls: %ld failed, %ld lost or made twice; now version %d\n", calls > 1000 ? "many" : "few", failed,
           calls - (grown_next() - start - 1), grown_version());
    return !came;
}

#if MINOR > 0
static void look(int which)
{
    long said = grown_look(which);
    if (which == 4)
        printf("%c ", (int)said);
    else
        printf("%ld ", said);
}

static int serve(void)
{
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        look(atoi(line));
        puts("");
    }
    return 0;
}
#endif

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "hammer") == 0)
        return hammer();
#if MINOR > 0
    if (argc == 1)
        return serve();
    for (int i = 2; i < argc; i++)
        look(atoi(argv[i]));
    printf("version %d\n", grown_version());
#endif
    return 0;
}
