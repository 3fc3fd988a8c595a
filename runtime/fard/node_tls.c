/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/node_tls.h"
#include "runtime/fard/node_parts.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define PATH_ROOM 4096
#define CHAIN_MAX 4 /* certificates between a node's and its CA's */

void node_tls_reason(SSL *ssl, char *text, size_t size)
{
    long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (verdict != X509_V_OK)
        snprintf(text, size, "its certificate: %s", X509_verify_cert_error_string(verdict));
    else
        snprintf(text, size, "TLS: %s", reason ? reason : "it was ended by the other side");
    ERR_clear_error();
}

static int refuse_tls(struct far_error *error, const char *path, const char *what)
{
    char reason[200];
    node_tls_reason(NULL, reason, sizeof reason);
    return refuse(error, EINVAL, EX_CONFIG, "%s: %s (%s)", path, what, reason);
}

static int never_ask(char *buffer, int size, int writing, void *nothing)
{
    (void)buffer, (void)size, (void)writing, (void)nothing;
    return 0;
}

static int open_file(const char *path, FILE **out, struct far_error *error)
{
    *out = fopen(path, "re");
    if (*out)
        return 0;
    int code = errno;
    return refuse(error, code, code == ENOENT ? EX_NOINPUT : EX_NOPERM,
                  "%s: %s; a node needs ca.pem, node.pem and node.key (far cert makes them, --tls says where they are)",
                  path, strerror(code));
}

/* Whoever can read it is this node. */
static int check_key_mode(FILE *file, const char *path, struct far_error *error)
{
    struct stat status;
    if (fstat(fileno(file), &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return refuse(error, EINVAL, EX_CONFIG, "%s: it is no file", path);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return refuse(error, EACCES, EX_NOPERM, "%s: it belongs to uid %u, who could be this node, too", path,
                      status.st_uid);
    if (status.st_mode & 077)
        return refuse(error, EACCES, EX_NOPERM,
                      "%s: others can read the node's key (mode %03o); chmod 600, and make a new one if they have",
                      path, status.st_mode & 0777);
    return 0;
}

static int read_certificate(const char *path, X509 **out, struct far_error *error)
{
    FILE *file;
    int result = open_file(path, &file, error);
    if (result)
        return result;
    *out = PEM_read_X509(file, NULL, never_ask, NULL);
    fclose(file);
    return *out ? 0 : refuse_tls(error, path, "there is no certificate in it");
}

static int read_key(const char *path, EVP_PKEY **out, struct far_error *error)
{
    FILE *file;
    int result = open_file(path, &file, error);
    if (result)
        return result;
    result = check_key_mode(file, path, error);
    if (!result && !(*out = PEM_read_PrivateKey(file, NULL, never_ask, NULL)))
        result = refuse_tls(error, path, "there is no key in it that can be read without a password");
    fclose(file);
    return result;
}

static int check_time(X509 *certificate, const char *path, struct far_error *error)
{
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        return refuse(error, EINVAL, EX_CONFIG, "%s: the certificate is not valid yet; is this machine's clock right?",
                      path);
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        return refuse(error, EINVAL, EX_CONFIG, "%s: the certificate has expired; make a new one (far cert node)",
                      path);
    return 0;
}

static bool take_uri(X509 *certificate, char name[FAR_NODE_NAME_MAX])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    unsigned found = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *at = sk_GENERAL_NAME_value(names, i);
        const char *text = at->type == GEN_URI ? (const char *)ASN1_STRING_get0_data(at->d.ia5) : "";
        size_t length = at->type == GEN_URI ? (size_t)ASN1_STRING_length(at->d.ia5) : 0, prefix = strlen(NODE_URI);
        if (length <= prefix || length - prefix >= FAR_NODE_NAME_MAX || strncmp(text, NODE_URI, prefix) != 0)
            continue;
        memset(name, 0, FAR_NODE_NAME_MAX);
        memcpy(name, text + prefix, length - prefix);
        found += strlen(name) == length - prefix ? 1 : 2;
    }
    GENERAL_NAMES_free(names);
    return found == 1;
}

