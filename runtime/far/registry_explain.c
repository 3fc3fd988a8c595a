/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far explain: what somebody would be granted by a service, which rule says so, and what follows from it. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/registry_describe.h"
#include "runtime/far/registry_who.h"
#include "runtime/format/complain.h"
#include "runtime/format/json.h"
#include "runtime/machine.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char help[] =
    "usage: far explain SERVICE [--as WHOM] [--op NAME] [--machine MACHINE] [--json] [--socket PATH]\n"
    "\n"
    "Which level a service grants, and why: each rule that was looked at, in order, and the one that decided (the "
    "policy\n"
    "file before the rules of the registration); then what is mapped, part by part, with which rights, and for each\n"
    "operation whether a call branches or traps, and why. fard answers by the function that decides about binds.\n"
    "\n"
    "  --as WHOM        uid:N, user:NAME, gid:N, group:NAME, exe:PATH, one of the first four with +exe:PATH behind it, "
    "or\n"
    "                   pid:N: that process as it was when it connected, or as it is now. Default: whoever asks. "
    "Users\n"
    "                   that this system knows have the groups that it gives them\n"
    "  --op NAME        only this operation\n"
    "  --machine MACHINE\n"
    "                   as a client on that machine (x86-64, aarch64)\n"
    "  --json           print JSON\n"
    "  --socket PATH    fard's socket; default: $FARCALL_SOCKET, the user's, the system's\n"
    "\n"
    "SERVICE is NAME, or NAME@MAJOR where several versions are registered. Everybody may ask about themselves and "
    "their\n"
    "own processes; about others only fard's user and root may.\n"
    "\n"
    "Exit codes: 0; 64 usage; 66 no such process or executable; 67 no such user or group; 69 fard is not running, or "
    "no\n"
    "such service or operation; 77 only fard's user and root may ask about others.\n";

struct asking {
    const char *socket, *op;
    bool json;
    struct far_explain_request head;
    uint32_t groups[FAR_EXPLAIN_GROUPS_MAX];
    char program[FAR_SUBJECT_MAX];
};

/* What is shown, and where the operations come in. */
struct answer {
    struct describing describing;
    const struct asking *asking;
    struct far_explain_reply head;
    struct json json;
    bool found; /* the operation of --op */
};

/* ---- The command line ---- */

static int usage(const char *what, const char *value)
{
    fprintf(stderr, "far: explain: %s: %s; far explain --help says more\n", value, what);
    return EX_USAGE;
}

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
        return usage("that is no process number", text);
    asking->head.flags = FAR_EXPLAIN_PID;
    asking->head.pid = (uint32_t)pid;
    return -1;
}

