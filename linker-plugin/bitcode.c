/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "linker-plugin/bitcode.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "linker-plugin/farld.h"

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

const uint8_t *bitcode_open(struct link *link, const char *name, const void *bytes, size_t size, size_t *shadow_size)
{
    struct bitcode_shadow shadow = {0};
    char *copy;

    if (load_reader(link))
        return NULL;
    link->bitcode_reader(bytes, size, &shadow);
    if (!shadow.bytes) {
        error_add(&link->errors, EX_DATAERR, "%s: %s", name, shadow.why);
        return NULL;
    }
    copy = arena_copy(&link->arena, shadow.bytes, shadow.size);
    free(shadow.bytes);
    link->has_bitcode = true;
    *shadow_size = shadow.size;
    return (const uint8_t *)copy;
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
