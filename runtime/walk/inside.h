/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the files of the walk share. */
#ifndef FARCALL_WALK_INSIDE_H
#define FARCALL_WALK_INSIDE_H

#include "runtime/format/byvalue.h"
#include "runtime/walk/reference.h"
#include "runtime/walk/walk.h"

#include <string.h>

#define WALK_BOTH    (FAR_VALUE_IN | FAR_VALUE_OUT)
#define WALK_NESTING 66 /* structures in structures: what iface_check() lets pass, and some */
#define WALK_NOWHERE UINT32_MAX

/* A structure that lies around a value. */
struct walk_holder {
    uint64_t offset; /* in its object */
    uint64_t bytes;
};

/* The structures around a pointer, for the sizes of what lies behind it. Outermost first. */
struct walk_scope {
    uint32_t object;
    uint32_t depth;
    struct walk_holder holder[];
};

#define WALK_DEEP       0x1u
#define WALK_TERMINATED 0x2u /* a string whose last element is all zero */
#define WALK_MADE       0x4u /* comes out anew */
#define WALK_KEPT_BEGIN 0x8u /* it was not kept before this call */
#define WALK_RELEASED   0x10u
#define WALK_BY_VALUE   0x20u /* a parameter or result itself: nothing points to it */
#define WALK_STAYS      0x80u /* callee: it was handed over, and lies in the results */
#define WALK_LEADS      0x40u /* caller: the answer has a pointer here into memory of the call's own */

struct walk_object {
    const struct far_value *value;   /* of the pointer that led here */
    const struct far_value *element; /* what one element is; NULL: plain bytes */
    char *memory;                    /* caller: the program's. Callee: what the function sees */
    const char *image;               /* sizes are read from here: private, as it was read once. NULL: nothing is read */
    char *wire;                      /* caller: as it goes into the area. Callee: as it was when the function began */
    uint64_t bytes;
    uint64_t offset;  /* in the area */
    uint64_t changes; /* in the area: one bit a byte */
    const struct walk_scope *scope;
    uint64_t root;             /* of what lies in the results: the address of what is released, and this with it */
    struct walk_memory *below; /* callee: where what its pointers lead to lies. NULL: where the call's does */
    uint32_t image_bytes;
    uint32_t kept; /* caller: its number; callee: its place; 0: none */
    uint8_t direction;
    uint8_t flags; /* WALK_… */
    uint8_t lifetime;
    uint8_t lifetime_of;
};

struct walk_handle {
    const struct far_value *value; /* what says that it is one */
    uint64_t handle;
};

/* --- leaves.c: what lies in an object --- */

struct walk_visit;
/* A pointer, a handle, plain bytes (value NULL or a number's): `bytes` at `offset` of the object. */
typedef unsigned walk_leaf(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t bytes);

struct walk_visit {
    struct walk *walk;
    uint32_t object; /* WALK_NOWHERE: a parameter or result itself */
    uint8_t direction;
    uint8_t lifetime, lifetime_of; /* of what comes out anew */
    bool deep;
    walk_leaf *leaf;
    void *context;
    const struct walk_scope *outer;
    unsigned depth;
    struct walk_holder holder[WALK_NESTING];
};

/* The memory is ours by now: what its type says is a _Bool is one, whatever the other side wrote. */
void walk_mend(struct walk *walk, const struct walk_object *object, char *memory, uint64_t bytes);

/* --- shared.c: memory that is not copied --- */

/* By the hooks `shares` and, where the value says so, `granted`; never what a size is read from. */
bool walk_shares(const struct walk *walk, const struct far_value *value, uint64_t address, uint64_t bytes,
                 bool written);
bool walk_shares_end(const struct walk *walk, const struct far_value *value, uint64_t address);
bool walk_grants_global(const struct walk *walk, const struct far_value *value, uint64_t address, uint64_t bytes);

