/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A word and an object of the area become memory here: what a callee receives, and what comes out to a caller. The area is
 * the other side's: each byte is read once, into memory of our own, and everything that is decided is decided by that.
 */
#include "runtime/walk/inside.h"

static struct walk_memory *memory_of(const struct walk *walk, const struct walk_object *object)
{
    return object->below ? object->below : walk->memory;
}

static unsigned no_more(const struct walk *walk)
{
    return walk->after ? FAR_CALL_TOO_MUCH : FAR_CALL_BAD_SIZE;
}

/* Are `bytes` of it there, where the next object will lie? */
static bool is_there(const struct walk *walk, uint64_t bytes)
{
    return walk->end <= walk->capacity && bytes <= walk->capacity - walk->end;
}

static unsigned claimed_string(struct walk_visit *visit, const struct far_value *value, uint64_t claimed,
                               uint64_t *bytes)
{
    uint64_t limit = FAR_STRING_LIMIT, size = 0, width = walk_width(visit->walk->of.iface, value);
    bool negative = false;
    unsigned status = value->size_count ? walk_size(visit, value, &size, &negative) : FAR_CALL_DONE;
    if (status && !negative)
        return status;
    if (value->size_count && !negative && !visit->walk->after && walk_is_too_long(size))
        return FAR_CALL_TOO_MUCH;
    bool sized = value->size_count && !negative && size < limit;
    limit = sized ? size : limit;
    *bytes = claimed;
    if (claimed > limit || (!claimed && !sized) || claimed % width)
        return FAR_CALL_BAD_STRING;
    return FAR_CALL_DONE;
}

static unsigned measure_flexible(struct walk_visit *visit, const struct far_value *value, const char *area,
                                 struct walk_object *object)
{
    struct walk *walk = visit->walk;
    uint64_t size = iface_type(walk->of.iface, iface_type(walk->of.iface, value->type)->target)->size;
    if (!is_there(walk, size))
        return no_more(walk);
    char *head = walk_take(walk->memory, size);
    if (!head)
        return FAR_CALL_NO_MEMORY;
    memcpy(head, area + walk->end, size);
    object->image = head;
    object->image_bytes = (uint32_t)size;
    return walk_flexible_size(visit, value, head, &object->bytes);
}

static unsigned measure(struct walk_visit *visit, const struct far_value *value, uint64_t word, const char *area,
                        struct walk_object *object)
{
    struct walk *walk = visit->walk;
    bool negative, goes = object->direction & FAR_VALUE_IN || walk->after;
    if (walk_is_sent_string(walk, value, object->direction))
        return claimed_string(visit, value, far_reference_offset(word), &object->bytes);
    if (goes && walk_has_flexible(walk->of.iface, value))
        return measure_flexible(visit, value, area, object);
    return walk_size(visit, value, &object->bytes, &negative);
}

/* The first bytes of what has a flexible end were read already, and must not be again. */
static bool take_image(struct walk *walk, struct walk_object *object, const char *from)
{
    char *image = walk_take(walk->memory, object->bytes);
    uint64_t known = object->image ? object->image_bytes : 0;
    if (!image)
        return false;
    memcpy(image, object->image ? object->image : from, known);
    memcpy(image + known, from + known, object->bytes - known);
    walk_mend(walk, object, image, object->bytes);
    object->image = image;
    object->image_bytes = (uint32_t)object->bytes;
    return true;
}

/* As long as another parameter's memory that a callee was handed over: as that. */
static void stay_with(const struct walk *walk, struct walk_object *object)
{
    uint32_t index = object->lifetime == FAR_LIFETIME_PARAM ? walk->param_object[object->lifetime_of] : 0;
    if (!index || walk->after || !(walk->object[index - 1].flags & WALK_STAYS))
        return;
    object->lifetime = walk->object[index - 1].lifetime;
    object->lifetime_of = walk->object[index - 1].lifetime_of;
    object->root = walk->object[index - 1].root;
}

static bool is_handed_over(const struct walk *walk, const struct walk_object *object)
{
    bool lives = object->lifetime == FAR_LIFETIME_SERVICE || object->lifetime == FAR_LIFETIME_HANDLE ||
                 object->lifetime == FAR_LIFETIME_RELEASED;
    return lives && walk->hands_over && !walk->after;
}

