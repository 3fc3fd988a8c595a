/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far register: check the file here, where the messages are best, and hand it over as memory that nobody can change. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/registry_client.h"
#include "runtime/far/registry_who.h"
#include "runtime/fard/host_settings.h"
#include "runtime/format/carried.h"
#include "runtime/format/json.h"
#include "runtime/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

static const char help[] =
    "usage: far register FILE.seg [OPTIONS]\n"
    "\n"
    "Makes a segment known to the node's name server: fard gives it a range of addresses, relocates it once, starts "
    "its\n"
    "host and answers clients that bind to it. All of it happens, or nothing.\n"
    "\n"
    "  --name NAME       the service's name; default: the one in the header's far_service()\n"
    "  --trust WHO       grant level trusted: map code and data, call by one branch\n"
    "  --read WHO        grant level read: follow returned pointers, call by trap\n"
    "                    everybody else gets none: parameters and results, by trap\n"
    "  --function OP…    ship these operations by function: the call goes to the host\n"
    "  --data OP…        ship these operations by data: the caller runs the code\n"
    "                    default for both: what the header says\n"
    "  --machine MACHINE add the file to the registered service of that name, as its code for clients on that machine\n"
    "                    (x86-64, aarch64; farld --like links it); with no such service, register it as any other\n"
    "  --host-uid UID    run the host as this uid; default: one of its own where fard is root\n"
    "  --sandbox WHICH   default: whatever of it the kernel has; strict: all of it; off: the host may what its uid "
    "may\n"
    "  --allow-path PATH let the host read there as well; PATH:rw: and write. As often as needed\n"
    "  --allow-net       let it use the network\n"
    "  --memory BYTES    private memory that the service may allocate; K, M, G behind it\n"
    "  --cpu SECONDS     CPU time after which the host is ended, and started anew\n"
    "  --files N         descriptors that it may have open\n"
    "  --processes N     let it start processes; it may have N with their threads, and its own\n"
    "  --start WHEN      now; or demand: at the first call by trap, not by a bind\n"
    "  --idle SECONDS    with --start demand: end it when nobody has a channel for so long; default: 60\n"
    "  --upgrade         a new version of the registered service of that name: new calls go to it, those that run end\n"
    "                    where they began, the data stays; link it with farld --like and the registered file\n"
    "  --socket PATH     fard's socket; default: $FARCALL_SOCKET, the user's, the system's\n"
    "  --json            print the result as JSON\n"
    "\n"
    "WHO is uid:N, user:NAME, gid:N, group:NAME, exe:PATH (who runs that executable), one of the first four with\n"
    "+exe:PATH behind it, or all; give the options as often as needed. The most specific rule decides: uid before gid\n"
    "before all, and among these the one with an executable. Lists are separated by commas or spaces.\n"
    "\n"
    "    far register kv.seg --trust user:alice --read group:staff --function kv_count\n"
    "\n"
    "Exit codes: 0 registered; 64 usage; 65 no sound segment, or it does not fit what is registered; 66 no such file;\n"
    "67 no such user or group; 69 fard is not running, a service it needs is not registered, or its host does not "
    "start;\n"
    "73 the name is taken; 74 no space in the store; 77 only fard's user and root may.\n";

struct order {
    const char *file;
    const char *socket;
    bool json;
    struct far_register_request head;
    struct far_rule rules[FAR_RULE_MAX];
    char subjects[FAR_SUBJECTS_MAX];
    char shippings[FAR_MESSAGE_MAX];
    char settings[HOST_SETTINGS_MAX];
    int list; /* the option whose list further words belong to: 'f', 'd' or 0 */
};

static int complain_usage(const char *what, const char *value)
{
    fprintf(stderr, "far: register: %s: %s; far register --help says more\n", value, what);
    return EX_USAGE;
}

static bool add_subject(struct order *order, const char *program, uint32_t *subject)
{
    size_t length = strlen(program) + 1;
    if (length > sizeof order->subjects - order->head.subject_bytes)
        return false;
    *subject = order->head.subject_bytes + 1;
    memcpy(order->subjects + order->head.subject_bytes, program, length);
    order->head.subject_bytes += (uint32_t)length;
    return true;
}

static int add_rule(struct order *order, const char *who, enum far_level level)
{
    char program[FAR_SUBJECT_MAX];
    struct far_rule *rule = &order->rules[order->head.rule_count];
    if (order->head.rule_count == FAR_RULE_MAX)
        return complain_usage("too many rules", who);
    int code = who_parse("register", who, level, rule, program);
    if (code)
        return code;
    if (program[0] && !add_subject(order, program, &rule->subject))
        return complain_usage("too many executables", who);
    order->head.rule_count++;
    return -1;
}

