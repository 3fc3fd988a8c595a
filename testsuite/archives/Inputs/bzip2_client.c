/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "client.h"

#include <bzlib.h>

int main(void)
{
    static char packed[32768], again[32768];
    unsigned size = sizeof packed, restored = sizeof again;
    char *text = sample(30000);

    show(BZ2_bzBuffToBuffCompress);
    show(BZ2_bzBuffToBuffDecompress);
    must(BZ2_bzBuffToBuffCompress(packed, &size, text, 30000, 9, 0, 0) == BZ_OK && size < 15000);
    must(BZ2_bzBuffToBuffDecompress(again, &restored, packed, size, 0, 0) == BZ_OK);
    must(restored == 30000 && memcmp(again, text, 30000) == 0);
    packed[4] ^= 1; /* of the mark before the block */
    restored = sizeof again;
    must(BZ2_bzBuffToBuffDecompress(again, &restored, packed, size, 0, 0) == BZ_DATA_ERROR);
    puts("bzip2: 30000 bytes there and back, and one flipped bit found");
    return 0;
}
