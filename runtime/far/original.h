/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A shared library in whose place an import library will stand: what it exports, under which versions. */
#ifndef FARCALL_FAR_ORIGINAL_H
#define FARCALL_FAR_ORIGINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORIGINAL_PARENTS_MAX 8

enum original_kind {
    ORIGINAL_FUNCTION,
    ORIGINAL_CONSTANT, /* data that nobody writes to and that holds no addresses */
    ORIGINAL_VARIABLE, /* any other data */
    ORIGINAL_THREAD_LOCAL,
    ORIGINAL_VERSION, /* no thing at all: some linkers make a symbol of each version's name */
};

struct original_symbol {
    const char *name;
    const uint8_t *bytes; /* of a constant: size of them */
    uint64_t size;
    uint32_t version; /* in the list of versions; ORIGINAL_UNVERSIONED: none */
    bool hidden;      /* only who asks for that version gets it: name@VERSION, not name@@VERSION */
    bool weak;
    enum original_kind kind;
};
#define ORIGINAL_UNVERSIONED UINT32_MAX

struct original_version {
    const char *name;
    const char *parent[ORIGINAL_PARENTS_MAX];
    uint32_t parent_count;
};

struct original {
    const char *file; /* as the user named it */
    const uint8_t *bytes;
    size_t size;
    uint32_t machine;   /* EM_… */
    const char *soname; /* NULL: it has none */
    struct original_symbol *symbols;
    size_t symbol_count;
    struct original_version *versions; /* in their order, without the one that is called like the library */
    size_t version_count;
};

/* Returns 0, or an exit code, having said `far: FILE: why`. Then there is nothing to close. */
int original_open(struct original *original, const char *file);
void original_close(struct original *original);

#endif
