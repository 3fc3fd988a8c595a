/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* LIST, MAP, DESCRIBE, STATUS: what there is, by pages that fit in a packet. Anybody may ask; rules are for managers. */
#include "runtime/fard/fard.h"
#include "runtime/fard/grant.h"
#include "runtime/fard/node.h"
#include "runtime/fard/request.h"
#include "runtime/format/carried.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define PAGE_ROOM (FAR_MESSAGE_MAX - sizeof(struct far_message))

/* A reply under construction. */
struct page {
    uint8_t *bytes; /* PAGE_ROOM */
    size_t used;
};

static int page_new(struct page *page)
{
    page->used = 0;
    page->bytes = calloc(1, PAGE_ROOM);
    return page->bytes ? 0 : -ENOMEM;
}

/* Room for size bytes more, zeroed; NULL if the page is full. */
static void *page_take(struct page *page, size_t size)
{
    if (size > PAGE_ROOM - page->used)
        return NULL;
    void *here = page->bytes + page->used;
    page->used += size;
    return here;
}

static void page_send(struct client *client, const struct far_message *message, struct page *page)
{
    client_reply(client, message, page->bytes, page->used);
    free(page->bytes);
}

static uint32_t count_links(const struct list *head)
{
    uint32_t count = 0;
    for (const struct list *at = head->next; at != head; at = at->next)
        count++;
    return count;
}

static void fill_host(const struct host *host, struct far_list_entry *entry)
{
    entry->state = host->state;
    entry->host_pid = (uint32_t)host->pid;
    entry->host_uid = host->uid;
    entry->restarts = host->restarts;
    entry->channels = count_links(&host->channels);
}

static void fill_node(const struct fard *fard, const struct service *service, struct far_list_entry *entry)
{
    const char *node = service->away ? service->away->node : node_own_name(fard);
    memcpy(entry->node, node, strnlen(node, sizeof entry->node - 1));
    if (service->away)
        entry->state = FAR_STATE_AWAY;
}

static void fill_entry(const struct fard *fard, const struct service *service, struct far_list_entry *entry)
{
    entry->base = service->range.base;
    entry->size = service->range.size;
    entry->service_id = service->id;
    entry->state = FAR_STATE_BROKEN;
    entry->major = service->major;
    service_machines(service, entry->machine);
    memcpy(entry->name, service->name, sizeof entry->name);
    if (service->host)
        fill_host(service->host, entry);
    fill_node(fard, service, entry);
    if (!service_iface(service))
        return;
    entry->op_count = service_iface(service)->ops.count;
    entry->major = service_iface(service)->major;
    entry->minor = service_iface(service)->minor;
}

int handle_list(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_page_request *request;
    struct page page;
    int result = protocol_check_page(message, &request, error);
    result = result ? result : page_new(&page);
    if (result)
        return result;
    struct far_page_reply *head = page_take(&page, sizeof *head);
    const struct registry *registry = &client->fard->registry;
    for (const struct service *at = registry_after(registry, request->after); at;
         at = registry_after(registry, at->id)) {
        struct far_list_entry *entry = at->hidden ? NULL : page_take(&page, sizeof *entry);
        if (entry)
            fill_entry(client->fard, at, entry);
        head->count += entry != NULL;
        if (!entry && !at->hidden) {
            head->more = 1;
            break;
        }
    }
    page_send(client, message, &page);
    return 0;
}

#define PAGE_FULL 100 /* ends a walk through the store */

struct map_page {
    struct page page;
    const struct registry *registry;
    const struct domains *domains;
};

