/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * segment_check(): one column of steps, each relying on those before it.
 *
 *     elf.c            ELF headers and section names
 *     segment_parts.c  note, parts, init and fini arrays
 *     digest.c         the whole file's SHA-256
 *     iface_check.c    the interface record
 *     reloc.c          the relocation commands
 *     segment_stubs.c  stubs against slots, trap stubs byte for byte
 *     segment_stray.c  no instruction that changes protection keys
 *     segment_words.c  what REBASE changes, what STUB names
 */
#include "runtime/segment.h"
#include "runtime/format/digest.h"
#include "runtime/format/segment_walk.h"
#include "runtime/iface.h"

#include <string.h>

static int check_digest(struct segment_walk *walk, unsigned flags)
{
    const struct far_segment *segment = walk->segment;
    uint8_t digest[SEGMENT_DIGEST_SIZE];
    if (flags & SEGMENT_SKIP_DIGEST)
        return 0;
    size_t hole = (size_t)((const uint8_t *)segment->note - segment->bytes) + offsetof(struct far_note, build_id);
    if (segment_digest(segment->bytes, segment->size, hole, digest) != 0)
        return complain(&walk->to, "its SHA-256 cannot be computed; is libcrypto installed whole?");
    if (memcmp(digest, segment->note->build_id, sizeof digest) != 0)
        return complain(&walk->to,
                        "its bytes do not match its build id: the file was changed after farld wrote it, or is "
                        "damaged; link it again or copy it again");
    return 0;
}

static int check_record(struct segment_walk *walk)
{
    struct far_segment *segment = walk->segment;
    const Elf64_Shdr *section;
    int err = elf_required(&walk->elf, FAR_SECTION_IFACE, 8, &section, &walk->to);
    if (err)
        return err;
    segment->iface = elf_section_bytes(&walk->elf, section);
    segment->iface_size = section->sh_size;
    err = iface_check(segment->iface, segment->iface_size, walk->to.text, walk->to.size);
    if (err)
        return err;
    const struct far_iface *iface = segment->iface;
    if (iface->machine != segment->note->machine)
        return complain(&walk->to,
                        "its interface record is for machine %u, its code for machine %u; build both for one",
                        iface->machine, segment->note->machine);
    return 0;
}

static int check_relocs(struct segment_walk *walk)
{
    struct far_segment *segment = walk->segment;
    const Elf64_Shdr *section;
    int err = elf_required(&walk->elf, FAR_SECTION_RELOC, 8, &section, &walk->to);
    if (err)
        return err;
    segment->reloc = (const struct far_reloc_header *)elf_section_bytes(&walk->elf, section);
    segment->reloc_size = section->sh_size;
    return segment_reloc_check(segment->reloc, segment->reloc_size, segment->part, walk->to.text, walk->to.size);
}

int segment_check(const void *bytes, size_t size, unsigned flags, struct far_segment *segment, char *why,
                  size_t why_size)
{
    struct segment_walk walk = {.segment = segment, .to = {why, why_size}};
    *segment = (struct far_segment){.bytes = bytes, .size = size};
    int err = elf_open(&walk.elf, bytes, size, &walk.to);
    err = err ? err : segment_check_note(&walk);
    err = err ? err : check_digest(&walk, flags);
    err = err ? err : segment_check_parts(&walk);
    err = err ? err : segment_check_arrays(&walk);
    err = err ? err : check_record(&walk);
    err = err ? err : check_relocs(&walk);
    err = err ? err : segment_check_stubs(&walk);
    err = err ? err : segment_check_strays(&walk);
    err = err ? err : segment_check_words(&walk);
    return err;
}
