/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "client.h"

#include <zstd.h>

int main(void)
{
    static char packed[70000], again[65536];
    const char *text = sample(60000);

    show(ZSTD_decompress);
    show(ZSTD_getErrorName);
    show(ZSTD_compress);
    size_t size = ZSTD_compress(packed, sizeof packed, text, 60000, 19);
    must(!ZSTD_isError(size) && size < 30000 && ZSTD_getFrameContentSize(packed, size) == 60000);
    must(ZSTD_decompress(again, sizeof again, packed, size) == 60000 && memcmp(again, text, 60000) == 0);

    ZSTD_CCtx *context = ZSTD_createCCtx();
    must(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    size = ZSTD_compress2(context, packed, sizeof packed, text, 60000);
    must(!ZSTD_isError(size));
    ZSTD_freeCCtx(context);
    packed[size - 1] ^= 1; /* of the checksum */
    size = ZSTD_decompress(again, sizeof again, packed, size);
    must(ZSTD_isError(size));
    printf("zstd: 60000 bytes there and back; damaged: %s\n", ZSTD_getErrorName(size));
    return 0;
}
