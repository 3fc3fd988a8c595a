/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* lz4 as a service: whole blocks, and streams of blocks that refer back to each other. */
#include <farcall/annotate.h>
#include <lz4.h>
#include <lz4hc.h>

/* clang-format off */
far_service(lz4, 1, 9);

far_op int LZ4_versionNumber(void);
far_op const char *__null_terminated far_lifetime(service) LZ4_versionString(void);
far_op int LZ4_compressBound(int inputSize);
far_op far_fails(0)
    int LZ4_compress_default(const char *__sized_by(srcSize) src, char *far_out __sized_by(dstCapacity) dst,
                             int srcSize, int dstCapacity);
far_op far_fails(0)
    int LZ4_compress_HC(const char *__sized_by(srcSize) src, char *far_out __sized_by(dstCapacity) dst,
                        int srcSize, int dstCapacity, int compressionLevel);
far_op far_fails(-1)
    int LZ4_decompress_safe(const char *__sized_by(compressedSize) src, char *far_out __sized_by(dstCapacity) dst,
                            int compressedSize, int dstCapacity);

far_op LZ4_stream_t *far_handle far_nullable LZ4_createStream(void);
far_op int LZ4_freeStream(LZ4_stream_t *far_release far_nullable streamPtr);
far_op void LZ4_resetStream_fast(LZ4_stream_t *far_handle streamPtr);
far_op far_fails(0)
    int LZ4_compress_fast_continue(LZ4_stream_t *far_handle streamPtr,
                                   const char *__sized_by(srcSize) far_lifetime(streamPtr) src,
                                   char *far_out __sized_by(dstCapacity) dst,
                                   int srcSize, int dstCapacity, int acceleration);
