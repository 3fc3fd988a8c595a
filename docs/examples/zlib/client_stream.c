/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Streams whose buffers are undefined: a client's own part of zlib, linked into the import library (far implib --with). A
 * function here stands in the place of the operation of that name, which it calls as far_operation_NAME.
 *
 * zlib lets programs leave next_in and next_out undefined, with the counts beside them, in all calls that do not compress or
 * restore, and many programs do. A gate copies what they lead to. So they are put aside for the time of such a call.
 */
#define _LARGEFILE64_SOURCE 1
#include <zlib.h>

#define OPERATION(name) __asm__("far_operation_" #name) __attribute__((visibility("hidden")))

int service_deflateInit_(z_streamp stream, int level, const char *version, int size) OPERATION(deflateInit_);
int service_deflateInit2_(z_streamp stream, int level, int method, int bits, int memory, int strategy,
                          const char *version, int size) OPERATION(deflateInit2_);
int service_inflateInit_(z_streamp stream, const char *version, int size) OPERATION(inflateInit_);
int service_inflateInit2_(z_streamp stream, int bits, const char *version, int size) OPERATION(inflateInit2_);
int service_inflateBackInit_(z_streamp stream, int bits, unsigned char *window, const char *version, int size)
    OPERATION(inflateBackInit_);
int service_deflateEnd(z_streamp stream) OPERATION(deflateEnd);
int service_deflateReset(z_streamp stream) OPERATION(deflateReset);
int service_deflateResetKeep(z_streamp stream) OPERATION(deflateResetKeep);
int service_deflateSetDictionary(z_streamp stream, const Bytef *dictionary, uInt length)
    OPERATION(deflateSetDictionary);
int service_deflateGetDictionary(z_streamp stream, Bytef *dictionary, uInt *length) OPERATION(deflateGetDictionary);
int service_deflateTune(z_streamp stream, int good, int lazy, int nice, int chain) OPERATION(deflateTune);
uLong service_deflateBound(z_streamp stream, uLong length) OPERATION(deflateBound);
int service_deflatePending(z_streamp stream, unsigned *pending, int *bits) OPERATION(deflatePending);
int service_deflatePrime(z_streamp stream, int bits, int value) OPERATION(deflatePrime);
int service_deflateSetHeader(z_streamp stream, gz_headerp header) OPERATION(deflateSetHeader);
int service_inflateEnd(z_streamp stream) OPERATION(inflateEnd);
int service_inflateReset(z_streamp stream) OPERATION(inflateReset);
int service_inflateReset2(z_streamp stream, int bits) OPERATION(inflateReset2);
int service_inflateResetKeep(z_streamp stream) OPERATION(inflateResetKeep);
int service_inflateSetDictionary(z_streamp stream, const Bytef *dictionary, uInt length)
    OPERATION(inflateSetDictionary);
int service_inflateGetDictionary(z_streamp stream, Bytef *dictionary, uInt *length) OPERATION(inflateGetDictionary);
int service_inflatePrime(z_streamp stream, int bits, int value) OPERATION(inflatePrime);
long service_inflateMark(z_streamp stream) OPERATION(inflateMark);
int service_inflateGetHeader(z_streamp stream, gz_headerp header) OPERATION(inflateGetHeader);
int service_inflateSyncPoint(z_streamp stream) OPERATION(inflateSyncPoint);
int service_inflateUndermine(z_streamp stream, int subvert) OPERATION(inflateUndermine);
int service_inflateValidate(z_streamp stream, int check) OPERATION(inflateValidate);
unsigned long service_inflateCodesUsed(z_streamp stream) OPERATION(inflateCodesUsed);
int service_inflateBackEnd(z_streamp stream) OPERATION(inflateBackEnd);
int service_deflateCopy(z_streamp to, z_streamp from) OPERATION(deflateCopy);
int service_inflateCopy(z_streamp to, z_streamp from) OPERATION(inflateCopy);

/* What was put aside comes back where one of these goes out of scope: behind the call, before its result is returned. */
struct aside {
    z_streamp stream;
    z_const Bytef *next_in;
    Bytef *next_out;
    uInt avail_in, avail_out;
};
#define ASIDE __attribute__((cleanup(put_back))) struct aside

static struct aside put_aside(z_streamp stream)
{
    struct aside aside = {Z_NULL, Z_NULL, Z_NULL, 0, 0};
    if (!stream)
        return aside;
    aside = (struct aside){stream, stream->next_in, stream->next_out, stream->avail_in, stream->avail_out};
    stream->next_in = Z_NULL;
    stream->next_out = Z_NULL;
    stream->avail_in = stream->avail_out = 0;
    return aside;
}

/* Of a stream that is to be started nothing need be defined but its allocators. */
static struct aside put_aside_new(z_streamp stream)
{
    if (stream) {
        stream->state = Z_NULL;
        stream->msg = Z_NULL;
    }
    return put_aside(stream);
}

static void put_into(z_streamp stream, const struct aside *aside)
{
    stream->next_in = aside->next_in;
    stream->next_out = aside->next_out;
    stream->avail_in = aside->avail_in;
    stream->avail_out = aside->avail_out;
}

