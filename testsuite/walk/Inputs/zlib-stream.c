/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* zlib-stream FILE BYTES: packs and restores with streams, so many bytes a call; beside it with the system's zlib. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define ROOM (4u << 20)
#define MARK 0xd7

struct functions {
    int (*begin)(z_streamp, int, const char *, int);
    int (*step)(z_streamp, int);
    int (*end)(z_streamp);
    int crosses; /* a protection boundary */
};

static void must(int condition, const char *what)
{
    if (condition)
        return;
    printf("does not hold: %s (%s)\n", what, strerror(errno));
    exit(1);
}

static int begin_inflate(z_streamp stream, int level, const char *version, int size)
{
    (void)level;
    return inflateInit_(stream, version, size);
}

/* One call: what it says of itself is so, and what lies behind the bytes that it made is as it was. */
static int step_exactly(const struct functions *zlib, z_stream *stream, int flush)
{
    const Bytef *in = stream->next_in;
    Bytef *out = stream->next_out;
    uInt avail_in = stream->avail_in, avail_out = stream->avail_out;
    memset(out, MARK, avail_out);
    int code = zlib->step(stream, flush);
    must(stream->next_in - in == avail_in - stream->avail_in, "next_in moved by what was taken");
    must(stream->next_out - out == avail_out - stream->avail_out, "next_out moved by what was made");
    for (uInt i = 0; i < stream->avail_out; i++)
        must(stream->next_out[i] == MARK, "the rest of the room is as it was");
    return code == Z_BUF_ERROR ? Z_OK : code;
}

static size_t run(const struct functions *zlib, const Bytef *from, size_t size, Bytef *to, size_t piece, uLong *check)
{
    z_stream stream = {0};
    size_t given = 0;
    int code;
    must(zlib->begin(&stream, 6, ZLIB_VERSION, (int)sizeof stream) == Z_OK, "a stream begins");
    must(!zlib->crosses || (!stream.zalloc && !stream.zfree), "functions that do not cross stay as they are");
    stream.next_in = (z_const Bytef *)from;
    stream.next_out = to;
    do {
        if (!stream.avail_in)
            given += stream.avail_in = (uInt)(size - given < piece ? size - given : piece);
        size_t room = ROOM - (size_t)(stream.next_out - to);
        stream.avail_out = (uInt)(room < piece ? room : piece);
        code = step_exactly(zlib, &stream, given == size ? Z_FINISH : Z_NO_FLUSH);
    } while (code == Z_OK);
    must(code == Z_STREAM_END, "a stream ends");
    must(stream.total_in == size && stream.next_in == from + size, "all of it was taken");
    must(stream.total_out == (size_t)(stream.next_out - to), "totals are right");
    *check = stream.adler;
    must(zlib->end(&stream) == Z_OK, "a stream is put away");
    must(zlib->end(&stream) == Z_STREAM_ERROR || errno, "and then there is none");
    return stream.total_out;
}

static void rubbish(void)
{
    z_stream stream = {0};
    Bytef junk[] = "rubbish", room[16];
    inflateInit(&stream);
    stream.next_in = junk;
    stream.avail_in = sizeof junk;
    stream.next_out = room;
    stream.avail_out = sizeof room;
    must(inflate(&stream, Z_NO_FLUSH) == Z_DATA_ERROR, "rubbish is refused");
    printf("rubbish: %s; %s\n", stream.msg, zError(Z_DATA_ERROR));
    inflateEnd(&stream);
}

int main(int argc, char **argv)
{
    static Bytef file[ROOM], packed[ROOM], expected[ROOM], restored[ROOM];
    FILE *from = fopen(argc == 3 ? argv[1] : "", "rb");
    void *system = dlmopen(LM_ID_NEWLM, "libz.so.1", RTLD_NOW);
    must(from && system, "there is a file, and a zlib");
    size_t size = fread(file, 1, ROOM / 4, from), piece = (size_t)atoi(argv[2]);
    struct functions ours = {deflateInit_, deflate, deflateEnd, 1}, back = {begin_inflate, inflate, inflateEnd, 1};
    struct functions theirs = {0};
    *(void **)&theirs.begin = dlsym(system, "deflateInit_");
    *(void **)&theirs.step = dlsym(system, "deflate");
    *(void **)&theirs.end = dlsym(system, "deflateEnd");
    uLong check, expected_check, back_check;
    size_t made = run(&ours, file, size, packed, piece, &check);
    must(made == run(&theirs, file, size, expected, piece, &expected_check), "as much as the system's");
    must(memcmp(packed, expected, made) == 0 && check == expected_check, "the same bytes and checksum");
    printf("zlib %s: packed as by the system's; ", zlibVersion());
    must(run(&back, packed, made, restored, piece, &back_check) == size, "all comes back");
    must(memcmp(file, restored, size) == 0 && back_check == check, "it comes back as it was");
    printf("restored; ");
    rubbish();
    fclose(from);
    return 0;
}
