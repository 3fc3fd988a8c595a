/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far register: check the file here, where the messages are best, and hand it over as memory that nobody can change. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_client.h"
#include "runtime/far/registry_who.h"
#include "runtime/fard/host_settings.h"
#include "runtime/format/carried.h"
#include "runtime/format/json.h"
#include "runtime/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

struct order {
    const char *file[FAR_EXECUTABLES_MAX]; /* several only for an upgrade */
    uint32_t file_count;
    const char *socket;
    bool json;
    struct far_register_request head;
    struct far_rule rules[FAR_RULE_MAX];
    char subjects[FAR_SUBJECTS_MAX];
    char shippings[FAR_MESSAGE_MAX];
    char settings[HOST_SETTINGS_MAX];
};

static const struct command_line line;

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
        return options_mistake(&line, "too many rules", who);
    int code = who_parse("register", who, level, rule, program);
    if (code)
        return code;
    if (program[0] && !add_subject(order, program, &rule->subject))
        return options_mistake(&line, "too many executables", who);
    order->head.rule_count++;
    return -1;
}

/* In the room that a message leaves beside the largest number of rules. */
static int add_shipping(struct order *order, char kind, const char *name, size_t length)
{
    size_t room = FAR_MESSAGE_MAX - sizeof(struct far_message) - sizeof order->head - sizeof order->rules -
                  sizeof order->subjects - sizeof order->settings;
    if (order->head.shipping_count == FAR_SHIPPING_MAX || length + 2 > room - order->head.shipping_bytes)
        return options_mistake(&line, "too many operations", name);
    if (length == 0)
        return options_mistake(&line, "an operation has no name", name);
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
    while (end < 0) {
        size_t length = strcspn(list, ",");
        end = add_shipping(order, kind, list, length);
        if (!list[length])
            break;
        list += length + 1;
    }
    return end;
}

/* --function and --data: words that follow belong to the list, up to the next option. */
static int take_shippings(void *to, const struct option_row *row, const char *list)
{
    return add_shippings(to, row->name[0], list);
}

/* A word without an option: the file first, then more operations for the list that is open. */
static int take_word(void *to, const struct option_row *last, const char *word)
{
    struct order *order = to;
    if (order->file_count && last && last->take == take_shippings)
        return take_shippings(order, last, word);
    if (order->file_count == FAR_EXECUTABLES_MAX)
        return options_mistake(&line, "one segment file, or with --upgrade one for each machine", word);
    order->file[order->file_count++] = word;
    return -1;
}

static int take_name(void *to, const struct option_row *row, const char *name)
{
    struct order *order = to;
    (void)row;
    return far_take_name("register", name, order->head.name) ? EX_USAGE : -1;
}

static int take_node(void *to, const struct option_row *row, const char *who)
{
    char name[FAR_NODE_NAME_MAX];
    struct order *order = to;
    struct far_rule *rule = &order->rules[order->head.rule_count];
    (void)row;
    if (order->head.rule_count == FAR_RULE_MAX)
        return options_mistake(&line, "too many rules", who);
    int code = who_parse_node("register", who, rule, name);
    if (code)
        return code;
    if (!add_subject(order, name, &rule->subject))
        return options_mistake(&line, "too many executables and nodes", who);
    order->head.rule_count++;
    return -1;
}

static int take_trusted(void *to, const struct option_row *row, const char *who)
{
    (void)row;
    return add_rule(to, who, FAR_LEVEL_TRUSTED);
}

static int take_readers(void *to, const struct option_row *row, const char *who)
{
    (void)row;
    return add_rule(to, who, FAR_LEVEL_READ);
}

static int take_uid(void *to, const struct option_row *row, const char *text)
{
    struct order *order = to;
    char *end;
    unsigned long long uid = strtoull(text, &end, 10);
    (void)row;
    if (*end || end == text || *text == '-' || uid >= FAR_HOST_UID_DEFAULT)
        return options_mistake(&line, "--host-uid takes a number", text);
    order->head.host_uid = (uint32_t)uid;
    return -1;
}

static int take_machine(void *to, const struct option_row *row, const char *name)
{
    const struct far_machine *machine = far_machine_by_name(name);
    struct order *order = to;
    (void)row;
    if (!machine)
        return options_mistake(&line, "--machine takes x86-64 or aarch64", name);
    order->head.machine = machine->number;
    return -1;
}

