/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/heap/heap.h"

enum block_state {
    STATE_FREE = 1,
    STATE_USED = 2,
};
#define STATE_MASK  3u
#define LOW_MASK    (((uint64_t)1 << 48) - 1) /* length and state */
#define LENGTH_MASK (LOW_MASK & ~(uint64_t)(HEAP_ALIGNMENT - 1))

static struct heap_block *block_at(uint64_t address)
{
    return (struct heap_block *)(uintptr_t)address;
}

static uint64_t address_of(const struct heap_block *block)
{
    return (uint64_t)(uintptr_t)block;
}

/* Sixteen bits that a stray store, or a payload taken for a header, gets right one time in 65536. */
static uint64_t check_of(uint64_t address, uint64_t low)
{
    uint64_t mixed = (address ^ (low << 1) ^ 0x6661726361ull) * 0x9e3779b97f4a7c15ull;

    return mixed & ~LOW_MASK;
}

static uint64_t block_length(const struct heap_block *block)
{
    return block->word & LENGTH_MASK;
}

static enum block_state block_state(const struct heap_block *block)
{
    return (enum block_state)(block->word & STATE_MASK);
}

/* The one store that commits. The fence keeps what it makes visible in front of it, for compiler and machine. */
static void commit_word(struct heap_block *block, uint64_t length, enum block_state state)
{
    uint64_t low = length | state;

    __atomic_store_n(&block->word, low | check_of(address_of(block), low), __ATOMIC_RELEASE);
}

static void commit_top(struct heap *heap, uint64_t top)
{
    __atomic_store_n(&heap->top, top, __ATOMIC_RELEASE);
}

/* NULL, or what is wrong with the block as the row shows it. */
static const char *block_mistake(const struct heap *heap, const struct heap_block *block)
{
    if ((block->word & ~LOW_MASK) != check_of(address_of(block), block->word & LOW_MASK))
        return "a block's header was overwritten";
    if (block_state(block) != STATE_FREE && block_state(block) != STATE_USED)
        return "a block's state was overwritten";
    if (block_length(block) < HEAP_SMALLEST || block_length(block) > heap->top - address_of(block))
        return "a block's length was overwritten";
    return NULL;
}

static struct heap_block *trusted_block(const struct heap *heap, struct heap_block *block)
{
    const char *mistake = block_mistake(heap, block);

    if (mistake)
        heap_broken(mistake, block);
    return block;
}

/* The block after this one, or NULL at the end of the row. */
static struct heap_block *block_after(const struct heap *heap, const struct heap_block *block)
{
    uint64_t next = address_of(block) + block_length(block);

    return next == heap->top ? NULL : trusted_block(heap, block_at(next));
}

static struct heap_block *block_before(const struct heap *heap, const struct heap_block *block)
{
    struct heap_block *before;

    if (address_of(block) == heap->start)
        return NULL;
    if (block->before > address_of(block) - heap->start || block->before % HEAP_ALIGNMENT)
        heap_broken("a block's header was overwritten", block);
    before = trusted_block(heap, block_at(address_of(block) - block->before));
    if (block_length(before) != block->before)
        heap_broken("a block's header was overwritten", block);
    return before;
}

static void note_length_before(struct heap *heap, const struct heap_block *block)
{
    uint64_t next = address_of(block) + block_length(block);

    if (next == heap->top)
        heap->last = block_length(block);
    else
        block_at(next)->before = block_length(block);
}

/* Bins: one for each small length, then four for each power of two. */
static unsigned bin_of(uint64_t length)
{
    unsigned log, bin;

    if (length < HEAP_SMALL_BINS * HEAP_ALIGNMENT)
        return (unsigned)(length / HEAP_ALIGNMENT);
    log = 63 - (unsigned)__builtin_clzll(length);
    bin = HEAP_SMALL_BINS + (log - 10) * 4 + (unsigned)(length >> (log - 2) & 3);
    return bin < HEAP_BINS ? bin : HEAP_BINS - 1;
}