/* Its owner's name is read here, once. BAD_ARGUMENT: it has none. */
static unsigned life_of(const struct walk_visit *visit, struct walk_object *object, const char *area,
                        struct walk_life *life)
{
    const struct walk *walk = visit->walk;
    const uint64_t *word = walk->callee ? walk->line : walk->word;
    *life = (struct walk_life){.lifetime = object->lifetime};
    if (life->lifetime == FAR_LIFETIME_HANDLE)
        life->handle = word[object->lifetime_of];
    if (object->value->lifetime == FAR_LIFETIME_RELEASED)
        life->token = walk_load(area + object->offset - 16);
    else if (visit->object != WALK_NOWHERE)
        object->root = walk->object[visit->object].root;
    if (life->lifetime == FAR_LIFETIME_RELEASED && !life->token)
        life->handle = object->root;
    if (life->lifetime == FAR_LIFETIME_PARAM || life->lifetime == FAR_LIFETIME_CALLBACK)
        life->lifetime = FAR_LIFETIME_CALL;
    return object->value->lifetime == FAR_LIFETIME_RELEASED && !life->token ? FAR_CALL_BAD_ARGUMENT : FAR_CALL_DONE;
}

static bool is_terminated(const struct walk *walk, const struct walk_object *object, const char *bytes)
{
    uint64_t width = walk_width(walk->of.iface, object->value);
    bool zero = object->bytes >= width;
    for (uint64_t i = 0; zero && i < width; i++)
        zero = bytes[object->bytes - width + i] == 0;
    return zero;
}

/* One that ends by its size alone needs no zero. */
static unsigned check_string(struct walk_visit *visit, struct walk_object *object, const char *bytes)
{
    uint64_t size = 0;
    bool negative;
    if (object->value->passing != FAR_PASS_STRING ||
        !walk_is_sent_string(visit->walk, object->value, object->direction))
        return FAR_CALL_DONE;
    if (is_terminated(visit->walk, object, bytes)) {
        object->flags |= WALK_TERMINATED;
        return FAR_CALL_DONE;
    }
    bool sized = object->value->size_count && !walk_size(visit, object->value, &size, &negative);
    return sized && object->bytes == size ? FAR_CALL_DONE : FAR_CALL_BAD_STRING;
}

/* A string that ends before its size has zeros behind it, for who reads on as far as it was told. */
static uint64_t room_of(struct walk_visit *visit, const struct walk_object *object)
{
    uint64_t size = 0;
    bool negative = false, sized = object->value->passing == FAR_PASS_STRING && object->value->size_count;
    if (!sized || visit->walk->after || walk_size(visit, object->value, &size, &negative) != FAR_CALL_DONE)
        return object->bytes;
    return size > object->bytes && size <= FAR_STRING_LIMIT ? size : object->bytes;
}

/* The same bytes may have been given out before: nobody writes into them but by mistake. */
static bool is_found_by_content(const struct walk_object *object, uint64_t room)
{
    return !object->element && !object->image && room == object->bytes &&
           (object->flags & WALK_MADE || object->direction == FAR_VALUE_IN);
}

static void as_it_is(struct walk_object *object)
{
    object->image = object->memory;
    object->image_bytes = (uint32_t)object->bytes;
}

/* What comes out to a caller, and what a callee is handed over: into memory with the life that the interface says. */
static unsigned made_memory(struct walk_visit *visit, struct walk_object *object, const char *from)
{
    struct walk *walk = visit->walk;
    struct walk_life life;
    uint64_t room = room_of(visit, object);
    unsigned status = life_of(visit, object, from - object->offset, &life);
    if (status || !walk->results)
        return status ? status : FAR_CALL_NOT_CARRIED;
    bool found = is_found_by_content(object, room);
    object->memory = found ? walk_result_copy(walk->results, from, object->bytes, &life)
                           : walk_result_take(walk->results, room, &life);
    if (!object->memory)
        return FAR_CALL_NO_MEMORY;
    if (life.token)
        object->root = (uint64_t)(uintptr_t)object->memory;
    if (!found)
        memset(object->memory, 0, room);
    if (found)
        walk_mend(walk, object, object->memory, object->bytes);
    if (found || !(object->flags & WALK_MADE || object->direction & FAR_VALUE_IN)) {
        as_it_is(object);
    } else if (!take_image(walk, object, from)) {
        return FAR_CALL_NO_MEMORY;
    } else if (!object->element) {
        memcpy(object->memory, object->image, object->bytes);
    }
    return check_string(visit, object, object->image);
}

