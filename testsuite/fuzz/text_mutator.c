/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * C text is changed token by token, so that what comes out mostly still is C and reaches behind the lexer. One change in
 * three is libFuzzer's own, by bytes and with the dictionary.
 */
#include "testsuite/fuzz/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define TOKENS_MAX 4096
#define TEXT_MAX   (1u << 20)
#define RUN_MAX    12 /* tokens that are moved together */
#define DEPTH_MAX  300

static const char *const words[] = {
#include "words.inc"
};

struct token {
    const uint8_t *text;
    size_t length; /* with the blanks behind it */
};

struct text {
    struct token tokens[TOKENS_MAX];
    size_t count;
};

struct output {
    uint8_t *bytes;
    size_t size, room;
};

static unsigned next_random(unsigned *state, size_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return below ? (*state >> 8) % (unsigned)below : 0;
}

static bool is_word(uint8_t c)
{
    return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

/* Words, strings, and single characters: that `->` comes apart is welcome. */
static size_t token_length(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *from = at;
    if (*at == '"' || *at == '\'') {
        for (at++; at < end && *at != *from && *at != '\n'; at++)
            at += *at == '\\' && at + 1 < end;
        at += at < end;
    } else if (*at == '#') {
        while (at < end && *at != '\n')
            at++;
    } else if (is_word(*at)) {
        while (at < end && is_word(*at))
            at++;
    } else {
        at++;
    }
    while (at < end && isspace(*at))
        at++;
    return (size_t)(at - from);
}

/* The last token is the rest, if there are more than fit. */
static void split(struct text *to, const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size;
    to->count = 0;
    while (data < end && to->count < TOKENS_MAX) {
        size_t length = to->count == TOKENS_MAX - 1 ? (size_t)(end - data) : token_length(data, end);
        to->tokens[to->count++] = (struct token){data, length};
        data += length;
    }
}

static void put(struct output *to, const void *bytes, size_t size)
{
    if (size > to->room - to->size)
        size = to->room - to->size;
    if (size)
        memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
}

static void put_word(struct output *to, unsigned *random)
{
    const char *word = words[next_random(random, sizeof words / sizeof *words)];
    put(to, word, strlen(word));
}

static void put_tokens(struct output *to, const struct text *from, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        put(to, from->tokens[i].text, from->tokens[i].length);
}

static void put_number(struct output *to, unsigned *random)
{
    static const char *const numbers[] = {"0 ",           "1 ",
                                          "2 ",           "7 ",
                                          "8 ",           "15 ",
                                          "16 ",          "63 ",
                                          "64 ",          "65 ",
                                          "255 ",         "65535 ",
                                          "65536 ",       "2147483647 ",
                                          "2147483648u ", "4294967296 ",
                                          "(-1) ",        "(-9223372036854775807-1) ",
                                          "sizeof(int) ", "9223372036854775807 "};
    const char *number = numbers[next_random(random, sizeof numbers / sizeof *numbers)];
    put(to, number, strlen(number));
}

static void put_nested(struct output *to, const struct token *token, unsigned *random)
{
    static const char *const brackets[] = {"()", "[]", "{}", "<>"};
    const char *bracket = brackets[next_random(random, 4)];
    unsigned depth = 1 + next_random(random, next_random(random, 8) ? 3 : DEPTH_MAX);
    for (unsigned i = 0; i < depth; i++)
        put(to, bracket, 1);
    put(to, token->text, token->length);
    for (unsigned i = 0; i < depth; i++)
        put(to, bracket + 1, 1);
}

/* Behind the last ; before token `at`: where a declaration begins. */
static size_t declaration_start(const struct text *text, size_t at)
{
    while (at > 0 && text->tokens[at - 1].text[0] != ';')
        at--;
    return at;
}

static size_t declaration_end(const struct text *text, size_t at)
{
    while (at < text->count && text->tokens[at].text[0] != ';')
        at++;
    return at < text->count ? at + 1 : at;
}

enum change {
    DELETE,
    REPEAT,
    MOVE,
    COPY_OVER,
    INSERT_WORD,
    REPLACE_WORD,
    NUMBER,
    NEST,
    REPEAT_DECLARATION,
    DROP_DECLARATION,
    CHANGES
};

static void put_changed(struct output *to, const struct text *text, enum change change, unsigned *random)
{
    size_t at = next_random(random, text->count), run = 1 + next_random(random, RUN_MAX);
    size_t end = at + run < text->count ? at + run : text->count, other = next_random(random, text->count);
    size_t start = declaration_start(text, at), stop = declaration_end(text, at);
    size_t resume = at;

    if (change == DROP_DECLARATION) {
        put_tokens(to, text, 0, start);
        put_tokens(to, text, stop, text->count);
        return;
    }
    put_tokens(to, text, 0, change == REPEAT_DECLARATION ? stop : at);
    switch (change) {
    case DELETE:
        resume = end;
        break;
    case REPEAT:
        put_tokens(to, text, at, end);
        break;
    case MOVE:
        put_tokens(to, text, other, other + run < text->count ? other + run : text->count);
        break;
    case COPY_OVER:
        put_tokens(to, text, other, other + 1);
        resume = at + 1;
        break;
    case INSERT_WORD:
        put_word(to, random);
        break;
    case REPLACE_WORD:
        put_word(to, random);
        resume = at + 1;
        break;
    case NUMBER:
        put_number(to, random);
        resume = at + 1;
        break;
    case NEST:
        put_nested(to, &text->tokens[at], random);
        resume = at + 1;
        break;
    default: /* REPEAT_DECLARATION */
        put_tokens(to, text, start, stop);
        resume = stop;
        break;
    }
    put_tokens(to, text, resume, text->count);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static struct text text;
    static uint8_t bytes[TEXT_MAX];
    struct output output = {.bytes = bytes, .room = max_size < TEXT_MAX ? max_size : TEXT_MAX};
    unsigned random = seed;

    if (size == 0 || size > TEXT_MAX || next_random(&random, 3) == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    split(&text, data, size);
    put_changed(&output, &text, next_random(&random, CHANGES), &random);
    memcpy(data, output.bytes, output.size);
    return output.size;
}

/* Some declarations of the other text, between two of this one. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    static struct text first, second;
    struct output output = {.bytes = out, .room = max_size};
    unsigned random = seed;

    split(&first, one, one_size);
    split(&second, other, other_size);
    if (!first.count || !second.count)
        return 0;
    size_t into = declaration_start(&first, next_random(&random, first.count));
    size_t from = declaration_start(&second, next_random(&random, second.count));
    size_t to = declaration_end(&second, from + next_random(&random, second.count - from));
    put_tokens(&output, &first, 0, into);
    put_tokens(&output, &second, from, to);
    put_tokens(&output, &first, into, first.count);
    return output.size;
}