static int take_upgrade(void *to, const struct option_row *row, const char *value)
{
    struct order *order = to;
    (void)row;
    (void)value;
    order->head.flags |= FAR_REGISTER_UPGRADE;
    return -1;
}

/* About the host; fard, which knows what they may be, checks them. */
static int take_setting(void *to, const struct option_row *row, const char *value)
{
    struct order *order = to;
    size_t room = sizeof order->settings - order->head.setting_bytes;
    int length = snprintf(order->settings + order->head.setting_bytes, room, "%s=%s", row->name, value ? value : "yes");
    if (length < 0 || (size_t)length >= room)
        return options_mistake(&line, "too much is said about the host", value ? value : row->name);
    order->head.setting_bytes += (uint32_t)length + 1;
    return -1;
}

static const struct option_row rows[] = {
    {.name = "name",
     .value = "NAME",
     .kind = OPTION_TAKE,
     .take = take_name,
     .help = "the service's name; default: the one in the header's far_service()"},
    {.name = "trust",
     .value = "WHO",
     .kind = OPTION_TAKE,
     .take = take_trusted,
     .help = "grant level trusted: map code and data, call by one branch"},
    {.name = "read",
     .value = "WHO",
     .kind = OPTION_TAKE,
     .take = take_readers,
     .help = "grant level read: follow returned pointers, call by trap; everybody else gets none: parameters and "
             "results, by trap"},
    {.name = "node",
     .value = "NAME[:UID]=LEVEL",
     .kind = OPTION_TAKE,
     .take = take_node,
     .help =
         "clients on that node (*: on any other), or those of that uid there: none, which is the default, lets them "
         "call; refuse does not"},
    {.name = "function",
     .value = "OP…",
     .kind = OPTION_TAKE,
     .take = take_shippings,
     .help = "ship these operations by function: the call goes to the host"},
    {.name = "data",
     .value = "OP…",
     .kind = OPTION_TAKE,
     .take = take_shippings,
     .help = "ship these operations by data: the caller runs the code; default for both: what the header says"},
    {.name = "machine",
     .value = "MACHINE",
     .kind = OPTION_TAKE,
     .take = take_machine,
     .help = "add the file to the registered service of that name, as its code for clients on that machine (x86-64, "
             "aarch64; farld --like links it); with no such service, register it as any other"},
    {.name = "host-uid",
     .value = "UID",
     .kind = OPTION_TAKE,
     .take = take_uid,
     .help = "run the host as this uid; default: one of its own where fard is root"},
    {.name = "sandbox",
     .value = "WHICH",
     .kind = OPTION_TAKE,
     .take = take_setting,
     .help = "default: whatever of it the kernel has; strict: all of it; off: the host may what its uid may"},
    {.name = "allow-path",
     .value = "PATH",
     .kind = OPTION_TAKE,
     .take = take_setting,
     .help = "let the host read there as well; PATH:rw: and write. As often as needed"},
    {.name = "allow-net", .kind = OPTION_TAKE, .take = take_setting, .help = "let it use the network"},
    {.name = "memory",
     .value = "BYTES",
     .kind = OPTION_TAKE,
     .take = take_setting,
     .help = "private memory that the service may allocate; K, M, G behind it"},
    {.name = "stack",
     .value = "BYTES",
     .kind = OPTION_TAKE,
     .take = take_setting,
     .help = "the stack of each channel's thread; default: 8M, with --memory a 1024th of that, but 256K to 1M"},
    {.name = "cpu",
     .value = "SECONDS",
     .kind = OPTION_TAKE,
     .take = take_setting,
     .help = "CPU time after which the host is ended, and started anew"},
    {.name = "files",
     .value = "N",
     .kind = OPTION_TAKE,
     .take = take_setting,
     .help = "descriptors that it may have open"},
    {.name = "processes",
     .value = "N",
     .kind = OPTION_TAKE,
     .take = take_setting,
     .help = "let it start processes; it may have N with their threads, and its own"},
    {.name = "start",
     .value = "WHEN",
     .kind = OPTION_TAKE,
     .take = take_setting,
     .help = "now; or demand: at the first call by trap, not by a bind"},
    {.name = "idle",
     .value = "SECONDS",
     .kind = OPTION_TAKE,
     .take = take_setting,
     .help = "with --start demand: end it when nobody has a channel for so long; default: 60"},
    {.name = "upgrade",
     .kind = OPTION_TAKE,
     .take = take_upgrade,
     .help = "a new version of the registered service of that name: new calls go to it, those that run end where they "
             "began, the data stays; link it with farld --like and the registered file. Of a service for two machines, "
             "both files at once"},
    OPTION_ROW_JSON(struct order),
    OPTION_ROW_SOCKET(struct order),
    {0}};

