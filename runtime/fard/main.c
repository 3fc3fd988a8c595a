/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* fard: the node's daemon. Everything it does is in the library; this is its command line. */
#include "runtime/fard/cluster.h"
#include "runtime/fard/daemon.h"
#include "runtime/fard/emulator.h"
#include "runtime/fard/fard.h"
#include "runtime/fard/log.h"
#include "runtime/fard/node.h"
#include "runtime/fard/observe.h"
#include "runtime/format/streams.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char help[] =
    "usage: fard [--socket PATH] [--store PATH] [--policy FILE] [--audit FILE] [--foreground] [--emulator "
    "MACHINE=COMMAND]\n"
    "            [--perf] [--allow-wrpkru] [--log text|json] [--log-level LEVEL] [--metrics WHERE]\n"
    "            [--listen HOST:PORT] [--peer HOST:PORT | --etcd URL,...] [--tls DIR] [--transport LIST]\n"
    "\n"
    "The node's daemon: name server, segment store, and keeper of the hosts in which services run. Start one, then:\n"
    "\n"
    "    far register kv.seg --trust user:alice --read all    make a service known, saying who is trusted with it\n"
    "    far ls                                               what is registered\n"
    "    far run --level none ./client                        run a program with less than it is granted\n"
    "\n"
    "  --socket PATH   listen there. Default: $FARCALL_SOCKET, else /run/farcall/socket for root and\n"
    "                  $XDG_RUNTIME_DIR/farcall/socket for anybody else; far and clients look in the same places\n"
    "  --store PATH    keep names, ranges and segments there, for the next start. Default: /var/lib/farcall for root,\n"
    "                  else $XDG_STATE_HOME/farcall or ~/.local/state/farcall\n"
    "  --policy FILE   whom services trust, besides what was said at registration; read again on SIGHUP "
    "(farcall-policy(5),\n"
    "                  far policy check). Default: /etc/farcall/policy for root, else\n"
    "                  $XDG_CONFIG_HOME/farcall/policy or ~/.config/farcall/policy, if there is one; none: do without\n"
    "  --audit FILE    who was granted and refused what, one JSON object a line; opened again on SIGHUP. Default:\n"
    "                  STORE/audit.log; none: do without\n"
    "  --foreground    do not become a daemon: stay, and log to standard error (otherwise: STORE/fard.log, opened\n"
    "                  again on SIGHUP). So it is without this option where systemd hands the socket over; --socket "
    "does\n"
    "                  not count then\n"
    "  --log FORM      text: lines of words; json: one object a line, with time, level, event and what it is about\n"
    "  --log-level LEVEL\n"
    "                  leave out what matters less: error, warning, notice, info (the default) or debug\n"
    "  --metrics WHERE answer GET /metrics with Prometheus' text there: HOST:PORT (numbers; no HOST: 127.0.0.1), or\n"
    "                  unix:PATH. Whoever can connect can read it\n"
    "  --emulator MACHINE=COMMAND\n"
    "                  run the hosts of services that have no executable for this node by this command (its words are\n"
    "                  separated by blanks). Default: qemu-MACHINE as found in PATH, with -L /usr/TRIPLET where a C\n"
    "                  library for that machine lies, else what the kernel's binfmt_misc does\n"
    "  --listen HOST:PORT\n"
    "                  let other nodes, and their clients' calls, in there (numbers, as 10.0.0.2:7327 or [::]:7327)\n"
    "  --peer HOST:PORT\n"
    "                  keep a link to the node there, which keeps the names of services for all (far nodes)\n"
    "  --etcd URL,...  keep the names of services for all nodes in etcd (3.4 or later) instead: http or https, "
    "several\n"
    "                  members with commas, numbers or names that are looked up now; https: with the files of --tls\n"
    "  --tls DIR       this node's certificate and key, and the CA that other nodes' must be of: ca.pem, node.pem, "
    "node.key\n"
    "                  (far cert); read again on SIGHUP. Default: /etc/farcall/tls for root, else\n"
    "                  $XDG_CONFIG_HOME/farcall/tls or ~/.config/farcall/tls\n"
    "  --transport LIST\n"
    "                  what calls to and from other nodes may be carried by, the best first, with commas: tls (the\n"
    "                  default), tcp (in the clear: for wires that nobody else reaches), ucx\n"
    "  --perf          hosts write the names of their functions to /tmp/perf-PID.map, where perf report looks for "
    "them\n"
    "  --allow-wrpkru  take segments whose code may change protection keys (farld --allow-wrpkru); for tests\n"
    "  --version, --help\n"
    "\n"
    "Without --foreground the command returns when the socket listens, with 0, or says why it could not. SIGTERM or "
    "SIGINT\n"
    "ends fard and its hosts. What data a service held is gone then; names and address ranges are kept.\n"
    "\n"
    "Exit codes: 0 ended by a signal; 64 usage; 65 the store is damaged; 69 socket or store in use; 71 the system\n"
    "refuses; 73 socket, store or audit log cannot be created; 74 no space or I/O error; 66, 77, 78 there is\n"
    "no such policy file or certificate, others can change or read it, or it has mistakes.\n";

