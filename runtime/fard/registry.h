/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The registry: which services there are, where, with which operations and policy. It does no I/O on sockets and starts
 * no processes, so unit tests need neither. A service owns its interface record, its rules and its descriptors.
 */
#ifndef FARCALL_REGISTRY_H
#define FARCALL_REGISTRY_H

#include "runtime/fard/capability.h"
#include "runtime/fard/error.h"
#include "runtime/fard/host_settings.h"
#include "runtime/fard/manage.h"
#include "runtime/fard/names.h"
#include "runtime/fard/pending.h"
#include "runtime/fard/policy.h"
#include "runtime/fard/range.h"

struct host;

/* Stub pages, by what the domain may do. */
enum stub_kind_of_domain {
    STUBS_HOST,    /* the service's own domain: everything branches */
    STUBS_TRUSTED, /* neutral operations branch, others trap */
    STUBS_TRAP,    /* everything traps: levels none and read */
    STUBS_COUNT
};

struct shipping {
    uint32_t op; /* index in the interface record */
    bool data_shipped;
};

/*
 * What a service is on one kind of machine. All executables of a service share its range, its slots, and where its stubs,
 * data and heap lie; code, constants and stubs are each machine's own.
 */
#define EXECUTABLES_MAX FAR_EXECUTABLES_MAX

struct executable {
    uint32_t machine; /* ELF e_machine */
    uint8_t build_id[32];
    struct far_extent part[FAR_PART_COUNT];   /* absolute */
    struct far_extent init_array, fini_array; /* absolute */
    struct far_iface *iface; /* own copy; FAR_OP_DATA_SHIPPED says what was registered. NULL: the service is broken */
    int stubs[STUBS_COUNT];
    int iface_fd, image, reloc;
};

/* What a service is found by: majors of one name are services of their own. */
struct service_key {
    char name[FAR_SERVICE_MAX];
    uint16_t major;
};

/* Where a service is that is not here. Its segments are here as well, so that it can be bound; its host and its data are there. */
struct service_away {
    char node[FAR_NODE_NAME_MAX];
    char address[FAR_NODE_ADDRESS_MAX];
    uint64_t revision; /* of its entry with whoever keeps the names, as far as it is known here */
    bool stale;        /* it was found not to be there any more: the entry is asked for again before it is used */
};

struct service {
    uint32_t id; /* given with the range, never reused */
    char name[FAR_SERVICE_MAX];
    uint16_t major; /* of its interface */
    struct name_link by_name;
    bool hidden;      /* being registered: the name is taken, nobody can bind yet */
    char broken[512]; /* not empty: why the store's copy cannot be used; then there are no records and no descriptors */
    struct range range;
    struct executable executable[EXECUTABLES_MAX]; /* by order of registration */
    uint32_t executable_count;                     /* 1 or more once it is made */
    ino_t *retired;                                /* images that were replaced: clients may have them mapped still */
    uint32_t retired_count;
    uint32_t host_uid_wanted;   /* as registered, or chosen; FAR_HOST_UID_DEFAULT: not yet */
    struct shipping *shippings; /* what --function and --data changed */
    uint32_t shipping_count;
    struct far_rule *rules;
    uint32_t rule_count;
    char *subjects; /* what the rules refer to: subject_bytes of paths, each ended by a NUL */
    uint32_t subject_bytes;
    struct host_settings settings; /* of its host */
    struct service_key *needs;     /* services that it binds to */
    uint32_t need_count;
    struct service_key *awaits; /* services that it binds to and nobody had registered: by pending addresses */
    uint32_t await_count;
    int data; /* one memory for all machines: data and heap */
    int data_read_only;
    bool data_kept;      /* it is an earlier fard's, with all that is in it */
    bool data_half_made; /* the same, and its constructors had not completed then */
    uint8_t *initial;    /* what data begins with; NULL once the constructors have completed */
    size_t initial_size;
    bool upgrading;            /* another version is being started beside it */
    struct host *heir;         /* of that version; not ready yet */
    struct host *host;         /* host.c's */
    bool published;            /* whoever keeps the cluster's names has been told of it as it is now */
    struct service_away *away; /* on another node, and has no host here; NULL: here */
};