static const struct command_line line = {
    .name = "register",
    .usage = "far register FILE.seg [OPTIONS]\n"
             "far register --upgrade FILE.seg [FILE2.seg] [OPTIONS]",
    .about = "Makes a segment known to the node's name server: fard gives it a range of addresses, relocates it once, "
             "starts its host and answers clients that bind to it. All of it happens, or nothing.\n",
    .rows = rows,
    .notes =
        "WHO is uid:N, user:NAME, gid:N, group:NAME, exe:PATH (who runs that executable), one of the first four with "
        "+exe:PATH behind it, or all; give the options as often as needed. The most specific rule decides: uid before "
        "gid before all, and among these the one with an executable. Lists are separated by commas or spaces.\n"
        "\n"
        "    far register kv.seg --trust user:alice --read group:staff --function kv_count\n"
        "\n"
        "Exit codes: 0 registered; 64 usage; 65 no sound segment, or it does not fit what is registered; 66 no such "
        "file; 67 no such user or group; 69 fard is not running, a service it needs is not registered, or its host "
        "does not start; 73 the name is taken; 74 no space in the store; 77 only fard's user and root may.\n",
    .take_operand = take_word,
};

static int parse(int argc, char **argv, struct order *order)
{
    int end = options_read(&line, argc, argv, order, NULL);
    if (end < 0 && !order->file_count)
        return options_mistake(&line, "which segment file?", "FILE.seg");
    if (end < 0 && order->file_count > 1 && !(order->head.flags & FAR_REGISTER_UPGRADE))
        return options_mistake(&line, "one segment file at a time, unless it is an upgrade", order->file[1]);
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

/* What fard says about variables that an upgrade leaves as they are. */
static void print_notes(const struct fard_reply *reply)
{
    const char *text = (const char *)reply->bytes + sizeof(struct far_message) + sizeof(struct far_register_reply);
    const char *end = (const char *)reply->bytes + sizeof(struct far_message) + reply->size;
    for (; text < end && memchr(text, 0, (size_t)(end - text)); text += strlen(text) + 1)
        if (*text)
            fprintf(stderr, "far: register: note: %s\n", text);
}

static int send_order(const struct order *order, const struct far_iface *iface, const int *files)
{
    static uint8_t body[FAR_MESSAGE_MAX];
    static struct fard_reply reply;
    struct fard_connection connection;
    int code = fard_connect(&connection, order->socket);
    if (code)
        return code;
    code =
        fard_ask_with(&connection, FAR_MSG_REGISTER, body, write_body(order, body), files, order->file_count, &reply);
    const struct far_register_reply *registered = code ? NULL : fard_body(&connection, &reply, sizeof *registered);
    fard_disconnect(&connection);
    if (!registered)
        return code ? code : EX_PROTOCOL;
    print_registered(order, iface, registered);
    print_notes(&reply);
    if (registered->host_uid == geteuid())
        fprintf(
            stderr,
            "far: register: its host runs as uid %u, as you do: that keeps faults apart, but is no protection of one "
            "from the other (docs/trust.md)\n",
            registered->host_uid);
    return finish_output(0);
}

/* All files are looked at before anything is sent. */
static int send_files(const struct order *order, struct loaded *loaded, int *files, uint32_t at)
{
    if (at == order->file_count)
        return send_order(order, loaded[0].iface, files);
    int code = load_segment(&loaded[at], order->file[at]);
    if (code)
        return code;
    code = seal_file(&loaded[at], &files[at]);
    if (!code) {
        code = send_files(order, loaded, files, at + 1);
        close(files[at]);
    }
    unload_segment(&loaded[at]);
    return code;
}

int far_register_main(int argc, char **argv)
{
    static struct order order;
    struct loaded loaded[FAR_EXECUTABLES_MAX];
    int files[FAR_EXECUTABLES_MAX];
    order.head.host_uid = FAR_HOST_UID_DEFAULT;
    int code = parse(argc, argv, &order);
    return code >= 0 ? code : send_files(&order, loaded, files, 0);
}