static bool keeps(const struct far_value *value)
{
    return value->lifetime != FAR_LIFETIME_NONE && value->flags & FAR_VALUE_IN;
}

static unsigned kept_memory(struct walk *walk, struct walk_object *object, uint32_t number)
{
    struct walk_keeping keeping;
    struct walk_until until;
    if (!walk->kept || !number)
        return FAR_CALL_NOT_KEPT;
    uint32_t type = iface_type(walk->of.iface, object->value->type)->target;
    bool fresh = keeps(object->value);
    unsigned status = walk_keep_use(walk->kept, number, type, object->bytes, fresh, &keeping);
    if (status)
        return status;
    object->kept = keeping.place;
    object->flags |= keeping.added ? WALK_KEPT_BEGIN : 0;
    object->memory = keeping.memory;
    object->below = keeping.below;
    if (fresh) {
        walk_until(walk, object->value, &until);
        walk_keep_until(walk->kept, keeping.place, &until);
    }
    return FAR_CALL_DONE;
}

static unsigned plain_bytes(struct walk_visit *visit, struct walk_object *object, const char *from)
{
    if (object->direction & FAR_VALUE_IN && object->image) {
        memcpy(object->memory, object->image, object->image_bytes);
        memcpy(object->memory + object->image_bytes, from + object->image_bytes, object->bytes - object->image_bytes);
    } else if (object->direction & FAR_VALUE_IN) {
        memcpy(object->memory, from, object->bytes);
    } else if (!object->kept) {
        memset(object->memory, 0, object->bytes); /* nothing of an earlier call may come out of it */
    }
    if (object->direction & FAR_VALUE_IN)
        walk_mend(visit->walk, object, object->memory, object->bytes);
    object->image = object->memory;
    object->image_bytes = (uint32_t)object->bytes;
    return check_string(visit, object, object->memory);
}

static char *take_for(struct walk_visit *visit, const struct walk_object *object)
{
    uint64_t room = room_of(visit, object);
    char *memory = walk_take(memory_of(visit->walk, object), room);
    if (memory)
        memset(memory + object->bytes, 0, room - object->bytes);
    return memory;
}

static unsigned received_memory(struct walk_visit *visit, struct walk_object *object, const char *from)
{
    struct walk *walk = visit->walk;
    if (!object->memory)
        object->memory = take_for(visit, object);
    if (!object->memory)
        return FAR_CALL_NO_MEMORY;
    if (!object->element)
        return plain_bytes(visit, object, from);
    if (!object->kept)
        memset(object->memory, 0, object->bytes);
    if (!(object->direction & FAR_VALUE_IN)) {
        object->image = object->memory;
        object->image_bytes = (uint32_t)object->bytes;
        return FAR_CALL_DONE;
    }
    return take_image(walk, object, from) ? check_string(visit, object, object->image) : FAR_CALL_NO_MEMORY;
}

static void describe(struct walk_visit *visit, const struct far_value *value, struct walk_object *object)
{
    struct walk *walk = visit->walk;
    *object = (struct walk_object){
        .value = value,
        .element = walk_element(walk->of.iface, value),
        .direction = walk_direction(visit, value),
        .flags = (visit->deep || value->flags & FAR_VALUE_DEEP ? WALK_DEEP : 0) | (walk->after ? WALK_MADE : 0) |
                 (value->flags & FAR_VALUE_RELEASE ? WALK_RELEASED : 0),
        .lifetime = value->lifetime ? value->lifetime : visit->lifetime,
        .lifetime_of = value->lifetime ? value->lifetime_of : visit->lifetime_of,
        .below = visit->object == WALK_NOWHERE ? NULL : walk->object[visit->object].below,
    };
    if (value->passing == FAR_PASS_STRING && !value->size_count && !walk->after)
        object->direction = FAR_VALUE_IN;
}

/* It must be there too: it is read before the object is. */
static unsigned place_name(struct walk *walk, const struct far_value *value)
{
    uint64_t name;
    if (!walk_is_named(walk, value))
        return FAR_CALL_DONE;
    return is_there(walk, 16) ? walk_place(walk, 16, &name) : no_more(walk);
}

