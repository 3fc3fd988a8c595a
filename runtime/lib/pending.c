/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/pending.h"

#include "runtime/import.h"
#include "runtime/lib/error.h"
#include "runtime/lib/fault.h"
#include "runtime/lib/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

/* Words lie as far apart as slots, so that every slot can hold the same bytes. */
struct pending_word {
    uint64_t target;
    uint64_t unused;
};

_Static_assert(sizeof(struct pending_word) == FAR_STUB_SIZE, "a word belongs to the slot one span below");
_Static_assert(FAR_PENDING_SPAN == 0x10000, "link_on_fault_MACHINE.S has it in its jump");

static uint64_t slot_address(const struct far_pending *pending, uint64_t slot)
{
    return pending->base + slot * FAR_STUB_SIZE;
}

static uint64_t twin_address(const struct far_pending *pending, uint64_t slot)
{
    return slot_address(pending, slot) + 2 * FAR_PENDING_SPAN;
}

static const struct pending_word *word_at(const struct far_pending *pending, uint64_t slot)
{
    return (const struct pending_word *)(slot_address(pending, slot) + FAR_PENDING_SPAN);
}

const struct far_pending *pending_at(uint64_t address)
{
    uint32_t count = __atomic_load_n(&far_process.pendings.count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        if (address - far_process.pendings.item[i]->base < FAR_PENDING_SIZE)
            return far_process.pendings.item[i];
    return NULL;
}

/* The words between slots and twins are data: nobody may call there. */
bool pending_is_slot(uint64_t address)
{
    const struct far_pending *pending = pending_at(address);
    return pending && address % FAR_STUB_SIZE == 0 &&
           (address - pending->base < FAR_PENDING_SPAN || address - pending->base >= 2 * FAR_PENDING_SPAN);
}

uint64_t pending_slot(const struct far_pending *pending, uint64_t address)
{
    return (address - pending->base) % FAR_PENDING_SPAN / FAR_STUB_SIZE;
}

/* Where a linked slot leads; 0 if it is not linked, or was found not to be what the process expects. */
static uint64_t linked_target(const struct far_pending *pending, uint64_t slot)
{
    if (slot >= __atomic_load_n(&pending->linked, __ATOMIC_ACQUIRE))
        return 0;
    uint64_t target = word_at(pending, slot)->target;
    return target == twin_address(pending, slot) ? 0 : target;
}

uint64_t pending_target(uint64_t address)
{
    const struct far_pending *pending = pending_is_slot(address) ? pending_at(address) : NULL;
    uint64_t target = pending ? linked_target(pending, pending_slot(pending, address)) : 0;
    return target ? target : address;
}

static struct far_pending *find_base(uint64_t base)
{
    for (uint32_t i = 0; i < far_process.pendings.count; i++)
        if (far_process.pendings.item[i]->base == base)
            return far_process.pendings.item[i];
    return NULL;
}

/* ---- The range, before anybody has registered the service ---- */

static int reserve(uint64_t base, const char *service, struct far_error *error)
{
    void *want = (void *)base;
    if (base < FAR_WINDOW_BEGIN || base > FAR_WINDOW_END - FAR_GRANULE || base % FAR_GRANULE)
        return far_fail(error, EPROTO, EX_PROTOCOL, "service %s: fard sent pending addresses that are no range's",
                        service);
    void *got = mmap(want, FAR_PENDING_SIZE, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == want)
        return 0;
    int code = got == MAP_FAILED ? errno : EEXIST;
    if (got != MAP_FAILED)
        munmap(got, FAR_PENDING_SIZE);
    return far_fail(error, code, EX_OSERR, "service %s: cannot reserve its pending addresses at %#llx: %s", service,
                    (unsigned long long)base,
                    code == EEXIST ? "something else is mapped there already" : strerror(code));
}

/* The range of a base that was not known yet. */
static struct far_pending *range_new(uint64_t base, const char *service, uint16_t major, struct far_error *error)
{
    struct far_pendings *all = &far_process.pendings;
    struct far_pending *pending = all->count < FAR_PENDING_MAX ? calloc(1, sizeof *pending) : NULL;
    if (!pending) {
        far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory, or more than %d services that are not registered",
                 service, FAR_PENDING_MAX);
        return NULL;
    }
    if (reserve(base, service, error) != 0) {
        free(pending);
        return NULL;
    }
    pending->base = base;
    pending->major = major;
    memcpy(pending->service, service, strnlen(service, sizeof pending->service - 1));
    all->item[all->count] = pending;
    __atomic_store_n(&all->count, all->count + 1, __ATOMIC_RELEASE);
    return pending;
}

static bool is_slot_of(const struct far_pending *pending, uint64_t address)
{
    return address - pending->base < FAR_PENDING_SPAN && address > pending->base && address % FAR_STUB_SIZE == 0;
}

