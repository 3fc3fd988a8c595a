/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Memory here becomes a word and an object of the area: what a caller sends, and what comes out of a callee anew. What is
 * copied as it is is read when it is put into the area; everything that something depends on (pointers, sizes, lengths) is
 * read once, before.
 */
#include "runtime/walk/inside.h"

bool walk_is_skipped(const struct walk_visit *visit, const struct far_value *value)
{
    if (value->passing == FAR_PASS_WITHHELD)
        return true;
    if (value->passing != FAR_PASS_BUFFER && value->passing != FAR_PASS_STRING)
        return false;
    return (value->flags & FAR_VALUE_DEEP_ONLY && !visit->deep) || (!visit->walk->after && walk_comes_out(value));
}

bool walk_is_sent_string(const struct walk *walk, const struct far_value *value, uint8_t direction)
{
    return value->passing == FAR_PASS_STRING && (walk->after || direction == FAR_VALUE_IN || !value->size_count);
}

/* A string: up to where it ends, or to its size if that comes first. A negative size is none. */
static unsigned measure_string(struct walk_visit *visit, const struct far_value *value, uint64_t address,
                               struct walk_object *object)
{
    uint64_t limit = FAR_STRING_LIMIT, size = 0;
    bool negative = false, terminated, sized = value->size_count != 0;
    unsigned status = sized ? walk_size(visit, value, &size, &negative) : FAR_CALL_DONE;
    if (status && !negative)
        return status;
    if (sized && !negative && !visit->walk->after && walk_is_too_long(size))
        return FAR_CALL_TOO_MUCH;
    sized = sized && !negative && size <= limit;
    limit = sized ? size : limit;
    object->bytes = walk_string_bytes((const char *)(uintptr_t)address, walk_width(visit->walk->of.iface, value), limit,
                                      &terminated);
    object->flags |= terminated ? WALK_TERMINATED : 0;
    return terminated || sized ? FAR_CALL_DONE : FAR_CALL_TOO_MUCH;
}

bool walk_is_named(const struct walk *walk, const struct far_value *value)
{
    return value->lifetime == FAR_LIFETIME_RELEASED && (walk->after || walk->hands_over);
}

static char *private_copy(struct walk *walk, const char *from, uint64_t bytes)
{
    char *copy = walk_take(walk->memory, bytes);
    return copy ? memcpy(copy, from, bytes) : NULL;
}

/* Its first bytes say how many follow; they are read here, once. */
static unsigned measure_flexible(struct walk_visit *visit, const struct far_value *value, uint64_t address,
                                 struct walk_object *object)
{
    const struct far_iface *iface = visit->walk->of.iface;
    uint64_t size = iface_type(iface, iface_type(iface, value->type)->target)->size;
    const char *from = (const char *)(uintptr_t)address, *head = private_copy(visit->walk, from, size);
    if (!head)
        return FAR_CALL_NO_MEMORY;
    unsigned status = walk_flexible_size(visit, value, head, &object->bytes);
    char *image = status ? NULL : walk_take(visit->walk->memory, object->bytes);
    if (status || !image)
        return status ? status : FAR_CALL_NO_MEMORY;
    memcpy(image, head, size);
    memcpy(image + size, from + size, object->bytes - size);
    object->image = image;
    object->image_bytes = (uint32_t)object->bytes;
    return FAR_CALL_DONE;
}

