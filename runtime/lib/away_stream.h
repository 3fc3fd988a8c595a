/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Frames over a transport (runtime/net/wire.h), and what of an A-stack they carry: once for both sides. Nothing that comes is believed
 * before runtime/net/wire_check.h has looked at it; the bytes of extents go from where they lie to where they belong.
 */
#ifndef FARCALL_AWAY_STREAM_H
#define FARCALL_AWAY_STREAM_H

#include "runtime/astack.h"
#include "runtime/lib/away_extents.h"
#include "runtime/net/transport.h"

#define AWAY_STREAM_ROOM   4096u
#define AWAY_EXTENTS_TAKEN 256u /* in one frame; who sends as we do stays below */
#define AWAY_NS_PER_MS     1000000ull
#define AWAY_NS_PER_S      1000000000ull

#define AWAY_LARGE      32768u /* bytes: from here on they go from where they are, and to where they are wanted */
#define AWAY_PIECES_MAX 8u

/* Bytes of a message that do not lie in the area, but in the memory of who waits for its answer. Ascending, each within an extent. */
struct away_pieces {
    uint32_t count;
    struct away_piece {
        uint64_t offset, bytes;
        const char *from;
    } item[AWAY_PIECES_MAX];
};

struct away_stream {
    struct transport *transport; /* NULL: there is no connection */
    uint32_t begin, end;         /* of what has come and was not looked at */
    unsigned char in[AWAY_STREAM_ROOM];
};

/* An A-stack's own copy here. */
struct away_memory {
    struct far_astack *astack;
    uint64_t size;
};

/* The transport is the stream's from here on. spin: looks before sleeping. */
void stream_open(struct away_stream *stream, struct transport *transport, uint32_t spin);
/* Ends the connection; there may be none. */
void stream_close(struct away_stream *stream);

/* Large extents of a call that go to other memory than the area; which have, until the next call comes. */
struct away_aside {
    char *(*room)(void *context, uint32_t slot,
                  uint64_t end); /* for that many bytes from the area's first on; NULL: none */
    void *context;
    uint32_t count;
    struct wire_extent item[AWAY_PIECES_MAX]; /* ascending */
};

/* Results as a transport's. Deadlines: nanoseconds of CLOCK_MONOTONIC, 0: none. */

/* The head of the next frame, of a size that its type can have. -ETIMEDOUT: none has come, and none is lost. */
int stream_next(struct away_stream *stream, struct wire_frame *frame, uint64_t deadline);
/* Bytes of its body. */
int stream_take(struct away_stream *stream, void *to, uint64_t bytes, uint64_t deadline);
/* Would stream_next() have something to begin with, without waiting? */
bool stream_is_readable(struct away_stream *stream);
/* The same, and what is there is taken: nobody needs to ask again. Also where there is an end: stream_next() says so. */
bool stream_look(struct away_stream *stream);
/* A frame whose body is one piece, or none. */
int stream_say(struct away_stream *stream, enum wire_type type, uint32_t sequence, const void *body, uint32_t bytes,
               uint64_t deadline);

/* A whole CALL or ANSWER out of the call or reply line, the wide block and the extents of the area. pieces: NULL: none. */
int stream_send_call(struct away_stream *stream, const struct away_memory *memory, const struct away_extents *extents,
                     const struct away_pieces *pieces, bool has_wide, uint32_t sequence, uint32_t deadline_ms,
                     uint64_t deadline);
int stream_send_answer(struct away_stream *stream, const struct away_memory *memory, const struct away_extents *extents,
                       uint32_t sequence, uint64_t deadline);

/*
 * Its body, into the A-stack, but for the sequence number, which is the caller's to publish. -EPROTO: it cannot be right, and nothing was
 * written outside the area, and the room that aside gives. aside: NULL: all goes to the area.
 */
int stream_take_call(struct away_stream *stream, const struct wire_frame *frame, const struct away_memory *memory,
                     struct away_aside *aside, uint32_t *deadline_ms, uint64_t deadline);
int stream_take_answer(struct away_stream *stream, const struct wire_frame *frame, const struct away_memory *memory,
                       uint64_t deadline);
/* The body, to nowhere. */
int stream_skip(struct away_stream *stream, uint64_t bytes, uint64_t deadline);

uint64_t away_now(void); /* nanoseconds */
/* The same, some milliseconds behind, for a tenth of the time: enough for what is counted in seconds. */
uint64_t away_about_now(void);

#endif
