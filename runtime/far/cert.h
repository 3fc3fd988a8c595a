/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far cert's parts: certificates made in memory, and files written whole. All return 0 or an exit code, printed. */
#ifndef FARCALL_FAR_CERT_H
#define FARCALL_FAR_CERT_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define CERT_HOSTS_MAX 16

struct cert_pair {
    EVP_PKEY *key;
    X509 *certificate;
};
void cert_pair_end(struct cert_pair *pair);

/* cert_make.c */
int cert_make_ca(const char *name, uint64_t days, struct cert_pair *out);
/* For a node; hosts: addresses and names under which it is reached. */
int cert_make_node(const struct cert_pair *ca, const char *name, const char *const *hosts, unsigned host_count,
                   uint64_t days, struct cert_pair *out);
int cert_mistake(const char *what); /* with what OpenSSL says of it; EX_SOFTWARE */

/* cert_files.c */
int cert_read(const char *path, X509 **out);
int cert_read_key(const char *path, EVP_PKEY **out);
/* DIR, made if need be; files in it: none that is there is replaced without `force`. */
int cert_make_folder(const char *folder);
int cert_check_free(const char *folder, const char *name, bool force);
int cert_write(const char *folder, const char *name, X509 *certificate);
int cert_write_key(const char *folder, const char *name, EVP_PKEY *key);

/* cert_show.c */
int cert_show(const char *path, bool json);

#endif
