/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * TLS 1.3 between a client's thread and a host's worker, keyed by the secret that their fards have agreed on for this one connection (an
 * external PSK, RFC 8446 2.2), with fresh X25519 keys besides: who learns the secret later reads nothing of it. No certificates,
 * no session tickets, no early data, one cipher suite. A small frame is one record and one system call.
 */
#include "runtime/net/tls.h"

#include "runtime/net/fail.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* A key may protect 2^24.5 full records (RFC 8446 5.5). */
#define RECORDS_PER_KEY (1u << 23)
/* Key updates and empty records of another side that says nothing else: it would keep a thread busy for nothing. */
#define IDLE_RECORDS_MOST 32u
#define HANDSHAKE_NS      10000000000ull

extern const struct transport_kind farcall_transport;

int tls_flush(struct tls *tls, uint64_t deadline)
{
    const struct iovec part = {tls->out.bytes, tls->out.end};
    if (!tls->out.end)
        return 0;
    tls->out.end = 0;
    return socket_send(&tls->socket, &part, 1, deadline);
}

int tls_fill(struct tls *tls, bool may_sleep, uint64_t deadline)
{
    struct tls_buffer *in = &tls->in;
    const size_t there = in->end - in->begin;
    size_t got;
    if (!there) {
        in->begin = in->end = 0;
    } else if (TLS_BUFFER - in->begin < TLS_RECORD_MAX) { /* what has begun to come would not fit */
        memmove(in->bytes, in->bytes + in->begin, there);
        in->begin = 0;
        in->end = there;
    }
    const int result = may_sleep ? socket_receive(&tls->socket, in->bytes + in->end, TLS_BUFFER - in->end,
                                                  tls->transport.spin, deadline, &got)
                                 : socket_take(&tls->socket, in->bytes + in->end, TLS_BUFFER - in->end, &got);
    in->end += got;
    return result;
}

static void tls_end(struct transport *transport)
{
    struct tls *tls = (struct tls *)transport;
    tls_key_end(&tls->send_key);
    tls_key_end(&tls->receive_key);
    close(transport->fd);
    free(tls->in.bytes);
    free(tls->out.bytes);
    free(tls);
}

static struct tls *tls_new(int fd)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return NULL;
    tls->transport = (struct transport){.kind = &farcall_transport, .fd = fd, .poll_fd = fd};
    tls->in.bytes = malloc(TLS_BUFFER);
    tls->out.bytes = malloc(TLS_BUFFER);
    if (tls->in.bytes && tls->out.bytes) {
        socket_prepare(&tls->socket, fd);
        return tls;
    }
    free(tls->in.bytes);
    free(tls->out.bytes);
    free(tls);
    return NULL;
}

static uint64_t handshake_deadline(uint64_t deadline)
{
    const uint64_t most = net_now() + HANDSHAKE_NS;
    return deadline && deadline < most ? deadline : most;
}

static int tls_begin(int fd, bool is_client, const uint8_t ticket[WIRE_TICKET_SIZE],
                     const uint8_t secret[WIRE_SECRET_SIZE], uint64_t deadline, struct transport **out,
                     struct far_error *error)
{
    struct tls_shaking shaking = {.ticket = ticket, .secret = secret};
    const int unprepared = tls_prepare(error);
    struct tls *tls = unprepared ? NULL : tls_new(fd);
    if (!tls) {
        close(fd);
        return unprepared ? unprepared : net_fail(error, ENOMEM, EX_OSERR, "no memory for a connection with TLS");
    }
    tls->shaking = &shaking;
    const int result = tls_shake_hands(tls, is_client, handshake_deadline(deadline), error);
    tls->shaking = NULL;
    OPENSSL_cleanse(&shaking, sizeof shaking);
    if (result)
        tls_end(&tls->transport);
    else
        *out = &tls->transport;
    return result;
}

/* One record more of what goes out; sent when the next one might not fit. */
static int put_record(struct tls *tls, enum tls_content type, const struct iovec *piece, int count, uint64_t deadline)
{
    if (TLS_BUFFER - tls->out.end < TLS_RECORD_MAX) {
        const int result = tls_flush(tls, deadline);
        if (result)
            return result;
    }
    const uint8_t *end = tls_seal(&tls->send_key, type, piece, count, tls->out.bytes + tls->out.end);
    if (!end)
        return -ENOMEM;
    tls->out.end = (size_t)(end - tls->out.bytes);
    return 0;
}

/* Says that from the next record on it will be the next key (RFC 8446 4.6.3), without asking for the other side's. */
static int update_key(struct tls *tls, uint64_t deadline)
{
    uint8_t message[5] = {SSL3_MT_KEY_UPDATE, 0, 0, 1, SSL_KEY_UPDATE_NOT_REQUESTED};
    const struct iovec piece = {message, sizeof message};
    const int result = put_record(tls, TLS_HANDSHAKE, &piece, 1, deadline);
    tls->must_update = false;
    return result ? result : tls_key_update(&tls->send_key) ? 0 : -ENOMEM;
}

/* As many pieces as fill one record. */
#define PIECES 64
struct pieces {
    struct iovec piece[PIECES];
    int count;
    size_t bytes;
};

