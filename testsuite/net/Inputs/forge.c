/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * forge CERTIFICATE CA-KEY WHAT: the certificate, signed anew, with another CN (cn=NAME), with these names alone (names=URI:…,URI:…), or
 * for this use alone (use=serverAuth).
 */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static int set_extension(X509 *certificate, int number, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *before = X509_delete_ext(certificate, X509_get_ext_by_NID(certificate, number, -1));
    X509_EXTENSION *now = X509V3_EXT_conf_nid(NULL, &context, number, value);
    int done = now && X509_add_ext(certificate, now, -1);
    X509_EXTENSION_free(before);
    X509_EXTENSION_free(now);
    return done;
}

static int set_name(X509 *certificate, const char *name)
{
    X509_NAME *subject = X509_NAME_new();
    int done = X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) &&
               X509_set_subject_name(certificate, subject);
    X509_NAME_free(subject);
    return done;
}

static int change(X509 *certificate, const char *what)
{
    const char *value = strchr(what, '=');
    if (value && strncmp(what, "cn=", 3) == 0)
        return set_name(certificate, value + 1);
    if (value && strncmp(what, "names=", 6) == 0)
        return set_extension(certificate, NID_subject_alt_name, value + 1);
    return value && strncmp(what, "use=", 4) == 0 && set_extension(certificate, NID_ext_key_usage, value + 1);
}

int main(int argc, char **argv)
{
    FILE *file = argc == 4 ? fopen(argv[1], "r") : NULL, *key_file = argc == 4 ? fopen(argv[2], "r") : NULL;
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    EVP_PKEY *key = key_file ? PEM_read_PrivateKey(key_file, NULL, NULL, NULL) : NULL;
    if (!certificate || !key || !change(certificate, argv[3])) {
        fprintf(stderr, "usage: forge CERTIFICATE CA-KEY cn=NAME|names=LIST|use=LIST\n");
        return 64;
    }
    fclose(file);
    fclose(key_file);
    if (X509_sign(certificate, key, NULL) <= 0 || !(file = fopen(argv[1], "w")) || !PEM_write_X509(file, certificate))
        return 74;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return fclose(file) ? 74 : 0;
}
