/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far cap: capabilities, granted, narrowed, revoked and listed. */
#include "runtime/far/registry_cap.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_client.h"
#include "runtime/far/registry_pages.h"
#include "runtime/far/terminal.h"
#include "runtime/format/complain.h"
#include "runtime/format/json.h"
#include "runtime/format/token.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

struct cap_options {
    const char *socket;
    const char *by;
    const char *level;
    const char *expires;
    const char *note;
    char operations[FAR_CAPABILITY_OPS];
    bool json;
};

static const struct command_line line;

static int mistake(const char *what, const char *word)
{
    return options_mistake(&line, what, word);
}

static int take_operation(void *to, const struct option_row *row, const char *name)
{
    struct cap_options *options = to;
    (void)row;
    size_t used = strlen(options->operations);
    if (!text_is_identifier(name, FAR_NAME_MAX + 1))
        return mistake("that is no operation's name", name);
    if (used + strlen(name) + 2 > sizeof options->operations)
        return mistake("the names of operations are too long together", NULL);
    snprintf(options->operations + used, sizeof options->operations - used, "%s\n", name);
    return -1;
}

static const struct option_row rows[] = {
    {.name = "level",
     .value = "LEVEL",
     .kind = OPTION_TEXT,
     .at = offsetof(struct cap_options, level),
     .help = "none, read or trusted (grant: read, unless it is said; narrow: that of the token)"},
    {.name = "operation",
     .value = "OP",
     .kind = OPTION_TAKE,
     .take = take_operation,
     .help = "only this operation; several times. Not with trusted"},
    {.name = "expires",
     .value = "WHEN",
     .kind = OPTION_TEXT,
     .at = offsetof(struct cap_options, expires),
     .help = "in 30s, 15m, 12h or 7d, or at 2030-12-31T23:59:59Z"},
    {.name = "note",
     .value = "TEXT",
     .kind = OPTION_TEXT,
     .at = offsetof(struct cap_options, note),
     .help = "for far cap ls, at most 63 letters"},
    {.name = "by",
     .value = "TOKEN",
     .kind = OPTION_TEXT,
     .at = offsetof(struct cap_options, by),
     .help = "revoke: what it was narrowed from"},
    {.name = "json",
     .kind = OPTION_FLAG,
     .at = offsetof(struct cap_options, json),
     .help = "all there is to know, as JSON; without, grant and narrow print the token alone"},
    OPTION_ROW_SOCKET(struct cap_options),
    {0}};

static const struct command_line line = {
    .name = "cap",
    .usage = "far cap grant SERVICE [OPTIONS]\n"
             "far cap narrow TOKEN [OPTIONS]\n"
             "far cap revoke TOKEN|ID [--by TOKEN] [--json] [--socket PATH]\n"
             "far cap ls [--json] [--socket PATH]",
    .about =
        "Capabilities: whoever can say the token has the right, whoever he is, and may hand it on.\n"
        "\n"
        "  grant     make one for a service, NAME or NAME@MAJOR; managers only (root, and fard's user)\n"
        "  narrow    make one that grants less than the one presented, and goes with it; whoever has a token may\n"
        "  revoke    take one, and all that were narrowed from it, from everybody: managers, or who presents by --by "
        "what it was narrowed from. Returns when nobody has it any more: who does not let go within a second is "
        "killed\n"
        "  ls        managers: all; others: what they have narrowed. Tokens are not shown: fard does not keep them\n",
    .rows = rows,
    .notes = "TOKEN can be @FILE, a file that holds it, or @- for standard input: arguments are seen by everybody on "
             "the machine.\n"
             "\n"
             "    umask 077; far cap grant kv --level read --expires 7d > token\n"
             "    far run --capability @token ./client\n"
             "    far cap revoke @token\n"
             "\n"
             "Exit codes: 0 done; 64 usage; 65 no such operation; 66 the file cannot be read; 69 fard is not running, "
             "no such service or capability; 75 too many that were not valid, or revoking could not be finished; 77 "
             "not allowed.\n",
    .most = -1,
};

static int take_level(const char *name, uint32_t *level)
{
    for (enum far_level at = FAR_LEVEL_NONE; at < FAR_LEVEL_COUNT; at++) {
        if (strcmp(name, level_word(at)) == 0) {
            *level = at;
            return 0;
        }
    }
    return mistake("there is no such level; none, read, trusted", name);
}

