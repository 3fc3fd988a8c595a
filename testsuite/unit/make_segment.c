/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The segment around make_record()'s record: parts 64 KiB apart, everything in it checked by segment_check(). */
#include "testsuite/unit/make_segment.h"
#include "runtime/format/digest.h"
#include "testsuite/unit/make_stubs.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS        4 /* slot 0 and three operations */
#define STUBS_SIZE   (SLOTS * FAR_STUB_SIZE)
#define PART(part)   ((uint64_t)(part) * FAR_PART_ALIGN)
#define HEAP_SIZE    (2 * FAR_PART_ALIGN)
#define FILE_SIZE    65536
#define SECTIONS_MAX 20

struct writer {
    const struct made_machine *machine;
    struct made made;
    Elf64_Phdr *programs;
    Elf64_Shdr sections[SECTIONS_MAX];
    unsigned section_count;
    char names[512];
    size_t names_size;
};

static uint64_t append(struct writer *writer, const void *bytes, size_t size)
{
    uint64_t at = (writer->made.size + 15) / 16 * 16;
    if (at + size > FILE_SIZE)
        abort();
    memcpy(writer->made.bytes + at, bytes, size);
    writer->made.size = at + size;
    return at;
}

static Elf64_Shdr *add_section(struct writer *writer, const char *name, uint32_t type, uint64_t offset, uint64_t size)
{
    Elf64_Shdr *section = &writer->sections[writer->section_count++];
    *section = (Elf64_Shdr){.sh_name = (Elf64_Word)writer->names_size,
                            .sh_type = type,
                            .sh_offset = offset,
                            .sh_size = size,
                            .sh_addralign = 1};
    memcpy(writer->names + writer->names_size, name, strlen(name) + 1);
    writer->names_size += strlen(name) + 1;
    return section;
}

static void add_part(struct writer *writer, enum far_part part, const char *name, const void *bytes, size_t size,
                     uint64_t memory)
{
    const char *rights = far_part_rights(part);
    uint64_t offset = append(writer, bytes, size);
    uint32_t flags = (rights[0] == 'r' ? PF_R : 0) | (rights[1] == 'w' ? PF_W : 0) | (rights[2] == 'x' ? PF_X : 0);
    writer->programs[part] = (Elf64_Phdr){.p_type = PT_LOAD,
                                          .p_flags = flags,
                                          .p_offset = offset,
                                          .p_vaddr = PART(part),
                                          .p_paddr = PART(part),
                                          .p_filesz = size,
                                          .p_memsz = memory,
                                          .p_align = 16};
    add_section(writer, name, SHT_PROGBITS, offset, size)->sh_addr = PART(part);
}

/* The last operation of the plain service is absent: it has no branch. */
static void fill_stubs(const struct made_machine *machine, uint8_t stubs[STUBS_SIZE], enum far_part part, bool trap,
                       enum make_variant variant)
{
    memset(stubs, machine->empty, STUBS_SIZE);
    machine->gate(stubs, PART(part), PART(FAR_PART_LINKAGE));
    for (uint32_t slot = 1; slot < SLOTS; slot++) {
        uint64_t address = PART(part) + slot * FAR_STUB_SIZE;
        bool absent = variant == MAKE_PLAIN && slot == SLOTS - 1;
        if (trap || absent)
            machine->trap(stubs + slot * FAR_STUB_SIZE, address, slot, PART(part));
        else
            machine->branch(stubs + slot * FAR_STUB_SIZE, address, PART(FAR_PART_CODE) + 16 * (slot - 1));
    }
}

static void add_parts(struct writer *writer, enum make_variant variant)
{
    const struct made_machine *machine = writer->machine;
    uint8_t stubs[STUBS_SIZE], code[64], linkage[64] = {0}, data[64] = {0};
    uint64_t constants[4] = {PART(FAR_PART_CODE) + 48, PART(FAR_PART_DATA), 0, 0};
    for (size_t i = 0; i < sizeof code; i += sizeof machine->function)
        memcpy(code + i, machine->function, sizeof machine->function);
    fill_stubs(machine, stubs, FAR_PART_FSTUBS, false, variant);
    add_part(writer, FAR_PART_FSTUBS, FAR_SECTION_FSTUBS, stubs, sizeof stubs, sizeof stubs);
    fill_stubs(machine, stubs, FAR_PART_DSTUBS, false, variant);
    add_part(writer, FAR_PART_DSTUBS, FAR_SECTION_DSTUBS, stubs, sizeof stubs, sizeof stubs);
    add_part(writer, FAR_PART_CODE, ".text", code, sizeof code, sizeof code);
    add_part(writer, FAR_PART_CONST, ".init_array", constants, sizeof constants, sizeof constants);
    writer->sections[writer->section_count - 1].sh_size = 8; /* the first word; the others are .data.rel.ro */
    add_part(writer, FAR_PART_LINKAGE, FAR_SECTION_LINKAGE, linkage, sizeof linkage, sizeof linkage);
    add_part(writer, FAR_PART_DATA, ".data", data, sizeof data, 0x1800);
    for (enum far_part part = FAR_PART_FSTUBS; part <= FAR_PART_DSTUBS; part++) {
        fill_stubs(machine, stubs, part, true, variant);
        add_section(writer, part == FAR_PART_FSTUBS ? FAR_SECTION_TRAPS_F : FAR_SECTION_TRAPS_D, SHT_PROGBITS,
                    append(writer, stubs, sizeof stubs), sizeof stubs);
    }
}

