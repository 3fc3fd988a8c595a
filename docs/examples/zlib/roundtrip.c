/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * An ordinary user of zlib: compresses a file, restores it, checks it. It is linked against the import library of the
 * zlib segment, so its calls go wherever this process was bound to: one branch, or a trap into the host. The system's own
 * zlib, loaded beside it, does the same work in the same run; both outputs must be the same bytes.
 *
 * usage: roundtrip FILE
 */
#include <dlfcn.h>
#include <errno.h>
#include <farcall/farcall.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <zlib.h>

enum { ROUNDS = 5 }; /* the fastest of so many counts: the others were disturbed */

struct library {
    const char *name;
    int (*compress2)(Bytef *, uLongf *, const Bytef *, uLong, int);
    int (*uncompress)(Bytef *, uLongf *, const Bytef *, uLong);
    uLong (*compressBound)(uLong);
    uLong (*crc32)(uLong, const Bytef *, uInt);
    uLong (*adler32)(uLong, const Bytef *, uInt);
};

struct result {
    Bytef *packed;
    uLongf packed_size;
    uLong crc, adler;
    double compress_ms, restore_ms, crc_ms;
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "roundtrip: %s: %s\n", what, detail);
    exit(EX_DATAERR);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        die("out of memory", "the file is too large for this machine");
    memset(memory, 0, size); /* touched now, so that page faults are not counted as anybody's work */
    return memory;
}

static Bytef *read_file(const char *path, uLong *size)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die(path, strerror(errno));
    long end = ftell(file);
    if (end < 0)
        die(path, strerror(errno));
    rewind(file);
    Bytef *bytes = allocate((size_t)end);
    if (fread(bytes, 1, (size_t)end, file) != (size_t)end)
        die(path, "cannot read it whole");
    fclose(file);
    *size = (uLong)end;
    return bytes;
}

static struct library load_system_zlib(void)
{
    /* A namespace of its own: in this one, the names that the library uses itself are the service's by now. */
    void *handle = dlmopen(LM_ID_NEWLM, "libz.so.1", RTLD_NOW);
    if (!handle)
        die("the system's zlib", dlerror());
    struct library library = {.name = "system zlib"};
    *(void **)&library.compress2 = dlsym(handle, "compress2");
    *(void **)&library.uncompress = dlsym(handle, "uncompress");
    *(void **)&library.compressBound = dlsym(handle, "compressBound");
    *(void **)&library.crc32 = dlsym(handle, "crc32");
    *(void **)&library.adler32 = dlsym(handle, "adler32");
    if (!library.compress2 || !library.uncompress || !library.compressBound || !library.crc32 || !library.adler32)
        die("the system's zlib", "lacks a function of the example");
    return library;
}

static void keep_fastest(double *best, double value)
{
    if (*best == 0 || value < *best)
        *best = value;
}

/* One round of all the work; `into` keeps the fastest times of all rounds. */
static void run_round(const struct library *z, const Bytef *bytes, uLong size, Bytef *restored, struct result *into)
{
    uLong bound = z->compressBound(size);
    if (!into->packed)
        into->packed = allocate(bound);
    into->packed_size = bound;
    double start = now_ms();
    int code = z->compress2(into->packed, &into->packed_size, bytes, size, 6);
    keep_fastest(&into->compress_ms, now_ms() - start);
    if (code != Z_OK)
        die(z->name, "compress2 failed");

    uLongf restored_size = size;
    start = now_ms();
    code = z->uncompress(restored, &restored_size, into->packed, into->packed_size);
    keep_fastest(&into->restore_ms, now_ms() - start);
    if (code != Z_OK || restored_size != size || memcmp(restored, bytes, size) != 0)
        die(z->name, "the restored file differs from the original");

    start = now_ms();
    into->crc = z->crc32(0, bytes, (uInt)size);
    keep_fastest(&into->crc_ms, now_ms() - start);
    into->adler = z->adler32(1, bytes, (uInt)size);
}

static void print_ratio(const char *what, double ours, double theirs)
{
    printf("  %-10s %9.2f ms   system zlib %9.2f ms   ratio %.2f\n", what, ours, theirs, ours / theirs);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: roundtrip FILE\n");
        return EX_USAGE;
    }
    uLong size;
    Bytef *bytes = read_file(argv[1], &size), *restored = allocate(size);
    struct library service = {"zlib service", compress2, uncompress, compressBound, crc32, adler32};
    struct library plain = load_system_zlib();
    struct result ours = {0}, theirs = {0};
    for (int i = 0; i < ROUNDS; i++) {
        run_round(&service, bytes, size, restored, &ours);
        run_round(&plain, bytes, size, restored, &theirs);
    }
    if (ours.packed_size != theirs.packed_size || memcmp(ours.packed, theirs.packed, ours.packed_size) != 0 ||
        ours.crc != theirs.crc || ours.adler != theirs.adler)
        die("outputs differ", "the service's zlib and the system's do not agree");

    printf("zlib, stub of compress2 at %p: %s\n", (void *)compress2,
           far_stub_kind_name(far_stub_kind((const void *)compress2)));
    printf("  %lu bytes -> %lu bytes -> restored; byte-identical to the system's zlib; crc32 %08lx\n", size,
           (unsigned long)ours.packed_size, ours.crc);
    print_ratio("compress2", ours.compress_ms, theirs.compress_ms);
    print_ratio("uncompress", ours.restore_ms, theirs.restore_ms);
    print_ratio("crc32", ours.crc_ms, theirs.crc_ms);
    free(ours.packed);
    free(theirs.packed);
    free(restored);
    free(bytes);
    return 0;
}
