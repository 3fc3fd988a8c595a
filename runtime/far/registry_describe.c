/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far describe: everything about one service, collected page by page and then printed, as text or as JSON. */
#include "runtime/far/registry_describe.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_settings.h"
#include "runtime/far/registry_who.h"
#include "runtime/far/terminal.h"
#include "runtime/format/complain.h"
#include "runtime/format/json.h"
#include "runtime/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct option_row rows[] = {
    OPTION_ROW_JSON(struct query_options), OPTION_ROW_SOCKET(struct query_options), {0}};

static const struct command_line line = {
    .name = "describe",
    .usage = "far describe NAME[@MAJOR] [--json] [--socket PATH]",
    .about = "Says all about one service: where its parts lie, its host, what you are granted, the rules about it (for "
             "fard's user and root; others are told how many there are), and for every "
             "operation its stub's address (the operation's one name, in every process), the part it lives in, and "
             "what a call does at each level: branch (runs in the caller), trap (goes to the host) or fails (what it "
             "takes no gate carries yet).\n",
    .rows = rows,
    .notes = "Exit codes: 0; 64 usage; 69 fard is not running, or no such service.\n",
    .least = 1,
    .most = 1,
    .operands = "name one service",
};

#define OP_TEXT 47 /* where the text about an operation begins */

/* One page of the answer, its entries checked to lie inside it. */
struct page {
    const struct far_describe_reply *head;
    struct rule_list rules;
    const uint8_t *ops;
    const uint8_t *end;
};

static const struct far_describe_op *next_op(struct page *page)
{
    const struct far_describe_op *op = (const void *)page->ops;
    if ((size_t)(page->end - page->ops) < sizeof *op || far_describe_op_size(op) > (size_t)(page->end - page->ops))
        return NULL;
    page->ops += far_describe_op_size(op);
    return op;
}

const char *describe_text(const struct far_describe_op *op, enum far_describe_text which)
{
    const char *text = (const char *)(op + 1);
    for (enum far_describe_text i = 0; i < which; i++)
        text += op->text_size[i];
    return fard_text(text, op->text_size[which]);
}

const char *describe_call(enum far_level level, const struct far_describe_op *op)
{
    return far_call_branches(level, op->flags)          ? "branch"
           : describe_text(op, FAR_DESCRIBE_REFUSAL)[0] ? "fails"
                                                        : "trap";
}

/* Rules and what they refer to; each rule's text must lie inside and end there. */
static bool take_rules(struct page *page, size_t left)
{
    const struct far_rule *rules = (const void *)(page->head + 1);
    uint32_t count = page->head->rule_count, bytes = page->head->subject_bytes;
    const char *subjects = (const char *)(rules + count);
    if (count > FAR_RULE_MAX || left < count * sizeof *rules || left - count * sizeof *rules < bytes || bytes % 8 ||
        (bytes && subjects[bytes - 1]))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (rules[i].subject > bytes)
            return false;
    }
    page->rules = (struct rule_list){rules, count, subjects};
    page->ops = (const uint8_t *)subjects + bytes;
    return true;
}

static int ask_page(struct fard_connection *connection, struct far_name_request *request, struct fard_reply *reply,
                    struct page *page)
{
    int code = fard_ask(connection, FAR_MSG_DESCRIBE, request, sizeof *request, -1, reply);
    page->head = code ? NULL : fard_body(connection, reply, sizeof *page->head);
    if (!page->head)
        return code ? code : EX_PROTOCOL;
    if (!take_rules(page, reply->size - sizeof *page->head) || (page->head->more && page->head->op_count == 0))
        return fard_broken_reply(connection);
    page->end = (const uint8_t *)page->head + reply->size;
    return 0;
}

/* Which machine has which file, and which of them the host runs. */
static void print_executable(const struct far_describe_reply *head, unsigned index)
{
    uint32_t machine = head->entry.machine[index];
    if (!machine)
        return;
    printf("build id  ");
    for (size_t i = 0; i < sizeof head->build_id[index]; i++)
        printf("%02x", head->build_id[index][i]);
    printf("  %s%s\n", far_machine_name(machine), machine == head->host_machine ? " (host)" : "");
}