struct registry {
    struct service **service; /* by rising id */
    struct service **by_base; /* the same ones, by rising address */
    uint32_t count;
    uint32_t room;
    struct names names;
    struct pendings pendings; /* names that had addresses before they were registered */
    struct capabilities capabilities;
    const struct policy_file *policy; /* what is in force; NULL: there is none. Its owner is struct fard */
};

void registry_init(struct registry *registry);
void registry_free(struct registry *registry); /* frees the services too */

/* Takes ownership. Returns 0 or -ENOMEM. The caller has made sure that name with major, id and range are new, and they stay. */
int registry_add(struct registry *registry, struct service *service);
/* Gives ownership back to the caller. */
void registry_remove(struct registry *registry, struct service *service);
/* Hidden ones as well; or NULL. Without a major: the lowest that there is. */
struct service *registry_find(const struct registry *registry, const char *name);
struct service *registry_find_major(const struct registry *registry, const char *name, uint16_t major);
/* The next higher major of the same name, or NULL. */
struct service *registry_next_major(const struct registry *registry, const struct service *service);
/* Whose range this address lies in, or NULL. */
struct service *registry_find_address(const struct registry *registry, uint64_t address);
/*
 * What somebody means by NAME or NAME@MAJOR (`version` as in struct far_name_request), hidden or not. Refuses what there is
 * not, and a name without a major of which there are several.
 */
int registry_named(const struct registry *registry, const char *name, uint32_t version, struct service **out,
                   struct far_error *error);
/* "1.0 and 2.3", of all majors of a name that are not hidden; "" if there are none. */
#define REGISTRY_VERSIONS_TEXT 160
const char *registry_versions(const struct registry *registry, const char *name, char text[REGISTRY_VERSIONS_TEXT]);
struct service *registry_find_id(const struct registry *registry, uint32_t id);
/* The first service whose id is greater, or NULL. */
struct service *registry_after(const struct registry *registry, uint32_t id);
/* A service that binds to this one, or NULL. */
struct service *registry_dependent(const struct registry *registry, const char *name, uint16_t major);
/* A service whose memory holds pending addresses of this one, or NULL. */
struct service *registry_awaiting(const struct registry *registry, const char *name, uint16_t major);
/* Add to needs or awaits unless it is there. 0 or -ENOMEM. */
int service_keys_add(struct service_key **keys, uint32_t *count, const char *name, uint16_t major);

int service_new(struct service **out);
void service_free(struct service *service);
/* The executable for a machine, or NULL. */
const struct executable *service_executable(const struct service *service, uint32_t machine);
/* The executable that its host runs: this node's own machine's, or, if there is none, the first. */
const struct executable *service_host_executable(const struct service *service);
/* data.c. 0 or -ENOMEM. */
int service_keep_initial(struct service *service, const void *bytes, size_t size);
void service_drop_initial(struct service *service);
void executable_init(struct executable *executable); /* nothing is open */
void executable_end(struct executable *executable);  /* what it holds is given up */
/* The last executable is taken out again. */
void service_drop_executable(struct service *service);
/* Does the service, or one of its executables, keep this segment? */
bool service_has_segment(const struct service *service, const uint8_t build_id[32]);
/* The machines it has executables for, in the order of registration; 0 behind the last. */
void service_machines(const struct service *service, uint32_t machine[EXECUTABLES_MAX]);
/* The interface, the same on all machines but for what depends on code (FAR_OP_NEUTRAL); NULL if the service is broken. */
const struct far_iface *service_iface(const struct service *service);
const struct far_op *service_op(const struct service *service, const char *name); /* or NULL */
/* Canonical address of an operation. */
uint64_t service_stub(const struct service *service, const struct far_op *op);

/*
 * Which shipping each operation has: the record's defaults, changed by `shippings` ('f' or 'd', name, NUL; count of
 * them, checked by request.c). Data-shipped operations must be neutral. Fills in iface (which the service owns
 * already, in its first executable), shippings, shipping_count. Returns 0, FARD_REFUSED or -ENOMEM.
 */
int service_ship(struct service *service, const char *strings, uint32_t count, struct far_error *error);

/* May this be a service's name? A C identifier of at most FAR_NAME_MAX bytes, terminated within size. */
bool service_name_is_sound(const char *name, size_t size);

#endif
