/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* segment_check(): a sound segment passes; each broken property is refused, sealed or not, with a message that names it. */
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A made segment with everything writable that segment_check() found in it. */
struct victim {
    struct made made;
    struct far_segment segment;
    Elf64_Ehdr *header;
    Elf64_Phdr *programs;
    Elf64_Shdr *sections;
    struct far_note *note;
    uint8_t *fstubs, *dstubs, *ftraps, *dtraps;
    struct far_iface *iface;
};

static Elf64_Shdr *section(struct victim *v, const char *name)
{
    const char *names = (const char *)v->made.bytes + v->sections[v->header->e_shstrndx].sh_offset;
    for (unsigned i = 1; i < v->header->e_shnum; i++) {
        if (!strcmp(names + v->sections[i].sh_name, name))
            return &v->sections[i];
    }
    abort();
}

/* Relocation command `index`; its bytes are the test's own. */
static struct far_reloc *reloc(struct victim *v, unsigned index)
{
    const struct far_reloc *at = segment_next_reloc(v->segment.reloc, NULL);
    while (index--)
        at = segment_next_reloc(v->segment.reloc, at);
    return (struct far_reloc *)(uintptr_t)at;
}

static struct far_reloc_header *stream(struct victim *v)
{
    return (struct far_reloc_header *)(uintptr_t)v->segment.reloc;
}

static uint64_t *word(struct victim *v, enum far_part part, unsigned index)
{
    return (uint64_t *)(uintptr_t)v->segment.content[part] + index;
}

static void open_victim(struct victim *v)
{
    char why[512] = "";
    *v = (struct victim){.made = make_segment(MAKE_PLAIN)};
    int err = segment_check(v->made.bytes, v->made.size, 0, &v->segment, why, sizeof why);
    if (err)
        fprintf(stderr, "%s\n", why);
    CHECK(err == 0);
    v->header = (Elf64_Ehdr *)v->made.bytes;
    v->programs = (Elf64_Phdr *)(v->made.bytes + v->header->e_phoff);
    v->sections = (Elf64_Shdr *)(v->made.bytes + v->header->e_shoff);
    v->note = (struct far_note *)(uintptr_t)v->segment.note;
    v->fstubs = (uint8_t *)(uintptr_t)v->segment.content[FAR_PART_FSTUBS];
    v->dstubs = (uint8_t *)(uintptr_t)v->segment.content[FAR_PART_DSTUBS];
    v->ftraps = (uint8_t *)(uintptr_t)v->segment.traps[0];
    v->dtraps = (uint8_t *)(uintptr_t)v->segment.traps[1];
    v->iface = (struct far_iface *)(uintptr_t)v->segment.iface;
}

