/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A client of ledger that does what lines on its input say, and answers each with one line. A call that does not come back
 * is ended by SIGALRM, which says so.
 */
#include "ledger.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HUNG_S 40

static void hung(int number)
{
    (void)number;
    static const char text[] = "hung\n";
    if (write(1, text, sizeof text - 1) < 0)
        _exit(2);
    _exit(3);
}

static void say(long result)
{
    if (result < 0)
        printf("%ld %s\n", result, strerrorname_np(errno));
    else
        printf("%ld\n", result);
}

static void *wait_in_thread(void *argument)
{
    return (void *)(long)ledger_wait(*(int *)argument);
}

/* Two threads, each with a channel of its own; the second one ends, and its channel with it. */
static long two_threads(int milliseconds)
{
    pthread_t thread;
    void *result;
    if (pthread_create(&thread, NULL, wait_in_thread, &milliseconds) != 0)
        return -1;
    long own = ledger_wait(0);
    pthread_join(thread, &result);
    return own ? own : (long)result;
}

static void do_line(const char *verb, int a, int b)
{
    errno = 0;
    if (strcmp(verb, "kind") == 0)
        printf("%s\n", far_stub_kind_name(far_stub_kind((const void *)ledger_move)));
    else if (strcmp(verb, "move") == 0)
        say(ledger_move(a, b));
    else if (strcmp(verb, "move-there") == 0)
        say(ledger_move_there(a, b));
    else if (strcmp(verb, "sum") == 0)
        say(ledger_sum());
    else if (strcmp(verb, "note") == 0)
        say(ledger_note(a));
    else if (strcmp(verb, "note-there") == 0)
        say(ledger_note_there(a));
    else if (strcmp(verb, "notes") == 0)
        say(ledger_check_notes());
    else if (strcmp(verb, "openings") == 0)
        say(ledger_openings());
    else if (strcmp(verb, "moves") == 0)
        say(ledger_moves());
    else if (strcmp(verb, "wait") == 0)
        say(ledger_wait(a));
    else if (strcmp(verb, "threads") == 0)
        say(two_threads(a));
    else if (strcmp(verb, "seize") == 0)
        say(ledger_seize());
    else if (strcmp(verb, "once") == 0)
        say(ledger_once(a));
    else
        printf("what is %s?\n", verb);
}

int main(void)
{
    char line[128], verb[32];
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGALRM, hung);
    while (fgets(line, sizeof line, stdin)) {
        int a = 0, b = 0;
        if (sscanf(line, "%31s %d %d", verb, &a, &b) < 1)
            continue;
        alarm(HUNG_S);
        do_line(verb, a, b);
        alarm(0);
    }
    return 0;
}
