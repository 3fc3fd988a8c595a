/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* TOP: what each service and each user is doing, by pages. Services are everybody's to see, users their own and a
 * manager's. */
#include "runtime/fard/observe.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOP_ROOM (FAR_MESSAGE_MAX - sizeof(struct far_message) - sizeof(struct far_page_reply))

struct top_page {
    struct far_page_reply head;
    union {
        struct far_top_service service[TOP_ROOM / sizeof(struct far_top_service)];
        struct far_top_user user[TOP_ROOM / sizeof(struct far_top_user)];
    };
};
#define SERVICES_OF_PAGE (TOP_ROOM / sizeof(struct far_top_service))
#define USERS_OF_PAGE    (TOP_ROOM / sizeof(struct far_top_user))

static void fill_host(struct host *host, struct far_top_service *entry)
{
    entry->state = host->state;
    entry->host_pid = (uint32_t)host->pid;
    entry->host_uid = host->uid;
    entry->restarts = host->restarts;
    for (struct list *at = host->channels.next; at != &host->channels; at = at->next) {
        struct channel *channel = list_entry(at, struct channel, of_host);
        calls_see(channel);
        entry->channels++;
        entry->in_progress += calls_in_progress(channel);
    }
    entry->calls = host->calls;
    entry->output_lost = host->output_lost + (host->output ? host->output->lost_lines : 0);
}

static void fill_service(const struct service *service, struct far_top_service *entry)
{
    *entry = (struct far_top_service){.id = service->id, .state = service->away ? FAR_STATE_AWAY : FAR_STATE_BROKEN};
    memcpy(entry->name, service->name, sizeof entry->name);
    if (service_iface(service)) {
        entry->major = service_iface(service)->major;
        entry->minor = service_iface(service)->minor;
    }
    if (service->host)
        fill_host(service->host, entry);
}

static size_t fill_services(const struct registry *registry, uint32_t after, struct top_page *page)
{
    for (const struct service *at = registry_after(registry, after); at; at = registry_after(registry, at->id)) {
        if (at->hidden)
            continue;
        if (page->head.count == SERVICES_OF_PAGE) {
            page->head.more = 1;
            break;
        }
        fill_service(at, &page->service[page->head.count++]);
    }
    return page->head.count * sizeof(struct far_top_service);
}

static const struct account *account_after(const struct fard *fard, uint64_t after)
{
    const struct account *found = NULL;
    for (const struct list *at = fard->accounts.next; at != &fard->accounts; at = at->next) {
        const struct account *account = list_entry(at, struct account, link);
        if ((uint64_t)account->uid + 1 > after && (!found || account->uid < found->uid))
            found = account;
    }
    return found;
}

static size_t fill_users(const struct client *client, bool manager, uint32_t after, struct top_page *page)
{
    const struct account *account;
    for (uint64_t from = after; (account = account_after(client->fard, from)); from = (uint64_t)account->uid + 1) {
        if (!manager && account->uid != client->who.uid)
            continue;
        if (page->head.count == USERS_OF_PAGE) {
            page->head.more = 1;
            break;
        }
        page->user[page->head.count++] = (struct far_top_user){
            .requests = account->requests,
            .deferred = account->deferred,
            .bytes = account->bytes,
            .uid = account->uid,
            .next = account->uid + 1,
            .clients = account->clients,
            .channels = account->channels,
        };
    }
    return page->head.count * sizeof(struct far_top_user);
}

int handle_top(struct client *client, const struct far_message *message, struct far_error *error)
{
    const struct far_top_request *request;
    struct far_error ignored;
    int result = protocol_check_top(message, &request, error);
    struct top_page *page = result ? NULL : calloc(1, sizeof *page);
    if (!page)
        return result ? result : -ENOMEM;
    bool manager = client_check_manager(client, &ignored) == 0;
    size_t size = request->what == FAR_TOP_SERVICES ? fill_services(&client->fard->registry, request->after, page)
                                                    : fill_users(client, manager, request->after, page);
    client_reply(client, message, page, sizeof page->head + size);
    free(page);
    return 0;
}