struct stream {
    struct far_reloc_header header;
    uint8_t rest[600];
};

static void put_command(struct stream *stream, struct far_reloc command, uint32_t count, const uint64_t *words)
{
    uint8_t *at = (uint8_t *)stream + stream->header.size;
    command.count = count;
    memcpy(at, &command, sizeof command);
    memcpy(at + sizeof command, words, count * sizeof *words);
    stream->header.size += (uint32_t)(sizeof command + count * sizeof *words);
    stream->header.command_count++;
    if (command.code <= FAR_RELOC_LAST_NODE)
        stream->header.node_end = stream->header.size;
}

/* Names are offsets into the strings until it is known where those start. */
static void put_strings(struct stream *stream, const char *strings, size_t size)
{
    uint32_t end = stream->header.command_end = stream->header.size;
    for (uint32_t at = sizeof stream->header; at < end;) {
        struct far_reloc *command = (struct far_reloc *)((uint8_t *)stream + at);
        command->name += command->name ? end : 0;
        command->name2 += command->name2 ? end : 0;
        at += (uint32_t)sizeof *command + command->count * 8;
    }
    memcpy((uint8_t *)stream + end, strings, size);
    stream->header.size += (uint32_t)size;
}

/* Every kind of command; alone: without those that need another service. */
static void add_relocs(struct writer *writer, bool alone)
{
    static const char strings[] = "\0kv_find\0memcpy\0stderr\0log\0log_write\0chosen";
    enum { KV_FIND = 1, MEMCPY = 9, STDERR = 16, LOG = 23, LOG_WRITE = 27, CHOSEN = 37 };
    uint64_t constants = PART(FAR_PART_CONST), linkage = PART(FAR_PART_LINKAGE), data = PART(FAR_PART_DATA);
    struct stream stream = {
        .header = {.magic = "FARRELOC", .version = FAR_FORMAT_VERSION, .size = sizeof stream.header}};
    if (!alone)
        put_command(&stream,
                    (struct far_reloc){.code = FAR_RELOC_CHECK, .name = LOG, .name2 = LOG_WRITE, .value = 0xabcdef}, 1,
                    (uint64_t[]){1 << 16 | 2});
    put_command(&stream, (struct far_reloc){.code = FAR_RELOC_REBASE}, 2, (uint64_t[]){constants, 3});
    put_command(&stream, (struct far_reloc){.code = FAR_RELOC_STUB, .name = KV_FIND}, alone ? 3 : 2,
                alone ? (uint64_t[]){constants + 16, constants + 24, data + 8} : (uint64_t[]){data + 8, data + 24});
    if (!alone)
        put_command(&stream, (struct far_reloc){.code = FAR_RELOC_BIND, .name = LOG, .name2 = LOG_WRITE}, 1,
                    (uint64_t[]){constants + 16});
    put_command(&stream, (struct far_reloc){.code = FAR_RELOC_HOST, .name = MEMCPY}, 1, (uint64_t[]){linkage + 32});
    put_command(&stream, (struct far_reloc){.code = FAR_RELOC_COPY, .name = STDERR, .value = 8}, 1,
                (uint64_t[]){linkage + 40});
    put_command(&stream, (struct far_reloc){.code = FAR_RELOC_IFUNC, .name = CHOSEN, .value = PART(FAR_PART_CODE) + 48},
                1, (uint64_t[]){linkage + 48});
    put_strings(&stream, strings, sizeof strings);
    add_section(writer, FAR_SECTION_RELOC, SHT_PROGBITS, append(writer, &stream, stream.header.size),
                stream.header.size);
}

