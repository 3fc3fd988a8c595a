/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/away_stream.h"

#include "runtime/net/wire_check.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define WHY_ROOM 160

static uint64_t time_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * AWAY_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t away_now(void)
{
    return time_of(CLOCK_MONOTONIC);
}

uint64_t away_about_now(void)
{
    return time_of(CLOCK_MONOTONIC_COARSE);
}

void stream_open(struct away_stream *stream, struct transport *transport, uint32_t spin)
{
    transport->spin = spin;
    stream->transport = transport;
    stream->begin = stream->end = 0;
}

void stream_close(struct away_stream *stream)
{
    transport_end(stream->transport);
    stream->transport = NULL;
    stream->begin = stream->end = 0;
}

/* --- coming --- */

static uint32_t there(const struct away_stream *stream)
{
    return stream->end - stream->begin;
}

static void make_room(struct away_stream *stream)
{
    memmove(stream->in, stream->in + stream->begin, there(stream));
    stream->end -= stream->begin;
    stream->begin = 0;
}

/* Some more; least 0: without waiting. */
static int take_more(struct away_stream *stream, size_t least, uint64_t deadline)
{
    struct transport *transport = stream->transport;
    size_t got = 0;
    int failed = transport->kind->receive(transport, stream->in + stream->end, least, AWAY_STREAM_ROOM - stream->end,
                                          &got, deadline);
    stream->end += (uint32_t)got;
    return failed;
}

/* At least so many are there, in one piece; no more than the room has. */
static int fill(struct away_stream *stream, uint32_t least, uint64_t deadline)
{
    int failed = 0;
    if (there(stream) >= least)
        return 0;
    make_room(stream);
    while (!failed && stream->end < least)
        failed = take_more(stream, 1, deadline);
    return failed;
}

bool stream_look(struct away_stream *stream)
{
    if (there(stream) >= sizeof(struct wire_frame))
        return true;
    make_room(stream);
    return take_more(stream, 0, 0) != 0 || stream->end >= sizeof(struct wire_frame);
}

int stream_next(struct away_stream *stream, struct wire_frame *frame, uint64_t deadline)
{
    char why[WHY_ROOM];
    int failed = fill(stream, sizeof *frame, deadline);
    if (failed)
        return failed;
    memcpy(frame, stream->in + stream->begin, sizeof *frame);
    stream->begin += sizeof *frame;
    return wire_check_frame(frame, why, sizeof why);
}

int stream_take(struct away_stream *stream, void *to, uint64_t bytes, uint64_t deadline)
{
    uint64_t first = there(stream) < bytes ? there(stream) : bytes, left = bytes - first;
    size_t got;
    memcpy(to, stream->in + stream->begin, first);
    stream->begin += (uint32_t)first;
    if (!left)
        return 0;
    struct transport *transport = stream->transport;
    return transport->kind->receive(transport, (char *)to + first, left, left, &got, deadline);
}

int stream_skip(struct away_stream *stream, uint64_t bytes, uint64_t deadline)
{
    char nowhere[AWAY_STREAM_ROOM];
    int failed = 0;
    for (uint64_t piece; !failed && bytes; bytes -= piece) {
        piece = bytes < sizeof nowhere ? bytes : sizeof nowhere;
        failed = stream_take(stream, nowhere, piece, deadline);
    }
    return failed;
}

bool stream_is_readable(struct away_stream *stream)
{
    return there(stream) >= sizeof(struct wire_frame) || stream->transport->kind->is_readable(stream->transport);
}

/* How many of them may go aside: the large ones, as long as they are few. */
static uint32_t count_large(const struct wire_extent *extent, uint32_t count)
{
    uint32_t large = 0;
    for (uint32_t i = 0; i < count; i++)
        large += extent[i].bytes >= AWAY_LARGE;
    return large <= AWAY_PIECES_MAX ? large : 0;
}

/* Where they go; NULL: to the area, like all others. */
static char *room_aside(struct away_aside *aside, uint32_t slot, const struct wire_extent *extent, uint32_t count)
{
    if (!aside || !count_large(extent, count))
        return NULL;
    return aside->room(aside->context, slot, extent[count - 1].offset + extent[count - 1].bytes);
}

