/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Nothing is locked, and whoever dies in the middle leaves an entry behind that is not done. Compiled with LEDGER_TWICE, LEDGER_LOSES or
 * LEDGER_WRONG, now and then it does what the checker of histories is there to find.
 */
#include "ledger.h"

#include <time.h>

#define ENTRIES   (1 << 20)
#define PEEK_BACK 4096 /* peek looks that far: it asks for what is new */

static struct ledger_entry entry[ENTRIES];
static long entries, openings, begun;

__attribute__((constructor)) static void open_ledger(void)
{
    openings++;
}

static long append(uint64_t id, long amount)
{
    long at = __atomic_fetch_add(&entries, 1, __ATOMIC_SEQ_CST);
    if (at >= ENTRIES)
        return -1;
    entry[at].id = id;
    entry[at].amount = amount;
    __atomic_store_n(&entry[at].done, 1, __ATOMIC_RELEASE);
    return at + 1;
}

static long add(uint64_t id, long amount)
{
#ifdef LEDGER_TWICE
    if (id % 97 == 5)
        append(id, amount);
#endif
#ifdef LEDGER_LOSES
    if (id % 97 == 5)
        return __atomic_load_n(&entries, __ATOMIC_SEQ_CST) + 1;
#endif
    long place = append(id, amount);
#ifdef LEDGER_WRONG
    if (id % 97 == 5)
        return place + 1;
#endif
    return place;
}

long ledger_add(uint64_t id, long amount)
{
    return add(id, amount);
}

long ledger_add_text(uint64_t id, const unsigned char *text, size_t size, struct ledger_receipt *receipt)
{
    receipt->id = id;
    receipt->place = 0;
    for (size_t i = 0; i < size; i++)
        if (text[i] != ledger_byte(id, i))
            return LEDGER_DAMAGED;
    return receipt->place = add(id, (long)size);
}

static void wait_for(int milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

long ledger_add_slowly(uint64_t id, long amount, int milliseconds)
{
    wait_for(milliseconds);
    return add(id, amount);
}

long ledger_add_late(uint64_t id, long amount, int milliseconds)
{
    __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
    wait_for(milliseconds);
    return add(id, amount);
}

long ledger_begun(void)
{
    return __atomic_load_n(&begun, __ATOMIC_SEQ_CST);
}

long ledger_add_asking(uint64_t id, long (*amount)(void *user, uint64_t id), void *user)
{
    long given = amount(user, id);
    return given ? add(id, given) : LEDGER_UNASKED;
}

void ledger_add_unanswered(uint64_t id, long amount)
{
    add(id, amount);
}

static long here(void)
{
    long count = __atomic_load_n(&entries, __ATOMIC_SEQ_CST);
    return count < ENTRIES ? count : ENTRIES;
}

long ledger_peek(uint64_t id)
{
    long count = here();
    for (long i = count; i-- > 0 && i >= count - PEEK_BACK;)
        if (entry[i].id == id && __atomic_load_n(&entry[i].done, __ATOMIC_ACQUIRE))
            return i + 1;
    return 0;
}

long ledger_read(long place, struct ledger_entry *out, long most)
{
    long count = here(), got = 0;
    for (long i = place - 1; i >= 0 && i < count && got < most; i++)
        out[got++] = entry[i];
    return got;
}

long ledger_openings(void)
{
    return openings;
}
