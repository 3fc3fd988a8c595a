/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: hostile-callbacks WHAT. A client at level none that answers calls of its functions as it likes: see main(). The
 * host must be the same process afterwards.
 */
#include "attack.h"

#include "runtime/callback.h"

/* As CALL, but what comes back may ask for a function. */
static uint32_t ask_for(struct channel *channel, uint32_t slot, uint64_t first, uint64_t second, uint64_t third)
{
    return CALL(channel, slot, first, second, third);
}

/* cb_locked(f) in f in cb_locked(f) …: how deep until it is refused. */
static void deep(struct channel *channel, uint32_t locked)
{
    unsigned depth = 0, status;
    while ((status = ask_for(channel, locked, FAR_FUNCTION_FIRST, 0, 0)) == FAR_STATUS_CALLBACK && depth < 100000)
        depth++;
    printf("refused %s\n", status == FAR_CALL_TOO_DEEP ? "with EBUSY" : "otherwise");
    must(depth >= 1 && depth <= FAR_CALLS_NESTED + 1);
    for (; depth > 0; depth--)
        status = ask_for(channel, FAR_SLOT_ANSWER, depth, FAR_CALL_DONE, 0);
    must(status == FAR_CALL_DONE && channel->astack->reply.result == 1);
    puts("all came back");
}

/* Small numbers where a function should be: the service must not be made to call them. */
static void marks(struct channel *channel, uint32_t locked)
{
    static const uint64_t mark[] = {
        1, 4095, UINT64_MAX, UINT64_MAX - 4095, 4096, FAR_FUNCTION_LAST + 1, 0x7fffdeadbeef};
    for (unsigned i = 0; i < sizeof mark / sizeof *mark; i++)
        must(ask_for(channel, locked, mark[i], 0, 0) != FAR_STATUS_CALLBACK);
    puts("no function");
}

/* As many functions as it gets. */
static void many(struct channel *channel, uint32_t keep)
{
    unsigned given = 0;
    for (uint64_t word = FAR_FUNCTION_FIRST; word <= FAR_FUNCTION_LAST; word++)
        given += ask_for(channel, keep, word, 0, 0) == FAR_CALL_DONE;
    printf("has %u\n", given);
    fflush(stdout);
}

/* Answers that nobody asked for, and answers that are none. */
static void answers(struct channel *channel, uint32_t locked)
{
    must(ask_for(channel, FAR_SLOT_ANSWER, 1, 0, 0) == FAR_CALL_BAD_SLOT);
    must(ask_for(channel, locked, FAR_FUNCTION_FIRST, 0, 0) == FAR_STATUS_CALLBACK);
    must(ask_for(channel, FAR_SLOT_ANSWER, 7, 99, 1u << 31) == FAR_CALL_DONE);
    must(channel->astack->reply.result == 0);
    must(ask_for(channel, FAR_SLOT_ANSWER, 7, 0, 0) == FAR_CALL_BAD_SLOT);
    puts("answers");
}

static long mapped(uint32_t pid)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%u/statm", pid);
    FILE *file = fopen(path, "r");
    must(file && fscanf(file, "%ld", &pages) == 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Channels that come and go: what a host's thread has goes with it. */
static void channels(int fard, const struct bound *bound, uint32_t slot)
{
    uint32_t host = host_pid(fard, "cb");
    long before = 0;
    for (int i = 0; i < 600; i++) {
        struct channel channel;
        open_channel(fard, bound, 1 << 20, &channel);
        must(ask_for(&channel, slot, FAR_FUNCTION_FIRST, 0, 0) == FAR_STATUS_CALLBACK);
        must(ask_for(&channel, FAR_SLOT_ANSWER, 0, FAR_CALL_DONE, 0) == FAR_CALL_DONE);
        close_channel(fard, &channel);
        if (i == 40)
            before = mapped(host);
    }
    double end = seconds() + 20; /* threads end in their own time */
    while (mapped(host) > before + 28672 && seconds() < end)
        nap(20);
    puts(mapped(host) > before + 28672 ? "grows" : "grows not");
}

int main(int count, char **argument)
{
    struct bound bound;
    struct channel channel;
    must(count >= 2);
    int fard = connect_fard();
    bind_service(fard, "cb", 0, &bound);
    open_channel(fard, &bound, 1 << 20, &channel);
    must(ask_for(&channel, slot_of(&bound, "cb_fire"), 0, 0, 0) == FAR_CALL_DONE);
    uint32_t host = host_pid(fard, "cb");
    if (strcmp(argument[1], "deep") == 0)
        deep(&channel, slot_of(&bound, "cb_locked"));
    else if (strcmp(argument[1], "marks") == 0)
        marks(&channel, slot_of(&bound, "cb_locked"));
    else if (strcmp(argument[1], "channels") == 0)
        channels(fard, &bound, slot_of(&bound, "cb_locked"));
    else if (strcmp(argument[1], "answers") == 0)
        answers(&channel, slot_of(&bound, "cb_locked"));
    else
        many(&channel, slot_of(&bound, "cb_keep"));
    must(host_pid(fard, "cb") == host && process_lives(host));
    puts("the host stood");
    fflush(stdout);
    if (strcmp(argument[1], "many") == 0)
        getchar(); /* what it has, it has as long as it lives */
    return 0;
}
