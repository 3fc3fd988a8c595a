/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* TLS between client and host: with OpenSSL's own TLS on the other side, and with others that have no business there. */
#include "check.h"
#include "net_pair.h"
#include "runtime/net/socket.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MILLISECOND 1000000ull

static const struct transport_kind *tls;

/* What somebody does on the other end of our connection. */
typedef void other_side(SSL *ssl, int fd);

struct other {
    int fd;
    bool is_client, has_secret, has_certificate;
    other_side *does;
    int shook_hands;
};

static SSL_SESSION *session(SSL *ssl)
{
    static const unsigned char suite[2] = {0x13, 0x01};
    SSL_SESSION *made = SSL_SESSION_new();
    SSL_SESSION_set1_master_key(made, pair_secret, sizeof pair_secret);
    SSL_SESSION_set_cipher(made, SSL_CIPHER_find(ssl, suite));
    SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION);
    return made;
}

static int use_session(SSL *ssl, const EVP_MD *digest, const unsigned char **identity, size_t *size, SSL_SESSION **out)
{
    static char name[2 * WIRE_TICKET_SIZE + 1];
    (void)digest;
    for (size_t i = 0; i < WIRE_TICKET_SIZE; i++)
        sprintf(name + 2 * i, "%02x", pair_ticket[i]);
    *identity = (const unsigned char *)name;
    *size = strlen(name);
    *out = session(ssl);
    return 1;
}

static int find_session(SSL *ssl, const unsigned char *identity, size_t size, SSL_SESSION **out)
{
    (void)identity, (void)size;
    *out = session(ssl);
    return 1;
}

static void certify(SSL_CTX *context)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void *other_runs(void *argument)
{
    struct other *other = argument;
    sigset_t pipe; /* OpenSSL's own way to write would raise it; ours must not */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    if (other->has_secret && other->is_client)
        SSL_CTX_set_psk_use_session_callback(context, use_session);
    else if (other->has_secret)
        SSL_CTX_set_psk_find_session_callback(context, find_session);
    if (other->has_certificate)
        certify(context);
    SSL_CTX_set_num_tickets(context, 0);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, other->fd);
    other->shook_hands = other->is_client ? SSL_connect(ssl) : SSL_accept(ssl);
    if (other->does)
        other->does(ssl, other->fd);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(other->fd);
    return NULL;
}

/* Ours against OpenSSL's; what the handshake came to. */
static int against(struct other *other, pthread_t *thread, struct transport **out, struct far_error *error)
{
    int fd[2];
    pair_sockets(fd);
    other->fd = fd[1];
    pthread_create(thread, NULL, other_runs, other);
    return tls->begin(fd[0], !other->is_client, pair_ticket, pair_secret, 0, out, error);
}

static void echo(SSL *ssl, int fd)
{
    char bytes[40000];
    int size;
    (void)fd;
    while ((size = SSL_read(ssl, bytes, sizeof bytes)) > 0)
        SSL_write(ssl, bytes, size);
}

static void count_updates(int is_sent, int version, int type, const void *bytes, size_t size, SSL *ssl, void *count)
{
    (void)version, (void)ssl;
    if (!is_sent && type == SSL3_RT_HANDSHAKE && size && *(const uint8_t *)bytes == SSL3_MT_KEY_UPDATE)
        ++*(int *)count;
}

/* Pads its records, takes a new key after each, and asks for a new one of ours. */
static void echo_updating(SSL *ssl, int fd)
{
    char bytes[20000];
    int size, updates = 0;
    (void)fd;
    SSL_set_block_padding(ssl, 512);
    SSL_set_msg_callback(ssl, count_updates);
    SSL_set_msg_callback_arg(ssl, &updates);
    while ((size = SSL_read(ssl, bytes, sizeof bytes)) > 0) {
        SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
        SSL_write(ssl, bytes, size);
    }
    CHECK(updates >= 5);
}

static void talk(bool is_client, other_side *does)
{
    static uint8_t sent[100000], came[100000];
    struct other other = {.is_client = is_client, .has_secret = true, .does = does};
    struct transport *end;
    struct far_error error;
    pthread_t thread;
    size_t got;
    CHECK(against(&other, &thread, &end, &error) == 0);
    for (size_t size = 1; size < sizeof sent; size = size * 3 + 1) {
        const struct iovec part[3] = {
            {sent, size / 2}, {sent + size / 2, size / 3}, {sent + size / 2 + size / 3, size - size / 2 - size / 3}};
        memset(sent, (int)size, size);
        sent[size - 1] = 0; /* is no padding */
        CHECK(end->kind->send(end, part, 3, 0) == 0);
        CHECK(end->kind->receive(end, came, size, size, &got, 0) == 0 && got == size && memcmp(sent, came, size) == 0);
    }
    transport_end(end);
    pthread_join(thread, NULL);
    CHECK(other.shook_hands == 1);
}

static void update_only(SSL *ssl, int fd)
{
    (void)fd;
    for (int i = 0; i < 100; i++)
        if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(ssl) != 1)
            break;
    char byte;
    SSL_read(ssl, &byte, 1);
}

static void say_goodbye(SSL *ssl, int fd)
{
    (void)fd;
    SSL_shutdown(ssl);
    char byte;
    SSL_read(ssl, &byte, 1);
}

static void write_raw(SSL *ssl, int fd, const void *bytes, size_t size)
{
    char byte;
    (void)ssl;
    CHECK(write(fd, bytes, size) == (ssize_t)size);
    while (read(fd, &byte, 1) > 0)
        ;
}

static void forge(SSL *ssl, int fd)
{
    static const uint8_t record[5 + 40] = {23, 3, 3, 0, 40};
    write_raw(ssl, fd, record, sizeof record);
}

