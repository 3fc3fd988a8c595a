/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Binding (design section 5), the client's half:
 *
 *     ask fard → check the answer → interface record → map parts → linkage: header, HOST, COPY → read-only
 *              → the services that this one is bound to, if its code runs here
 *              → addresses of this service that were given out before it was registered
 */
#include "runtime/pku/bind.h"
#include "runtime/format/stub.h"
#include "runtime/import.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/channel.h"
#include "runtime/lib/depend.h"
#include "runtime/lib/error.h"
#include "runtime/lib/gate.h"
#include "runtime/lib/map.h"
#include "runtime/lib/pending.h"
#include "runtime/lib/resolve.h"
#include "runtime/machine.h"
#include "runtime/probes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* An answer that has been checked. */
struct bound {
    struct far_bind_reply reply;
    const uint64_t *stub;    /* op_count of them */
    const uint64_t *pending; /* pending_count of them */
    struct far_fds fds;
    bool in_domain; /* its code is to be in a protection domain of this process */
};

static const uint32_t fds_of_level[FAR_LEVEL_COUNT] = {
    [FAR_LEVEL_NONE] = 1u << FAR_FD_STUBS | 1u << FAR_FD_IFACE,
    [FAR_LEVEL_READ] = 1u << FAR_FD_STUBS | 1u << FAR_FD_IFACE | 1u << FAR_FD_DATA,
    [FAR_LEVEL_TRUSTED] =
        1u << FAR_FD_STUBS | 1u << FAR_FD_IFACE | 1u << FAR_FD_DATA | 1u << FAR_FD_IMAGE | 1u << FAR_FD_RELOC,
};

static int bad_answer(const struct far_import_table *table, const char *what, struct far_error *error)
{
    return far_fail(error, EPROTO, EX_PROTOCOL, "service %s: fard's answer does not fit: %s", table->service, what);
}

static int check_answer(const struct far_import_table *table, uint32_t want, const struct bound *bound, size_t size,
                        struct far_error *error)
{
    const struct far_bind_reply *reply = &bound->reply;
    const struct far_mapping mapping = {table->service, reply->base, reply->part, &bound->fds, NULL};
    if (size != sizeof *reply + ((uint64_t)reply->op_count + reply->pending_count) * sizeof(uint64_t) ||
        reply->op_count != table->op_count)
        return bad_answer(table, "other operations", error);
    if (strncmp(reply->service, table->service, sizeof reply->service) != 0)
        return bad_answer(table, "another service", error);
    if (reply->flags & FAR_BIND_PENDING) /* pending_add looks at the addresses */
        return reply->fds ? bad_answer(table, "descriptors of a service that is not registered", error) : 0;
    if (reply->level == FAR_LEVEL_UNSET || reply->level >= FAR_LEVEL_COUNT || (want && reply->level > want))
        return bad_answer(table, "a level that was not asked for", error);
    if ((reply->fds & fds_of_level[reply->level]) != fds_of_level[reply->level])
        return bad_answer(table, "descriptors are missing", error);
    return map_check_parts(&mapping, error);
}

/* An answer's body in `buffer`, and its descriptors, which are *bound's from now on unless this fails. */
static int take_answer(const struct far_import_table *table, uint32_t want, const struct far_answer *answer,
                       struct bound *bound, struct far_error *error)
{
    const char *body = answer->body;
    memset(&bound->fds, -1, sizeof bound->fds);
    memcpy(&bound->reply, body, sizeof bound->reply);
    bound->reply.service[FAR_SERVICE_MAX - 1] = '\0';
    bound->stub = (const uint64_t *)(body + sizeof bound->reply);
    bound->pending = bound->stub + bound->reply.op_count;
    int failed = fds_take(&bound->fds, bound->reply.fds, answer->fd, answer->fd_count, error);
    if (!failed)
        failed = check_answer(table, want, bound, answer->size, error);
    if (failed)
        fds_close(&bound->fds);
    return failed;
}

