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

/* The commands of make_segment(), by their place. */
enum { CHECK_COMMAND, REBASE, STUB, BIND, HOST, COPY, IFUNC };

/* Relocation command `index`; its bytes are the test's own. */
static struct far_reloc *reloc(struct victim *v, unsigned index)
{
    const struct far_reloc *at = segment_next_reloc(v->segment.reloc, NULL);
    while (index--)
        at = segment_next_reloc(v->segment.reloc, at);
    return (struct far_reloc *)(uintptr_t)at;
}

static uint64_t *words(struct victim *v, unsigned index)
{
    return (uint64_t *)(uintptr_t)segment_reloc_words(reloc(v, index));
}

/* What command `from` says, with its one word, in the place of `to`. */
static int copy(struct victim *v, unsigned to, unsigned from)
{
    memcpy(reloc(v, to), reloc(v, from), sizeof(struct far_reloc) + sizeof(uint64_t));
    return 0;
}

static struct far_linkage *linkage(struct victim *v)
{
    return (struct far_linkage *)(uintptr_t)v->segment.content[FAR_PART_LINKAGE];
}

static struct far_reloc_header *stream(struct victim *v)
{
    return (struct far_reloc_header *)(uintptr_t)v->segment.reloc;
}

static uint8_t *code(struct victim *v)
{
    return (uint8_t *)(uintptr_t)v->segment.content[FAR_PART_CODE];
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

#define BREAKS(X)                                                                                            \
    X(magic, v->header->e_ident[0] = 0, "not an ELF file")                                                   \
    X(class, v->header->e_ident[EI_CLASS] = ELFCLASS32, "not little-endian ELF64")                           \
    X(type, v->header->e_type = ET_EXEC, "shared objects")                                                   \
    X(phoff, v->header->e_phoff = UINT64_MAX - 7, "program headers")                                         \
    X(phoff_odd, v->header->e_phoff += 1, "program headers")                                                 \
    X(phnum, v->header->e_phnum = 0xffff, "program headers")                                                 \
    X(phentsize, v->header->e_phentsize = 1, "program headers")                                              \
    X(shoff, v->header->e_shoff = v->made.size, "section headers")                                           \
    X(shnum, v->header->e_shnum = 0, "section headers")                                                      \
    X(shstrndx, v->header->e_shstrndx = 0xffff, "no section names")                                          \
    X(shstrtab, section(v, ".shstrtab")->sh_offset = UINT64_MAX, "section names")                            \
    X(name_outside, section(v, FAR_SECTION_NOTE)->sh_name = 0xffffffff, "no section .note.farcall")          \
    X(machine, v->header->e_machine = EM_AARCH64, "its ELF header 183")                                      \
    X(other_machine, (v->header->e_machine = EM_RISCV, v->note->machine = EM_RISCV), "aarch64 183")          \
    X(note_format, v->note->format = 1, "format 1")                                                          \
    X(note_flags, v->note->flags = 2, "unknown flags")                                                       \
    X(stray, memcpy(code(v) + 5, "\x0f\x01\xef", 3), "the bytes of wrpkru at")                               \
    X(stray_last, memcpy(code(v) + v->segment.content_size[FAR_PART_CODE] - 3, "\x0f\xae\x2f", 3), "xrstor") \
    X(note_slots, v->note->slot_count = 5000, "5000 slots")                                                  \
    X(note_slots_zero, v->note->slot_count = 0, "0 slots")                                                   \
    X(note_slots_fewer, v->note->slot_count = 3, "note's slots")                                             \
    X(note_image, v->note->image_size += 1, "no multiple")                                                   \
    X(note_image_huge, v->note->image_size = 1ull << 50, "address window")                                   \
    X(note_image_small, v->note->image_size = 0x30000, "outside the image")                                  \
    X(note_heap, v->note->heap_size = 0x10000, "leaves no heap")                                             \
    X(note_short, section(v, FAR_SECTION_NOTE)->sh_size = 80, "too short")                                   \
    X(note_name, v->made.bytes[section(v, FAR_SECTION_NOTE)->sh_offset] = 7, "farcall's note")               \
    X(loads_fewer, v->programs[5].p_type = PT_NULL, "5 PT_LOAD")                                             \
    X(tls, v->programs[0].p_type = PT_TLS, "thread-local")                                                   \
    X(part_align, v->programs[2].p_vaddr += 4096, "64 KiB boundary")                                         \
    X(part_align_more, v->programs[5].p_align = 0x400000, "more than 2 MiB")                                 \
    X(part_first, v->programs[0].p_vaddr = 0x10000, "out of order")                                          \
    X(part_order, v->programs[3].p_vaddr = 0x10000, "out of order")                                          \
    X(part_overlap, v->programs[2].p_memsz = v->programs[2].p_filesz = 0x10001, "not inside the file")       \
    X(part_wraps, v->programs[5].p_memsz = UINT64_MAX, "outside the image")                                  \
    X(part_rights, v->programs[2].p_flags |= PF_W, "rights of this part")                                    \
    X(part_file, v->programs[5].p_filesz = 0x2000, "not inside the file")                                    \
    X(part_offset, v->programs[5].p_offset = UINT64_MAX, "not inside the file")                              \
    X(part_bss, v->programs[2].p_filesz -= 1, "never written")                                               \
    X(linkage_small, v->programs[4].p_memsz = v->programs[4].p_filesz = 16, "linkage header")                \
    X(unwind_code, linkage(v)->unwind = 0x20000, "not in part const")                                        \
    X(unwind_odd, linkage(v)->unwind = 0x30002, "not in part const")                                         \
    X(unwind_huge, linkage(v)->unwind = UINT64_MAX - 3, "not in part const")                                 \
    X(init_array, section(v, ".init_array")->sh_addr = 0x50000, "not an array of addresses")                 \
    X(init_array_size, section(v, ".init_array")->sh_size = 12, "not an array of addresses")                 \
    X(iface_gone, section(v, FAR_SECTION_IFACE)->sh_name = 0, "no section .far.iface")                       \
    X(iface_twice, section(v, ".symtab")->sh_name = section(v, FAR_SECTION_IFACE)->sh_name, "two sections")  \
    X(iface_nobits, section(v, FAR_SECTION_IFACE)->sh_type = SHT_NOBITS, "not inside the file")              \
    X(iface_odd, section(v, FAR_SECTION_IFACE)->sh_offset += 1, "not a multiple of 8")                       \
    X(iface_bad, v->iface->version = 99, "interface record: version 99")                                     \
    X(iface_machine, v->iface->machine = EM_AARCH64, "build both for one")                                   \
    X(traps_gone, section(v, FAR_SECTION_TRAPS_D)->sh_name = 0, "no section .far.traps.dstubs")              \
    X(traps_size, section(v, FAR_SECTION_TRAPS_F)->sh_size -= 16, "but part fstubs has")                     \
    X(gate_bytes, v->ftraps[7] ^= 1, "slot 0: it is not the way to the gate")                                \
    X(gate_linkage, v->ftraps[3] ^= 1, "slot 0: it is not the way to the gate")                              \
    X(gate_branch, v->dstubs[7] ^= 1, "part dstubs, branch variant, slot 0")                                 \
    X(trap_is_branch, memcpy(v->ftraps + 16, v->fstubs + 16, 16), "no trap stub")                            \
    X(trap_slot, v->dtraps[22] = 2, "another slot's number")                                                 \
    X(trap_target, v->dtraps[27] ^= 0x20, "does not go to slot 0")                                           \
    X(trap_padding, v->dtraps[31] = 0x90, "no trap stub")                                                    \
    X(branch_bytes, v->fstubs[16] = 0x90, "no branch stub")                                                  \
    X(branch_target, v->fstubs[24] ^= 0x40, "outside the code")                                              \
    X(op_without_stub, memset(v->dtraps + 16, 0xcc, 16), "kv_find has no stub in slot 1")                    \
    X(op_beyond, (v->iface->slot_end = 9, ((struct far_op *)(uintptr_t)iface_op(v->iface, 0))->slot = 4),    \
      "there are stubs for 4 slots only")                                                                    \
    X(reloc_magic, stream(v)->magic[0] = 0, "FARRELOC")                                                      \
    X(reloc_version, stream(v)->version = 1, "version 1")                                                    \
    X(reloc_size, stream(v)->size += 8, "truncated or damaged")                                              \
    X(reloc_end, stream(v)->command_end = 0xfffffff8, "truncated or damaged")                                \
    X(reloc_end_odd, stream(v)->command_end += 1, "truncated or damaged")                                    \
    X(reloc_reserved, stream(v)->reserved = 1, "truncated or damaged")                                       \
    X(reloc_fewer, stream(v)->command_count = 6, "between the last command and the strings")                 \
    X(reloc_more, stream(v)->command_count = 8, "does not fit")                                              \
    X(reloc_many, stream(v)->command_count = 0xffffffff, "does not fit")                                     \
    X(reloc_node_end, stream(v)->node_end = stream(v)->command_end, "the domain's start at offset")          \
    X(reloc_node_end_zero, stream(v)->node_end = 0, "the domain's start at offset 0")                        \
    X(reloc_code, reloc(v, STUB)->code = 99, "no such command")                                              \
    X(reloc_code_zero, reloc(v, STUB)->code = 0, "no such command")                                          \
    X(reloc_order, reloc(v, STUB)->code = FAR_RELOC_IFUNC, "")                                               \
    X(reloc_twice, copy(v, COPY, HOST), "changes a word that another")                                       \
    X(rebase_count, reloc(v, REBASE)->count = 0xffffffff, "does not fit")                                    \
    X(rebase_odd, words(v, REBASE)[0] += 8, "multiple of 512")                                               \
    X(rebase_wraps, words(v, REBASE)[0] = UINT64_MAX - 511, "multiple of 512, or too large")                 \
    X(rebase_code, words(v, REBASE)[0] = 0x20000, "outside const, linkage and data")                         \
    X(rebase_gate, words(v, REBASE)[0] = 0x40000, "outside const, linkage and data")                         \
    X(rebase_end, words(v, REBASE)[0] = 0x51800, "outside const, linkage and data")                          \
    X(rebase_last, words(v, REBASE)[1] = 16, "outside const, linkage and data")                              \
    X(rebase_empty, words(v, REBASE)[1] = 0, "bitmap is empty")                                              \
    X(rebase_bind, words(v, REBASE)[1] |= 4, "changes a word that another")                                  \
    X(rebase_stub, (words(v, REBASE)[0] = 0x50000, words(v, REBASE)[1] = 2), "changes a word that another")  \
    X(rebase_fields, reloc(v, REBASE)->value = 1, "must be 0")                                               \
    X(rebase_value, *word(v, FAR_PART_CONST, 1) = 0x80001, "no address inside the image")                    \
    X(stub_where, words(v, STUB)[0] = 0x10000, "outside const, linkage and data")                            \
    X(stub_where_odd, words(v, STUB)[0] += 1, "not a multiple of 8")                                         \
    X(stub_where_edge, words(v, STUB)[1] = 0x51800, "outside const, linkage and data")                       \
    X(stub_where_huge, words(v, STUB)[1] = UINT64_MAX - 7, "outside const, linkage and data")                \
    X(stub_twice, words(v, STUB)[1] = words(v, STUB)[0], "order of their addresses")                         \
    X(stub_name, reloc(v, STUB)->name = reloc(v, HOST)->name, "memcpy, which is no operation")               \
    X(stub_name_outside, reloc(v, STUB)->name = 0xffffffff, "no proper name")                                \
    X(stub_name_in_commands, reloc(v, STUB)->name = 24, "no proper name")                                    \
    X(stub_name2, reloc(v, STUB)->name2 = reloc(v, STUB)->name, "must be 0")                                 \
    X(stub_addend, reloc(v, STUB)->value = 1ull << 31, "more than 2 GiB")                                    \
    X(stub_count, reloc(v, STUB)->count = 0, "changes no word")                                              \
    X(bind_name, reloc(v, BIND)->name2 = 0, "no proper name")                                                \
    X(bind_unchecked, reloc(v, BIND)->name2 = reloc(v, STUB)->name, "no CHECK")                              \
    X(host_where, words(v, HOST)[0] = 0x50010, "not in linkage")                                             \
    X(host_gate, words(v, HOST)[0] = 0x40018, "not in linkage")                                              \
    X(copy_size, reloc(v, COPY)->value = 1000, "not in linkage")                                             \
    X(copy_huge, reloc(v, COPY)->value = UINT64_MAX, "not in linkage")                                       \
    X(copy_nothing, reloc(v, COPY)->value = 0, "not in linkage")                                             \
    X(copy_over, reloc(v, COPY)->value = 12, "another command changes")                                      \
    X(ifunc_resolver, reloc(v, IFUNC)->value = 0x30000, "resolver is not in code")                           \
    X(ifunc_where, words(v, IFUNC)[0] = 0x50010, "not in linkage")                                           \
    X(ifunc_name, reloc(v, IFUNC)->name = 3, "no proper name")                                               \
    X(check_version, words(v, CHECK_COMMAND)[0] = UINT64_MAX, "says no version")                             \
    X(check_name, reloc(v, CHECK_COMMAND)->name = 0, "no proper name")

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
    CHECK(reloc(&victim, REBASE)->code == FAR_RELOC_REBASE && reloc(&victim, IFUNC)->code == FAR_RELOC_IFUNC);
    CHECK(segment_next_reloc(segment->reloc, reloc(&victim, IFUNC)) == NULL);
    CHECK(segment_first_domain_reloc(segment->reloc) == reloc(&victim, HOST));
    CHECK(!strcmp(segment_reloc_string(segment->reloc, reloc(&victim, CHECK_COMMAND)->name2), "log_write"));
    CHECK(!strcmp(segment_reloc_string(segment->reloc, 0), ""));
    CHECK(!strcmp(far_part_name(FAR_PART_HEAP), "heap") && !far_part_name(FAR_PART_COUNT));
    CHECK(!strcmp(far_reloc_name(FAR_RELOC_COPY), "COPY") && !far_reloc_name(FAR_RELOC_NONE));
    CHECK(!strcmp(far_part_rights(FAR_PART_CODE), "r-x"));
    free(victim.made.bytes);
}

