/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The import table: what a client's import library (libkv.so, written by `far implib`) knows about a service. It lies in
 * the library's read-only section .far.import and travels to fard as it is, as the body of a bind request; so it holds
 * offsets, no pointers, and is checked by import_check() by whoever did not write it. Little-endian.
 *
 * Layout: struct far_import_table, op_count × struct far_import_op sorted by name (strcmp), then strings, NUL-terminated,
 * addressed by their offset from the first byte of the table, and, if `details` is not 0, struct far_import_details with what
 * follows it; zero bytes up to a multiple of 8.
 */
#ifndef FARCALL_IMPORT_H
#define FARCALL_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAR_IMPORT_SECTION ".far.import"
#define FAR_IMPORT_MAGIC   "FARIMPRT"
#define FAR_IMPORT_VERSION 3
#define FAR_IMPORT_MAX     60000 /* bytes of a whole table: it must fit in one message to fard */
#define FAR_IMPORT_SERVICE 64    /* bytes of the service's name, NUL and zero padding included */

struct far_import_table {
    char magic[8];    /* FAR_IMPORT_MAGIC */
    uint32_t version; /* FAR_IMPORT_VERSION */
    uint32_t size;    /* bytes of the whole table, strings included; a multiple of 8, at most FAR_IMPORT_MAX */
    char service[FAR_IMPORT_SERVICE];
    uint16_t major; /* version of the interface that the client was linked against */
    uint16_t minor;
    uint32_t op_count;    /* at least 1 */
    uint64_t fingerprint; /* of all operations together: equal fingerprints need no look at the single ones */
    uint32_t details;     /* offset of struct far_import_details, a multiple of 4; 0: there are none */
    uint32_t reserved;    /* 0 */
};

#define FAR_IMPORT_HAS_FAILS \
    1u /* far_fails(value): what a call returns that cannot complete before there is a record */

struct far_import_op {
    uint64_t fingerprint;
    uint64_t fails; /* with FAR_IMPORT_HAS_FAILS, as struct far_op has it; else 0 */
    uint32_t name;  /* offset of its string from the first byte of the table */
    uint32_t flags; /* FAR_IMPORT_HAS_FAILS */
};

/*
 * What the fingerprints were made of, in pieces (runtime/format/detail.h): looked at only when one does not fit, to say what
 * has changed. Followed by
 *
 *     uint32_t first[op_count + 1]       where each operation's digests begin
 *     uint32_t digest[digest_count]      an operation's annotations, its result, its parameters
 *     struct far_import_type[type_count], struct far_import_member[member_count]
 */
struct far_import_details {
    uint32_t digest_count;
    uint32_t type_count;
    uint32_t member_count;
    uint32_t reserved; /* 0 */
};

struct far_import_type {
    uint32_t name; /* offset of its string */
    uint32_t digest;
    uint32_t first_member;
    uint32_t member_count;
};

struct far_import_member {
    uint32_t name; /* offset of its string; 0: it has none */
    uint32_t digest;
};

_Static_assert(sizeof(struct far_import_table) == 104, "struct far_import_table is part of the file format");
_Static_assert(sizeof(struct far_import_op) == 24, "struct far_import_op is part of the file format");

/* enum far_import_state: libfarcall's; an import library starts as FAR_IMPORT_UNBOUND (all zero bytes). */
enum far_import_state {
    FAR_IMPORT_UNBOUND,
    FAR_IMPORT_RESOLVED, /* stub[] holds addresses; nothing is mapped there yet */
    FAR_IMPORT_BOUND,
    FAR_IMPORT_FAILED,
    FAR_IMPORT_PENDING /* nobody has registered the service yet: stub[] are addresses that fault and are linked then */
};

/*
 * The run-time state of one import library, writable, in its .data. The library starts it with `table` and `stub` filled
 * in and the rest zero; everything else is libfarcall's. Hidden in the library: there is one for each.
 */
struct far_import {
    const struct far_import_table *table;
    uint64_t base;  /* address of the segment's first byte, once known */
    void *binding;  /* struct far_binding *, once bound; before that struct far_resolved *, once resolved */
    uint32_t state; /* enum far_import_state */
    uint32_t reserved;
    uint64_t *stub; /* op_count stub addresses, in the table's order; 0 while unknown */
};

/* Of a library with operations that are far_queued: how they look, checked by whoever made the library. */
struct far_iface;
struct far_import_queued {
    struct far_import import;
    const struct far_iface *record;
};

#define FAR_IMPORT_STATE_SIZE 40
_Static_assert(sizeof(struct far_import) == FAR_IMPORT_STATE_SIZE, "far implib lays this out in assembly");
_Static_assert(offsetof(struct far_import, stub) == 32, "far implib lays this out in assembly");

/*
 * What an import library calls in libfarcall.so, and nothing else.
 *
 * far_resolve: the address of the stub of the table's operation op_index. Called from IFUNC resolvers, while the program
 * is still being relocated: before any constructor, before the program's own relocations, perhaps before the thread's
 * stack protector is set up. Never returns NULL: if no name server answers it returns the address of a function that
 * says so; far_bind, which runs before main, explains and ends the process.
 *
 * far_bind: maps the service at its addresses, or says why not and ends the process. Called once, from the import
 * library's constructor. A service that nobody has registered yet is linked when it is first called (pending.h); then
 * the process has a SIGSEGV handler from here on, which passes on what is not its own.
 */
void *far_resolve(struct far_import *import, uint32_t op_index);
void far_bind(struct far_import *import);

/*
 * far_refuse: what calls of a function do that the library has, in whose place an import library stands (far implib
 * --like), and the service has not: the failure handler with ENOSYS. Returns 0 if that returns.
 */
uint64_t far_refuse(struct far_import *import, const char *function);

/*
 * Check a table that came from elsewhere. Returns 0, or -EINVAL and a message ("what, where, what to do") in
 * why[why_size]. Reads nothing outside table[0..size); table must be aligned to 8 bytes, size be the table's own size.
 */
int import_check(const void *table, size_t size, char *why, size_t why_size);

/* The details of a checked table, which are checked here: bounds, not texts. False: there are none, or they are not sound. */
struct import_details {
    const uint32_t *first, *digest;
    const struct far_import_type *type;
    const struct far_import_member *member;
    uint32_t type_count;
};
bool import_details(const struct far_import_table *table, struct import_details *details);
/* A name in them; "" if there is none, or if it is no text. */
const char *import_detail_name(const struct far_import_table *table, uint32_t offset);

/* A table of one operation, for whoever calls by name. operation is cut off where it is too long: no service has such a one. */
#define FAR_IMPORT_ONE_NAME 512
struct far_import_one {
    struct far_import_table table;
    struct far_import_op op;
    char name[FAR_IMPORT_ONE_NAME];
};
void import_one(struct far_import_one *import, const char *service, uint16_t major, uint16_t minor,
                const char *operation, uint64_t fingerprint);

/* Accessors for a checked table; the index is not checked again. */
static inline const struct far_import_op *import_op(const struct far_import_table *table, uint32_t index)
{
    return (const struct far_import_op *)(table + 1) + index;
}

static inline const char *import_op_name(const struct far_import_table *table, uint32_t index)
{
    return (const char *)table + import_op(table, index)->name;
}

#endif