#define EMULATORS_MAX 8

struct options {
    const char *socket;
    const char *store;
    const char *policy;
    const char *audit;
    bool foreground;
    const char *metrics;
    enum log_form log;
    enum log_level log_level;
    bool allow_wrpkru;
    bool perf;
    const char *listen, *peer, *tls, *transport, *etcd;
    const char *emulator[EMULATORS_MAX];
    unsigned emulator_count;
};

enum {
    OPTION_SOCKET = 256,
    OPTION_STORE,
    OPTION_POLICY,
    OPTION_AUDIT,
    OPTION_FOREGROUND,
    OPTION_ALLOW_WRPKRU,
    OPTION_PERF,
    OPTION_EMULATOR,
    OPTION_LOG,
    OPTION_LOG_LEVEL,
    OPTION_METRICS,
    OPTION_VERSION,
    OPTION_HELP,
    OPTION_LISTEN,
    OPTION_PEER,
    OPTION_TLS,
    OPTION_TRANSPORT,
    OPTION_ETCD
};

static const struct option long_options[] = {
    {"policy", required_argument, NULL, OPTION_POLICY},
    {"audit", required_argument, NULL, OPTION_AUDIT},
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"store", required_argument, NULL, OPTION_STORE},
    {"foreground", no_argument, NULL, OPTION_FOREGROUND},
    {"perf", no_argument, NULL, OPTION_PERF},
    {"allow-wrpkru", no_argument, NULL, OPTION_ALLOW_WRPKRU},
    {"emulator", required_argument, NULL, OPTION_EMULATOR},
    {"log", required_argument, NULL, OPTION_LOG},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"metrics", required_argument, NULL, OPTION_METRICS},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"peer", required_argument, NULL, OPTION_PEER},
    {"tls", required_argument, NULL, OPTION_TLS},
    {"transport", required_argument, NULL, OPTION_TRANSPORT},
    {"etcd", required_argument, NULL, OPTION_ETCD},
    {NULL, 0, NULL, 0},
};

static int take_word(const char *option, int found, const char *words)
{
    if (found >= 0)
        return -1;
    fprintf(stderr, "fard: --%s: '%s' is none of %s\n", option, optarg, words);
    return EX_USAGE;
}

/* -1: go on; otherwise the exit code. */
static int take_log(int option, struct options *options)
{
    int found = option == OPTION_LOG ? log_form_find(optarg) : log_level_find(optarg);
    if (found >= 0 && option == OPTION_LOG)
        options->log = (enum log_form)found;
    else if (found >= 0)
        options->log_level = (enum log_level)found;
    return option == OPTION_LOG ? take_word("log", found, "text, json")
                                : take_word("log-level", found, "error, warning, notice, info, debug");
}

