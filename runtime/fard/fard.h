/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The daemon as a whole: what its parts know of each other. One owner each:
 *
 *     fard ─ registry ─ service ─ host ─ channels, waiters, registration
 *          └ clients ─ channels, waiters (the same ones: a channel belongs to both and dies with either)
 *          └ leaving: hosts whose service is gone and whose process is not yet
 */
#ifndef FARCALL_FARD_H
#define FARCALL_FARD_H

#include "runtime/astack.h"
#include "runtime/fard/bind_pending.h"
#include "runtime/fard/peer.h"
#include "runtime/fard/policy.h"
#include "runtime/fard/registry.h"
#include "runtime/fard/store.h"

#define CLIENT_CHANNELS_MAX 1024u
#define UID_CLIENTS_MAX     1024u
#define UID_CHANNELS_MAX    8192u
#define HOST_START_MS       10000 /* how long a host may take to become ready, and a client waits for one */
#define HOST_STOP_MS        2000  /* how long it may take to end when asked to */
#define HOST_PAUSE_MIN_MS   50
#define HOST_PAUSE_MAX_MS   5000
#define HOST_STEADY_MS      10000 /* alive for so long: the next pause is the first again */

/* What was said by --emulator. */
struct emulator {
    uint32_t machine; /* 0: nothing */
    char *command;
};

struct fard {
    struct loop loop;
    struct registry registry;
    struct store *store;
    struct list clients;
    struct list leaving;
    struct list accounts;
    struct source listener;
    struct source signals;
    char *socket_path;
    int socket_lock;
    int spare; /* given up to accept, and refuse, one more client when descriptors run out */
    uid_t uid;
    uint32_t last_channel;
    uint32_t client_count;
    uint32_t channel_count;
    bool has_lost_clients;
    bool stopping;
    bool allow_wrpkru;  /* take segments whose note says FAR_NOTE_STRAY */
    char *host_program; /* PREFIX/bin/far-host */
    struct emulator emulator[EXECUTABLES_MAX];
};

/* What one uid uses, over all its connections. */
struct account {
    struct list link;
    uid_t uid;
    uint32_t clients;
    uint32_t channels; /* waiters included */
    uint64_t bytes;
};

struct bound {
    uint32_t service_id;
    enum far_level level;
};

struct client {
    struct peer peer;
    struct list link;
    struct fard *fard;
    struct principal who;
    struct account *account;
    struct bound *bound;
    uint32_t bound_count;
    struct list channels;
    struct list waiters;
    uint32_t channel_count; /* waiters included */
    struct list registrations;
};

struct channel {
    struct list of_client, of_host;
    struct client *client;
    struct host *host;
    uint32_t id;
    uint64_t size;
    struct far_astack *lines; /* the first page of the A-stack */
};

/* An OPEN_CHANNEL that waits for its host. */
struct waiter {
    struct list of_client, of_host;
    struct timer timer;
    struct client *client;
    uint32_t serial;
    uint32_t service_id;
    enum far_level level;
    uint64_t size;
};

/* A REGISTER that waits for its host. */
struct registration {
    struct list of_client;
    struct client *client; /* NULL: gone; the registration goes on */
    uint32_t serial;
};

struct host {
    struct fard *fard;
    struct service *service; /* NULL: on fard->leaving */
    struct list link;
    enum far_state state;
    pid_t pid;          /* 0: no process */
    struct source life; /* pidfd */
    struct peer peer;
    struct timer timer; /* starting: too long; down: start again; leaving: kill */
    struct list channels;
    struct list waiters;
    struct registration *registration;
    uid_t uid;
    uint32_t machine; /* of the executable that runs, or ran last */
    uint32_t generation;
    uint32_t restarts;
    int64_t ready_at;
    int64_t pause_ms;
    bool initialised; /* the constructors have completed on this data */
    char trouble[512];
};

