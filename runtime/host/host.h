/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far-host: the process in which a service's own domain runs. fard starts it, with a socket as descriptor FAR_HOST_FD,
 * and tells it which service it is and whose A-stacks to serve. One thread a channel; nothing here believes what lies
 * in one.
 */
#ifndef FARCALL_HOST_H
#define FARCALL_HOST_H

#include "runtime/astack.h"
#include "runtime/host/domain.h"
#include "runtime/host/handle_type.h"
#include "runtime/lib/invoke.h"
#include "runtime/lib/map.h"
#include "runtime/lib/plan.h"
#include "runtime/lib/size.h"
#include "runtime/protocol.h"
#include "runtime/walk/kept.h"

#include <pthread.h>
#include <stdbool.h>

/* Calls code of a segment, which carries no type information for clang's check of indirect calls. */
#if defined(__clang__)
#define CALLS_SEGMENT __attribute__((no_sanitize("function")))
#else
#define CALLS_SEGMENT
#endif

/* After a call that needed more than this, a worker's private memory is given back. Bytes. */
#define HOST_ARENA_KEEP       (16u << 20)
#define HOST_ARENA_KEEP_LEAST (64u << 10) /* and if the room is small, than a 256th of it, or this */

#define HOST_DESCRIPTORS_KEPT 8 /* the last ones stay free for what fard sends */

/* What a host is. Filled in before the first worker exists, read-only from then on. */
struct host {
    char service[FAR_SERVICE_MAX];
    uint64_t base;
    uint32_t service_id, generation; /* as fard said */
    struct far_extent part[FAR_PART_COUNT];
    struct far_extent init_array;
    struct far_extent fini_array;
    const struct far_iface *iface;
    struct far_plans plans;
    struct handle_types handle_types;
    uint64_t *function; /* by slot: the operation's stub; 0 if there is none */
    bool beside;        /* another host has the service, so far: what destructors do is none of ours */
    uint32_t spin;
    bool watched; /* the main thread looks after workers that sleep: they need not wake up to do it themselves */
    struct far_trace_ring *trace; /* NULL: nobody traces. Written by the main thread, atomically */
    void *trace_place;            /* where rings are mapped, once there was one */
};

/* start.c: map, link, run constructors. 0, or -errno and *error. */
int host_start(struct host *host, const struct far_host_start *start, const struct far_fds *fds,
               struct far_error *error);
/* The constructors' counterparts, at an orderly end. */
void host_finish(const struct host *host);

/* clients.c: who calls. One record a client process, however many channels it has. */
struct host_client;
struct client_name {
    uint32_t node; /* 0: here; otherwise pid and uid are that node's */
    uint32_t pid, uid;
};
struct host_client *client_get_by_name(struct client_name name); /* NULL: no memory */
struct host_client *client_get(uint32_t pid, uint32_t uid);      /* the same, of one here */
void client_put(struct host_client *client);
struct host_user *client_user(const struct host_client *client);
bool client_pays(void *user, int64_t bytes);            /* a walk_charge of a struct host_user */
void client_gives_function(struct host_client *client); /* it is remembered as long as its process lives */
/* Functions of the service's that it was given, by number (functions.h). False: no memory; it was not. */
bool client_note_function(struct host_client *client, uint32_t number);
bool client_has_function(const struct host_client *client, uint32_t number);
/* What the service keeps for it. NULL: no memory. */
struct walk_kept *client_kept(struct host_client *client);
struct handover_record;
/* Takes the handles that no call uses from all clients, and hands each to `take`. */
void clients_take_handles(void (*take)(void *context, const struct handover_record *record), void *context);
bool clients_hold_handles(void);                                                          /* does any that lives? */
void client_identity(const struct host_client *client, struct far_host_channel *channel); /* fills in pid and uid */
/* Has its process ended? False as well where that cannot be known. */
bool client_has_ended(const struct host_client *client);

/* handles.c: what a client was given. The same number may be there twice, under two types. */
struct handle_name {
    uint64_t value; /* the service's pointer */
    uint64_t type;  /* handle_type.h */
};
/*
 * Use a handle for the time of one call. BAD_HANDLE: it was not given to this client as that type, or was released, or what
 * it ends with; HANDLE_IN_USE: it is to be released, and another call uses it or what ends with it, perhaps one that this call
 * is nested in. handle_end ends that, and the handle's life if it was to be released, and with it that of its children.
 */
unsigned handle_begin(struct host_client *client, struct handle_name name, bool release);
void handle_end(struct host_client *client, struct handle_name name, bool release);
void handle_put_down(struct host_client *client, struct handle_name name); /* handle_begin undone: nothing was called */
int handle_give(struct host_client *client, struct handle_name name);      /* 0, or -ENOMEM */
/* The same of one that ends with `parent`, if the client has that. */
int handle_give_of(struct host_client *client, struct handle_name name, struct handle_name parent);
/* One that an older host had. */
void handle_take_over(struct host_client *client, const struct handover_record *record);