static void print_host(const struct far_describe_reply *head)
{
    const struct far_list_entry *entry = &head->entry;
    char pid[16] = "-"; /* there is none at the moment */
    if (entry->host_pid)
        snprintf(pid, sizeof pid, "%u", entry->host_pid);
    printf("host      pid %s, uid %u, started %u time%s, %u channel%s\n", pid, entry->host_uid, head->generation,
           head->generation == 1 ? "" : "s", entry->channels, entry->channels == 1 ? "" : "s");
}

static void print_head(const struct far_describe_reply *head)
{
    const struct far_list_entry *entry = &head->entry;
    printf("service   %s %u.%u", fard_text(entry->name, sizeof entry->name), entry->major, entry->minor);
    if (strcmp(fard_text(head->interface, sizeof head->interface), fard_text(entry->name, sizeof entry->name)) != 0)
        printf(" (interface %s)", fard_text(head->interface, sizeof head->interface));
    printf(", %s\n", state_word(entry->state));
    if (head->trouble[0])
        text_line(stdout, terminal_size(stdout).columns, 10, "trouble   %s",
                  fard_text(head->trouble, sizeof head->trouble));
    printf("range     0x%012llx to 0x%012llx (%llu MiB)\n", (unsigned long long)entry->base,
           (unsigned long long)(entry->base + entry->size), (unsigned long long)entry->size >> 20);
    if (entry->state == FAR_STATE_AWAY)
        printf("node      %s, and its host with it: every call from here goes over the network\n",
               fard_text(entry->node, sizeof entry->node));
    else
        print_host(head);
    if (head->regions)
        printf("granted   %u region%s of clients' memory, %llu KiB\n", head->regions, head->regions == 1 ? "" : "s",
               (unsigned long long)head->region_bytes >> 10);
    printf("interface 0x%016llx\n", (unsigned long long)head->fingerprint);
    for (unsigned i = 0; i < FAR_EXECUTABLES_MAX; i++)
        print_executable(head, i);
}

static void print_policy(const struct far_describe_reply *head, const struct rule_list *list, unsigned columns)
{
    char who[FAR_SUBJECT_MAX + 128];
    printf("\nlevel     %s: what you are granted\n", level_word(head->level));
    if (head->rules_hidden) {
        printf(
            "policy    %u rule%s of the registration, for fard's user and root to see; why you are granted what: far "
            "explain\n",
            head->rules_hidden, head->rules_hidden == 1 ? "" : "s");
        return;
    }
    text_wrap(
        stdout,
        "policy    of the registration: the most specific rule decides; everybody else: none. A policy file comes "
        "first:\n          far explain\n",
        columns);
    for (uint32_t i = 0; i < list->count; i++) {
        who_print(&list->rules[i], list->subjects, who, sizeof who);
        text_line(stdout, columns, 4, "  %-24s %s", who, level_word(list->rules[i].level));
    }
}

static void print_parts(const struct far_describe_reply *head)
{
    printf("\npart      address         size\n");
    for (enum far_part i = 0; i < FAR_PART_COUNT; i++)
        printf("%-9s 0x%012llx  0x%llx\n", far_part_name(i), (unsigned long long)head->part[i].address,
               (unsigned long long)head->part[i].size);
    printf("\nstub            part    trusted  read   none   operation\n");
}

/* Below the signature. */
static void print_remark(unsigned columns, const char *before, const char *text, const char *behind)
{
    if (text[0])
        text_line(stdout, columns, OP_TEXT, "%*s%s: %s%s", (int)text_hang(columns, OP_TEXT), "", before, text, behind);
}

static void print_op(const struct far_describe_op *op, unsigned columns)
{
    bool neutral = op->flags & FAR_OP_NEUTRAL;
    text_line(stdout, columns, OP_TEXT, "0x%012llx  %-7s %-8s %-6s %-6s %s%s", (unsigned long long)op->stub,
              far_part_name(far_part_of_op(op->flags)), describe_call(FAR_LEVEL_TRUSTED, op),
              describe_call(FAR_LEVEL_READ, op), describe_call(FAR_LEVEL_NONE, op),
              describe_text(op, FAR_DESCRIBE_SIGNATURE), op->flags & FAR_OP_ABSENT ? "  (refuses)" : "");
    print_remark(columns, neutral ? "branch only" : "works for nobody", describe_text(op, FAR_DESCRIBE_REFUSAL),
                 neutral ? "" : ", and it is not neutral");
    print_remark(columns, "not neutral", describe_text(op, FAR_DESCRIBE_REASON), "");
    print_remark(columns, "its author vouches for", describe_text(op, FAR_DESCRIBE_VOUCHED), "");
}

