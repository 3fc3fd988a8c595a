/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * zlib as a service, without touching zlib: its own header, and all of its functions declared again with annotations. A
 * program that includes <zlib.h> only calls the same operations. README.md beside this file says how it is built.
 *
 * deflateInit, inflateInit and so on are macros of zlib.h; the functions behind them have a trailing underscore.
 */
#ifndef ZLIB_FAR_H
#define ZLIB_FAR_H

/* zlib exports its functions for 64-bit offsets everywhere, but its header shows them only to those who ask. */
#ifndef _LARGEFILE64_SOURCE
#define _LARGEFILE64_SOURCE 1
#endif

#include <farcall/annotate.h>
#include <zlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Annotations read best in front of their operation, on a line of their own. */
/* clang-format off */
far_service(zlib, 1, 3);

/*
 * The stream: two buffers that zlib moves along, the message of the last error, and what zlib keeps for itself. zlib's
 * own check compares the stream's address with the one it was started at, so the service keeps it (far_lifetime) from
 * the call that starts it to the one that ends it.
 *
 * next_out goes both ways: what lies behind the bytes that zlib has written stays as it is.
 *
 * Through a gate zlib allocates with its own malloc: a client's allocator is none of its business (far_withheld). By branch
 * it calls zalloc and zfree if they are set, as it always did.
 *
 * zlib lets a program leave next_in and next_out undefined when it starts a stream. A call that goes through a gate
 * reads them: they must be NULL or valid, as after `z_stream strm = {0}`.
 */
struct far_describes(struct z_stream_s) z_stream_far {
    z_const Bytef *far_in __sized_by_or_null(avail_in) next_in;
    uInt avail_in;
    Bytef *far_inout __sized_by_or_null(avail_out) next_out;
    uInt avail_out;
    z_const char *far_out __null_terminated far_nullable far_lifetime(service) msg;
    struct internal_state *far_handle far_nullable state;
    alloc_func far_withheld zalloc;
    free_func far_withheld zfree;
    voidpf far_withheld opaque;
};

/*
 * The header of a gzip file, as it is read: three buffers with a capacity each. Writing one looks at the same members
 * in another way; see deflateSetHeader.
 */
struct far_describes(struct gz_header_s) gz_header_far {
    Bytef *far_out __sized_by_or_null(extra_max) extra;
    uInt extra_max;
    Bytef *far_out __null_terminated __sized_by_or_null(name_max) name;
    uInt name_max;
    Bytef *far_out __null_terminated __sized_by_or_null(comm_max) comment;
    uInt comm_max;
};

/* --- About the library --- */

far_op far_fails(0)
    const char *__null_terminated far_lifetime(service) zlibVersion(void);
far_op far_fails(0)
    uLong zlibCompileFlags(void);
far_op far_fails(0)
    const char *__null_terminated far_lifetime(service) zError(int err);

/* --- Compressing a stream --- */

far_op far_fails(Z_ERRNO)
    int deflateInit_(z_streamp far_inout far_lifetime(released) far_nullable strm, int level,
                     const char *__null_terminated far_nullable version, int stream_size);
far_op far_fails(Z_ERRNO)
    int deflateInit2_(z_streamp far_inout far_lifetime(released) far_nullable strm, int level, int method,
                      int windowBits, int memLevel, int strategy, const char *__null_terminated far_nullable version,
                      int stream_size);
far_op far_fails(Z_ERRNO)
    int deflate(z_streamp far_inout far_nullable strm, int flush);
far_op far_fails(Z_ERRNO)
    int deflateEnd(z_streamp far_inout far_release far_nullable strm);
far_op far_fails(Z_ERRNO)
    int deflateSetDictionary(z_streamp far_inout far_nullable strm, const Bytef *__sized_by(dictLength) dictionary,
                             uInt dictLength);

/* zlib never writes more than 32768 bytes, and only that much room is always enough. */
far_op far_fails(Z_ERRNO)
    int deflateGetDictionary(z_streamp far_inout far_nullable strm, Bytef *far_out __sized_by_or_null(32768) dictionary,
                             uInt *far_out far_nullable dictLength);
far_op far_fails(Z_ERRNO)
    int deflateCopy(z_streamp far_inout far_lifetime(released) far_nullable dest, z_streamp far_in far_nullable source);
