/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: caller WORDS…: calls of ledger, one after the other, each with a line of its own:
 *     add ID | late ID MS | slow ID MS | peek ID | text ID BYTES 
 *     within MS    the call before must not have taken longer
 *     wait FILE    until there is one
 *     thread WORDS the call behind it is made by a thread that ends then, and its channel with it
 *     begun        how many late calls have been
 *     count        what was executed, in order
 */
#include "ledger.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct words {
    char **next;
};

static long number(struct words *words)
{
    return *words->next ? atol(*words->next++) : 0;
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long add_text(uint64_t id, size_t size)
{
    struct ledger_receipt receipt = {0, 0};
    unsigned char *text = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = ledger_byte(id, i);
    long result = ledger_add_text(id, text, size, &receipt);
    free(text);
    return result > 0 && receipt.id != id ? LEDGER_DAMAGED : result;
}

static void show_executions(void)
{
    enum { MOST = 100 };
    struct ledger_entry entry[MOST];
    long got = ledger_read(1, entry, MOST);
    printf("executed:");
    for (long i = 0; i < got; i++)
        if (entry[i].done)
            printf(" %lu", (unsigned long)entry[i].id);
    puts(got < 0 ? " ?" : "");
}

static long call(const char *verb, struct words *words)
{
    uint64_t id = (uint64_t)number(words);
    if (strcmp(verb, "add") == 0)
        return ledger_add(id, 1);
    if (strcmp(verb, "late") == 0)
        return ledger_add_late(id, 1, (int)number(words));
    if (strcmp(verb, "slow") == 0)
        return ledger_add_slowly(id, 1, (int)number(words));
    if (strcmp(verb, "text") == 0)
        return add_text(id, (size_t)number(words));
    return ledger_peek(id);
}

static long call_and_show(const char *verb, struct words *words)
{
    long begun = now_ms();
    errno = 0;
    long result = call(verb, words);
    int error = errno;
    printf("%s: %s\n", verb, result > 0 ? "answered" : result == 0 ? "0" : strerrorname_np(error));
    return now_ms() - begun;
}

static void *call_on_thread(void *words)
{
    call_and_show(*((struct words *)words)->next++, words);
    return NULL;
}

static void call_by_thread(struct words *words)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, call_on_thread, words) == 0)
        pthread_join(thread, NULL);
}

static void wait_for_file(const char *path)
{
    const struct timespec pause = {0, 5000000};
    while (access(path, F_OK) != 0)
        nanosleep(&pause, NULL);
}

int main(int argc, char **argv)
{
    struct words words = {argv + 1};
    long took = 0, most;
    (void)argc;
    while (*words.next) {
        const char *verb = *words.next++;
        if (strcmp(verb, "count") == 0)
            show_executions();
        else if (strcmp(verb, "begun") == 0)
            printf("%ld\n", ledger_begun());
        else if (strcmp(verb, "thread") == 0)
            call_by_thread(&words);
        else if (strcmp(verb, "wait") == 0)
            wait_for_file(*words.next++);
        else if (strcmp(verb, "within") != 0)
            took = call_and_show(verb, &words);
        else if ((most = number(&words)) < took)
            printf("took %ld ms, not at most %ld\n", took, most);
        fflush(stdout);
    }
    return 0;
}
