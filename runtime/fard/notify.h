/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The service manager: what it hands over at the start (sd_listen_fds(3)) and what it is told (sd_notify(3)). Spoken by
 * hand, a datagram of words; without systemd every function here does nothing and says 0.
 */
#ifndef FARCALL_NOTIFY_H
#define FARCALL_NOTIFY_H

#include "runtime/fard/loop.h"

#include <stdbool.h>
#include <stddef.h>

#define NOTIFY_DESCRIPTORS_MAX 8192u
#define NOTIFY_NAME_MAX        256u /* bytes of a stored descriptor's name, NUL included: systemd's own limit */

/* One descriptor that was handed over. */
struct given {
    int fd; /* -1: taken */
    char name[NOTIFY_NAME_MAX];
};

struct notify {
    struct loop *loop;
    char socket[108]; /* empty: nobody listens. A leading '@' means the abstract name space */
    int64_t watchdog_ms;
    struct timer watchdog;
    struct given *given;
    unsigned given_count;
};

/*
 * Reads and removes the environment that systemd gave this very process (LISTEN_PID, WATCHDOG_PID are compared with our
 * own). Descriptors become close-on-exec. 0 or -ENOMEM. Before any fork.
 */
int notify_init(struct notify *notify, struct loop *loop);
void notify_free(struct notify *notify); /* closes what nobody took */

/* A listening SOCK_SEQPACKET (stream: SOCK_STREAM) socket; -1 if none was given. The caller's from now on. */
int notify_take_listener(struct notify *notify, bool stream);
/* A stored descriptor by its name, -1 if there is none (any more). The caller's from now on. */
int notify_take(struct notify *notify, const char *name);

/* State, as in sd_notify(3): "READY=1", "STATUS=…", lines. 0 or a negative errno. */
int notify_say(const struct notify *notify, const char *state);
/* RELOADING=1 with the time that Type=notify-reload wants; READY=1 follows when it is done. */
int notify_reloading(const struct notify *notify);
/* READY=1, and from now on the watchdog is fed from the loop. */
int notify_ready(struct notify *notify);

/* The descriptor store. Names: no ':' and no control characters. The descriptors stay the caller's. */
bool notify_can_store(const struct notify *notify);
int notify_store(const struct notify *notify, const char *name, const int *fds, unsigned count);
int notify_discard(const struct notify *notify, const char *name);

#endif
