/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/stub.h"
#include "runtime/lib/error.h"
#include "runtime/lib/hostfuncs.h"
#include "runtime/pku/inside.h"
#include "runtime/pku/library.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

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
#include "runtime/pku/library.def"
#undef PKU_FUNCTION
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].function;
    return NULL;
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

static int check_stream(const struct far_mapping *mapping, const struct far_reloc_header *stream,
                        struct far_error *error)
{
    const struct far_reloc *command = NULL;
    while ((command = segment_next_reloc(stream, command))) {
        if (command->code == FAR_RELOC_CHECK)
            return cannot(mapping, error, "it calls service ", segment_reloc_string(stream, command->name));
        if (command->code == FAR_RELOC_IFUNC)
            return cannot(mapping, error, "its code chooses functions when it is bound", "");
    }
    return 0;
}

/* An operation that this gate does not carry would come back from its host with addresses that nobody here may read. */
static int check_operations(const struct far_binding *binding, const struct far_mapping *mapping,
                            struct far_error *error)
{
    struct far_plans plans;
    const char *name = NULL;
    if (plans_from_iface(&plans, binding->iface) != 0)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind it", mapping->service);
    for (uint32_t slot = 0; slot < plans.slot_count && !name; slot++)
        if (plans.plan[slot] && !plans.plan[slot]->refusal && !pku_carries(plans.plan[slot]))
            name = iface_string(binding->iface, plans.plan[slot]->op->name);
    plans_free(&plans);
    return name ? cannot(mapping, error, "this gate does not carry the parameters or the result of ", name) : 0;
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

/* What is not neutral, or only by its author's word, runs in the host. */
static void keep_neutral(struct far_pku *pku, const struct far_iface *iface)
{
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        if (!(op->flags & FAR_OP_NEUTRAL) || op->vouched || op->flags & FAR_OP_ABSENT || op->deadline_ms)
            pku->entry[op->slot] = 0;
    }
}

static int make_domain(struct far_pku *pku, const struct far_mapping *mapping, struct far_error *error)
{
    static const struct {
        enum far_part part;
        int protection;
    } parts[] = {
        {FAR_PART_CODE, PROT_READ | PROT_EXEC},  {FAR_PART_CONST, PROT_READ},
        {FAR_PART_LINKAGE, PROT_READ},           {FAR_PART_DATA, PROT_READ | PROT_WRITE},
        {FAR_PART_HEAP, PROT_READ | PROT_WRITE},
    };
    struct pku_range range[sizeof parts / sizeof *parts];
    struct pku_plan plan = {range, 0, pku->entry, FAR_SLOT_MAX + 1, PKU_AREA_SIZE};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct far_extent *part = &mapping->part[parts[i].part];
        if (part->size)
            range[plan.range_count++] = (struct pku_range){part->address, whole_pages(part->size), parts[i].protection};
    }
    return pku_domain_make(&plan, &pku->domain, error);
}

static int give_to_domain(struct far_pku *pku, struct far_binding *binding, const struct far_mapping *mapping,
                          const struct far_reloc_header *stream, struct far_error *error)
{
    const struct far_linker linker = {find_function, find_object, NULL};
    pku->linkage = (struct far_linkage){
        .gate = (uint64_t)(uintptr_t)far_gate_pku, .binding = (uint64_t)(uintptr_t)binding, .base = binding->base};
    int failed = link_domain(mapping, stream, &linker, error);
    failed = failed ? failed : replace_stubs(pku, mapping, FAR_PART_FSTUBS, error);
    failed = failed ? failed : replace_stubs(pku, mapping, FAR_PART_DSTUBS, error);
    if (failed)
        return failed;
    keep_neutral(pku, binding->iface);
    pku_code_was_mapped();
    return make_domain(pku, mapping, error);
}

int pku_bind(struct far_binding *binding, const struct far_mapping *mapping, const struct far_reloc_header *stream,
             struct far_error *error)
{
    int failed = pku_start(error);
    if (failed)
        return cannot_now(mapping, error);
    failed = check_stream(mapping, stream, error);
    failed = failed ? failed : check_operations(binding, mapping, error);
    if (failed)
        return failed;
    struct far_pku *pku =
        mmap(NULL, whole_pages(sizeof *pku), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pku == MAP_FAILED)
        return far_fail(error, ENOMEM, EX_OSERR, "service %s: no memory to bind it", mapping->service);
    failed = give_to_domain(pku, binding, mapping, stream, error);
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
