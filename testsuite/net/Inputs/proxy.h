/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Between two nodes: connections are taken at one place and made at another, and what goes through is delayed, throttled, cut, or kept
 * back, as faults says. proxy.c: the command line, and commands; proxy_flow.c: connections; proxy_chance.c: faults at random.
 */
#ifndef PROXY_H
#define PROXY_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum direction { THERE, BACK }; /* from whom connects to whom is connected to, and back */

/* What is being done to all that passes. */
struct faults {
    uint32_t delay_us, jitter_us; /* order is kept */
    uint64_t rate;                /* bytes a second in each direction of a connection; 0: no limit */
    bool slow;                    /* a byte at a time */
    bool refuse;                  /* connections are */
    bool hold;       /* nothing passes, nothing is lost, nobody is told: as if packets had to be sent again */
    bool swallow[2]; /* what comes from that side is thrown away, its end too: nobody is told */
    int64_t cut;     /* so many bytes still pass, then that connection is reset; -1: no limit */
};

struct place {
    char space[64]; /* network namespace; empty: one's own */
    struct sockaddr_in address;
};

struct route {
    char name[32];
    struct place from, to;
    int listener; /* -1: closed */
};

#define ROUTES_MAX      16
#define CONNECTIONS_MAX 512

struct piece;
struct pipe { /* what is under way in one direction */
    struct piece *first, **end;
    size_t bytes;
    uint64_t last_due, free_at; /* of the last piece; when the line has taken what it was given before */
    bool ended, told;           /* its sender has; its receiver knows */
    bool lost;                  /* something was swallowed: this connection can never go on */
};

struct connection {
    int side[2]; /* of who has connected; of whom we have connected to */
    bool connecting;
    struct pipe pipe[2];
};

struct proxy {
    struct faults faults;
    struct route route[ROUTES_MAX];
    struct connection *connection[CONNECTIONS_MAX];
    unsigned routes, connections;
    uint64_t accepted, resets, passed_bytes;
    uint64_t random; /* state */
    struct chance *chance;
};

uint64_t proxy_now(void); /* nanoseconds */
uint32_t proxy_random(struct proxy *proxy, uint32_t below);

/* Opens what is not open. 0, or an errno. */
int flow_listen(struct proxy *proxy);
void flow_refuse(struct proxy *proxy);
void flow_reset_all(struct proxy *proxy);
/* Those whose bytes were swallowed: a stream with a hole in it must not go on. */
void flow_reset_lost(struct proxy *proxy);
/* Fills `set`; returns how many, and in *wake when something is due next, if that is earlier. */
unsigned flow_wait(struct proxy *proxy, struct pollfd *set, uint64_t *wake);
/* After poll(): the same set. */
void flow_go_on(struct proxy *proxy, const struct pollfd *set);
#define FLOW_WAIT_MAX (ROUTES_MAX + 2 * CONNECTIONS_MAX)

void faults_heal(struct proxy *proxy);
/* One line, a command with its numbers. NULL, or what is wrong with it. */
const char *faults_command(struct proxy *proxy, const char *line);

int chance_begin(struct proxy *proxy, uint64_t seed); /* 0, or an errno */
void chance_end(struct proxy *proxy);
uint64_t chance_go_on(struct proxy *proxy, uint64_t now); /* when next */
void chance_report(const struct proxy *proxy, FILE *out);

#endif