/* Ask fard. On success the descriptors are the caller's, and the answer lies in buffer. */
static int ask(const struct far_import_table *table, bool in_domain, struct bound *bound, void *buffer,
               struct far_error *error)
{
    struct far_bind_request request = {.want = in_domain ? FAR_LEVEL_UNSET
                                                         : far_settings_wish(process_settings(), table->service),
                                       .machine = FAR_ABI_MACHINE};
    const struct iovec body[] = {{&request, sizeof request}, {(void *)(uintptr_t)table, table->size}};
    struct far_answer answer = {.body = buffer, .room = FAR_MESSAGE_MAX};
    bound->in_domain = in_domain;
    memset(&bound->fds, -1, sizeof bound->fds);
    int failed = -1;
    for (int tries = 0; failed && tries < PROCESS_TRIES; tries++) {
        bool connected = far_process.connection.fd >= 0;
        failed = process_connect(error);
        if (!failed)
            failed = connection_request(&far_process.connection, FAR_MSG_BIND, body, 2, &answer, error);
        if (failed && !process_was_cut_off(connected, error))
            break;
    }
    if (failed)
        return failed;
    if (answer.size < sizeof bound->reply) {
        answer_close_fds(&answer);
        return bad_answer(table, "too short", error);
    }
    return take_answer(table, request.want, &answer, bound, error);
}

/*
 * fard has checked the record, and nobody can have changed it since: it is sealed. Who lets code run that fard maps, as
 * trusted clients do, gains nothing by checking it again, and a check costs more than all the rest of binding.
 */
static bool is_believed(const struct bound *bound, const struct far_iface *record, size_t size)
{
    return bound->reply.level == FAR_LEVEL_TRUSTED && size >= sizeof *record && record->size == size &&
           memcmp(record->magic, FAR_IFACE_MAGIC, sizeof record->magic) == 0 && record->version == FAR_IFACE_VERSION;
}

static const struct far_iface *read_iface(const struct bound *bound, struct far_error *error)
{
    size_t size;
    char why[256];
    const void *record = map_file(bound->fds.fd[FAR_FD_IFACE], &size, bound->reply.service, "interface record", error);
    if (!record)
        return NULL;
    if (is_believed(bound, record, size) || iface_check(record, size, why, sizeof why) == 0)
        return record;
    far_fail(error, EPROTO, EX_PROTOCOL, "service %s: its interface record is not valid: %s", bound->reply.service,
             why);
    munmap((void *)(uintptr_t)record, size);
    return NULL;
}

/* A stub is where a stub can be. */
static bool is_stub(const struct bound *bound, uint64_t address)
{
    const struct far_extent *part = bound->reply.part;
    return address % FAR_STUB_SIZE == 0 && (far_inside(&part[FAR_PART_FSTUBS], address, FAR_STUB_SIZE) ||
                                            far_inside(&part[FAR_PART_DSTUBS], address, FAR_STUB_SIZE));
}

static int check_stubs(const struct far_import_table *table, const struct bound *bound, struct far_error *error)
{
    for (uint32_t i = 0; i < table->op_count; i++)
        if (!is_stub(bound, bound->stub[i]))
            return bad_answer(table, "a stub's address is not in the stubs", error);
    return 0;
}

/*
 * fard has compared fingerprints; where its code does not run, what it answered is compared again with what is mapped.
 */
static int check_operations(const struct far_import_table *table, const struct bound *bound,
                            const struct far_iface *iface, struct far_error *error)
{
    if (iface->machine != FAR_ABI_MACHINE)
        return far_fail(error, ENOEXEC, EX_PROTOCOL,
                        "service %s: fard sent its code for %s, but this program runs on %s", table->service,
                        far_machine_name(iface->machine), far_machine_name(FAR_ABI_MACHINE));
    if (iface->fingerprint != bound->reply.fingerprint)
        return bad_answer(table, "another interface record", error);
    if (bound->reply.level == FAR_LEVEL_TRUSTED)
        return check_stubs(table, bound, error);
    for (uint32_t i = 0; i < table->op_count; i++) {
        const char *name = import_op_name(table, i);
        const struct far_op *op = iface_op_by_name_at(iface, name, i);
        if (!op)
            return far_fail(error, EPROTOTYPE, EX_PROTOCOL, "service %s has no operation %s: link the program again",
                            table->service, name);
        if (import_op(table, i)->fingerprint != op->fingerprint)
            return far_fail(error, EPROTOTYPE, EX_PROTOCOL,
                            "service %s: operation %s is not the one this program was linked against; it is now: %s",
                            table->service, name, iface_string(iface, op->signature));
        uint64_t offset = (uint64_t)op->slot * FAR_STUB_SIZE;
        if (bound->stub[i] != bound->reply.part[FAR_PART_FSTUBS].address + offset &&
            bound->stub[i] != bound->reply.part[FAR_PART_DSTUBS].address + offset)
            return bad_answer(table, "a stub's address is not that of its slot", error);
    }
    return 0;
}

