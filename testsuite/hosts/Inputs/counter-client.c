/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * hammer: four threads call without a pause until a line comes in, and then it says what became of all those calls.
 * slow MS: one call that takes so long, and which version served it; after that the version that serves the next.
 * hold: a handle that is got in one thread and used in another, when a line has come in.
 * branch: after each line that comes in, what the operation says that the caller runs itself.
 */
#include "counter.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_bool stop;
static atomic_long calls, failed, wrong;

/* A handle lives through upgrades, and is released in a version that did not make it. */
static void use_box(struct box **box, int *uses)
{
    if (!*box) {
        *box = counter_open();
        *uses = 0;
        failed += !*box;
    } else if (++*uses % 5000 == 0) {
        wrong += counter_close(*box) != *uses - 1;
        *box = NULL;
    } else {
        wrong += counter_use(*box) != *uses;
    }
}

static void *call_on(void *unused)
{
    struct box *box = NULL;
    int uses = 0;
    (void)unused;
    while (!stop) {
        use_box(&box, &uses);
        char text[64] = "";
        int length = rand() % 60;
        memset(text, 'x', (size_t)length);
        int said = counter_text(text);
        if (counter_next() < 0 || said < 0) {
            failed++;
            perror("call");
        } else if (said / 100 != length) {
            wrong++;
        }
        calls++;
    }
    return NULL;
}

static void wait_for_line(void)
{
    char line[16];
    if (!fgets(line, sizeof line, stdin))
        exit(1);
}

static void hammer(void)
{
    pthread_t thread[4];
    long start = counter_next();
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, call_on, NULL);
    wait_for_line();
    stop = true;
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    long lost = calls - (counter_next() - start - 1);
    printf("%s calls: %ld failed, %ld wrong, %ld lost or made twice; now version %d\n", calls > 1000 ? "many" : "few",
           failed, wrong, lost, counter_version());
}

static void *open_box(void *unused)
{
    (void)unused;
    return counter_open();
}

/* A handle outlives the thread that got it, and that thread's channel. */
static void hold(void)
{
    pthread_t thread;
    void *box = NULL;
    pthread_create(&thread, NULL, open_box, NULL);
    pthread_join(thread, &box);
    puts(box ? "holding" : "no handle");
    wait_for_line();
    printf("used: %d, closed: %d\n", counter_use(box), counter_close(box));
}

/* A handle that its host gives when it is no longer the service's host. */
static void open_slowly(int ms)
{
    counter_version();
    puts("slow open begins");
    struct box *box = counter_open_slow(ms);
    printf("opened: %s, used: %d, closed: %d by version %d\n", box ? "yes" : "no", counter_use(box), counter_close(box),
           counter_version());
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "hammer") == 0) {
        hammer();
    } else if (argc > 1 && strcmp(argv[1], "hold") == 0) {
        hold();
    } else if (argc > 2 && strcmp(argv[1], "slow") == 0) {
        counter_version();
        puts("slow call begins");
        int served = counter_slow(atoi(argv[2]));
        printf("slow call was served by version %d, the next by version %d\n", served, counter_version());
    } else if (argc > 2 && strcmp(argv[1], "open") == 0) {
        open_slowly(atoi(argv[2]));
    } else {
        for (int i = 0; i < 2; i++) {
            printf("branch %d, trap %d\n", counter_branch(), counter_version());
            wait_for_line();
        }
    }
    return 0;
}
