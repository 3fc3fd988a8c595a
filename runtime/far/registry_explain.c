/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far explain: what somebody would be granted by a service, which rule says so, and what follows from it. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_describe.h"
#include "runtime/far/registry_who.h"
#include "runtime/far/terminal.h"
#include "runtime/format/complain.h"
#include "runtime/format/json.h"
#include "runtime/machine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct asking {
    const char *socket, *op;
    bool json;
    struct far_explain_request head;
    uint32_t groups[FAR_EXPLAIN_GROUPS_MAX];
    char program[FAR_SUBJECT_MAX];
};

#define OP_TEXT 24 /* where the text about an operation begins */

/* What is shown, and where the operations come in. */
struct answer {
    struct describing describing;
    const struct asking *asking;
    struct far_explain_reply head;
    struct json json;
    uint32_t host_uid;
    unsigned columns; /* of the terminal */
    bool found;       /* the operation of --op */
};

/* ---- The command line ---- */

static const struct command_line line;

/* A uid with the groups that its user has here; one that nobody has, has none. */
static void take_groups(struct asking *asking, uint32_t uid)
{
    const struct passwd *user = getpwuid(uid);
    gid_t groups[FAR_EXPLAIN_GROUPS_MAX];
    int count = FAR_EXPLAIN_GROUPS_MAX;
    asking->head.gid = user ? user->pw_gid : UINT32_MAX;
    if (!user || getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
        return;
    for (int i = 0; i < count; i++)
        asking->groups[i] = groups[i];
    asking->head.group_count = (uint32_t)count;
}

static int take_pid(struct asking *asking, const char *text)
{
    char *end;
    errno = 0;
    unsigned long pid = strtoul(text, &end, 10);
    if (errno || *end || *text < '0' || *text > '9' || !pid || pid > INT32_MAX)
        return options_mistake(&line, "that is no process number", text);
    asking->head.flags = FAR_EXPLAIN_PID;
    asking->head.pid = (uint32_t)pid;
    return -1;
}

/* NODE, or NODE:UID. */
static int take_node(struct asking *asking, const char *text)
{
    struct far_rule rule;
    char word[FAR_NODE_NAME_MAX + 32];
    snprintf(word, sizeof word, "%s=none", text);
    int code = who_parse_node("explain", word, &rule, asking->program);
    if (code)
        return code;
    asking->head.flags = FAR_EXPLAIN_NODE | (rule.who == FAR_WHO_NODE_UID ? FAR_EXPLAIN_UID : 0);
    asking->head.uid = rule.id;
    asking->head.gid = asking->head.group_count = 0;
    asking->head.program_bytes = (uint32_t)strlen(asking->program) + 1;
    return -1;
}

static int take_whom(void *to, const struct option_row *row, const char *text)
{
    struct asking *asking = to;
    struct far_rule rule;
    (void)row;
    if (strncmp(text, "pid:", 4) == 0)
        return take_pid(asking, text + 4);
    if (strncmp(text, "node:", 5) == 0)
        return take_node(asking, text + 5);
    if (strcmp(text, "all") == 0)
        return options_mistake(&line, "say whom: uid:N, user:NAME, gid:N, group:NAME, exe:PATH, node:NAME or pid:N",
                               text);
    int code = who_parse("explain", text, FAR_LEVEL_NONE, &rule, asking->program);
    if (code)
        return code;
    asking->head.uid = asking->head.gid = asking->head.group_count = 0;
    asking->head.flags = asking->program[0] ? FAR_EXPLAIN_PROGRAM : 0;
    asking->head.program_bytes = asking->program[0] ? (uint32_t)strlen(asking->program) + 1 : 0;
    if (rule.who == FAR_WHO_UID) {
        asking->head.flags |= FAR_EXPLAIN_UID;
        asking->head.uid = rule.id;
        take_groups(asking, rule.id);
    } else if (rule.who == FAR_WHO_GID) {
        asking->head.flags |= FAR_EXPLAIN_GID;
        asking->head.gid = rule.id;
    }
    return -1;
}

static int take_machine(void *to, const struct option_row *row, const char *name)
{
    const struct far_machine *machine = far_machine_by_name(name);
    struct asking *asking = to;
    (void)row;
    asking->head.machine = machine ? machine->number : 0;
    return machine ? -1 : options_mistake(&line, "--machine takes x86-64 or aarch64", name);
}

static const struct option_row rows[] = {
    {.name = "as",
     .value = "WHOM",
     .kind = OPTION_TAKE,
     .take = take_whom,
     .help = "uid:N, user:NAME, gid:N, group:NAME, exe:PATH, one of the first four with +exe:PATH behind it, or pid:N: "
             "that process as it was when it connected, or as it is now; or node:NAME[:UID], on another node. Default: "
             "whoever asks. Users that this system "
             "knows have the groups that it gives them"},
    {.name = "op",
     .value = "NAME",
     .kind = OPTION_TEXT,
     .at = offsetof(struct asking, op),
     .help = "only this operation"},
    {.name = "machine",
     .value = "MACHINE",
     .kind = OPTION_TAKE,
     .take = take_machine,
     .help = "as a client on that machine (x86-64, aarch64)"},
    OPTION_ROW_JSON(struct asking),
    OPTION_ROW_SOCKET(struct asking),
    {0}};

static const struct command_line line = {
    .name = "explain",
    .usage = "far explain SERVICE [--as WHOM] [--op NAME] [--machine MACHINE] [--json] [--socket PATH]",
    .about = "Which level a service grants, and why: each rule that was looked at, in order, and the one that decided "
             "(the policy file before the rules of the registration); then what is mapped, part by part, with which "
             "rights, and for each operation whether a call branches or traps, and why. fard answers by the function "
             "that decides about binds.\n",
    .rows = rows,
    .notes = "SERVICE is NAME, or NAME@MAJOR where several versions are registered. Everybody may ask about themselves "
             "and their own processes; about others only fard's user and root may.\n"
             "\n"
             "Exit codes: 0; 64 usage; 66 no such process or executable; 67 no such user or group; 69 fard is not "
             "running, or no such service or operation; 77 only fard's user and root may ask about others.\n",
    .least = 1,
    .most = 1,
    .operands = "name one service",
};

static int parse(int argc, char **argv, struct asking *asking)
{
    struct operands operands;
    int end = options_read(&line, argc, argv, asking, &operands);
    if (end >= 0)
        return end;
    int code = far_take_service("explain", operands.word[0], asking->head.name, &asking->head.version);
    return code ? code : -1;
}

/* ---- Words ---- */

static void rights_text(uint32_t rights, char text[4])
{
    text[0] = rights & FAR_RIGHT_READ ? 'r' : '-';
    text[1] = rights & FAR_RIGHT_WRITE ? 'w' : '-';
    text[2] = rights & FAR_RIGHT_EXECUTE ? 'x' : '-';
    text[3] = '\0';
}

/* A client without code for its machine is refused, and one by a capability may call what that names. */
static const char *refusal_of_all(const struct far_explain_reply *head, const struct far_describe_op *op)
{
    const char *name = describe_text(op, FAR_DESCRIBE_NAME);
    size_t length = strlen(name);
    if (head->refused)
        return "clients there may not call it";
    if (!head->machine)
        return "there is no executable for that machine";
    if (!head->limited)
        return NULL;
    for (const char *at = head->ops; *at; at += strcspn(at, "\n") + (at[strcspn(at, "\n")] != '\0'))
        if (strncmp(at, name, length) == 0 && at[length] == '\n')
            return NULL;
    return "the capability does not name it";
}

/* Why a call does what it does. */
static const char *call_reason(enum far_level level, const struct far_describe_op *op)
{
    if (far_call_branches(level, op->flags))
        return "the level is trusted, and it touches nothing of the process it runs in";
    if (describe_text(op, FAR_DESCRIBE_REFUSAL)[0])
        return describe_text(op, FAR_DESCRIBE_REFUSAL);
    if (op->flags & FAR_OP_ABSENT)
        return "it refuses all calls";
    if (level != FAR_LEVEL_TRUSTED)
        return level == FAR_LEVEL_READ ? "the level is read" : "the level is none";
    return describe_text(op, FAR_DESCRIBE_REASON)[0] ? describe_text(op, FAR_DESCRIBE_REASON) : "it is not neutral";
}

static void print_whom(const struct asking *asking, const struct far_explain_reply *head)
{
    if (asking->head.flags & FAR_EXPLAIN_NODE) {
        printf("whom      ");
        if (asking->head.flags & FAR_EXPLAIN_UID)
            printf("uid %u, as node %s says\n", head->uid, asking->program);
        else
            printf("somebody on node %s\n", asking->program);
        return;
    }
    const struct passwd *user = head->uid == UINT32_MAX ? NULL : getpwuid(head->uid);
    printf("whom      ");
    if (head->uid == UINT32_MAX)
        printf("somebody whom no rule names");
    else
        printf("uid %u%s%s%s", head->uid, user ? " (" : "", user ? user->pw_name : "", user ? ")" : "");
    if (head->gid != UINT32_MAX)
        printf(", gid %u, %u supplementary group%s", head->gid, head->group_count, head->group_count == 1 ? "" : "s");
    if (head->pid)
        printf(", pid %u", head->pid);
    putchar('\n');
    char program[FARD_VISIBLE(sizeof head->program)], trouble[FARD_VISIBLE(sizeof head->trouble)];
    if (head->program[0])
        printf("runs      %s\n", fard_visible(head->program, sizeof head->program, program));
    if (head->trouble[0])
        printf("          no rule about executables fits: %s\n",
               fard_visible(head->trouble, sizeof head->trouble, trouble));
}

static void print_parts(const struct far_explain_reply *head)
{
    char rights[4];
    if (!head->machine) {
        printf("\nnothing is mapped: there is no executable for that machine\n");
        return;
    }
    printf("\nmachine   %s\n\npart      rights          address         size\n", far_machine_name(head->machine));
    for (enum far_part i = 0; i < FAR_PART_COUNT; i++) {
        rights_text(head->rights[i], rights);
        printf("%-9s %s %-11s 0x%012llx  0x%llx\n", far_part_name(i), rights,
               !head->rights[i]                     ? "not mapped"
               : head->rights[i] & FAR_RIGHT_SHARED ? "shared"
                                                    : "private",
               (unsigned long long)head->part[i].address, (unsigned long long)head->part[i].size);
    }
}

/* Lines of text that follow the answer; each was checked to end inside it. */
static const char *next_line(const char *text)
{
    return text + strlen(text) + 1;
}

static void print_lines(const char *lines, const char *end, unsigned columns)
{
    printf("\nrules     in the order in which they were looked at\n");
    for (; lines < end; lines = next_line(lines))
        text_line(stdout, columns, 4, "  %s", fard_text(lines, (size_t)(end - lines)));
}

/* Under one uid nothing of what follows is protection. */
static bool of_host_uid(const struct far_explain_reply *head, uint32_t host_uid)
{
    return head->uid != UINT32_MAX && head->uid == host_uid;
}

static void print_answer(const struct asking *asking, const struct far_explain_reply *head, uint32_t host_uid,
                         const char *lines, const char *end)
{
    unsigned columns = terminal_size(stdout).columns;
    char reason[FARD_VISIBLE(sizeof head->reason)];
    printf("service   %s\n", fard_text(head->service, sizeof head->service));
    print_whom(asking, head);
    if (head->node[0])
        printf("node      %s\n", fard_text(head->node, sizeof head->node));
    printf("level     %s%s\n", level_word(head->level), head->refused ? ", and calls are refused" : "");
    text_line(stdout, columns, 10, "because   %s", fard_visible(head->reason, sizeof head->reason, reason));
    if (of_host_uid(head, host_uid))
        text_line(stdout, columns, 10,
                  "but       its host runs as the same uid: whatever is mapped, one can reach into the other "
                  "(docs/trust.md)");
    if (head->handed_level != FAR_LEVEL_UNSET)
        printf("bound     %s: what that process mapped when it bound stays until it ends\n",
               level_word(head->handed_level));
    if (head->channel_level != head->handed_level)
        printf("calls     by trap are %s's: it has bound more than once, or the policy has changed\n",
               level_word(head->channel_level));
    print_lines(lines, end, columns);
    print_parts(head);
    printf("\nstub            call    operation\n");
}

static void json_answer(struct json *json, const struct far_explain_reply *head, uint32_t host_uid, const char *lines,
                        const char *end)
{
    char rights[4];
    json_open(json, NULL, '{');
    json_string(json, "service", fard_text(head->service, sizeof head->service));
    if (head->uid != UINT32_MAX)
        json_number(json, "uid", head->uid);
    if (head->gid != UINT32_MAX)
        json_number(json, "gid", head->gid);
    if (head->pid)
        json_number(json, "pid", head->pid);
    char text[FARD_VISIBLE(sizeof head->reason)];
    json_string(json, "executable", head->program[0] ? fard_visible(head->program, sizeof head->program, text) : NULL);
    json_string(json, "executable_trouble",
                head->trouble[0] ? fard_visible(head->trouble, sizeof head->trouble, text) : NULL);
    json_string(json, "node", head->node[0] ? fard_text(head->node, sizeof head->node) : NULL);
    json_string(json, "level", level_word(head->level));
    json_bool(json, "refused", head->refused);
    json_string(json, "source", fard_text(head->source_word, sizeof head->source_word));
    json_string(json, "because", fard_visible(head->reason, sizeof head->reason, text));
    json_bool(json, "uid_of_host", of_host_uid(head, host_uid));
    json_string(json, "bound", head->handed_level != FAR_LEVEL_UNSET ? level_word(head->handed_level) : NULL);
    json_string(json, "channel", head->channel_level != FAR_LEVEL_UNSET ? level_word(head->channel_level) : NULL);
    json_open(json, "rules", '[');
    for (; lines < end; lines = next_line(lines))
        json_string(json, NULL, fard_text(lines, (size_t)(end - lines)));
    json_close(json, ']');
    json_string(json, "machine", head->machine ? far_machine_name(head->machine) : NULL);
    json_open(json, "parts", '[');
    for (enum far_part i = 0; head->machine && i < FAR_PART_COUNT; i++) {
        rights_text(head->rights[i], rights);
        json_open(json, NULL, '{');
        json_string(json, "name", far_part_name(i));
        json_string(json, "rights", rights);
        json_bool(json, "shared", head->rights[i] & FAR_RIGHT_SHARED);
        json_hex(json, "address", head->part[i].address);
        json_number(json, "size", head->part[i].size);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "operations", '[');
}

/* ---- Operations ---- */

static void ignore_head(struct describing *describing, const struct far_describe_reply *head,
                        const struct rule_list *rules)
{
    (void)describing;
    (void)head;
    (void)rules;
}

static void show_op(struct describing *describing, const struct far_describe_op *op)
{
    struct answer *answer = (struct answer *)describing;
    const char *refusal = refusal_of_all(&answer->head, op);
    const char *call = refusal ? "fails" : describe_call(answer->head.level, op);
    const char *reason = refusal ? refusal
                         : answer->head.node[0]
                             ? "its host is on another node: a trap here, then the network, there and back"
                             : call_reason(answer->head.level, op);
    if (answer->asking->op && strcmp(answer->asking->op, describe_text(op, FAR_DESCRIBE_NAME)) != 0)
        return;
    if (!answer->asking->json) {
        text_line(stdout, answer->columns, OP_TEXT, "0x%012llx  %-7s %s", (unsigned long long)op->stub, call,
                  describe_text(op, FAR_DESCRIBE_SIGNATURE));
        text_line(stdout, answer->columns, OP_TEXT, "%*s%s", (int)text_hang(answer->columns, OP_TEXT), "", reason);
        return;
    }
    json_open(&answer->json, NULL, '{');
    json_string(&answer->json, "name", describe_text(op, FAR_DESCRIBE_NAME));
    json_hex(&answer->json, "stub", op->stub);
    json_string(&answer->json, "call", call);
    json_string(&answer->json, "because", reason);
    json_close(&answer->json, '}');
}

static size_t write_body(const struct asking *asking, uint8_t *body)
{
    uint8_t *at = body;
    at = (uint8_t *)mempcpy(at, &asking->head, sizeof asking->head);
    at = (uint8_t *)mempcpy(at, asking->groups, asking->head.group_count * sizeof *asking->groups);
    at = (uint8_t *)mempcpy(at, asking->program, asking->head.program_bytes);
    return (size_t)(at - body);
}

static int ask(struct fard_connection *connection, struct answer *answer)
{
    static uint8_t body[FAR_MESSAGE_MAX];
    static struct fard_reply reply;
    int code = fard_ask(connection, FAR_MSG_EXPLAIN, body, write_body(answer->asking, body), -1, &reply);
    const struct far_explain_reply *head = code ? NULL : fard_body(connection, &reply, sizeof *head);
    if (!head)
        return code ? code : EX_PROTOCOL;
    const char *lines = (const char *)(head + 1), *end = lines + head->text_bytes;
    if (head->text_bytes != reply.size - sizeof *head || (lines < end && end[-1]))
        return fard_broken_reply(connection);
    answer->head = *head;
    answer->head.ops[sizeof answer->head.ops - 1] = '\0';
    if (answer->asking->json)
        json_answer(&answer->json, head, answer->host_uid, lines, end);
    else
        print_answer(answer->asking, head, answer->host_uid, lines, end);
    return 0;
}

static void look_at_host(struct describing *describing, const struct far_describe_reply *head,
                         const struct rule_list *rules)
{
    struct answer *answer = (struct answer *)describing;
    (void)rules;
    bool elsewhere = head->entry.state == FAR_STATE_AWAY || answer->asking->head.flags & FAR_EXPLAIN_NODE;
    answer->host_uid = elsewhere ? UINT32_MAX - 1 : head->entry.host_uid;
}

static void look_for_op(struct describing *describing, const struct far_describe_op *op)
{
    struct answer *answer = (struct answer *)describing;
    const char *wanted = answer->asking->op;
    answer->found |= !wanted || strcmp(wanted, describe_text(op, FAR_DESCRIBE_NAME)) == 0;
}

/* Before anything is printed: whose the host is, and is there such an operation? */
static int look(struct fard_connection *connection, struct answer *answer)
{
    const struct asking *asking = answer->asking;
    answer->describing = (struct describing){look_at_host, look_for_op};
    int code = describe_service(connection, asking->head.name, asking->head.version, &answer->describing);
    if (code || !asking->op || answer->found)
        return code;
    fprintf(stderr, "far: explain: service '%s' has no operation '%s'; far describe lists them\n", asking->head.name,
            asking->op);
    return EX_UNAVAILABLE;
}

static int explain(struct fard_connection *connection, const struct asking *asking)
{
    struct answer answer = {
        .asking = asking, .json = {.out = stdout}, .host_uid = UINT32_MAX, .columns = terminal_size(stdout).columns};
    int code = look(connection, &answer);
    code = code ? code : ask(connection, &answer);
    if (code)
        return code;
    answer.describing = (struct describing){ignore_head, show_op};
    code = describe_service(connection, asking->head.name, asking->head.version, &answer.describing);
    if (asking->json) {
        json_close(&answer.json, ']');
        json_close(&answer.json, '}');
    }
    return code;
}

int far_explain_main(int argc, char **argv)
{
    static struct asking asking;
    struct fard_connection connection;
    int code = parse(argc, argv, &asking);
    if (code >= 0)
        return code;
    code = fard_connect(&connection, asking.socket);
    if (code)
        return code;
    code = explain(&connection, &asking);
    fard_disconnect(&connection);
    return finish_output(code);
}
