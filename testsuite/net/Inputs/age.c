/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* age CERTIFICATE CA-KEY DAYS: the certificate, signed anew, as one that ended so many days ago; with -DAYS, that begins in so many. */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY 86400L

int main(int argc, char **argv)
{
    FILE *file = argc == 4 ? fopen(argv[1], "r") : NULL, *key_file = argc == 4 ? fopen(argv[2], "r") : NULL;
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    EVP_PKEY *key = key_file ? PEM_read_PrivateKey(key_file, NULL, NULL, NULL) : NULL;
    if (!certificate || !key) {
        fprintf(stderr, "usage: age CERTIFICATE CA-KEY DAYS\n");
        return 64;
    }
    long days = atol(argv[3]);
    fclose(file);
    fclose(key_file);
    X509_gmtime_adj(X509_getm_notBefore(certificate), days < 0 ? -days * DAY : -(days + 1) * DAY);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days < 0 ? (-days + 1) * DAY : -days * DAY);
    if (X509_sign(certificate, key, NULL) <= 0 || !(file = fopen(argv[1], "w")) || !PEM_write_X509(file, certificate))
        return 74;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return fclose(file) ? 74 : 0;
}