static int take_bytes(struct away_stream *stream, const struct away_memory *memory, const struct wire_extent *extent,
                      uint32_t count, char *room, struct away_aside *aside, uint64_t deadline)
{
    int failed = 0;
    for (uint32_t i = 0; i < count && !failed; i++) {
        bool goes_aside = room && extent[i].bytes >= AWAY_LARGE;
        char *to = goes_aside ? room : (char *)memory->astack + FAR_ASTACK_AREA;
        failed = stream_take(stream, to + extent[i].offset, extent[i].bytes, deadline);
        if (goes_aside)
            aside->item[aside->count++] = extent[i];
    }
    return failed;
}

/* Their table, and their bytes. aside: NULL: all to the area. */
static int take_extents(struct away_stream *stream, const struct away_memory *memory, uint64_t table, uint64_t bytes,
                        uint32_t slot, struct away_aside *aside, uint64_t deadline)
{
    struct wire_extent extent[AWAY_EXTENTS_TAKEN];
    uint32_t count = (uint32_t)(table / sizeof *extent);
    char why[WHY_ROOM];
    if (count > AWAY_EXTENTS_TAKEN)
        return -EPROTO;
    int failed = stream_take(stream, extent, table, deadline);
    failed =
        failed ? failed : wire_check_extents(extent, count, bytes, memory->size - FAR_ASTACK_AREA, why, sizeof why);
    if (failed)
        return failed;
    return take_bytes(stream, memory, extent, count, room_aside(aside, slot, extent, count), aside, deadline);
}

/* The lines are read by others as they are, so each word is written once. */
static void put_call(const struct wire_call *call, struct far_astack *astack)
{
    __atomic_store_n(&astack->call.slot, call->slot, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < FAR_ASTACK_REGISTERS; i++)
        __atomic_store_n(&astack->call.argument[i], call->argument[i], __ATOMIC_RELAXED);
}

int stream_take_call(struct away_stream *stream, const struct wire_frame *frame, const struct away_memory *memory,
                     struct away_aside *aside, uint32_t *deadline_ms, uint64_t deadline)
{
    struct wire_call call;
    uint64_t table, bytes;
    char why[WHY_ROOM];
    int failed = stream_take(stream, &call, sizeof call, deadline);
    failed = failed ? failed : wire_check_call(frame, &call, &table, &bytes, why, sizeof why);
    if (!failed && call.has_wide)
        failed = stream_take(stream, &memory->astack->wide, sizeof memory->astack->wide, deadline);
    if (aside)
        aside->count = 0;
    failed = failed ? failed : take_extents(stream, memory, table, bytes, call.slot, aside, deadline);
    if (failed)
        return failed;
    put_call(&call, memory->astack);
    *deadline_ms = call.deadline_ms;
    return 0;
}

int stream_take_answer(struct away_stream *stream, const struct wire_frame *frame, const struct away_memory *memory,
                       uint64_t deadline)
{
    struct far_reply_line *line = &memory->astack->reply;
    struct wire_reply reply;
    uint64_t table, bytes;
    char why[WHY_ROOM];
    int failed = stream_take(stream, &reply, sizeof reply, deadline);
    failed = failed ? failed : wire_check_reply(frame, &reply, &table, &bytes, why, sizeof why);
    failed = failed ? failed : take_extents(stream, memory, table, bytes, 0, NULL, deadline);
    if (failed)
        return failed;
    __atomic_store_n(&line->status, reply.status, __ATOMIC_RELAXED);
    __atomic_store_n(&line->result, reply.result, __ATOMIC_RELAXED);
    __atomic_store_n(&line->float_result, reply.float_result, __ATOMIC_RELAXED);
    __atomic_store_n(&line->error, reply.error, __ATOMIC_RELAXED);
    return 0;
}

/* --- going --- */

int stream_say(struct away_stream *stream, enum wire_type type, uint32_t sequence, const void *body, uint32_t bytes,
               uint64_t deadline)
{
    struct wire_frame frame = {.size = bytes, .type = (uint16_t)type, .sequence = sequence};
    struct iovec part[2] = {{&frame, sizeof frame}, {(void *)(uintptr_t)body, bytes}};
    return stream->transport->kind->send(stream->transport, part, bytes ? 2 : 1, deadline);
}

