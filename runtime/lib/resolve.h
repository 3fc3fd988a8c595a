/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What far_resolve, which runs while ld.so is still relocating, leaves for far_bind: fard's answer as it came, descriptors
 * included, so that binding takes one round trip. It lies in memory of its own, at struct far_import's `binding` until the import
 * is bound.
 */
#ifndef FARCALL_RESOLVE_H
#define FARCALL_RESOLVE_H

#include "runtime/lib/settings.h"
#include "runtime/protocol.h"

#include <sys/un.h>

struct far_resolved {
    struct far_settings settings; /* as everything in this process sees them */
    struct sockaddr_un address;
    uint32_t connection; /* number of the connection that was asked; see struct far_early */
    uint32_t size;       /* bytes of the answer's body; 0: addresses only, far_bind must ask */
    int fd[FAR_MESSAGE_FDS];
    int fd_count;
    union {
        _Alignas(16) unsigned char packet[FAR_MESSAGE_MAX]; /* the words of its body are read in place */
        struct far_message message;
    };
};

/* The connection of resolvers: one for all import libraries of a program, until far_bind takes it over. */
struct far_early {
    int fd;          /* -1: none */
    uint32_t number; /* of the last one that was opened */
    uint32_t serial; /* of the last request over it */
};
/* Hidden, so that far_resolve reaches it without a word that ld.so must have relocated before. */
extern struct far_early far_early __attribute__((visibility("hidden")));

#endif
