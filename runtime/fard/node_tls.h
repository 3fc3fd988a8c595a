/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Who this node is, by its certificate, and what OpenSSL is told for its links. */
#ifndef FARCALL_NODE_TLS_H
#define FARCALL_NODE_TLS_H

#include "runtime/fard/error.h"
#include "runtime/fard/node_name.h"

#include <openssl/ssl.h>
#include <stddef.h>

struct node_identity {
    SSL_CTX *context;             /* NULL: none */
    char name[FAR_NODE_NAME_MAX]; /* of this node */
};

/* ca.pem, node.pem and node.key of a folder. 0, FARD_REFUSED or a negative errno. */
int node_identity_load(struct node_identity *identity, const char *folder, struct far_error *error);
void node_identity_end(struct node_identity *identity);

/* The name in a certificate: its URI, which its CN must repeat. 0 or FARD_REFUSED. */
int node_certificate_name(X509 *certificate, char name[FAR_NODE_NAME_MAX], struct far_error *error);
/* What OpenSSL has last complained of, in words, also about the other's certificate. */
void node_tls_reason(SSL *ssl, char *text, size_t size);

#endif
