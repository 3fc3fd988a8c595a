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
#include "runtime/fard/audit.h"
#include "runtime/fard/bind_pending.h"
#include "runtime/fard/domain.h"
#include "runtime/fard/fair.h"
#include "runtime/fard/host_output.h"
#include "runtime/fard/keeper.h"
#include "runtime/fard/metrics.h"
#include "runtime/fard/notify.h"
#include "runtime/fard/nuisance.h"
#include "runtime/fard/peer.h"
#include "runtime/fard/policy.h"
#include "runtime/fard/registry.h"
#include "runtime/fard/store.h"

#define CLIENT_CHANNELS_MAX 1024u
#define UID_CHANNELS_MAX    8192u
#define HOST_TURN_SIZE      16u /* hosts that fard starts at once when it finds many services in its store */
#define HOST_TURN_MS        50
#define HOST_START_MS       10000 /* how long a host may take to become ready, and a client waits for one */
#define HOST_STOP_MS        2000  /* how long it may take to end when asked to */
#define HOST_PAUSE_MIN_MS   50
#define HOST_PAUSE_MAX_MS   5000
#define HOST_ORPHANS_MAX    65536u
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
    struct cluster *cluster; /* cluster.c's; NULL: there are no other nodes */
    struct keeper *keeper;   /* of what must outlive us; NULL: there is none yet */
    int64_t took_over_at;    /* an earlier fard's hosts; 0: there were none */
    bool loaded; /* from here on fard's end is the end of its hosts; before, what was found is left as it is */
    struct list clients;
    struct list leaving;
    struct list accounts;
    struct list revocations; /* revoke.c's */
    uint32_t last_revocation;
    struct look *look;   /* revoke_look.c's; NULL: nobody looks */
    struct timer expiry; /* of the next capability */
    uint32_t *unwritten; /* revoked, and in the store still (revoke_store.c) */
    uint32_t unwritten_count;
    struct timer unwritten_timer;
    struct guesses guesses;
    struct nuisances nuisances;
    char *log_path; /* a daemon's own log; NULL: it goes where whoever started it wanted */
    struct domains domains;
    struct list parked; /* accounts with clients whose requests wait for a turn */
    struct list traces; /* trace.c's */
    struct list queue;  /* lines of queued calls (queue.h) */
    struct metrics metrics;
    struct metrics_http *http; /* NULL: --metrics was not said */
    struct nodes *nodes;       /* other nodes (node_parts.h); NULL: neither --listen nor --peer was said */
    struct timer calls_timer;
    uint64_t turn; /* of the loop */
    struct fair_writers writers;
    uint64_t channel_room; /* of all hosts together; 0: not looked up yet */
    uint64_t descriptors;  /* that fard may have */
    struct source listener;
    struct source signals;
    struct notify notify;
    char *socket_path;
    bool socket_given;     /* by systemd: not ours to remove */
    uint64_t socket_inode; /* of what lies at the path; 0: not ours to look after */
    int socket_lock;
    int spare; /* given up to accept, and refuse, one more client when descriptors run out */
    uid_t uid;
    uint32_t last_channel;
    uint32_t client_count;
    uint32_t channel_count;
    bool has_lost_clients;
    bool stopping;
    bool allow_wrpkru;          /* take segments whose note says FAR_NOTE_STRAY */
    struct policy_file *policy; /* in force; NULL: none */
    char *policy_path;          /* where it is read from again; NULL: nowhere */
    char policy_trouble[512];   /* why what is there now is not in force; empty if it is */
    struct audit audit;
    char *host_program; /* PREFIX/bin/far-host */
    struct emulator emulator[EXECUTABLES_MAX];
};

/* What one uid uses, over all its connections. */
struct account {
    struct list link; /* of fard's; of a node's, if it is a user's of another node */
    uid_t uid;
    uint32_t users; /* clients and domains: it is freed when there are none */
    uint32_t clients;
    uint32_t channels; /* waiters included */
    uint32_t domains;  /* whose descriptors fard has */
    uint64_t bytes;
    uint64_t granted; /* of regions: all that its processes can grant */
    struct fair_share share;
    struct list parked;  /* clients that asked when the share was used up, the first first */
    struct list of_fard; /* while there are such */
    uint64_t requests;   /* answered, ever */
    uint64_t deferred;   /* of them those that had to wait for the next turn */
};

struct guest;
struct remote;
struct nodes;

