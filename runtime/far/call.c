/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far call: the command. Each call is bound as any client's is, by the name server's description of the one operation. */
#include "runtime/far/call.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_describe.h"
#include "runtime/import.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/channel.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define THEN "then"

struct calling {
    const char *socket;
    bool json;
    bool untrusted;
    struct call_memory memory;
    struct call *last;
    struct json out;
};

static const struct option_row rows[] = {OPTION_ROW_JSON(struct calling),
                                         {.name = "untrusted",
                                          .kind = OPTION_FLAG,
                                          .at = offsetof(struct calling, untrusted),
                                          .help = "through a gate, even if the service trusts you"},
                                         OPTION_ROW_SOCKET(struct calling),
                                         {0}};

static const struct command_line line = {
    .name = "call",
    .usage = "far call [--json] [--untrusted] [--socket PATH] SERVICE[@MAJOR].OPERATION [ARGUMENT…] [" THEN
             " SERVICE.OPERATION [ARGUMENT…]]…",
    .about =
        "Calls operations as a program would, and prints the result and every parameter that something came back in. "
        "far "
        "describe SERVICE lists the operations.\n"
        "\n"
        "There is one argument for each parameter, in their order, but for those that only come out: they get the room "
        "that the interface says. Numbers are as in C or JSON (12, -3, 0x1f, 'a', true, 1.5e3); structures "
        "{\"x\": 1, \"y\": 2} or {.x = 1, .y = 2}; arrays [1, 2, 3]. Texts and bytes stand as they are, or in quotes "
        "with "
        "C's and JSON's escapes, or are a file's: @FILE, @- for the standard input. NULL is a pointer to nothing. _ in "
        "place of a size is that of the argument that it is the size of.\n"
        "\n"
        "With \"" THEN
        "\" another call follows in the same process. $1 is what the first call returned, $1.NAME what it "
        "brought back in that parameter: so handles are passed on.\n",
    .rows = rows,
    .notes = "Examples:\n"
             "  far call kv.kv_put colour blue _\n"
             "  far call z.crc32 0 'some text' _\n"
             "  far call db.db_open /tmp/x " THEN " db.db_count '$1' " THEN " db.db_close '$1'\n"
             "\n"
             "Exit codes: 0 called; 64 usage, or an argument that does not fit its parameter; 66 no such file; 69 fard "
             "is not running, no such service or operation, or the call could not complete; 70 it takes what far call "
             "cannot pass.\n",
    .order = OPTIONS_FIRST,
    .least = 1,
    .most = -1,
    .operands = "name an operation: SERVICE.OPERATION",
};

/* --- one operation, as the name server describes it --- */

struct wanted {
    struct describing describing;
    const char *operation;
    uint16_t major, minor;
    uint64_t fingerprint;
    bool found;
};

static void wanted_begin(struct describing *describing, const struct far_describe_reply *head,
                         const struct rule_list *rules)
{
    struct wanted *wanted = (struct wanted *)describing;
    (void)rules;
    wanted->major = head->entry.major;
    wanted->minor = head->entry.minor;
}

static void wanted_each(struct describing *describing, const struct far_describe_op *op)
{
    struct wanted *wanted = (struct wanted *)describing;
    if (strcmp(describe_text(op, FAR_DESCRIBE_NAME), wanted->operation) != 0)
        return;
    wanted->found = true;
    wanted->fingerprint = op->fingerprint;
}

static int mistake(const char *operation, const char *what, int code)
{
    fprintf(stderr, "far: call: %s: %s\n", operation, what);
    return code;
}

/* SERVICE[@MAJOR].OPERATION, cut in two at the last dot. */
static int split(char *word, struct far_name_request *service, const char **operation)
{
    char *dot = strrchr(word, '.');
    if (!dot || dot == word || !dot[1])
        return mistake(word, "SERVICE.OPERATION is wanted; far ls and far describe SERVICE list them", EX_USAGE);
    *dot = '\0';
    const int code = far_take_service("call", word, service->name, &service->version);
    *dot = '.';
    *operation = dot + 1;
    return code;
}

static int look_up(struct calling *calling, struct far_name_request *service, struct wanted *wanted)
{
    struct fard_connection connection;
    int code = fard_connect(&connection, calling->socket);
    if (code)
        return code;
    wanted->describing = (struct describing){.begin = wanted_begin, .each = wanted_each};
    code = describe_service(&connection, service->name, service->version, &wanted->describing);
    fard_disconnect(&connection);
    if (!code && !wanted->found) {
        fprintf(stderr, "far: call: %s has no operation %s; far describe %s lists them\n", service->name,
                wanted->operation, service->name);
        return EX_UNAVAILABLE;
    }
    return code;
}

static int bind_it(const struct calling *calling, const char *service, const struct wanted *wanted,
                   struct far_binding **binding, uint64_t *stub)
{
    struct far_error error = {.text = "no memory"};
    struct far_import_one import;
    sigset_t saved;
    import_one(&import, service, wanted->major, wanted->minor, wanted->operation, wanted->fingerprint);
    process_settings();
    if (calling->socket)
        snprintf(far_process.settings.socket, sizeof far_process.settings.socket, "%s", calling->socket);
    if (calling->untrusted)
        far_process.settings.level = FAR_LEVEL_NONE;
    process_lock(&saved);
    const int failed = binding_make(&import.table, stub, binding, &error);
    process_unlock(&saved);
    return failed || !*binding ? mistake(wanted->operation, error.text, EX_UNAVAILABLE) : 0;
}

