/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Lists that come by pages: far ls, far map. */
#ifndef FARCALL_FAR_REGISTRY_PAGES_H
#define FARCALL_FAR_REGISTRY_PAGES_H

#include "runtime/far/registry_client.h"
#include "runtime/far/table.h"
#include "runtime/format/json.h"

/* A list, and what is done with each of its entries. */
struct listing {
    uint16_t type;
    size_t entry_size;
    size_t id_offset; /* of the uint32_t that the next page comes after */
    void (*each)(struct listing *listing, const void *entry);
    struct json json;
    bool as_json;
    struct table table; /* if it is one */
};

/* Asks for page after page and hands out each entry. Returns 0 or an exit code; what went wrong is printed. */
int list_all(struct fard_connection *connection, struct listing *listing);

/* "machines": their names. */
void machines_json(struct json *json, const uint32_t machine[FAR_EXECUTABLES_MAX]);

#endif
