/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a client program may ask libfarcall.so. Nothing of this is needed to call a service: a program linked against an
 * import library (`far implib kv.seg -o libkv.so`) calls it like any other library. C11 and C++.
 *
 * When a call cannot complete (the service's host died, the caller has no right to what it passed, …), an operation
 * declared with far_fails(value) returns that value and errno says why:
 *
 *     EHOSTDOWN  the service's host or the name server is gone, or nobody has registered the service yet; the next call
 *                tries again
 *     ETIMEDOUT  the operation's far_deadline passed
 *     EFAULT     NULL where the interface does not allow it, or an address in a segment that this client may not access;
 *                memory that the client itself cannot access faults in the client, as in any C call
 *     EBADF      a handle was not given to this client, or was released
 *     EINVAL     a size parameter is negative, overflows, or disagrees with another
 *     E2BIG      a string or buffer is larger than a gate carries
 *     ENOMEM     either side has no memory for the parameters
 *     ENOSYS     the operation is declared far_absent
 *     EACCES     the rights of this process have changed since it was bound
 *     ECANCELED  the operation threw an exception, jumped out of its call (longjmp), or ended its thread
 *     EAGAIN     the service's host has more new clients than it can take just now; try again
 *     EPROTO     the host's answer cannot be right; it is not believed
 *     EPROTOTYPE the service was registered after this program had started, and is not what it was linked against
 *
 * An operation without far_fails has no value to say so: the failure handler runs.
 */
#ifndef FARCALL_FARCALL_H
#define FARCALL_FARCALL_H

#define FARCALL_VERSION_MAJOR 0
#define FARCALL_VERSION_MINOR 1
#define FARCALL_VERSION_PATCH 0
#define FARCALL_VERSION       "0.1.0"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a server grants a client. */
#define FAR_LEVELS(X)                                                          \
    X(NONE, none)       /* parameters and results, nothing else; calls trap */ \
    X(READ, read)       /* returned pointers can be followed; calls trap */    \
    X(TRUSTED, trusted) /* code and data are mapped; calls branch */
enum far_level {
    FAR_LEVEL_UNSET, /* no such service is bound in this process */
#define FAR_LEVEL_OF_(NAME, name) FAR_LEVEL_##NAME,
    FAR_LEVELS(FAR_LEVEL_OF_)
#undef FAR_LEVEL_OF_
        FAR_LEVEL_COUNT
};

/* What this process was granted by the service of that name; FAR_LEVEL_UNSET if it is not bound here. */
enum far_level far_level(const char *service);
/* "none", "read", "trusted"; "unset" for anything else. */
const char *far_level_name(enum far_level level);

/* What is mapped at an operation's address in this process: far_stub_kind((const void *)kv_find). */
enum far_stub_kind {
    FAR_STUB_UNKNOWN, /* not an operation of a service that is bound here */
    FAR_STUB_BRANCH,  /* one branch: the operation runs in this thread */
    FAR_STUB_TRAP,    /* a gate: the operation runs in another protection domain */
    FAR_STUB_PENDING  /* nothing yet: nobody had registered the service; the first call links it */
};
enum far_stub_kind far_stub_kind(const void *operation);
/* "branch", "trap", "pending", "unknown". */
const char *far_stub_kind_name(enum far_stub_kind kind);

/* The service in whose segment this address lies: any address of any part. NULL if none that is bound here. */
const char *far_service_of(const void *address);

/* A call that could not complete. */
struct far_failure {
    const char *service;
    const char *operation;
    int error;          /* an errno value, as listed above */
    const char *reason; /* one line, no newline */
};
typedef void (*far_failure_handler)(const struct far_failure *failure);

/*
 * What runs when an operation without far_fails cannot complete. The handler runs in the thread that called. If it
 * returns, the operation returns zero with errno set; it may as well end the thread or the process, or jump out.
 * NULL: the default again, which prints service, operation and reason, and aborts. Returns the handler there was
 * before.
 */
far_failure_handler far_set_failure_handler(far_failure_handler handler);

/*
 * Exceptions and backtrace() go through services whose code runs in this process: the unwinder that is loaded when a
 * service is bound is told of it. A program that loads one later (a C++ plug-in, into a program in C) calls this after that.
 */
void far_tell_unwinder(void);

/*
 * The process's own domain segment: memory at addresses that no other process on this node uses for anything, so that an
 * address in it can mean the same elsewhere. It is made at the first allocation, by the name server; under
 * `far run --global-heap`, malloc and its like are these functions. NULL and errno: EHOSTDOWN or what connect says (no
 * name server), EDQUOT, ENOMEM, ENOTSUP (libfarcall-heap.so is not installed).
 *
 * A child of fork has a private copy, at the same addresses; that fork() takes as long as copying what is in use does.
 */
void *far_alloc(size_t size);
void *far_alloc_aligned(size_t alignment, size_t size); /* a power of two */
void *far_realloc(void *pointer, size_t size);
void far_free(void *pointer); /* of the functions above, or NULL */
size_t far_usable_size(const void *pointer);

/* Where it is; {NULL, 0} if there is none yet. */
struct far_range {
    void *base;
    size_t size; /* bytes of addresses: only those in use cost memory */
};
struct far_range far_domain(void);

/*
 * Let a service reach the whole domain segment, reading and writing, or do not any more. Its name is enough: it may be
 * registered later. What is passed by reference to a service that also grants this process `trusted` is then not copied,
 * and far_global parameters may point there. 0, or -1 and errno: EINPROGRESS if the service's host has not let go yet, since a call
 * that uses the memory is still running. FARCALL_TRUST_SERVERS and `far run --trust-server` do the same from the start.
 */
int far_trust(const char *service);
int far_distrust(const char *service);

/*
 * Regions: memory that can be granted, to a service that does not trust this process and that this process does not trust
 * (docs/grants.md). A region lies at an address that nobody else on this node uses, is zeros at first, and `size` bytes long,
 * rounded up to 64 KiB. What of it is used costs memory; all of it counts against its user's quota. It is granted as a
 * whole: who must not see one part must not be granted the other.
 *
 * NULL and errno: EINVAL (0 bytes, or more than 64 GiB); EDQUOT (the user's regions would have more than a quarter of the
 * machine's memory, or too many addresses; or this process has 64); EMFILE (the name server has no descriptors for more);
 * EHOSTDOWN or what connect says (no name server); ENOMEM. A child of fork has none of them: nothing is mapped there.
 */
void *far_region(size_t size);

/*
 * Gives a region up: nobody is granted it any more, its memory is unmapped here, and its addresses are nobody's for a while.
 * What a call under way was given stays there for it; nobody waits for that. `address`: any in the region. 0, or -1 and
 * errno: EINVAL (no region of this process).
 */
int far_region_free(void *address);

/*
 * Grants the region around `address` to a service, by name, all its versions: their hosts map it at the same address, for
 * reading or for both, until it is taken back. What the interface declares far_granted is then handed over as it is where it
 * lies in the region, without copying; all else is copied as ever. The service sees what this process writes at any time,
 * and what it is granted to write it may write at any time, until far_revoke.
 *
 * 0, or -1 and errno: EINVAL (no region of this process, no service's name, no such access); ENOENT (nobody has registered the
 * service); ENOTSUP (it is on another node, where nothing of this one's is mapped); EEXIST (granted for more already: take it
 * back first); ENOSPC (16 services have it); EDQUOT (the service's host has no room for more of this user's); ESTALE (fard was started anew and knows nothing of the region); EINPROGRESS (the host has
 * not answered in time: it may be granted, far_revoke makes sure; or a call uses it still from before it was taken back).
 */
enum far_access {
    FAR_GRANT_READ = 1,
    FAR_GRANT_WRITE = 3 /* reading, too */
};
int far_grant(const void *address, const char *service, enum far_access access);

/*
 * Takes it back, from one service or (NULL) from all. No new call is handed it from the beginning on; calls that have it are
 * waited for, 5 s at most. 0: nothing of the service's has it mapped any more, or nothing was granted. -1 and errno:
 * EINPROGRESS, a call uses it still (ask again); EAGAIN, it could not be looked up in time whether the host lies; EINVAL;
 * ESTALE.
 */
int far_revoke(const void *address, const char *service);

/*
 * For a service's code: may it use these bytes until the operation that this thread serves returns, since they lie in memory
 * that its caller has granted? 1: yes, and the caller can change them at any time. 0: no. For addresses that come from the
 * caller by other ways than a parameter of the interface: pointers in granted memory. Where the operation is a branch it is
 * the caller's own code: 1.
 */
int far_was_granted(const void *address, size_t size, enum far_access access);

/*
 * A capability: whoever can say its token has the right, whoever he is (docs/capabilities.md). What it grants, this process has for
 * what it binds from now on; what is bound already stays as it is, so present it before the first use (dlopen the import
 * library after it), or say it in FARCALL_CAPABILITIES. 0, or -1 and errno: EINVAL no token; EACCES not valid (never granted,
 * revoked, expired); EAGAIN too many that were not valid; E2BIG too many in this process; ENOMEM; or why fard cannot be asked.
 *
 * When it is revoked, calls fail with EACCES, and what was mapped becomes inaccessible where it is: SIGSEGV. A thread of the
 * library's sees to that; it exists only in processes that have presented a capability.
 */
int far_present(const char *token);

#define FAR_CAPABILITY_MAX 128 /* bytes of a token, NUL included */
struct far_capability_wish {
    enum far_level level;   /* FAR_LEVEL_UNSET: as the token */
    const char *operations; /* "kv_find,kv_first": those only; NULL: as the token */
    long long expires;      /* seconds since 1970; 0: when the token does */
    const char *note;       /* for whoever lists capabilities, at most 63 letters; NULL: none */
};

/* Make a token that grants less than this one, and goes with it. 0, or -1 and errno: as far_present, EDQUOT. */
int far_capability_narrow(const char *token, const struct far_capability_wish *wish, char narrowed[FAR_CAPABILITY_MAX]);

/*
 * Asynchronous calls. An operation that is declared far_async can be called in two ways: kv_count(7) as any other, and
 *
 *     far_promise *promise = kv_count_async(7);      declared by `faridl kv.h --promises=kv_promises.h`
 *     …
 *     long count;
 *     if (far_claim(promise, &count) == 0)
 *
 * Many may be under way at a time, each on a thread of the service's own; nothing is said about their order. Where the
 * operation is a branch it runs at once, on the caller's thread, and the promise is ready. NULL: nothing was begun, and
 * errno says why: EAGAIN, 64 of this service's are under way, or its host has no room for more; otherwise as for a call.
 *
 * Memory that parameters lead to must stay, and stay unchanged, until the promise is claimed or cancelled: what comes back is
 * written by far_claim, which also calls the functions that were passed, on the thread that claims. far_deadline counts
 * from the beginning. Any thread may claim; a promise that is never claimed keeps its place. A child of fork has
 * none of its parent's: EHOSTDOWN.
 */
typedef struct far_promise far_promise;

/* 1: far_claim has something to go on with: an answer, no hope of one, or a function to be called. 0: not yet. */
int far_ready(far_promise *promise);

/*
 * Waits, writes the operation's result to *result (its type's size; NULL: nowhere), and ends the promise. 0, and errno as the
 * operation leaves it. -1 where the call could not complete: errno says why as for an ordinary call, and *result is
 * the operation's far_fails value, else zeros. No failure handler runs. EINVAL: not a promise that can be claimed, and
 * *result is as it was.
 */
int far_claim(far_promise *promise, void *result);

/*
 * Waits until one of them is ready: its index. NULLs are passed over. At most timeout_ms; negative: without end. -1 and errno:
 * ETIMEDOUT, EINVAL where all are NULL.
 */
int far_wait(far_promise *const *promises, size_t count, int timeout_ms);

/*
 * Gives it up and ends it, without waiting: what was not begun is not, what runs is told, by far_cancelled(), and nothing of
 * the answer is written any more. (Memory in the domain segment that the service was let reach it may still write.) 0; -1 and EINVAL.
 */
int far_cancel(far_promise *promise);

/*
 * Batches: calls that cross together. Between far_batch_begin and far_batch_run this thread's asynchronous and one-way calls are
 * gathered; then they are sent, each service's in one crossing, which wakes its host once. The host serves them in
 * the order in which they were made, one after another. Each has its own promise and its own errno:
 *
 *     far_batch_begin(0);
 *     for (int i = 0; i < 64; i++)
 *         promise[i] = kv_put_async(i, value[i]);
 *     far_batch_run();
 *     …                                              far_claim each, in any order, on any thread
 *
 * One that fails does not keep the others from being made, unless they are linked (FAR_BATCH_LINK): then none after it is
 * begun, and their promises fail with ECANCELED. An operation has failed that could not be called, or that returned its
 * far_fails value.
 *
 * Ordinary calls are made at once, before those that are gathered; so is what is a branch. Other threads, and signal handlers in
 * the middle of a call, are not concerned. Where more is gathered than one crossing takes (256 calls of a service, or a
 * megabyte), it is several, in order, each after the one before was served: then the calls and far_batch_run may wait.
 * If the host dies, a call that it had not begun fails with ECANCELED, one that it had begun with EHOSTDOWN.
 */
#define FAR_BATCH_LINK 1u

/* 0; -1 and errno: EBUSY, this thread gathers already; EINVAL, flags; ENOMEM. */
int far_batch_begin(unsigned flags);
/* Sends what was gathered. 0; -1 and errno: some could not be sent, as their promises say; EINVAL: nothing was begun. */
int far_batch_run(void);
/* Forgets what was gathered: the promises fail with ECANCELED. (What was sent already is on its way.) 0; -1 and EINVAL. */
int far_batch_drop(void);

/*
 * For a service's code: has the caller of the operation that this thread serves gone? It was cancelled, its far_deadline has
 * passed, or its process has ended: what the operation returns reaches nobody. Where the operation is a branch: 0.
 */
int far_cancelled(void);

/*
 * Queued calls (docs/queue.md). An operation that is declared far_queued can also be called when its service is away: its host or
 * its node is down, the network is cut, nobody has registered it yet.
 *
 *     far_ticket ticket = kv_put_queued("key", value);      declared by `faridl kv.h --promises=kv_promises.h`
 *
 * When that returns, the call is on the disk of this node's fard, which has it made when the service is there, in the order in
 * which this user's calls of this service were queued. What it gives waits there until it is claimed, by this process or another
 * of this user's, also after all of them were started anew. 0 and errno: nothing was queued: EDQUOT, the user has too many, or too
 * many bytes, waiting or unclaimed; E2BIG, more bytes than a queued call carries; EFAULT, EINVAL as for a call; ENOTSUP, this fard
 * cannot run anything as this user; ENOSPC, EIO, EAGAIN, fard's disk; EHOSTDOWN, no fard.
 *
 * A call is begun at most once. What had been begun when fard, its courier or the connection was lost has an outcome that nobody
 * knows, and its ticket says so, unless the operation is far_idempotent: then it is made again.
 */
typedef unsigned long long far_ticket;

#define FAR_TICKET_STATES(X)                                                                            \
    X(QUEUED, "queued")       /* it waits for the service */                                            \
    X(BEGUN, "begun")         /* it is being made */                                                    \
    X(DONE, "done")           /* it was made: its result is there */                                    \
    X(FAILED, "failed")       /* it could not be made, and will not be: `error` and `reason` say why */ \
    X(NOT_KNOWN, "not known") /* it was begun; whether it was executed is not known. It will not be made again */
enum far_ticket_state {
#define FAR_TICKET_OF_(NAME, word) FAR_TICKET_##NAME,
    FAR_TICKET_STATES(FAR_TICKET_OF_)
#undef FAR_TICKET_OF_
        FAR_TICKET_STATE_COUNT
};
/* "queued", … */
const char *far_ticket_state_name(enum far_ticket_state state);

struct far_ticket_info {
    far_ticket ticket;
    enum far_ticket_state state;
    int error;           /* DONE: errno as the operation left it, 0: it did not. FAILED, NOT_KNOWN: why */
    long long queued_at; /* seconds since 1970 */
    char service[64];
    char operation[512];
    char reason[256]; /* one line; what QUEUED waits for, as far as is known */
};

/* What has become of it. info may be NULL. 0, or -1 and errno: ENOENT, this user has no such ticket; EHOSTDOWN, no fard. */
int far_ticket_look(far_ticket ticket, struct far_ticket_info *info);

/* Waits until it has ended: DONE, FAILED or NOT_KNOWN. At most timeout_ms; negative: without end. -1 and errno as above, or ETIMEDOUT. */
int far_ticket_wait(far_ticket ticket, int timeout_ms, struct far_ticket_info *info);

/*
 * Takes what has become of it out, and ends the ticket: *result (its type's size; NULL: nowhere) is the operation's. 0, and errno
 * as the operation left it. -1 and errno: it FAILED, or is NOT_KNOWN, with its error; *result is then as it was, and the ticket is
 * ended too. ENOENT, EHOSTDOWN as above; EAGAIN: it has not ended, and stays. To see which of these it was, pass info, whose ticket is
 * set to 0 where nothing was taken.
 */
int far_ticket_claim(far_ticket ticket, void *result, struct far_ticket_info *info);

/* Ends a ticket, without a look. What waits is not made any more. -1 and errno: ENOENT, EHOSTDOWN as above; EBUSY: it is being made. */
int far_ticket_drop(far_ticket ticket);

/* This user's tickets with higher numbers than `after`, in order, into info[room]. How many there were; -1 and errno: EHOSTDOWN. */
int far_ticket_list(far_ticket after, struct far_ticket_info *info, size_t room);

/* The library's version at run time; compare with FARCALL_VERSION. */
const char *far_version(void);

#ifdef __cplusplus
}
#endif

#endif