/* Where it lies depends on how long it stays. */
static unsigned into_memory(struct walk_visit *visit, struct walk_object *object, const char *from)
{
    if (is_handed_over(visit->walk, object))
        object->flags |= WALK_STAYS;
    return object->flags & (WALK_MADE | WALK_STAYS) ? made_memory(visit, object, from)
                                                    : received_memory(visit, object, from);
}

static unsigned scatter_object(struct walk_visit *visit, const struct far_value *value, uint64_t word, const char *area,
                               uint64_t *address)
{
    struct walk *walk = visit->walk;
    struct walk_object object, *placed;
    uint32_t index;
    bool failed = false;
    describe(visit, value, &object);
    stay_with(walk, &object);
    unsigned status = place_name(walk, value);
    status = status ? status : measure(visit, value, word, area, &object);
    if (!status && !is_there(walk, object.bytes))
        status = no_more(walk);
    if (!status && object.element && object.element->passing != FAR_PASS_STRUCT)
        object.scope = walk_scope_of(visit, &failed);
    if (!status && !failed)
        status = walk_append(walk, &object, &index);
    if (status || failed)
        return status ? status : FAR_CALL_NO_MEMORY;
    placed = &walk->object[index];
    if (far_reference_kind(word) == FAR_REFERENCE_KEPT)
        status = kept_memory(walk, placed, far_reference_index(word));
    if (!status)
        status = into_memory(visit, placed, area + placed->offset);
    *address = (uint64_t)(uintptr_t)placed->memory;
    return status;
}

/* Only below far_deep is an object reached twice, and only as what it is. */
static unsigned scatter_seen(struct walk_visit *visit, const struct far_value *value, uint64_t word, uint64_t *address)
{
    struct walk *walk = visit->walk;
    uint32_t index = far_reference_index(word), offset = far_reference_offset(word);
    uint64_t bytes = 0;
    bool negative, deep = visit->deep || value->flags & FAR_VALUE_DEEP;
    if (index >= walk->count || !walk_may_lead(walk, value, index, offset))
        return FAR_CALL_BAD_ARGUMENT;
    const struct walk_object *object = &walk->object[index];
    *address = (uint64_t)(uintptr_t)object->memory + offset;
    if (walk->after && visit->object != WALK_NOWHERE)
        walk->object[visit->object].flags |= WALK_LEADS;
    if (walk->after)
        return FAR_CALL_DONE; /* walk_look_within() */
    if (!deep || offset || !(object->flags & WALK_DEEP) || object->kept || object->value->passing != value->passing)
        return FAR_CALL_BAD_ARGUMENT;
    if (value->passing == FAR_PASS_STRING)
        return object->flags & WALK_TERMINATED ? FAR_CALL_DONE : FAR_CALL_BAD_STRING;
    unsigned status = walk_size(visit, value, &bytes, &negative);
    return status ? status : bytes > object->bytes ? FAR_CALL_BAD_ARGUMENT : FAR_CALL_DONE;
}

static unsigned scatter_address(struct walk_visit *visit, const struct far_value *value, uint64_t word,
                                uint64_t *address)
{
    struct walk *walk = visit->walk;
    uint64_t bytes = 1;
    bool negative, callee = !walk->after;
    *address = word & FAR_REFERENCE_ADDRESS_MAX;
    if (value->passing == FAR_PASS_BUFFER && walk_size(visit, value, &bytes, &negative) != FAR_CALL_DONE)
        return FAR_CALL_BAD_SIZE;
    bytes = bytes ? bytes : 1;
    if (!callee) {
        bool deep = walk_element(walk->of.iface, value);
        bool fine = (walk->hooks->may_read && walk->hooks->may_read(walk->context, *address, bytes, deep)) ||
                    walk_shares_end(walk, value, *address);
        return fine ? FAR_CALL_DONE : FAR_CALL_BAD_ARGUMENT;
    }
    if (value->passing != FAR_PASS_BUFFER || walk_element(walk->of.iface, value) || !walk->hooks->shares)
        return FAR_CALL_BAD_ARGUMENT;
    bool written = walk_direction(visit, value) & FAR_VALUE_OUT;
    return walk_shares(walk, value, *address, bytes, written) ? FAR_CALL_DONE : FAR_CALL_NOT_SHARED;
}