static void too_large(SSL *ssl, int fd)
{
    static const uint8_t header[5] = {23, 3, 3, 0x50, 0};
    write_raw(ssl, fd, header, sizeof header);
}

static void in_the_clear(SSL *ssl, int fd)
{
    static const uint8_t record[6] = {22, 3, 3, 0, 1, 0};
    write_raw(ssl, fd, record, sizeof record);
}

static void no_content(SSL *ssl, int fd)
{
    static const uint8_t record[5 + 16] = {23, 3, 3, 0, 16};
    write_raw(ssl, fd, record, sizeof record);
}

static void no_tag(SSL *ssl, int fd)
{
    static const uint8_t record[5 + 3] = {23, 3, 3, 0, 3};
    write_raw(ssl, fd, record, sizeof record);
}

/* Hears of it once, and ever after. */
static void misbehaves(other_side *does, int expected)
{
    struct other other = {.is_client = true, .has_secret = true, .does = does};
    struct transport *end;
    struct far_error error;
    pthread_t thread;
    char byte;
    size_t got;
    CHECK(against(&other, &thread, &end, &error) == 0);
    CHECK(end->kind->receive(end, &byte, 1, 1, &got, 0) == expected && got == 0);
    CHECK(end->kind->receive(end, &byte, 1, 1, &got, 0) == expected);
    CHECK(end->kind->is_readable(end));
    transport_end(end);
    pthread_join(thread, NULL);
}

static void without_secret(bool is_client, bool has_certificate)
{
    struct other other = {.is_client = is_client, .has_certificate = has_certificate};
    struct transport *end;
    struct far_error error;
    pthread_t thread;
    CHECK(against(&other, &thread, &end, &error) == -EPROTO && strstr(error.text, "secret"));
    pthread_join(thread, NULL);
}

static void other_secret(void)
{
    static const uint8_t wrong[WIRE_SECRET_SIZE] = {1};
    for (int which = 0; which < 2; which++) {
        struct pair_side side[2];
        int fd[2];
        pair_sockets(fd);
        for (int i = 0; i < 2; i++)
            side[i] = (struct pair_side){.kind = tls, .fd = fd[i], .ticket = pair_ticket, .secret = pair_secret};
        if (which == 0)
            side[0].secret = wrong;
        else
            side[0].ticket = wrong;
        pair_begin(side);
        CHECK(side[0].result == -EPROTO && strstr(side[0].error.text, "another secret"));
        CHECK(side[1].result == -EPROTO && strstr(side[1].error.text, "does not have this connection's secret"));
    }
}

static void no_tls(const char *says, bool closes, int expected)
{
    struct transport *end;
    struct far_error error;
    int fd[2];
    pair_sockets(fd);
    CHECK(write(fd[1], says, strlen(says)) == (ssize_t)strlen(says));
    if (closes)
        close(fd[1]);
    const uint64_t deadline = net_now() + 50 * MILLISECOND;
    CHECK(tls->begin(fd[0], false, pair_ticket, pair_secret, closes ? 0 : deadline, &end, &error) == expected);
    CHECK(error.code == -expected && error.text[0]);
    if (!closes)
        close(fd[1]);
}

/* A host's sandbox closes after the library was loaded: nothing more can be opened then. */
static void in_a_sandbox(void)
{
    const pid_t child = fork();
    if (child == 0) {
        struct transport *end[2];
        struct pair_side side[2];
        int fd[2];
        pair_sockets(fd);
        for (int i = 0; i < 2; i++)
            side[i] = (struct pair_side){.kind = tls, .fd = fd[i], .ticket = pair_ticket, .secret = pair_secret};
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_NOFILE, &none);
        pair_begin(side);
        for (int i = 0; i < 2; i++)
            end[i] = side[i].transport;
        const struct iovec part = {(char *)"x", 1};
        char byte = 0;
        size_t got;
        _exit(side[0].result || side[1].result || tls->send(end[0], &part, 1, 0) ||
              tls->receive(end[1], &byte, 1, 1, &got, 0) || byte != 'x');
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* The program's own OpenSSL has an error that it has not looked at yet: it is still there after a call. */
static void errors_stay(void)
{
    struct transport *end[2];
    char byte;
    size_t got;
    pair_make(tls, end);
    ERR_raise(ERR_LIB_USER, 77);
    const struct iovec part = {(char *)"x", 1};
    CHECK(tls->send(end[0], &part, 1, 0) == 0 && tls->receive(end[1], &byte, 1, 1, &got, 0) == 0);
    CHECK(ERR_GET_REASON(ERR_peek_error()) == 77);
    ERR_clear_error();
    transport_end(end[0]);
    transport_end(end[1]);
}

int main(void)
{
    struct far_error error = {0};
    tls = transport_load(WIRE_TLS, &error);
    if (!tls) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    in_a_sandbox();
    talk(true, echo);
    talk(false, echo);
    talk(true, echo_updating);
    talk(false, echo_updating);
    misbehaves(update_only, -EPROTO);
    misbehaves(say_goodbye, -ECONNRESET);
    misbehaves(forge, -EPROTO);
    misbehaves(too_large, -EPROTO);
    misbehaves(in_the_clear, -EPROTO);
    misbehaves(no_content, -EPROTO);
    misbehaves(no_tag, -EPROTO);
    without_secret(true, false);
    without_secret(false, false);
    without_secret(false, true);
    other_secret();
    no_tls("GET / HTTP/1.1\r\n\r\n", true, -EPROTO);
    no_tls("", true, -ECONNRESET);
    no_tls("", false, -ETIMEDOUT);
    errors_stay();
    return check_result();
}