/* Where the server's code may not run, nothing but ways to the gate may be in the stub pages. */
static int check_traps(const struct far_binding *binding, enum far_part which, struct far_error *error)
{
    const struct far_extent *part = &binding->part[which];
    const struct stub_reader *reader = stub_reader_for(binding->iface->machine);
    for (uint64_t at = 0; reader && at + FAR_STUB_SIZE <= part->size; at += FAR_STUB_SIZE) {
        const uint8_t *code = (const uint8_t *)(part->address + at);
        struct stub_meaning stub = reader->read(code, part->address + at);
        bool way = at == 0 && stub.kind == STUB_KIND_GATE && stub.target == binding->part[FAR_PART_LINKAGE].address;
        bool trap =
            at && stub.kind == STUB_KIND_TRAP && stub.target == part->address && stub.slot == at / FAR_STUB_SIZE;
        if (!way && !trap && stub.kind != STUB_KIND_EMPTY)
            return far_fail(error, EPROTO, EX_PROTOCOL,
                            "service %s: what fard sent as stub %llu of its %s is not a trap", binding->service,
                            (unsigned long long)(at / FAR_STUB_SIZE), far_part_name(which));
    }
    return reader ? 0
                  : far_fail(error, ENOEXEC, EX_DATAERR, "service %s is built for another machine", binding->service);
}

static void fill_linkage_header(struct far_binding *binding)
{
    struct far_linkage *linkage = (struct far_linkage *)binding->part[FAR_PART_LINKAGE].address;
    linkage->gate = (uint64_t)far_gate_process;
    linkage->binding = (uint64_t)binding;
    linkage->base = binding->base;
}

static int map_binding(struct far_binding *binding, const struct far_mapping *mapping, bool in_domain,
                       const struct far_reloc_header **stream, struct far_error *error)
{
    bool trusted = binding->level == FAR_LEVEL_TRUSTED;
    if (trusted && !(*stream = depend_read_stream(mapping, error)))
        return -error->code;
    struct far_linker linker = far_client_linker;
    linker.vouching = binding->iface;
    int failed = map_parts(mapping, binding->level, error);
    if (failed)
        return failed;
    pku_code_was_mapped();
    if (!in_domain)
        fill_linkage_header(binding);
    if (in_domain)
        failed = pku_bind(binding, mapping, *stream, error);
    else if (trusted)
        failed = link_domain(mapping, *stream, &linker, error);
    else if ((failed = check_traps(binding, FAR_PART_FSTUBS, error)) == 0)
        failed = check_traps(binding, FAR_PART_DSTUBS, error);
    return failed || in_domain ? failed : map_seal_linkage(mapping, error);
}

static void remember_data(struct far_binding *binding, const struct far_fds *fds)
{
    struct stat status;
    if (fds->fd[FAR_FD_DATA] < 0 || fstat(fds->fd[FAR_FD_DATA], &status) != 0)
        return;
    binding->data_device = status.st_dev;
    binding->data_inode = status.st_ino;
}

static void know(struct far_binding *binding, const struct bound *bound)
{
    binding->service_id = bound->reply.service_id;
    binding->known_on = far_process.connection_number;
}

static struct far_binding *binding_new(const struct far_import_table *table, const struct bound *bound)
{
    struct far_binding *binding = calloc(1, sizeof *binding);
    void *copy = malloc(table->size);
    if (!binding || !copy) {
        free(binding);
        free(copy);
        return NULL;
    }
    binding->table = memcpy(copy, table, table->size);
    binding->base = bound->reply.base;
    binding->level = bound->reply.level;
    memcpy(binding->part, bound->reply.part, sizeof binding->part);
    memcpy(binding->service, bound->reply.service, sizeof binding->service);
    remember_data(binding, &bound->fds);
    know(binding, bound);
    if (bound->reply.flags & FAR_BIND_AWAY)
        binding_goes_away(binding);
    return binding;
}

