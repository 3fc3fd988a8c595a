/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a program may ask about its bindings: the public header's questions. */
#include "runtime/format/stub.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/pending.h"

#include <farcall/farcall.h>
#include <stdint.h>

const char *far_version(void)
{
    return FARCALL_VERSION;
}

enum far_level far_level(const char *service)
{
    const struct far_binding *binding = process_find_service(service);
    bool bound = binding && revoked_progress(&binding->revoked) == FAR_REVOKED_NOT;
    return bound ? (enum far_level)binding->level : FAR_LEVEL_UNSET;
}

const char *far_level_name(enum far_level level)
{
    static const char *const names[] = {"unset",
#define X(NAME, name) #name,
                                        FAR_LEVELS(X)
#undef X
    };
    return names[(unsigned)level < FAR_LEVEL_COUNT ? level : FAR_LEVEL_UNSET];
}

const char *far_service_of(const void *address)
{
    const struct far_binding *binding = process_find_address((uint64_t)(uintptr_t)address);
    const struct far_pending *pending = binding ? NULL : pending_at((uint64_t)(uintptr_t)address);
    return binding ? binding->service : pending ? pending->service : NULL;
}

enum far_stub_kind far_stub_kind(const void *operation)
{
    uint64_t address = pending_target((uint64_t)(uintptr_t)operation);
    const struct far_binding *binding = process_find_address(address);
    if (!binding)
        return pending_is_slot(address) ? FAR_STUB_PENDING : FAR_STUB_UNKNOWN;
    for (int part = FAR_PART_FSTUBS; part <= FAR_PART_DSTUBS; part++) {
        uint64_t offset = address - binding->part[part].address;
        const struct stub_reader *reader = stub_reader_for(binding->iface->machine);
        if (!reader || offset >= binding->part[part].size || offset % FAR_STUB_SIZE != 0)
            continue;
        enum stub_kind kind = reader->read((const void *)address, address).kind;
        return kind == STUB_KIND_BRANCH ? FAR_STUB_BRANCH : kind == STUB_KIND_TRAP ? FAR_STUB_TRAP : FAR_STUB_UNKNOWN;
    }
    return FAR_STUB_UNKNOWN;
}

const char *far_stub_kind_name(enum far_stub_kind kind)
{
    return kind == FAR_STUB_BRANCH    ? "branch"
           : kind == FAR_STUB_TRAP    ? "trap"
           : kind == FAR_STUB_PENDING ? "pending"
                                      : "unknown";
}

void far_tell_unwinder(void)
{
    unwind_tell_all();
}