static bool table_known(const struct far_pending *pending, const struct far_import_table *table, const uint64_t *stub)
{
    for (const struct far_pending_table *at = pending->tables; at; at = at->next)
        if (at->table->size == table->size && memcmp(at->table, table, table->size) == 0 &&
            memcmp(at->stub, stub, table->op_count * sizeof *stub) == 0)
            return true;
    return false;
}

static int remember_table(struct far_pending *pending, const struct far_import_table *table, const uint64_t *stub)
{
    struct far_pending_table *entry = malloc(sizeof *entry + table->op_count * sizeof *stub);
    void *copy = malloc(table->size);
    if (!entry || !copy) {
        free(entry);
        free(copy);
        return -ENOMEM;
    }
    entry->table = memcpy(copy, table, table->size);
    memcpy(entry->stub, stub, table->op_count * sizeof *stub);
    entry->next = pending->tables;
    pending->tables = entry;
    return 0;
}

int pending_add(const struct far_import_table *table, uint64_t base, const uint64_t *stub, struct far_error *error)
{
    int failed = fault_install();
    struct far_pending *pending = failed ? NULL : find_base(base);
    if (failed)
        return far_fail(error, -failed, EX_OSERR, "service %s: no handler for its pending addresses: %s",
                        table->service, strerror(-failed));
    if (!pending && !(pending = range_new(base, table->service, table->major, error)))
        return -error->code;
    for (uint32_t i = 0; i < table->op_count; i++)
        if (!is_slot_of(pending, stub[i]))
            return far_fail(error, EPROTO, EX_PROTOCOL, "service %s: fard's pending addresses lie outside their range",
                            table->service);
    if (!table_known(pending, table, stub) && remember_table(pending, table, stub) != 0)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory for its pending addresses", table->service);
    return 0;
}

/* ---- Linking ---- */

const struct far_pending_table *pending_table(const struct far_pending *pending, uint64_t slot, uint32_t *index)
{
    for (const struct far_pending_table *at = pending->tables; at; at = at->next)
        for (*index = 0; *index < at->table->op_count; ++*index)
            if (at->stub[*index] == slot_address(pending, slot))
                return at;
    return NULL;
}

static uint64_t stub_of(const struct far_binding *binding, const struct far_op *op)
{
    enum far_part part = op->flags & FAR_OP_DATA_SHIPPED ? FAR_PART_DSTUBS : FAR_PART_FSTUBS;
    return binding->part[part].address + (uint64_t)op->slot * FAR_STUB_SIZE;
}

/* A stub of this service? fard's word alone must not make the process jump elsewhere. */
static bool is_stub(const struct far_binding *binding, uint64_t address)
{
    const struct far_extent *part = binding->part;
    if (address == part[FAR_PART_FSTUBS].address || address == part[FAR_PART_DSTUBS].address)
        return false; /* slot 0: the way to the gate, for stubs alone */
    return address % FAR_STUB_SIZE == 0 && (far_inside(&part[FAR_PART_FSTUBS], address, FAR_STUB_SIZE) ||
                                            far_inside(&part[FAR_PART_DSTUBS], address, FAR_STUB_SIZE));
}

static bool fits(const struct far_binding *binding, const struct far_import_table *table, uint32_t index,
                 const struct far_op *op)
{
    return op && op->fingerprint == import_op(table, index)->fingerprint && table->major == binding->iface->major &&
           table->minor <= binding->iface->minor;
}

/* What this process was linked against decides, where it says anything; a slot that does not fit keeps faulting. */
static void fill_from_tables(const struct far_pending *pending, const struct far_binding *binding,
                             struct pending_word *word)
{
    for (const struct far_pending_table *at = pending->tables; at; at = at->next)
        for (uint32_t i = 0; i < at->table->op_count; i++) {
            uint64_t slot = pending_slot(pending, at->stub[i]);
            const struct far_op *op = iface_op_by_name(binding->iface, import_op_name(at->table, i));
            word[slot].target = fits(binding, at->table, i, op) ? stub_of(binding, op) : twin_address(pending, slot);
        }
}

static uint64_t slots_needed(const struct far_pending *pending, uint32_t count)
{
    uint64_t slots = count > pending->linked ? count : pending->linked;
    for (const struct far_pending_table *at = pending->tables; at; at = at->next)
        for (uint32_t i = 0; i < at->table->op_count; i++)
            if (pending_slot(pending, at->stub[i]) >= slots)
                slots = pending_slot(pending, at->stub[i]) + 1;
    return slots;
}

/* A slot of nobody here: fard's word, or what an earlier one said (fard may have given the name up since). */
static uint64_t slot_target(const struct far_pending *pending, const struct far_binding *binding, const uint64_t *given,
                            uint32_t count, uint64_t slot)
{
    uint64_t before = linked_target(pending, slot);
    if (slot < count && is_stub(binding, given[slot]))
        return given[slot];
    return is_stub(binding, before) ? before : twin_address(pending, slot);
}