struct bound {
    uint32_t service_id;
    enum far_level level;
    enum far_level handed; /* the highest level whose descriptors it ever had */
    bool revoked;          /* the right has gone: bind again before anything else */
    uint32_t machine;      /* that its stubs are for; 0: the node's own */
};

struct client {
    struct peer peer;
    struct list link;
    struct fard *fard;
    struct principal who;
    struct account *account;
    struct list parked; /* while it is: of the account */
    struct list traces; /* what it traces */
    struct bound *bound;
    uint32_t bound_count;
    struct list channels;
    struct list waiters;
    uint32_t channel_count; /* waiters included */
    struct list registrations;
    struct domain *domain;    /* its own segment; NULL: it has not asked for one */
    struct list regions;      /* what it can grant */
    struct far_message *held; /* a request to write to the store whose time has not come; NULL: none */
    struct timer held_timer;
    uint64_t connection; /* a number that no other connection ever has */
    struct list asking;  /* requests that wait for whoever keeps the cluster's names (cluster_ask.c) */
    uint32_t in_the_way; /* another node's service that has the name which is to be registered; 0: none */
    bool asked;          /* the request that is served has waited for that */
    const struct far_error *asked_in_vain; /* and this is why there was no answer; NULL: there was */
    struct guest *guest;  /* the client is on another node, and has no socket here (node_guest.h); NULL: here */
    struct list outgoing; /* its channels to services on other nodes (node_channel.c) */
};

/* What one uid has of a host. */
struct host_use {
    struct list of_host;
    const struct account *account;
    uint32_t channels;
};

struct channel {
    struct list of_client, of_host;
    struct client *client;
    struct host *host;
    struct host_use *use;
    uint32_t id;
    uint32_t capability; /* by which it has its level; 0: by none */
    uint64_t size;
    struct far_astack *lines; /* the first page of the A-stack */
    uint32_t calls_seen;      /* number of the last call that calls.c has counted */
    struct remote *remote;    /* the client is on another node (node_guest.h); NULL: here */
};

/* An OPEN_CHANNEL, or a BIND, that waits for its host. */
struct waiter {
    struct list of_client, of_host;
    struct timer timer;
    struct client *client;
    uint32_t serial;
    uint32_t service_id;
    enum far_level level;
    uint32_t capability; /* by which the level is granted; 0: by none */
    uint32_t limit;      /* the capability whose operations are all that it may call; 0: all there are */
    uint64_t size;
    bool descriptors;         /* the channel with a socket for them */
    bool copies;              /* FAR_CHANNEL_COPIES */
    struct far_message *bind; /* the BIND; NULL: a channel is waited for */
};

/* A REGISTER that waits for its host, and then for whoever keeps the cluster's names. */
struct registration {
    struct list of_client;
    struct client *client; /* NULL: gone; the registration goes on */
    uint32_t serial;
    struct publication *publication; /* cluster.c's */
};

struct upgrade_notes;

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
    uint32_t channel_count;
    struct list uses; /* of uids that have channels */
    struct list waiters;
    struct registration *registration;
    uid_t uid;
    uint32_t machine; /* of the executable that runs, or ran last */
    uint32_t generation;
    uint32_t restarts;
    int64_t ready_at;
    int64_t pause_ms;
    bool initialised;    /* the constructors have completed on this data */
    bool adopting;       /* taken over from an earlier fard, and has not said yet which channels it has */
    uint32_t kept_as;    /* the service under whose number the keeper has its descriptors; 0: it has not */
    struct list orphans; /* channels that an earlier fard opened (orphan.c) */
    uint32_t orphan_count;
    struct timer orphans_away; /* the end of those whose clients are on other nodes */
    char trouble[512];
    bool data_touched;            /* a process of it has had the data */
    struct upgrade *upgrade;      /* it is to take its service over, and has not yet; NULL: no */
    struct service *retired_from; /* on fard->leaving: calls to this service end there; NULL: none */
    char ended[512];            /* why its last process ended, if it was not asked to; kept when it is started again */
    struct host_output *output; /* what it writes, on its way to the log; NULL: there is no process */
    uint64_t calls;             /* answered, as far as they were counted (calls.c) */
    uint64_t output_lost;       /* lines of it that were left out, ever */
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
/* One that listens already. Takes the descriptor over. */
int socket_adopt(struct fard *fard, int fd, struct far_error *error);
/* Somebody has removed it, or put another in its place: makes it anew, so that clients find fard again. */
void socket_look_after(struct fard *fard);
void socket_close(struct fard *fard); /* and remove it, if it is ours */

