/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What every subcommand that reads a segment file begins with. */
#ifndef FARCALL_FAR_LOAD_H
#define FARCALL_FAR_LOAD_H

#include "runtime/iface.h"
#include "runtime/segment.h"

struct loaded {
    const char *file; /* as the user named it */
    uint8_t *bytes;   /* owned */
    size_t size;
    struct far_segment segment; /* checked; points into bytes */
    const struct far_iface *iface;
};

/*
 * Read and check a segment file. On failure prints `far: FILE: what is wrong` on stderr and returns the exit code:
 * EX_NOINPUT (not there, not readable, a directory), EX_DATAERR (no sound segment), EX_IOERR, EX_OSERR. 0 on success,
 * and then the caller frees with unload_segment().
 */
int load_segment(struct loaded *loaded, const char *file);
/* The same, but an object with an interface record or a bare record will do: then segment.iface is NULL, iface is not. */
int load_interface(struct loaded *loaded, const char *file);
void unload_segment(struct loaded *loaded);

/*
 * Flush stdout and see whether all of it was written: a full disk must not look like success. Prints and returns EX_IOERR
 * if not, otherwise `code`.
 */
int finish_output(int code);

#endif