static int take_whom(struct asking *asking, const char *text)
{
    struct far_rule rule;
    if (strncmp(text, "pid:", 4) == 0)
        return take_pid(asking, text + 4);
    if (strcmp(text, "all") == 0)
        return usage("say whom: uid:N, user:NAME, gid:N, group:NAME, exe:PATH or pid:N", text);
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

static int take_option(struct asking *asking, int option, char **argv)
{
    const struct far_machine *machine;
    switch (option) {
    case 'a':
        return take_whom(asking, optarg);
    case 'o':
        asking->op = optarg;
        return -1;
    case 'm':
        machine = far_machine_by_name(optarg);
        asking->head.machine = machine ? machine->number : 0;
        return machine ? -1 : usage("--machine takes x86-64 or aarch64", optarg);
    case 'j':
        asking->json = true;
        return -1;
    case 's':
        asking->socket = optarg;
        return -1;
    case 'h':
        fputs(help, stdout);
        return finish_output(0);
    default:
        return bad_option(argv[0], argv);
    }
}

static int parse(int argc, char **argv, struct asking *asking)
{
    static const struct option long_options[] = {{"as", required_argument, NULL, 'a'},
                                                 {"op", required_argument, NULL, 'o'},
                                                 {"machine", required_argument, NULL, 'm'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"socket", required_argument, NULL, 's'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {0}};
    int option, end = -1;
    while (end < 0 && (option = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
        end = take_option(asking, option, argv);
    if (end >= 0)
        return end;
    if (argc - optind != 1)
        return usage("name one service", argc > optind ? argv[optind + 1] : "SERVICE");
    int code = far_take_service("explain", argv[optind], asking->head.name, &asking->head.version);
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

static void print_whom(const struct far_explain_reply *head)
{
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
    if (head->program[0])
        printf("runs      %s\n", fard_text(head->program, sizeof head->program));
    if (head->trouble[0])
        printf("          no rule about executables fits: %s\n", fard_text(head->trouble, sizeof head->trouble));
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
static const char *next_line(const char *line)
{
    return line + strlen(line) + 1;
}

static void print_lines(const char *lines, const char *end)
{
    printf("\nrules     in the order in which they were looked at\n");
    for (; lines < end; lines = next_line(lines))
        printf("  %s\n", fard_text(lines, (size_t)(end - lines)));
}

static void print_answer(const struct far_explain_reply *head, const char *lines, const char *end)
{
    printf("service   %s\n", fard_text(head->service, sizeof head->service));
    print_whom(head);
    printf("level     %s\n", level_word(head->level));
    printf("because   %s\n", fard_text(head->reason, sizeof head->reason));
    if (head->handed_level != FAR_LEVEL_UNSET)
        printf("bound     %s: what that process mapped when it bound stays until it ends\n",
               level_word(head->handed_level));
    if (head->channel_level != head->handed_level)
        printf("calls     by trap are %s's: it has bound more than once, or the policy has changed\n",
               level_word(head->channel_level));
    print_lines(lines, end);
    print_parts(head);
    printf("\nstub            call    operation\n");
}

static void json_answer(struct json *json, const struct far_explain_reply *head, const char *lines, const char *end)
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
    json_string(json, "executable", head->program[0] ? fard_text(head->program, sizeof head->program) : NULL);
    json_string(json, "executable_trouble", head->trouble[0] ? fard_text(head->trouble, sizeof head->trouble) : NULL);
    json_string(json, "level", level_word(head->level));
    json_string(json, "source", fard_text(head->source_word, sizeof head->source_word));
    json_string(json, "because", fard_text(head->reason, sizeof head->reason));
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
    const char *reason = refusal ? refusal : call_reason(answer->head.level, op);
    if (answer->asking->op && strcmp(answer->asking->op, describe_text(op, FAR_DESCRIBE_NAME)) != 0)
        return;
    if (!answer->asking->json) {
        printf("0x%012llx  %-7s %s\n                        %s\n", (unsigned long long)op->stub, call,
               describe_text(op, FAR_DESCRIBE_SIGNATURE), reason);
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
        json_answer(&answer->json, head, lines, end);
    else
        print_answer(head, lines, end);
    return 0;
}

static void look_for_op(struct describing *describing, const struct far_describe_op *op)
{
    struct answer *answer = (struct answer *)describing;
    answer->found |= strcmp(answer->asking->op, describe_text(op, FAR_DESCRIBE_NAME)) == 0;
}

/* Before anything is printed. */
static int check_op(struct fard_connection *connection, const struct asking *asking)
{
    struct answer answer = {.describing = {ignore_head, look_for_op}, .asking = asking};
    int code =
        asking->op ? describe_service(connection, asking->head.name, asking->head.version, &answer.describing) : 0;
    if (code || !asking->op || answer.found)
        return code;
    fprintf(stderr, "far: explain: service '%s' has no operation '%s'; far describe lists them\n", asking->head.name,
            asking->op);
    return EX_UNAVAILABLE;
}

static int explain(struct fard_connection *connection, const struct asking *asking)
{
    struct answer answer = {.describing = {ignore_head, show_op}, .asking = asking, .json = {.out = stdout}};
    int code = check_op(connection, asking);
    code = code ? code : ask(connection, &answer);
    if (code)
        return code;
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