/* A caller's own memory, by the number that it gave it. */
static unsigned scatter_kept(struct walk *walk, const struct far_value *value, uint64_t word, uint64_t *address)
{
    uint32_t type = iface_type(walk->of.iface, value->type)->target;
    *address =
        walk->kept ? walk_kept_address(walk->kept, far_reference_index(word), type, far_reference_offset(word)) : 0;
    return *address ? FAR_CALL_DONE : FAR_CALL_BAD_ARGUMENT;
}

/* What goes in, always; what comes out, only where the interface gives it a life. */
static bool may_be_new(const struct walk_visit *visit, const struct far_value *value)
{
    return !visit->walk->after || walk_comes_out(value) || visit->lifetime;
}

unsigned walk_scatter(struct walk_visit *visit, const struct far_value *value, uint64_t word, const char *area,
                      uint64_t *address)
{
    struct walk *walk = visit->walk;
    *address = 0;
    switch (far_reference_kind(word)) {
    case FAR_REFERENCE_NULL:
        return word ? FAR_CALL_BAD_ARGUMENT : walk->after ? FAR_CALL_DONE : walk_null(visit, value);
    case FAR_REFERENCE_NEW:
        if (far_reference_index(word) != walk->count || !may_be_new(visit, value))
            return FAR_CALL_BAD_ARGUMENT;
        return scatter_object(visit, value, word, area, address);
    case FAR_REFERENCE_SEEN:
        return scatter_seen(visit, value, word, address);
    case FAR_REFERENCE_ADDRESS:
        return scatter_address(visit, value, word, address);
    case FAR_REFERENCE_KEPT:
        return walk->after ? scatter_kept(walk, value, word, address)
                           : scatter_object(visit, value, word, area, address);
    default:
        return FAR_CALL_BAD_ARGUMENT;
    }
}

static bool remember_handle(struct walk *walk, const struct far_value *value, uint64_t handle)
{
    if (walk->handle_count == walk->handle_room) {
        uint32_t room = walk->handle_room ? 2 * walk->handle_room : 16;
        struct walk_handle *handles = walk_take(walk->memory, room * sizeof *handles);
        if (!handles)
            return false;
        if (walk->handle_count)
            memcpy(handles, walk->handle, walk->handle_count * sizeof *handles);
        walk->handle = handles;
        walk->handle_room = room;
    }
    walk->handle[walk->handle_count++] = (struct walk_handle){value, handle};
    return true;
}

/* Which parameter that describes; walk->of.count: none, but what lies in one. */
static uint32_t parameter_of(const struct walk *walk, const struct far_value *value)
{
    uint32_t number = 0;
    while (number < walk->of.count && &walk->of.function[1 + number].value != value)
        number++;
    return number;
}

static unsigned handle_raw(struct walk *walk, const struct far_value *value, uint64_t word)
{
    if (!word && walk->callee && !(value->flags & FAR_VALUE_OPTIONAL) && parameter_of(walk, value) < walk->of.count)
        return FAR_CALL_BAD_ARGUMENT;
    if (!word || !walk->hooks->handle_begin)
        return FAR_CALL_DONE;
    unsigned status = walk->hooks->handle_begin(walk->context, value, word);
    if (status || remember_handle(walk, value, word))
        return status;
    walk->hooks->handle_put_down(walk->context, value, word);
    return FAR_CALL_NO_MEMORY;
}

/*
 * What is no function, but will be taken for one, is nothing that a partner may choose. A number that stands for something is
 * fine where the function ends something's life: who is given it compares. NULL is fine where it is said, and in structures.
 */
static bool may_be_mark(const struct walk *walk, const struct far_value *value, uint64_t word)
{
    const struct far_param *param = walk->of.function + 1;
    uint32_t number = parameter_of(walk, value);
    if (word == 0 && (number == walk->of.count || value->flags & FAR_VALUE_OPTIONAL))
        return true;
    for (uint32_t i = 0; i < walk->of.count && number < walk->of.count; i++)
        if (param[i].value.lifetime == FAR_LIFETIME_CALLBACK && param[i].value.lifetime_of == number)
            return true;
    return false;
}

