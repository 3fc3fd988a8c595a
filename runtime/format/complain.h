/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* How the checkers of this folder say what is wrong: into the caller's buffer, never to a stream. */
#ifndef FARCALL_COMPLAIN_H
#define FARCALL_COMPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct complaint {
    char *text; /* may be NULL if size is 0 */
    size_t size;
};

/* Writes the message and returns -EINVAL, so that a check reads: return complain(to, "…", …). */
int complain(const struct complaint *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Is [offset, offset + length) inside [0, size)? No sum is formed, so nothing can overflow. */
static inline bool range_inside(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

/* Is the byte at `at` of a string what a terminal would act on: C0, DEL, or C1 in either encoding? */
bool text_is_control(const char *text, size_t at);
/*
 * Text that comes from a file ends up on terminals and in logs: it must be terminated within limit bytes (NUL included)
 * and hold no control characters; an identifier is what C calls one; a symbol may have '.', '$' and '@' as well.
 */
bool text_is_printable(const char *text, size_t limit);
bool text_is_identifier(const char *text, size_t limit);
bool text_is_symbol(const char *text, size_t limit);

/* Bytes of the UTF-8 sequence at `text` if it is well-formed (no overlong forms, no surrogates), otherwise 0. */
size_t text_utf8_length(const char *text);

#endif