/* --- calling --- */

/* Whether the call that was made last could not complete, and why. */
static struct {
    bool failed;
    char reason[512];
} failure;

static void note_failure(const struct far_failure *what)
{
    failure.failed = true;
    snprintf(failure.reason, sizeof failure.reason, "%s: %s", what->reason, strerror(what->error));
}

static void show_all(const struct call *call, struct json *json)
{
    char text[32];
    json_open(json, NULL, '{');
    json_string(json, "operation", iface_string(call->iface, call->op->name));
    if (call->function->value.passing != FAR_PASS_VOID)
        call_show(call, json, "result", -1);
    json_open(json, "out", '{');
    for (uint32_t i = 0; i < call->op->param_count; i++)
        if (call_comes_out(&call->function[1 + i].value))
            call_show(call, json, call_name(call, i, text), (int)i);
    json_close(json, '}');
    json_signed(json, "errno", call->error);
    json_close(json, '}');
}

/* "name = value", the value as JSON. */
static void print_one(const struct call *call, const char *name, int parameter)
{
    char *text = NULL;
    size_t size = 0;
    struct json json = {.out = open_memstream(&text, &size)};
    if (!json.out)
        return;
    call_show(call, &json, NULL, parameter);
    fclose(json.out);
    while (text && size && text[size - 1] == '\n')
        text[--size] = '\0';
    printf("%s = %s\n", name, text ? text : "?");
    free(text);
}

static void print_all(const struct call *call)
{
    char text[32];
    if (call->function->value.passing != FAR_PASS_VOID)
        print_one(call, "result", -1);
    for (uint32_t i = 0; i < call->op->param_count; i++)
        if (call_comes_out(&call->function[1 + i].value))
            print_one(call, call_name(call, i, text), (int)i);
    if (call->error)
        printf("errno = %d (%s)\n", call->error, strerror(call->error));
}

static int make_call(struct calling *calling, struct call *call, const char *operation, uint64_t stub)
{
    failure.failed = false;
    far_set_failure_handler(note_failure);
    if (!call_through(call, stub))
        return mistake(operation, call->why, EX_SOFTWARE);
    if (failure.failed)
        return mistake(operation, failure.reason, EX_UNAVAILABLE);
    if (calling->json)
        show_all(call, &calling->out);
    else
        print_all(call);
    fflush(stdout); /* what went well stands before what does not */
    return 0;
}

static int one_call(struct calling *calling, char **words, uint32_t count)
{
    struct far_name_request service = {.name = ""};
    struct wanted wanted = {.operation = NULL};
    struct far_binding *binding = NULL;
    uint64_t stub = 0;
    struct call *call = call_take(&calling->memory, sizeof *call);
    int code = call ? split(words[0], &service, &wanted.operation) : EX_OSERR;
    if (!code)
        code = look_up(calling, &service, &wanted);
    if (!code)
        code = bind_it(calling, service.name, &wanted, &binding, &stub);
    if (code)
        return code;
    *call = (struct call){.memory = &calling->memory, .iface = binding->iface, .before = calling->last};
    call->number = calling->last ? calling->last->number + 1 : 1;
    call->op = iface_op_by_name(call->iface, wanted.operation);
    if (!call->op)
        return mistake(words[0], "the service's record has no such operation", EX_UNAVAILABLE);
    call->function = iface_result(call->iface, call->op);
    if (!call_make(call, words + 1, count - 1))
        return mistake(words[0], call->why, EX_USAGE);
    calling->last = call;
    return make_call(calling, call, words[0], stub);
}

/* Up to "then", which is no argument. */
static uint32_t call_length(char **words, uint32_t count)
{
    uint32_t length = 0;
    while (length < count && strcmp(words[length], THEN) != 0)
        length++;
    return length;
}

static int all_calls(struct calling *calling, char **words, uint32_t count)
{
    int code = 0;
    while (!code) {
        const uint32_t length = call_length(words, count);
        if (!length)
            return options_mistake(&line, "before and behind \"" THEN "\" stands a call", NULL);
        code = one_call(calling, words, length);
        if (length == count)
            break;
        words += length + 1;
        count -= length + 1;
    }
    return code;
}

int far_call_main(int argc, char **argv)
{
    struct calling calling = {.out = {.out = stdout}};
    struct operands operands;
    int code = options_read(&line, argc, argv, &calling, &operands);
    if (code >= 0)
        return code;
    if (calling.json) {
        json_open(&calling.out, NULL, '{');
        json_open(&calling.out, "calls", '[');
    }
    code = all_calls(&calling, operands.word, (uint32_t)operands.count);
    if (calling.json) {
        json_close(&calling.out, ']');
        json_close(&calling.out, '}');
    }
    call_memory_free(&calling.memory);
    return finish_output(code);
}