static unsigned function_raw(struct walk *walk, const struct far_value *value, uint64_t word, uint64_t *raw)
{
    *raw = word;
    if (walk_is_mark(word))
        return may_be_mark(walk, value, word) ? FAR_CALL_DONE : FAR_CALL_BAD_ARGUMENT;
    if (!walk->hooks->in_function)
        return FAR_CALL_NOT_CARRIED;
    return walk->hooks->in_function(walk->context, walk, word, iface_callback(walk->of.iface, value->inside - 1), raw);
}

static unsigned global_raw(struct walk *walk, const struct far_value *value, uint64_t word)
{
    uint64_t bytes = iface_type(walk->of.iface, iface_type(walk->of.iface, value->type)->target)->size;
    bool fine = !word ||
                (walk->hooks->may_name &&
                 walk->hooks->may_name(walk->context, word, bytes ? bytes : 1, value->flags & FAR_VALUE_OUT)) ||
                walk_grants_global(walk, value, word, bytes ? bytes : 1);
    return fine ? FAR_CALL_DONE : FAR_CALL_BAD_ARGUMENT;
}

unsigned walk_simple_raw(struct walk_visit *visit, const struct far_value *value, uint64_t word, uint64_t *raw)
{
    *raw = word;
    switch ((enum far_passing)value->passing) {
    case FAR_PASS_WITHHELD:
        *raw = 0;
        return FAR_CALL_DONE;
    case FAR_PASS_HANDLE:
        return handle_raw(visit->walk, value, word);
    case FAR_PASS_GLOBAL:
        return global_raw(visit->walk, value, word);
    case FAR_PASS_CALLBACK:
        return function_raw(visit->walk, value, word, raw);
    case FAR_PASS_FD:
        return walk_descriptor_raw(visit->walk, word, raw);
    case FAR_PASS_STRUCT:
    case FAR_PASS_ARRAY:
        return FAR_CALL_NOT_CARRIED;
    default:
        return FAR_CALL_DONE;
    }
}

static unsigned scatter_leaf(struct walk_visit *visit, const struct far_value *value, uint64_t offset, uint64_t bytes)
{
    struct walk *walk = visit->walk;
    const struct walk_object *object = &walk->object[visit->object];
    const char *image = object->image + offset;
    char *memory = object->memory + offset;
    uint64_t raw = 0;
    if (!walk_is_cell(value)) {
        memcpy(memory, image, bytes);
        return FAR_CALL_DONE;
    }
    if (walk_is_skipped(visit, value))
        return FAR_CALL_DONE;
    if (value->passing == FAR_PASS_FD)
        return walk_scatter_descriptor(visit, image, memory);
    unsigned status = value->passing == FAR_PASS_BUFFER || value->passing == FAR_PASS_STRING
                          ? walk_scatter(visit, value, walk_load(image), visit->context, &raw)
                          : walk_simple_raw(visit, value, walk_load(image), &raw);
    walk_store(memory, raw);
    return status;
}

static unsigned scatter_inside(struct walk *walk, uint32_t index, const char *area)
{
    struct walk_visit visit;
    const struct walk_object *object = &walk->object[index];
    if (!object->element)
        return FAR_CALL_DONE;
    if (object->direction == FAR_VALUE_OUT && !walk->after) {
        walk_empty_descriptors(walk, index);
        return FAR_CALL_DONE;
    }
    walk_visit_begin(&visit, walk, index);
    visit.leaf = scatter_leaf;
    visit.context = (void *)(uintptr_t)area;
    return walk_visit_object(&visit);
}

/* As it is when the function begins: what of it is different afterwards has changed. */
static unsigned remember_entry(struct walk *walk, struct walk_object *object)
{
    if (!object->element || object->direction != WALK_BOTH || walk->after)
        return FAR_CALL_DONE;
    object->wire = walk_take(walk->memory, object->bytes);
    if (!object->wire)
        return FAR_CALL_NO_MEMORY;
    memcpy(object->wire, object->memory, object->bytes);
    return FAR_CALL_DONE;
}

unsigned walk_scatter_rest(struct walk *walk, const char *area)
{
    unsigned status = FAR_CALL_DONE;
    while (walk->visited < walk->count && !status) {
        uint32_t index = walk->visited++;
        status = scatter_inside(walk, index, area);
        if (!status)
            status = remember_entry(walk, &walk->object[index]);
    }
    return status;
}
