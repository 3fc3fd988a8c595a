/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far cert show: what other nodes see in a certificate. */
#include "runtime/far/cert.h"
#include "runtime/far/registry_client.h"
#include "runtime/fard/node_name.h"
#include "runtime/format/json.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define TEXT_ROOM 300

struct shown {
    char subject[TEXT_ROOM], issuer[TEXT_ROOM], node[TEXT_ROOM];
    char begin[32], end[32];
    const char *state;
    bool authority;
};

static void take_name(const X509_NAME *name, char text[TEXT_ROOM])
{
    char plain[64] = "";
    X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name, NID_commonName, plain, sizeof plain);
    fard_visible(plain, strlen(plain), text);
}

static void take_time(const ASN1_TIME *time, char text[32])
{
    struct tm when = {0};
    if (ASN1_TIME_to_tm(time, &when) == 1)
        strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &when);
    else
        strcpy(text, "?");
}

static void address_text(const GENERAL_NAME *name, char text[TEXT_ROOM])
{
    const unsigned char *bytes = ASN1_STRING_get0_data(name->d.ip);
    int size = ASN1_STRING_length(name->d.ip);
    if ((size != 4 && size != 16) || !inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text, TEXT_ROOM))
        strcpy(text, "?");
}

static bool host_text(const GENERAL_NAME *name, char text[TEXT_ROOM])
{
    if (name->type == GEN_IPADD)
        address_text(name, text);
    else if (name->type == GEN_DNS && ASN1_STRING_length(name->d.dNSName) < 64)
        fard_visible((const char *)ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName),
                     text);
    else
        return false;
    return true;
}

static bool node_text(const GENERAL_NAME *name, char text[TEXT_ROOM])
{
    size_t prefix = strlen(NODE_URI);
    if (name->type != GEN_URI || ASN1_STRING_length(name->d.ia5) >= 64 + (int)prefix)
        return false;
    const char *uri = (const char *)ASN1_STRING_get0_data(name->d.ia5);
    size_t size = (size_t)ASN1_STRING_length(name->d.ia5);
    if (size <= prefix || strncmp(uri, NODE_URI, prefix) != 0)
        return false;
    fard_visible(uri + prefix, size - prefix, text);
    return true;
}

static const char *state_of(X509 *certificate)
{
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        return "not valid yet";
    return X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 ? "expired" : "valid";
}

static void print_hosts(const GENERAL_NAMES *names)
{
    char text[TEXT_ROOM];
    const char *between = "";
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        if (!host_text(sk_GENERAL_NAME_value(names, i), text))
            continue;
        printf("%s%s", between, text);
        between = " ";
    }
}

static void print_json(const struct shown *shown, const GENERAL_NAMES *names)
{
    struct json json = {.out = stdout};
    char text[TEXT_ROOM];
    json_open(&json, NULL, '{');
    json_string(&json, "subject", shown->subject);
    json_string(&json, "issuer", shown->issuer);
    json_string(&json, "node", shown->node[0] ? shown->node : NULL);
    json_string(&json, "not_before", shown->begin);
    json_string(&json, "not_after", shown->end);
    json_string(&json, "state", shown->state);
    json_bool(&json, "authority", shown->authority);
    json_open(&json, "hosts", '[');
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++)
        if (host_text(sk_GENERAL_NAME_value(names, i), text))
            json_string(&json, NULL, text);
    json_close(&json, ']');
    json_close(&json, '}');
}

static void print_text(const struct shown *shown, const GENERAL_NAMES *names)
{
    printf("%-10s%s\n", shown->authority ? "CA" : "subject", shown->subject);
    if (shown->node[0])
        printf("%-10s%s\n", "node", shown->node);
    printf("%-10s%s\n%-10s%s … %s, %s\n", "issuer", shown->issuer, "time", shown->begin, shown->end, shown->state);
    if (shown->authority)
        return;
    printf("%-10s", "hosts");
    print_hosts(names);
    putchar('\n');
}

int cert_show(const char *path, bool json)
{
    X509 *certificate = NULL;
    struct shown shown = {0};
    int code = cert_read(path, &certificate);
    if (code)
        return code;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    take_name(X509_get_subject_name(certificate), shown.subject);
    take_name(X509_get_issuer_name(certificate), shown.issuer);
    take_time(X509_get0_notBefore(certificate), shown.begin);
    take_time(X509_get0_notAfter(certificate), shown.end);
    shown.state = state_of(certificate);
    shown.authority = X509_check_ca(certificate) == 1;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && !shown.node[0]; i++)
        node_text(sk_GENERAL_NAME_value(names, i), shown.node);
    if (json)
        print_json(&shown, names);
    else
        print_text(&shown, names);
    GENERAL_NAMES_free(names);
    X509_free(certificate);
    return 0;
}
