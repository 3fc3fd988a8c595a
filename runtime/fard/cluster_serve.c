/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What other nodes ask of this one about names, if it keeps them, and about services that are here. All of it is answered at once. */
#include "runtime/fard/cluster_inside.h"
#include "runtime/fard/cluster_names.h"
#include "runtime/fard/node_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static struct fard *fard_of(struct node *node)
{
    return node_real(node)->nodes->fard;
}

static size_t body_size(const struct far_message *message)
{
    return message->size - sizeof *message;
}

static int refuse_body(const struct far_message *message, struct far_error *error)
{
    return refuse(error, EBADMSG, EX_PROTOCOL, "a message of type %u about names makes no sense", message->type);
}

static int check_keeps_names(const struct fard *fard, struct far_error *error)
{
    if (fard->cluster && fard->cluster->kind == &cluster_star && !node_names_keeper((struct fard *)(uintptr_t)fard))
        return 0;
    return refuse(error, ENOTSUP, EX_UNAVAILABLE,
                  "node '%s' does not keep the cluster's names; name the one that does by --peer", node_own_name(fard));
}

static int serve_lease(struct node *node, const struct far_message *message, struct far_error *error)
{
    struct link_lease lease;
    struct range chunk;
    if (body_size(message) != sizeof lease)
        return refuse_body(message, error);
    memcpy(&lease, message + 1, sizeof lease);
    int result = cluster_names_lease(fard_of(node)->store, node_name(node), &lease, &chunk, error);
    if (result)
        return result;
    const struct link_chunk reply = {chunk.base, chunk.size};
    node_answer(node, message, &reply, sizeof reply);
    return 0;
}

/* Who says it is who his certificate says, whatever is written there. */
static int take_entry(struct node *node, const struct far_message *message, struct link_service *entry,
                      struct far_error *error)
{
    if (body_size(message) != sizeof *entry)
        return refuse_body(message, error);
    memcpy(entry, message + 1, sizeof *entry);
    if (!link_service_is_sound(entry) || strcmp(entry->node, node_name(node)) != 0)
        return refuse_body(message, error);
    return 0;
}

static int serve_publish(struct node *node, const struct far_message *message, struct far_error *error)
{
    struct link_service entry;
    struct store *store = fard_of(node)->store;
    int result = take_entry(node, message, &entry, error);
    if (result)
        return result;
    const struct range range = {entry.base, entry.size};
    struct link_service there;
    bool known = store_find_name(store, entry.name, entry.major + 1, &there) && there.base == entry.base;
    if (!known && !store_lease_covers(store, node_name(node), &range) && !cluster_names_comes_back(store, &entry))
        return refuse(error, EACCES, EX_NOPERM,
                      "service '%s': its range at 0x%llx was not leased to node '%s'; was this node's store of names "
                      "lost, or was the service registered outside the cluster?",
                      entry.name, (unsigned long long)entry.base, node_name(node));
    result = cluster_names_publish(store, node_name(node), &entry, error);
    if (!result)
        node_answer(node, message, &entry, sizeof entry);
    return result;
}

static int serve_withdraw(struct node *node, const struct far_message *message, struct far_error *error)
{
    struct link_service entry;
    int result = take_entry(node, message, &entry, error);
    result = result ? result : cluster_names_withdraw(fard_of(node)->store, node_name(node), &entry, error);
    if (!result)
        node_answer(node, message, NULL, 0);
    return result;
}

static int take_name(const struct far_message *message, struct link_name *name, struct far_error *error)
{
    if (body_size(message) != sizeof *name)
        return refuse_body(message, error);
    memcpy(name, message + 1, sizeof *name);
    return link_name_is_sound(name) || (message->type == LINK_LIST && !name->name[0]) ? 0 : refuse_body(message, error);
}

static int serve_find(struct node *node, const struct far_message *message, struct far_error *error)
{
    struct link_name name;
    struct link_service entry;
    struct store *store = fard_of(node)->store;
    int result = take_name(message, &name, error);
    if (!result)
        result = message->type == LINK_FIND ? cluster_names_find(store, &name, &entry, error)
                                            : cluster_names_next(store, &name, &entry, error);
    if (!result)
        node_answer(node, message, &entry, sizeof entry);
    return result;
}

static int serve_find_address(struct node *node, const struct far_message *message, struct far_error *error)
{
    struct link_address address;
    struct link_service entry;
    if (body_size(message) != sizeof address)
        return refuse_body(message, error);
    memcpy(&address, message + 1, sizeof address);
    int result = cluster_names_find_address(fard_of(node)->store, address.address, &entry, error);
    if (!result)
        node_answer(node, message, &entry, sizeof entry);
    return result;
}

/* ---- Of what is here ---- */

static bool has_segment(const struct registry *registry, const uint8_t build_id[32])
{
    for (uint32_t i = 0; i < registry->count; i++) {
        const struct service *service = registry->service[i];
        if (!service->hidden && !service->away && service_has_segment(service, build_id))
            return true;
    }
    return false;
}