static unsigned measure(struct walk_visit *visit, const struct far_value *value, uint64_t address,
                        struct walk_object *object)
{
    struct walk *walk = visit->walk;
    bool negative, goes = object->direction & FAR_VALUE_IN || walk->after;
    unsigned status;
    if (walk_is_sent_string(walk, value, object->direction))
        status = measure_string(visit, value, address, object);
    else if (goes && walk_has_flexible(walk->of.iface, value))
        status = measure_flexible(visit, value, address, object);
    else
        status = walk_size(visit, value, &object->bytes, &negative);
    if (status || object->image || !object->element || !goes)
        return status;
    object->image = private_copy(walk, (const char *)(uintptr_t)address, object->bytes);
    object->image_bytes = (uint32_t)object->bytes;
    return object->image ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

void walk_until(const struct walk *walk, const struct far_value *value, struct walk_until *until)
{
    uint32_t of = value->lifetime_of;
    const uint64_t *word = walk->callee ? walk->line : walk->word; /* a callee may not have made that parameter yet */
    *until = (struct walk_until){.lifetime = value->lifetime};
    if (value->lifetime == FAR_LIFETIME_HANDLE)
        until->handle = word[of];
    if (value->lifetime == FAR_LIFETIME_CALLBACK)
        until->function = word[of];
    if (value->lifetime == FAR_LIFETIME_PARAM && walk->param_object[of])
        until->kept = walk->object[walk->param_object[of] - 1].kept;
}

/* What ends with a callback is the function called's own copy, if that is no function. */
static bool begins_to_be_kept(const struct walk *walk, const struct far_value *value)
{
    if (value->lifetime == FAR_LIFETIME_NONE || !(value->flags & FAR_VALUE_IN))
        return false;
    uint64_t function = value->lifetime == FAR_LIFETIME_CALLBACK ? walk->word[value->lifetime_of] : 0;
    return !function || !walk_is_mark(function);
}

static unsigned look_whether_kept(struct walk *walk, const struct far_value *value, uint64_t address,
                                  struct walk_object *object)
{
    struct walk_until until;
    bool added;
    if (!walk->kept || walk->after)
        return FAR_CALL_DONE;
    uint32_t type = iface_type(walk->of.iface, value->type)->target;
    if (!begins_to_be_kept(walk, value)) {
        object->kept = walk_kept_find(walk->kept, address, type, object->bytes, !object->element);
        return FAR_CALL_DONE;
    }
    walk_until(walk, value, &until);
    object->kept = walk_kept_enter(walk->kept, address, type, object->bytes, &until, &added);
    object->flags |= added ? WALK_KEPT_BEGIN : 0;
    return object->kept ? FAR_CALL_DONE : FAR_CALL_NO_MEMORY;
}

static bool may_share(const struct walk *walk, const struct far_value *value, const struct walk_object *object,
                      uint64_t address)
{
    return value->passing == FAR_PASS_BUFFER && !object->element && !walk->after &&
           walk_shares(walk, value, address, object->bytes, object->direction & FAR_VALUE_OUT);
}

static unsigned gather_object(struct walk_visit *visit, const struct far_value *value, struct walk_object *object,
                              uint64_t *word)
{
    struct walk *walk = visit->walk;
    uint32_t index, bytes = walk_is_sent_string(walk, value, object->direction) ? (uint32_t)object->bytes : 0;
    bool failed;
    if (object->element && object->element->passing != FAR_PASS_STRUCT) {
        object->scope = walk_scope_of(visit, &failed);
        if (failed)
            return FAR_CALL_NO_MEMORY;
    }
    uint64_t name;
    unsigned status = walk_is_named(walk, value) ? walk_place(walk, 16, &name) : FAR_CALL_DONE;
    if (!status)
        status = walk_append(walk, object, &index);
    if (status)
        return status;
    if (object->flags & WALK_DEEP && !walk_remember(walk, index))
        return FAR_CALL_NO_MEMORY;
    *word = object->kept ? far_reference(FAR_REFERENCE_KEPT, object->kept, bytes)
                         : far_reference(FAR_REFERENCE_NEW, index, bytes);
    return FAR_CALL_DONE;
}

/* Whoever is given memory that is released by its name may name it from now on. */
static unsigned give_name(const struct walk *walk, const struct far_value *value, uint64_t address)
{
    if (value->lifetime != FAR_LIFETIME_RELEASED || !walk->hooks->handle_give)
        return FAR_CALL_DONE;
    return walk->hooks->handle_give(walk->context, value, address);
}

unsigned walk_gather(struct walk_visit *visit, const struct far_value *value, uint64_t address, uint64_t *word)
{
    struct walk *walk = visit->walk;
    *word = 0;
    if (!address)
        return walk->after ? FAR_CALL_DONE : walk_null(visit, value);
    struct walk_object object = {
        .value = value,
        .element = walk_element(walk->of.iface, value),
        .memory = (char *)(uintptr_t)address,
        .direction = walk_direction(visit, value),
        .flags = (visit->deep || value->flags & FAR_VALUE_DEEP ? WALK_DEEP : 0) | (walk->after ? WALK_MADE : 0) |
                 (value->flags & FAR_VALUE_RELEASE ? WALK_RELEASED : 0),
        .lifetime = value->lifetime ? value->lifetime : visit->lifetime,
        .lifetime_of = value->lifetime ? value->lifetime_of : visit->lifetime_of,
    };
    if (value->passing == FAR_PASS_STRING && !value->size_count && !walk->after)
        object.direction = FAR_VALUE_IN;
    unsigned status = measure(visit, value, address, &object);
    if (status)
        return status;
    uint32_t seen = object.flags & WALK_DEEP ? walk_seen(walk, address, object.element, object.bytes) : WALK_NOWHERE;
    if (seen != WALK_NOWHERE) {
        *word = far_reference(FAR_REFERENCE_SEEN, seen, 0);
        return FAR_CALL_DONE;
    }
    status = walk->hands_over && !walk->after ? give_name(walk, value, address) : FAR_CALL_DONE;
    if (status)
        return status;
    if (may_share(walk, value, &object, address)) {
        *word = far_reference_address(address);
        return FAR_CALL_DONE;
    }
    uint32_t before = walk->count;
    status = look_whether_kept(walk, value, address, &object);
    status = status ? status : gather_object(visit, value, &object, word);
    if (status && object.kept && object.flags & WALK_KEPT_BEGIN && walk->count == before)
        walk_kept_leave(walk->kept, object.kept); /* walk_send() does not know of it */
    return status;
}

/* Out of what goes both ways comes nothing that was not there before. */
static bool comes_out_as_said(const struct walk_visit *visit)
{
    if (visit->object == WALK_NOWHERE)
        return true;
    const struct walk_object *object = &visit->walk->object[visit->object];
    return object->flags & WALK_MADE || object->direction == FAR_VALUE_OUT;
}

static unsigned function_word(struct walk_visit *visit, const struct far_value *value, uint64_t raw, uint64_t *word)
{
    struct walk *walk = visit->walk;
    const struct far_callback *callback = iface_callback(walk->of.iface, value->inside - 1);
    *word = raw;
    if (walk_is_mark(raw))
        return FAR_CALL_DONE;
    if (walk->hooks->out_function)
        return walk->hooks->out_function(walk->context, walk, raw, callback, word);
    if (walk->hooks->give_function)
        return walk->hooks->give_function(walk->context, walk, raw, callback, comes_out_as_said(visit), word);
    *word = 0;
    return walk->after ? FAR_CALL_DONE : FAR_CALL_NOT_CARRIED;
}

/* What a handle ends with is a handle that the function was given. */
static unsigned give_handle(const struct walk *walk, const struct far_value *value, uint64_t handle)
{
    if (value->lifetime != FAR_LIFETIME_HANDLE || !walk->callee || !walk->hooks->handle_give_of)
        return walk->hooks->handle_give(walk->context, value, handle);
    return walk->hooks->handle_give_of(walk->context, value, handle, &walk->of.function[1 + value->lifetime_of].value,
                                       walk->line[value->lifetime_of]);
}

static unsigned handle_word(struct walk *walk, const struct far_value *value, uint64_t raw, uint64_t *word)
{
    *word = raw;
    if (walk->hooks->handle_give)
        return raw ? give_handle(walk, value, raw) : FAR_CALL_DONE;
    uint64_t token =
        value->flags & FAR_VALUE_RELEASE && walk->results ? walk_store_token(walk->results->store, raw) : 0;
    *word = token ? token : raw;
    return FAR_CALL_DONE;
}

unsigned walk_simple_word(struct walk_visit *visit, const struct far_value *value, uint64_t raw, uint64_t *word)
{
    *word = raw;
    switch ((enum far_passing)value->passing) {
    case FAR_PASS_WITHHELD:
        *word = 0;
        return FAR_CALL_DONE;
    case FAR_PASS_HANDLE:
        return handle_word(visit->walk, value, raw, word);
    case FAR_PASS_CALLBACK:
        return function_word(visit, value, raw, word);
    case FAR_PASS_FD:
        return walk_descriptor_word(visit->walk, (int32_t)raw, word);
    case FAR_PASS_STRUCT:
    case FAR_PASS_ARRAY:
        return FAR_CALL_NOT_CARRIED;
    default:
        return FAR_CALL_DONE;
    }
}

static uint64_t target_bytes(struct walk_visit *visit, const struct far_value *value)
{
    uint64_t bytes = 0;
    bool negative;
    if (value->passing != FAR_PASS_BUFFER || walk_size(visit, value, &bytes, &negative) != FAR_CALL_DONE || !bytes)
        return 1;
    return bytes;
}

/*
 * Into memory of this call or of the caller's: where in it. Into what the caller reaches: the address. Into memory that
 * the interface gives a life: a copy. Otherwise it leads nowhere that the caller could follow, and NULL crosses.
 */
unsigned walk_return(struct walk_visit *visit, const struct far_value *value, uint64_t address, uint32_t hint,
                     uint64_t *word)
{
    struct walk *walk = visit->walk;
    uint64_t offset = 0;
    *word = 0;
    if (!address)
        return FAR_CALL_DONE;
    uint32_t index = walk_object_at(walk, address, hint);
    if (index != WALK_NOWHERE) {
        offset = address - (uint64_t)(uintptr_t)walk->object[index].memory;
        if (walk_may_lead(walk, value, index, offset))
            *word = far_reference(FAR_REFERENCE_SEEN, index, (uint32_t)offset);
        return FAR_CALL_DONE;
    }
    uint32_t type = iface_type(walk->of.iface, value->type)->target;
    uint32_t kept = walk->kept ? walk_keep_at(walk->kept, address, type, &offset) : 0;
    if (kept) {
        *word = far_reference(FAR_REFERENCE_KEPT, kept, (uint32_t)offset);
        return FAR_CALL_DONE;
    }
    unsigned status = give_name(walk, value, address);
    if (status)
        return status;
    uint64_t bytes = target_bytes(visit, value);
    if ((walk->hooks->shares && walk->hooks->shares(walk->context, address, bytes)) ||
        walk_shares_end(walk, value, address) ||
        (walk->hooks->may_read &&
         walk->hooks->may_read(walk->context, address, bytes, walk_element(walk->of.iface, value)))) {
        *word = far_reference_address(address);
        return FAR_CALL_DONE;
    }
    bool lives = (walk_comes_out(value) && value->lifetime != FAR_LIFETIME_PARAM) || visit->lifetime;
    return lives ? walk_gather(visit, value, address, word) : FAR_CALL_DONE;
}

static unsigned gather_leaf(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t bytes)
{
    const struct walk_object *object = &visit->walk->object[visit->object];
    const char *image = object->image + offset;
    char *wire = object->wire + offset;
    uint64_t word = 0;
    unsigned status;
    if (!walk_is_cell(value)) {
        memcpy(wire, image, bytes);
        return FAR_CALL_DONE;
    }
    if (walk_is_skipped(visit, value))
        return FAR_CALL_DONE;
    if (value->passing == FAR_PASS_FD)
        return walk_gather_descriptor(visit, image, wire);
    uint64_t raw = walk_load(image);
    if (value->passing != FAR_PASS_BUFFER && value->passing != FAR_PASS_STRING)
        status = walk_simple_word(visit, value, raw, &word);
    else if (visit->walk->after)
        status = walk_return(visit, value, raw, WALK_NOWHERE, &word);
    else
        status = walk_gather(visit, value, raw, &word);
    walk_store(wire, word);
    return status;
}

static unsigned gather_inside(struct walk *walk, uint32_t index)
{
    struct walk_visit visit;
    struct walk_object *object = &walk->object[index];
    if (!object->element || !object->image)
        return FAR_CALL_DONE;
    object->wire = walk_take(walk->memory, object->bytes);
    if (!object->wire)
        return FAR_CALL_NO_MEMORY;
    memset(object->wire, 0, object->bytes);
    walk_visit_begin(&visit, walk, index);
    visit.leaf = gather_leaf;
    return walk_visit_object(&visit);
}

unsigned walk_gather_rest(struct walk *walk)
{
    unsigned status = FAR_CALL_DONE;
    while (walk->visited < walk->count && !status)
        status = gather_inside(walk, walk->visited++);
    return status;
}

/* The string may have changed since it was measured: the zero at its end is ours. */
static void put_string(const struct walk *walk, const struct walk_object *object, char *to)
{
    uint64_t end = object->flags & WALK_TERMINATED ? walk_width(walk->of.iface, object->value) : 0;
    memcpy(to, object->memory, object->bytes - end);
    memset(to + object->bytes - end, 0, end);
}

/* Room that holds a string: what lies behind it stays here. */
static void put_room(const struct walk *walk, const struct walk_object *object, char *to)
{
    bool terminated;
    uint64_t bytes =
        walk_string_bytes(object->memory, walk_width(walk->of.iface, object->value), object->bytes, &terminated);
    memcpy(to, object->memory, bytes);
    memset(to + bytes, 0, object->bytes - bytes);
}

void walk_put_object(const struct walk *walk, const struct walk_object *object, char *area)
{
    char *to = area + object->offset;
    bool goes = object->direction & FAR_VALUE_IN || object->flags & WALK_MADE;
    if (walk_is_named(walk, object->value)) {
        walk_store(to - 16, (uint64_t)(uintptr_t)object->memory);
        walk_note(walk, object->offset - 16, sizeof(uint64_t));
    }
    if (!goes || !object->bytes)
        return;
    walk_note(walk, object->offset, object->bytes);
    if (object->wire)
        memcpy(to, object->wire, object->bytes);
    else if (object->image && object->image_bytes == object->bytes)
        memcpy(to, object->image, object->bytes);
    else if (walk_is_sent_string(walk, object->value, object->direction))
        put_string(walk, object, to);
    else if (object->value->passing == FAR_PASS_STRING)
        put_room(walk, object, to);
    else
        memcpy(to, object->memory, object->bytes);
    if (object->image && object->image_bytes < object->bytes)
        memcpy(to, object->image, object->image_bytes); /* the other side must see the numbers that we used */
}
