/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far policy: a policy file before fard sees it, and the one that fard has. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_client.h"
#include "runtime/fard/policy_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct policy_options {
    const char *socket;
};

static const struct option_row rows[] = {OPTION_ROW_SOCKET(struct policy_options), {0}};

static const struct command_line line = {
    .name = "policy",
    .usage = "far policy check FILE…\n"
             "far policy show [--socket PATH]",
    .about = "check: reads policy files as fard would, without fard, and says what is wrong with each, by line and "
             "column. It looks at names (/etc/passwd, /etc/group), at executables, and at who may write to the file.\n"
             "show: the policy file that is in force now, as fard has read it, whatever has become of the file since; "
             "for fard's user and root. After a change: far policy check FILE && kill -HUP of fard's process.\n",
    .rows = rows,
    .notes = "  service kv               what follows is about kv, all its versions; kv@2: about version 2; *: about "
             "all services\n"
             "  trusted user:alice       LEVEL WHO…: none, read or trusted; uid:N, gid:N, user:NAME, group:NAME, "
             "exe:PATH, or one of the first four with +exe:PATH behind it\n"
             "  default none             everybody else; `default registration`: what was said when it was registered\n"
             "\n"
             "Exit codes: 0; 64 usage; 66 no such file; 69 fard is not running; 77 others can change the file, or only "
             "fard's user and root may see the policy; 78 a file has mistakes.\n",
    .most = -1,
};

struct hearing {
    const char *path;
    unsigned mistakes;
};

static void hear(void *context, const struct policy_complaint *complaint)
{
    struct hearing *hearing = context;
    hearing->mistakes += !complaint->warning;
    fprintf(stderr, "%s:%u:%u: %s: %s\n", hearing->path, complaint->line, complaint->column,
            complaint->warning ? "warning" : "error", complaint->text);
}

static int check_file(const char *path)
{
    struct hearing hearing = {.path = path};
    const struct policy_listener listener = {hear, &hearing};
    struct policy_file *file;
    struct far_error error = {0};
    char *text;
    size_t size;
    int result = policy_read(path, geteuid(), &text, &size, &error);
    if (result == FARD_REFUSED)
        return fprintf(stderr, "far: %s\n", error.text), error.exit;
    result = result ? result : policy_parse(path, text, size, &policy_lookup_system, &listener, &file);
    if (result == 0) {
        printf("%s: %u service%s, %u rule%s\n", path, file->section_count, file->section_count == 1 ? "" : "s",
               file->rule_count, file->rule_count == 1 ? "" : "s");
        policy_file_free(file);
    } else if (result == -ENOMEM)
        fprintf(stderr, "far: policy: %s\n", strerror(ENOMEM));
    else
        fprintf(stderr, "far: policy: %s: %u mistake%s\n", path, hearing.mistakes, hearing.mistakes == 1 ? "" : "s");
    if (result != -ENOMEM || size)
        free(text);
    return result == 0 ? 0 : result == -ENOMEM ? EX_OSERR : EX_CONFIG;
}

static int check_files(int count, char **path)
{
    int code = 0;
    if (!count)
        return options_mistake(&line, "which file?", NULL);
    for (int i = 0; i < count; i++) {
        int one = check_file(path[i]);
        code = code ? code : one;
    }
    return finish_output(code);
}

/* The file holds text and tabs only: fard would not have read it otherwise. */
static int take_piece(const struct fard_connection *connection, const struct fard_reply *reply,
                      struct far_policy_request *request, const struct far_policy_reply **out)
{
    const struct far_policy_reply *head = fard_body(connection, reply, sizeof *head);
    if (!head)
        return EX_PROTOCOL;
    if (head->count > reply->size - sizeof *head || (request->offset < head->size && head->count == 0))
        return fard_broken_reply(connection);
    if (request->offset == 0 && head->present)
        printf("# %s\n", fard_text(head->path, sizeof head->path));
    fwrite(head + 1, 1, head->count, stdout);
    request->offset += head->count;
    *out = head;
    return 0;
}

static int report_state(const struct far_policy_reply *head)
{
    if (!head->present)
        printf("# no policy file is in force%s%s\n", head->path[0] ? "; it would be read from " : "",
               head->path[0] ? fard_text(head->path, sizeof head->path) : "");
    if (head->trouble[0])
        fprintf(stderr, "far: policy: what is there now is not in force: %s\n",
                fard_text(head->trouble, sizeof head->trouble));
    return 0;
}

static int show(const char *socket)
{
    static struct fard_reply reply;
    struct fard_connection connection;
    struct far_policy_request request = {0};
    const struct far_policy_reply *head = NULL;
    int code = fard_connect(&connection, socket);
    if (code)
        return code;
    do {
        code = fard_ask(&connection, FAR_MSG_POLICY, &request, sizeof request, -1, &reply);
        code = code ? code : take_piece(&connection, &reply, &request, &head);
    } while (!code && request.offset < head->size);
    fard_disconnect(&connection);
    return finish_output(code ? code : report_state(head));
}

int far_policy_main(int argc, char **argv)
{
    struct policy_options options = {0};
    struct operands operands;
    int code = options_read(&line, argc, argv, &options, &operands);
    if (code >= 0)
        return code;
    const char *what = operands.count ? operands.word[0] : "";
    if (strcmp(what, "check") == 0)
        return options.socket ? options_mistake(&line, "check needs no fard, and no --socket", NULL)
                              : check_files(operands.count - 1, operands.word + 1);
    if (strcmp(what, "show") == 0)
        return operands.count > 1 ? options_mistake(&line, "show takes no file", NULL) : show(options.socket);
    return options_mistake(&line, what[0] ? "it is check or show" : "check or show?", NULL);
}
