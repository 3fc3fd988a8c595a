/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far cert: who nodes are. A small CA, for whoever has none. */
#include "runtime/far/cert.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/fard/node_name.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define CA_DAYS   3650
#define NODE_DAYS 825
#define DAYS_MAX  36500

struct cert_options {
    const char *ca;
    const char *output;
    const char *hosts[CERT_HOSTS_MAX];
    unsigned host_count;
    uint64_t days; /* 0: not said */
    bool force;
    bool json;
};

static const struct command_line line;

static int mistake(const char *what, const char *word)
{
    return options_mistake(&line, what, word);
}

static bool host_is_sound(const char *host)
{
    size_t length = strlen(host);
    return length > 0 && length < 254 &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") == length;
}

static int take_host(void *to, const struct option_row *row, const char *host)
{
    struct cert_options *options = to;
    (void)row;
    if (!host_is_sound(host))
        return mistake("that is no address and no name of a machine, without a port", host);
    if (options->host_count == CERT_HOSTS_MAX)
        return mistake("--host was given too often", NULL);
    options->hosts[options->host_count++] = host;
    return -1;
}

static const struct option_row rows[] = {
    {.name = "host",
     .value = "ADDR",
     .kind = OPTION_TAKE,
     .take = take_host,
     .help = "node: an address or name under which it is reached; several times"},
    {.name = "ca",
     .value = "DIR",
     .kind = OPTION_TEXT,
     .at = offsetof(struct cert_options, ca),
     .help = "node: the folder that far cert init has made; default: ."},
    {.letter = 'o',
     .value = "DIR",
     .kind = OPTION_TEXT,
     .at = offsetof(struct cert_options, output),
     .help = "node: where ca.pem, node.pem and node.key go, for fard --tls; made if need be"},
    {.name = "days",
     .value = "N",
     .kind = OPTION_NUMBER,
     .at = offsetof(struct cert_options, days),
     .least = 1,
     .most = DAYS_MAX,
     .what = "a number of days from 1 to 36500",
     .help = "for how long; default: 3650 for a CA, 825 for a node"},
    {.name = "force",
     .kind = OPTION_FLAG,
     .at = offsetof(struct cert_options, force),
     .help = "replace files that are there"},
    {.name = "json", .kind = OPTION_FLAG, .at = offsetof(struct cert_options, json), .help = "show: print JSON"},
    {0}};

static const struct command_line line = {
    .name = "cert",
    .usage = "far cert init DIR [--days N] [--force]\n"
             "far cert node NAME --host ADDR... [--ca DIR] -o DIR [--days N] [--force]\n"
             "far cert show FILE [--json]",
    .about =
        "Certificates by which nodes know each other. Whoever has the CA's key can make nodes of the cluster; it is "
        "needed on none of them.\n"
        "\n"
        "  init    make a CA: DIR/ca.pem and DIR/ca.key\n"
        "  node    make a node's certificate of it: node.pem, node.key, and a copy of ca.pem\n"
        "  show    print what is in a certificate\n",
    .rows = rows,
    .notes =
        "NAME is what the node is called in far nodes and far ls: a-z, 0-9, dots and hyphens, at most 63.\n"
        "\n"
        "    far cert init ca\n"
        "    far cert node alpha --host 10.0.0.1 --ca ca -o alpha    carry alpha/ to that machine, and to no other\n"
        "    fard --listen 10.0.0.1:7327 --tls alpha\n"
        "\n"
        "Exit codes: 0; 64 usage; 65 no certificate or key in a file; 66 no such file, or it is none; 73 a file is "
        "there "
        "already; 74 I/O error; 77 the file is not to be read by you.\n",
    .most = -1,
};

static int init(const char *folder, const struct cert_options *options)
{
    struct cert_pair ca;
    int code = cert_make_folder(folder);
    code = code ? code : cert_check_free(folder, "ca.pem", options->force);
    code = code ? code : cert_check_free(folder, "ca.key", options->force);
    code = code ? code : cert_make_ca("farcall CA", options->days ? options->days : CA_DAYS, &ca);
    if (code)
        return code;
    code = cert_write_key(folder, "ca.key", ca.key);
    code = code ? code : cert_write(folder, "ca.pem", ca.certificate);
    cert_pair_end(&ca);
    return code;
}

static int read_ca(const char *folder, struct cert_pair *ca)
{
    char certificate[4096], key[4096];
    *ca = (struct cert_pair){0};
    if (snprintf(certificate, sizeof certificate, "%s/ca.pem", folder) >= (int)sizeof certificate ||
        snprintf(key, sizeof key, "%s/ca.key", folder) >= (int)sizeof key)
        return mistake("the path is too long", folder);
    int code = cert_read(certificate, &ca->certificate);
    code = code ? code : cert_read_key(key, &ca->key);
    if (!code && X509_check_ca(ca->certificate) != 1) {
        fprintf(stderr, "far: cert: %s is not a CA's certificate\n", certificate);
        code = EX_DATAERR;
    }
    if (!code && X509_check_private_key(ca->certificate, ca->key) != 1) {
        fprintf(stderr, "far: cert: %s is not the key of %s\n", key, certificate);
        ERR_clear_error();
        code = EX_DATAERR;
    }
    if (code)
        cert_pair_end(ca);
    return code;
}

/* The key first: what is there without the certificate is of no use to anybody. */
static int write_node(const char *folder, const struct cert_pair *ca, const struct cert_pair *node)
{
    int code = cert_write_key(folder, "node.key", node->key);
    code = code ? code : cert_write(folder, "ca.pem", ca->certificate);
    return code ? code : cert_write(folder, "node.pem", node->certificate);
}

static int check_output(const struct cert_options *options)
{
    int code = cert_make_folder(options->output);
    code = code ? code : cert_check_free(options->output, "node.pem", options->force);
    code = code ? code : cert_check_free(options->output, "node.key", options->force);
    return code ? code : cert_check_free(options->output, "ca.pem", options->force);
}

static int node(const char *name, const struct cert_options *options)
{
    struct cert_pair ca, made;
    if (!node_name_is_sound(name, strlen(name) + 1))
        return mistake("that is no node's name: " NODE_NAME_RULES, name);
    if (!options->host_count)
        return mistake("say by --host where the node is reached", NULL);
    if (!options->output)
        return mistake("say by -o where its files go", NULL);
    int code = read_ca(options->ca ? options->ca : ".", &ca);
    if (code)
        return code;
    code = check_output(options);
    if (!code)
        code = cert_make_node(&ca, name, options->hosts, options->host_count, options->days ? options->days : NODE_DAYS,
                              &made);
    if (!code) {
        code = write_node(options->output, &ca, &made);
        cert_pair_end(&made);
    }
    cert_pair_end(&ca);
    return code;
}

int far_cert_main(int argc, char **argv)
{
    struct cert_options options = {0};
    struct operands operands;
    int code = options_read(&line, argc, argv, &options, &operands);
    if (code >= 0)
        return code;
    const char *verb = operands.count ? operands.word[0] : "";
    if (operands.count != 2)
        return mistake("it takes init DIR, node NAME, or show FILE", NULL);
    if (strcmp(verb, "init") == 0)
        return init(operands.word[1], &options);
    if (strcmp(verb, "node") == 0)
        return node(operands.word[1], &options);
    if (strcmp(verb, "show") == 0)
        return finish_output(cert_show(operands.word[1], options.json));
    return mistake("there is no such thing to do; init, node, show", verb);
}
