/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The heap of a segment: malloc for code that runs in many processes at once, over memory they share, any of which may
 * be killed between two instructions.
 *
 * The heap is a row of blocks, from `start` to `top`; behind top lies memory never used. A block's first word says how
 * long it is and whether it is in use, and is only ever changed by one 8-byte store. Every change of the row is
 * committed by exactly one such store (of a block's word, or of top), everything that the store makes visible having
 * been written before it. So whoever dies wherever, walking from word to word finds a row of whole blocks. All the rest
 * (lists, the length of the block before) is derived, and heap_recover() makes it anew.
 *
 *     | word | before | payload …          | word | before | …
 *     block                                 block + its length
 *
 * Callers hold the lock of the heap around every function here but heap_usable_size(). No libc but memcpy and memset:
 * this runs inside segments.
 */
#ifndef FARCALL_HEAP_H
#define FARCALL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_ALIGNMENT  16
#define HEAP_HEADER     16 /* bytes before a payload */
#define HEAP_SMALLEST   32 /* bytes of the smallest block: a free one must hold two links */
#define HEAP_SMALL_BINS 64 /* one for each length below 1 KiB */
#define HEAP_BINS       192
#define HEAP_LARGEST    ((uint64_t)1 << 46) /* bytes; no heap is that large */

struct heap_block {
    uint64_t word;                      /* length | state | check << 48 */
    uint64_t before;                    /* length of the block before this one, 0 for the first: derived */
    struct heap_block *next, *previous; /* free blocks only, in the payload: derived */
};

/* All zero bytes before the first heap_start(). What follows `top` is derived. */
struct heap {
    unsigned char lock[64]; /* for far_segment_lock(); the functions below never touch it */
    uint64_t start;         /* address of the first block; 0: not started */
    uint64_t end;           /* address behind the last byte that may be used */
    uint64_t top;           /* address behind the last block */
    uint64_t last;          /* length of the block before top, 0 if there is none */
    struct heap_block *bins[HEAP_BINS];
    uint64_t filled[HEAP_BINS / 64]; /* bit b: bin b is not empty */
};

/* Use [start, end) from now on. Does nothing if the heap was started before. */
void heap_start(struct heap *heap, void *start, void *end);
/* Make everything derived anew, after the lock's last owner died holding it. */
void heap_recover(struct heap *heap);
/* NULL if there is no room. `alignment` is a power of two. */
void *heap_allocate(struct heap *heap, size_t size, size_t alignment);
/* pointer: not NULL. */
void heap_release(struct heap *heap, void *pointer);
/* Change the length in place if that can be done. */
bool heap_resize(struct heap *heap, void *pointer, size_t size);
/* Bytes that the block of a live pointer can hold. Reads that block only, so its owner needs no lock. */
size_t heap_usable_size(const struct heap *heap, const void *pointer);
/* Walk the whole row, and the lists against it. For tests: false and a reason instead of heap_broken(). */
bool heap_is_sound(const struct heap *heap, const char **why);

/* Provided by the user of these functions: the heap is damaged, or was misused. Does not return. */
_Noreturn void heap_broken(const char *what, const void *pointer);

#endif