/* users.c: what one uid has of what the host has room for. 0, or what is said; all from any thread. */
struct host_user;
void users_limit(const struct far_host_rights *rights);     /* before the first channel */
struct host_user *user_get_of(uint32_t node, uint32_t uid); /* NULL: no memory. node 0: this one */
struct host_user *user_get(uint32_t uid);                   /* the same, of one here */
void user_put(struct host_user *user);
int user_begin_channel(struct host_user *user); /* -EAGAIN: it has its share, or there is no room */
void user_end_channel(struct host_user *user);
bool user_begin_function(struct host_user *user, uint32_t room); /* of `room`; thunks.c */
void user_end_function(struct host_user *user);
bool user_begin_descriptors(struct host_user *user, uint32_t count); /* of what this process may have open */
void user_end_descriptors(struct host_user *user, uint32_t count);
void user_get_again(struct host_user *user);             /* user_get() of one who is there */
int user_charge(struct host_user *user, uint64_t bytes); /* private memory for it; -ENOMEM */
void user_discharge(struct host_user *user, uint64_t bytes);
uint64_t users_keep(void); /* how much private memory a channel may keep between two calls */

/* scrap.c: see to it that scrap_put() needs no private memory. Before the sandbox. 0, or -errno. */
int scrap_prepare(void);
/* In the place of an A-stack, in one moment for each of its pages: memory that reaches nobody. 0, or -errno. */
int scrap_put(struct far_astack *astack, uint64_t size);

/* A worker's private memory for by-reference parameters. */
struct arena {
    char *base;
    uint64_t size;
    struct host_user *user; /* who has it */
};
int arena_reserve(struct arena *arena, uint64_t size, uint64_t keep); /* the first `keep` bytes stay; 0 or -ENOMEM */
void arena_free(struct arena *arena);

/* Handles that clients' functions have given to a call: in use until it has ended. */
struct worker_held {
    struct walk_memory memory;
    struct held_handle *first;
};

/* Regions that calls under way have been given (grant.h); `outer` of them to those that the call being served is nested in. */
struct host_grant;
struct worker_grants {
    struct host_grant *grant[FAR_REGIONS_MAX];
    uint32_t count, outer;
};

/* When the client of a call gives up, if its operation says so. */
struct worker_deadline {
    uint32_t call; /* its number; of another one it says nothing */
    uint64_t at;   /* milliseconds of the monotonic clock; 0: never */
};

/* One channel's thread. */
/* Which call of a batch is being served: where its parameters lie in the area, and where they end. */
struct worker_entry {
    uint64_t base, limit;
    const uint32_t *withdrawn; /* in the A-stack: not 0: its client has given it up */
};

#define WORKER_NO_CONNECTION UINT64_MAX

struct worker {
    const struct host *host;
    struct far_astack *astack;
    uint64_t size;
    uint32_t channel;
    uint32_t sequence; /* of the message that was seen last */
    uint32_t call;     /* that of the call that is being served */
    enum far_level level;
    bool copies;      /* what lies here is copied for it all the same */
    uint8_t *allowed; /* by slot: may this client call it? NULL: it may call all */
    struct host_client *client;
    uint64_t traced_at; /* the call being served is traced since then; 0: it is not */
    uint32_t traced_slot;
    uint64_t area_end;                /* bytes of the area that calls under way have in use */
    const struct worker_entry *entry; /* NULL: a call that came alone */
    struct worker_deadline deadline;
    struct arena arena;
    struct walk_memory walk;    /* the same, for what has pointers in it */
    struct walk_memory answers; /* what the client's functions gave, until the next one does */
    uint64_t keep;              /* of each, between two calls */
    uint64_t connection;        /* of the client; WORKER_NO_CONNECTION: it is on another node, and has none here */
    uint32_t capability;        /* that it is held by, as fard said; 0: by none */
    struct domain_holder holder;
    struct host_domain *domain; /* its segment, while a call is being served that may be given it */
    bool holding;               /* the call that is being served has entered it, should there be none too */
    size_t stack;               /* bytes of its thread's */
    uintptr_t stack_top;        /* where that begins */
    uint32_t nested;            /* calls that are under way within others */
    struct worker_held held;
    struct worker_descriptors *descriptors; /* descriptors.h; NULL: its channel has no socket */
    struct worker_grants grants;
    struct far_extent lent;     /* its client's segment, as fard says; zeros: none yet. Under borrowing.c's lock */
    struct worker_pages *pages; /* of its client's, where that is on another node (borrowing.h); NULL: it lends none */
    struct worker_away *away;   /* its client is on another node (away.h); NULL: it is here */
    bool more_to_do;            /* after the call that is being served: it is traced, or holds handles */
    bool counted;               /* among its user's channels */
    bool stop;                  /* written by the main thread, atomically */
    bool cut_off;               /* the same, and before the A-stack becomes scrap */
    bool retire;                /* the same: leave when no call is under way */
    bool listed; /* a fard that did not open this channel knows it by our word; under the workers' lock */
    struct worker *next;
};