static void fill_words(const struct far_pending *pending, const struct far_binding *binding, const uint64_t *given,
                       uint32_t count, struct pending_word *word, uint64_t slots)
{
    for (uint64_t slot = 0; slot < slots; slot++)
        word[slot].target = slot_target(pending, binding, given, count, slot);
    fill_from_tables(pending, binding, word);
}

static int write_pages(int fd, const struct far_pending *pending, const struct far_binding *binding,
                       const uint64_t *given, uint32_t count, uint64_t slots)
{
    size_t size = slots * FAR_STUB_SIZE;
    uint8_t *bytes = calloc(2, size);
    if (!bytes)
        return -ENOMEM;
    for (uint64_t slot = 0; slot < slots; slot++)
        memcpy(bytes + slot * FAR_STUB_SIZE, far_pending_jump, FAR_STUB_SIZE);
    fill_words(pending, binding, given, count, (struct pending_word *)(bytes + size), slots);
    ssize_t written = write(fd, bytes, 2 * size);
    free(bytes);
    return written == (ssize_t)(2 * size) ? 0 : written < 0 ? -errno : -ENOSPC;
}

/*
 * Over what faults, in the order that matters: first the words, then the jumps that read them. Each mmap replaces all of
 * its pages in one step under the kernel's lock, so that another thread that calls meanwhile either faults as before, and
 * waits in far_link_pending for the process's lock, or finds jumps whose words are there. Nothing is ever writable and
 * executable: the file is written before, and has no other mapping. testsuite/model/pending.pml is this as a model.
 */
static int map_pages(int fd, const struct far_pending *pending, size_t size)
{
    void *words = (void *)(pending->base + FAR_PENDING_SPAN), *jumps = (void *)pending->base;
    if (mmap(words, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, (off_t)size) == MAP_FAILED)
        return -errno;
    return mmap(jumps, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED ? -errno : 0;
}

static int link_range(struct far_pending *pending, const struct far_binding *binding, const uint64_t *given,
                      uint32_t count, struct far_error *error)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t size = (slots_needed(pending, count) * FAR_STUB_SIZE + page - 1) & ~(page - 1);
    uint64_t slots = size / FAR_STUB_SIZE;
    if (!slots)
        return 0;
    int fd = memfd_create("far:pending", MFD_CLOEXEC);
    int failed = fd < 0 ? -errno : write_pages(fd, pending, binding, given, count, slots);
    if (!failed)
        failed = map_pages(fd, pending, size);
    if (fd >= 0)
        close(fd);
    if (failed)
        return far_fail(error, -failed, EX_OSERR, "service %s: cannot link its pending addresses at %#llx: %s",
                        pending->service, (unsigned long long)pending->base, strerror(-failed));
    __atomic_store_n(&pending->linked, slots, __ATOMIC_RELEASE);
    return 0;
}

static bool is_of(const struct far_pending *pending, const struct far_binding *binding)
{
    return pending->major == binding->iface->major && strcmp(pending->service, binding->service) == 0;
}

/* Addresses of a range that fard has given up since are linked by what this process knows itself. */
static int link_others(const struct far_binding *binding, uint64_t base, struct far_error *error)
{
    int failed = 0;
    for (uint32_t i = 0; i < far_process.pendings.count && !failed; i++) {
        struct far_pending *pending = far_process.pendings.item[i];
        if (pending->base != base && is_of(pending, binding))
            failed = link_range(pending, binding, NULL, 0, error);
    }
    return failed;
}

/* Is there a slot that somebody may have been given and that leads nowhere? */
static bool has_gaps(const struct far_pending *pending, const struct far_binding *binding, const uint64_t *word,
                     uint32_t count)
{
    for (uint32_t slot = 1; slot < count; slot++)
        if (!is_stub(binding, word[slot]))
            return true;
    return pending->tables != NULL;
}

int pending_link(const struct far_binding *binding, uint64_t base, const uint64_t *word, uint32_t count,
                 struct far_error *error)
{
    int failed = link_others(binding, base, error);
    if (failed || !base)
        return failed;
    struct far_pending *pending = find_base(base);
    if (count > FAR_PENDING_SLOTS || (pending && !is_of(pending, binding)))
        return far_fail(error, EPROTO, EX_PROTOCOL, "service %s: fard's pending addresses are another service's",
                        binding->service);
    if (!pending && !(pending = range_new(base, binding->service, binding->iface->major, error)))
        return -error->code;
    failed = link_range(pending, binding, word, count, error);
    /* A program that needs no handler gets none. */
    if (!failed && has_gaps(pending, binding, word, count) && (failed = fault_install()) != 0)
        far_fail(error, -failed, EX_OSERR, "service %s: no handler for its pending addresses: %s", binding->service,
                 strerror(-failed));
    return failed;
}