/* client.c */
/* -1: none. With no descriptor left it is let in by the spare one, and closed: it must not wait, nor the loop spin. */
int fard_accept(struct fard *fard, int listener);
int fard_take_spare(struct fard *fard); /* the descriptor that fard_accept() gives up when there are no more */
int client_accept(struct fard *fard, int fd);
/* A uid's account among these (fard's, or a node's for its users), made if there is none; give it back. NULL: no memory. */
struct account *account_get(struct list *accounts, uid_t uid);
void account_put(struct account *account);
void clients_free_lost(struct fard *fard);
/* One more turn: those that wait are served as far as their uid's share goes. True: some wait still. */
bool clients_serve_parked(struct fard *fard);
void client_free(struct client *client);
/* A request that has waited: client->asked is set meanwhile, and asked_in_vain if there is an error. Takes nothing over. */
void client_serve_again(struct client *client, const struct far_message *message, int *fds, unsigned fd_count,
                        bool asked, const struct far_error *error);
void client_reply(struct client *client, const struct far_message *request, const void *body, size_t size);
/* Answers with the error; a negative result is described as `what`. */
void client_refuse(struct client *client, uint32_t serial, int result, struct far_error *error, const char *what);
/* The same to one that may be on another node: the error alone. */
void client_send_error(struct client *client, uint32_t serial, const struct far_error *error);
/* One without a socket: a guest's. Takes the account over. */
void client_begin_guest(struct client *client, struct fard *fard, struct account *account, const struct principal *who,
                        struct guest *guest);
/* Has fard room for one more connection, or segment, of its uid's? */
bool client_has_room(const struct client *client);
/* policy_grant() for this client, with all that must be known of it for that. */
enum far_level client_grant(struct client *client, const struct service *service, struct policy_reason *why);
/* May this client register and unregister? */
int client_check_manager(const struct client *client, struct far_error *error);

/* policy_load.c: the policy file. path NULL: the usual one, if there is one; "none": none. 0, FARD_REFUSED or a negative
 * errno. */
int policy_load(struct fard *fard, const char *path, struct far_error *error);
void policy_reload(struct fard *fard); /* one with a mistake leaves the old one in force */
void policy_unload(struct fard *fard);

/* audit_event.c: lines of the audit log. */
void audit_grant(const struct client *client, const char *event, const struct service *service, uint32_t want,
                 enum far_level level, const struct policy_reason *why);
void audit_refusal(const struct client *client, const struct far_message *message, const struct far_error *error);
/* client NULL: fard itself, or one that has gone. */
void audit_service(struct fard *fard, const struct client *client, const char *event, const struct service *service,
                   const char *message);

void audit_registered(struct fard *fard, const struct client *client, const struct service *service);

/* explain.c, policy_show.c */
int handle_explain(struct client *client, const struct far_message *message, struct far_error *error);
int handle_policy(struct client *client, const struct far_message *message, struct far_error *error);

/* client_service.c: RESOLVE, BIND, OPEN_CHANNEL, CLOSE_CHANNEL. Each returns as a request handler does: 0 (answered),
 * FARD_PENDING, FARD_REFUSED or a negative errno. */
struct pending_asker client_asker(const struct client *client);
int handle_resolve(struct client *client, const struct far_message *message, struct far_error *error);
int handle_link(struct client *client, const struct far_message *message, struct far_error *error); /* link.c */
int handle_bind(struct client *client, const struct far_message *message, struct far_error *error);
int handle_open_channel(struct client *client, const struct far_message *message, struct far_error *error);
void bind_waiter_serve(struct waiter *waiter); /* the data can be handed out now; frees the waiter */
int handle_close_channel(struct client *client, const struct far_message *message, struct far_error *error);
int client_wait_for_host(struct client *client, struct host *host, const struct waiter *wanted); /* FARD_PENDING */

/* node_channel.c: the same where the service is on another node. */
int outgoing_open(struct client *client, const struct far_message *message, const struct service *service,
                  enum far_level level, struct far_error *error);
int handle_reopen_channel(struct client *client, const struct far_message *message, struct far_error *error);
bool outgoing_close(struct client *client, uint32_t channel); /* false: it is none of them */
void outgoing_client_gone(struct client *client);
void outgoing_domain(const struct client *client); /* it has one now */

/* manage_*.c, unregister.c */
int handle_register(struct client *client, const struct far_message *message, int *fds, unsigned fd_count,
                    struct far_error *error);
