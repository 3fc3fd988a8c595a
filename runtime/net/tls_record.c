/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Records of TLS 1.3 with AES-128-GCM (RFC 8446 5.2, 5.3, 7.1, 7.3). */
#include "runtime/net/tls.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

/* HKDF-Expand-Label, with an empty context. */
static bool expand_label(const uint8_t secret[TLS_SECRET], const char *label, uint8_t *out, size_t size)
{
    uint8_t info[64] = {0, (uint8_t)size};
    const size_t length = 6 + strlen(label);
    info[2] = (uint8_t)length;
    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, length - 6);
    info[3 + length] = 0;
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (uint8_t *)secret, TLS_SECRET),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, 4 + length),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(tls_shared()->kdf);
    const bool done = context && EVP_KDF_derive(context, out, size, parameters) == 1;
    EVP_KDF_CTX_free(context);
    return done;
}

static bool take_key(struct tls_key *key, bool seals)
{
    uint8_t bytes[TLS_KEY];
    key->sequence = 0;
    const bool done = expand_label(key->secret, "key", bytes, sizeof bytes) &&
                      expand_label(key->secret, "iv", key->iv, sizeof key->iv) &&
                      EVP_CipherInit_ex2(key->cipher, tls_shared()->cipher, bytes, NULL, seals, NULL) == 1;
    OPENSSL_cleanse(bytes, sizeof bytes);
    return done;
}

bool tls_key_begin(struct tls_key *key, const uint8_t secret[TLS_SECRET], bool seals)
{
    memcpy(key->secret, secret, sizeof key->secret);
    key->cipher = EVP_CIPHER_CTX_new();
    return key->cipher && take_key(key, seals);
}

bool tls_key_update(struct tls_key *key)
{
    uint8_t next[TLS_SECRET];
    if (!expand_label(key->secret, "traffic upd", next, sizeof next))
        return false;
    memcpy(key->secret, next, sizeof next);
    OPENSSL_cleanse(next, sizeof next);
    return take_key(key, EVP_CIPHER_CTX_is_encrypting(key->cipher));
}

void tls_key_end(struct tls_key *key)
{
    EVP_CIPHER_CTX_free(key->cipher);
    OPENSSL_cleanse(key, sizeof *key);
}

/* Each record has a nonce of its own: the key's, with the record's number in its last bytes. */
static bool begin_record(struct tls_key *key, const uint8_t header[TLS_HEADER])
{
    uint8_t nonce[TLS_IV];
    int size;
    memcpy(nonce, key->iv, sizeof nonce);
    for (int i = 0; i < 8; i++)
        nonce[TLS_IV - 1 - i] ^= (uint8_t)(key->sequence >> 8 * i);
    key->sequence++;
    return EVP_CipherInit_ex2(key->cipher, NULL, NULL, nonce, -1, NULL) == 1 &&
           EVP_CipherUpdate(key->cipher, NULL, &size, header, TLS_HEADER) == 1;
}

static bool seal_pieces(struct tls_key *key, const struct iovec *piece, int count, uint8_t **to)
{
    for (int i = 0; i < count; i++) {
        int size;
        if (!piece[i].iov_len)
            continue;
        if (EVP_CipherUpdate(key->cipher, *to, &size, piece[i].iov_base, (int)piece[i].iov_len) != 1)
            return false;
        *to += size;
    }
    return true;
}

uint8_t *tls_seal(struct tls_key *key, enum tls_content type, const struct iovec *piece, int count, uint8_t *to)
{
    uint8_t type_byte = (uint8_t)type;
    const struct iovec last = {&type_byte, 1};
    size_t sealed = 1 + TLS_TAG;
    int size;
    for (int i = 0; i < count; i++)
        sealed += piece[i].iov_len;
    memcpy(to, (const uint8_t[TLS_HEADER]){TLS_DATA, 3, 3, (uint8_t)(sealed >> 8), (uint8_t)sealed}, TLS_HEADER);
    if (!begin_record(key, to))
        return NULL;
    to += TLS_HEADER;
    if (!seal_pieces(key, piece, count, &to) || !seal_pieces(key, &last, 1, &to) ||
        EVP_CipherFinal_ex(key->cipher, to, &size) != 1 ||
        EVP_CIPHER_CTX_ctrl(key->cipher, EVP_CTRL_AEAD_GET_TAG, TLS_TAG, to) != 1)
        return NULL;
    return to + TLS_TAG;
}

int tls_record_size(const uint8_t *bytes, size_t size)
{
    if (size && bytes[0] != TLS_DATA) /* nothing is in the clear behind the handshake */
        return -EPROTO;
    if (size < TLS_HEADER)
        return 0;
    const unsigned sealed = (unsigned)bytes[3] << 8 | bytes[4];
    return sealed > TLS_TAG && sealed <= TLS_SEALED_MAX ? (int)(TLS_HEADER + sealed) : -EPROTO;
}

const uint8_t *tls_open(struct tls_key *key, uint8_t *record, size_t *size, enum tls_content *type)
{
    uint8_t *content = record + TLS_HEADER;
    size_t left = ((size_t)record[3] << 8 | record[4]) - TLS_TAG;
    int opened;
    if (!begin_record(key, record) || EVP_CipherUpdate(key->cipher, content, &opened, content, (int)left) != 1 ||
        EVP_CIPHER_CTX_ctrl(key->cipher, EVP_CTRL_AEAD_SET_TAG, TLS_TAG, content + left) != 1 ||
        EVP_CipherFinal_ex(key->cipher, content + left, &opened) != 1)
        return NULL;
    while (left && !content[left - 1]) /* padding */
        left--;
    if (!left || left - 1 > TLS_CONTENT_MAX)
        return NULL;
    *type = (enum tls_content)content[left - 1];
    *size = left - 1;
    return content;
}