/* A frame that is being made: its head in one piece, then the area's bytes from where they lie. */
struct going {
    struct iovec part[1 + AWAY_EXTENTS_MAX + 2 * AWAY_PIECES_MAX];
    int count;
    size_t size;
    unsigned char head[sizeof(struct wire_frame) + sizeof(struct wire_call) + sizeof(struct far_wide) +
                       AWAY_EXTENTS_MAX * sizeof(struct wire_extent)];
};

static void append(struct going *going, const void *what, size_t bytes)
{
    memcpy(going->head + going->size, what, bytes);
    going->size += bytes;
}

static void add_part(struct going *going, const char *from, uint64_t bytes)
{
    if (bytes)
        going->part[going->count++] = (struct iovec){(void *)(uintptr_t)from, bytes};
}

/* From the area, but for pieces that lie elsewhere. *next: the first that is not in an extent before this one. */
static void add_extent(struct going *going, const char *area, const struct wire_extent *extent,
                       const struct away_pieces *pieces, uint32_t *next)
{
    uint64_t at = extent->offset, end = extent->offset + extent->bytes;
    for (; pieces && *next < pieces->count && pieces->item[*next].offset < end; ++*next) {
        const struct away_piece *piece = &pieces->item[*next];
        add_part(going, area + at, piece->offset - at);
        add_part(going, piece->from, piece->bytes);
        at = piece->offset + piece->bytes;
    }
    add_part(going, area + at, end - at);
}

static void add_extents(struct going *going, const struct away_memory *memory, const struct away_extents *extents,
                        const struct away_pieces *pieces)
{
    const char *area = (const char *)memory->astack + FAR_ASTACK_AREA;
    uint32_t next = 0;
    append(going, extents->item, extents->count * sizeof extents->item[0]);
    for (uint32_t i = 0; i < extents->count; i++)
        add_extent(going, area, &extents->item[i], pieces, &next);
}

static int send_frame(struct away_stream *stream, struct going *going, uint64_t area_bytes, uint64_t deadline)
{
    struct wire_frame *frame = (struct wire_frame *)(void *)going->head;
    frame->size = (uint32_t)(going->size - sizeof *frame + area_bytes);
    going->part[0] = (struct iovec){going->head, going->size};
    return stream->transport->kind->send(stream->transport, going->part, going->count, deadline);
}

static void begin_frame(struct going *going, enum wire_type type, uint32_t sequence)
{
    const struct wire_frame frame = {.type = (uint16_t)type, .sequence = sequence};
    going->size = 0;
    going->count = 1;
    append(going, &frame, sizeof frame);
}

int stream_send_call(struct away_stream *stream, const struct away_memory *memory, const struct away_extents *extents,
                     const struct away_pieces *pieces, bool has_wide, uint32_t sequence, uint32_t deadline_ms,
                     uint64_t deadline)
{
    const struct far_astack *astack = memory->astack;
    struct wire_call call = {
        .slot = astack->call.slot, .extents = extents->count, .deadline_ms = deadline_ms, .has_wide = has_wide};
    struct going going;
    memcpy(call.argument, astack->call.argument, sizeof call.argument);
    begin_frame(&going, WIRE_CALL, sequence);
    append(&going, &call, sizeof call);
    if (has_wide)
        append(&going, &astack->wide, sizeof astack->wide);
    add_extents(&going, memory, extents, pieces);
    return send_frame(stream, &going, extents_bytes(extents), deadline);
}

int stream_send_answer(struct away_stream *stream, const struct away_memory *memory, const struct away_extents *extents,
                       uint32_t sequence, uint64_t deadline)
{
    const struct far_reply_line *line = &memory->astack->reply;
    const struct wire_reply reply = {.status = line->status,
                                     .error = line->error,
                                     .extents = extents->count,
                                     .served = line->served,
                                     .result = line->result,
                                     .float_result = line->float_result};
    struct going going;
    begin_frame(&going, WIRE_ANSWER, sequence);
    append(&going, &reply, sizeof reply);
    add_extents(&going, memory, extents, NULL);
    return send_frame(stream, &going, extents_bytes(extents), deadline);
}
