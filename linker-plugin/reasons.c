/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Why an operation is not neutral, written into the interface record: whoever asks later (far describe, far dump) sees
 * the path that leads out of the segment without linking it again. The texts go behind the record's own strings.
 */
#include "linker-plugin/farld.h"

#include <string.h>
#include <sysexits.h>

#define REASON_MAX 2000 /* bytes; names of C++ are long, and a record's string must stay below 8192 */

static const char *shortened(struct link *link, const char *reason)
{
    size_t length = REASON_MAX;

    if (strlen(reason) <= REASON_MAX)
        return reason;
    while (length && reason[length] != ' ') /* an arrow has three bytes */
        length--;
    return arena_format(&link->arena, "%.*s …", (int)length, reason);
}

static size_t bytes_of_reasons(struct link *link)
{
    size_t size = 0;

    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        struct operation *operation = &link->operations[i];

        if (!operation->reason)
            continue;
        operation->reason = shortened(link, operation->reason);
        size += strlen(operation->reason) + 1;
    }
    return size;
}

static void add_reasons(struct link *link, struct far_iface *iface)
{
    char *at = (char *)iface + iface->strings.offset + iface->strings.count;

    for (uint32_t i = 0; i < iface->ops.count; i++) {
        struct operation *operation = &link->operations[i];
        struct far_op *op = (struct far_op *)(uintptr_t)iface_op(iface, i);

        operation->op = op;
        op->reason = 0;
        if (!operation->reason)
            continue;
        op->reason = (uint32_t)(at - (char *)iface);
        at = stpcpy(at, operation->reason) + 1;
    }
    iface->strings.count = (uint32_t)(at - (char *)iface) - iface->strings.offset;
}

int reasons_record(struct link *link)
{
    size_t end = (size_t)link->iface->strings.offset + link->iface->strings.count;
    size_t size = (end + bytes_of_reasons(link) + 7) & ~(size_t)7;
    struct far_iface *longer;

    /* Only what lies at the end can grow. faridl puts strings there; a record of another's making goes without. */
    if (size > UINT32_MAX || link->record_size >= end + 8)
        return 0;
    longer = arena_allocate(&link->arena, size); /* zeroed */
    memcpy(longer, link->iface, end);
    add_reasons(link, longer);
    longer->size = (uint32_t)size;
    link->iface = longer;
    link->record_size = size;
    return 0;
}
