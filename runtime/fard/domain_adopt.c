/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/domain_adopt.h"
#include "runtime/fard/adopt_check.h"
#include "runtime/fard/fard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void memory_name(char name[KEEPER_NAME_MAX], uint32_t domain)
{
    snprintf(name, KEEPER_NAME_MAX, "domain-%u", domain);
}

static void owner_name(char name[KEEPER_NAME_MAX], uint32_t domain)
{
    snprintf(name, KEEPER_NAME_MAX, "owner-%u", domain);
}

/* --- for the next fard --- */

static const char *leaving_service(const struct domain_mapping *mapping)
{
    bool leaves = mapping->state == DOMAIN_UNMAPPING || mapping->state == DOMAIN_LOOKING;
    return leaves && !mapping->stale && mapping->host->service ? mapping->host->service->name : NULL;
}

/*
 * A line each: the name of a service that may reach it; after '<', reading only; after '-', of one that must let go. Of a region, in front of
 * all, '=' and the bytes of its memory.
 */
static char *write_trusts(const struct domain *domain)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    if (domain->region)
        fprintf(stream, "=%llu\n", (unsigned long long)domain->bytes);
    for (const struct list *at = domain->trusts.next; at != &domain->trusts; at = at->next) {
        const struct domain_trust *trust = list_entry(at, const struct domain_trust, link);
        fprintf(stream, "%s%s\n", trust->access == FAR_GRANT_READ ? "<" : "", trust->service);
    }
    for (const struct list *at = domain->mappings.next; at != &domain->mappings; at = at->next) {
        const char *service = leaving_service(list_entry(at, const struct domain_mapping, link));
        if (service)
            fprintf(stream, "-%s\n", service);
    }
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

void domain_note(struct domain *domain)
{
    struct fard *fard = domain->fard;
    struct far_error error = {0};
    if (!domain->kept || domain->ended)
        return;
    char *trusts = write_trusts(domain);
    const struct stored_domain row = {
        .id = domain->id,
        .pid = (uint32_t)domain->pid,
        .uid = domain->uid,
        .started = domain->started,
        .range = domain->range,
        .device = domain->device,
        .inode = domain->inode,
        .connection = domain->connection,
        .trusts = trusts,
    };
    int result = trusts ? store_put_domain(fard->store, &row, &error) : -ENOMEM;
    if (result) {
        describe_failure(&error, result, "noting a domain segment");
        fard_log("domain segment of process %d: %s; should fard be killed, the next one may not know it",
                 (int)domain->pid, error.text);
    }
    free(trusts);
}

void domain_keep(struct domain *domain)
{
    char name[KEEPER_NAME_MAX];
    struct keeper *keeper = domain->fard->keeper;
    if (!keeper || !keeper_has_room_for_clients(keeper))
        return;
    domain->started = process_started(domain->pid);
    if (!domain->started || process_has_ended(domain->life.fd))
        return; /* fard does not see it (PID namespaces), or its number may have been another's when it was looked at */
    memory_name(name, domain->id);
    keeper_keep(keeper, name, domain->memory);
    owner_name(name, domain->id);
    keeper_keep(keeper, name, domain->life.fd);
    domain->kept = true;
    domain_note(domain);
}

void domain_unkeep(struct domain *domain)
{
    char name[KEEPER_NAME_MAX];
    struct keeper *keeper = domain->fard->keeper;
    if (!domain->kept || !keeper || !domain->fard->loaded)
        return;
    memory_name(name, domain->id);
    keeper_drop(keeper, name);
    owner_name(name, domain->id);
    keeper_drop(keeper, name);
}

void domain_forget(struct domain *domain)
{
    struct far_error ignored; /* the next fard finds that its process has ended */
    if (domain->kept && domain->fard->loaded)
        store_forget_domain(domain->fard->store, domain->id, &ignored);
}

/* --- from the fard before --- */

struct adopting {
    struct fard *fard;
    struct far_error *error;
    uint32_t *gone; /* rows that are of no use any more */
    uint32_t gone_count, gone_room;
    uint32_t went_on, freed, lost;
};

static int note_gone(struct adopting *adopting, uint32_t id)
{
    if (adopting->gone_count == adopting->gone_room) {
        uint32_t room = adopting->gone_room ? 2 * adopting->gone_room : 64;
        uint32_t *grown = reallocarray(adopting->gone, room, sizeof *grown);
        if (!grown)
            return -ENOMEM;
        adopting->gone = grown;
        adopting->gone_room = room;
    }
    adopting->gone[adopting->gone_count++] = id;
    return 0;
}

static void put_down(struct fard *fard, const char *name, int fd)
{
    if (fd < 0)
        return;
    keeper_drop(fard->keeper, name);
    close(fd);
}

static bool owner_lives(const struct stored_domain *row)
{
    return row->started && process_started((pid_t)row->pid) == row->started;
}

/* The chunk that it lies in is taken over with it. What else is free there stays so: others may have it that we know nothing of. */
static const char *chunk_fault(struct fard *fard, const struct stored_domain *row)
{
    return domain_chunk_adopt(fard, &row->range) ? NULL : "its addresses are none of clients' segments";
}

static int add_trust(struct domain *domain, const char *line, size_t length)
{
    bool leaves = *line == '-', reads = *line == '<', marked = leaves || reads;
    if (length - marked >= FAR_SERVICE_MAX || length == marked)
        return 0;
    struct domain_trust *trust = calloc(1, sizeof *trust);
    if (!trust)
        return -ENOMEM;
    memcpy(trust->service, line + marked, length - marked);
    trust->access = !domain->region ? 0 : reads ? FAR_GRANT_READ : FAR_GRANT_WRITE;
    list_append(leaves ? &domain->leaving : &domain->trusts, &trust->link);
    return 0;
}

