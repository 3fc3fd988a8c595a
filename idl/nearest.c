/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a misspelled word was meant to be: edit distance with transpositions (Damerau 1964, restricted). */
#include "idl/diag.h"

#include <ctype.h>
#include <string.h>

#define WORD_LIMIT 64

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool differ(char a, char b)
{
    return tolower((unsigned char)a) != tolower((unsigned char)b);
}

/* Insertions, deletions, replacements and swaps of neighbours that make one of the other. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_LIMIT + 1];
    for (unsigned j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + differ(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && !differ(a[i - 1], b[j - 2]) && !differ(a[i - 2], b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *nearest_word(const char *word, const char *const *candidates)
{
    size_t length = strlen(word);
    unsigned limit = length < 4 ? 1 : length < 8 ? 2 : 3;
    const char *best = NULL;
    for (; length <= WORD_LIMIT && *candidates; candidates++) {
        size_t other = strlen(*candidates);
        unsigned apart = other <= WORD_LIMIT ? distance(word, length, *candidates, other) : limit + 1;
        if (apart > limit || (best && apart == limit))
            continue;
        best = *candidates;
        limit = apart;
    }
    return best;
}
