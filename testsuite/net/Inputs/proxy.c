/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * usage: proxy --route NAME [NETNS/]HOST:PORT [NETNS/]HOST:PORT … [--chance SEED]
 *
 * Takes connections at the first place of a route and makes them at the second. Says `ready`; then answers each line on its standard input
 * by `ok` or `error: …`:
 *
 *     delay MS [JITTER_MS]      what is sent arrives so much later, up to JITTER_MS more; in order
 *     rate BYTES                a second
 *     slow                      a byte at a time
 *     cut BYTES                 so many more pass, then that connection is reset
 *     reset                     all connections
 *     refuse                    new connections are refused
 *     refuse-and-reset          both
 *     partition                 nothing passes, nothing is lost; nobody is told
 *     swallow there|back|both   what is sent from that side is lost; nobody is told: half-open
 *     heal                      all is well again; connections with a hole in them are reset
 *     chance SEED | chance off  faults at random
 *     report                    ok, and what there was
 *
 * Ends with its standard input.
 */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

uint64_t proxy_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t proxy_random(struct proxy *proxy, uint32_t below)
{
    proxy->random = proxy->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return below ? (uint32_t)(proxy->random >> 33) % below : 0;
}

void faults_heal(struct proxy *proxy)
{
    proxy->faults = (struct faults){.cut = -1};
    flow_reset_lost(proxy);
    flow_listen(proxy);
}

static const char *swallow(struct proxy *proxy, const char *side)
{
    bool there = strcmp(side, "there") == 0, back = strcmp(side, "back") == 0, both = strcmp(side, "both") == 0;
    if (!there && !back && !both)
        return "swallow: there, back or both";
    proxy->faults.swallow[THERE] = there || both;
    proxy->faults.swallow[BACK] = back || both;
    return NULL;
}

static const char *chance_command(struct proxy *proxy, const char *word, uint64_t seed)
{
    if (strcmp(word, "off") == 0)
        chance_end(proxy);
    else if (chance_begin(proxy, seed) != 0)
        return "no memory";
    return NULL;
}

static const char *with_number(struct proxy *proxy, const char *verb, uint64_t first, uint64_t second)
{
    struct faults *faults = &proxy->faults;
    if (strcmp(verb, "delay") == 0) {
        faults->delay_us = (uint32_t)first * 1000;
        faults->jitter_us = (uint32_t)second * 1000;
    } else if (strcmp(verb, "rate") == 0) {
        faults->rate = first;
    } else if (strcmp(verb, "cut") == 0) {
        faults->cut = (int64_t)first;
    } else {
        return "no such command";
    }
    return NULL;
}

static const char *without_number(struct proxy *proxy, const char *verb)
{
    struct faults *faults = &proxy->faults;
    if (strncmp(verb, "refuse", 6) == 0) {
        faults->refuse = true;
        flow_refuse(proxy);
    }
    if (strcmp(verb, "reset") == 0 || strcmp(verb, "refuse-and-reset") == 0)
        flow_reset_all(proxy);
    else if (strcmp(verb, "slow") == 0)
        faults->slow = true;
    else if (strcmp(verb, "partition") == 0)
        faults->hold = true;
    else if (strcmp(verb, "heal") == 0)
        faults_heal(proxy);
    else if (strcmp(verb, "refuse") != 0 && strcmp(verb, "report") != 0)
        return "no such command";
    return NULL;
}

const char *faults_command(struct proxy *proxy, const char *line)
{
    char verb[32] = "", word[32] = "";
    uint64_t second = 0;
    int words = sscanf(line, "%31s %31s %" SCNu64, verb, word, &second);
    if (words < 1)
        return "no command";
    if (strcmp(verb, "swallow") == 0)
        return swallow(proxy, word);
    if (strcmp(verb, "chance") == 0)
        return chance_command(proxy, word, strtoull(word, NULL, 10));
    if (words > 1)
        return with_number(proxy, verb, strtoull(word, NULL, 10), second);
    return without_number(proxy, verb);
}