int handle_unregister(struct client *client, const struct far_message *message, struct far_error *error);
int handle_list(struct client *client, const struct far_message *message, struct far_error *error);
int handle_map(struct client *client, const struct far_message *message, struct far_error *error);
int handle_describe(struct client *client, const struct far_message *message, struct far_error *error);
int handle_segment(struct client *client, const struct far_message *message, struct far_error *error);
int handle_status(struct client *client, const struct far_message *message, struct far_error *error);
void send_registered(struct client *client, uint32_t serial, const struct service *service,
                     const struct upgrade_notes *notes); /* client and notes may be NULL */
void registration_ready(struct host *host);
void registration_published(struct host *host);                           /* whoever keeps the cluster's names has it */
void registration_failed(struct host *host, const struct far_error *why); /* frees service; host leaves */

/* channel.c */
/* Makes the A-stack, tells the host, answers the client. 0, FARD_REFUSED or a negative errno; the client's and
 * account's counts are the caller's. */
int channel_open(struct client *client, struct host *host, const struct waiter *wanted, struct far_error *error);
int channel_tell_host(const struct channel *channel, const struct waiter *wanted, int astack, uint32_t flags);
uint32_t channel_next_id(struct fard *fard);
enum channel_fate {
    CHANNEL_HOST_GONE = 1,
    CHANNEL_CLIENT_GONE,
    CHANNEL_UNREGISTERED,
    CHANNEL_REVOKED = FAR_FATE_REVOKED,
    CHANNEL_MOVED = FAR_FATE_MOVED,
    CHANNEL_FULL = FAR_FATE_FULL
};
/* Marks it dead, wakes both sides, frees it; tells the host unless it is the host that has gone. */
void channel_end(struct channel *channel, enum channel_fate fate);
/* Counts one channel of this size for a client, or refuses. */
int channel_count_up(struct client *client, uint64_t size, struct far_error *error);
void channel_count_down(struct client *client, uint64_t size);
void waiter_free(struct waiter *waiter);

/* channel_room.c: a place for one more of the client's uid, and back. 0, FARD_REFUSED or -ENOMEM. */
int channel_room_take(const struct client *client, struct host *host, struct host_use **use, struct far_error *error);
void channel_room_give(struct host *host, struct host_use *use);
uint64_t channel_room_of_node(void); /* threads that the system has for hosts */

/* host.c */
int host_new(struct fard *fard, struct service *service, struct host **out, struct far_error *error);
void host_start(struct host *host);
/* As the `turn`th of many: HOST_TURN_SIZE of them at once, and so many more each HOST_TURN_MS. */
void host_start_in_turn(struct host *host, uint32_t turn);
/* Its service goes: channels end, waiters are told, the process is asked to end. The host frees itself. */
void host_leave(struct host *host, enum channel_fate fate);
void host_kill(struct host *host);
void host_trouble(struct host *host, const char *format, ...) __attribute__((format(printf, 2, 3)));
void host_free(struct host *host);
void host_end_output(struct host *host); /* its last words into the log */

/* Do calls to this service end there? Those of an old version may, after an upgrade. */
static inline bool host_serves(const struct host *host, const struct service *service)
{
    return host->service == service || host->retired_from == service;
}

/* host_demand.c */
void host_idle_check(struct host *host);   /* a channel has ended, or the host is ready: may it end as well? */
void host_idle_timeout(struct host *host); /* nothing has happened for as long as was said */
void host_wake(struct host *host);         /* somebody waits for it */
void host_stays(struct host *host);        /* it says that clients hold handles of it */
void host_asleep(struct host *host);       /* the process of an idle host has gone */
bool host_starts_idle(struct host *host);  /* found in the store: there is nothing to start it for */

/* data.c: before each start. New data, if constructors have begun on what there is and not completed. 0 or a negative errno. */
int host_fresh_data(struct host *host);

/* host_describe.c: what a host may. */
void host_fill_rights(const struct host *host, struct far_host_rights *rights);
int host_check_settings(const struct fard *fard, const struct service *service, const struct host_settings *settings,
                        uid_t uid, struct far_error *error);
int handle_settings(struct client *client, const struct far_message *message, struct far_error *error);

/* host_events.c */
int host_connected(struct host *host, int socket); /* its socket, to be watched from now on */
int host_life_ready(struct source *source, uint32_t events);
void host_is_ready(struct host *host);
void host_serve_waiters(struct host *host);
void host_died(struct host *host, const char *how);

/* host_spawn.c: 0 or a negative errno. */
struct host_command;
int host_spawn(const struct host_command *command, const char *name, uid_t uid, bool change_uid, int output, pid_t *pid,
               int *pidfd, int *socket);

#endif