far_op far_fails(Z_ERRNO)
    int deflateReset(z_streamp far_inout far_nullable strm);
far_op far_fails(Z_ERRNO)
    int deflateResetKeep(z_streamp far_inout far_nullable strm);
far_op far_fails(Z_ERRNO)
    int deflateParams(z_streamp far_inout far_nullable strm, int level, int strategy);
far_op far_fails(Z_ERRNO)
    int deflateTune(z_streamp far_inout far_nullable strm, int good_length, int max_lazy, int nice_length,
                             int max_chain);

/* Without a stream it answers for the default settings. */
far_op far_fails(0)
    uLong deflateBound(z_streamp far_in far_nullable strm, uLong sourceLen);
far_op far_fails(Z_ERRNO)
    int deflatePending(z_streamp far_in far_nullable strm, unsigned *far_out far_nullable pending,
                             int *far_out far_nullable bits);
far_op far_fails(Z_ERRNO)
    int deflatePrime(z_streamp far_inout far_nullable strm, int bits, int value);

/*
 * zlib looks at the header only when deflate() writes it, and the capacities mean nothing then: the header and its
 * three buffers must be in memory that both sides reach.
 */
far_op far_fails(Z_ERRNO)
    int deflateSetHeader(z_streamp far_inout far_nullable strm, gz_headerp far_global far_nullable head);

/* --- Restoring a stream --- */

far_op far_fails(Z_ERRNO)
    int inflateInit_(z_streamp far_inout far_lifetime(released) far_nullable strm,
                     const char *__null_terminated far_nullable version, int stream_size);
far_op far_fails(Z_ERRNO)
    int inflateInit2_(z_streamp far_inout far_lifetime(released) far_nullable strm, int windowBits,
                      const char *__null_terminated far_nullable version, int stream_size);
far_op far_fails(Z_ERRNO)
    int inflate(z_streamp far_inout far_nullable strm, int flush);
far_op far_fails(Z_ERRNO)
    int inflateEnd(z_streamp far_inout far_release far_nullable strm);
far_op far_fails(Z_ERRNO)
    int inflateSetDictionary(z_streamp far_inout far_nullable strm, const Bytef *__sized_by(dictLength) dictionary,
                             uInt dictLength);

/* As deflateGetDictionary: 32768 bytes of room. */
far_op far_fails(Z_ERRNO)
    int inflateGetDictionary(z_streamp far_inout far_nullable strm, Bytef *far_out __sized_by_or_null(32768) dictionary,
                             uInt *far_out far_nullable dictLength);
far_op far_fails(Z_ERRNO)
    int inflateSync(z_streamp far_inout far_nullable strm);
far_op far_fails(Z_ERRNO)
    int inflateCopy(z_streamp far_inout far_lifetime(released) far_nullable dest, z_streamp far_in far_nullable source);
far_op far_fails(Z_ERRNO)
    int inflateReset(z_streamp far_inout far_nullable strm);
far_op far_fails(Z_ERRNO)
    int inflateReset2(z_streamp far_inout far_nullable strm, int windowBits);
far_op far_fails(Z_ERRNO)
    int inflateResetKeep(z_streamp far_inout far_nullable strm);
far_op far_fails(Z_ERRNO)
    int inflatePrime(z_streamp far_inout far_nullable strm, int bits, int value);
far_op far_fails(-65536)
    long inflateMark(z_streamp far_in far_nullable strm);

/* Filled in by later calls of inflate(), until `done` is not 0. */
far_op far_fails(Z_ERRNO)
    int inflateGetHeader(z_streamp far_inout strm, gz_headerp far_inout far_lifetime(strm) head);
far_op far_fails(Z_ERRNO)
    int inflateSyncPoint(z_streamp far_in far_nullable strm);
far_op far_fails(Z_ERRNO)
    int inflateUndermine(z_streamp far_inout far_nullable strm, int subvert);
far_op far_fails(Z_ERRNO)
    int inflateValidate(z_streamp far_inout far_nullable strm, int check);
far_op far_fails(-1)
    unsigned long inflateCodesUsed(z_streamp far_in far_nullable strm);

/* --- Restoring with callbacks --- */

