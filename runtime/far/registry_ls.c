/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far ls: the registered services. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_pages.h"
#include "runtime/far/terminal.h"
#include "runtime/machine.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct option_row rows[] = {
    OPTION_ROW_JSON(struct query_options), OPTION_ROW_SOCKET(struct query_options), {0}};

static const struct command_line line = {
    .name = "ls",
    .usage = "far ls [--json] [--socket PATH]",
    .about =
        "Lists the registered services: name and version, state, where it lies, its host, operations, open "
        "channels, and the machines that it has code for. `far describe NAME` says all about one.\n"
        "\n"
        "States: ready; starting; down (its host died and is started again after a pause); idle (--start demand, "
        "and nobody needs it); broken (what the store keeps of it cannot be used: far describe says why); away (it "
        "is on another node, NODE). Of other nodes' services those are listed that somebody here has asked for.\n",
    .rows = rows,
    .notes = "Exit codes: 0; 64 usage; 69 fard is not running.\n",
    .least = 0,
    .most = 0,
    .operands = "it takes no names",
};

static const struct table_column columns[] = {
    {"NAME", -16, 0}, {"VERSION", -8, 0}, {"STATE", -9, 0},   {"BASE", -14, 5},   {"HOST", 9, 2},
    {"OPS", 4, 4},    {"CHANNELS", 9, 1}, {"RESTARTS", 9, 3}, {"MACHINES", 0, 6},
};
static const struct table_column columns_of_cluster[] = {
    {"NAME", -16, 0}, {"VERSION", -8, 0}, {"STATE", -9, 0},   {"NODE", -16, 0},   {"BASE", -14, 5},
    {"HOST", 9, 2},   {"OPS", 4, 4},      {"CHANNELS", 9, 1}, {"RESTARTS", 9, 3}, {"MACHINES", 0, 6},
};
_Static_assert(sizeof columns_of_cluster == sizeof columns + sizeof *columns, "one more");
#define COLUMN_NODE  3
#define COLUMN_COUNT (sizeof columns / sizeof *columns)

static void ls_text(const struct table *table, const struct far_list_entry *entry)
{
    char version[16], base[24], host[16] = "-", ops[16], channels[16], restarts[16], machines[FAR_MACHINE_LIST];
    const char *cells[COLUMN_COUNT + 1] = {fard_text(entry->name, sizeof entry->name),
                                           version,
                                           state_word(entry->state),
                                           base,
                                           host,
                                           ops,
                                           channels,
                                           restarts,
                                           far_machine_list(entry->machine, FAR_EXECUTABLES_MAX, machines),
                                           NULL};
    snprintf(version, sizeof version, "%u.%u", entry->major, entry->minor);
    snprintf(base, sizeof base, "0x%012llx", (unsigned long long)entry->base);
    if (entry->host_pid)
        snprintf(host, sizeof host, "%u", entry->host_pid);
    snprintf(ops, sizeof ops, "%u", entry->op_count);
    snprintf(channels, sizeof channels, "%u", entry->channels);
    snprintf(restarts, sizeof restarts, "%u", entry->restarts);
    if (table->column == columns_of_cluster) {
        memmove(&cells[COLUMN_NODE + 1], &cells[COLUMN_NODE], (COLUMN_COUNT - COLUMN_NODE) * sizeof *cells);
        cells[COLUMN_NODE] = fard_text(entry->node, sizeof entry->node);
    }
    table_row(table, cells);
}

static void ls_json(struct json *json, const struct far_list_entry *entry)
{
    char version[16];
    snprintf(version, sizeof version, "%u.%u", entry->major, entry->minor);
    json_open(json, NULL, '{');
    json_string(json, "name", fard_text(entry->name, sizeof entry->name));
    json_string(json, "version", version);
    json_string(json, "state", state_word(entry->state));
    json_string(json, "node", entry->node[0] ? fard_text(entry->node, sizeof entry->node) : NULL);
    json_number(json, "id", entry->service_id);
    json_hex(json, "base", entry->base);
    json_number(json, "size", entry->size);
    json_number(json, "operations", entry->op_count);
    machines_json(json, entry->machine);
    json_number(json, "channels", entry->channels);
    json_open(json, "host", '{');
    json_number(json, "pid", entry->host_pid);
    json_number(json, "uid", entry->host_uid);
    json_number(json, "restarts", entry->restarts);
    json_close(json, '}');
    json_close(json, '}');
}

static void ls_each(struct listing *listing, const void *entry)
{
    if (listing->as_json)
        ls_json(&listing->json, entry);
    else
        ls_text(&listing->table, entry);
}

static int list_services(struct fard_connection *connection, struct listing *listing)
{
    struct far_status_reply status;
    int code = fard_status(connection, &status);
    if (code)
        return code;
    if (!listing->as_json) {
        bool cluster = status.node[0] != '\0';
        table_begin(&listing->table, stdout, cluster ? columns_of_cluster : columns, COLUMN_COUNT + cluster,
                    terminal_size(stdout).columns);
        return list_all(connection, listing);
    }
    json_open(&listing->json, NULL, '{');
    json_number(&listing->json, "fard_pid", status.pid);
    json_number(&listing->json, "fard_uid", status.uid);
    json_string(&listing->json, "fard_version", fard_text(status.version, sizeof status.version));
    json_string(&listing->json, "fard_socket", connection->path);
    json_string(&listing->json, "node", status.node[0] ? fard_text(status.node, sizeof status.node) : NULL);
    json_open(&listing->json, "services", '[');
    code = list_all(connection, listing);
    json_close(&listing->json, ']');
    json_close(&listing->json, '}');
    return code;
}

int far_ls_main(int argc, char **argv)
{
    struct query_options options;
    struct fard_connection connection;
    struct listing listing = {.type = FAR_MSG_LIST,
                              .entry_size = sizeof(struct far_list_entry),
                              .id_offset = offsetof(struct far_list_entry, service_id),
                              .each = ls_each,
                              .json = {.out = stdout}};
    int code = query_read(&line, argc, argv, &options);
    if (code >= 0)
        return code;
    code = fard_connect(&connection, options.socket);
    if (code)
        return code;
    listing.as_json = options.json;
    code = list_services(&connection, &listing);
    fard_disconnect(&connection);
    return finish_output(code);
}
