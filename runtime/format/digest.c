/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * libcrypto is loaded when there is something to digest: loading it takes longer than most programs of farcall need to start,
 * and ld.lld can run meanwhile (linker-plugin/main.c).
 */
#include "runtime/format/digest.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>

#define TEXT_OF_VALUE(value) #value
#define TEXT_OF(macro)       TEXT_OF_VALUE(macro)
#define LIBCRYPTO            "libcrypto.so." TEXT_OF(OPENSSL_SHLIB_VERSION)

#define FUNCTIONS(_)       \
    _(OPENSSL_init_crypto) \
    _(EVP_MD_CTX_new)      \
    _(EVP_MD_CTX_free)     \
    _(EVP_sha256)          \
    _(EVP_DigestInit_ex)   \
    _(EVP_DigestUpdate)    \
    _(EVP_DigestFinal_ex)

struct libcrypto {
#define FUNCTION(name) __typeof__(&(name)) name;
    FUNCTIONS(FUNCTION)
#undef FUNCTION
};

struct segment_digest_run {
    struct libcrypto library;
    EVP_MD_CTX *context; /* NULL: the library cannot */
    bool ok;
};

static bool find_function(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);

    *(void **)function = found;
    return found;
}

/* It stays loaded: what it has set up is used again. */
static bool load(struct libcrypto *library)
{
    void *handle = dlopen(LIBCRYPTO, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    bool found = handle != NULL;

#define FIND(name) found = found && find_function(handle, #name, &library->name);
    FUNCTIONS(FIND)
#undef FIND
    return found;
}

/* The system's configuration of OpenSSL says nothing of SHA-256, and reading it takes longer than most segments. */
struct segment_digest_run *segment_digest_begin(void)
{
    struct segment_digest_run *run = calloc(1, sizeof *run);
    struct libcrypto *library = run ? &run->library : NULL;

    if (!run || !load(library))
        return run;
    run->context = library->OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) ? library->EVP_MD_CTX_new() : NULL;
    run->ok = run->context && library->EVP_DigestInit_ex(run->context, library->EVP_sha256(), NULL);
    return run;
}

void segment_digest_more(struct segment_digest_run *run, const void *bytes, size_t size)
{
    run->ok = run->ok && run->library.EVP_DigestUpdate(run->context, bytes, size);
}

void segment_digest_hole(struct segment_digest_run *run)
{
    static const uint8_t zero[SEGMENT_DIGEST_SIZE];

    segment_digest_more(run, zero, sizeof zero);
}

int segment_digest_end(struct segment_digest_run *run, uint8_t digest[SEGMENT_DIGEST_SIZE])
{
    bool ok = run->ok && run->library.EVP_DigestFinal_ex(run->context, digest, NULL);

    if (run->context)
        run->library.EVP_MD_CTX_free(run->context);
    free(run);
    return ok ? 0 : -EIO;
}

int segment_digest(const void *bytes, size_t size, size_t hole, uint8_t digest[SEGMENT_DIGEST_SIZE])
{
    struct segment_digest_run *run = segment_digest_begin();
    const uint8_t *at = bytes;
    size_t after = hole + SEGMENT_DIGEST_SIZE;

    if (!run)
        return -EIO;
    segment_digest_more(run, at, hole);
    segment_digest_hole(run);
    segment_digest_more(run, at + after, size - after);
    return segment_digest_end(run, digest);
}