/* The window is zlib's to write from here to inflateBackEnd(); what lies in it comes out by `out` alone. */
far_op far_fails(Z_ERRNO)
    int inflateBackInit_(z_streamp far_inout far_lifetime(released) far_nullable strm, int windowBits,
                         unsigned char *far_in __sized_by(1 << windowBits) far_lifetime(strm) window,
                         const char *__null_terminated far_nullable version, int stream_size);

/* `in` says where its next bytes are and returns how many; `out` takes bytes that lie in the window. */
far_op far_fails(Z_ERRNO)
    int inflateBack(
        z_streamp far_inout far_nullable strm,
        unsigned (*far_callback in)(
            void FAR *far_opaque in_desc,
            z_const unsigned char FAR *__sized_by(far_result) far_nullable far_lifetime(call) FAR *far_out next),
        void FAR *far_opaque in_desc,
        int (*far_callback out)(
            void FAR *far_opaque out_desc, unsigned char FAR *far_in __sized_by(size) bytes, unsigned size),
        void FAR *far_opaque out_desc);
far_op far_fails(Z_ERRNO)
    int inflateBackEnd(z_streamp far_inout far_release far_nullable strm);

/* --- Whole buffers --- */

far_op far_fails(Z_ERRNO)
    int compress(Bytef *far_out __sized_by(*destLen) dest, uLongf *far_inout destLen,
                 const Bytef *far_in __sized_by(sourceLen) source, uLong sourceLen);
far_op far_fails(Z_ERRNO)
    int compress2(Bytef *far_out __sized_by(*destLen) dest, uLongf *far_inout destLen,
                  const Bytef *far_in __sized_by(sourceLen) source, uLong sourceLen, int level);

/* 0 is no bound of anything: zlib itself never returns less than 13. */
far_op far_fails(0)
    uLong compressBound(uLong sourceLen);
far_op far_fails(Z_ERRNO)
    int uncompress(Bytef *far_out __sized_by(*destLen) dest, uLongf *far_inout destLen,
                   const Bytef *far_in __sized_by(sourceLen) source, uLong sourceLen);
far_op far_fails(Z_ERRNO)
    int uncompress2(Bytef *far_out __sized_by(*destLen) dest, uLongf *far_inout destLen,
                    const Bytef *far_in __sized_by(*sourceLen) source, uLong *far_inout sourceLen);

/* --- gzip files --- */

/*
 * gzgetc is a macro too, and that macro looks into the structure behind the handle. A client that may not look writes
 * (gzgetc)(file), or undefines the macro.
 */
far_op far_fails(0)
    gzFile far_handle far_nullable gzopen(const char *__null_terminated path, const char *__null_terminated mode);
far_op far_fails(0)
    gzFile far_handle far_nullable gzopen64(const char *__null_terminated path, const char *__null_terminated mode);

/* The service gets a duplicate, which gzclose() closes. The client's own descriptor stays open: close it as well. */
far_op far_fails(0)
    gzFile far_handle far_nullable gzdopen(int far_fd fd, const char *__null_terminated mode);
far_op far_fails(-1)
    int gzbuffer(gzFile far_handle file, unsigned size);
far_op far_fails(Z_ERRNO)
    int gzsetparams(gzFile far_handle file, int level, int strategy);
far_op far_fails(-1)
    int gzread(gzFile far_handle file, voidp far_out __sized_by(len) buf, unsigned len);
far_op far_fails(0)
    z_size_t gzfread(voidp far_out __sized_by(size * nitems) buf, z_size_t size, z_size_t nitems,
                     gzFile far_handle file);
far_op far_fails(0)
    int gzwrite(gzFile far_handle file, voidpc far_in __sized_by(len) buf, unsigned len);
far_op far_fails(0)
    z_size_t gzfwrite(voidpc far_in __sized_by(size * nitems) buf, z_size_t size, z_size_t nitems,
                      gzFile far_handle file);

/* Arguments without types cannot be carried: print into a buffer, then gzwrite(). */
far_op far_absent far_fails(Z_ERRNO)
    int gzprintf(gzFile file, const char *format, ...);
far_op far_absent far_fails(Z_ERRNO)
    int gzvprintf(gzFile file, const char *format, va_list va);
