/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A connected stream socket that its one user may sleep on. In the best case a message costs one system call on either side: the
 * descriptor blocks, and a deadline is kept by SO_RCVTIMEO, which is set anew only when it is of no use any more.
 */
#ifndef FARCALL_NET_SOCKET_H
#define FARCALL_NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * A peer that has gone without a word is noticed in SOCKET_GONE_MS, or a little more, whether we are sending (nothing is acknowledged) or
 * waiting (probes are not answered). So is one that takes nothing off its socket for so long.
 */
#define SOCKET_GONE_MS          6000
#define SOCKET_PROBE_AFTER_S    2
#define SOCKET_PROBE_INTERVAL_S 1
#define SOCKET_PROBES           4

struct net_socket {
    int fd;
    uint32_t receive_limit_ms; /* what SO_RCVTIMEO is; 0: none */
};

/* Blocking, without Nagle's delay, and with the limits above as far as it is TCP. */
void socket_prepare(struct net_socket *socket, int fd);

/* Results as in transport.h: 0 or -errno; whatever means that the other has gone is -ECONNRESET. */
int socket_send(const struct net_socket *socket, const struct iovec *part, int count, uint64_t deadline);
/* At least one byte, after `spin` looks without sleeping. */
int socket_receive(struct net_socket *socket, void *to, size_t most, uint32_t spin, uint64_t deadline, size_t *got);
/* What is there already; *got may be 0. */
int socket_take(const struct net_socket *socket, void *to, size_t most, size_t *got);
bool socket_is_readable(int fd);

/* Until poll() says one of `events`, or the deadline. 0, or -errno. */
int socket_await(int fd, short events, uint64_t deadline);

uint64_t net_now(void); /* nanoseconds of CLOCK_MONOTONIC */

#endif