/* tell.c: one packet to fard, from any thread. */
void tell_fard(enum far_message_type type, const void *body, size_t size);

/* worker.c */
/* channel: its slots, if it is limited to some, follow it. socket: for descriptors, or -1; it is the worker's from here on. */
int worker_start(const struct host *host, const struct far_host_channel *channel, int astack_fd, int socket);
/* deliver: what is being served may still be answered. 0; or -errno: it might be, though it may not. */
int worker_stop(uint32_t channel, bool deliver);
/* A connection of a client on another node, for its channel; the descriptor is the worker's from here on. */
void worker_connection(const struct far_host_connection *connection, int fd);
void worker_lends(const struct far_host_lends *lends);
/* To be called every WORKER_LOOK_MS once host->watched is set and there are any: wakes those that have nothing to wait for. */
#define WORKER_LOOK_MS 2000
void workers_look_after(void);
bool workers_are_there(void);
/* Tells fard which there are: a new one, that found this host running. */
void workers_list(const struct host *host);
/* Another version takes over: each leaves when it has served what it serves. Returns when all have. */
void workers_retire(void);
/* Stop all of them, and wait at most `ms` for those that are in the middle of a call. */
void workers_stop(int ms);

/* For who waits in the middle of a call, in its thread (runtime/callback.h). */
void worker_publish(struct worker *worker);      /* the reply line is written */
bool worker_next_message(struct worker *worker); /* waits for one; false: none will come any more */
void worker_serve_nested(struct worker *worker); /* it is a call: serves and answers it */
bool worker_is_finished(const struct worker *worker);
bool worker_is_leaving(const struct worker *worker); /* or another host takes over: no more is to be begun */

/* Where in the area the parameters of the call that is about to be served lie, and where that ends. */
static inline uint64_t worker_area_base(const struct worker *worker)
{
    return worker->entry ? worker->entry->base : worker->area_end;
}
static inline uint64_t worker_area_limit(const struct worker *worker)
{
    return worker->entry ? worker->entry->limit : worker->size - FAR_ASTACK_AREA;
}

/* serve.c, for all that a call may do: what this client may name, and which handles it has. */
bool worker_shares(const struct worker *worker, uint64_t address, uint64_t size);
bool worker_may_name(const struct worker *worker, uint64_t address, uint64_t size, bool written);
/* value: what says that it is one. An enum far_call_status. */
unsigned worker_handle_begin(struct worker *worker, const struct far_value *value, uint64_t handle);
void worker_handle_end(struct worker *worker, const struct far_value *value, uint64_t handle);
void worker_handle_put_down(struct worker *worker, const struct far_value *value, uint64_t handle);
unsigned worker_handle_give(struct worker *worker, const struct far_value *value, uint64_t handle);
/* The same of one that ends with another: `parent`, which `of` says what it is. */
unsigned worker_handle_give_of(struct worker *worker, const struct far_value *value, uint64_t handle,
                               const struct far_value *of, uint64_t parent);
/* To be asked when all of a call was read, before it is made. */
bool worker_is_cut_off(const struct worker *worker);
void serve_reply(struct far_reply_line *line, unsigned status, uint64_t result, uint64_t float_result, int error);
/* The client's segment is there for the call that is being served, if it shares any; and that has ended. */
void worker_hold(struct worker *worker);
void worker_let_go(struct worker *worker);
/* serve_direct.c: serves a call of plain values and of addresses that lead where this client may have them lead. False: it is
 * not one of those, nothing was done. */
bool serve_direct(struct worker *worker, const struct far_plan *plan, uint64_t function);
/* serve_walk.c: serves a call of a plan with FAR_PLAN_WALK. An enum far_call_status; DONE: it was answered. */
extern const struct walk_hooks serve_hooks;
unsigned serve_walking(struct worker *worker, const struct far_plan *plan, uint64_t function);

/* serve.c: one call, from the call line to the reply line; publishing is the worker's. */
void serve_call(struct worker *worker);
void serve_slot(struct worker *worker, uint32_t slot); /* the same, whatever slot the call line says */
/* Answers the call that serve_call did not come back from. */
void serve_broken(struct worker *worker, unsigned status);

#endif
