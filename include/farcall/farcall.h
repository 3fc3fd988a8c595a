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

/* The library's version at run time; compare with FARCALL_VERSION. */
const char *far_version(void);

#ifdef __cplusplus
}
#endif

#endif