/* 30s 15m 12h 7d from now on. False: it is none of these. */
static bool duration(const char *text, int64_t *at)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    int64_t unit = *end == 's' ? 1 : *end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 'd' ? 86400 : 0;
    if (errno || end == text || number <= 0 || !unit || end[1] || number > INT64_MAX / 1000000)
        return false;
    *at = (int64_t)time(NULL) + number * unit;
    return true;
}

static int take_expiry(const char *text, int64_t *at)
{
    struct tm when = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &when);
    if (duration(text, at))
        return 0;
    if (!end || *end)
        return mistake("that is no time; 30s, 15m, 12h, 7d, or 2030-12-31T23:59:59Z", text);
    *at = timegm(&when);
    return *at > 0 ? 0 : mistake("that time has passed", text);
}

int cap_take_token(const char *command, const char *text, char token[FAR_TOKEN_MAX])
{
    FILE *file = NULL;
    memset(token, 0, FAR_TOKEN_MAX);
    if (text[0] != '@')
        snprintf(token, FAR_TOKEN_MAX, "%s", strlen(text) < FAR_TOKEN_MAX ? text : "");
    else if (!(file = strcmp(text, "@-") == 0 ? stdin : fopen(text + 1, "re"))) {
        fprintf(stderr, "far: %s: %s: %s\n", command, text + 1, strerror(errno));
        return EX_NOINPUT;
    } else if (!fgets(token, FAR_TOKEN_MAX, file))
        token[0] = '\0';
    if (file && file != stdin)
        fclose(file);
    size_t length = strcspn(token, "\r\n");
    memset(token + length, 0, FAR_TOKEN_MAX - length);
    if (token_is_sound(token))
        return 0;
    fprintf(stderr,
            "far: %s: that is no token; one is %sSERVICE: and %d letters, of which the last four tell a slip. "
            "@FILE reads it from a file\n",
            command, TOKEN_PREFIX, TOKEN_LETTERS);
    return EX_USAGE;
}

static int fill_rights(const struct cap_options *options, struct far_capability_request *request)
{
    int code = 0;
    if (options->level)
        code = take_level(options->level, &request->level);
    if (!code && options->expires)
        code = take_expiry(options->expires, &request->expires);
    if (!code && options->note && strlen(options->note) >= sizeof request->note)
        code = mistake("the note is too long", options->note);
    if (code)
        return code;
    if (options->note)
        strcpy(request->note, options->note);
    memcpy(request->ops, options->operations, sizeof request->ops);
    return options->by ? mistake("--by goes with revoke", NULL) : 0;
}

static void time_text(int64_t at, char *text, size_t size)
{
    struct tm when;
    time_t seconds = (time_t)at;
    if (!at || !gmtime_r(&seconds, &when) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &when))
        snprintf(text, size, "never");
}

static void print_made(const struct far_capability_reply *made, bool as_json)
{
    char expires[40];
    struct json json = {.out = stdout};
    time_text(made->expires, expires, sizeof expires);
    if (!as_json) {
        puts(fard_text(made->token, sizeof made->token));
        fprintf(stderr, "far: capability %u for service %s@%u: %s, expires: %s\n", made->id,
                fard_text(made->service, sizeof made->service), made->major, level_word(made->level), expires);
        return;
    }
    json_open(&json, NULL, '{');
    json_string(&json, "token", fard_text(made->token, sizeof made->token));
    json_number(&json, "id", made->id);
    json_string(&json, "service", fard_text(made->service, sizeof made->service));
    json_number(&json, "major", made->major);
    json_string(&json, "level", level_word(made->level));
    json_string(&json, "expires", expires);
    json_close(&json, '}');
}

static int ask_to_make(const struct cap_options *options, uint16_t type, struct far_capability_request *request)
{
    static struct fard_reply reply;
    struct fard_connection connection;
    int code = fill_rights(options, request);
    code = code ? code : fard_connect(&connection, options->socket);
    if (code)
        return code;
    code = fard_ask(&connection, type, request, sizeof *request, -1, &reply);
    const struct far_capability_reply *made = code ? NULL : fard_body(&connection, &reply, sizeof *made);
    if (made)
        print_made(made, options->json);
    fard_disconnect(&connection);
    return code ? code : made ? finish_output(0) : EX_PROTOCOL;
}

