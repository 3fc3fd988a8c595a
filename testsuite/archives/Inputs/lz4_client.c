/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "client.h"

#include <lz4.h>
#include <lz4hc.h>

int main(void)
{
    char packed[2048], again[1024];
    const char *text = sample(1000);

    show(LZ4_compress_default);
    show(LZ4_createStream);
    int fast = LZ4_compress_default(text, packed, 1000, sizeof packed);
    must(fast > 0 && fast < 500 && LZ4_decompress_safe(packed, again, fast, sizeof again) == 1000);
    must(memcmp(again, text, 1000) == 0);
    int thorough = LZ4_compress_HC(text, packed, 1000, LZ4_compressBound(1000), LZ4HC_CLEVEL_MAX);
    must(thorough > 0 && thorough <= fast && LZ4_decompress_safe(packed, again, thorough, sizeof again) == 1000);
    must(memcmp(again, text, 1000) == 0);
    must(LZ4_decompress_safe(packed, again, thorough - 1, sizeof again) < 0);

    LZ4_stream_t *stream = LZ4_createStream();
    int first = LZ4_compress_fast_continue(stream, text, packed, 500, sizeof packed, 1);
    int second = LZ4_compress_fast_continue(stream, text + 500, packed, 500, sizeof packed, 1);
    must(first > 0 && second > 0 && second < first); /* it refers back to the first */
    LZ4_freeStream(stream);
    puts("lz4: 1000 bytes there and back, fast, thorough, and as a stream");
    return 0;
}