static int add_range(void *context, const struct stored_range *row)
{
    struct map_page *map = context;
    struct page *page = &map->page;
    struct far_page_reply *head = (struct far_page_reply *)page->bytes;
    struct far_map_entry *entry = page_take(page, sizeof *entry);
    if (!entry) {
        head->more = 1;
        return PAGE_FULL;
    }
    entry->base = row->range.base;
    entry->size = row->range.size;
    entry->id = row->id;
    entry->in_use = row->in_use    ? FAR_RANGE_SERVICE
                    : row->pending ? FAR_RANGE_PENDING
                    : row->away    ? FAR_RANGE_AWAY
                                   : FAR_RANGE_RETIRED;
    memcpy(entry->name, row->name, strnlen(row->name, sizeof entry->name - 1));
    if (domain_ranges_has(&map->domains->ranges, row->id)) {
        entry->in_use = FAR_RANGE_DOMAINS;
        entry->domains = domains_count(map->domains, &row->range);
    }
    const struct service *service = registry_find_id(map->registry, row->id);
    if (row->away && service && service->away)
        memcpy(entry->node, service->away->node, sizeof entry->node);
    if ((row->in_use || row->away) && service) {
        service_machines(service, entry->machine);
        entry->version = FAR_VERSION_OF(service->major);
    }
    head->count++;
    return 0;
}

int handle_map(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_page_request *request;
    struct map_page map = {.registry = &client->fard->registry, .domains = &client->fard->domains};
    int result = protocol_check_page(message, &request, error);
    result = result ? result : page_new(&map.page);
    if (result)
        return result;
    page_take(&map.page, sizeof(struct far_page_reply));
    result = store_each_range(client->fard->store, request->after, add_range, &map, error);
    if (result && result != PAGE_FULL) {
        free(map.page.bytes);
        return result;
    }
    page_send(client, message, &map.page);
    return 0;
}

static bool add_op(struct page *page, const struct service *service, struct carrier *carrier, const struct far_op *op)
{
    char refusal[CARRIER_TEXT_SIZE];
    carrier_text(carrier, op, refusal);
    const struct far_iface *iface = service_iface(service);
    const char *const texts[FAR_DESCRIBE_TEXTS] = {
        [FAR_DESCRIBE_NAME] = iface_string(iface, op->name),
        [FAR_DESCRIBE_SIGNATURE] = iface_string(iface, op->signature),
        [FAR_DESCRIBE_REFUSAL] = refusal,
        [FAR_DESCRIBE_REASON] = iface_string(iface, op->reason),
        [FAR_DESCRIBE_VOUCHED] = iface_string(iface, op->vouched),
    };
    struct far_describe_op head = {
        .stub = service_stub(service, op),
        .fingerprint = op->fingerprint,
        .slot = op->slot,
        .flags = op->flags,
    };
    for (int i = 0; i < FAR_DESCRIBE_TEXTS; i++)
        head.text_size[i] = (uint32_t)strlen(texts[i]) + 1;
    uint8_t *here = page_take(page, (size_t)far_describe_op_size(&head));
    if (!here)
        return false;
    memcpy(here, &head, sizeof head);
    here += sizeof head;
    for (int i = 0; i < FAR_DESCRIBE_TEXTS; here += head.text_size[i++])
        memcpy(here, texts[i], head.text_size[i]);
    return true;
}

static void add_ops(struct page *page, const struct service *service, struct carrier *carrier, uint32_t first)
{
    struct far_describe_reply *head = (struct far_describe_reply *)page->bytes;
    uint32_t i = first;
    while (i < service_iface(service)->ops.count && add_op(page, service, carrier, iface_op(service_iface(service), i)))
        i++;
    head->first = first;
    head->op_count = i > first ? i - first : 0;
    head->more = i < service_iface(service)->ops.count;
}

/* The rules are shown to managers; who else asks is told how many there are, as by far explain, and what he gets. */
static void add_rules(struct client *client, const struct service *service, struct page *page)
{
    struct far_describe_reply *head = (struct far_describe_reply *)page->bytes;
    struct policy_reason why;
    struct far_error error;
    head->level = (uint16_t)client_grant(client, service, &why);
    if (client_check_manager(client, &error) != 0) {
        head->rules_hidden = (uint16_t)service->rule_count;
        return;
    }
    head->rule_count = service->rule_count;
    memcpy(page_take(page, service->rule_count * sizeof *service->rules), service->rules,
           service->rule_count * sizeof *service->rules);
    head->subject_bytes = (service->subject_bytes + 7) & ~7u;
    if (service->subject_bytes)
        memcpy(page_take(page, head->subject_bytes), service->subjects, service->subject_bytes);
}