far_op far_fails(-1)
    int gzputs(gzFile far_handle file, const char *__null_terminated s);
far_op far_fails(0)
    char *__null_terminated far_nullable far_lifetime(buf)
    gzgets(gzFile far_handle file, char *far_out __null_terminated __sized_by(len) buf, int len);
far_op far_fails(-1)
    int gzputc(gzFile far_handle file, int c);
far_op far_fails(-1)
    int (gzgetc)(gzFile far_handle file);
far_op far_fails(-1)
    int gzgetc_(gzFile far_handle file);
far_op far_fails(-1)
    int gzungetc(int c, gzFile far_handle file);
far_op far_fails(Z_ERRNO)
    int gzflush(gzFile far_handle file, int flush);
far_op far_fails(-1)
    z_off_t gzseek(gzFile far_handle file, z_off_t offset, int whence);
far_op far_fails(-1)
    z_off64_t gzseek64(gzFile far_handle file, z_off64_t offset, int whence);
far_op far_fails(-1)
    int gzrewind(gzFile far_handle file);
far_op far_fails(-1)
    z_off_t gztell(gzFile far_handle file);
far_op far_fails(-1)
    z_off64_t gztell64(gzFile far_handle file);
far_op far_fails(-1)
    z_off_t gzoffset(gzFile far_handle file);
far_op far_fails(-1)
    z_off64_t gzoffset64(gzFile far_handle file);

/* A file that nobody can reach any more has ended: loops end too. */
far_op far_fails(1)
    int gzeof(gzFile far_handle file);
far_op far_fails(0)
    int gzdirect(gzFile far_handle file);
far_op far_fails(Z_ERRNO)
    int gzclose(gzFile far_handle far_release far_nullable file);
far_op far_fails(Z_ERRNO)
    int gzclose_r(gzFile far_handle far_release far_nullable file);
far_op far_fails(Z_ERRNO)
    int gzclose_w(gzFile far_handle far_release far_nullable file);
far_op far_fails(0)
    const char *__null_terminated far_nullable far_lifetime(file)
    gzerror(gzFile far_handle far_nullable file, int *far_out far_nullable errnum);
far_op
    void gzclearerr(gzFile far_handle far_nullable file);

/* --- Checksums --- */

/* A NULL buffer asks for the initial value. Every value is a valid checksum, so look at errno if the result is 0. */
far_op far_fails(0)
    uLong crc32(uLong crc, const Bytef *far_in __sized_by_or_null(len) buf, uInt len);
far_op far_fails(0)
    uLong crc32_z(uLong crc, const Bytef *far_in __sized_by_or_null(len) buf, z_size_t len);

/*
 * With a negative length zlib 1.2.13 never returns from these four, and a gate does not know what a number means: anyone
 * could stop a host's thread. crc32_combine_op() takes what any other zlib's crc32_combine_gen() made of a length.
 */
far_op far_absent far_fails(0)
    uLong crc32_combine(uLong crc1, uLong crc2, z_off_t len2);
far_op far_absent far_fails(0)
    uLong crc32_combine64(uLong crc1, uLong crc2, z_off64_t len2);
far_op far_absent far_fails(0)
    uLong crc32_combine_gen(z_off_t len2);
far_op far_absent far_fails(0)
    uLong crc32_combine_gen64(z_off64_t len2);
far_op far_fails(0)
    uLong crc32_combine_op(uLong crc1, uLong crc2, uLong op);
far_op far_fails(0)
    const z_crc_t FAR *__counted_by(256) far_lifetime(service) get_crc_table(void);

/* zlib reads one byte of a buffer before it looks whether there is one, so there must be: NULL only with len 0. */
far_op far_fails(0)
    uLong adler32(uLong adler, const Bytef *far_in __sized_by(len) buf, uInt len);
far_op far_fails(0)
    uLong adler32_z(uLong adler, const Bytef *far_in __sized_by(len) buf, z_size_t len);
far_op far_fails(0)
    uLong adler32_combine(uLong adler1, uLong adler2, z_off_t len2);
far_op far_fails(0)
    uLong adler32_combine64(uLong adler1, uLong adler2, z_off64_t len2);

#ifdef __cplusplus
}
#endif

#endif