static void binding_free(struct far_binding *binding)
{
    free((void *)(uintptr_t)binding->table);
    free(binding);
}

static void announce(struct far_binding *binding)
{
    enum far_level level = binding->pku ? FAR_LEVEL_NONE : (enum far_level)binding->level; /* what is to be read here */
    const struct far_mapped mapped = {binding->service, binding->base, binding->part, level, binding->iface};
    unwind_find(&binding->unwind, binding->part, level == FAR_LEVEL_TRUSTED);
    debug_add(&binding->debug, &mapped);
}

/* Again, if it failed the last time: a program may call again after a first call that could not be linked. */
static int bind_needs(struct far_binding *binding, struct far_error *error)
{
    int failed = binding->unbound ? depend_bind(binding->unbound, binding->service, error) : 0;
    if (!failed)
        binding->unbound = NULL;
    return failed;
}

/* Nothing is left behind on failure: a program may try again. */
static int bind_new(const struct far_import_table *table, const struct bound *bound, const struct far_iface *iface,
                    struct far_binding **result, struct far_error *error)
{
    const struct far_reloc_header *stream = NULL;
    struct far_binding *binding = *result = binding_new(table, bound);
    if (!binding)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind it", table->service);
    binding->iface = iface;
    binding_plan_later(binding);
    uint32_t mapped = 0;
    const struct far_mapping mapping = {binding->service, binding->base, binding->part, &bound->fds, &mapped};
    int failed = map_binding(binding, &mapping, bound->in_domain, &stream, error);
    if (!failed)
        failed = process_add_binding(binding, error);
    if (failed) {
        map_undo(&mapping);
        binding_free(binding);
        return failed;
    }
    announce(binding);
    binding->unbound = stream;
    return bind_needs(binding, error);
}

/* Nobody has registered the service: its operations get addresses that are linked when they are called. */
static int bind_pending(const struct far_import_table *table, const struct bound *bound, struct far_binding **result,
                        struct far_error *error)
{
    *result = NULL;
    if (process_settings()->bind_now)
        return far_fail(error, ENOENT, EX_UNAVAILABLE,
                        "no service '%s' is registered, and " FAR_ENV_BIND_NOW " is set; register it with `far "
                        "register`",
                        table->service);
    return pending_add(table, bound->reply.base, bound->stub, error);
}

static int bind_registered(const struct far_import_table *table, const struct bound *bound, struct far_binding **result,
                           struct far_error *error)
{
    struct far_binding *shared = process_find_base(bound->reply.base);
    const struct far_iface *iface = shared ? shared->iface : read_iface(bound, error);
    int failed = iface ? check_operations(table, bound, iface, error) : -error->code;
    if (!failed && shared && revoked_progress(&shared->revoked) != FAR_REVOKED_NOT)
        failed = far_fail(error, EACCES, EX_NOPERM, "service %s: %s", table->service, FAR_REASON_REVOKED);
    else if (!failed && shared) {
        know(*result = shared, bound);
        failed = bind_needs(shared, error);
    } else if (!failed)
        failed = bind_new(table, bound, iface, result, error);
    const struct far_bind_reply *reply = &bound->reply;
    return failed ? failed : pending_link(*result, reply->pending_base, bound->pending, reply->pending_count, error);
}

static int bind_by(const struct far_import_table *table, struct bound *bound, uint64_t *stub,
                   struct far_binding **result, struct far_error *error)
{
    int failed = bound->reply.flags & FAR_BIND_PENDING ? bind_pending(table, bound, result, error)
                 : bound->in_domain && bound->reply.level != FAR_LEVEL_TRUSTED
                     ? far_fail(error, ENOTSUP, EX_UNAVAILABLE,
                                "service %s cannot be in a protection domain of this process: this client is not "
                                "granted level trusted",
                                table->service)
                     : bind_registered(table, bound, result, error);
    if (!failed && stub)
        memcpy(stub, bound->stub, table->op_count * sizeof *stub);
    fds_close(&bound->fds);
    return failed;
}

