/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "client.h"

#include <lzma.h>

static size_t pack_stream(const char *text, size_t size, uint8_t *packed, size_t room)
{
    lzma_stream stream = LZMA_STREAM_INIT;

    must(lzma_easy_encoder(&stream, 6, LZMA_CHECK_CRC64) == LZMA_OK);
    stream.next_in = (const uint8_t *)text;
    stream.avail_in = size;
    stream.next_out = packed;
    stream.avail_out = room;
    must(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END);
    lzma_end(&stream);
    return room - stream.avail_out;
}

int main(void)
{
    uint8_t packed[4096], again[4096];
    const char *text = sample(4000);
    size_t size, in = 0, out = 0;
    uint64_t limit = UINT64_MAX;

    show(lzma_crc64);
    show(lzma_stream_buffer_decode);
    show(lzma_code);
    must(lzma_crc32((const uint8_t *)"123456789", 9, 0) == 0xcbf43926);
    must(lzma_crc64((const uint8_t *)"123456789", 9, 0) == 0x995dc9bbdf1939fa);
    size = pack_stream(text, 4000, packed, sizeof packed);
    must(size > 0 && size < 2500);
    must(lzma_stream_buffer_decode(&limit, 0, NULL, packed, &in, size, again, &out, sizeof again) == LZMA_OK);
    must(in == size && out == 4000 && memcmp(again, text, 4000) == 0);
    size = 0;
    must(lzma_easy_buffer_encode(1, LZMA_CHECK_SHA256, NULL, (const uint8_t *)text, 4000, packed, &size,
                                 sizeof packed) == LZMA_OK);
    packed[size / 2] ^= 1;
    in = out = 0;
    must(lzma_stream_buffer_decode(&limit, 0, NULL, packed, &in, size, again, &out, sizeof again) == LZMA_DATA_ERROR);
    puts("xz: a stream there and back, and one flipped bit found");
    return 0;
}
