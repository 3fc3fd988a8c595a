/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Domain segments of clients: memory at addresses that are the same everywhere, which its client may let services reach.
 *
 *     domain ─ trusts: names of services, registered or not
 *            └ mappings: hosts that were told to map it; the range ages only after the last one has let go
 *
 * A region (grant.h) is one of a second kind: a process may have several, and each says what it is granted for.
 *
 * A domain lives as long as its process (its pidfd tells), not as its connection: what a process has mapped is not
 * handed to another.
 */
#ifndef FARCALL_FARD_DOMAIN_H
#define FARCALL_FARD_DOMAIN_H

#include "runtime/fard/domain_ranges.h"
#include "runtime/fard/error.h"
#include "runtime/fard/loop.h"

#include <sys/types.h>

#define DOMAIN_SIZE_DEFAULT ((uint64_t)4 << 30)
#define DOMAIN_SIZE_MOST    ((uint64_t)256 << 30)
#define DOMAIN_DESCRIPTORS  2u /* of each: its memory, its process */
#define DOMAIN_TRUSTS_MAX   64u
#define UID_DOMAINS_MAX     1024u
#define UID_DOMAIN_BYTES    ((uint64_t)6 << 40)  /* addresses of one uid's, with those that age */
#define DOMAIN_BYTES        ((uint64_t)16 << 40) /* of all, ever: half the window stays for services */
#define DOMAIN_CHUNK_NAME   "client segments"    /* no service can be called so */
#define DOMAIN_ANSWER_MS    5000                 /* how long a host may take to say that it has mapped, or let go */

struct fard;
struct account;
struct client;
struct host;

/* All of them. */
struct domains {
    struct list all;
    struct domain_ranges ranges;
    struct domain_chunk *earlier; /* that another fard's life took: nobody knows who has what there */
    size_t earlier_count;
    uint64_t chunk_bytes; /* of all chunks, those of earlier lives as well */
    bool counted;
    uint32_t live;            /* whose descriptors fard has */
    uint32_t regions;         /* of those */
    uint64_t last_connection; /* numbers of connections: never the same again, in another fard's life neither */
    uint32_t last_id;
    struct domain_look *look; /* NULL: nobody looks */
};

struct domain {
    struct list link;
    struct fard *fard;
    struct client *client; /* NULL: its connection has ended */
    uint64_t connection;   /* the client's number, by which hosts know whose it is */
    uint32_t id;
    uid_t uid;
    struct account *account; /* while it has descriptors: counted there */
    pid_t pid;
    struct range range;
    uint64_t bytes; /* of its memory; of a region, less than its range */
    bool region;
    struct list of_client; /* a region's, while it has a client */
    int memory;
    dev_t device; /* of the memory, also when its descriptor has gone */
    ino_t inode;
    struct source life; /* the process's pidfd */
    struct list trusts;
    struct list leaving; /* while fard loads: services whose hosts were told to let go by the fard before */
    uint64_t started;    /* as /proc/PID/stat has it */
    bool kept;           /* the keeper has it, and the store knows of it */
    struct list mappings;
    bool ended; /* waits only for hosts to let go */
    /* A TRUST that waits for hosts. */
    struct timer timer;
    uint32_t serial;
    uint32_t waiting; /* hosts that have not answered; 0: nobody waits */
    int32_t failure;  /* errno of one that could not */
};

struct domain_trust {
    struct list link;
    uint32_t access; /* of a region: FAR_GRANT_…; 0: a domain segment, all of it */
    char service[FAR_SERVICE_MAX];
};

enum domain_mapping_state {
    DOMAIN_MAPPING,
    DOMAIN_MAPPED,
    DOMAIN_UNMAPPING,
    DOMAIN_LOOKING /* it says that it has let go: fard looks (domain_look.h) */
};

struct domain_mapping {
    struct list link;
    struct host *host;
    enum domain_mapping_state state;
    bool awaited; /* counted in domain->waiting */
    bool stale;   /* while MAPPING: what it was told has changed since, and it is told anew when it has answered. While
                     LOOKING: it is to map it again */
    bool looked_at;           /* by the look under way */
    uint32_t maps_unanswered; /* of those that it was told: an UNMAP's answer before theirs is of an earlier one */
};

void domains_init(struct domains *domains);
void domains_free(struct domains *domains);
uint64_t domains_next_connection(struct domains *domains);
uint32_t domains_count(const struct domains *domains, const struct range *within);

/* domain.c, domain_trust.c: request handlers, as in fard.h. */
int handle_domain(struct client *client, const struct far_message *message, struct far_error *error);
int handle_trust(struct client *client, const struct far_message *message, struct far_error *error);
/* For grant.c too. A new one; size: of its memory. What its process had, and has no more, after exec; the one that it claims. */
int domain_new(struct client *client, uint64_t size, bool region, struct far_error *error);
void domain_end_forgotten(struct client *client);
int domain_claim(struct client *client, uint64_t base, bool region, struct far_error *error);
void domain_end(struct domain *domain);
/* Tell the hosts of that service, and answer when they have: 0 or FARD_PENDING. access 0: it is taken back; service "": from all. */
struct domain_change {
    struct domain *domain;
    const char *service;
    bool on;
    uint32_t access;
};
int domain_change_trust(struct client *client, const struct far_message *message, const struct domain_change *change,
                        struct far_error *error);
struct domain_trust *domain_trust_find(const struct domain *domain, const char *service);
void domain_trust_timed_out(struct timer *timer);
/* One host less to wait for; answers the client when it was the last. */
void domain_heard(struct domain *domain, int32_t code);
/* Its connection has ended. */
void domain_client_gone(struct client *client);

/* For domain_adopt.c as well. */
struct domain *domain_alloc(struct fard *fard, uid_t uid, pid_t pid);
void domain_count_in(struct domain *domain, struct account *account);
int domain_watch(struct domain *domain, int pidfd);
void domain_trusts_free(struct list *trusts);
bool domain_chunk_adopt(struct fard *fard, const struct range *range); /* false: no chunk of ours has it */

/* domain_host.c */
/* Tell the host, or make it let go. The answers come through domain_host_answered(). 0, or -ETOOMANYREFS. */
int domain_share(struct domain *domain, struct host *host, bool awaited);
void domain_unshare(struct domain *domain, struct domain_mapping *mapping, bool awaited);
struct domain_mapping *domain_mapping_find(const struct domain *domain, const struct host *host);
/* A new process was told its service: it gets what clients let the service reach, before it serves anybody. */
void domain_host_started(struct host *host);
void domain_host_gone(struct host *host);
/* False: rubbish. */
bool domain_host_answered(struct host *host, const struct far_message *message);
/* When the last mapping of an ended one has gone: its range ages, the rest is freed. */
void domain_bury(struct domain *domain);

#endif