static int make(const struct far_import_table *table, bool in_domain, uint64_t *stub, struct far_binding **result,
                struct far_error *error)
{
    struct bound bound;
    void *buffer = malloc(FAR_MESSAGE_MAX);
    FAR_PROBE(bind__begin, table->service);
    int failed = buffer ? ask(table, in_domain, &bound, buffer, error)
                        : far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind it", table->service);
    if (!failed)
        failed = bind_by(table, &bound, stub, result, error);
    FAR_PROBE(bind__end, table->service, failed ? 0 : bound.reply.level, failed);
    free(buffer);
    return failed;
}

/* Where the gate is a matter of choice, the process gate is what is left. */
static bool has_another_gate(enum far_gate_choice gate, int failed)
{
    return failed == -ENOTSUP && gate == FAR_GATE_AUTO;
}

int binding_make(const struct far_import_table *table, uint64_t *stub, struct far_binding **result,
                 struct far_error *error)
{
    enum far_gate_choice gate = far_settings_gate(process_settings(), table->service);
    int failed = make(table, gate != FAR_GATE_PROCESS, stub, result, error);
    return has_another_gate(gate, failed) ? make(table, false, stub, result, error) : failed;
}

/* far_resolve has seen to the answer's least size. */
int binding_from_resolved(const struct far_import_table *table, const struct far_resolved *resolved, uint64_t *stub,
                          struct far_binding **result, struct far_error *error)
{
    struct bound bound;
    struct far_answer answer = {.body = (void *)(uintptr_t)(&resolved->message + 1), .size = resolved->size};
    memcpy(answer.fd, resolved->fd, sizeof answer.fd);
    answer.fd_count = resolved->fd_count;
    uint32_t want = far_settings_want(&resolved->settings, table->service);
    int failed = process_settings_check(error);
    if (failed) {
        answer_close_fds(&answer);
        return failed;
    }
    enum far_gate_choice gate = far_settings_gate(&resolved->settings, table->service);
    bound.in_domain = gate != FAR_GATE_PROCESS;
    failed = take_answer(table, want, &answer, &bound, error);
    failed = failed ? failed : bind_by(table, &bound, stub, result, error);
    return has_another_gate(gate, failed) ? make(table, false, stub, result, error) : failed;
}

/* The connection is a new one: a child's own, or fard was started anew, and then with new memory for data. */
static int renew_data(struct far_binding *binding, const struct bound *bound, struct far_error *error)
{
    struct stat status;
    const struct far_mapping mapping = {binding->service, binding->base, binding->part, &bound->fds, NULL};
    if (binding->level == FAR_LEVEL_NONE || fstat(bound->fds.fd[FAR_FD_DATA], &status) != 0 ||
        (status.st_dev == binding->data_device && status.st_ino == binding->data_inode))
        return 0;
    int failed = map_data_again(&mapping, binding->level, error);
    if (!failed && binding->pku && pku_mapped_again(binding->pku) != 0)
        failed = far_fail(error, ENOMEM, EX_OSERR, "service %s: its new memory cannot be protected", binding->service);
    if (!failed)
        remember_data(binding, &bound->fds);
    return failed;
}

int binding_renew(struct far_binding *binding, struct far_error *error)
{
    struct bound bound;
    void *buffer = mmap(NULL, FAR_MESSAGE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind it again", binding->service);
    int failed = ask(binding->table, binding->pku != NULL, &bound, buffer, error);
    if (!failed && bound.reply.flags & FAR_BIND_PENDING)
        failed = far_fail(error, ENOENT, EX_UNAVAILABLE, "service %s is no longer registered", binding->service);
    else if (!failed && bound.reply.base != binding->base)
        failed = far_fail(error, ESTALE, EX_TEMPFAIL,
                          "service %s was registered anew since this process was bound to it", binding->service);
    else if (!failed && bound.reply.level != binding->level)
        failed = far_fail(error, EACCES, EX_NOPERM,
                          "service %s: the rights of this process have changed since it was bound", binding->service);
    else if (!failed)
        failed = renew_data(binding, &bound, error);
    if (!failed)
        know(binding, &bound);
    fds_close(&bound.fds);
    munmap(buffer, FAR_MESSAGE_MAX);
    return failed;
}
