/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Sound arguments from the record: numbers first, then what is behind pointers, at the size that the record's expressions
 * say for those numbers. So most calls are such as an honest client makes, and reach what lies behind the checks.
 */
#include "runtime/far/fuzz.h"
#include "runtime/far/record_size.h"
#include "runtime/lib/plan.h"

#include <stdlib.h>
#include <string.h>

#define GUARD       32 /* bytes on each side of a block */
#define GUARD_BYTE  0xC5
#define BYTES_MAX   (256u << 10) /* of one block; larger ones are left out */
#define LEVELS_MAX  6            /* pointers behind pointers */
#define STRINGS_MAX 8            /* of an array that ends with NULL */

enum pass { NUMBERS, POINTERS };

static bool fill_type(struct fuzz_maker *maker, uint32_t type, char *at, const struct record_place *around,
                      enum pass pass);
static uint64_t pointer(struct fuzz_maker *maker, const struct far_value *value, const struct record_place *around,
                        bool goes_in);

/* --- blocks --- */

static char *new_block(struct fuzz_maker *maker, uint64_t bytes)
{
    if (maker->count == maker->room) {
        uint32_t room = maker->room ? 2 * maker->room : 64;
        struct fuzz_block *grown = realloc(maker->block, room * sizeof *grown);
        if (!grown)
            return NULL;
        maker->block = grown;
        maker->room = room;
    }
    char *raw = malloc(bytes + 2 * GUARD);
    if (!raw)
        return NULL;
    memset(raw, GUARD_BYTE, GUARD);
    memset(raw + GUARD, 0, bytes);
    memset(raw + GUARD + bytes, GUARD_BYTE, GUARD);
    maker->block[maker->count++] = (struct fuzz_block){.memory = raw + GUARD, .bytes = bytes};
    return raw + GUARD;
}

static bool guards_stand(const struct fuzz_block *block)
{
    for (unsigned i = 0; i < GUARD; i++)
        if ((uint8_t)block->memory[block->bytes + i] != GUARD_BYTE ||
            (uint8_t)block->memory[(int)i - GUARD] != GUARD_BYTE)
            return false;
    return true;
}

const char *make_check(const struct fuzz_maker *maker)
{
    for (uint32_t i = 0; i < maker->count; i++) {
        const struct fuzz_block *block = &maker->block[i];
        if (!guards_stand(block))
            return "bytes beside a parameter's memory have changed";
        if (i >= maker->first && block->before && memcmp(block->before, block->memory, block->bytes) != 0)
            return "memory that only goes in has changed";
    }
    return NULL;
}

void make_free(struct fuzz_maker *maker)
{
    for (uint32_t i = 0; i < maker->count; i++) {
        free(maker->block[i].memory - GUARD);
        free(maker->block[i].before);
    }
    free(maker->block);
    maker->block = NULL;
    maker->count = maker->room = maker->first = 0;
}

/* What only goes in, and leads nowhere: compared after the call. */
static void remember(struct fuzz_maker *maker, const char *memory)
{
    for (uint32_t i = maker->count; i-- > maker->first;) {
        struct fuzz_block *block = &maker->block[i];
        if (block->memory != memory)
            continue;
        block->before = malloc(block->bytes ? block->bytes : 1);
        if (block->before)
            memcpy(block->before, memory, block->bytes);
        return;
    }
}

/* --- sizes --- */

static struct record_words words_of(const struct fuzz_maker *maker)
{
    return (struct record_words){.iface = maker->iface, .word = maker->word};
}

static bool evaluate(const struct fuzz_maker *maker, uint32_t first, uint32_t count, const struct record_place *around,
                     uint64_t *number)
{
    const struct record_words words = words_of(maker);
    return record_evaluate(&words, first, count, around, number);
}

/* --- plain values --- */

static void plain_bytes(struct fuzz_maker *maker, char *at, uint64_t bytes)
{
    if (choose_one_in(&maker->choice, 4))
        return; /* zeros */
    if (maker->canary) {
        for (uint64_t i = 0; i < bytes; i++)
            at[i] = FUZZ_CANARY[i % (sizeof FUZZ_CANARY - 1)];
        return;
    }
    for (uint64_t i = 0; i < bytes; i++)
        at[i] = (char)(choose_one_in(&maker->choice, 3) ? choose(&maker->choice) : 'a' + i % 26);
}