/* Commands: 0 REBASE const+0, 1 STUB, 2 BIND, 3 HOST, 4 COPY, 5 CHECK. */
#define BREAKS(X)                                                                                           \
    X(magic, v->header->e_ident[0] = 0, "not an ELF file")                                                  \
    X(class, v->header->e_ident[EI_CLASS] = ELFCLASS32, "not little-endian ELF64")                          \
    X(type, v->header->e_type = ET_EXEC, "shared objects")                                                  \
    X(phoff, v->header->e_phoff = UINT64_MAX - 7, "program headers")                                        \
    X(phoff_odd, v->header->e_phoff += 1, "program headers")                                                \
    X(phnum, v->header->e_phnum = 0xffff, "program headers")                                                \
    X(phentsize, v->header->e_phentsize = 1, "program headers")                                             \
    X(shoff, v->header->e_shoff = v->made.size, "section headers")                                          \
    X(shnum, v->header->e_shnum = 0, "section headers")                                                     \
    X(shstrndx, v->header->e_shstrndx = 0xffff, "no section names")                                         \
    X(shstrtab, section(v, ".shstrtab")->sh_offset = UINT64_MAX, "section names")                           \
    X(name_outside, section(v, FAR_SECTION_NOTE)->sh_name = 0xffffffff, "no section .note.farcall")         \
    X(machine, v->header->e_machine = EM_AARCH64, "its ELF header 183")                                     \
    X(other_machine, (v->header->e_machine = EM_AARCH64, v->note->machine = EM_AARCH64), "cannot check")    \
    X(note_format, v->note->format = 2, "format 2")                                                         \
    X(note_flags, v->note->flags = 1, "unknown flags")                                                      \
    X(note_slots, v->note->slot_count = 5000, "5000 slots")                                                 \
    X(note_slots_zero, v->note->slot_count = 0, "0 slots")                                                  \
    X(note_slots_fewer, v->note->slot_count = 3, "note's slots")                                            \
    X(note_image, v->note->image_size += 1, "no multiple")                                                  \
    X(note_image_huge, v->note->image_size = 1ull << 50, "address window")                                  \
    X(note_image_small, v->note->image_size = 0x30000, "outside the image")                                 \
    X(note_heap, v->note->heap_size = 0x10000, "leaves no heap")                                            \
    X(note_short, section(v, FAR_SECTION_NOTE)->sh_size = 80, "too short")                                  \
    X(note_name, v->made.bytes[section(v, FAR_SECTION_NOTE)->sh_offset] = 7, "farcall's note")              \
    X(loads_fewer, v->programs[5].p_type = PT_NULL, "5 PT_LOAD")                                            \
    X(tls, v->programs[0].p_type = PT_TLS, "thread-local")                                                  \
    X(part_align, v->programs[2].p_vaddr += 4096, "64 KiB boundary")                                        \
    X(part_first, v->programs[0].p_vaddr = 0x10000, "out of order")                                         \
    X(part_order, v->programs[3].p_vaddr = 0x10000, "out of order")                                         \
    X(part_overlap, v->programs[2].p_memsz = v->programs[2].p_filesz = 0x10001, "not inside the file")      \
    X(part_wraps, v->programs[5].p_memsz = UINT64_MAX, "outside the image")                                 \
    X(part_rights, v->programs[2].p_flags |= PF_W, "rights of this part")                                   \
    X(part_file, v->programs[5].p_filesz = 0x2000, "not inside the file")                                   \
    X(part_offset, v->programs[5].p_offset = UINT64_MAX, "not inside the file")                             \
    X(part_bss, v->programs[2].p_filesz -= 1, "never written")                                              \
    X(linkage_small, v->programs[4].p_memsz = v->programs[4].p_filesz = 16, "linkage header")               \
    X(init_array, section(v, ".init_array")->sh_addr = 0x50000, "not an array of addresses")                \
    X(init_array_size, section(v, ".init_array")->sh_size = 12, "not an array of addresses")                \
    X(iface_gone, section(v, FAR_SECTION_IFACE)->sh_name = 0, "no section .far.iface")                      \
    X(iface_twice, section(v, ".symtab")->sh_name = section(v, FAR_SECTION_IFACE)->sh_name, "two sections") \
    X(iface_nobits, section(v, FAR_SECTION_IFACE)->sh_type = SHT_NOBITS, "not inside the file")             \
    X(iface_odd, section(v, FAR_SECTION_IFACE)->sh_offset += 1, "not a multiple of 8")                      \
    X(iface_bad, v->iface->version = 3, "interface record: version 3")                                      \
    X(iface_machine, v->iface->machine = EM_AARCH64, "build both for one")                                  \
    X(traps_gone, section(v, FAR_SECTION_TRAPS_D)->sh_name = 0, "no section .far.traps.dstubs")             \
    X(traps_size, section(v, FAR_SECTION_TRAPS_F)->sh_size -= 16, "but part fstubs has")                    \
    X(gate_bytes, v->ftraps[7] ^= 1, "slot 0: it is not the way to the gate")                               \
    X(gate_linkage, v->ftraps[3] ^= 1, "slot 0: it is not the way to the gate")                             \
    X(gate_branch, v->dstubs[7] ^= 1, "part dstubs, branch variant, slot 0")                                \
    X(trap_is_branch, memcpy(v->ftraps + 16, v->fstubs + 16, 16), "no trap stub")                           \
    X(trap_slot, v->dtraps[22] = 2, "another slot's number")                                                \
    X(trap_target, v->dtraps[27] ^= 0x20, "does not go to slot 0")                                          \
    X(trap_padding, v->dtraps[31] = 0x90, "no trap stub")                                                   \
    X(branch_bytes, v->fstubs[16] = 0x90, "no branch stub")                                                 \
    X(branch_target, v->fstubs[24] ^= 0x40, "outside the code")                                             \
    X(op_without_stub, memset(v->dtraps + 16, 0xcc, 16), "kv_find has no stub in slot 1")                   \
    X(op_beyond, (v->iface->slot_end = 9, ((struct far_op *)(uintptr_t)iface_op(v->iface, 0))->slot = 4),   \
      "there are stubs for 4 slots only")                                                                   \
    X(reloc_magic, stream(v)->magic[0] = 0, "FARRELOC")                                                     \
    X(reloc_version, stream(v)->version = 2, "version 2")                                                   \
    X(reloc_size, stream(v)->size += 8, "truncated or damaged")                                             \
    X(reloc_end, stream(v)->command_end = 0xfffffff8, "truncated or damaged")                               \
    X(reloc_end_odd, stream(v)->command_end += 1, "truncated or damaged")                                   \
    X(reloc_fewer, stream(v)->command_count = 5, "between the last command and the strings")                \
    X(reloc_more, stream(v)->command_count = 7, "does not fit")                                             \
    X(reloc_many, stream(v)->command_count = 0xffffffff, "does not fit")                                    \
    X(reloc_code, reloc(v, 1)->code = 99, "no such command")                                                \
    X(reloc_code_zero, reloc(v, 1)->code = 0, "no such command")                                            \
    X(rebase_count, reloc(v, 0)->count = 0xffffffff, "does not fit")                                        \
    X(rebase_odd, reloc(v, 0)->where += 4, "multiple of 8")                                                 \
    X(rebase_wraps, reloc(v, 0)->where = UINT64_MAX - 7, "multiple of 8, or too large")                     \
    X(rebase_code, reloc(v, 0)->where = 0x20000, "outside const, linkage and data")                         \
    X(rebase_gate, reloc(v, 0)->where = 0x40018, "outside const, linkage and data")                         \
    X(rebase_end, reloc(v, 0)->where = 0x517f8, "outside const, linkage and data")                          \
    X(rebase_fields, reloc(v, 0)->value = 1, "must be 0")                                                   \
    X(rebase_value, *word(v, FAR_PART_CONST, 1) = 0x80001, "no address inside the image")                   \
    X(stub_where, reloc(v, 1)->where = 0x10000, "not in const, linkage or data")                            \
    X(stub_where_odd, reloc(v, 1)->where += 1, "not in const, linkage or data")                             \
    X(stub_where_edge, reloc(v, 1)->where = 0x517fc, "not in const, linkage or data")                       \
    X(stub_name, reloc(v, 1)->name = reloc(v, 3)->name, "memcpy, which is no operation")                    \
    X(stub_name_outside, reloc(v, 1)->name = 0xffffffff, "no proper name")                                  \
    X(stub_name_in_commands, reloc(v, 1)->name = 24, "no proper name")                                      \
    X(stub_name2, reloc(v, 1)->name2 = reloc(v, 1)->name, "must be 0")                                      \
    X(stub_count, reloc(v, 1)->count = 1, "must be 0")                                                      \
    X(bind_name, reloc(v, 2)->name2 = 0, "no proper name")                                                  \
    X(host_where, reloc(v, 3)->where = 0x50000, "not in linkage")                                           \
    X(host_gate, reloc(v, 3)->where = 0x40000, "not in linkage")                                            \
    X(copy_size, reloc(v, 4)->value = 1000, "not in linkage")                                               \
    X(copy_huge, reloc(v, 4)->value = UINT64_MAX, "not in linkage")                                         \
    X(copy_nothing, reloc(v, 4)->value = 0, "not in linkage")                                               \
    X(check_where, reloc(v, 5)->where = 8, "must be 0")                                                     \
    X(check_name, reloc(v, 5)->name = 0, "no proper name")

