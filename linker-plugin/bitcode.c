/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "linker-plugin/bitcode.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "linker-plugin/farld.h"

#define MEMORY_LEAST     ((rlim_t)1 << 30)
#define MEMORY_EACH_BYTE ((rlim_t)256)

bool bitcode_is(const void *bytes, size_t size)
{
    return size >= 4 && (!memcmp(bytes, "BC\xc0\xde", 4) || !memcmp(bytes, "\xde\xc0\x17\x0b", 4));
}

static int load_reader(struct link *link)
{
    const char *path = arena_format(&link->arena, "%s/lib/FarcallBitcode.so", link->prefix);
    void *module = link->bitcode_reader ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (module)
        link->bitcode_reader = (bitcode_reader *)dlsym(module, BITCODE_READER); /* stays until the program ends */
    if (link->bitcode_reader)
        return 0;
    return error_add(&link->errors, EX_UNAVAILABLE, "cannot read LLVM bitcode: %s; install libllvm19", dlerror());
}

static bool write_whole(int file, const uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t put = write(file, bytes, size);

        if (put <= 0)
            return false;
        bytes += put;
        size -= (size_t)put;
    }
    return true;
}

/* Damaged sizes must not take the machine's memory: a module takes some ten times its bitcode. */
static void limit_memory(size_t size)
{
    FILE *about = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;
    rlim_t limit;

    if (!about)
        return;
    if (fscanf(about, "%lu", &pages) == 1) {
        limit = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + MEMORY_LEAST + (rlim_t)size * MEMORY_EACH_BYTE;
        setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit}); /* of one's own: it is below that already if it fails */
    }
    fclose(about);
}

/* What it leaves in the file: struct bitcode_shadow, and the shadow's bytes. */
static _Noreturn void read_and_end(bitcode_reader *reader, const void *bytes, size_t size, int file)
{
    struct bitcode_shadow shadow = {0};

    limit_memory(size);
    reader(bytes, size, &shadow);
    _exit(write_whole(file, (const uint8_t *)&shadow, sizeof shadow) &&
                  (!shadow.bytes || write_whole(file, shadow.bytes, shadow.size))
              ? 0
              : EX_OSERR);
}

static int wait_for(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return EX_OSERR << 8;
    }
    return status;
}

static const uint8_t *take_shadow(struct link *link, const char *name, int file, size_t *size)
{
    struct bitcode_shadow shadow;
    uint8_t *bytes = NULL;

    if (pread(file, &shadow, sizeof shadow, 0) != sizeof shadow)
        shadow = (struct bitcode_shadow){.why = "its reader left nothing"};
    if (shadow.bytes)
        bytes = arena_allocate(&link->arena, shadow.size);
    if (bytes && pread(file, bytes, shadow.size, sizeof shadow) != (ssize_t)shadow.size)
        bytes = NULL;
    if (!bytes)
        error_add(&link->errors, EX_DATAERR, "%s: %s", name, shadow.why);
    *size = shadow.size;
    return bytes;
}

/* LLVM trusts what it reads: it gets a process of its own, whose bad end is an error of the input like others. */
static const uint8_t *read_apart(struct link *link, const char *name, const void *bytes, size_t size, int file,
                                 size_t *shadow_size)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        read_and_end(link->bitcode_reader, bytes, size, file);
    status = child < 0 ? EX_OSERR << 8 : wait_for(child);
    if (status == 0)
        return take_shadow(link, name, file, shadow_size);
    if (WIFSIGNALED(status))
        error_add(&link->errors, EX_DATAERR,
                  "%s: LLVM was killed by signal %d while it read this bitcode; build it again", name,
                  WTERMSIG(status));
    else
        error_add(&link->errors, EX_OSERR, "%s: the process that reads bitcode failed", name);
    return NULL;
}

const uint8_t *bitcode_open(struct link *link, const char *name, const void *bytes, size_t size, size_t *shadow_size)
{
    const uint8_t *shadow = NULL;
    int file;

    if (load_reader(link))
        return NULL;
    file = memfd_create("shadow", MFD_CLOEXEC);
    if (file < 0)
        error_add(&link->errors, EX_OSERR, "cannot make a file in memory: %s", strerror(errno));
    else
        shadow = read_apart(link, name, bytes, size, file, shadow_size);
    if (file >= 0)
        close(file);
    link->has_bitcode = link->has_bitcode || shadow;
    return shadow;
}

/* The pass runs again while ld.lld compiles: it needs the record, and gets it by a file. */
int bitcode_prepare(struct link *link)
{
    const char *path = arena_format(&link->arena, "%s/record", link->workplace);
    FILE *file = fopen(path, "wbe");

    if (!file || fwrite(link->record, 1, link->record_size, file) != link->record_size || fflush(file)) {
        error_add(&link->errors, EX_CANTCREAT, "cannot write the temporary file '%s'", path);
    } else {
        setenv("FARCALL_LINK_RECORD", path, 1);
        link->bitcode_prepared = true;
    }
    if (file)
        fclose(file);
    return link->errors.status;
}