/* Interfaces ask for the sizes of their structures, and for numbers that select something. */
static uint64_t number_for(struct fuzz_maker *maker)
{
    uint32_t types = maker->iface->types.count, cases = maker->iface->cases.count;
    if (maker->canary)
        return choose_below(&maker->choice, 64); /* an honest client goes to no limits */
    if (choose_one_in(&maker->choice, 8)) {
        const struct far_type *type = iface_type(maker->iface, (uint32_t)choose_below(&maker->choice, types));
        return type->kind == FAR_TYPE_STRUCT ? type->size : choose_number(&maker->choice);
    }
    if (cases && choose_one_in(&maker->choice, 8))
        return (uint64_t)iface_case(maker->iface, (uint32_t)choose_below(&maker->choice, cases));
    return choose_number(&maker->choice);
}

static void plain_number(struct fuzz_maker *maker, const struct far_type *type, char *at)
{
    uint64_t number = number_for(maker);
    double real = (double)(int64_t)number / 8;
    float small = (float)real;
    if (type->kind == FAR_TYPE_BOOL)
        *at = (char)(number & 1);
    else if (type->kind == FAR_TYPE_FLOAT && type->size == sizeof real)
        memcpy(at, &real, sizeof real);
    else if (type->kind == FAR_TYPE_FLOAT && type->size == sizeof small)
        memcpy(at, &small, sizeof small);
    else if (type->size <= sizeof number)
        memcpy(at, &number, type->size);
    else
        plain_bytes(maker, at, type->size);
}

static bool has_members(const struct far_type *type)
{
    return (type->kind == FAR_TYPE_STRUCT || type->kind == FAR_TYPE_UNION) && type->member_count;
}

static const char *handle_type(const struct far_iface *iface, const struct far_value *value)
{
    const struct far_type *type = iface_type(iface, value->type);
    const char *name =
        iface_string(iface, type->kind == FAR_TYPE_POINTER ? iface_type(iface, type->target)->name : type->name);
    return strncmp(name, "const ", 6) == 0 ? name + 6 : name;
}

/* One that was given and not taken back; 0: there is none. */
static uint64_t known_handle(struct fuzz_maker *maker, const struct far_value *value)
{
    const char *type = handle_type(maker->iface, value);
    uint32_t start = (uint32_t)choose_below(&maker->choice, maker->handles ? maker->handles : 1);
    for (uint32_t i = 0; i < maker->handles; i++) {
        const struct fuzz_handle *handle = &maker->handle[(start + i) % maker->handles];
        if (!handle->stale && strcmp(handle->type, type) == 0)
            return handle->value;
    }
    return 0;
}

static void add_handle(struct fuzz_maker *maker, const struct far_value *value, uint64_t word)
{
    uint32_t at =
        maker->handles < FUZZ_HANDLES ? maker->handles++ : (uint32_t)choose_below(&maker->choice, FUZZ_HANDLES);
    uint64_t parent = value->lifetime == FAR_LIFETIME_HANDLE ? maker->word[value->lifetime_of] : 0;
    if (word)
        maker->handle[at] = (struct fuzz_handle){handle_type(maker->iface, value), word, parent, false};
    else if (at + 1 == maker->handles)
        maker->handles--;
}

/* And what ends with it. */
static void drop_handle(struct fuzz_maker *maker, uint64_t word)
{
    for (uint32_t i = 0; i < maker->handles; i++)
        if (maker->handle[i].value == word)
            maker->handle[i].stale = true;
    for (uint32_t i = 0; i < maker->handles; i++)
        if (!maker->handle[i].stale && maker->handle[i].parent == word)
            drop_handle(maker, maker->handle[i].value);
}

/* --- strings --- */

static uint64_t string_width(const struct fuzz_maker *maker, const struct far_value *value)
{
    const struct far_type *type = iface_type(maker->iface, value->type);
    uint64_t width = type->kind == FAR_TYPE_POINTER ? iface_type(maker->iface, type->target)->size : 1;
    return width ? width : 1;
}