static int put_pieces(struct tls *tls, struct pieces *pieces, uint64_t deadline)
{
    int result = 0;
    if (tls->must_update || tls->send_key.sequence >= RECORDS_PER_KEY)
        result = update_key(tls, deadline);
    if (!result)
        result = put_record(tls, TLS_DATA, pieces->piece, pieces->count, deadline);
    pieces->count = 0;
    pieces->bytes = 0;
    return result;
}

static int put_parts(struct tls *tls, const struct iovec *part, int count, uint64_t deadline)
{
    struct pieces pieces = {.count = 0};
    int result = 0;
    for (int i = 0; i < count; i++)
        for (size_t at = 0; at < part[i].iov_len && !result;) {
            const size_t left = part[i].iov_len - at, room = TLS_CONTENT_MAX - pieces.bytes;
            const size_t some = left < room ? left : room;
            pieces.piece[pieces.count++] = (struct iovec){(char *)part[i].iov_base + at, some};
            pieces.bytes += some;
            at += some;
            if (pieces.bytes == TLS_CONTENT_MAX || pieces.count == PIECES)
                result = put_pieces(tls, &pieces, deadline);
        }
    return result || !pieces.count ? result : put_pieces(tls, &pieces, deadline);
}

static int tls_send(struct transport *transport, const struct iovec *part, int count, uint64_t deadline)
{
    struct tls *tls = (struct tls *)transport;
    if (tls->failed)
        return tls->failed;
    int result = put_parts(tls, part, count, deadline);
    if (!result)
        result = tls_flush(tls, deadline);
    if (result) /* half a record cannot be taken back */
        tls->failed = result == -ETIMEDOUT ? -ECONNRESET : result;
    return result;
}

/* The one message that there is behind the handshake. */
static int take_message(struct tls *tls, const uint8_t *message, size_t size)
{
    static const uint8_t update[4] = {SSL3_MT_KEY_UPDATE, 0, 0, 1};
    if (size != 5 || memcmp(message, update, sizeof update) != 0 || message[4] > SSL_KEY_UPDATE_REQUESTED)
        return -EPROTO;
    if (message[4] == SSL_KEY_UPDATE_REQUESTED)
        tls->must_update = true;
    return tls_key_update(&tls->receive_key) ? 0 : -ENOMEM;
}

static int take_record(struct tls *tls, uint8_t *record, size_t record_size)
{
    enum tls_content type;
    size_t size;
    const uint8_t *content = tls_open(&tls->receive_key, record, &size, &type);
    if (!content)
        return -EPROTO;
    tls->in.begin += record_size;
    if (type == TLS_ALERT) /* whatever it says, it ends the connection */
        return -ECONNRESET;
    if (type == TLS_DATA && size) {
        tls->idle_records = 0;
        tls->content = content;
        tls->content_size = size;
        return 0;
    }
    if (++tls->idle_records > IDLE_RECORDS_MOST)
        return -EPROTO;
    return type == TLS_DATA ? 0 : type == TLS_HANDSHAKE ? take_message(tls, content, size) : -EPROTO;
}

/* Until there is content, in order. -EAGAIN: not yet, and it may not sleep. */
static int next_content(struct tls *tls, bool may_sleep, uint64_t deadline)
{
    int result = 0;
    while (!result && !tls->content_size) {
        uint8_t *record = tls->in.bytes + tls->in.begin;
        const size_t there = tls->in.end - tls->in.begin;
        const int size = tls_record_size(record, there);
        if (size < 0) {
            result = size;
        } else if (size && (size_t)size <= there) {
            result = take_record(tls, record, (size_t)size);
        } else {
            result = tls_fill(tls, may_sleep, deadline);
            if (!result && tls->in.end - tls->in.begin == there)
                return -EAGAIN;
        }
    }
    if (result && result != -ETIMEDOUT)
        tls->failed = result;
    return result;
}

static size_t take_content(struct tls *tls, void *to, size_t most)
{
    const size_t some = tls->content_size < most ? tls->content_size : most;
    memcpy(to, tls->content, some);
    tls->content += some;
    tls->content_size -= some;
    return some;
}

static int tls_receive(struct transport *transport, void *to, size_t least, size_t most, size_t *got, uint64_t deadline)
{
    struct tls *tls = (struct tls *)transport;
    const size_t wanted = least ? least : most ? 1 : 0;
    size_t all = 0;
    int result = 0;
    while (!result && all < wanted) {
        if (!tls->content_size)
            result = tls->failed ? tls->failed : next_content(tls, least != 0, deadline);
        if (!result)
            all += take_content(tls, (char *)to + all, most - all);
    }
    *got = all;
    return result == -EAGAIN ? 0 : result;
}

static bool tls_is_readable(struct transport *transport)
{
    struct tls *tls = (struct tls *)transport;
    return tls->content_size || tls->failed || next_content(tls, false, 0) != -EAGAIN;
}

const struct transport_kind farcall_transport = {
    .number = WIRE_TLS,
    .version = TRANSPORT_VERSION,
    .prepare = tls_prepare,
    .begin = tls_begin,
    .send = tls_send,
    .receive = tls_receive,
    .is_readable = tls_is_readable,
    .end = tls_end,
};
