/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * OpenSSL's handshake over our buffers. The descriptor itself is never given to OpenSSL, so sleeping and deadlines are as with plain TCP,
 * and there is no SIGPIPE. What has been received behind the handshake's last byte stays in the buffer, for tls_record.c.
 */
#include "runtime/net/fail.h"
#include "runtime/net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sysexits.h>

static int io_write(BIO *bio, const char *bytes, size_t size, size_t *written)
{
    struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (size > TLS_BUFFER - tls->out.end) {
        tls->shaking->result = tls_flush(tls, tls->shaking->deadline);
        if (tls->shaking->result)
            return 0;
    }
    if (size > TLS_BUFFER)
        size = TLS_BUFFER;
    memcpy(tls->out.bytes + tls->out.end, bytes, size);
    tls->out.end += size;
    *written = size;
    return 1;
}

static int io_read(BIO *bio, char *to, size_t most, size_t *got)
{
    struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *got = 0;
    if (tls->in.begin == tls->in.end) {
        tls->shaking->result = tls_flush(tls, tls->shaking->deadline);
        if (!tls->shaking->result)
            tls->shaking->result = tls_fill(tls, true, tls->shaking->deadline);
        if (tls->shaking->result)
            return 0;
    }
    const size_t there = tls->in.end - tls->in.begin;
    *got = there < most ? there : most;
    memcpy(to, tls->in.bytes + tls->in.begin, *got);
    tls->in.begin += *got;
    return 1;
}

static long io_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP; /* it is sent before the next waiting */
}

/* The table of functions is OpenSSL's to make, and is the same for all: it is made with the first and kept. */
static BIO_METHOD *io_method(void)
{
    static BIO_METHOD *kept;
    BIO_METHOD *method = __atomic_load_n(&kept, __ATOMIC_ACQUIRE);
    BIO_METHOD *nobody = NULL;
    if (method)
        return method;
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "farcall");
    if (!method || !BIO_meth_set_write_ex(method, io_write) || !BIO_meth_set_read_ex(method, io_read) ||
        !BIO_meth_set_ctrl(method, io_control)) {
        BIO_meth_free(method);
        return NULL;
    }
    if (__atomic_compare_exchange_n(&kept, &nobody, method, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return method;
    BIO_meth_free(method);
    return nobody;
}

static void watch_messages(int is_sent, int version, int type, const void *bytes, size_t size, SSL *ssl, void *unused)
{
    struct tls_shaking *shaking = SSL_get_app_data(ssl);
    (void)version, (void)bytes, (void)size, (void)unused;
    if (!is_sent && type == SSL3_RT_ALERT)
        shaking->heard_alert = true;
}

static SSL *make_ssl(struct tls *tls, bool is_client)
{
    SSL *ssl = SSL_new(is_client ? tls_shared()->client : tls_shared()->server);
    BIO_METHOD *method = io_method();
    BIO *bio = ssl && method ? BIO_new(method) : NULL;
    if (!bio) {
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, tls->shaking);
    SSL_set_msg_callback(ssl, watch_messages);
    if (is_client)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    return ssl;
}

static int handshake_failed(const struct tls_shaking *shaking, bool is_client, struct far_error *error)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    const int result = shaking->result;
    if (result == -ETIMEDOUT)
        return net_fail(error, ETIMEDOUT, EX_UNAVAILABLE, "the TLS handshake was not finished in time");
    if (result && !shaking->heard_alert)
        return net_fail(error, -result, EX_UNAVAILABLE, "the connection was lost during the TLS handshake: %s",
                        strerror(-result));
    return net_fail(error, EPROTO, EX_PROTOCOL, "TLS: the %s %s (%s)", is_client ? "node" : "client",
                    shaking->heard_alert ? "has refused: it has another secret for this connection"
                                         : "does not have this connection's secret, or speaks no TLS",
                    reason ? reason : "no reason given");
}

static bool take_keys(struct tls *tls, SSL *ssl, bool is_client)
{
    const struct tls_shaking *shaking = tls->shaking;
    return SSL_session_reused(ssl) && /* which means: keyed by the secret */
           tls_key_begin(&tls->send_key, is_client ? shaking->client_traffic : shaking->server_traffic, true) &&
           tls_key_begin(&tls->receive_key, is_client ? shaking->server_traffic : shaking->client_traffic, false);
}

int tls_shake_hands(struct tls *tls, bool is_client, uint64_t deadline, struct far_error *error)
{
    struct tls_shaking *shaking = tls->shaking;
    SSL *ssl = make_ssl(tls, is_client);
    if (!ssl)
        return net_fail(error, ENOMEM, EX_OSERR, "no memory for a connection with TLS");
    int result = 0;
    shaking->deadline = deadline;
    ERR_set_mark();
    if (SSL_do_handshake(ssl) != 1) {
        tls_flush(tls, deadline); /* why, for the other side */
        result = handshake_failed(shaking, is_client, error);
    } else if (!take_keys(tls, ssl, is_client)) {
        result = net_fail(error, ENOMEM, EX_OSERR, "the keys of a connection with TLS could not be made");
    } else if ((result = tls_flush(tls, deadline)) != 0) {
        shaking->result = result;
        result = handshake_failed(shaking, is_client, error);
    }
    ERR_pop_to_mark();
    SSL_free(ssl);
    return result;
}