/* Where an option's words are kept as they are; NULL: there is more to it. */
static const char **words_of(int option, struct options *options)
{
    switch (option) {
    case OPTION_SOCKET:
        return &options->socket;
    case OPTION_STORE:
        return &options->store;
    case OPTION_POLICY:
        return &options->policy;
    case OPTION_AUDIT:
        return &options->audit;
    case OPTION_METRICS:
        return &options->metrics;
    case OPTION_LISTEN:
        return &options->listen;
    case OPTION_PEER:
        return &options->peer;
    case OPTION_TLS:
        return &options->tls;
    case OPTION_TRANSPORT:
        return &options->transport;
    case OPTION_ETCD:
        return &options->etcd;
    default:
        return NULL;
    }
}

/* NULL: the option is no switch. */
static bool *switch_of(int option, struct options *options)
{
    switch (option) {
    case OPTION_FOREGROUND:
        return &options->foreground;
    case OPTION_PERF:
        return &options->perf;
    case OPTION_ALLOW_WRPKRU:
        return &options->allow_wrpkru;
    default:
        return NULL;
    }
}

static int take_emulator(struct options *options)
{
    if (options->emulator_count == EMULATORS_MAX) {
        fputs("fard: --emulator was given too often\n", stderr);
        return EX_USAGE;
    }
    options->emulator[options->emulator_count++] = optarg;
    return -1;
}

/* -1: go on; otherwise the exit code. */
static int take_option(int option, struct options *options)
{
    const char **words = words_of(option, options);
    bool *is_on = switch_of(option, options);
    if (words)
        *words = optarg;
    else if (is_on)
        *is_on = true;
    if (words || is_on)
        return -1;
    switch (option) {
    case OPTION_LOG:
    case OPTION_LOG_LEVEL:
        return take_log(option, options);
    case OPTION_EMULATOR:
        return take_emulator(options);
    case OPTION_VERSION:
        puts("fard " FARCALL_VERSION);
        return EX_OK;
    case OPTION_HELP:
        fputs(help, stdout);
        return EX_OK;
    default:
        fputs("fard: `fard --help` shows the options\n", stderr);
        return EX_USAGE;
    }
}

/* What does not go together. -1: it does. */
static int check_options(const struct options *options)
{
    const char *wrong = NULL;
    if (options->etcd && options->peer)
        wrong = "the names of services are kept either by the node that --peer names or in --etcd: say one of them";
    else if (options->etcd && !options->listen)
        wrong = "--etcd needs --listen: other nodes must reach this one where etcd says that it is";
    if (wrong)
        fprintf(stderr, "fard: %s\n", wrong);
    return wrong ? EX_USAGE : -1;
}

static int parse_options(int argc, char **argv, struct options *options)
{
    int option, end = -1;
    while (end < 0 && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        end = take_option(option, options);
    if (end < 0 && optind < argc) {
        fprintf(stderr, "fard: '%s' is no option; `fard --help` shows them\n", argv[optind]);
        return EX_USAGE;
    }
    return end < 0 ? check_options(options) : end;
}

static int default_store(char *path, size_t size, struct far_error *error)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length;
    if (getuid() == 0)
        length = snprintf(path, size, "/var/lib/farcall");
    else if (state && *state)
        length = snprintf(path, size, "%s/farcall", state);
    else if (home && *home)
        length = snprintf(path, size, "%s/.local/state/farcall", home);
    else
        return refuse(error, ENOENT, EX_USAGE, "no place for the store: HOME is not set; say --store PATH");
    return length > 0 && (size_t)length < size ? 0
                                               : refuse(error, ENAMETOOLONG, EX_USAGE, "the store's path is too long");
}

/* A host whose service calls another finds us where we are, whatever our own environment said; limits that somebody set
 * for clients are not for hosts. */
static int tell_hosts(const struct fard *fard, bool perf)
{
    if (perf && setenv(FAR_ENV_PERF, "1", 1) != 0)
        return -errno;
    unsetenv(FAR_ENV_LEVEL);
    unsetenv(FAR_ENV_UNTRUSTED);
    return setenv(FAR_SOCKET_ENV, fard->socket_path, 1) == 0 ? 0 : -errno;
}