void walk_visit_begin(struct walk_visit *visit, struct walk *walk, uint32_t object);
unsigned walk_visit_object(struct walk_visit *visit);
/* Is this an address, or something else that stands for something, and not plain bytes? */
bool walk_is_cell(const struct far_value *value);
/* NULL where there is nothing but plain bytes. */
const struct far_value *walk_element(const struct far_iface *iface, const struct far_value *value);
uint64_t walk_element_size(const struct far_iface *iface, const struct far_value *value);
/* The structures around the visit's place, for later; NULL and *failed: no memory. */
const struct walk_scope *walk_scope_of(struct walk_visit *visit, bool *failed);

/* --- expression.c --- */

unsigned walk_evaluate(struct walk_visit *visit, uint32_t first, uint32_t count, bool selects, uint64_t *number,
                       bool *negative);
/* Bytes that a BUFFER, ARRAY or sized STRING's expression says. */
unsigned walk_size(struct walk_visit *visit, const struct far_value *value, uint64_t *bytes, bool *negative);
/* With a flexible array at its end: bytes of the structure whose first ones are `head`. */
unsigned walk_flexible_size(struct walk_visit *visit, const struct far_value *value, const char *head, uint64_t *bytes);
bool walk_has_flexible(const struct far_iface *iface, const struct far_value *value);
/* Which parameters are read by sizes, and which wait for that. */
void walk_look_at_parameters(struct walk *walk);

/* --- objects.c --- */

static inline uint64_t walk_align(uint64_t bytes)
{
    return (bytes + FAR_ASTACK_ALIGN - 1) & ~(uint64_t)(FAR_ASTACK_ALIGN - 1);
}

/* The first objects' places. */
unsigned walk_begin(struct walk *walk);
/* Room in the area: DONE and *offset. */
unsigned walk_place(struct walk *walk, uint64_t bytes, uint64_t *offset);
/* Appends `object`, which is complete but for its place and number. DONE, or why not. */
unsigned walk_append(struct walk *walk, const struct walk_object *object, uint32_t *index);
/* What is not there: fine, or BAD_ARGUMENT. */
unsigned walk_null(struct walk_visit *visit, const struct far_value *value);
uint8_t walk_direction(const struct walk_visit *visit, const struct far_value *value);
/* Room for the changes of what goes both ways. */
unsigned walk_place_changes(struct walk *walk);
/* An object of far_deep, by the address of its memory: index, or WALK_NOWHERE. Remembering: false if there is no memory. */
uint32_t walk_seen(const struct walk *walk, uint64_t address, const struct far_value *element, uint64_t bytes);
bool walk_remember(struct walk *walk, uint32_t index);
/* The object on the way in that holds an address, or its end; hint: look there first. WALK_NOWHERE: none does. */
uint32_t walk_object_at(struct walk *walk, uint64_t address, uint32_t hint);
/* May a pointer that value describes lead to that place of that object? */
bool walk_may_lead(const struct walk *walk, const struct far_value *value, uint32_t index, uint64_t offset);
/* Is that an end of such a string? */
bool walk_is_zero(const char *element, uint64_t width);
uint64_t walk_string_bytes(const char *text, uint64_t width, uint64_t limit, bool *terminated);
uint64_t walk_width(const struct far_iface *iface, const struct far_value *value);

/* --- gather.c: memory here becomes a word, and an object in the area --- */

unsigned walk_gather(struct walk_visit *visit, const struct far_value *value, uint64_t address, uint64_t *word);
/* The pointers of the objects that were gathered, from `visited` on. */
unsigned walk_gather_rest(struct walk *walk);
void walk_put_object(const struct walk *walk, const struct walk_object *object, char *area);

/* Callee, after the function has run: an address that it has left, as it crosses. */
unsigned walk_return(struct walk_visit *visit, const struct far_value *value, uint64_t address, uint32_t hint,
                     uint64_t *word);
