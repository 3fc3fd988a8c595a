/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* liblzma as a service: whole buffers, streams, and its checksums. */
#include <farcall/annotate.h>
#include <lzma.h>

/* clang-format off */
far_service(xz, 1, 0);

struct far_describes(lzma_allocator) xz_far_allocator {
    void *far_global far_nullable (LZMA_API_CALL *far_callback far_nullable alloc)(void *far_opaque opaque, size_t nmemb, size_t size);
    void (LZMA_API_CALL *far_callback far_nullable free)(void *far_opaque opaque, void *far_global far_nullable ptr);
    void *far_opaque opaque;
};

struct far_describes(lzma_stream) xz_far_stream {
    const uint8_t *far_in __sized_by_or_null(avail_in) next_in;
    size_t avail_in;
    uint8_t *far_out __sized_by_or_null(avail_out) next_out;
    size_t avail_out;
    const lzma_allocator *far_in far_nullable allocator;
    lzma_internal *far_handle far_nullable internal;
    void *far_opaque reserved_ptr1;
    void *far_opaque reserved_ptr2;
    void *far_opaque reserved_ptr3;
    void *far_opaque reserved_ptr4;
};

far_op uint32_t lzma_version_number(void);
far_op const char *__null_terminated far_lifetime(service) lzma_version_string(void);
far_op uint32_t lzma_crc32(const uint8_t *__sized_by(size) buf, size_t size, uint32_t crc);
far_op uint64_t lzma_crc64(const uint8_t *__sized_by(size) buf, size_t size, uint64_t crc);
far_op size_t lzma_stream_buffer_bound(size_t uncompressed_size);
far_op far_fails(LZMA_PROG_ERROR)
    lzma_ret lzma_easy_buffer_encode(uint32_t preset, lzma_check check, const lzma_allocator *far_in far_nullable allocator,
                                     const uint8_t *__sized_by(in_size) in, size_t in_size,
                                     uint8_t *far_out __sized_by(out_size) out, size_t *far_inout out_pos,
                                     size_t out_size);
far_op far_fails(LZMA_PROG_ERROR)
    lzma_ret lzma_stream_buffer_decode(uint64_t *far_inout memlimit, uint32_t flags,
                                       const lzma_allocator *far_in far_nullable allocator,
                                       const uint8_t *__sized_by(in_size) in, size_t *far_inout in_pos, size_t in_size,
                                       uint8_t *far_out __sized_by(out_size) out, size_t *far_inout out_pos,
                                       size_t out_size);
far_op far_fails(LZMA_PROG_ERROR)
    lzma_ret lzma_easy_encoder(lzma_stream *far_inout far_lifetime(released) strm, uint32_t preset, lzma_check check);
far_op far_fails(LZMA_PROG_ERROR)
    lzma_ret lzma_auto_decoder(lzma_stream *far_inout far_lifetime(released) strm, uint64_t memlimit, uint32_t flags);
far_op far_fails(LZMA_PROG_ERROR) lzma_ret lzma_code(lzma_stream *far_inout strm, lzma_action action);
far_op void lzma_end(lzma_stream *far_inout far_release strm);
