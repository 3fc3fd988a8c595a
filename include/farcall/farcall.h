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
 * For a service's code: has the caller of the operation that this thread serves gone? It was cancelled, its far_deadline has
 * passed, or its process has ended: what the operation returns reaches nobody. Where the operation is a branch: 0.
 */
int far_cancelled(void);

/* The library's version at run time; compare with FARCALL_VERSION. */
const char *far_version(void);

#ifdef __cplusplus
}
#endif

#endif