static const char *text(struct fuzz_maker *maker)
{
    static const char *const own[] = {"", "a", "key", "0", "%s%n", "../..", "\xff\xfe", "select 1"};
    if (maker->canary && choose_one_in(&maker->choice, 2))
        return FUZZ_CANARY;
    if (maker->words->count && !choose_one_in(&maker->choice, 4))
        return maker->words->word[choose_below(&maker->choice, maker->words->count)];
    return own[choose_below(&maker->choice, sizeof own / sizeof *own)];
}

static char *string(struct fuzz_maker *maker, const struct far_value *value)
{
    const char *from = text(maker);
    uint64_t width = string_width(maker, value), length = strlen(from);
    const struct far_type *type = iface_type(maker->iface, value->type);
    bool cells = type->kind == FAR_TYPE_POINTER && iface_type(maker->iface, type->target)->kind == FAR_TYPE_POINTER;
    if (cells) { /* an array of strings that ends with NULL */
        uint64_t count = choose_below(&maker->choice, STRINGS_MAX);
        char *to = new_block(maker, (count + 1) * 8);
        for (uint64_t i = 0; to && value->inside && i < count; i++) {
            uint64_t word = pointer(maker, iface_value(maker->iface, value->inside - 1), NULL, true);
            if (!word)
                break;
            memcpy(to + 8 * i, &word, 8);
        }
        return to;
    }
    char *to = new_block(maker, (length + 1) * width);
    for (uint64_t i = 0; to && i < length; i++)
        to[i * width] = from[i];
    return to;
}

/* --- structures --- */

static bool fill(struct fuzz_maker *maker, const struct far_value *value, uint32_t type, char *at,
                 const struct record_place *around, enum pass pass);

static bool fill_member(struct fuzz_maker *maker, const struct far_member *member, char *structure,
                        const struct record_place *around, enum pass pass)
{
    const struct far_value *value = member->value ? iface_value(maker->iface, member->value - 1) : NULL;
    if (value && value->passing == FAR_PASS_ARRAY && value->size_count)
        return true; /* a flexible one stays empty, unless it was given room */
    return fill(maker, value, member->type, structure + member->offset, around, pass);
}

static bool fill_union(struct fuzz_maker *maker, const struct far_type *type, const struct far_value *value, char *at,
                       const struct record_place *around)
{
    struct record_place inside = {at, around};
    const struct record_words words = words_of(maker);
    const struct far_member *member = record_member_in_use(&words, type, value, around);
    return !member ||
           (fill_member(maker, member, at, &inside, NUMBERS) && fill_member(maker, member, at, &inside, POINTERS));
}

static bool fill_structure(struct fuzz_maker *maker, const struct far_type *type, const struct far_value *value,
                           char *at, const struct record_place *around, enum pass pass)
{
    struct record_place inside = {at, around};
    bool good = true;
    if (type->kind == FAR_TYPE_UNION)
        return pass == NUMBERS || fill_union(maker, type, value, at, around);
    for (uint32_t i = 0; good && i < type->member_count; i++)
        good = fill_member(maker, iface_member(maker->iface, type->first_member + i), at, &inside, pass);
    return good;
}

static bool fill_type(struct fuzz_maker *maker, uint32_t index, char *at, const struct record_place *around,
                      enum pass pass)
{
    const struct far_type *type = iface_type(maker->iface, index);
    if (has_members(type))
        return fill_structure(maker, type, NULL, at, around, pass);
    if (pass == NUMBERS && type->kind == FAR_TYPE_ARRAY)
        plain_bytes(maker, at, type->size);
    else if (pass == NUMBERS && type->kind != FAR_TYPE_POINTER)
        plain_number(maker, type, at);
    return true;
}

static bool fill_array(struct fuzz_maker *maker, const struct far_value *value, uint32_t index, char *at,
                       const struct record_place *around, enum pass pass)
{
    const struct far_type *type = iface_type(maker->iface, index);
    const struct far_value *element = value->inside ? iface_value(maker->iface, value->inside - 1) : NULL;
    uint64_t size = type->kind == FAR_TYPE_ARRAY ? iface_type(maker->iface, type->target)->size : 0;
    if (!element || !size)
        return fill_type(maker, index, at, around, pass);
    bool good = true;
    for (uint64_t i = 0; good && i < type->count; i++)
        good = fill(maker, element, type->target, at + i * size, around, pass);
    return good;
}

