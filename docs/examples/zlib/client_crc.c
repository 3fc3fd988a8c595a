/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Arithmetic on lengths, with which anyone could stop the service's threads for ever: a client's own part, linked into the
 * import library (far implib --with).
 *
 * A CRC is a polynomial over the numbers 0 and 1, its highest power in the lowest bit. Appending a block of n bytes
 * multiplies what stood before it by x to the power of 8n, modulo this one.
 */
#define _LARGEFILE64_SOURCE 1
#include <zlib.h>

#define CRC_POLYNOMIAL 0xedb88320u
#define CRC_ONE        0x80000000u

static uLong multiply(uLong a, uLong b)
{
    uLong product = 0;
    for (uLong power = CRC_ONE; power; power >>= 1) {
        if (a & power)
            product ^= b;
        b = b & 1 ? b >> 1 ^ CRC_POLYNOMIAL : b >> 1;
    }
    return product;
}

/* x to the power of 8 * length, by squaring. Lengths below 0 mean nothing; zlib 1.2.13 never returns from them. */
uLong crc32_combine_gen64(z_off64_t length)
{
    uLong square = CRC_ONE >> 8, result = CRC_ONE;
    for (; length > 0; length >>= 1) {
        if (length & 1)
            result = multiply(square, result);
        square = multiply(square, square);
    }
    return result;
}

uLong crc32_combine_gen(z_off_t length)
{
    return crc32_combine_gen64(length);
}

uLong crc32_combine64(uLong first, uLong second, z_off64_t length)
{
    return multiply(crc32_combine_gen64(length), first) ^ (second & 0xffffffff);
}

uLong crc32_combine(uLong first, uLong second, z_off_t length)
{
    return crc32_combine64(first, second, length);
}
