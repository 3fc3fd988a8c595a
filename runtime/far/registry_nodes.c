/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far nodes: this node, and those that it knows. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_pages.h"
#include "runtime/far/terminal.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

static const struct option_row rows[] = {
    OPTION_ROW_JSON(struct query_options), OPTION_ROW_SOCKET(struct query_options), {0}};

static const struct command_line line = {
    .name = "nodes",
    .usage = "far nodes [--json] [--socket PATH]",
    .about =
        "Lists this node, and the others that it knows: name and address, whether there is a link and since when, "
        "channels to services there and from clients there, the link's round trip, and why there is none.\n"
        "\n"
        "States: this (the node that answers); up; down; names (up, and it keeps the names: --peer). A node that "
        "nobody needs just now may be down without anything being wrong. Without --listen and --peer, fard knows no "
        "nodes, and the list is empty.\n",
    .rows = rows,
    .notes = "Exit codes: 0; 64 usage; 69 fard is not running.\n",
    .least = 0,
    .most = 0,
    .operands = "it takes no names",
};

static const struct table_column columns[] = {
    {"NODE", -16, 0}, {"STATE", -6, 0}, {"ADDRESS", -22, 0},   {"SINCE", -20, 3},
    {"THERE", 6, 1},  {"HERE", 6, 1},   {"ROUND-TRIP", 11, 2}, {"TROUBLE", 0, 4},
};
#define COLUMN_COUNT (sizeof columns / sizeof *columns)

static const char *state_of(const struct far_node_entry *entry)
{
    if (entry->flags & FAR_NODE_SELF)
        return "this";
    if (!entry->links)
        return "down";
    return entry->flags & FAR_NODE_KEEPS_NAMES ? "names" : "up";
}

static const char *time_text(uint64_t seconds, char text[32])
{
    time_t time = (time_t)seconds;
    struct tm when;
    if (!seconds || !gmtime_r(&time, &when) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &when))
        return "-";
    return text;
}

static const char *or_dash(const char *text)
{
    return *text ? text : "-";
}

static void nodes_text(const struct table *table, const struct far_node_entry *entry)
{
    char since[32], there[16], here[16], round_trip[32] = "-";
    char name[FARD_VISIBLE(FAR_NODE_NAME_MAX)], address[FARD_VISIBLE(FAR_NODE_ADDRESS_MAX)], trouble[FARD_VISIBLE(256)];
    const char *cells[COLUMN_COUNT] = {or_dash(fard_visible(entry->name, sizeof entry->name, name)),
                                       state_of(entry),
                                       or_dash(fard_visible(entry->address, sizeof entry->address, address)),
                                       time_text(entry->since, since),
                                       there,
                                       here,
                                       round_trip,
                                       fard_visible(entry->trouble, sizeof entry->trouble, trouble)};
    snprintf(there, sizeof there, "%u", entry->there);
    snprintf(here, sizeof here, "%u", entry->here);
    if (entry->round_trip_us)
        snprintf(round_trip, sizeof round_trip, "%.2f ms", (double)entry->round_trip_us / 1000);
    table_row(table, cells);
}

static void nodes_json(struct json *json, const struct far_node_entry *entry)
{
    char since[32];
    json_open(json, NULL, '{');
    json_string(json, "name", fard_text(entry->name, sizeof entry->name));
    json_string(json, "address", entry->address[0] ? fard_text(entry->address, sizeof entry->address) : NULL);
    json_string(json, "state", state_of(entry));
    json_bool(json, "keeps_names", entry->flags & FAR_NODE_KEEPS_NAMES);
    json_string(json, "since", entry->since ? time_text(entry->since, since) : NULL);
    json_number(json, "links", entry->links);
    json_number(json, "channels_there", entry->there);
    json_number(json, "channels_here", entry->here);
    json_number(json, "round_trip_us", entry->round_trip_us);
    json_string(json, "trouble", entry->trouble[0] ? fard_text(entry->trouble, sizeof entry->trouble) : NULL);
    json_close(json, '}');
}

static void nodes_each(struct listing *listing, const void *entry)
{
    if (listing->as_json)
        nodes_json(&listing->json, entry);
    else
        nodes_text(&listing->table, entry);
}

static int list_nodes(struct fard_connection *connection, struct listing *listing)
{
    if (!listing->as_json) {
        table_begin(&listing->table, stdout, columns, COLUMN_COUNT, terminal_size(stdout).columns);
        return list_all(connection, listing);
    }
    json_open(&listing->json, NULL, '{');
    json_open(&listing->json, "nodes", '[');
    int code = list_all(connection, listing);
    json_close(&listing->json, ']');
    json_close(&listing->json, '}');
    return code;
}

int far_nodes_main(int argc, char **argv)
{
    struct query_options options;
    struct fard_connection connection;
    struct listing listing = {.type = FAR_MSG_NODES,
                              .entry_size = sizeof(struct far_node_entry),
                              .id_offset = offsetof(struct far_node_entry, id),
                              .each = nodes_each,
                              .json = {.out = stdout}};
    int code = query_read(&line, argc, argv, &options);
    if (code >= 0)
        return code;
    code = fard_connect(&connection, options.socket);
    if (code)
        return code;
    listing.as_json = options.json;
    code = list_nodes(&connection, &listing);
    fard_disconnect(&connection);
    return finish_output(code);
}
