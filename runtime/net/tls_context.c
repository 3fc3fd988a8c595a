/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What all connections with TLS of a process have in common, and what must have been opened before a sandbox closes. */
#include "runtime/net/fail.h"
#include "runtime/net/tls.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>
#include <sysexits.h>

#define SUITE "TLS_AES_128_GCM_SHA256"
static const unsigned char suite_number[2] = {0x13, 0x01}; /* RFC 8446 B.4 */
static void name_ticket(const uint8_t *ticket, char identity[2 * WIRE_TICKET_SIZE])
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < WIRE_TICKET_SIZE; i++) {
        identity[2 * i] = digit[ticket[i] >> 4];
        identity[2 * i + 1] = digit[ticket[i] & 15];
    }
}

/* An external PSK is a session that nobody has had. */
static SSL_SESSION *session_of_secret(SSL *ssl, const uint8_t *secret)
{
    const SSL_CIPHER *suite = SSL_CIPHER_find(ssl, suite_number);
    SSL_SESSION *session = SSL_SESSION_new();
    if (suite && session && SSL_SESSION_set1_master_key(session, secret, WIRE_SECRET_SIZE) &&
        SSL_SESSION_set_cipher(session, suite) && SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION))
        return session;
    SSL_SESSION_free(session);
    return NULL;
}

static int use_secret(SSL *ssl, const EVP_MD *digest, const unsigned char **identity, size_t *size,
                      SSL_SESSION **session)
{
    struct tls_shaking *shaking = SSL_get_app_data(ssl);
    (void)digest; /* of a second hello; there is one suite, so it is the same */
    name_ticket(shaking->ticket, shaking->identity);
    *identity = (const unsigned char *)shaking->identity;
    *size = sizeof shaking->identity;
    *session = session_of_secret(ssl, shaking->secret);
    return *session != NULL;
}

static int find_secret(SSL *ssl, const unsigned char *identity, size_t size, SSL_SESSION **session)
{
    struct tls_shaking *shaking = SSL_get_app_data(ssl);
    name_ticket(shaking->ticket, shaking->identity);
    *session = NULL; /* another's: the handshake fails, since there is nothing else to agree on */
    if (size == sizeof shaking->identity && CRYPTO_memcmp(identity, shaking->identity, size) == 0)
        *session = session_of_secret(ssl, shaking->secret);
    return 1;
}

static int digit_value(char digit)
{
    return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

/* "LABEL RANDOM SECRET", the last two in hexadecimal: how OpenSSL says what the records are sealed with. */
static void hear_secret(const SSL *ssl, const char *line)
{
    struct tls_shaking *shaking = SSL_get_app_data(ssl);
    const char *digits = strrchr(line, ' ') + 1;
    uint8_t *to = NULL;
    if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0)
        to = shaking->client_traffic;
    else if (strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0)
        to = shaking->server_traffic;
    if (to && strlen(digits) == (size_t)2 * TLS_SECRET)
        for (size_t i = 0; i < TLS_SECRET; i++)
            to[i] = (uint8_t)(digit_value(digits[2 * i]) << 4 | digit_value(digits[2 * i + 1]));
}

static SSL_CTX *make_context(bool is_client)
{
    SSL_CTX *context = SSL_CTX_new(is_client ? TLS_client_method() : TLS_server_method());
    if (!context)
        return NULL;
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_keylog_callback(context, hear_secret);
    if (is_client) {
        /* A certificate in place of the secret is refused: there is no CA that it could be of. */
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_psk_use_session_callback(context, use_secret);
    } else {
        SSL_CTX_set_psk_find_session_callback(context, find_secret);
    }
    if (SSL_CTX_set_num_tickets(context, 0) && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) &&
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) && SSL_CTX_set_ciphersuites(context, SUITE) &&
        SSL_CTX_set1_groups_list(context, "X25519"))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

/* Of the process, as OpenSSL's own settings are. */
static struct {
    pthread_once_t once;
    struct tls_shared shared;
    bool works;
} process = {.once = PTHREAD_ONCE_INIT};

const struct tls_shared *tls_shared(void)
{
    return &process.shared;
}

/* One side of a handshake in memory, as far as it goes with what has come. */
static SSL *practise_side(SSL_CTX *context, struct tls_shaking *shaking, bool is_client)
{
    SSL *ssl = context ? SSL_new(context) : NULL;
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (!ssl || !in || !out) {
        BIO_free(in);
        BIO_free(out);
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_bio(ssl, in, out);
    SSL_set_app_data(ssl, shaking);
    if (is_client)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    return ssl;
}

static bool carry(SSL *from, SSL *to)
{
    char *bytes;
    BIO *out = SSL_get_wbio(from);
    const long size = BIO_get_mem_data(out, &bytes);
    const bool carried = size <= 0 || BIO_write(SSL_get_rbio(to), bytes, (int)size) == size;
    (void)BIO_reset(out);
    return carried;
}

/*
 * OpenSSL opens, loads and looks up what it needs when it first needs it: its settings, the source of random numbers, algorithms. A whole
 * handshake makes it do so now.
 */
static bool practise_handshake(struct tls_shaking *shaking)
{
    SSL *client = practise_side(process.shared.client, shaking, true);
    SSL *server = practise_side(process.shared.server, shaking, false);
    bool works = client && server;
    for (int turn = 0; works && turn < 3; turn++) {
        SSL_do_handshake(client);
        works = carry(client, server);
        SSL_do_handshake(server);
        works = works && carry(server, client);
    }
    works = works && SSL_is_init_finished(client) && SSL_is_init_finished(server);
    SSL_free(client);
    SSL_free(server);
    return works;
}

static bool practise_record(const struct tls_shaking *shaking)
{
    struct tls_key seal = {0}, open = {0};
    uint8_t byte = 'x', record[TLS_HEADER + 2 + TLS_TAG];
    const struct iovec piece = {&byte, 1};
    enum tls_content type;
    size_t size = 0;
    const uint8_t *content = NULL;
    if (tls_key_begin(&seal, shaking->client_traffic, true) && tls_key_begin(&open, shaking->client_traffic, false) &&
        tls_key_update(&seal) && tls_key_update(&open) && tls_seal(&seal, TLS_DATA, &piece, 1, record))
        content = tls_open(&open, record, &size, &type);
    const bool works = content && size == 1 && *content == byte;
    tls_key_end(&seal);
    tls_key_end(&open);
    return works;
}

static void share(void)
{
    static const uint8_t some[WIRE_SECRET_SIZE] = {1};
    struct tls_shaking shaking = {.ticket = some, .secret = some};
    struct tls_shared *shared = &process.shared;
    /* Threads that are in a call while the program exits go on: what OpenSSL would free at exit is theirs. */
    OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
    ERR_set_mark();
    shared->client = make_context(true);
    shared->server = make_context(false);
    shared->cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    shared->kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    process.works = shared->cipher && shared->kdf && practise_handshake(&shaking) && practise_record(&shaking);
    ERR_pop_to_mark();
}

int tls_prepare(struct far_error *error)
{
    pthread_once(&process.once, share);
    if (process.works)
        return 0;
    return net_fail(error, EOPNOTSUPP, EX_UNAVAILABLE,
                    "transport tls: this machine's OpenSSL does not do TLS 1.3 with %s and X25519; see its openssl.cnf",
                    SUITE);
}
