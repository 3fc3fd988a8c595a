/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A service that keeps what was executed, in order: of each call its number, which the client gives and never gives again. What is
 * executed twice is there twice, so whoever has noted all calls can tell (history.h). Results are the place, from 1 on, where it stands.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <farcall/annotate.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
far_service(ledger, 1, 0);

#define LEDGER_DEADLINE_MS 400
#define LEDGER_DAMAGED     (-2)
#define LEDGER_UNASKED     (-3)

struct ledger_receipt {
    uint64_t id;
    long place;
};

struct ledger_entry {
    uint64_t id;
    long amount;
    uint32_t done; /* 0: its host was killed before it was written */
    uint32_t zero;
};

far_op far_function_shipped far_async far_fails(-1)
    long ledger_add(uint64_t id, long amount);

/* The same, with bytes that must be ledger_byte()'s, or it is LEDGER_DAMAGED. */
far_op far_function_shipped far_fails(-1)
    long ledger_add_text(uint64_t id, const unsigned char *far_in __sized_by(size) text, size_t size,
                         struct ledger_receipt *far_out receipt);

/* The same, after so many milliseconds. */
far_op far_function_shipped far_deadline(LEDGER_DEADLINE_MS) far_fails(-1)
    long ledger_add_slowly(uint64_t id, long amount, int milliseconds);

/* The same without a deadline; and how many of those have begun. */
far_op far_function_shipped far_fails(-1)
    long ledger_add_late(uint64_t id, long amount, int milliseconds);
far_op far_function_shipped far_idempotent far_fails(-1)
    long ledger_begun(void);

/* The same; the client is asked for the amount, which is never 0: 0 is what a callback's loss gives. LEDGER_UNASKED then. */
far_op far_function_shipped far_fails(-1)
    long ledger_add_asking(uint64_t id, long (*far_callback amount)(void *far_opaque user, uint64_t id), void *far_opaque user);

/* The same; nobody is told. */
far_op far_function_shipped far_oneway
    void ledger_add_unanswered(uint64_t id, long amount);

/* Where it stands; 0: nowhere. */
far_op far_function_shipped far_idempotent far_fails(-1)
    long ledger_peek(uint64_t id);

/* Entries from a place on, `most` of them at most: how many, 0 behind the last. */
far_op far_function_shipped far_idempotent far_fails(-1)
    long ledger_read(long place, struct ledger_entry *far_out __counted_by(most) entries, long most);

/* How often the constructors have run on this data: 1. */
far_op far_function_shipped far_idempotent far_fails(-1)
    long ledger_openings(void);

static inline unsigned char ledger_byte(uint64_t id, size_t at)
{
    return (unsigned char)(id * 31 + at * 7 + (at >> 8));
}

#endif
