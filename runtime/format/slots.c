/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/slots.h"
#include "runtime/format/elf.h"
#include "runtime/segment.h"

#include <string.h>

static int check_previous(const struct far_iface *previous, const struct slot_service *now, const struct complaint *to)
{
    const char *name = iface_string(previous, previous->service);
    if (strcmp(name, now->name) != 0)
        return complain(to,
                        "it is the record of service '%s', not of '%s'; name an earlier version of the same service",
                        name, now->name);
    if (previous->machine != now->machine)
        return complain(to, "it is for ELF machine %u, but the new version for %u; name one for the same machine",
                        previous->machine, now->machine);
    if (previous->major > now->major || (previous->major == now->major && previous->minor > now->minor))
        return complain(to,
                        "it is version %u.%u, later than %u.%u, which is being built; name an earlier one, or raise "
                        "the version in far_service()",
                        previous->major, previous->minor, now->major, now->minor);
    return 0;
}

int slots_keep(const struct far_iface *previous, const struct slot_service *now, struct slot_op *ops, uint32_t count,
               uint32_t *slot_end, const struct complaint *to)
{
    uint32_t next = previous->slot_end;
    int err = check_previous(previous, now, to);
    if (err)
        return err;
    for (uint32_t i = 0; i < count; i++) {
        const struct far_op *kept = iface_op_by_name(previous, ops[i].name);
        ops[i].slot = kept ? kept->slot : next;
        next += !kept;
    }
    if (next > FAR_SLOT_MAX + 1)
        return complain(
            to, "no slot is left for new operations: %u of %d were given by earlier versions; split the service",
            previous->slot_end - 1, FAR_SLOT_MAX);
    *slot_end = next;
    return 0;
}

static int record_of_elf(const void *bytes, size_t size, const uint8_t **record, size_t *record_size,
                         const struct complaint *to)
{
    struct elf_view elf;
    const Elf64_Shdr *section;
    int err = elf_open_any(&elf, bytes, size, to);
    if (err)
        return err;
    if (!elf_section(&elf, FAR_SECTION_IFACE))
        return complain(to, "there is no interface record in it; name what farcc, faridl or farld wrote for a service");
    err = elf_required(&elf, FAR_SECTION_IFACE, 8, &section, to);
    if (err)
        return err;
    *record = elf_section_bytes(&elf, section);
    *record_size = section->sh_size;
    return 0;
}

int iface_in_file(const void *bytes, size_t size, const struct far_iface **iface, const struct complaint *to)
{
    const uint8_t *record = bytes;
    size_t record_size = size;
    bool bare = size >= sizeof(*iface)->magic && memcmp(bytes, FAR_IFACE_MAGIC, sizeof(*iface)->magic) == 0;
    int err = bare ? 0 : record_of_elf(bytes, size, &record, &record_size, to);
    err = err ? err : iface_check(record, record_size, to->text, to->size);
    if (!err)
        *iface = (const struct far_iface *)record;
    return err;
}