#define BREAK_SUBJECT struct victim *v
#include "testsuite/unit/breaks.h"

static void test_breaks(void)
{
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        struct victim victim;
        struct far_segment segment;
        char why[512] = "";
        open_victim(&victim);
        breaks[i].apply(&victim);
        int err = segment_check(victim.made.bytes, victim.made.size, SEGMENT_SKIP_DIGEST, &segment, why, sizeof why);
        if (err != -EINVAL || !strstr(why, breaks[i].expected))
            fprintf(stderr, "%s: %d: %s\n", breaks[i].name, err, why);
        CHECK(err == -EINVAL);
        CHECK(strstr(why, breaks[i].expected));
        CHECK(segment_check(victim.made.bytes, victim.made.size, 0, &segment, NULL, 0) == -EINVAL);
        free(victim.made.bytes);
    }
}

static void test_facts(void)
{
    struct victim victim;
    open_victim(&victim);
    const struct far_segment *segment = &victim.segment;
    CHECK(segment->part[FAR_PART_DATA].address == 0x50000 && segment->part[FAR_PART_DATA].size == 0x1800);
    CHECK(segment->content_size[FAR_PART_DATA] == 64);
    CHECK(segment->part[FAR_PART_HEAP].address == 0x60000 && segment->part[FAR_PART_HEAP].size == 0x20000);
    CHECK(segment->content[FAR_PART_HEAP] == NULL);
    CHECK(segment->init_array.address == 0x30000 && segment->init_array.size == 8);
    CHECK(segment->fini_array.size == 0);
    CHECK(reloc(&victim, 0)->code == FAR_RELOC_REBASE && reloc(&victim, 5)->code == FAR_RELOC_CHECK);
    CHECK(segment_next_reloc(segment->reloc, reloc(&victim, 5)) == NULL);
    CHECK(!strcmp(segment_reloc_string(segment->reloc, reloc(&victim, 5)->name2), "log_write"));
    CHECK(!strcmp(segment_reloc_string(segment->reloc, 0), ""));
    CHECK(!strcmp(far_part_name(FAR_PART_HEAP), "heap") && !far_part_name(FAR_PART_COUNT));
    CHECK(!strcmp(far_reloc_name(FAR_RELOC_COPY), "COPY") && !far_reloc_name(FAR_RELOC_NONE));
    CHECK(!strcmp(far_part_rights(FAR_PART_CODE), "r-x"));
    free(victim.made.bytes);
}

static void test_digest(void)
{
    struct victim victim;
    struct far_segment segment;
    char why[512] = "";
    open_victim(&victim);
    *word(&victim, FAR_PART_DATA, 3) = 42;
    CHECK(segment_check(victim.made.bytes, victim.made.size, 0, &segment, why, sizeof why) == -EINVAL);
    CHECK(strstr(why, "build id"));
    make_seal(&victim.made);
    CHECK(segment_check(victim.made.bytes, victim.made.size, 0, &segment, why, sizeof why) == 0);
    CHECK(segment_check(victim.made.bytes + 4, victim.made.size - 4, 0, &segment, why, sizeof why) == -EINVAL);
    CHECK(strstr(why, "not aligned"));
    free(victim.made.bytes);
}

int main(void)
{
    test_facts();
    test_digest();
    test_breaks();
    return check_result();
}