static void fill_host_of(const struct service *service, struct far_describe_reply *head)
{
    if (!service->host)
        return;
    memcpy(head->trouble, service->host->trouble, sizeof head->trouble);
    head->host_machine = service->host->machine;
    head->generation = service->host->generation;
}

static int fill_description(struct client *client, const struct service *service, struct page *page, uint32_t first)
{
    struct carrier carrier;
    struct far_describe_reply *head = page_take(page, sizeof *head);
    fill_entry(client->fard, service, &head->entry);
    memcpy(head->part, service->executable[0].part, sizeof head->part);
    for (uint32_t i = 0; i < service->executable_count; i++)
        memcpy(head->build_id[i], service->executable[i].build_id, sizeof head->build_id[i]);
    memcpy(head->trouble, service->broken, sizeof head->trouble);
    if (!service_iface(service) || (!service->host && !service->away))
        return 0;
    if (carrier_begin(&carrier, service_iface(service)) != 0)
        return -ENOMEM;
    fill_host_of(service, head);
    const char *record_name = iface_string(service_iface(service), service_iface(service)->service);
    memcpy(head->interface, record_name, strnlen(record_name, sizeof head->interface - 1));
    head->fingerprint = service_iface(service)->fingerprint;
    const struct grant_sum granted = grants_to(&client->fard->domains, service->name);
    head->regions = granted.regions;
    head->region_bytes = granted.bytes;
    add_rules(client, service, page);
    add_ops(page, service, &carrier, first);
    carrier_end(&carrier);
    return 0;
}

static int refuse_unregistered(const struct fard *fard, const struct far_name_request *request, struct far_error *error)
{
    const char *name = request->name;
    const struct pending *pending = pending_named(&fard->registry.pendings, name, request->version);
    if (!pending)
        return refuse(error, ENOENT, EX_UNAVAILABLE, "no service '%s' is registered; `far ls` lists them", name);
    return refuse(
        error, ENOENT, EX_UNAVAILABLE,
        "no service '%s' is registered; %u of its operations have pending addresses from 0x%llx on, which are "
        "linked when they are called",
        name, pending->count, (unsigned long long)pending->range.base + FAR_STUB_SIZE);
}

int handle_describe(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_name_request *request;
    struct page page;
    int result = protocol_check_name(message, &request, error);
    if (result)
        return result;
    struct service *service;
    result = registry_named(&client->fard->registry, request->name, request->version, &service, error);
    if (result && error->code != ENOENT)
        return result;
    if (!service || service->hidden)
        return registry_find(&client->fard->registry, request->name) && result
                   ? result
                   : refuse_unregistered(client->fard, request, error);
    result = page_new(&page);
    if (result)
        return result;
    result = fill_description(client, service, &page, request->first);
    if (result) {
        free(page.bytes);
        return result;
    }
    page_send(client, message, &page);
    return 0;
}

int handle_status(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct fard *fard = client->fard;
    int result = protocol_check_empty(message, error);
    if (result)
        return result;
    struct far_status_reply reply = {
        .window_begin = FAR_WINDOW_BEGIN,
        .window_end = FAR_WINDOW_END,
        .next = store_cursor(fard->store),
        .pid = (uint32_t)getpid(),
        .uid = fard->uid,
        .services = fard->registry.count,
        .clients = fard->client_count,
        .channels = fard->channel_count,
        .version = FARCALL_VERSION,
    };
    memcpy(reply.node, node_own_name(fard), strnlen(node_own_name(fard), sizeof reply.node - 1));
    client_reply(client, message, &reply, sizeof reply);
    return 0;
}