static void list_insert(struct heap *heap, struct heap_block *block)
{
    unsigned bin = bin_of(block_length(block));

    block->previous = NULL;
    block->next = heap->bins[bin];
    if (block->next)
        block->next->previous = block;
    heap->bins[bin] = block;
    heap->filled[bin / 64] |= (uint64_t)1 << bin % 64;
}

/* Can this be followed? A link in a released block may have been written to. */
static bool link_is_inside(const struct heap *heap, const struct heap_block *link)
{
    return address_of(link) >= heap->start && address_of(link) < heap->top && address_of(link) % HEAP_ALIGNMENT == 0;
}

static bool links_are_sound(const struct heap *heap, const struct heap_block *block)
{
    if (block->next && (!link_is_inside(heap, block->next) || block->next->previous != block))
        return false;
    if (!block->previous)
        return heap->bins[bin_of(block_length(block))] == block;
    return link_is_inside(heap, block->previous) && block->previous->next == block;
}

static void list_remove(struct heap *heap, struct heap_block *block)
{
    unsigned bin = bin_of(block_length(block));

    if (!links_are_sound(heap, block))
        heap_broken("a released block was written to", block);
    if (block->next)
        block->next->previous = block->previous;
    if (block->previous)
        block->previous->next = block->next;
    else
        heap->bins[bin] = block->next;
    if (!heap->bins[bin])
        heap->filled[bin / 64] &= ~((uint64_t)1 << bin % 64);
}

void heap_start(struct heap *heap, void *start, void *end)
{
    uint64_t first = ((uint64_t)(uintptr_t)start + HEAP_ALIGNMENT - 1) & ~(uint64_t)(HEAP_ALIGNMENT - 1);

    if (heap->start)
        return;
    heap->end = (uint64_t)(uintptr_t)end & ~(uint64_t)(HEAP_ALIGNMENT - 1);
    heap->last = 0;
    commit_top(heap, first);
    __atomic_store_n(&heap->start, first, __ATOMIC_RELEASE); /* last: it says that the rest is there */
}

void heap_recover(struct heap *heap)
{
    uint64_t before = 0;

    for (unsigned bin = 0; bin < HEAP_BINS; bin++)
        heap->bins[bin] = NULL;
    for (unsigned i = 0; i < HEAP_BINS / 64; i++)
        heap->filled[i] = 0;
    if (!heap->start)
        return;
    for (uint64_t at = heap->start; at != heap->top;) {
        struct heap_block *block = trusted_block(heap, block_at(at));

        for (uint64_t next; block_state(block) == STATE_FREE && (next = at + block_length(block)) != heap->top;) {
            struct heap_block *after = trusted_block(heap, block_at(next));

            if (block_state(after) != STATE_FREE)
                break;
            commit_word(block, block_length(block) + block_length(after), STATE_FREE);
        }
        block->before = before;
        if (block_state(block) == STATE_FREE)
            list_insert(heap, block);
        before = block_length(block);
        at += before;
    }
    heap->last = before;
}

/* The first block of a bin that is long enough, among `limit`. Only the mixed bins hold some that are not. */
static struct heap_block *search_bin(const struct heap *heap, unsigned bin, uint64_t length, uint64_t limit)
{
    for (struct heap_block *block = heap->bins[bin]; block && limit; block = block->next, limit--) {
        if (!link_is_inside(heap, block) || block_state(trusted_block(heap, block)) != STATE_FREE)
            heap_broken("a released block was written to", block);
        if (block_length(block) >= length)
            return block;
    }
    return NULL;
}

#define SEARCH_LIMIT 32 /* blocks looked at in a mixed bin before a longer one is cut instead */

static struct heap_block *search_bins(const struct heap *heap, uint64_t length)
{
    struct heap_block *block = search_bin(heap, bin_of(length), length, SEARCH_LIMIT);
    unsigned next = bin_of(length) + 1;

    for (unsigned i = next / 64; !block && i < HEAP_BINS / 64; i++) {
        uint64_t filled = heap->filled[i] & (i == next / 64 ? ~(uint64_t)0 << next % 64 : ~(uint64_t)0);

        if (filled)
            block = search_bin(heap, i * 64 + (unsigned)__builtin_ctzll(filled), length, UINT64_MAX);
    }
    return block;
}

