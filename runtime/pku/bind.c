/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/stub.h"
#include "runtime/lib/error.h"
#include "runtime/lib/hostfuncs.h"
#include "runtime/pku/inside.h"
#include "runtime/pku/library.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#define PAGE PKU_CONTROL_SIZE
#define INT3 0xcc

static int cannot(const struct far_mapping *mapping, struct far_error *error, const char *why, const char *name)
{
    return far_fail(error, ENOTSUP, EX_UNAVAILABLE, "service %s cannot be in a protection domain of this process: %s%s",
                    mapping->service, why, name);
}

/* *error says why already. */
static int cannot_now(const struct far_mapping *mapping, struct far_error *error)
{
    char why[sizeof error->text];
    memcpy(why, error->text, sizeof why);
    return cannot(mapping, error, why, "");
}

static void *library_function(const char *name)
{
    static const struct {
        const char *name;
        void *function;
    } functions[] = {
#define PKU_FUNCTION(name) {#name, (void *)far_pku_##name},
#define PKU_LOCK(name)     PKU_FUNCTION(name)
#include "runtime/pku/library.def"
#undef PKU_FUNCTION
#undef PKU_LOCK
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].function;
    return NULL;
}

static bool is_lock(const char *name)
{
    static const char *const names[] = {
#define PKU_FUNCTION(name)
#define PKU_LOCK(name) #name,
#include "runtime/pku/library.def"
#undef PKU_FUNCTION
#undef PKU_LOCK
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* What is not neutral is called by no operation that runs here: those go by the process gate. */
static void *find_function(const char *service, const char *name, struct far_error *error)
{
    const struct far_mapping mapping = {.service = service};
    void *function = library_function(name);
    if (function)
        return function;
    if (!far_host_function(name))
        return (void *)far_pku_abort;
    cannot(&mapping, error, "its code calls ", name);
    return NULL;
}

/* Data of the process, as stderr: nothing that neutral code uses. */
static void *find_object(const char *service, const char *name, struct far_error *error)
{
    static const char zeros[FAR_COPY_MAX];
    (void)service, (void)name, (void)error;
    return (void *)(uintptr_t)zeros;
}

static int check_stream(struct far_pku *pku, const struct far_mapping *mapping, const struct far_reloc_header *stream,
                        struct far_error *error)
{
    const struct far_reloc *command = NULL;
    while ((command = segment_next_reloc(stream, command))) {
        if (command->code == FAR_RELOC_CHECK)
            return cannot(mapping, error, "it calls service ", segment_reloc_string(stream, command->name));
        if (command->code == FAR_RELOC_HOST)
            pku->locks |= is_lock(segment_reloc_string(stream, command->name));
    }
    return 0;
}

static void put_number(uint8_t *code, uint32_t number)
{
    memcpy(code, &number, sizeof number);
}

/* Slot 0 leads to our copy of the linkage header: movabs $linkage,%r10; jmp *(%r10). */
static void write_way_to_gate(uint8_t *code, const struct far_linkage *linkage)
{
    static const uint8_t jump[] = {0x41, 0xff, 0x22};
    memset(code, INT3, FAR_STUB_SIZE);
    code[0] = 0x49;
    code[1] = 0xba;
    memcpy(code + 2, &linkage, sizeof linkage);
    memcpy(code + 10, jump, sizeof jump);
}

/* endbr64; mov $slot,%r11d; jmp slot 0; int3. */
static void write_trap(uint8_t *code, uint32_t slot)
{
    static const uint8_t bare[FAR_STUB_SIZE] = {0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0xbb, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0, INT3};
    memcpy(code, bare, sizeof bare);
    put_number(code + 6, slot);
    put_number(code + 11, 0u - (slot * FAR_STUB_SIZE + FAR_STUB_SIZE - 1));
}

/* Trap stubs for the operations of one part, of which `code` has branches or traps. */
static int write_stubs(struct far_pku *pku, const struct far_extent *part, const uint8_t *code, uint8_t *written)
{
    const struct stub_reader *reader = &stub_reader_x86_64;
    write_way_to_gate(written, &pku->linkage);
    for (uint32_t slot = 1; slot < part->size / FAR_STUB_SIZE; slot++) {
        uint64_t offset = (uint64_t)slot * FAR_STUB_SIZE;
        const struct stub_meaning stub = reader->read(code + offset, part->address + offset);
        if (stub.kind != STUB_KIND_BRANCH && stub.kind != STUB_KIND_TRAP && stub.kind != STUB_KIND_EMPTY)
            return -EPROTO;
        memset(written + offset, INT3, FAR_STUB_SIZE);
        if (stub.kind != STUB_KIND_EMPTY)
            write_trap(written + offset, slot);
        if (stub.kind == STUB_KIND_BRANCH)
            pku->entry[slot] = stub.target;
    }
    return 0;
}

static uint64_t whole_pages(uint64_t size)
{
    return (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* Written before they are where they can be executed. */
static int replace_stubs(struct far_pku *pku, const struct far_mapping *mapping, enum far_part which,
                         struct far_error *error)
{
    const struct far_extent *part = &mapping->part[which];
    uint64_t size = whole_pages(part->size);
    if (part->size == 0)
        return 0;
    uint8_t *written = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (written == MAP_FAILED)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory for its stubs", mapping->service);
    int failed = write_stubs(pku, part, (const uint8_t *)part->address, written);
    if (!failed && (mprotect(written, size, PROT_READ | PROT_EXEC) != 0 ||
                    mremap(written, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)part->address) == MAP_FAILED))
        failed = -errno;
    if (!failed)
        return 0;
    munmap(written, size);
    return far_fail(error, -failed, EX_OSERR, "service %s: its stubs cannot be replaced: %s", mapping->service,
                    strerror(-failed));
}

/* What is not neutral, or only by its author's word, runs in the host; and what this gate does not carry. */
static int keep_what_goes_here(struct far_pku *pku, const struct far_binding *binding)
{
    const struct far_iface *iface = binding->iface;
    struct far_plans plans;
    if (plans_from_iface(&plans, iface) != 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        const struct far_plan *plan = op->slot < plans.slot_count ? plans.plan[op->slot] : NULL;
        if (!(op->flags & FAR_OP_NEUTRAL) || op->vouched || op->flags & FAR_OP_ABSENT || op->deadline_ms || !plan ||
            plan->refusal || (!pku_carries(plan) && !pku_walks(binding, plan)))
            pku->entry[op->slot] = 0;
    }
    plans_free(&plans);
    return 0;
}

static int make_domain(struct far_pku *pku, const struct far_binding *binding, const struct far_mapping *mapping,
                       struct far_error *error)
{
    static const struct {
        enum far_part part;
        int protection;
    } parts[] = {
        {FAR_PART_CODE, PROT_READ | PROT_EXEC},  {FAR_PART_CONST, PROT_READ},
        {FAR_PART_LINKAGE, PROT_READ},           {FAR_PART_DATA, PROT_READ | PROT_WRITE},
        {FAR_PART_HEAP, PROT_READ | PROT_WRITE},
    };
    struct pku_copies copies;
    struct pku_range range[sizeof parts / sizeof *parts + sizeof copies.range / sizeof *copies.range];
    struct pku_plan plan = {range, 0, pku->entry, PKU_SLOT_COUNT, PKU_AREA_SIZE, 0, pku->locks};
    if (pku_copies_make(&copies, pku, binding->iface, mapping) != 0)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind it", mapping->service);
    plan.inside = (uint64_t)(uintptr_t)copies.inside;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct far_extent *part = &mapping->part[parts[i].part];
        if (part->size)
            range[plan.range_count++] = (struct pku_range){part->address, whole_pages(part->size), parts[i].protection};
    }
    for (uint32_t i = 0; i < copies.range_count; i++)
        range[plan.range_count++] = copies.range[i];
    return pku_domain_make(&plan, &pku->domain, error);
}

/* What a function of the service's own chooses: it runs in the domain, as everything of the service's. */
static int choose(const struct far_pku *pku, uint64_t resolver, uint64_t *function)
{
    struct pku_outcome outcome;
    struct pku_context *context = pku_begin(pku->domain, true);
    if (!context)
        return -EBUSY;
    memset(context->area, 0, sizeof *context->area);
    context->area->integer[0] = resolver;
    enum pku_end end = pku_run(pku->domain, context, PKU_SLOT_CHOOSE, true, NULL, &outcome);
    pku_end_call(context);
    *function = outcome.result;
    return end == PKU_RETURNED ? 0 : -EFAULT;
}

/* Its linkage is the domain's already, and read-only: for a moment it is ours. */
static int write_choice(const struct far_pku *pku, const struct far_mapping *mapping, const struct far_reloc *command,
                        const char *name, uint64_t function, struct far_error *error)
{
    const struct far_extent *linkage = &mapping->part[FAR_PART_LINKAGE];
    if (syscall(SYS_pkey_mprotect, linkage->address, whole_pages(linkage->size), PROT_READ | PROT_WRITE, 0) != 0)
        return far_fail(error, errno, EX_OSERR, "service %s: its linkage cannot be written", mapping->service);
    int failed = link_choice(mapping, command, name, function, error);
    if (pku_domain_protect(pku->domain) == 0)
        return failed;
    return far_fail(error, ENOMEM, EX_OSERR, "service %s: its linkage cannot be protected", mapping->service);
}

static int link_chosen(const struct far_pku *pku, const struct far_mapping *mapping, const struct far_reloc *command,
                       const char *name, struct far_error *error)
{
    uint64_t function;
    if (choose(pku, mapping->base + command->value, &function) != 0 ||
        !far_inside(&mapping->part[FAR_PART_CODE], function, 1))
        return cannot(mapping, error, "the function that chooses one when it is bound does not choose: ", name);
    return write_choice(pku, mapping, command, name, function, error);
}

static int link_all_chosen(const struct far_pku *pku, const struct far_mapping *mapping,
                           const struct far_reloc_header *stream, struct far_error *error)
{
    int failed = 0;
    const struct far_reloc *command = NULL;
    while (!failed && (command = segment_next_reloc(stream, command)))
        if (command->code == FAR_RELOC_IFUNC)
            failed = link_chosen(pku, mapping, command, segment_reloc_string(stream, command->name), error);
    return failed;
}

static int give_to_domain(struct far_pku *pku, struct far_binding *binding, const struct far_mapping *mapping,
                          const struct far_reloc_header *stream, struct far_error *error)
{
    const struct far_linker linker = {.function = find_function, .object = find_object, .chooses_later = true};
    pku->linkage = (struct far_linkage){
        .gate = (uint64_t)(uintptr_t)far_gate_pku, .binding = (uint64_t)(uintptr_t)binding, .base = binding->base};
    int failed = link_domain(mapping, stream, &linker, error);
    failed = failed ? failed : replace_stubs(pku, mapping, FAR_PART_FSTUBS, error);
    failed = failed ? failed : replace_stubs(pku, mapping, FAR_PART_DSTUBS, error);
    if (failed)
        return failed;
    if (keep_what_goes_here(pku, binding) != 0)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind it", mapping->service);
    pku->entry[PKU_SLOT_WALKED] = (uint64_t)(uintptr_t)far_pku_serve;
    pku->entry[PKU_SLOT_CHOOSE] = (uint64_t)(uintptr_t)far_pku_choose;
    pku_code_was_mapped();
    failed = make_domain(pku, binding, mapping, error);
    return failed ? failed : link_all_chosen(pku, mapping, stream, error);
}

int pku_bind(struct far_binding *binding, const struct far_mapping *mapping, const struct far_reloc_header *stream,
             struct far_error *error)
{
    int failed = pku_start(error);
    if (failed)
        return cannot_now(mapping, error);
    struct far_pku *pku =
        mmap(NULL, whole_pages(sizeof *pku), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pku == MAP_FAILED)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind it", mapping->service);
    failed = check_stream(pku, mapping, stream, error);
    failed = failed ? failed : give_to_domain(pku, binding, mapping, stream, error);
    if (failed)
        munmap(pku, whole_pages(sizeof *pku));
    else
        binding->pku = pku;
    return failed == -EBUSY ? cannot_now(mapping, error) : failed;
}

int pku_mapped_again(struct far_pku *pku)
{
    return pku_domain_protect(pku->domain);
}