/* In the room that a message leaves beside the largest number of rules. */
static int add_shipping(struct order *order, char kind, const char *name, size_t length)
{
    size_t room = FAR_MESSAGE_MAX - sizeof(struct far_message) - sizeof order->head - sizeof order->rules -
                  sizeof order->subjects - sizeof order->settings;
    if (order->head.shipping_count == FAR_SHIPPING_MAX || length + 2 > room - order->head.shipping_bytes)
        return complain_usage("too many operations", name);
    if (length == 0)
        return complain_usage("an operation has no name", name);
    char *at = order->shippings + order->head.shipping_bytes;
    at[0] = kind;
    memcpy(at + 1, name, length);
    at[length + 1] = '\0';
    order->head.shipping_bytes += (uint32_t)length + 2;
    order->head.shipping_count++;
    return -1;
}

static int add_shippings(struct order *order, char kind, const char *list)
{
    int end = -1;
    order->list = kind;
    while (end < 0) {
        size_t length = strcspn(list, ",");
        end = add_shipping(order, kind, list, length);
        if (!list[length])
            break;
        list += length + 1;
    }
    return end;
}

/* A word without an option: the file first, then more operations for the list that is open. */
static int take_word(struct order *order, const char *word)
{
    if (!order->file)
        order->file = word;
    else if (order->list)
        return add_shippings(order, (char)order->list, word);
    else
        return complain_usage("one segment file at a time", word);
    return -1;
}

static int take_uid(struct order *order, const char *text)
{
    char *end;
    unsigned long long uid = strtoull(text, &end, 10);
    if (*end || end == text || *text == '-' || uid >= FAR_HOST_UID_DEFAULT)
        return complain_usage("--host-uid takes a number", text);
    order->head.host_uid = (uint32_t)uid;
    return -1;
}

static int take_machine(struct order *order, const char *name)
{
    const struct far_machine *machine = far_machine_by_name(name);
    if (!machine)
        return complain_usage("--machine takes x86-64 or aarch64", name);
    order->head.machine = machine->number;
    return -1;
}

/* Options of hosts have numbers beyond characters; fard, which knows what they may be, checks them. */
#define OPTION_SETTING 256

static int add_setting(struct order *order, int option, const char *value)
{
    static const char *const names[] = {
#define X(NAME, word, take, otherwise) [HOST_SETTING_##NAME] = word,
        HOST_SETTINGS(X)
#undef X
    };
    size_t room = sizeof order->settings - order->head.setting_bytes;
    int length = snprintf(order->settings + order->head.setting_bytes, room, "%s=%s", names[option - OPTION_SETTING],
                          value ? value : "yes");
    if (length < 0 || (size_t)length >= room)
        return complain_usage("too much is said about the host", value ? value : names[option - OPTION_SETTING]);
    order->head.setting_bytes += (uint32_t)length + 1;
    return -1;
}

static int take_option(struct order *order, int option, char **argv)
{
    if (option != 1)
        order->list = 0;
    if (option >= OPTION_SETTING)
        return add_setting(order, option, optarg);
    switch (option) {
    case 1:
        return take_word(order, optarg);
    case 'n':
        return far_take_name("register", optarg, order->head.name) ? EX_USAGE : -1;
    case 't':
        return add_rule(order, optarg, FAR_LEVEL_TRUSTED);
    case 'r':
        return add_rule(order, optarg, FAR_LEVEL_READ);
    case 'f':
    case 'd':
        return add_shippings(order, (char)option, optarg);
    case 'u':
        return take_uid(order, optarg);
    case 'm':
        return take_machine(order, optarg);
    case 's':
        order->socket = optarg;
        return -1;
    case 'j':
        order->json = true;
        return -1;
    case 'U':
        order->head.flags |= FAR_REGISTER_UPGRADE;
        return -1;
    case 'h':
        fputs(help, stdout);
        return finish_output(0);
    default:
        return bad_option(argv[0], argv);
    }
}

