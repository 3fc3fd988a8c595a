/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/pair_words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

uint64_t data_word(const struct far_segment *segment, uint64_t address)
{
    uint64_t offset = address - segment->part[FAR_PART_DATA].address, value = 0;
    size_t size = segment->content_size[FAR_PART_DATA];
    if (offset < size)
        memcpy(&value, segment->content[FAR_PART_DATA] + offset, size - offset < 8 ? size - offset : 8);
    return value;
}

static int add(struct address_words *words, const struct far_segment *segment, struct address_word word)
{
    const struct far_extent *data = &segment->part[FAR_PART_DATA];
    if (word.at < data->address || word.at - data->address >= data->size)
        return 0;
    if (words->count == words->room) {
        size_t room = words->room ? 2 * words->room : 64;
        struct address_word *longer = reallocarray(words->list, room, sizeof *longer);
        if (!longer)
            return -ENOMEM;
        words->list = longer;
        words->room = room;
    }
    words->list[words->count++] = word;
    return 0;
}

static int add_rebase(struct address_words *words, const struct far_segment *segment, const struct far_reloc *command)
{
    const uint64_t *word = segment_reloc_words(command);
    int err = 0;
    for (uint32_t j = 1; !err && j < command->count; j++) {
        for (uint64_t left = word[j]; !err && left; left &= left - 1) {
            uint64_t at = word[0] + 8 * (64 * (uint64_t)(j - 1) + (unsigned)__builtin_ctzll(left));
            err = add(words, segment, (struct address_word){at, FAR_RELOC_REBASE, data_word(segment, at), "", ""});
        }
    }
    return err;
}

static int add_named(struct address_words *words, const struct far_segment *segment, const struct far_reloc *command)
{
    const char *name = segment_reloc_string(segment->reloc, command->name);
    const char *name2 = segment_reloc_string(segment->reloc, command->name2);
    bool bind = command->code == FAR_RELOC_BIND;
    int err = 0;
    for (uint32_t i = 0; !err && i < command->count; i++)
        err = add(words, segment,
                  (struct address_word){segment_reloc_words(command)[i], command->code, command->value,
                                        bind ? name : "", bind ? name2 : name});
    return err;
}

static int by_address(const void *a, const void *b)
{
    const struct address_word *left = a, *right = b;
    return left->at < right->at ? -1 : left->at > right->at;
}

int address_words_load(struct address_words *words, const struct far_segment *segment)
{
    int err = 0;
    *words = (struct address_words){0};
    for (const struct far_reloc *at = segment_next_reloc(segment->reloc, NULL); !err && at;
         at = segment_next_reloc(segment->reloc, at)) {
        if (at->code == FAR_RELOC_REBASE)
            err = add_rebase(words, segment, at);
        else if (at->code == FAR_RELOC_STUB || at->code == FAR_RELOC_BIND)
            err = add_named(words, segment, at);
    }
    if (words->count)
        qsort(words->list, words->count, sizeof *words->list, by_address);
    return err;
}

void address_words_free(struct address_words *words)
{
    free(words->list);
    *words = (struct address_words){0};
}

const struct address_word *address_words_at(const struct address_words *words, uint64_t address)
{
    size_t low = 0, high = words->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (words->list[middle].at < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < words->count && words->list[low].at == address ? &words->list[low] : NULL;
}
