/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * An ordinary user of zlib's streams: compresses a file a piece at a time, restores it with inflate() and once more with
 * inflateBack(), whose functions zlib calls. It includes zlib's own header and knows nothing of farcall; linked against
 * the import library of the zlib segment, its calls go wherever this process was bound to.
 *
 * usage: stream FILE
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <zlib.h>

enum { PIECE = 1000, ROOM = 1 << 22, RAW = -15 };

struct bytes {
    Bytef *data;
    size_t size, room;
};

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "stream: %s: %s\n", what, detail ? detail : "failed");
    exit(EX_DATAERR);
}

static struct bytes with_room(size_t room)
{
    struct bytes bytes = {calloc(1, room), 0, room};

    if (!bytes.data)
        die("out of memory", strerror(errno));
    return bytes;
}

static struct bytes read_file(const char *path)
{
    struct bytes bytes = with_room(ROOM);
    FILE *file = fopen(path, "rb");

    if (!file)
        die(path, strerror(errno));
    bytes.size = fread(bytes.data, 1, bytes.room, file);
    fclose(file);
    if (bytes.size == bytes.room)
        die(path, "larger than this example takes");
    return bytes;
}

static uInt piece_of(size_t rest)
{
    return rest < PIECE ? (uInt)rest : PIECE;
}

/* Give `step` pieces of `from`, and pieces of room in `to`, until the stream ends. */
static void run_stream(z_stream *stream, int (*step)(z_stream *, int), const struct bytes *from, struct bytes *to)
{
    int code = Z_OK;

    stream->next_in = from->data;
    stream->next_out = to->data;
    while (code == Z_OK) {
        size_t given = (size_t)(stream->next_in - from->data), taken = (size_t)(stream->next_out - to->data);
        stream->avail_in = piece_of(from->size - given);
        stream->avail_out = piece_of(to->room - taken);
        code = step(stream, given + stream->avail_in == from->size ? Z_FINISH : Z_NO_FLUSH);
        if (code == Z_BUF_ERROR && (size_t)(stream->next_out - to->data) < to->room)
            code = Z_OK; /* only this piece is used up */
    }
    if (code != Z_STREAM_END)
        die("a stream did not end", stream->msg);
    to->size = stream->total_out;
}

static struct bytes compress_all(const struct bytes *file)
{
    z_stream stream = {0};
    struct bytes packed = with_room(ROOM + ROOM / 8);

    if (deflateInit2(&stream, 6, Z_DEFLATED, RAW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        die("deflateInit2", stream.msg);
    run_stream(&stream, deflate, file, &packed);
    deflateEnd(&stream);
    return packed;
}

static struct bytes restore(const struct bytes *packed)
{
    z_stream stream = {0};
    struct bytes file = with_room(ROOM);

    if (inflateInit2(&stream, RAW) != Z_OK)
        die("inflateInit2", stream.msg);
    run_stream(&stream, inflate, packed, &file);
    inflateEnd(&stream);
    return file;
}

/* What zlib asks of us while inflateBack() runs: the next piece that is packed; a place for what is not any more. */
struct exchange {
    const struct bytes *from;
    size_t given;
    struct bytes to;
};

static unsigned next_piece(void *data, z_const unsigned char **piece)
{
    struct exchange *exchange = data;
    uInt size = piece_of(exchange->from->size - exchange->given);

    *piece = exchange->from->data + exchange->given;
    exchange->given += size;
    return size;
}

static int keep(void *data, unsigned char *bytes, unsigned size)
{
    struct bytes *to = &((struct exchange *)data)->to;

    if (size > to->room - to->size)
        return -1;
    memcpy(to->data + to->size, bytes, size);
    to->size += size;
    return 0;
}

static struct bytes restore_with_callbacks(const struct bytes *packed)
{
    z_stream stream = {0};
    struct exchange exchange = {.from = packed, .to = with_room(ROOM)};
    unsigned char *window = malloc(1 << 15);

    if (!window || inflateBackInit(&stream, 15, window) != Z_OK)
        die("inflateBackInit", stream.msg);
    if (inflateBack(&stream, next_piece, &exchange, keep, &exchange) != Z_STREAM_END)
        die("inflateBack", stream.msg);
    inflateBackEnd(&stream);
    free(window);
    return exchange.to;
}

static const char *compared(const struct bytes *a, const struct bytes *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0 ? "identical" : "DIFFERENT";
}

int main(int argc, char **argv)
{
    struct bytes file, packed, restored, called_back;

    if (argc != 2) {
        fputs("usage: stream FILE\n", stderr);
        return EX_USAGE;
    }
    file = read_file(argv[1]);
    packed = compress_all(&file);
    restored = restore(&packed);
    called_back = restore_with_callbacks(&packed);
    printf("zlib %s: %zu bytes -> %zu bytes; inflate: %s; inflateBack: %s\n", zlibVersion(), file.size, packed.size,
           compared(&file, &restored), compared(&file, &called_back));
    free(file.data);
    free(packed.data);
    free(restored.data);
    free(called_back.data);
    return EX_OK;
}