int node_certificate_name(X509 *certificate, char name[FAR_NODE_NAME_MAX], struct far_error *error)
{
    char common[FAR_NODE_NAME_MAX + 1] = "";
    int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common, sizeof common);
    if (!take_uri(certificate, name) || !node_name_is_sound(name, FAR_NODE_NAME_MAX))
        return refuse(error, EACCES, EX_CONFIG, "the certificate names no node (URI:" NODE_URI "NAME)");
    if (length < 0 || (size_t)length != strlen(name) || strcmp(common, name) != 0)
        return refuse(error, EACCES, EX_CONFIG, "the certificate's CN is not the node that its URI names, %s", name);
    return 0;
}

/* As the other nodes will look at it. */
static int check_chain(X509 *ca, X509 *certificate, const char *path, struct far_error *error)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int result = -ENOMEM;
    if (store && context && X509_STORE_add_cert(store, ca) && X509_STORE_CTX_init(context, store, certificate, NULL)) {
        int verdict = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
        result = verdict == X509_V_OK
                     ? 0
                     : refuse(error, EINVAL, EX_CONFIG, "%s: it does not hold under ca.pem beside it: %s", path,
                              X509_verify_cert_error_string(verdict));
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return result;
}

struct material {
    X509 *ca, *certificate;
    EVP_PKEY *key;
};

static int check_material(const struct material *material, const char *ca_path, const char *path,
                          struct node_identity *identity, struct far_error *error)
{
    struct far_error why;
    int result = check_time(material->ca, ca_path, error);
    result = result ? result : check_time(material->certificate, path, error);
    result = result ? result : check_chain(material->ca, material->certificate, path, error);
    if (!result && X509_check_private_key(material->certificate, material->key) != 1)
        result = refuse_tls(error, path, "node.key beside it is not this certificate's key");
    if (!result && node_certificate_name(material->certificate, identity->name, &why))
        result = refuse(error, EINVAL, EX_CONFIG, "%s: %s", path, why.text);
    return result;
}

/* TLS 1.3 only; nothing is resumed: who has lost his right should not come back by an old session. */
static int make_context(struct node_identity *identity, const struct material *material)
{
    SSL_CTX *context = identity->context = SSL_CTX_new(TLS_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_use_certificate(context, material->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, material->key) != 1 ||
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), material->ca) != 1)
        return -ENOMEM;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(context, CHAIN_MAX);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    return 0;
}

int node_identity_load(struct node_identity *identity, const char *folder, struct far_error *error)
{
    char ca[PATH_ROOM], node[PATH_ROOM], key[PATH_ROOM];
    struct material material = {0};
    *identity = (struct node_identity){0};
    if (snprintf(ca, sizeof ca, "%s/ca.pem", folder) >= PATH_ROOM ||
        snprintf(node, sizeof node, "%s/node.pem", folder) >= PATH_ROOM ||
        snprintf(key, sizeof key, "%s/node.key", folder) >= PATH_ROOM)
        return refuse(error, ENAMETOOLONG, EX_USAGE, "--tls: the folder's path is too long");
    int result = read_certificate(ca, &material.ca, error);
    result = result ? result : read_certificate(node, &material.certificate, error);
    result = result ? result : read_key(key, &material.key, error);
    result = result ? result : check_material(&material, ca, node, identity, error);
    result = result ? result : make_context(identity, &material);
    X509_free(material.ca);
    X509_free(material.certificate);
    EVP_PKEY_free(material.key);
    if (result)
        node_identity_end(identity);
    return result;
}

void node_identity_end(struct node_identity *identity)
{
    SSL_CTX_free(identity->context);
    *identity = (struct node_identity){0};
}