/*
 * Cut a block in two, the first `length` bytes long, neither in a list. The second's word comes first, where nobody
 * walks yet; the first's then makes both visible at once. `first` and `second` are their states afterwards.
 */
static struct heap_block *cut(struct heap *heap, struct heap_block *block, uint64_t length, enum block_state first,
                              enum block_state second)
{
    struct heap_block *rest = block_at(address_of(block) + length);

    commit_word(rest, block_length(block) - length, second);
    rest->before = length;
    commit_word(block, length, first);
    note_length_before(heap, rest);
    return rest;
}

/* The row grows by a block. Returns NULL if the memory ends. */
static struct heap_block *extend(struct heap *heap, uint64_t length, enum block_state state)
{
    struct heap_block *block = block_at(heap->top);

    if (length > heap->end - heap->top)
        return NULL;
    block->before = heap->last;
    commit_word(block, length, state);
    commit_top(heap, heap->top + length);
    heap->last = length;
    return block;
}

static uint64_t length_for(size_t size)
{
    uint64_t length;

    if (size > HEAP_LARGEST)
        return 0;
    length = (size + HEAP_HEADER + HEAP_ALIGNMENT - 1) & ~(uint64_t)(HEAP_ALIGNMENT - 1);
    return length < HEAP_SMALLEST ? HEAP_SMALLEST : length;
}

/* Bytes to leave free in front so that the payload is aligned: 0, or room for a block. */
static uint64_t gap_before(const struct heap_block *block, size_t alignment)
{
    uint64_t payload = address_of(block) + HEAP_HEADER;
    uint64_t gap = -payload & (alignment - 1);

    while (gap && gap < HEAP_SMALLEST)
        gap += alignment;
    return gap;
}

/* A used block of at least `length` bytes whose payload is aligned, out of a free one that no list holds. */
static struct heap_block *take(struct heap *heap, struct heap_block *block, uint64_t length, size_t alignment)
{
    uint64_t gap = gap_before(block, alignment);

    if (gap) {
        struct heap_block *aligned = cut(heap, block, gap, STATE_FREE, STATE_FREE);

        list_insert(heap, block);
        block = aligned;
    }
    if (block_length(block) - length >= HEAP_SMALLEST)
        list_insert(heap, cut(heap, block, length, STATE_USED, STATE_FREE));
    else
        commit_word(block, block_length(block), STATE_USED);
    return block;
}

/* A free block of at least `length` bytes, out of its list. */
static struct heap_block *find_free(struct heap *heap, uint64_t length)
{
    struct heap_block *block = search_bins(heap, length);

    if (!block) {
        block = extend(heap, length, STATE_FREE);
        if (block)
            return block;
        block = search_bin(heap, bin_of(length), length, UINT64_MAX); /* the memory ends: now look at all */
    }
    if (block)
        list_remove(heap, block);
    return block;
}

void *heap_allocate(struct heap *heap, size_t size, size_t alignment)
{
    uint64_t length = length_for(size);
    uint64_t needed = length;
    struct heap_block *block;

    if (alignment < HEAP_ALIGNMENT)
        alignment = HEAP_ALIGNMENT;
    if (alignment > HEAP_ALIGNMENT)
        needed += alignment + HEAP_SMALLEST;
    if (length == 0 || alignment > HEAP_LARGEST)
        return NULL;
    block = find_free(heap, needed);
    return block ? (unsigned char *)take(heap, block, length, alignment) + HEAP_HEADER : NULL;
}

static struct heap_block *block_of(const struct heap *heap, const void *pointer)
{
    uint64_t address = (uint64_t)(uintptr_t)pointer;
    struct heap_block *block = block_at(address - HEAP_HEADER);

    if (!heap->start || address % HEAP_ALIGNMENT || address < heap->start + HEAP_HEADER || address >= heap->top)
        heap_broken("this pointer was not allocated here", pointer);
    if (block_state(block) == STATE_FREE &&
        (block->word & ~LOW_MASK) == check_of(address_of(block), block->word & LOW_MASK))
        heap_broken("this pointer was released before", pointer);
    return trusted_block(heap, block);
}

