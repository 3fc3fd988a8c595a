/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The members of an archive, in every dialect that ld.lld reads: GNU's and System V's (long names in a table of their own),
 * Microsoft's (the same table, other ends of lines), BSD's and Darwin's (a long name is the first bytes of its member).
 */
#ifndef FARLD_ARCHIVE_H
#define FARLD_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive {
    const uint8_t *bytes;
    size_t size;
    size_t next;       /* offset of the next member's header */
    const char *names; /* the table of long names; NULL: not seen yet */
    size_t names_size;
};

struct archive_member {
    const char *name; /* of so many bytes, with no zero behind them */
    size_t name_size;
    const uint8_t *bytes;
    size_t size;
};

enum archive_step { ARCHIVE_MEMBER, ARCHIVE_END, ARCHIVE_DAMAGED };

bool archive_is(const uint8_t *bytes, size_t size);
struct archive archive_open(const uint8_t *bytes, size_t size);
/* The next member that is none of the archive's own tables. *why: what is damaged. */
enum archive_step archive_next(struct archive *archive, struct archive_member *member, const char **why);

/*
 * The same archive with a number before each member's name ("3/deflate.o"), so that no two have one name; without tables of
 * symbols. From malloc(); NULL: no memory.
 */
char *archive_numbered(const uint8_t *bytes, size_t size, size_t *numbered_size);

#endif
