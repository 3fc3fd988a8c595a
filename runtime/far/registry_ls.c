/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far ls and far map: lists that come by pages. */
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/registry_client.h"
#include "runtime/format/json.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const char ls_help[] =
    "usage: far ls [--json] [--socket PATH]\n"
    "\n"
    "Lists the registered services: name and version, state, where it lies, its host, operations, open channels. Far\n"
    "describe NAME says all about one.\n"
    "\n"
    "States: ready; starting; down (its host died and is started again after a pause); broken (what the store keeps of "
    "it\n"
    "cannot be used: far describe says why).\n"
    "\n"
    "Exit codes: 0; 64 usage; 69 fard is not running.\n";

static const char map_help[] =
    "usage: far map [--json] [--socket PATH]\n"
    "\n"
    "Shows the address window, the same in every process: each range ever given out, by address, and what lies in it.\n"
    "Ranges marked retired belonged to services that are gone; they are never given out again, so that no stale "
    "pointer\n"
    "meets somebody else's data.\n"
    "\n"
    "Exit codes: 0; 64 usage; 69 fard is not running.\n";

/* Asks for page after page and hands out each entry. Returns 0 or an exit code. */
struct listing {
    uint16_t type;
    size_t entry_size;
    size_t id_offset; /* of the uint32_t that the next page comes after */
    void (*each)(struct listing *listing, const void *entry);
    struct json json;
    bool as_json;
};

static int list_page(struct fard_connection *connection, struct listing *listing, uint32_t *after, bool *more)
{
    static struct fard_reply reply;
    struct far_page_request request = {.after = *after};
    int code = fard_ask(connection, listing->type, &request, sizeof request, -1, &reply);
    const struct far_page_reply *page = code ? NULL : fard_body(connection, &reply, sizeof *page);
    if (!page)
        return code ? code : EX_PROTOCOL;
    if ((reply.size - sizeof *page) / listing->entry_size < page->count || (page->more && page->count == 0))
        return fard_broken_reply(connection);
    const uint8_t *entry = (const uint8_t *)(page + 1);
    for (uint32_t i = 0; i < page->count; i++, entry += listing->entry_size) {
        listing->each(listing, entry);
        memcpy(after, entry + listing->id_offset, sizeof *after);
    }
    *more = page->more;
    return 0;
}

static int list_all(struct fard_connection *connection, struct listing *listing)
{
    uint32_t after = 0;
    bool more = true;
    int code = 0;
    while (!code && more)
        code = list_page(connection, listing, &after, &more);
    return code;
}

static void ls_text(const struct far_list_entry *entry)
{
    char version[16], host[16] = "-";
    snprintf(version, sizeof version, "%u.%u", entry->major, entry->minor);
    if (entry->host_pid)
        snprintf(host, sizeof host, "%u", entry->host_pid);
    printf("%-16s %-8s %-9s 0x%012llx %9s %4u %9u %9u\n", fard_text(entry->name, sizeof entry->name), version,
           state_word(entry->state), (unsigned long long)entry->base, host, entry->op_count, entry->channels,
           entry->restarts);
}

static void ls_json(struct json *json, const struct far_list_entry *entry)
{
    char version[16];
    snprintf(version, sizeof version, "%u.%u", entry->major, entry->minor);
    json_open(json, NULL, '{');
    json_string(json, "name", fard_text(entry->name, sizeof entry->name));
    json_string(json, "version", version);
    json_string(json, "state", state_word(entry->state));
    json_number(json, "id", entry->service_id);
    json_hex(json, "base", entry->base);
    json_number(json, "size", entry->size);
    json_number(json, "operations", entry->op_count);
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
        ls_text(entry);
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
    int code = query_parse(argc, argv, ls_help, false, true, &options);
    if (code >= 0)
        return code;
    code = fard_connect(&connection, options.socket);
    if (code)
        return code;
    listing.as_json = options.json;
    if (options.json) {
        json_open(&listing.json, NULL, '{');
        json_open(&listing.json, "services", '[');
    } else {
        printf("%-16s %-8s %-9s %-14s %9s %4s %9s %9s\n", "NAME", "VERSION", "STATE", "BASE", "HOST", "OPS", "CHANNELS",
               "RESTARTS");
    }
    code = list_all(&connection, &listing);
    if (options.json) {
        json_close(&listing.json, ']');
        json_close(&listing.json, '}');
    }
    fard_disconnect(&connection);
    return finish_output(code);
}

static void map_each(struct listing *listing, const void *bytes)
{
    const struct far_map_entry *entry = bytes;
    const char *name = fard_text(entry->name, sizeof entry->name);
    if (!listing->as_json) {
        printf("0x%012llx  0x%012llx  %7llu MiB  %s%s\n", (unsigned long long)entry->base,
               (unsigned long long)(entry->base + entry->size), (unsigned long long)entry->size >> 20, name,
               entry->in_use ? "" : " (retired)");
        return;
    }
    json_open(&listing->json, NULL, '{');
    json_hex(&listing->json, "base", entry->base);
    json_number(&listing->json, "size", entry->size);
    json_number(&listing->json, "id", entry->id);
    json_string(&listing->json, "name", name);
    json_bool(&listing->json, "in_use", entry->in_use);
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

static int map_all(struct fard_connection *connection, struct listing *listing)
{
    static struct fard_reply reply;
    int code = fard_ask(connection, FAR_MSG_STATUS, NULL, 0, -1, &reply);
    const struct far_status_reply *status = code ? NULL : fard_body(connection, &reply, sizeof *status);
    if (!status)
        return code ? code : EX_PROTOCOL;
    map_begin(listing, status);
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
    int code = query_parse(argc, argv, map_help, false, true, &options);
    if (code >= 0)
        return code;
    code = fard_connect(&connection, options.socket);
    if (code)
        return code;
    listing.as_json = options.json;
    code = map_all(&connection, &listing);
    fard_disconnect(&connection);
    return finish_output(code);
}
