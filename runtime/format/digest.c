/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

int segment_digest(const void *bytes, size_t size, size_t hole, uint8_t digest[SEGMENT_DIGEST_SIZE])
{
    static const uint8_t zero[SEGMENT_DIGEST_SIZE];
    const uint8_t *at = bytes;
    size_t after = hole + SEGMENT_DIGEST_SIZE;
    /* The system's configuration of OpenSSL says nothing of SHA-256, and reading it takes longer than most segments. */
    int started = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    EVP_MD_CTX *context = started ? EVP_MD_CTX_new() : NULL;
    int ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) && EVP_DigestUpdate(context, at, hole) &&
             EVP_DigestUpdate(context, zero, sizeof zero) && EVP_DigestUpdate(context, at + after, size - after) &&
             EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    return ok ? 0 : -EIO;
}
