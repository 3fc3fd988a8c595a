/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/fuzz.h"
#include "runtime/protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD_LEAST 3
#define WORD_MOST  60
#define WORDS_MAX  4096

/* xorshift, by Marsaglia, with a multiplication behind it. */
uint64_t choose(struct fuzz_choice *choice)
{
    uint64_t x = choice->state ? choice->state : 88172645463325252u;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    choice->state = x;
    return x * 2685821657736338717u;
}

uint64_t choose_below(struct fuzz_choice *choice, uint64_t end)
{
    return end ? (choose(choice) >> 11) % end : 0;
}

bool choose_one_in(struct fuzz_choice *choice, uint64_t of)
{
    return choose_below(choice, of) == 0;
}

struct fuzz_choice choice_of(uint64_t seed, uint64_t number)
{
    struct fuzz_choice choice = {seed * 0x9E3779B97F4A7C15u + number * 0xD1B54A32D192ED03u + 1};
    choose(&choice);
    choose(&choice);
    return choice;
}

uint64_t choose_edge(struct fuzz_choice *choice)
{
    static const uint64_t edge[] = {0,
                                    1,
                                    7,
                                    8,
                                    15,
                                    16,
                                    255,
                                    4095,
                                    4096,
                                    65536,
                                    FAR_ASTACK_DEFAULT - FAR_ASTACK_AREA,
                                    FAR_ASTACK_DEFAULT,
                                    FAR_STRING_LIMIT,
                                    INT32_MAX,
                                    1ull << 31,
                                    UINT32_MAX,
                                    FAR_ASTACK_MAX,
                                    1ull << 32,
                                    INT64_MAX,
                                    1ull << 63,
                                    UINT64_MAX,
                                    UINT64_MAX / 8 + 1,
                                    FAR_WINDOW_BEGIN,
                                    FAR_WINDOW_END,
                                    0x400000,
                                    0x10000,
                                    0x1ffff};
    uint64_t near = choose_one_in(choice, 3) ? choose_below(choice, 3) - 1 : 0;
    return choose_one_in(choice, 6) ? choose(choice) : edge[choose_below(choice, sizeof edge / sizeof *edge)] + near;
}

uint64_t choose_number(struct fuzz_choice *choice)
{
    switch (choose_below(choice, 16)) {
    case 0:
        return choose_edge(choice);
    case 1:
        return -choose_below(choice, 16);
    case 2:
    case 3:
        return choose_below(choice, 1024);
    case 4:
    case 5:
    case 6:
        return choose_below(choice, 64);
    default:
        return choose_below(choice, 9);
    }
}

static bool is_printable(uint8_t byte)
{
    return byte >= ' ' && byte < 127;
}

static int add_word(struct fuzz_words *words, const uint8_t *bytes, size_t size)
{
    char *copy = strndup((const char *)bytes, size);
    if (!copy)
        return -ENOMEM;
    words->word[words->count++] = copy;
    return 0;
}

/* Whole strings only: those that end with a zero. */
int words_from(struct fuzz_words *words, const uint8_t *bytes, size_t size)
{
    size_t begin = 0;
    int failed = 0;
    *words = (struct fuzz_words){.word = calloc(WORDS_MAX, sizeof(char *))};
    if (!words->word)
        return -ENOMEM;
    for (size_t i = 0; i < size && words->count < WORDS_MAX && !failed; i++) {
        if (is_printable(bytes[i]))
            continue;
        size_t length = i - begin;
        if (bytes[i] == 0 && length >= WORD_LEAST && length <= WORD_MOST)
            failed = add_word(words, bytes + begin, length);
        begin = i + 1;
    }
    return failed;
}

void words_free(struct fuzz_words *words)
{
    for (uint32_t i = 0; i < words->count; i++)
        free(words->word[i]);
    free(words->word);
    *words = (struct fuzz_words){.word = NULL};
}