static void add_note(struct writer *writer)
{
    struct {
        Elf64_Nhdr header;
        char name[8];
        struct far_note note;
    } note = {.header = {8, sizeof(struct far_note), FAR_NOTE_TYPE},
              .name = "farcall",
              .note = {.format = FAR_FORMAT_VERSION,
                       .machine = writer->machine->elf_machine,
                       .image_size = PART(FAR_PART_HEAP) + HEAP_SIZE,
                       .heap_size = HEAP_SIZE,
                       .slot_count = SLOTS}};
    add_section(writer, FAR_SECTION_NOTE, SHT_NOTE, append(writer, &note, sizeof note), sizeof note)->sh_addralign = 4;
}

static void add_symbols(struct writer *writer, enum make_variant variant)
{
    static const char names[2][40] = {"\0kv_find\0kv_put\0kv_read\0start", "\0kv_count\0kv_find\0kv_put\0start"};
    const char *strings = names[variant == MAKE_CHANGED];
    Elf64_Sym symbols[5] = {{0}};
    Elf64_Word name = 1;
    for (unsigned i = 1; i < 5; i++) {
        symbols[i] = (Elf64_Sym){.st_name = name,
                                 .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                 .st_shndx = 3,
                                 .st_value = PART(FAR_PART_CODE) + 16 * (i - 1),
                                 .st_size = 3};
        name += (Elf64_Word)strlen(strings + name) + 1;
    }
    Elf64_Shdr *table =
        add_section(writer, ".symtab", SHT_SYMTAB, append(writer, symbols, sizeof symbols), sizeof symbols);
    table->sh_link = writer->section_count;
    table->sh_entsize = sizeof *symbols;
    add_section(writer, ".strtab", SHT_STRTAB, append(writer, strings, sizeof names[0]), sizeof names[0]);
}

static void add_headers(struct writer *writer)
{
    Elf64_Shdr *names = add_section(writer, ".shstrtab", SHT_STRTAB, 0, 0);
    names->sh_size = writer->names_size;
    names->sh_offset = append(writer, writer->names, writer->names_size);
    Elf64_Ehdr header = {.e_type = ET_DYN,
                         .e_machine = writer->machine->elf_machine,
                         .e_version = EV_CURRENT,
                         .e_phoff = sizeof header,
                         .e_ehsize = sizeof header,
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = FAR_LOAD_PARTS,
                         .e_shentsize = sizeof(Elf64_Shdr)};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_shnum = (Elf64_Half)writer->section_count;
    header.e_shstrndx = (Elf64_Half)(writer->section_count - 1);
    header.e_shoff = append(writer, writer->sections, writer->section_count * sizeof(Elf64_Shdr));
    memcpy(writer->made.bytes, &header, sizeof header);
}

void make_seal(struct made *made)
{
    /* The note is found by its name, not by a check: what was broken may keep any check from coming this far. */
    uint8_t *name = memmem(made->bytes, made->size, "\1\0\0\0farcall", 12);
    if (!name ||
        segment_digest(made->bytes, made->size, (size_t)(name + 12 - made->bytes) + offsetof(struct far_note, build_id),
                       name + 12 + offsetof(struct far_note, build_id)) != 0)
        abort();
}

static struct made make(const struct made_machine *machine, enum make_variant variant, bool alone)
{
    struct made record = make_record(variant);
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer || !(writer->made.bytes = aligned_alloc(64, FILE_SIZE)))
        abort();
    memset(writer->made.bytes, 0, FILE_SIZE);
    writer->programs = (Elf64_Phdr *)(writer->made.bytes + sizeof(Elf64_Ehdr));
    writer->made.size = sizeof(Elf64_Ehdr) + FAR_LOAD_PARTS * sizeof(Elf64_Phdr);
    writer->machine = machine;
    ((struct far_iface *)record.bytes)->machine = machine->elf_machine;
    writer->section_count = 1; /* section 0 is no section */
    writer->names_size = 1;
    add_parts(writer, variant);
    add_section(writer, FAR_SECTION_IFACE, SHT_PROGBITS, append(writer, record.bytes, record.size), record.size);
    add_relocs(writer, alone);
    add_note(writer);
    add_symbols(writer, variant);
    add_headers(writer);
    struct made made = writer->made;
    free(record.bytes);
    free(writer);
    make_seal(&made);
    return made;
}

struct made make_segment(enum make_variant variant)
{
    return make(&made_x86_64, variant, false);
}

struct made make_lone_segment(enum make_variant variant)
{
    return make(&made_x86_64, variant, true);
}

struct made make_segment_for(const struct made_machine *machine, enum make_variant variant)
{
    return make(machine, variant, false);
}
