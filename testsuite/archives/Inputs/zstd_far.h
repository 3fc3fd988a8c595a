/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* zstd as a service: whole buffers, with a context or without one. */
#include <farcall/annotate.h>
#include <zstd.h>

/* clang-format off */
far_service(zstd, 1, 5);

far_op unsigned ZSTD_versionNumber(void);
far_op size_t ZSTD_compressBound(size_t srcSize);
far_op unsigned ZSTD_isError(size_t code);
far_op const char *__null_terminated far_lifetime(service) ZSTD_getErrorName(size_t code);
far_op far_fails(-1)
    size_t ZSTD_compress(void *far_out __sized_by(dstCapacity) dst, size_t dstCapacity,
                         const void *__sized_by(srcSize) src, size_t srcSize, int compressionLevel);
far_op far_fails(-1)
    size_t ZSTD_decompress(void *far_out __sized_by(dstCapacity) dst, size_t dstCapacity,
                           const void *__sized_by(compressedSize) src, size_t compressedSize);
far_op unsigned long long ZSTD_getFrameContentSize(const void *__sized_by(srcSize) src, size_t srcSize);

far_op ZSTD_CCtx *far_handle far_nullable ZSTD_createCCtx(void);
far_op size_t ZSTD_freeCCtx(ZSTD_CCtx *far_release far_nullable cctx);
far_op size_t ZSTD_CCtx_setParameter(ZSTD_CCtx *far_handle cctx, ZSTD_cParameter param, int value);
far_op size_t ZSTD_compress2(ZSTD_CCtx *far_handle cctx, void *far_out __sized_by(dstCapacity) dst, size_t dstCapacity,
                             const void *__sized_by(srcSize) src, size_t srcSize);