static int add_trusts(struct domain *domain, const char *lines)
{
    int result = 0;
    for (const char *at = lines; *at && !result; at = strchrnul(at, '\n'), at += *at == '\n')
        if (*at != '=')
            result = add_trust(domain, at, strcspn(at, "\n"));
    return result;
}

static bool is_region(const struct stored_domain *row)
{
    return row->trusts[0] == '=';
}

static uint64_t bytes_of_row(const struct stored_domain *row)
{
    return is_region(row) ? strtoull(row->trusts + 1, NULL, 10) : row->range.size;
}

static int go_on(struct adopting *adopting, const struct stored_domain *row, int memory, int life)
{
    struct fard *fard = adopting->fard;
    struct domain *domain = domain_alloc(fard, row->uid, (pid_t)row->pid);
    struct account *account = domain ? account_get(&fard->accounts, row->uid) : NULL;
    if (!account) {
        free(domain);
        return -ENOMEM;
    }
    domain->region = is_region(row);
    domain->bytes = bytes_of_row(row);
    domain_count_in(domain, account);
    account_put(account);
    domain->id = row->id;
    domain->started = row->started;
    domain->range = row->range;
    domain->device = (dev_t)row->device;
    domain->inode = (ino_t)row->inode;
    domain->connection = row->connection;
    domain->memory = memory;
    domain->kept = true;
    list_append(&fard->domains.all, &domain->link);
    adopting->went_on++;
    int result = domain_watch(domain, life);
    return result ? result : add_trusts(domain, row->trusts);
}

static int free_it(struct adopting *adopting, const struct stored_domain *row, const char *why)
{
    struct fard *fard = adopting->fard;
    if (owner_lives(row)) {
        fard_log(
            "domain segment of process %u: %s; it keeps its memory, and no service can be trusted with it any more",
            row->pid, why);
        adopting->lost++;
    } else {
        if (domain_chunk_adopt(fard, &row->range))
            domain_ranges_release(&fard->domains.ranges, &row->range, row->uid, loop_now());
        adopting->freed++;
    }
    return note_gone(adopting, row->id);
}

static int adopt_row(void *context, const struct stored_domain *row)
{
    struct adopting *adopting = context;
    struct fard *fard = adopting->fard;
    char memory_key[KEEPER_NAME_MAX], owner_key[KEEPER_NAME_MAX];
    memory_name(memory_key, row->id);
    owner_name(owner_key, row->id);
    int memory = fard->keeper ? keeper_take(fard->keeper, memory_key) : -1;
    int life = fard->keeper ? keeper_take(fard->keeper, owner_key) : -1;
    if (row->id > fard->domains.last_id)
        fard->domains.last_id = row->id;
    const char *why = memory < 0 || life < 0 ? "it was not kept" : NULL;
    why = why                                                                ? why
          : memory_fault(memory, row->device, row->inode, bytes_of_row(row)) ? "its memory is not what was noted"
                                                                             : NULL;
    why = why ? why : process_fault(life, (pid_t)row->pid, row->started) ? "its process is not what was noted" : NULL;
    why = why ? why : chunk_fault(fard, row);
    if (!why)
        return go_on(adopting, row, memory, life);
    put_down(fard, memory_key, memory);
    put_down(fard, owner_key, life);
    return free_it(adopting, row, why);
}

static void forget_gone(struct adopting *adopting)
{
    struct far_error ignored; /* the next fard comes to the same result */
    for (uint32_t i = 0; i < adopting->gone_count; i++)
        store_forget_domain(adopting->fard->store, adopting->gone[i], &ignored);
    free(adopting->gone);
}

int domains_adopt(struct fard *fard, struct far_error *error)
{
    struct adopting adopting = {.fard = fard, .error = error};
    int result = store_each_domain(fard->store, adopt_row, &adopting, error);
    forget_gone(&adopting);
    if (adopting.went_on || adopting.freed || adopting.lost)
        fard_log("domain segments: %u go on, %u are free, for their processes have ended, %u are not known any more",
                 adopting.went_on, adopting.freed, adopting.lost);
    return result;
}

static bool names(const struct list *trusts, const char *service)
{
    for (const struct list *at = trusts->next; at != trusts; at = at->next)
        if (strcmp(list_entry(at, const struct domain_trust, link)->service, service) == 0)
            return true;
    return false;
}

/* It was told to let go by the fard before, and may have said so already: it says it again. */
static void unshare_again(struct domain *domain, struct host *host)
{
    struct domain_mapping *mapping = calloc(1, sizeof *mapping);
    if (!mapping)
        return;
    mapping->host = host;
    list_append(&domain->mappings, &mapping->link);
    domain_unshare(domain, mapping, false);
}

int domain_host_adopted(struct host *host)
{
    const struct far_host_unmap rest = {.domain = 0};
    struct domains *domains = &host->fard->domains;
    for (struct list *at = domains->all.next; at != &domains->all; at = at->next) {
        struct domain *domain = list_entry(at, struct domain, link);
        if (names(&domain->trusts, host->service->name))
            domain_share(domain, host, false);
        else if (names(&domain->leaving, host->service->name))
            unshare_again(domain, host);
    }
    return peer_send(&host->peer, FAR_MSG_HOST_UNMAP, 0, &rest, sizeof rest, NULL, 0);
}

void domains_adopted(struct fard *fard)
{
    for (struct list *at = fard->domains.all.next; at != &fard->domains.all; at = at->next)
        domain_trusts_free(&list_entry(at, struct domain, link)->leaving);
}