static void json_executables(struct json *json, const struct far_describe_reply *head)
{
    json_open(json, "executables", '[');
    for (unsigned i = 0; i < FAR_EXECUTABLES_MAX && head->entry.machine[i]; i++) {
        json_open(json, NULL, '{');
        json_string(json, "machine", far_machine_name(head->entry.machine[i]));
        json_bytes(json, "build_id", head->build_id[i], sizeof head->build_id[i]);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void json_head(struct json *json, const struct far_describe_reply *head)
{
    const struct far_list_entry *entry = &head->entry;
    char version[16];
    snprintf(version, sizeof version, "%u.%u", entry->major, entry->minor);
    json_open(json, NULL, '{');
    json_string(json, "name", fard_text(entry->name, sizeof entry->name));
    json_string(json, "interface", fard_text(head->interface, sizeof head->interface));
    json_string(json, "version", version);
    json_string(json, "state", state_word(entry->state));
    json_string(json, "node", entry->node[0] ? fard_text(entry->node, sizeof entry->node) : NULL);
    json_string(json, "trouble", head->trouble[0] ? fard_text(head->trouble, sizeof head->trouble) : NULL);
    json_number(json, "id", entry->service_id);
    json_hex(json, "base", entry->base);
    json_number(json, "size", entry->size);
    json_hex(json, "fingerprint", head->fingerprint);
    json_bytes(json, "build_id", head->build_id[0], sizeof head->build_id[0]);
    json_executables(json, head);
    json_open(json, "host", '{');
    json_number(json, "pid", entry->host_pid);
    json_number(json, "uid", entry->host_uid);
    json_number(json, "restarts", entry->restarts);
    json_number(json, "generation", head->generation);
    json_string(json, "machine", head->host_machine ? far_machine_name(head->host_machine) : NULL);
    json_number(json, "channels", entry->channels);
    json_close(json, '}');
    json_open(json, "granted", '{');
    json_number(json, "regions", head->regions);
    json_number(json, "bytes", head->region_bytes);
    json_close(json, '}');
}

static void json_policy(struct json *json, const struct far_describe_reply *head, const struct rule_list *list)
{
    json_string(json, "level", level_word(head->level));
    json_number(json, "policy_hidden", head->rules_hidden);
    json_open(json, "policy", '[');
    for (uint32_t i = 0; i < list->count; i++) {
        const struct far_rule *rule = &list->rules[i];
        const char *program = rule_program(rule, list->subjects);
        json_open(json, NULL, '{');
        json_string(json, "who", who_word(rule->who));
        if (rule_node(rule, list->subjects))
            json_string(json, "node", fard_text(rule_node(rule, list->subjects), FAR_NODE_NAME_MAX));
        if (rule->who != FAR_WHO_ALL && rule->who != FAR_WHO_NODE)
            json_number(json, "id", rule->id);
        if (program)
            json_string(json, "executable", fard_text(program, FAR_SUBJECT_MAX));
        json_string(json, "level", level_word(rule->level));
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void json_parts(struct json *json, const struct far_describe_reply *head)
{
    json_open(json, "parts", '[');
    for (enum far_part i = 0; i < FAR_PART_COUNT; i++) {
        json_open(json, NULL, '{');
        json_string(json, "name", far_part_name(i));
        json_hex(json, "address", head->part[i].address);
        json_number(json, "size", head->part[i].size);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "operations", '[');
}

static void json_op(struct json *json, const struct far_describe_op *op)
{
    json_open(json, NULL, '{');
    json_string(json, "name", describe_text(op, FAR_DESCRIBE_NAME));
    json_string(json, "signature", describe_text(op, FAR_DESCRIBE_SIGNATURE));
    json_number(json, "slot", op->slot);
    json_hex(json, "stub", op->stub);
    json_string(json, "part", far_part_name(far_part_of_op(op->flags)));
    json_hex(json, "fingerprint", op->fingerprint);
    json_bool(json, "neutral", op->flags & FAR_OP_NEUTRAL);
    json_string(json, "reason",
                describe_text(op, FAR_DESCRIBE_REASON)[0] ? describe_text(op, FAR_DESCRIBE_REASON) : NULL);
    json_string(json, "vouched",
                describe_text(op, FAR_DESCRIBE_VOUCHED)[0] ? describe_text(op, FAR_DESCRIBE_VOUCHED) : NULL);
    json_bool(json, "absent", op->flags & FAR_OP_ABSENT);
    json_string(json, "trusted", describe_call(FAR_LEVEL_TRUSTED, op));
    json_string(json, "read", describe_call(FAR_LEVEL_READ, op));
    json_string(json, "none", describe_call(FAR_LEVEL_NONE, op));
    json_string(json, "branch_only",
                describe_text(op, FAR_DESCRIBE_REFUSAL)[0] ? describe_text(op, FAR_DESCRIBE_REFUSAL) : NULL);
    json_close(json, '}');
}

/* far describe itself: as words, or as JSON. */
struct printing {
    struct describing describing;
    struct fard_connection *connection;
    struct far_name_request service;
    struct json json;
    bool as_json;
    unsigned columns; /* of the terminal */
};

static bool has_host(const struct far_describe_reply *head)
{
    return head->entry.state != FAR_STATE_BROKEN && head->entry.state != FAR_STATE_AWAY;
}

static void print_begin(struct describing *describing, const struct far_describe_reply *head,
                        const struct rule_list *rules)
{
    struct printing *printing = (struct printing *)describing;
    if (printing->as_json) {
        json_head(&printing->json, head);
        if (has_host(head))
            settings_show(printing->connection, &printing->service, &printing->json);
        json_policy(&printing->json, head, rules);
        json_parts(&printing->json, head);
        return;
    }
    print_head(head);
    if (head->entry.state == FAR_STATE_BROKEN)
        return;
    if (has_host(head))
        settings_show(printing->connection, &printing->service, NULL);
    print_policy(head, rules, printing->columns);
    print_parts(head);
}

static void print_each(struct describing *describing, const struct far_describe_op *op)
{
    struct printing *printing = (struct printing *)describing;
    if (printing->as_json)
        json_op(&printing->json, op);
    else
        print_op(op, printing->columns);
}

static int take_page(struct fard_connection *connection, struct describing *describing, struct page *page)
{
    for (uint32_t i = 0; i < page->head->op_count; i++) {
        const struct far_describe_op *op = next_op(page);
        if (!op)
            return fard_broken_reply(connection);
        describing->each(describing, op);
    }
    return 0;
}

int describe_service(struct fard_connection *connection, const char *name, uint32_t version,
                     struct describing *describing)
{
    static struct fard_reply reply;
    struct far_name_request request = {.version = version};
    struct page page = {0};
    int code = 0;
    snprintf(request.name, sizeof request.name, "%s", name);
    do {
        code = ask_page(connection, &request, &reply, &page);
        if (code)
            return code;
        if (request.first == 0)
            describing->begin(describing, page.head, &page.rules);
        code = take_page(connection, describing, &page);
        request.first += page.head->op_count;
    } while (!code && page.head->more);
    return code;
}

int far_describe_main(int argc, char **argv)
{
    struct query_options options;
    char name[FAR_SERVICE_MAX];
    uint32_t version;
    struct fard_connection connection;
    struct printing printing = {.describing = {print_begin, print_each}, .json = {.out = stdout}};
    int code = query_read(&line, argc, argv, &options);
    if (code >= 0)
        return code;
    code = far_take_service("describe", options.name, name, &version);
    code = code ? code : fard_connect(&connection, options.socket);
    if (code)
        return code;
    printing.as_json = options.json;
    printing.columns = terminal_size(stdout).columns;
    printing.connection = &connection;
    printing.service.version = version;
    memcpy(printing.service.name, name, sizeof name);
    code = describe_service(&connection, name, version, &printing.describing);
    if (options.json) {
        json_close(&printing.json, ']');
        json_close(&printing.json, '}');
    }
    fard_disconnect(&connection);
    return finish_output(code);
}