/* fard.c */
int fard_init(struct fard *fard);
void fard_free(struct fard *fard);
/* Services from the store, hosts started. 0, FARD_REFUSED or a negative errno. */
int fard_load(struct fard *fard, const char *store_path, struct far_error *error);
int fard_check_strays(const struct fard *fard, const struct far_segment *segment, struct far_error *error);
int fard_run(struct fard *fard); /* until SIGTERM or SIGINT; 0 or a negative errno */

/* socket.c */
int socket_default_path(char *path, size_t size, struct far_error *error);
int socket_listen(struct fard *fard, const char *path, struct far_error *error);
void socket_close(struct fard *fard); /* and remove it */

/* client.c */
int client_accept(struct fard *fard, int fd);
void clients_free_lost(struct fard *fard);
void client_free(struct client *client);
void client_reply(struct client *client, const struct far_message *request, const void *body, size_t size);
/* Answers with the error; a negative result is described as `what`. */
void client_refuse(struct client *client, uint32_t serial, int result, struct far_error *error, const char *what);
/* May this client register and unregister? */
int client_check_manager(const struct client *client, struct far_error *error);

/* client_service.c: RESOLVE, BIND, OPEN_CHANNEL, CLOSE_CHANNEL. Each returns as a request handler does: 0 (answered),
 * FARD_PENDING, FARD_REFUSED or a negative errno. */
struct pending_asker client_asker(const struct client *client);
int handle_resolve(struct client *client, const struct far_message *message, struct far_error *error);
int handle_bind(struct client *client, const struct far_message *message, struct far_error *error);
int handle_open_channel(struct client *client, const struct far_message *message, struct far_error *error);
int handle_close_channel(struct client *client, const struct far_message *message, struct far_error *error);

/* manage_*.c, unregister.c */
int handle_register(struct client *client, const struct far_message *message, int *fds, unsigned fd_count,
                    struct far_error *error);
int handle_unregister(struct client *client, const struct far_message *message, struct far_error *error);
int handle_list(struct client *client, const struct far_message *message, struct far_error *error);
int handle_map(struct client *client, const struct far_message *message, struct far_error *error);
int handle_describe(struct client *client, const struct far_message *message, struct far_error *error);
int handle_segment(struct client *client, const struct far_message *message, struct far_error *error);
int handle_status(struct client *client, const struct far_message *message, struct far_error *error);
void registration_ready(struct host *host);
void registration_failed(struct host *host, const struct far_error *why); /* frees service; host leaves */

/* channel.c */
/* Makes the A-stack, tells the host, answers the client. 0, FARD_REFUSED or a negative errno; the client's and
 * account's counts are the caller's. */
int channel_open(struct client *client, struct host *host, const struct waiter *wanted, struct far_error *error);
enum channel_fate { CHANNEL_HOST_GONE = 1, CHANNEL_CLIENT_GONE, CHANNEL_UNREGISTERED };
/* Marks it dead, wakes both sides, frees it; tells the host unless it is the host that has gone. */
void channel_end(struct channel *channel, enum channel_fate fate);
/* Counts one channel of this size for a client, or refuses. */
int channel_count_up(struct client *client, uint64_t size, struct far_error *error);
void channel_count_down(struct client *client, uint64_t size);
void waiter_free(struct waiter *waiter);

/* host.c */
int host_new(struct fard *fard, struct service *service, struct host **out, struct far_error *error);
void host_start(struct host *host);
/* Its service goes: channels end, waiters are told, the process is asked to end. The host frees itself. */
void host_leave(struct host *host, enum channel_fate fate);
void host_kill(struct host *host);
void host_trouble(struct host *host, const char *format, ...) __attribute__((format(printf, 2, 3)));
void host_free(struct host *host);

/* host_events.c */
int host_connected(struct host *host, int socket); /* its socket, to be watched from now on */
int host_life_ready(struct source *source, uint32_t events);
void host_serve_waiters(struct host *host);
void host_died(struct host *host, const char *how);

/* host_spawn.c: 0 or a negative errno. */
struct host_command;
int host_spawn(const struct host_command *command, const char *name, uid_t uid, bool change_uid, pid_t *pid, int *pidfd,
               int *socket);

#endif
