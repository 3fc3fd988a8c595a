/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/registry_pages.h"
#include "runtime/machine.h"

#include <string.h>
#include <sysexits.h>

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

int list_all(struct fard_connection *connection, struct listing *listing)
{
    uint32_t after = 0;
    bool more = true;
    int code = 0;
    while (!code && more)
        code = list_page(connection, listing, &after, &more);
    return code;
}

void machines_json(struct json *json, const uint32_t machine[FAR_EXECUTABLES_MAX])
{
    json_open(json, "machines", '[');
    for (unsigned i = 0; i < FAR_EXECUTABLES_MAX; i++) {
        if (machine[i])
            json_string(json, NULL, far_machine_name(machine[i]));
    }
    json_close(json, ']');
}