static int grant(const struct cap_options *options, const char *service)
{
    struct far_capability_request request = {.level = FAR_LEVEL_READ};
    int code = far_take_service("cap grant", service, request.service, &request.version);
    return code ? code : ask_to_make(options, FAR_MSG_CAPABILITY_GRANT, &request);
}

static int narrow(const struct cap_options *options, const char *token)
{
    struct far_capability_request request = {.level = FAR_LEVEL_UNSET};
    int code = cap_take_token("cap narrow", token, request.token);
    return code ? code : ask_to_make(options, FAR_MSG_CAPABILITY_NARROW, &request);
}

static void print_revoked(const struct far_revoke_reply *reply, bool as_json)
{
    struct json json = {.out = stdout};
    if (as_json) {
        json_open(&json, NULL, '{');
        json_number(&json, "capabilities", reply->capabilities);
        json_number(&json, "holders", reply->holders);
        json_number(&json, "killed", reply->killed);
        json_number(&json, "kept", reply->kept);
        json_number(&json, "unseen", reply->unseen);
        json_bool(&json, "finished", !reply->unfinished);
        json_close(&json, '}');
        return;
    }
    printf("revoked: %u capabilit%s; %u holder%s lost the right, %u process%s killed\n", reply->capabilities,
           reply->capabilities == 1 ? "y" : "ies", reply->holders, reply->holders == 1 ? "" : "s", reply->killed,
           reply->killed == 1 ? " was" : "es were");
}

/* What is not as it should be. */
static int revoke_result(const struct far_revoke_reply *reply)
{
    if (reply->kept)
        fprintf(
            stderr,
            "far: cap revoke: %u process%s the service's memory still, without a right to it; fard ends those of users "
            "whom the capability gave it to, and those it can; its log says which stay\n",
            reply->kept, reply->kept == 1 ? " holds" : "es hold");
    if (reply->unseen)
        fprintf(stderr,
                "far: cap revoke: %u processes say that they have let go, and fard may not look at them; only a fard "
                "of root can\n",
                reply->unseen);
    if (reply->unfinished & FAR_REVOKE_UNWRITTEN)
        fprintf(stderr,
                "far: cap revoke: the right is taken away, but the store cannot be written (fard's log says why): it "
                "would be back if fard ended now; fard goes on trying\n");
    if (reply->unfinished & FAR_REVOKE_UNFINISHED)
        fprintf(stderr, "far: cap revoke: nobody gains the right any more, but not all processes could be looked at "
                        "in time; look at fard's log\n");
    return reply->kept || reply->unseen || reply->unfinished ? EX_TEMPFAIL : 0;
}

static int fill_revoke(const struct cap_options *options, const char *which, struct far_capability_revoke *request)
{
    char *end;
    unsigned long id = strtoul(which, &end, 10);
    int code = options->by ? cap_take_token("cap revoke", options->by, request->by) : 0;
    if (code || *end || !id || id > UINT32_MAX || which[0] < '0' || which[0] > '9')
        return code ? code : cap_take_token("cap revoke", which, request->token);
    request->id = (uint32_t)id;
    return 0;
}

static int revoke(const struct cap_options *options, const char *which)
{
    static struct fard_reply reply;
    struct fard_connection connection;
    struct far_capability_revoke request = {0};
    int code = fill_revoke(options, which, &request);
    code = code ? code : fard_connect(&connection, options->socket);
    if (code)
        return code;
    code = fard_ask(&connection, FAR_MSG_CAPABILITY_REVOKE, &request, sizeof request, -1, &reply);
    const struct far_revoke_reply *done = code ? NULL : fard_body(&connection, &reply, sizeof *done);
    if (done) {
        print_revoked(done, options->json);
        code = revoke_result(done);
    }
    fard_disconnect(&connection);
    return done || code ? finish_output(code) : EX_PROTOCOL;
}

static void operations_text(const struct far_capability_entry *entry, char text[FAR_CAPABILITY_OPS])
{
    size_t length = strnlen(entry->ops, sizeof entry->ops - 1);
    memcpy(text, entry->ops, length);
    text[length] = '\0';
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\n')
            text[i] = text[i + 1] ? ',' : '\0';
}