static int send_piece(struct node *node, const struct far_message *message, int fd, uint64_t offset,
                      struct far_error *error)
{
    struct {
        struct link_segment_piece head;
        uint8_t bytes[LINK_SEGMENT_BYTES];
    } reply;
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    reply.head.size = (uint64_t)status.st_size;
    ssize_t got = offset < reply.head.size ? pread(fd, reply.bytes, sizeof reply.bytes, (off_t)offset) : 0;
    if (got < 0)
        return -errno;
    if (!got)
        return refuse_body(message, error);
    node_answer(node, message, &reply, sizeof reply.head + (size_t)got);
    return 0;
}

/* It holds code. Whoever is a node of the cluster may see it: it is what its clients are bound by. */
static int serve_segment(struct node *node, const struct far_message *message, struct far_error *error)
{
    struct link_segment wanted;
    struct fard *fard = fard_of(node);
    int fd;
    if (body_size(message) != sizeof wanted)
        return refuse_body(message, error);
    memcpy(&wanted, message + 1, sizeof wanted);
    if (!has_segment(&fard->registry, wanted.build_id))
        return refuse(error, ENOENT, EX_UNAVAILABLE, "no service of node '%s' has that segment", node_own_name(fard));
    int result = store_open_segment(fard->store, wanted.build_id, &fd, error);
    if (result)
        return result;
    result = send_piece(node, message, fd, wanted.offset, error);
    close(fd);
    return result;
}

static size_t write_shippings(const struct service *service, uint32_t first, char *out, size_t room)
{
    size_t used = 0;
    for (uint32_t i = first; i < service->shipping_count; i++) {
        const struct shipping *shipping = &service->shippings[i];
        const char *name = iface_string(service_iface(service), iface_op(service_iface(service), shipping->op)->name);
        size_t length = strlen(name) + 1;
        if (length + 1 > room - used)
            break;
        out[used] = shipping->data_shipped ? 'd' : 'f';
        memcpy(out + used + 1, name, length);
        used += length + 1;
    }
    return used;
}

static int serve_shippings(struct node *node, const struct far_message *message, struct far_error *error)
{
    char strings[LINK_SEGMENT_BYTES];
    struct link_shippings wanted;
    const struct registry *registry = &fard_of(node)->registry;
    if (body_size(message) != sizeof wanted)
        return refuse_body(message, error);
    memcpy(&wanted, message + 1, sizeof wanted);
    if (!link_name_is_sound(&wanted.name) || !wanted.name.major)
        return refuse_body(message, error);
    const struct service *service = registry_find_major(registry, wanted.name.name, (uint16_t)(wanted.name.major - 1));
    if (!service || service->hidden || service->away || !service_iface(service))
        return refuse(error, ENOENT, EX_UNAVAILABLE, "node '%s' has no service '%s' %u", node_own_name(fard_of(node)),
                      wanted.name.name, wanted.name.major - 1);
    node_answer(node, message, strings, write_shippings(service, wanted.first, strings, sizeof strings));
    return 0;
}

static int serve_gone(struct node *node, const struct far_message *message, struct far_error *error)
{
    struct link_name name;
    int result = take_name(message, &name, error);
    if (!result)
        away_gone(fard_of(node), node_name(node), &name);
    return result;
}

static int serve_kept(struct node *node, const struct far_message *message, struct far_error *error)
{
    int result = check_keeps_names(fard_of(node), error);
    if (result)
        return result;
    switch (message->type) {
    case LINK_LEASE:
        return serve_lease(node, message, error);
    case LINK_PUBLISH:
        return serve_publish(node, message, error);
    case LINK_WITHDRAW:
        return serve_withdraw(node, message, error);
    case LINK_FIND_ADDRESS:
        return serve_find_address(node, message, error);
    default:
        return serve_find(node, message, error);
    }
}

int node_serve_names(struct node *node, const struct far_message *message, struct far_error *error)
{
    switch (message->type) {
    case LINK_LEASE:
    case LINK_PUBLISH:
    case LINK_WITHDRAW:
    case LINK_FIND:
    case LINK_FIND_ADDRESS:
    case LINK_LIST:
        return serve_kept(node, message, error);
    case LINK_SEGMENT:
        return serve_segment(node, message, error);
    case LINK_SHIPPINGS:
        return serve_shippings(node, message, error);
    case LINK_GONE:
        return serve_gone(node, message, error);
    default:
        return refuse(error, ENOSYS, EX_PROTOCOL, "this node knows no message of type %u about names", message->type);
    }
}

static bool keeps_the_names(struct node *node)
{
    struct node *keeper = node_names_keeper(fard_of(node));
    return keeper && node_number(keeper) == node_number(node);
}

void cluster_tell_gone(struct fard *fard, const struct link_service *entry)
{
    struct link_name name = {.major = FAR_VERSION_OF(entry->major)};
    memcpy(name.name, entry->name, sizeof name.name);
    for (struct list *at = fard->nodes ? fard->nodes->all.next : NULL; at && at != &fard->nodes->all; at = at->next)
        node_tell(list_entry(at, struct node, link), LINK_GONE, &name, sizeof name);
}

void cluster_linked(struct node *node)
{
    if (keeps_the_names(node))
        cluster_keeper_back(fard_of(node));
}

void cluster_lost(struct node *node)
{
    (void)node; /* who asks now is told so by his question */
}
