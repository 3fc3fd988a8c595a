/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Relocation commands that a domain applies itself, into its private linkage: HOST, COPY, and then IFUNC, whose functions
 * are the segment's own and may call what HOST has filled in.
 */
#include "runtime/iface.h"
#include "runtime/lib/error.h"
#include "runtime/lib/hostfuncs.h"
#include "runtime/lib/map.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sysexits.h>

#if defined(__clang__)
#define CALLS_SEGMENT __attribute__((no_sanitize("function"))) /* segments carry no type information for that check */
#else
#define CALLS_SEGMENT
#endif

/* Does the command write where a domain may: inside linkage, behind its header? */
static bool in_linkage(const struct far_mapping *mapping, uint64_t where, uint64_t size)
{
    struct far_extent linkage = mapping->part[FAR_PART_LINKAGE];
    linkage.address += FAR_LINKAGE_HEADER;
    linkage.size -= FAR_LINKAGE_HEADER;
    return where <= FAR_WINDOW_END && far_inside(&linkage, mapping->base + where, size);
}

static int outside(const struct far_mapping *mapping, const struct far_reloc *command, const char *name,
                   struct far_error *error)
{
    return far_fail(error, EPROTO, EX_DATAERR, "service %s: a command %s %s outside its linkage", mapping->service,
                    far_reloc_name(command->code), name);
}

static int store(const struct far_mapping *mapping, const struct far_reloc *command, const char *name, uint64_t value,
                 struct far_error *error)
{
    const uint64_t *words = segment_reloc_words(command);
    for (uint32_t i = 0; i < command->count; i++) {
        if (!in_linkage(mapping, words[i], sizeof value))
            return outside(mapping, command, name, error);
        memcpy((void *)(mapping->base + words[i]), &value, sizeof value);
    }
    return 0;
}

static bool is_vouched(const struct far_iface *record, const char *name)
{
    for (uint32_t i = 0; record && i < record->ops.count; i++) {
        const struct far_op *op = iface_op(record, i);
        if (op->vouched && iface_op_vouches(record, op, name))
            return true;
    }
    return false;
}

/* Other operations that call what one is vouched for are not neutral: they run elsewhere. */
static void *find_function(const struct far_mapping *mapping, const char *name, const struct far_linker *linker,
                           struct far_error *error)
{
    if (is_vouched(linker->vouching, name) && !far_host_function(name))
        return linker->object(mapping->service, name, error);
    return linker->function(mapping->service, name, error);
}

static int link_host(const struct far_mapping *mapping, const struct far_reloc *command, const char *name,
                     const struct far_linker *linker, struct far_error *error)
{
    void *function = find_function(mapping, name, linker, error);
    return function ? store(mapping, command, name, (uint64_t)function + command->value, error) : -error->code;
}

static int link_copy(const struct far_mapping *mapping, const struct far_reloc *command, const char *name,
                     const struct far_linker *linker, struct far_error *error)
{
    uint64_t where = segment_reloc_words(command)[0];
    if (!in_linkage(mapping, where, command->value))
        return outside(mapping, command, name, error);
    const void *object = linker->object(mapping->service, name, error);
    if (!object)
        return -error->code;
    memcpy((void *)(mapping->base + where), object, command->value);
    return 0;
}

/*
 * aarch64's resolvers are told what the processor can: the first word with a mark that there is a second argument. Those
 * of x86-64 take none, and find it out by themselves.
 */
#define RESOLVER_HAS_MORE (1ull << 62)
struct resolver_facts {
    uint64_t size, capabilities, capabilities2;
};
typedef uint64_t resolver_function(uint64_t capabilities, const struct resolver_facts *facts);

CALLS_SEGMENT static uint64_t ask_resolver(uint64_t resolver)
{
    const struct resolver_facts facts = {sizeof facts, getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};
    return ((resolver_function *)(uintptr_t)resolver)(facts.capabilities | RESOLVER_HAS_MORE, &facts);
}

/* The function chooses by what this processor can; it runs in the domain whose linkage its answer goes into. */
static int link_chosen(const struct far_mapping *mapping, const struct far_reloc *command, const char *name,
                       struct far_error *error)
{
    uint64_t resolver = mapping->base + command->value;
    if (command->value > FAR_WINDOW_END || !far_inside(&mapping->part[FAR_PART_CODE], resolver, 1))
        return far_fail(error, EPROTO, EX_DATAERR, "service %s: the function that chooses %s is outside its code",
                        mapping->service, name[0] ? name : "another");
    return store(mapping, command, name, ask_resolver(resolver), error);
}

int link_domain(const struct far_mapping *mapping, const struct far_reloc_header *stream,
                const struct far_linker *linker, struct far_error *error)
{
    int failed = 0;
    const struct far_reloc *command = segment_first_domain_reloc(stream);
    for (; command && !failed; command = segment_next_reloc(stream, command)) {
        const char *name = segment_reloc_string(stream, command->name);
        if (command->code == FAR_RELOC_HOST)
            failed = link_host(mapping, command, name, linker, error);
        else if (command->code == FAR_RELOC_COPY)
            failed = link_copy(mapping, command, name, linker, error);
        else if (!linker->chooses_later)
            failed = link_chosen(mapping, command, name, error);
    }
    return failed;
}

int link_choice(const struct far_mapping *mapping, const struct far_reloc *command, const char *name, uint64_t function,
                struct far_error *error)
{
    return store(mapping, command, name, function, error);
}