static const struct table_column columns[] = {
    {"ID", 6, 0},  {"PARENT", 6, 4},  {"SERVICE", -16, 0},  {"LEVEL", -8, 0},
    {"UID", 7, 2}, {"HOLDERS", 7, 1}, {" EXPIRES", -21, 3}, {"OPERATIONS", 0, 5},
};
#define COLUMN_COUNT (sizeof columns / sizeof *columns)

static void entry_text(const struct table *table, const struct far_capability_entry *entry)
{
    char id[16], parent[16] = "-", service[FAR_SERVICE_MAX + 16], uid[16], holders[16], expires[41] = " ",
                 operations[FAR_CAPABILITY_OPS], last[FAR_CAPABILITY_OPS + FAR_CAPABILITY_NOTE + 8];
    const char *cells[COLUMN_COUNT] = {id, parent, service, level_word(entry->level), uid, holders, expires, last};
    snprintf(id, sizeof id, "%u", entry->id);
    if (entry->parent)
        snprintf(parent, sizeof parent, "%u", entry->parent);
    snprintf(service, sizeof service, "%s@%u", fard_text(entry->service, sizeof entry->service), entry->major);
    snprintf(uid, sizeof uid, "%u", entry->uid);
    snprintf(holders, sizeof holders, "%u", entry->holders);
    time_text(entry->expires, expires + 1, sizeof expires - 1);
    operations_text(entry, operations);
    snprintf(last, sizeof last, "%s%s%s", operations[0] ? operations : "all", entry->note[0] ? "  # " : "",
             fard_text(entry->note, sizeof entry->note));
    table_row(table, cells);
}

static void entry_json(struct json *json, const struct far_capability_entry *entry)
{
    char expires[40], operations[FAR_CAPABILITY_OPS];
    time_text(entry->expires, expires, sizeof expires);
    operations_text(entry, operations);
    json_open(json, NULL, '{');
    json_number(json, "id", entry->id);
    json_number(json, "parent", entry->parent);
    json_string(json, "service", fard_text(entry->service, sizeof entry->service));
    json_number(json, "major", entry->major);
    json_string(json, "level", level_word(entry->level));
    json_number(json, "uid", entry->uid);
    json_number(json, "holders", entry->holders);
    json_string(json, "expires", expires);
    json_string(json, "operations", operations);
    json_string(json, "note", fard_text(entry->note, sizeof entry->note));
    json_close(json, '}');
}

static void each(struct listing *listing, const void *entry)
{
    if (listing->as_json)
        entry_json(&listing->json, entry);
    else
        entry_text(&listing->table, entry);
}

static int list(const struct cap_options *options)
{
    struct fard_connection connection;
    struct listing listing = {.type = FAR_MSG_CAPABILITY_LIST,
                              .entry_size = sizeof(struct far_capability_entry),
                              .id_offset = offsetof(struct far_capability_entry, id),
                              .each = each,
                              .as_json = options->json,
                              .json = {.out = stdout}};
    int code = fard_connect(&connection, options->socket);
    if (code)
        return code;
    if (options->json) {
        json_open(&listing.json, NULL, '{');
        json_open(&listing.json, "capabilities", '[');
    } else {
        table_begin(&listing.table, stdout, columns, COLUMN_COUNT, terminal_size(stdout).columns);
    }
    code = list_all(&connection, &listing);
    if (options->json) {
        json_close(&listing.json, ']');
        json_close(&listing.json, '}');
    }
    fard_disconnect(&connection);
    return finish_output(code);
}

int far_cap_main(int argc, char **argv)
{
    static struct cap_options options;
    struct operands operands;
    int code = options_read(&line, argc, argv, &options, &operands);
    if (code >= 0)
        return code;
    const char *verb = operands.count ? operands.word[0] : "", *which = operands.count > 1 ? operands.word[1] : NULL;
    if (strcmp(verb, "ls") == 0)
        return operands.count == 1 ? list(&options) : mistake("ls takes no names", NULL);
    bool known = strcmp(verb, "grant") == 0 || strcmp(verb, "narrow") == 0 || strcmp(verb, "revoke") == 0;
    if (!known)
        return mistake("grant, narrow, revoke or ls?", *verb ? verb : NULL);
    if (operands.count != 2)
        return mistake(verb[0] == 'g' ? "name one service" : "name one capability", NULL);
    return verb[0] == 'g' ? grant(&options, which) : verb[0] == 'n' ? narrow(&options, which) : revoke(&options, which);
}