static void answer(struct proxy *proxy, const char *line)
{
    const char *wrong = faults_command(proxy, line);
    if (wrong)
        printf("error: %s: %s\n", line, wrong);
    else if (strcmp(line, "report") == 0) {
        printf("ok %" PRIu64 " connections, %" PRIu64 " resets, %" PRIu64 " bytes;", proxy->accepted, proxy->resets,
               proxy->passed_bytes);
        chance_report(proxy, stdout);
        putchar('\n');
    } else {
        puts("ok");
    }
    fflush(stdout);
}

/* Whole lines of what is there. false: the end. */
static bool hear(struct proxy *proxy)
{
    static char text[512];
    static size_t filled;
    ssize_t got = read(STDIN_FILENO, text + filled, sizeof text - 1 - filled);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    filled += (size_t)got;
    text[filled] = 0;
    for (char *end; (end = strchr(text, '\n'));) {
        *end = 0;
        answer(proxy, text);
        filled -= (size_t)(end + 1 - text);
        memmove(text, end + 1, filled + 1);
    }
    return filled < sizeof text - 1;
}

static bool read_place(const char *text, struct place *place)
{
    char host[64];
    unsigned port;
    const char *slash = strchr(text, '/');
    if (slash && (size_t)(slash - text) < sizeof place->space)
        memcpy(place->space, text, (size_t)(slash - text));
    if (sscanf(slash ? slash + 1 : text, "%63[0-9.]:%u", host, &port) != 2 || port > 65535)
        return false;
    place->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, host, &place->address.sin_addr) == 1;
}

static bool read_route(struct proxy *proxy, char **argument)
{
    struct route *route = &proxy->route[proxy->routes];
    if (proxy->routes == ROUTES_MAX)
        return false;
    *route = (struct route){.listener = -1};
    snprintf(route->name, sizeof route->name, "%s", argument[0]);
    proxy->routes++;
    return read_place(argument[1], &route->from) && read_place(argument[2], &route->to);
}

static bool read_arguments(struct proxy *proxy, int argc, char **argv)
{
    for (int i = 1; i < argc;) {
        if (strcmp(argv[i], "--route") == 0 && i + 3 < argc && read_route(proxy, argv + i + 1))
            i += 4;
        else if (strcmp(argv[i], "--chance") == 0 && i + 1 < argc &&
                 chance_begin(proxy, strtoull(argv[i + 1], NULL, 10)) == 0)
            i += 2;
        else
            return false;
    }
    return proxy->routes > 0;
}

static void go_on(struct proxy *proxy)
{
    static struct pollfd set[FLOW_WAIT_MAX + 1];
    for (;;) {
        uint64_t now = proxy_now(), wake = chance_go_on(proxy, now);
        unsigned count = flow_wait(proxy, set + 1, &wake);
        set[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        uint64_t left = wake > now ? wake - now : 0;
        const struct timespec time = {(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
        if (ppoll(set, count + 1, wake == UINT64_MAX ? NULL : &time, NULL) < 0)
            continue;
        flow_go_on(proxy, set + 1);
        if (set[0].revents && !hear(proxy))
            return;
    }
}

int main(int argc, char **argv)
{
    static struct proxy proxy = {.faults = {.cut = -1}, .random = 1};
    if (!read_arguments(&proxy, argc, argv)) {
        fputs("usage: proxy --route NAME [NETNS/]HOST:PORT [NETNS/]HOST:PORT … [--chance SEED]\n", stderr);
        return EX_USAGE;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* goes with the test */
    int error = flow_listen(&proxy);
    if (error) {
        fprintf(stderr, "proxy: cannot listen: %s\n", strerror(error));
        return EX_OSERR;
    }
    puts("ready");
    fflush(stdout);
    go_on(&proxy);
    flow_refuse(&proxy);
    flow_reset_all(&proxy);
    free(proxy.chance);
    return 0;
}