static void put_back(struct aside *aside)
{
    if (aside->stream)
        put_into(aside->stream, aside);
}

int deflateInit_(z_streamp stream, int level, const char *version, int size)
{
    ASIDE aside = put_aside_new(stream);
    return service_deflateInit_(stream, level, version, size);
}

int deflateInit2_(z_streamp stream, int level, int method, int bits, int memory, int strategy, const char *version,
                  int size)
{
    ASIDE aside = put_aside_new(stream);
    return service_deflateInit2_(stream, level, method, bits, memory, strategy, version, size);
}

int inflateInit_(z_streamp stream, const char *version, int size)
{
    ASIDE aside = put_aside_new(stream);
    return service_inflateInit_(stream, version, size);
}

int inflateInit2_(z_streamp stream, int bits, const char *version, int size)
{
    ASIDE aside = put_aside_new(stream);
    return service_inflateInit2_(stream, bits, version, size);
}

int inflateBackInit_(z_streamp stream, int bits, unsigned char *window, const char *version, int size)
{
    ASIDE aside = put_aside_new(stream);
    return service_inflateBackInit_(stream, bits, window, version, size);
}

int deflateEnd(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_deflateEnd(stream);
}

int deflateReset(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_deflateReset(stream);
}

int deflateResetKeep(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_deflateResetKeep(stream);
}

int deflateSetDictionary(z_streamp stream, const Bytef *dictionary, uInt length)
{
    ASIDE aside = put_aside(stream);
    return service_deflateSetDictionary(stream, dictionary, length);
}

int deflateGetDictionary(z_streamp stream, Bytef *dictionary, uInt *length)
{
    ASIDE aside = put_aside(stream);
    return service_deflateGetDictionary(stream, dictionary, length);
}

int deflateTune(z_streamp stream, int good, int lazy, int nice, int chain)
{
    ASIDE aside = put_aside(stream);
    return service_deflateTune(stream, good, lazy, nice, chain);
}

uLong deflateBound(z_streamp stream, uLong length)
{
    ASIDE aside = put_aside(stream);
    return service_deflateBound(stream, length);
}

int deflatePending(z_streamp stream, unsigned *pending, int *bits)
{
    ASIDE aside = put_aside(stream);
    return service_deflatePending(stream, pending, bits);
}

int deflatePrime(z_streamp stream, int bits, int value)
{
    ASIDE aside = put_aside(stream);
    return service_deflatePrime(stream, bits, value);
}

int deflateSetHeader(z_streamp stream, gz_headerp header)
{
    ASIDE aside = put_aside(stream);
    return service_deflateSetHeader(stream, header);
}

int inflateEnd(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_inflateEnd(stream);
}

int inflateReset(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_inflateReset(stream);
}

int inflateReset2(z_streamp stream, int bits)
{
    ASIDE aside = put_aside(stream);
    return service_inflateReset2(stream, bits);
}

int inflateResetKeep(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_inflateResetKeep(stream);
}

int inflateSetDictionary(z_streamp stream, const Bytef *dictionary, uInt length)
{
    ASIDE aside = put_aside(stream);
    return service_inflateSetDictionary(stream, dictionary, length);
}

int inflateGetDictionary(z_streamp stream, Bytef *dictionary, uInt *length)
{
    ASIDE aside = put_aside(stream);
    return service_inflateGetDictionary(stream, dictionary, length);
}

int inflatePrime(z_streamp stream, int bits, int value)
{
    ASIDE aside = put_aside(stream);
    return service_inflatePrime(stream, bits, value);
}

long inflateMark(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_inflateMark(stream);
}

int inflateGetHeader(z_streamp stream, gz_headerp header)
{
    ASIDE aside = put_aside(stream);
    return service_inflateGetHeader(stream, header);
}

int inflateSyncPoint(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_inflateSyncPoint(stream);
}

int inflateUndermine(z_streamp stream, int subvert)
{
    ASIDE aside = put_aside(stream);
    return service_inflateUndermine(stream, subvert);
}

int inflateValidate(z_streamp stream, int check)
{
    ASIDE aside = put_aside(stream);
    return service_inflateValidate(stream, check);
}

unsigned long inflateCodesUsed(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_inflateCodesUsed(stream);
}

int inflateBackEnd(z_streamp stream)
{
    ASIDE aside = put_aside(stream);
    return service_inflateBackEnd(stream);
}

/* A copy has all that the original has; what does not cross, or was put aside, is copied here. */
static int copy(z_streamp to, z_streamp from, int (*operation)(z_streamp to, z_streamp from))
{
    ASIDE aside = put_aside(from);
    put_aside_new(to);
    int result = operation(to, from);
    if (!to || !from || result != Z_OK)
        return result;
    to->zalloc = from->zalloc;
    to->zfree = from->zfree;
    to->opaque = from->opaque;
    put_into(to, &aside);
    return result;
}

int deflateCopy(z_streamp to, z_streamp from)
{
    return copy(to, from, service_deflateCopy);
}

int inflateCopy(z_streamp to, z_streamp from)
{
    return copy(to, from, service_inflateCopy);
}
