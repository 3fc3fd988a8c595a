/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Compressing text that zlib has something to do with, in pieces of 64 KiB, at zlib's default level.
 *
 *     stream-N    N megabytes as one stream: deflate() with a z_stream of the client's, as programs use zlib
 *     pieces-N    each piece for itself by compress2(): flat buffers only
 *
 * It includes zlib's own header; which library it is linked against is all the difference there is. One call is the whole
 * of it, so COUNT is how many times in a slice.
 */
#include "testsuite/bench/peers/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#ifdef THROUGH_FARCALL
#define NAME "zlib_far"
#else
#define NAME "zlib_direct"
#endif

enum { PIECE = 65536, MEGABYTE = 1000000, TEXT = 64 * PIECE };

struct work {
    unsigned char *text; /* repeated until there is enough */
    unsigned char *packed;
    size_t packed_size; /* of the first time: it must be the same each time */
};

/* Words of a small vocabulary with numbers between them: compresses about as logs do. */
static void write_text(unsigned char *text)
{
    static const char *const words[] = {"request", "from", "client", "took", "answer", "error", "the",
                                        "service", "of",   "and",    "time", "bytes",  "in",    "connection"};
    uint64_t state = 88172645463325252u;
    for (size_t at = 0; at < TEXT;) {
        char word[32];
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        int length = state % 5 ? snprintf(word, sizeof word, "%s ", words[(state >> 20) % 14])
                               : snprintf(word, sizeof word, "%u\n", (unsigned)(state >> 40));
        size_t fits = at + (size_t)length < TEXT ? (size_t)length : TEXT - at;
        memcpy(text + at, word, fits);
        at += fits;
    }
}

static void *connect(const struct peer_run *run)
{
    static struct work work;
    (void)run;
    work.text = malloc(TEXT);
    work.packed = malloc(2 * PIECE);
    if (!work.text || !work.packed)
        peer_broken("no memory");
    write_text(work.text);
    return &work;
}

static void check(int code, int wanted, const char *what)
{
    if (code == wanted)
        return;
    if (errno == ENOTSUP)
        peer_unavailable("%s: not carried", what);
    peer_broken("%s: %s", what, code == Z_ERRNO ? strerror(errno) : zError(code));
}

static size_t deflate_piece(z_stream *stream, struct work *work, int flush)
{
    size_t size = 0;
    do {
        stream->next_out = work->packed;
        stream->avail_out = PIECE;
        errno = 0;
        int code = deflate(stream, flush);
        check(code, code == Z_STREAM_END || code == Z_BUF_ERROR ? code : Z_OK, "deflate");
        size += PIECE - stream->avail_out;
    } while (stream->avail_out == 0);
    return size;
}

static size_t compress_stream(struct work *work, size_t total)
{
    z_stream stream = {0};
    size_t size = 0;
    errno = 0;
    check(deflateInit(&stream, Z_DEFAULT_COMPRESSION), Z_OK, "deflateInit");
    for (size_t at = 0; at < total; at += PIECE) {
        stream.next_in = work->text + at % TEXT;
        stream.avail_in = total - at < PIECE ? (uInt)(total - at) : PIECE;
        size += deflate_piece(&stream, work, at + PIECE >= total ? Z_FINISH : Z_NO_FLUSH);
    }
    check(deflateEnd(&stream), Z_OK, "deflateEnd");
    return size;
}

static size_t compress_pieces(struct work *work, size_t total)
{
    size_t size = 0;
    for (size_t at = 0; at < total; at += PIECE) {
        uLongf room = 2 * PIECE;
        errno = 0;
        check(compress2(work->packed, &room, work->text + at % TEXT, total - at < PIECE ? total - at : PIECE,
                        Z_DEFAULT_COMPRESSION),
              Z_OK, "compress2");
        size += room;
    }
    return size;
}

static void call(void *connection, const struct peer_run *run, uint32_t count)
{
    struct work *work = connection;
    for (uint32_t i = 0; i < count; i++) {
        size_t total = (size_t)run->amount * MEGABYTE;
        size_t size = peer_is(run, "stream") ? compress_stream(work, total) : compress_pieces(work, total);
        if (work->packed_size && work->packed_size != size)
            peer_broken("%zu bytes became %zu, and %zu the time before", total, size, work->packed_size);
        work->packed_size = size;
    }
}

int main(int argc, char **argv)
{
    const struct peer peer = {NAME, "stream pieces", NULL, connect, call, 1};
    return peer_main(argc, argv, &peer);
}
