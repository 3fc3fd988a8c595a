/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* SHA-256 of a token's text: in a file of its own, as only this needs libcrypto. */
#include "runtime/fard/capability_token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

int capability_digest(const char *token, uint8_t digest[CAPABILITY_DIGEST])
{
    int ok = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) &&
             EVP_Digest(token, strlen(token), digest, NULL, EVP_sha256(), NULL);
    return ok ? 0 : -EIO;
}