/* value NULL: plain bytes of that type. */
static bool fill(struct fuzz_maker *maker, const struct far_value *value, uint32_t type, char *at,
                 const struct record_place *around, enum pass pass)
{
    unsigned passing = value ? value->passing : FAR_PASS_VALUE;
    if (passing == FAR_PASS_VALUE || passing == FAR_PASS_FLOAT || passing == FAR_PASS_WIDE)
        return fill_type(maker, type, at, around, pass);
    if (passing == FAR_PASS_STRUCT && has_members(iface_type(maker->iface, type)))
        return fill_structure(maker, iface_type(maker->iface, type), value, at, around, pass);
    if (passing == FAR_PASS_ARRAY)
        return fill_array(maker, value, type, at, around, pass);
    if (passing == FAR_PASS_STRUCT || passing == FAR_PASS_VOID || pass == NUMBERS)
        return true;
    if (maker->again && passing != FAR_PASS_BUFFER && passing != FAR_PASS_STRING)
        return true;
    uint64_t word = pointer(maker, value, around, true);
    memcpy(at, &word, passing == FAR_PASS_FD ? 4 : 8);
    return true;
}

/* --- what is behind a pointer --- */

static void fill_elements(struct fuzz_maker *maker, const struct far_value *value, char *memory, uint64_t bytes,
                          const struct record_place *around)
{
    const struct far_type *type = iface_type(maker->iface, value->type);
    uint32_t target = type->kind == FAR_TYPE_POINTER || type->kind == FAR_TYPE_ARRAY ? type->target : value->type;
    uint64_t size = iface_type(maker->iface, target)->size;
    const struct far_value *element = value->inside ? iface_value(maker->iface, value->inside - 1) : NULL;
    if (size < 2 && !element) {
        plain_bytes(maker, memory, bytes);
        return;
    }
    for (uint64_t at = 0; size && at + size <= bytes; at += size) {
        fill(maker, element, target, memory + at, around, NUMBERS);
        fill(maker, element, target, memory + at, around, POINTERS);
    }
}

/* Bytes for a structure's flexible array: as many as it says once its numbers are there. */
static uint64_t flexible_room(const struct fuzz_maker *maker, const struct far_value *value)
{
    const struct far_type *type = iface_type(maker->iface, value->type);
    const struct far_type *target = type->kind == FAR_TYPE_POINTER ? iface_type(maker->iface, type->target) : type;
    return target->flags & FAR_TYPE_FLEXIBLE ? 65536 : 0;
}

static uint64_t buffer(struct fuzz_maker *maker, const struct far_value *value, const struct record_place *around,
                       bool goes_in)
{
    uint64_t bytes = 0;
    if (!evaluate(maker, value->size_first, value->size_count, around, &bytes) || bytes > BYTES_MAX)
        return 0;
    char *memory = new_block(maker, bytes + flexible_room(maker, value));
    if (memory && goes_in)
        fill_elements(maker, value, memory, bytes, around);
    if (memory && goes_in && !value->inside && !(value->flags & FAR_VALUE_OUT) && around == NULL)
        remember(maker, memory);
    return (uint64_t)(uintptr_t)memory;
}

/* What a pointer, handle or function cell holds. */
static uint64_t cell(struct fuzz_maker *maker, const struct far_value *value, const struct record_place *around,
                     bool goes_in)
{
    switch (value->passing) {
    case FAR_PASS_BUFFER:
        return buffer(maker, value, around, goes_in);
    case FAR_PASS_STRING:
        if (value->size_count)
            return buffer(maker, value, around, false); /* room for one that comes out */
        return (uint64_t)(uintptr_t)string(maker, value);
    case FAR_PASS_HANDLE:
        return known_handle(maker, value);
    case FAR_PASS_OPAQUE:
        return choose_below(&maker->choice, 1000);
    case FAR_PASS_CALLBACK:
        return maker->function_address;
    case FAR_PASS_FD:
        return UINT32_MAX;
    default: /* GLOBAL, WITHHELD */
        return 0;
    }
}

