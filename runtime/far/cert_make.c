/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A CA for trying out, and nodes' certificates of it: Ed25519, X.509 version 3. */
#include "runtime/far/cert.h"
#include "runtime/fard/node_name.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define BACKDATED_S 300 /* clocks of nodes differ */
#define DAY_S       86400

int cert_mistake(const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    fprintf(stderr, "far: cert: %s%s%s\n", what, reason ? ": " : "", reason ? reason : "");
    ERR_clear_error();
    return EX_SOFTWARE;
}

void cert_pair_end(struct cert_pair *pair)
{
    EVP_PKEY_free(pair->key);
    X509_free(pair->certificate);
    *pair = (struct cert_pair){0};
}

/* Random: it need not be remembered which ones were given out. */
static bool set_serial(X509 *certificate)
{
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return done;
}

static bool add(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool done = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

/* What both kinds have. */
static bool fill(X509 *certificate, X509 *issuer, EVP_PKEY *key, const char *name, uint64_t days)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -BACKDATED_S) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), (long)(days * DAY_S)) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) && X509_set_pubkey(certificate, key) &&
           add(certificate, issuer, NID_subject_key_identifier, "hash");
}

static bool begin(struct cert_pair *pair)
{
    pair->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    pair->certificate = X509_new();
    return pair->key && pair->certificate;
}

static int finish(struct cert_pair *pair, EVP_PKEY *by, bool sound)
{
    if (sound && X509_sign(pair->certificate, by, NULL) > 0)
        return 0;
    cert_pair_end(pair);
    return cert_mistake("OpenSSL cannot make the certificate");
}

int cert_make_ca(const char *name, uint64_t days, struct cert_pair *out)
{
    *out = (struct cert_pair){0};
    bool sound = begin(out) && fill(out->certificate, out->certificate, out->key, name, days) &&
                 add(out->certificate, out->certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                 add(out->certificate, out->certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    return finish(out, out->key, sound);
}

static GENERAL_NAME *general_name(const char *host)
{
    bool number = strspn(host, "0123456789.") == strlen(host) || strchr(host, ':');
    return a2i_GENERAL_NAME(NULL, NULL, NULL, number ? GEN_IPADD : GEN_DNS, host, 0);
}

static bool add_names(X509 *certificate, const char *name, const char *const *hosts, unsigned host_count)
{
    char uri[128];
    snprintf(uri, sizeof uri, NODE_URI "%s", name);
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *next = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_URI, uri, 0);
    bool sound = names && next && sk_GENERAL_NAME_push(names, next);
    for (unsigned i = 0; sound && i < host_count; i++) {
        next = general_name(hosts[i]);
        sound = next && sk_GENERAL_NAME_push(names, next);
    }
    sound = sound && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
    GENERAL_NAMES_free(names);
    return sound;
}

int cert_make_node(const struct cert_pair *ca, const char *name, const char *const *hosts, unsigned host_count,
                   uint64_t days, struct cert_pair *out)
{
    *out = (struct cert_pair){0};
    bool sound = begin(out) && fill(out->certificate, ca->certificate, out->key, name, days) &&
                 add(out->certificate, ca->certificate, NID_authority_key_identifier, "keyid") &&
                 add(out->certificate, ca->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
                 add(out->certificate, ca->certificate, NID_key_usage, "critical,digitalSignature") &&
                 add(out->certificate, ca->certificate, NID_ext_key_usage, "serverAuth,clientAuth") &&
                 add_names(out->certificate, name, hosts, host_count);
    return finish(out, ca->key, sound);
}