/* What a domain gets: CHECK and its own commands, sound by themselves, with all they say. */
static void test_domain_stream(void)
{
    struct victim victim;
    char why[256] = "";
    open_victim(&victim);
    const struct far_reloc_header *whole = victim.segment.reloc;
    size_t size = segment_domain_stream(whole, NULL);
    struct far_reloc_header *own = aligned_alloc(8, (size + 7) / 8 * 8);
    CHECK(segment_domain_stream(whole, own) == size && own->size == size && size < whole->size);
    CHECK(segment_reloc_check(own, size, victim.segment.part, why, sizeof why) == 0);
    CHECK(own->command_count == 4);
    const struct far_reloc *at = segment_next_reloc(own, NULL), *from = reloc(&victim, CHECK_COMMAND);
    CHECK(at->code == FAR_RELOC_CHECK && at->value == from->value);
    CHECK(!strcmp(segment_reloc_string(own, at->name), "log"));
    CHECK(!strcmp(segment_reloc_string(own, at->name2), "log_write"));
    at = segment_first_domain_reloc(own);
    for (from = reloc(&victim, HOST); at && from; at = segment_next_reloc(own, at)) {
        CHECK(at->code == from->code && at->count == from->count && at->value == from->value);
        CHECK(segment_reloc_words(at)[0] == segment_reloc_words(from)[0]);
        CHECK(!strcmp(segment_reloc_string(own, at->name), segment_reloc_string(whole, from->name)));
        from = segment_next_reloc(whole, from);
    }
    CHECK(!at && !from);
    free(own);
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
    test_domain_stream();
    test_digest();
    test_breaks();
    return check_result();
}
