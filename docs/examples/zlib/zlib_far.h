/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * zlib as a service, without touching zlib: its own header, and the functions that others may call, declared again with
 * annotations. A program that includes <zlib.h> only calls the same operations.
 */
#ifndef ZLIB_FAR_H
#define ZLIB_FAR_H

#include <farcall/annotate.h>
#include <zlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Annotations read best in front of their operation, on a line of their own. */
/* clang-format off */
far_service(zlib, 1, 2);

far_op far_function_shipped far_fails(Z_ERRNO)
    int compress2(Bytef *far_out __sized_by(*destLen) dest, uLongf *far_inout destLen,
                  const Bytef *far_in __sized_by(sourceLen) source, uLong sourceLen, int level);

far_op far_function_shipped far_fails(Z_ERRNO)
    int uncompress(Bytef *far_out __sized_by(*destLen) dest, uLongf *far_inout destLen,
                   const Bytef *far_in __sized_by(sourceLen) source, uLong sourceLen);

/* 0 is no bound of anything: zlib itself never returns less than 13. */
far_op far_function_shipped far_fails(0)
    uLong compressBound(uLong sourceLen);

/* A NULL buffer asks for the initial value. Every value is a valid checksum, so look at errno if the result is 0. */
far_op far_function_shipped far_fails(0)
    uLong crc32(uLong crc, const Bytef *far_in __sized_by_or_null(len) buf, uInt len);

/* zlib reads one byte of a buffer before it looks whether there is one, so there must be: NULL only with len 0. */
far_op far_function_shipped far_fails(0)
    uLong adler32(uLong adler, const Bytef *far_in __sized_by(len) buf, uInt len);

#ifdef __cplusplus
}
#endif

#endif