static int prepare(struct fard *fard, const struct options *options, struct far_error *error)
{
    char socket_path[4096], store_path[4096];
    int result = fard_init(fard);
    result = result ? result : notify_init(&fard->notify, &fard->loop);
    fard->allow_wrpkru = options->allow_wrpkru;
    for (unsigned i = 0; !result && i < options->emulator_count; i++)
        result = emulator_take(fard, options->emulator[i], error);
    if (!result && !options->socket)
        result = socket_default_path(socket_path, sizeof socket_path, error);
    if (!result && !options->store)
        result = default_store(store_path, sizeof store_path, error);
    /* The socket first: no host is started for a fard that may not be. Who connects waits until the loop runs. */
    int given = result ? -1 : notify_take_listener(&fard->notify, false);
    if (given >= 0)
        result = socket_adopt(fard, given, error);
    else
        result = result ? result : socket_listen(fard, options->socket ? options->socket : socket_path, error);
    if (!result && options->metrics)
        result = metrics_http_open(fard, options->metrics, error);
    result = result ? result : tell_hosts(fard, options->perf);
    result = result ? result : policy_load(fard, options->policy, error);
    result =
        result ? result : nodes_open(fard, options->listen, options->peer, options->tls, options->transport, error);
    result = result ? result : fard_load(fard, options->store ? options->store : store_path, error);
    return result ? result : cluster_start(fard, options->etcd, error);
}

/* Into the store, which must be ours by then. */
static int open_audit(struct fard *fard, const struct options *options, struct far_error *error)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/audit.log", store_path(fard->store));
    return audit_open(&fard->audit, options->audit ? options->audit : path, error);
}

static int announce(struct fard *fard, const struct options *options, int report)
{
    char log[4200];
    const struct log_field fields[] = {{"socket", fard->socket_path, 0}, {"store", store_path(fard->store), 0}};
    if (fard->uid != 0)
        log_event(
            LOG_LEVEL_NOTICE, "one-uid", NULL, 0,
            "hosts run as uid %u, as fard does: no protection from other programs of that user; only a fard of root "
            "gives each host a uid of its own",
            fard->uid);
    log_event(LOG_LEVEL_INFO, "listening", fields, 2, "listening on %s, store %s", fields[0].text, fields[1].text);
    if (options->foreground) {
        notify_ready(&fard->notify);
        return 0;
    }
    snprintf(log, sizeof log, "%s/fard.log", store_path(fard->store));
    fard->log_path = strdup(log);
    return fard->log_path ? daemon_ready(report, log) : -ENOMEM;
}

static int serve(const struct options *options, int report)
{
    struct fard fard;
    struct far_error error = {0};
    int result = prepare(&fard, options, &error);
    result = result ? result : open_audit(&fard, options, &error);
    result = result ? result : announce(&fard, options, report);
    result = result ? result : fard_run(&fard);
    notify_say(&fard.notify, "STOPPING=1");
    if (result < 0)
        describe_failure(&error, result, "fard");
    if (result)
        log_event(LOG_LEVEL_ERROR, "failed", NULL, 0, "%s", error.text);
    fard_free(&fard);
    return result ? error.exit : EX_OK;
}

int main(int argc, char **argv)
{
    struct options options = {.log_level = LOG_LEVEL_INFO};
    int report = -1;
    if (argc && strcmp(argv[0], KEEPER_PROGRAM) == 0)
        return keeper_process(argc, argv);
    streams_occupy();
    int end = parse_options(argc, argv, &options);
    if (end >= 0)
        return end;
    log_configure(options.log, options.log_level);
    options.foreground |= getenv("LISTEN_PID") != NULL; /* systemd has started us, and watches this very process */
    int result = options.foreground ? 0 : daemon_fork(&report);
    if (result < 0) {
        fprintf(stderr, "fard: cannot become a daemon: %s\n", strerror(-result));
        return EX_OSERR;
    }
    return serve(&options, report);
}
