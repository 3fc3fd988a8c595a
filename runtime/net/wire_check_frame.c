/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/astack.h"
#include "runtime/net/wire_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

__attribute__((format(printf, 3, 4))) static int wrong(char *why, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, room, format, arguments);
    va_end(arguments);
    return -EPROTO;
}

static const struct frame_form {
    const char *word;
    uint32_t least, most; /* bytes of the body */
    bool has_sequence;
} frame_form[WIRE_TYPE_COUNT] = {
    [WIRE_HELLO] = {"HELLO", sizeof(struct wire_hello), sizeof(struct wire_hello), false},
    [WIRE_CALL] = {"CALL", sizeof(struct wire_call), WIRE_FRAME_MAX, true},
    [WIRE_ANSWER] = {"ANSWER", sizeof(struct wire_reply), WIRE_FRAME_MAX, true},
    [WIRE_FATE] = {"FATE", sizeof(struct wire_fate), sizeof(struct wire_fate), false},
    [WIRE_CANCEL] = {"CANCEL", 0, 0, true},
    [WIRE_BYE] = {"BYE", 0, 0, false},
    [WIRE_PING] = {"PING", 0, 0, false},
    [WIRE_PONG] = {"PONG", 0, 0, false},
    [WIRE_PAGES] = {"PAGES", sizeof(struct wire_pages), WIRE_FRAME_MAX, false},
    [WIRE_FETCH] = {"FETCH", sizeof(struct wire_fetch), sizeof(struct wire_fetch), false},
};

int wire_check_frame(const struct wire_frame *frame, char *why, size_t room)
{
    if (frame->type >= WIRE_TYPE_COUNT || !frame_form[frame->type].word)
        return wrong(why, room, "there is no frame of type %u", frame->type);
    const struct frame_form *form = &frame_form[frame->type];
    if (frame->size < form->least || frame->size > form->most)
        return wrong(why, room, "a %s frame cannot have %u bytes", form->word, frame->size);
    if (frame->flags & ~WIRE_FLAGS_KNOWN || frame->zero)
        return wrong(why, room, "what is reserved in a %s frame is not zero", form->word);
    if (form->has_sequence ? frame->sequence == FAR_SEQUENCE_DEAD : frame->sequence != 0)
        return wrong(why, room, "a %s frame cannot have the sequence number %u", form->word, frame->sequence);
    return 0;
}

static int check_sizes(const struct wire_frame *frame, uint64_t head, uint32_t extents, uint64_t *table,
                       uint64_t *bytes, char *why, size_t room)
{
    const uint64_t need = head + (uint64_t)extents * sizeof(struct wire_extent);
    if (extents > WIRE_EXTENTS_MAX || need > frame->size)
        return wrong(why, room, "a frame of %u bytes cannot have %u extents", frame->size, extents);
    *table = (uint64_t)extents * sizeof(struct wire_extent);
    *bytes = frame->size - need;
    if (!extents && *bytes)
        return wrong(why, room, "a frame has %llu bytes that belong nowhere", (unsigned long long)*bytes);
    return 0;
}

int wire_check_call(const struct wire_frame *frame, const struct wire_call *call, uint64_t *table, uint64_t *bytes,
                    char *why, size_t room)
{
    if (call->has_wide > 1)
        return wrong(why, room, "a CALL frame has a wide block or has none, not %u", call->has_wide);
    const uint64_t head = sizeof *call + (call->has_wide ? sizeof(struct far_wide) : 0);
    return check_sizes(frame, head, call->extents, table, bytes, why, room);
}

int wire_check_reply(const struct wire_frame *frame, const struct wire_reply *reply, uint64_t *table, uint64_t *bytes,
                     char *why, size_t room)
{
    return check_sizes(frame, sizeof *reply, reply->extents, table, bytes, why, room);
}

int wire_check_extents(const struct wire_extent *extent, uint32_t count, uint64_t bytes, uint64_t area, char *why,
                       size_t room)
{
    uint64_t end = 0, all = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!extent[i].bytes || extent[i].offset < end)
            return wrong(why, room, "extent %u is empty, or not behind the one before it", i);
        if (extent[i].offset > area || extent[i].bytes > area - extent[i].offset)
            return wrong(why, room, "extent %u ends beyond the A-stack's area", i);
        end = extent[i].offset + extent[i].bytes;
        all += extent[i].bytes; /* no more than the area: no overflow */
    }
    if (all != bytes)
        return wrong(why, room, "the extents have %llu bytes, the frame %llu", (unsigned long long)all,
                     (unsigned long long)bytes);
    return 0;
}

int wire_check_hello(const struct wire_hello *hello, uint32_t channel, uint64_t size, char *why, size_t room)
{
    if (hello->channel != channel)
        return wrong(why, room, "the connection is for channel %u, and the other side says %u", channel,
                     hello->channel);
    if (hello->size != size)
        return wrong(why, room, "the A-stack has %llu bytes, and the other side says %llu", (unsigned long long)size,
                     (unsigned long long)hello->size);
    if (hello->sent == FAR_SEQUENCE_DEAD || hello->received == FAR_SEQUENCE_DEAD)
        return wrong(why, room, "%u is no sequence number", FAR_SEQUENCE_DEAD);
    return 0;
}

int wire_check_fate(const struct wire_fate *fate, char *why, size_t room)
{
    if (fate->zero || fate->retired > 1 || (!fate->dead && !fate->retired))
        return wrong(why, room, "a FATE frame says nothing, or what cannot be");
    return 0;
}
