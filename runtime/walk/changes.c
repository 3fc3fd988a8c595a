/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What of an object has changed: one bit a byte. Nothing but what has changed is written back, since other threads may be
 * writing beside it; and what is there to say it is known on both sides, so that no place or length is ever believed.
 */
#include "runtime/walk/inside.h"

/* Of eight bytes, a bit for each that is not zero. */
static uint8_t bytes_set(uint64_t difference)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7full;
    uint64_t top = ((((difference & low) + low) | difference) & ~low) >> 7;
    return (uint8_t)(top * 0x0102040810204080ull >> 56);
}

static void note_byte(char *to, const char *now, const char *before, uint64_t i, uint8_t *bits, uint64_t first)
{
    if (now[i] == before[i])
        return;
    to[i] = now[i];
    bits[(first + i) / 8] |= (uint8_t)(1u << (first + i) % 8);
}

/* `before` may be `to`. */
void walk_note_changes(char *to, const char *now, const char *before, uint64_t bytes, uint8_t *bits, uint64_t first)
{
    uint64_t i = 0;
    for (; i < bytes && (first + i) % 8; i++)
        note_byte(to, now, before, i, bits, first);
    for (; i + 64 <= bytes; i += 64) {
        if (memcmp(now + i, before + i, 64) == 0)
            continue;
        for (uint64_t j = i; j < i + 64; j += 8) {
            uint64_t is = walk_load(now + j);
            bits[(first + j) / 8] = bytes_set(is ^ walk_load(before + j));
            walk_store(to + j, is);
        }
    }
    for (; i < bytes; i++)
        note_byte(to, now, before, i, bits, first);
}

static bool is_set(const uint8_t *bits, uint64_t at)
{
    return bits[at / 8] >> at % 8 & 1;
}

static void take_byte(char *to, const char *from, uint64_t i, const uint8_t *bits, uint64_t first)
{
    if (is_set(bits, first + i))
        to[i] = from[i];
}

/* Bytes i to i + 64, as the 64 bits say: mostly none of them, or all. */
static void take_line(char *to, const char *from, uint64_t i, const uint8_t *bits, uint64_t first)
{
    uint64_t line;
    memcpy(&line, bits + (first + i) / 8, sizeof line);
    if (line == UINT64_MAX)
        memcpy(to + i, from + i, 64);
    for (uint64_t j = i; line && line != UINT64_MAX && j < i + 64; j++)
        if (line >> (j - i) & 1)
            to[j] = from[j];
}

void walk_take_changes(char *to, const char *from, uint64_t bytes, const uint8_t *bits, uint64_t first)
{
    uint64_t i = 0;
    for (; i < bytes && (first + i) % 8; i++)
        take_byte(to, from, i, bits, first);
    for (; i + 64 <= bytes; i += 64)
        take_line(to, from, i, bits, first);
    for (; i < bytes; i++)
        take_byte(to, from, i, bits, first);
}

bool walk_has_changes(const uint8_t *bits, uint64_t first, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++)
        if (is_set(bits, first + i))
            return true;
    return false;
}
