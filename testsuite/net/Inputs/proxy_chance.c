/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* One fault after the other, at random: which, for how long, and how long there is none. The seed decides. */
#include "proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

/* Weight; how long it stays, from and to; the command, whose numbers are taken from what is said for each. */
#define CHANCES(X)                                          \
    X(RESET, 25, 1, 20, "reset", 0, 0)                      \
    X(CUT, 20, 20, 400, "cut", 1, 4000)                     \
    X(DELAY, 12, 100, 1200, "delay", 1, 60)                 \
    X(JITTER, 8, 100, 1200, "delay 2", 1, 80)               \
    X(RATE, 6, 100, 1000, "rate", 20000, 400000)            \
    X(SLOW, 6, 50, 400, "slow", 0, 0)                       \
    X(REFUSE, 8, 50, 1500, "refuse", 0, 0)                  \
    X(PARTITION, 8, 50, 2500, "partition", 0, 0)            \
    X(HALF_OPEN_THERE, 6, 200, 3000, "swallow there", 0, 0) \
    X(HALF_OPEN_BACK, 6, 200, 3000, "swallow back", 0, 0)   \
    X(HALF_OPEN_BOTH, 6, 200, 3000, "swallow both", 0, 0)   \
    X(REFUSE_AND_RESET, 6, 50, 1000, "refuse-and-reset", 0, 0)

enum kind {
#define X(NAME, weight, from, to, command, low, high) NAME,
    CHANCES(X)
#undef X
        KINDS
};

struct about {
    const char *command;
    uint32_t weight, from_ms, to_ms, low, high;
};
static const struct about about[KINDS] = {
#define X(NAME, weight, from, to, command, low, high) {command, weight, from, to, low, high},
    CHANCES(X)
#undef X
};

struct chance {
    uint64_t next;
    bool active;
    uint32_t count[KINDS];
};

int chance_begin(struct proxy *proxy, uint64_t seed)
{
    proxy->random = seed * UINT64_C(6364136223846793005) + 1;
    if (!proxy->chance)
        proxy->chance = calloc(1, sizeof *proxy->chance);
    if (!proxy->chance)
        return ENOMEM;
    *proxy->chance = (struct chance){.next = proxy_now()};
    return 0;
}

void chance_end(struct proxy *proxy)
{
    if (proxy->chance)
        proxy->chance->next = UINT64_MAX;
    faults_heal(proxy);
}

static enum kind choose(struct proxy *proxy)
{
    uint32_t all = 0;
    for (int i = 0; i < KINDS; i++)
        all += about[i].weight;
    uint32_t at = proxy_random(proxy, all);
    for (int i = 0; i < KINDS; i++) {
        if (at < about[i].weight)
            return (enum kind)i;
        at -= about[i].weight;
    }
    return RESET;
}

static uint32_t between(struct proxy *proxy, uint32_t low, uint32_t high)
{
    return low + proxy_random(proxy, high - low + 1);
}

static uint32_t strike(struct proxy *proxy)
{
    enum kind kind = choose(proxy);
    const struct about *what = &about[kind];
    char line[64];
    if (what->high)
        snprintf(line, sizeof line, "%s %u", what->command, between(proxy, what->low, what->high));
    else
        snprintf(line, sizeof line, "%s", what->command);
    faults_command(proxy, line);
    proxy->chance->count[kind]++;
    return between(proxy, what->from_ms, what->to_ms);
}

uint64_t chance_go_on(struct proxy *proxy, uint64_t now)
{
    struct chance *chance = proxy->chance;
    if (!chance)
        return UINT64_MAX;
    if (chance->next > now)
        return chance->next;
    chance->active = !chance->active;
    if (!chance->active)
        faults_heal(proxy);
    chance->next = now + (chance->active ? strike(proxy) : between(proxy, 30, 700)) * MS;
    return chance->next;
}

void chance_report(const struct proxy *proxy, FILE *out)
{
    for (int i = 0; proxy->chance && i < KINDS; i++)
        fprintf(out, "%s%u %s", i ? ", " : " ", proxy->chance->count[i], about[i].command);
}
