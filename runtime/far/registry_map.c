/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far map: the address window and what lies in it, as text, JSON or a picture. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/far/registry_map_html.h"
#include "runtime/far/registry_pages.h"
#include "runtime/machine.h"

#include <stddef.h>
#include <stdio.h>
#include <sysexits.h>

static const struct option_row rows[] = {
    OPTION_ROW_JSON(struct query_options),
    {.name = "html",
     .kind = OPTION_FLAG,
     .at = offsetof(struct query_options, html),
     .help = "write a page that draws the window and each segment's parts to scale: far map --html > map.html"},
    OPTION_ROW_SOCKET(struct query_options),
    {0}};

static const struct command_line line = {
    .name = "map",
    .usage = "far map [--json | --html] [--socket PATH]",
    .about = "Shows the address window, the same in every process: each range ever given out, by address, and what "
             "lies in it. Ranges marked retired belonged to services that are gone; they are never given out again, so "
             "that no stale pointer meets somebody else's data. Pending addresses were given to programs and services "
             "that name a service before it is registered; they are linked when they are called, and far unregister "
             "gives up those of a name. The segments that clients have of their own (far run --global-heap) come out "
             "of ranges called `client segments`.\n",
    .rows = rows,
    .notes = "Exit codes: 0; 64 usage; 69 fard is not running.\n",
    .least = 0,
    .most = 0,
    .operands = "it takes no names",
};

/* Nothing to remark: the usual. */
static bool only_native(const struct far_map_entry *entry)
{
    return entry->machine[0] == FAR_MACHINE_NATIVE && !entry->machine[1];
}

static void print_domains(const struct far_map_entry *entry, const char *name)
{
    printf("0x%012llx  0x%012llx  %7llu MiB  %s (%u process%s)\n", (unsigned long long)entry->base,
           (unsigned long long)(entry->base + entry->size), (unsigned long long)entry->size >> 20, name, entry->domains,
           entry->domains == 1 ? "" : "es");
}

static void map_each(struct listing *listing, const void *bytes)
{
    const struct far_map_entry *entry = bytes;
    const char *name = fard_text(entry->name, sizeof entry->name);
    char machines[FAR_MACHINE_LIST];
    if (!listing->as_json && entry->in_use == FAR_RANGE_DOMAINS) {
        print_domains(entry, name);
        return;
    }
    char place[FAR_NODE_NAME_MAX + 16];
    snprintf(place, sizeof place, " (on node %s)", fard_text(entry->node, sizeof entry->node));
    if (!listing->as_json) {
        printf("0x%012llx  0x%012llx  %7llu MiB  %s%s%s%s\n", (unsigned long long)entry->base,
               (unsigned long long)(entry->base + entry->size), (unsigned long long)entry->size >> 20, name,
               entry->in_use == FAR_RANGE_SERVICE   ? ""
               : entry->in_use == FAR_RANGE_PENDING ? " (pending addresses)"
               : entry->in_use == FAR_RANGE_AWAY    ? place
                                                    : " (retired)",
               entry->machine[0] && !only_native(entry) ? " for " : "",
               only_native(entry) ? "" : far_machine_list(entry->machine, FAR_EXECUTABLES_MAX, machines));
        return;
    }
    json_open(&listing->json, NULL, '{');
    json_hex(&listing->json, "base", entry->base);
    json_number(&listing->json, "size", entry->size);
    json_number(&listing->json, "id", entry->id);
    json_string(&listing->json, "name", name);
    json_bool(&listing->json, "in_use", entry->in_use);
    json_bool(&listing->json, "pending", entry->in_use == FAR_RANGE_PENDING);
    if (entry->in_use == FAR_RANGE_AWAY)
        json_string(&listing->json, "node", fard_text(entry->node, sizeof entry->node));
    if (entry->in_use == FAR_RANGE_DOMAINS)
        json_number(&listing->json, "domains", entry->domains);
    machines_json(&listing->json, entry->machine);
    json_close(&listing->json, '}');
}

static void map_begin(struct listing *listing, const struct far_status_reply *status)
{
    if (!listing->as_json) {
        printf("window 0x%012llx to 0x%012llx, next range at 0x%012llx\n", (unsigned long long)status->window_begin,
               (unsigned long long)status->window_end, (unsigned long long)status->next);
        return;
    }
    json_open(&listing->json, NULL, '{');
    json_open(&listing->json, "window", '{');
    json_hex(&listing->json, "begin", status->window_begin);
    json_hex(&listing->json, "end", status->window_end);
    json_hex(&listing->json, "next", status->next);
    json_close(&listing->json, '}');
    json_open(&listing->json, "ranges", '[');
}

static int map_all(struct fard_connection *connection, struct listing *listing, bool as_html)
{
    struct far_status_reply status;
    int code = fard_status(connection, &status);
    if (code)
        return code;
    if (as_html)
        return map_html(connection, &status, stdout);
    map_begin(listing, &status);
    code = list_all(connection, listing);
    if (listing->as_json) {
        json_close(&listing->json, ']');
        json_close(&listing->json, '}');
    }
    return code;
}

int far_map_main(int argc, char **argv)
{
    struct query_options options;
    struct fard_connection connection;
    struct listing listing = {.type = FAR_MSG_MAP,
                              .entry_size = sizeof(struct far_map_entry),
                              .id_offset = offsetof(struct far_map_entry, id),
                              .each = map_each,
                              .json = {.out = stdout}};
    int code = query_read(&line, argc, argv, &options);
    if (code >= 0)
        return code;
    if (options.html && options.json)
        return options_mistake(&line, "one of --html and --json", NULL);
    code = fard_connect(&connection, options.socket);
    if (code)
        return code;
    listing.as_json = options.json;
    code = map_all(&connection, &listing, options.html);
    fard_disconnect(&connection);
    return finish_output(code);
}