static int parse(int argc, char **argv, struct order *order)
{
    static const struct option long_options[] = {
        {"name", required_argument, NULL, 'n'},
        {"trust", required_argument, NULL, 't'},
        {"read", required_argument, NULL, 'r'},
        {"function", required_argument, NULL, 'f'},
        {"data", required_argument, NULL, 'd'},
        {"host-uid", required_argument, NULL, 'u'},
        {"socket", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"machine", required_argument, NULL, 'm'},
        {"upgrade", no_argument, NULL, 'U'},
        {"help", no_argument, NULL, 'h'},
#define X(NAME, word, take, otherwise)                                                            \
    {word, HOST_SETTING_##NAME == HOST_SETTING_ALLOW_NET ? no_argument : required_argument, NULL, \
     OPTION_SETTING + HOST_SETTING_##NAME},
        HOST_SETTINGS(X)
#undef X
            {0},
    };
    int option, end = -1;
    while (end < 0 && (option = getopt_long(argc, argv, "-:", long_options, NULL)) != -1)
        end = take_option(order, option, argv);
    for (; end < 0 && optind < argc; optind++) /* after -- */
        end = take_word(order, argv[optind]);
    if (end < 0 && !order->file)
        return complain_usage("which segment file?", "FILE.seg");
    return end;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

/* What fard looks at must not change under its eyes, so it takes nothing but sealed memory. */
static int seal_file(const struct loaded *loaded, int *fd)
{
    *fd = memfd_create("far:segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int result = *fd < 0 ? -errno : write_all(*fd, loaded->bytes, loaded->size);
    if (!result && fcntl(*fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        result = -errno;
    if (!result)
        return 0;
    fprintf(stderr, "far: register: memory for %s: %s\n", loaded->file, strerror(-result));
    return EX_OSERR;
}

static size_t write_body(const struct order *order, uint8_t *body)
{
    size_t rules = order->head.rule_count * sizeof *order->rules;
    uint8_t *at = body;
    at = (uint8_t *)mempcpy(at, &order->head, sizeof order->head);
    at = (uint8_t *)mempcpy(at, order->rules, rules);
    at = (uint8_t *)mempcpy(at, order->subjects, order->head.subject_bytes);
    at = (uint8_t *)mempcpy(at, order->shippings, order->head.shipping_bytes);
    at = (uint8_t *)mempcpy(at, order->settings, order->head.setting_bytes);
    return (size_t)(at - body);
}

/* Operations that clients can only call where they may run the service's code, or not even there. */
static void show_branch_only(const struct order *order, const struct far_iface *iface, struct json *json)
{
    struct carrier carrier;
    char text[CARRIER_TEXT_SIZE];
    if (carrier_begin(&carrier, iface) != 0)
        return;
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        if (!carrier_text(&carrier, op, text))
            continue;
        if (order->json)
            json_string(json, NULL, iface_string(iface, op->name));
        else
            printf("  %s: %s: %s%s\n", iface_string(iface, op->name),
                   op->flags & FAR_OP_NEUTRAL ? "branch only" : "works for nobody", text,
                   op->flags & FAR_OP_NEUTRAL ? "; a call that would trap fails with ENOTSUP"
                                              : ", and it is not neutral: every call traps, and fails with ENOTSUP");
    }
    carrier_end(&carrier);
}

static void print_registered(const struct order *order, const struct far_iface *iface,
                             const struct far_register_reply *reply)
{
    const char *name = fard_text(reply->name, sizeof reply->name);
    if (!order->json) {
        printf("%s %s at 0x%llx: %u operation%s, host %u (uid %u)\n",
               order->head.flags & FAR_REGISTER_UPGRADE ? "upgraded" : "registered", name,
               (unsigned long long)reply->base, reply->op_count, reply->op_count == 1 ? "" : "s", reply->host_pid,
               reply->host_uid);
        show_branch_only(order, iface, NULL);
        return;
    }
    struct json json = {.out = stdout};
    json_open(&json, NULL, '{');
    json_string(&json, "name", name);
    json_number(&json, "id", reply->service_id);
    json_hex(&json, "base", reply->base);
    json_number(&json, "size", reply->size);
    json_number(&json, "operations", reply->op_count);
    json_open(&json, "host", '{');
    json_number(&json, "pid", reply->host_pid);
    json_number(&json, "uid", reply->host_uid);
    json_close(&json, '}');
    json_open(&json, "branch_only", '[');
    show_branch_only(order, iface, &json);
    json_close(&json, ']');
    json_close(&json, '}');
}

static int send_order(const struct order *order, const struct far_iface *iface, int file)
{
    static uint8_t body[FAR_MESSAGE_MAX];
    static struct fard_reply reply;
    struct fard_connection connection;
    int code = fard_connect(&connection, order->socket);
    if (code)
        return code;
    code = fard_ask(&connection, FAR_MSG_REGISTER, body, write_body(order, body), file, &reply);
    const struct far_register_reply *registered = code ? NULL : fard_body(&connection, &reply, sizeof *registered);
    fard_disconnect(&connection);
    if (!registered)
        return code ? code : EX_PROTOCOL;
    print_registered(order, iface, registered);
    return finish_output(0);
}

int far_register_main(int argc, char **argv)
{
    static struct order order;
    struct loaded loaded;
    int file;
    order.head.host_uid = FAR_HOST_UID_DEFAULT;
    int code = parse(argc, argv, &order);
    if (code >= 0)
        return code;
    code = load_segment(&loaded, order.file);
    if (code)
        return code;
    code = seal_file(&loaded, &file);
    if (!code) {
        code = send_order(&order, loaded.iface, file);
        close(file);
    }
    unload_segment(&loaded);
    return code;
}