static uint64_t pointer(struct fuzz_maker *maker, const struct far_value *value, const struct record_place *around,
                        bool goes_in)
{
    bool comes_out =
        value->lifetime != FAR_LIFETIME_NONE && !(value->flags & FAR_VALUE_IN) && value->passing != FAR_PASS_HANDLE;
    if ((comes_out && !maker->serving) || maker->depth >= LEVELS_MAX)
        return 0;
    if (value->flags & FAR_VALUE_OPTIONAL && choose_one_in(&maker->choice, 4))
        return 0;
    if (value->flags & FAR_VALUE_DEEP_ONLY && choose_one_in(&maker->choice, 2))
        return 0;
    maker->depth++;
    uint64_t word = cell(maker, value, around, goes_in);
    maker->depth--;
    return word;
}

/* --- parameters --- */

static bool is_number(const struct far_value *value)
{
    return value->passing == FAR_PASS_VALUE || value->passing == FAR_PASS_FLOAT;
}

static void parameter_number(struct fuzz_maker *maker, uint32_t i)
{
    const struct far_value *value = &maker->function[1 + i].value;
    maker->word[i] = 0;
    plain_number(maker, iface_type(maker->iface, value->type), (char *)&maker->word[i]);
}

/* Sizes that are read from another parameter's memory come after it. */
static bool is_late(const struct fuzz_maker *maker, const struct far_value *value)
{
    for (uint32_t i = 0; i < value->size_count; i++)
        if (iface_expr(maker->iface, value->size_first + i)->code == FAR_EXPR_DEREF)
            return true;
    return false;
}

/* Memory that the service keeps is passed again, with what its pointers lead to made anew. */
static struct fuzz_block *kept_block(struct fuzz_maker *maker, const struct far_value *value)
{
    uint32_t start = (uint32_t)choose_below(&maker->choice, FUZZ_KEPT);
    for (uint32_t i = 0; i < FUZZ_KEPT; i++) {
        struct fuzz_kept *kept = &maker->kept[(start + i) % FUZZ_KEPT];
        if (kept->block.memory && kept->type == value->type)
            return &kept->block;
    }
    return NULL;
}

static bool pass_kept(struct fuzz_maker *maker, uint32_t i, const struct far_value *value)
{
    const struct fuzz_block *block = value->passing == FAR_PASS_BUFFER ? kept_block(maker, value) : NULL;
    uint64_t bytes;
    if (!block || choose_one_in(&maker->choice, 8) ||
        !evaluate(maker, value->size_first, value->size_count, NULL, &bytes) || bytes != block->bytes)
        return false;
    maker->word[i] = (uint64_t)(uintptr_t)block->memory;
    maker->again = true;
    fill_elements(maker, value, block->memory, block->bytes, NULL);
    maker->again = false;
    return true;
}

static void note_kept(struct fuzz_maker *maker, uint32_t i, const struct far_value *value)
{
    const struct fuzz_block *block = maker->block;
    uint32_t at = (uint32_t)choose_below(&maker->choice, FUZZ_KEPT);
    while (block < maker->block + maker->count && (uint64_t)(uintptr_t)block->memory != maker->word[i])
        block++;
    if (block < maker->block + maker->count)
        maker->kept[at] = (struct fuzz_kept){value->type, {.memory = block->memory, .bytes = block->bytes}};
}

static void drop_kept(struct fuzz_maker *maker, uint64_t address)
{
    for (uint32_t i = 0; i < FUZZ_KEPT; i++)
        if ((uint64_t)(uintptr_t)maker->kept[i].block.memory == address)
            maker->kept[i] = (struct fuzz_kept){.type = 0};
}

/* Room for a number that a size is read from must hold one, whatever direction it has. */
static void parameter_pointer(struct fuzz_maker *maker, uint32_t i)
{
    const struct far_value *value = &maker->function[1 + i].value;
    bool goes_in = value->flags & FAR_VALUE_IN || !(value->flags & FAR_VALUE_OUT);
    if (value->passing == FAR_PASS_STRUCT || value->passing == FAR_PASS_WIDE)
        return;
    if (!pass_kept(maker, i, value))
        maker->word[i] = pointer(maker, value, NULL, goes_in);
}

static bool lacks_handle(const struct fuzz_maker *maker)
{
    for (uint32_t i = 0; i < maker->params; i++) {
        const struct far_value *value = &maker->function[1 + i].value;
        if (value->passing == FAR_PASS_HANDLE && !maker->word[i] && !(value->flags & FAR_VALUE_OPTIONAL))
            return true;
    }
    return false;
}

