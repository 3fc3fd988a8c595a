/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far queue: calls that wait for their service, and what became of those that were made. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_client.h"
#include "runtime/far/table.h"
#include "runtime/far/terminal.h"
#include "runtime/format/json.h"
#include "runtime/queue.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

struct queue_options {
    const char *socket;
    bool json;
    bool all;
};

static const struct option_row rows[] = {{.name = "all",
                                          .kind = OPTION_FLAG,
                                          .at = offsetof(struct queue_options, all),
                                          .help = "everybody's: for fard's user and root"},
                                         OPTION_ROW_JSON(struct queue_options),
                                         OPTION_ROW_SOCKET(struct queue_options),
                                         {0}};

static const struct command_line line = {
    .name = "queue",
    .usage = "far queue ls [--all] [--json] [--socket PATH]\n"
             "far queue drop TICKET [--socket PATH]",
    .about =
        "Lists your queued calls (far_queued): those that wait for their service, the one that is being made, and "
        "those "
        "whose outcome nobody has claimed yet.\n"
        "\n"
        "drop forgets one: what waits is not made any more, what has ended is not there to be claimed. The call that "
        "is being made cannot be dropped. fard's user and root may drop everybody's.\n"
        "\n"
        "States: queued; begun; done; failed (it could not be made and will not be); not known (it was begun, and "
        "whether it was executed nobody knows).\n",
    .rows = rows,
    .notes =
        "Exit codes: 0; 64 usage; 66 no such ticket; 69 fard is not running; 74 the store cannot be written; 75 the "
        "call is being made; 77 only fard's user and root may.\n",
    .least = 1,
    .most = 2,
    .operands = "say ls, or drop and a ticket's number",
};

static const struct table_column columns[] = {
    {"TICKET", 8, 0},      {"STATE", -10, 0},  {"UID", 6, 2}, {"SERVICE", -16, 0},
    {"OPERATION", -24, 0}, {"QUEUED", -20, 3}, {"WHY", 0, 4},
};
#define COLUMN_COUNT (sizeof columns / sizeof *columns)

static const char *time_text(int64_t seconds, char text[32])
{
    time_t time = (time_t)seconds;
    struct tm when;
    return gmtime_r(&time, &when) && strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &when) ? text : "-";
}

static void entry_text(const struct table *table, const struct far_queue_entry *entry)
{
    char ticket[24], uid[16], when[32];
    char service[FARD_VISIBLE(FAR_SERVICE_MAX)], operation[FARD_VISIBLE(FAR_QUEUE_NAME_MAX)];
    char reason[FARD_VISIBLE(FAR_QUEUE_REASON_MAX)];
    snprintf(ticket, sizeof ticket, "%llu", (unsigned long long)entry->ticket);
    snprintf(uid, sizeof uid, "%u", entry->uid);
    const char *cells[COLUMN_COUNT] = {ticket,
                                       far_ticket_state_name((enum far_ticket_state)entry->state),
                                       uid,
                                       fard_visible(entry->service, sizeof entry->service, service),
                                       fard_visible(entry->operation, sizeof entry->operation, operation),
                                       time_text(entry->queued_at, when),
                                       fard_visible(entry->reason, sizeof entry->reason, reason)};
    table_row(table, cells);
}

static void entry_json(struct json *json, const struct far_queue_entry *entry)
{
    char when[32];
    bool made = entry->state == FAR_TICKET_DONE;
    json_open(json, NULL, '{');
    json_number(json, "ticket", entry->ticket);
    json_string(json, "state", far_ticket_state_name((enum far_ticket_state)entry->state));
    json_number(json, "uid", entry->uid);
    json_string(json, "service", fard_text(entry->service, sizeof entry->service));
    json_number(json, "major", entry->major);
    json_string(json, "operation", fard_text(entry->operation, sizeof entry->operation));
    json_string(json, "queued", time_text(entry->queued_at, when));
    json_number(json, "bytes", entry->bytes);
    json_string(json, "error", entry->error ? strerrorname_np(entry->error) : NULL);
    json_string(json, "reason", entry->reason[0] ? fard_text(entry->reason, sizeof entry->reason) : NULL);
    json_bool(json, "has_result", made && entry->result_width);
    json_close(json, '}');
}

/* A page; *after: the last one's number. -1: there are no more; otherwise 0 or an exit code. */
static int list_page(struct fard_connection *connection, const struct queue_options *options, const struct table *table,
                     struct json *json, uint64_t *after)
{
    static struct fard_reply reply;
    const struct far_queue_look look = {.ticket = *after, .list = 1, .all = options->all};
    const struct far_queue_entry *entry = (const void *)reply.bytes;
    int code = fard_ask(connection, FAR_MSG_QUEUE_LOOK, &look, sizeof look, -1, &reply);
    if (code)
        return code;
    entry = fard_body(connection, &reply, 0);
    if (reply.size % sizeof *entry)
        return fard_broken_reply(connection);
    for (size_t i = 0; i < reply.size / sizeof *entry; i++) {
        *after = entry[i].ticket;
        if (options->json)
            entry_json(json, &entry[i]);
        else
            entry_text(table, &entry[i]);
    }
    return reply.size ? 0 : -1;
}

static int list(struct fard_connection *connection, const struct queue_options *options)
{
    struct table table;
    struct json json = {.out = stdout};
    uint64_t after = 0;
    int code = 0;
    if (options->json) {
        json_open(&json, NULL, '{');
        json_open(&json, "queue", '[');
    } else {
        table_begin(&table, stdout, columns, COLUMN_COUNT, terminal_size(stdout).columns);
    }
    while (!code)
        code = list_page(connection, options, &table, &json, &after);
    if (options->json) {
        json_close(&json, ']');
        json_close(&json, '}');
    }
    return code < 0 ? 0 : code;
}

static int drop(struct fard_connection *connection, const char *word)
{
    static struct fard_reply reply;
    char *end;
    errno = 0;
    const struct far_queue_ticket request = {.ticket = strtoull(word, &end, 10)};
    if (errno || *end || *word < '0' || *word > '9')
        return options_mistake(&line, "this is no ticket's number", word);
    return fard_ask(connection, FAR_MSG_QUEUE_DROP, &request, sizeof request, -1, &reply);
}

int far_queue_main(int argc, char **argv)
{
    struct operands operands;
    struct queue_options options = {0};
    struct fard_connection connection;
    int code = options_read(&line, argc, argv, &options, &operands);
    if (code >= 0)
        return code;
    bool lists = operands.count == 1 && strcmp(operands.word[0], "ls") == 0;
    if (!lists && (operands.count != 2 || strcmp(operands.word[0], "drop") != 0))
        return options_mistake(&line, line.operands, NULL);
    code = fard_connect(&connection, options.socket);
    if (code)
        return code;
    code = lists ? list(&connection, &options) : drop(&connection, operands.word[1]);
    fard_disconnect(&connection);
    return finish_output(code);
}
