/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* client COMMAND…: queues calls, and says what became of them. Each command is a word, with a number behind a colon. */
#include "notes_promises.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static far_ticket last;

static void say_queued(const char *what, far_ticket ticket)
{
    last = ticket ? ticket : last;
    printf("%s: %s\n", what, ticket ? "queued" : strerrorname_np(errno));
}

static void say_state(far_ticket ticket, int waited, const struct far_ticket_info *info)
{
    if (waited != 0 && errno != ETIMEDOUT)
        printf("ticket: %s\n", strerrorname_np(errno));
    else
        printf("%s: %s%s%s\n", info->operation, far_ticket_state_name(info->state), info->error ? ", " : "",
               info->error ? strerrorname_np(info->error) : "");
    (void)ticket;
}

static void wait_for(far_ticket ticket)
{
    struct far_ticket_info info = {0};
    say_state(ticket, far_ticket_wait(ticket, PATIENCE_MS, &info), &info);
}

static void look_at(far_ticket ticket)
{
    struct far_ticket_info info = {0};
    say_state(ticket, far_ticket_look(ticket, &info), &info);
}

static void claim(far_ticket ticket)
{
    struct far_ticket_info info = {0};
    long result = 0; /* whatever its width */
    double real;
    errno = 0;
    int failed = far_ticket_claim(ticket, &result, &info);
    memcpy(&real, &result, sizeof real);
    if (failed)
        printf("claim: %s%s%s\n", strerrorname_np(errno), info.ticket ? ", " : "",
               info.ticket ? far_ticket_state_name(info.state) : "");
    else if (strcmp(info.operation, "notes_sum") == 0)
        printf("%s = %g\n", info.operation, real);
    else
        printf("%s = %ld%s%s\n", info.operation, result, errno ? ", " : "", errno ? strerrorname_np(errno) : "");
}

static void list(void)
{
    struct far_ticket_info info[64];
    int count = far_ticket_list(0, info, 64);
    if (count < 0)
        printf("list: %s\n", strerrorname_np(errno));
    else
        printf("%d tickets\n", count);
    for (int i = 0; i < count; i++)
        printf("  %s %s\n", info[i].operation, far_ticket_state_name(info[i].state));
}

static void add_many(long count)
{
    long queued = 0;
    while (queued < count && notes_add_queued(queued + 1))
        queued++;
    printf("%ld of %ld queued\n", queued, count);
}

/* All of them, in the order of their tickets. */
static void claim_all(long count)
{
    struct far_ticket_info info;
    long expected = 0, result = 0;
    for (far_ticket ticket = 0; far_ticket_list(ticket, &info, 1) == 1; ticket = info.ticket) {
        far_ticket_wait(info.ticket, PATIENCE_MS, NULL);
        expected += far_ticket_claim(info.ticket, &result, &info) == 0 && result == expected + 1;
    }
    printf("%ld of %ld in order\n", expected, count);
}

static void fill(size_t size)
{
    long count = 0;
    char *bytes = calloc(1, size);
    errno = 0;
    while (notes_sum_queued("1", bytes, size, 0, 0, 0, 0, 0, 0, 0, 0))
        count++;
    printf("%s: %s\n", count > 200 && count < 400 ? "some hundreds" : "other", strerrorname_np(errno));
    free(bytes);
}

static void await_begun(int count)
{
    while (notes_begun() < count)
        usleep(5000);
    printf("%d begun\n", notes_begun());
}

static void run(const char *word, long n)
{
    far_ticket ticket = n ? (far_ticket)n : last;
    static const char all[] = "0123", large[100000];
    if (strcmp(word, "add") == 0)
        say_queued(word, notes_add_queued(n));
    else if (strcmp(word, "sum") == 0)
        say_queued(word, notes_sum_queued("12", all, sizeof all - 1, -1, 0.5, 0.25f, 200, 1, 2, 3, 1000));
    else if (strcmp(word, "null") == 0)
        say_queued(word, notes_sum_queued("", NULL, 0, 0, 0, 0, 0, 0, 0, 0, 7));
    else if (strcmp(word, "empty") == 0)
        say_queued(word, notes_sum_queued(NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 7));
    else if (strcmp(word, "large") == 0)
        say_queued(word, notes_sum_queued("", large, sizeof large, 0, 0, 0, 0, 0, 0, 0, 7));
    else if (strcmp(word, "wait-at-gate") == 0)
        say_queued(word, notes_wait_queued((int)n));
    else if (strcmp(word, "wait-again") == 0)
        say_queued(word, notes_wait_again_queued((int)n));
    else if (strcmp(word, "nothing") == 0)
        say_queued(word, notes_nothing_queued());
    else if (strcmp(word, "change") == 0)
        say_queued(word, notes_change_queued((int)n));
    else if (strcmp(word, "many") == 0)
        add_many(n);
    else if (strcmp(word, "claim-all") == 0)
        claim_all(n);
    else if (strcmp(word, "fill") == 0)
        fill((size_t)n);
    else if (strcmp(word, "await") == 0)
        wait_for(ticket);
    else if (strcmp(word, "look") == 0)
        look_at(ticket);
    else if (strcmp(word, "claim") == 0)
        claim(ticket);
    else if (strcmp(word, "drop") == 0)
        printf("drop: %s\n", far_ticket_drop(ticket) == 0 ? "done" : strerrorname_np(errno));
    else if (strcmp(word, "list") == 0)
        list();
    else if (strcmp(word, "begun") == 0)
        await_begun((int)n);
    else if (strcmp(word, "open") == 0 || strcmp(word, "close") == 0)
        notes_open(*word == 'o');
    else if (strcmp(word, "order") == 0)
        printf("%ld notes, %s\n", notes_count(), notes_in_order() == 1 ? "in order" : "out of order");
    else
        exit(64);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *colon = strchrnul(argv[i], ':');
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)(colon - argv[i]), argv[i]);
        run(word, *colon ? strtol(colon + 1, NULL, 10) : 0);
    }
    return 0;
}
