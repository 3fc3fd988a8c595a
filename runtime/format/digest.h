/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The build id: SHA-256 of a segment file whose build id is zero. In a file of its own, as only this needs libcrypto. */
#ifndef FARCALL_FORMAT_DIGEST_H
#define FARCALL_FORMAT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define SEGMENT_DIGEST_SIZE 32

/*
 * Digest of bytes[0..size) as if the SEGMENT_DIGEST_SIZE bytes at `hole` (offset of the note's build_id) were zero; the
 * hole must lie inside. Returns 0, or -EIO if the library cannot compute one.
 */
int segment_digest(const void *bytes, size_t size, size_t hole, uint8_t digest[SEGMENT_DIGEST_SIZE]);

/* The same in pieces; after the first one that fails, segment_digest_end() does. */
struct segment_digest_run;
struct segment_digest_run *segment_digest_begin(void); /* NULL: the library cannot */
void segment_digest_more(struct segment_digest_run *run, const void *bytes, size_t size);
void segment_digest_hole(struct segment_digest_run *run); /* the build id's bytes, as zeros */
int segment_digest_end(struct segment_digest_run *run, uint8_t digest[SEGMENT_DIGEST_SIZE]);

#endif