bool make_arguments(struct fuzz_maker *maker, const struct far_op *op)
{
    maker->op = op;
    maker->function = iface_result(maker->iface, op);
    maker->params = op->param_count;
    maker->first = maker->count;
    maker->depth = 0;
    memset(maker->word, 0, sizeof maker->word);
    for (uint32_t i = 0; i < maker->params; i++)
        if (is_number(&maker->function[1 + i].value))
            parameter_number(maker, i);
    for (int late = 0; late < 2; late++)
        for (uint32_t i = 0; i < maker->params; i++)
            if (!is_number(&maker->function[1 + i].value) && is_late(maker, &maker->function[1 + i].value) == late)
                parameter_pointer(maker, i);
    return !lacks_handle(maker);
}

/* --- a server's side --- */

void make_element(struct fuzz_maker *maker, const struct far_value *element, char *memory, uint64_t bytes)
{
    if (!element) {
        plain_bytes(maker, memory, bytes);
        return;
    }
    uint64_t size = iface_type(maker->iface, element->type)->size;
    for (uint64_t at = 0; size && at + size <= bytes; at += size) {
        fill(maker, element, element->type, memory + at, NULL, NUMBERS);
        fill(maker, element, element->type, memory + at, NULL, POINTERS);
    }
}

uint64_t make_result(struct fuzz_maker *maker, const struct far_value *value)
{
    uint64_t bytes = 0;
    switch (value->passing) {
    case FAR_PASS_VALUE:
    case FAR_PASS_FLOAT:
        return choose_number(&maker->choice);
    case FAR_PASS_STRING:
        return choose_one_in(&maker->choice, 8) ? 0 : (uint64_t)(uintptr_t)string(maker, value);
    case FAR_PASS_BUFFER:
        if (value->lifetime == FAR_LIFETIME_PARAM)
            return maker->word[value->lifetime_of];
        if (!evaluate(maker, value->size_first, value->size_count, NULL, &bytes) || bytes > BYTES_MAX)
            bytes = 4096;
        return (uint64_t)(uintptr_t)new_block(maker, bytes + flexible_room(maker, value));
    case FAR_PASS_HANDLE:
        return 0x5000 + 16 * choose_below(&maker->choice, 4);
    default:
        return 0;
    }
}

/* --- handles --- */

static void collect_members(struct fuzz_maker *maker, const struct far_value *value, uint32_t index, const char *at)
{
    const struct far_type *type = iface_type(maker->iface, index);
    uint64_t word = 0;
    if (value && value->passing == FAR_PASS_HANDLE) {
        memcpy(&word, at, sizeof word);
        add_handle(maker, value, word);
    } else if (type->kind == FAR_TYPE_STRUCT && value && value->passing == FAR_PASS_STRUCT) {
        for (uint32_t i = 0; i < type->member_count; i++) {
            const struct far_member *member = iface_member(maker->iface, type->first_member + i);
            if (member->value)
                collect_members(maker, iface_value(maker->iface, member->value - 1), member->type, at + member->offset);
        }
    }
}

void make_collect(struct fuzz_maker *maker, uint64_t result)
{
    for (uint32_t i = 0; i < maker->params; i++) {
        const struct far_value *value = &maker->function[1 + i].value;
        bool released = value->passing == FAR_PASS_HANDLE && value->flags & FAR_VALUE_RELEASE && maker->word[i];
        if (released && !far_release_is_refused(maker->iface, value, &maker->function->value, result))
            drop_handle(maker, maker->word[i]);
        if (value->flags & FAR_VALUE_RELEASE)
            drop_kept(maker, maker->word[i]);
        else if (value->flags & FAR_VALUE_IN && value->lifetime && maker->word[i])
            note_kept(maker, i, value);
        const struct far_type *type = iface_type(maker->iface, value->type);
        bool one = value->passing == FAR_PASS_BUFFER && value->flags & FAR_VALUE_OUT && value->inside &&
                   maker->word[i] && type->kind == FAR_TYPE_POINTER;
        if (one)
            collect_members(maker, iface_value(maker->iface, value->inside - 1), type->target,
                            (const char *)(uintptr_t)maker->word[i]);
    }
    if (maker->function->value.passing == FAR_PASS_HANDLE && result)
        add_handle(maker, &maker->function->value, result);
}
