/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Mapping a segment's parts at their addresses and filling in the linkage: the same for a client and for a host. */
#ifndef FARCALL_MAP_H
#define FARCALL_MAP_H

#include "runtime/protocol.h"

#include <stdbool.h>

/* What came from fard, by its place in enum far_bind_fd; -1 where there is none. */
struct far_fds {
    int fd[FAR_FD_COUNT];
};

/* Put descriptors that came in order of the bits set in `mask` in their places. -EPROTO if the numbers differ. */
int fds_take(struct far_fds *fds, uint32_t mask, const int *fd, int count, struct far_error *error);
void fds_close(struct far_fds *fds);

/* A whole read-only file. *size may be 0 only if the file is empty, which is an error. NULL and *error on failure. */
const void *map_file(int fd, size_t *size, const char *service, const char *what, struct far_error *error);

struct far_mapping {
    const char *service;
    uint64_t base;
    const struct far_extent *part; /* absolute */
    const struct far_fds *fds;
    uint32_t *mapped; /* gets the bit 1 << enum far_part of each part that was mapped; or NULL */
};

/* Refuse parts that are out of order, unaligned, or outside the window. */
int map_check_parts(const struct far_mapping *mapping, struct far_error *error);

/*
 * Map what a level allows (FAR_LEVEL_NONE, READ, TRUSTED); the host of a service is trusted. The linkage stays writable
 * until map_seal_linkage. What was mapped before a failure stays until map_undo.
 */
int map_parts(const struct far_mapping *mapping, enum far_level level, struct far_error *error);
int map_seal_linkage(const struct far_mapping *mapping, struct far_error *error);
/* Take away what mapping->mapped says was mapped, and nothing else: the range can be tried again. */
void map_undo(const struct far_mapping *mapping);
/* Map other memory over data and heap that are mapped already: fard has made new. */
int map_data_again(const struct far_mapping *mapping, enum far_level level, struct far_error *error);

/* What fills in the linkage: how a name of the process's C library is found. NULL: refused, with *error filled in. */
struct far_linker {
    void *(*function)(const char *service, const char *name, struct far_error *error);
    void *(*object)(const char *service, const char *name, struct far_error *error);
    const struct far_iface
        *vouching;      /* functions that an operation's author vouches for are the process's own; or NULL */
    bool chooses_later; /* IFUNC is left for link_choice(): its code must not run here */
};
extern const struct far_linker far_client_linker; /* hosttable.c */
extern const struct far_linker far_host_linker;

/* Apply HOST, COPY and IFUNC of a checked stream. */
int link_domain(const struct far_mapping *mapping, const struct far_reloc_header *stream,
                const struct far_linker *linker, struct far_error *error);
/* An IFUNC, whose function somebody else has asked. */
int link_choice(const struct far_mapping *mapping, const struct far_reloc *command, const char *name, uint64_t function,
                struct far_error *error);

static inline bool far_inside(const struct far_extent *part, uint64_t address, uint64_t size)
{
    return address >= part->address && size <= part->size && address - part->address <= part->size - size;
}

#endif
