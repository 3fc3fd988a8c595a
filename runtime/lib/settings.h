/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What the environment says to farcall. Read from /proc/self/environ, the environment as the program was started with,
 * so that an IFUNC resolver (which has no getenv yet) and far_bind always see the same. Freestanding.
 */
#ifndef FARCALL_SETTINGS_H
#define FARCALL_SETTINGS_H

#include <stdint.h>

#define FAR_SOCKET_PATH_MAX 108 /* bytes of sockaddr_un.sun_path, NUL included */
#define FAR_SETTINGS_WORD   16
#define FAR_SETTINGS_LIST   1024
#define FAR_SETTINGS_TOKENS 2048

/* Something in the environment that cannot be obeyed; far_bind says so and ends the process. */
enum far_settings_fault {
    FAR_SETTINGS_FINE,
    FAR_SETTINGS_SOCKET_LONG, /* a path that no socket address can hold */
    FAR_SETTINGS_BAD_LEVEL,
    FAR_SETTINGS_BAD_SPIN,
    FAR_SETTINGS_BAD_HEAP,
    FAR_SETTINGS_BAD_GATE,
    FAR_SETTINGS_BAD_AHEAD,
    FAR_SETTINGS_CAPABILITIES_LONG
};

#define FAR_AHEAD_USUAL 32
#define FAR_AHEAD_MOST  255

/* How calls of services cross that this process does not let run unprotected. */
enum far_gate_choice { FAR_GATE_PROCESS, FAR_GATE_PKU, FAR_GATE_AUTO };

struct far_settings {
    char socket[FAR_SOCKET_PATH_MAX]; /* where fard listens */
    char level_text[FAR_SETTINGS_WORD];
    char spin_text[FAR_SETTINGS_WORD];
    char heap_text[FAR_SETTINGS_WORD];
    char gate_text[FAR_SETTINGS_WORD];
    char ahead_text[FAR_SETTINGS_WORD];
    char untrusted[FAR_SETTINGS_LIST];      /* comma list; "*": every service */
    char capabilities[FAR_SETTINGS_TOKENS]; /* comma list */
    char trusted[FAR_SETTINGS_LIST]; /* comma list: who may reach the domain segment; one that does not fit is empty */
    uint64_t heap_size;              /* bytes of addresses of the domain segment; 0: the usual */
    uint8_t perf;                    /* write names for perf */
    uint8_t capable;                 /* there are capabilities to present before anything is bound */
    uint32_t level;                  /* enum far_level: ask for no more; FAR_LEVEL_UNSET: no wish */
    int32_t spin;                    /* iterations before sleeping; -1: the default */
    int32_t ahead;                   /* pages that go along with one that another node asks for */
    uint32_t bind_now;               /* a service that is not registered is an error at start */
    uint32_t gate;                   /* enum far_gate_choice */
    uint32_t fault;                  /* enum far_settings_fault */
};

/* Where the process may not be told anything by its environment (AT_SECURE), only the system's defaults remain. */
void far_settings_read(struct far_settings *settings);

/* enum far_level that this process is content with, for this service. */
uint32_t far_settings_wish(const struct far_settings *settings, const char *service);
/* How its calls are to cross: another gate than the process's only for a service that is not to run unprotected. */
enum far_gate_choice far_settings_gate(const struct far_settings *settings, const char *service);
/* enum far_level to ask for: what is mapped into a protection domain is what trusted clients are given. */
uint32_t far_settings_want(const struct far_settings *settings, const char *service);

#endif