/* What stands for something and leads to no memory that is copied. */
unsigned walk_simple_word(struct walk_visit *visit, const struct far_value *value, uint64_t raw, uint64_t *word);
/* Is what stands there left alone, on both ways? */
bool walk_is_skipped(const struct walk_visit *visit, const struct far_value *value);
/* A string's length travels with its word, where nothing on the other side says it. */
bool walk_is_sent_string(const struct walk *walk, const struct far_value *value, uint8_t direction);
/* Its owner's name for it lies in front of it: by that it is released. */
bool walk_is_named(const struct walk *walk, const struct far_value *value);
/* How long memory is kept. */
void walk_until(const struct walk *walk, const struct far_value *value, struct walk_until *until);

/* --- scatter.c: a word and an object in the area become memory here --- */

unsigned walk_scatter(struct walk_visit *visit, const struct far_value *value, uint64_t word, const char *area,
                      uint64_t *address);
unsigned walk_scatter_rest(struct walk *walk, const char *area);
unsigned walk_simple_raw(struct walk_visit *visit, const struct far_value *value, uint64_t word, uint64_t *raw);

/* --- descriptors.c: far_fd --- */

/* A parameter or result. */
unsigned walk_descriptor_word(struct walk *walk, int32_t descriptor, uint64_t *word);
unsigned walk_descriptor_raw(struct walk *walk, uint64_t word, uint64_t *raw);
/* Four bytes of an object: as gather and scatter. */
unsigned walk_gather_descriptor(struct walk_visit *visit, const char *from, char *to);
unsigned walk_scatter_descriptor(struct walk_visit *visit, const char *from, char *to);
/* Callee: what only comes out begins as -1. */
void walk_empty_descriptors(struct walk *walk, uint32_t index);
/* Callee: the answer has failed. All that were given away are handed to hooks->drop_descriptor. */
void walk_drop_descriptors(struct walk *walk);

/* --- byvalue.c --- */

/* A parameter by value. Caller: walk->word[i] is where it lies; callee: where it lies then. */
unsigned walk_send_value(struct walk *walk, uint32_t i);
unsigned walk_receive_value(struct walk *walk, uint32_t i, const char *area);
/* After all parameters: a result by value, if that is what there is. */
unsigned walk_place_result(struct walk *walk);

/* --- changes.c --- */

/* Copies what differs from `before` to `to`, and sets its bits. */
void walk_note_changes(char *to, const char *now, const char *before, uint64_t bytes, uint8_t *bits, uint64_t first);
/* Copies the bytes whose bits are set. */
void walk_take_changes(char *to, const char *from, uint64_t bytes, const uint8_t *bits, uint64_t first);
bool walk_has_changes(const uint8_t *bits, uint64_t first, uint64_t bytes);

static inline void walk_note(const struct walk *walk, uint64_t offset, uint64_t bytes)
{
    if (walk->notes)
        walk->hooks->wrote(walk->context, walk->area_at + offset, bytes);
}

static inline uint64_t walk_load(const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static inline void walk_store(char *to, uint64_t word)
{
    memcpy(to, &word, sizeof word);
}

/* A small number, or one of the last: stands for something, and is no function's address. */
static inline bool walk_is_mark(uint64_t address)
{
    return address < 4096 || address > UINT64_MAX - 4095;
}

/* A text's size that its reader may believe, beyond its end: what lies there is carried as zeros, but no more than that. */
static inline bool walk_is_too_long(uint64_t size)
{
    return size > FAR_STRING_LIMIT;
}

/* Comes out only: what stands in it does not go in. */
static inline bool walk_comes_out(const struct far_value *value)
{
    return value->lifetime != FAR_LIFETIME_NONE && !(value->flags & FAR_VALUE_IN);
}

/* --- within.c --- */

/* Caller, at last: what the answer's pointers, and `word`, the result, lead to, is there as far as is promised. */
unsigned walk_look_within(struct walk *walk, uint64_t word);

#endif
