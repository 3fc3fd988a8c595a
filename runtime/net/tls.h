/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The inside of libfarcall-tls.so. OpenSSL does the handshake (tls_handshake.c) and the cryptography. The records behind it
 * (RFC 8446 5.2) are written and read here (tls_record.c): through SSL_write and SSL_read a small call would take half as long
 * again over loopback. What goes over the wire is TLS 1.3 like any other: testsuite/unit/net_tls.c talks to it with OpenSSL's own.
 */
#ifndef FARCALL_NET_TLS_H
#define FARCALL_NET_TLS_H

#include "runtime/net/socket.h"
#include "runtime/net/transport.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>

#define TLS_CONTENT_MAX 16384u                        /* bytes of a record's content */
#define TLS_HEADER      5u                            /* in front of it */
#define TLS_TAG         16u                           /* behind it, and the content's type */
#define TLS_SEALED_MAX  (TLS_CONTENT_MAX + 256u)      /* that a header may announce */
#define TLS_RECORD_MAX  (TLS_HEADER + TLS_SEALED_MAX) /* in all */
#define TLS_BUFFER      (4 * (size_t)TLS_RECORD_MAX)

#define TLS_SECRET 32u /* as SHA-256 */
#define TLS_KEY    16u /* AES-128 */
#define TLS_IV     12u

/* One direction. */
struct tls_key {
    EVP_CIPHER_CTX *cipher;
    uint64_t sequence; /* of the next record; each key has its own count */
    uint8_t secret[TLS_SECRET];
    uint8_t iv[TLS_IV];
};

struct tls_buffer {
    uint8_t *bytes; /* TLS_BUFFER of them */
    size_t begin, end;
};

struct tls {
    struct transport transport;
    struct net_socket socket;
    struct tls_key send_key, receive_key;
    struct tls_buffer in;        /* received, and not opened yet */
    struct tls_buffer out;       /* sealed, and not sent yet */
    const uint8_t *content;      /* in `in`: opened, and not taken yet */
    size_t content_size;         /* what is left of it */
    int failed;                  /* -errno: why it cannot go on */
    uint32_t idle_records;       /* one behind the other that said nothing */
    bool must_update;            /* the other side wants our next key */
    struct tls_shaking *shaking; /* until the handshake is over */
};

/* Of the process: made once, by tls_prepare, for all connections. */
struct tls_shared {
    SSL_CTX *client, *server;
    EVP_CIPHER *cipher;
    EVP_KDF *kdf;
};
const struct tls_shared *tls_shared(void);
int tls_prepare(struct far_error *error);

/* What the callbacks of a context find behind SSL_get_app_data. */
struct tls_shaking {
    const uint8_t *ticket, *secret;
    uint8_t client_traffic[TLS_SECRET], server_traffic[TLS_SECRET]; /* as they become known */
    char identity[2 * WIRE_TICKET_SIZE];
    uint64_t deadline;
    int result; /* of the socket's, when OpenSSL got nothing; 0 */
    bool heard_alert;
};

/* The whole handshake: then both keys are there. 0, or -errno and *error. */
int tls_shake_hands(struct tls *tls, bool is_client, uint64_t deadline, struct far_error *error);

/* The next traffic keys, made of key->secret. False: no memory. */
bool tls_key_begin(struct tls_key *key, const uint8_t secret[TLS_SECRET], bool seals);
bool tls_key_update(struct tls_key *key);
void tls_key_end(struct tls_key *key);

enum tls_content { TLS_ALERT = 21, TLS_HANDSHAKE = 22, TLS_DATA = 23 };

/* Seals the next record to `to` (TLS_HEADER + size + 1 + TLS_TAG bytes), from pieces. NULL: it failed. Otherwise where it ends. */
uint8_t *tls_seal(struct tls_key *key, enum tls_content type, const struct iovec *piece, int count, uint8_t *to);
/*
 * Opens a whole record in place. Its content, *size bytes, and *type; NULL: it is not what the other side has sent.
 */
const uint8_t *tls_open(struct tls_key *key, uint8_t *record, size_t *size, enum tls_content *type);
/* Of the record that begins there, in all; 0: its header is not whole yet. -EPROTO: no such record. */
int tls_record_size(const uint8_t *bytes, size_t size);

int tls_flush(struct tls *tls, uint64_t deadline);
/* Some more bytes into `in`, sleeping or not. */
int tls_fill(struct tls *tls, bool may_sleep, uint64_t deadline);

#endif