/* Join a free block that no list holds with what follows it. */
static void join_after(struct heap *heap, struct heap_block *block)
{
    struct heap_block *after = block_after(heap, block);

    if (!after || block_state(after) != STATE_FREE)
        return;
    list_remove(heap, after);
    commit_word(block, block_length(block) + block_length(after), STATE_FREE);
    commit_word(after, 0, STATE_FREE); /* a payload now; a second release of it is still recognised */
    note_length_before(heap, block);
}

void heap_release(struct heap *heap, void *pointer)
{
    struct heap_block *block = block_of(heap, pointer);
    struct heap_block *before = block_before(heap, block);

    commit_word(block, block_length(block), STATE_FREE);
    join_after(heap, block);
    if (before && block_state(before) == STATE_FREE) {
        list_remove(heap, before);
        commit_word(before, block_length(before) + block_length(block), STATE_FREE);
        commit_word(block, 0, STATE_FREE);
        note_length_before(heap, before);
        block = before;
    }
    list_insert(heap, block);
}

/* Give the tail of a used block back, if a block can be made of it. */
static void shorten(struct heap *heap, struct heap_block *block, uint64_t length)
{
    struct heap_block *rest;

    if (block_length(block) - length < HEAP_SMALLEST)
        return;
    rest = cut(heap, block, length, STATE_USED, STATE_FREE);
    join_after(heap, rest);
    list_insert(heap, rest);
}

bool heap_resize(struct heap *heap, void *pointer, size_t size)
{
    struct heap_block *block = block_of(heap, pointer);
    struct heap_block *after = block_after(heap, block);
    uint64_t length = length_for(size);

    if (length == 0)
        return false;
    if (length > block_length(block) && after && block_state(after) == STATE_FREE &&
        length <= block_length(block) + block_length(after)) {
        list_remove(heap, after);
        commit_word(block, block_length(block) + block_length(after), STATE_USED);
        note_length_before(heap, block);
    } else if (length > block_length(block) && !after && length - block_length(block) <= heap->end - heap->top) {
        uint64_t more = length - block_length(block);

        /* As a block of its own first, so that no moment shows a block that reaches beyond the top. */
        if (more < HEAP_SMALLEST)
            more = HEAP_SMALLEST;
        after = extend(heap, more, STATE_FREE);
        if (!after)
            return false;
        commit_word(block, block_length(block) + more, STATE_USED);
        note_length_before(heap, block);
    }
    if (length > block_length(block))
        return false;
    shorten(heap, block, length);
    return true;
}

size_t heap_usable_size(const struct heap *heap, const void *pointer)
{
    return block_length(block_of(heap, pointer)) - HEAP_HEADER;
}

static bool lists_are_sound(const struct heap *heap, uint64_t free_blocks, const char **why)
{
    uint64_t listed = 0;

    for (unsigned bin = 0; bin < HEAP_BINS; bin++) {
        if (!heap->bins[bin] != !(heap->filled[bin / 64] >> bin % 64 & 1))
            return *why = "a bin's bit is wrong", false;
        for (const struct heap_block *block = heap->bins[bin]; block; block = block->next) {
            if (listed++ > free_blocks || block_mistake(heap, block) || block_state(block) != STATE_FREE ||
                bin_of(block_length(block)) != bin)
                return *why = "a list holds what it should not", false;
        }
    }
    return listed == free_blocks || (*why = "a free block is in no list", false);
}

bool heap_is_sound(const struct heap *heap, const char **why)
{
    uint64_t before = 0, free_blocks = 0;
    bool before_is_free = false;

    for (uint64_t at = heap->start; at != heap->top; at += before) {
        const struct heap_block *block = block_at(at);

        if ((*why = block_mistake(heap, block)))
            return false;
        if (block->before != before)
            return *why = "the length of the block before is wrong", false;
        if (before_is_free && block_state(block) == STATE_FREE)
            return *why = "two free blocks side by side", false;
        before_is_free = block_state(block) == STATE_FREE;
        free_blocks += before_is_free;
        before = block_length(block);
    }
    if (heap->last != before)
        return *why = "the length of the last block is wrong", false;
    return lists_are_sound(heap, free_blocks, why);
}
