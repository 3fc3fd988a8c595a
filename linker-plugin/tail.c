/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The end of the file. What lld laid out stays where it is, up to the tables that must change; these follow anew:
 *
 *     … .data │ .comment .debug_* │ .symtab .strtab .shstrtab │ .far.iface … .note.farcall │ section headers
 *     └───────── as it is ────────┘ └── with thunks' names ───┘ └─────── ours ───────────┘
 *
 * The old tables are copied out of the mapped file before the new ones are written over them.
 */
#include "linker-plugin/farld.h"
#include "linker-plugin/sign.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct chunk {
    const void *bytes;
    size_t size, offset;
};

struct tail {
    struct link *link;
    Elf64_Shdr *headers; /* the new ones */
    size_t old_count, count;
    size_t end; /* of the file so far */
    struct chunk *chunks;
    size_t chunk_count;
};

/* Bytes that will stand at the end; returns their offset. */
static size_t append(struct tail *tail, const void *bytes, size_t size, uint64_t align)
{
    size_t offset = tail->end;

    if (align > 1)
        offset = (offset + align - 1) & ~((size_t)align - 1);
    *LIST_ADD(&tail->link->arena, tail->chunks, tail->chunk_count) = (struct chunk){bytes, size, offset};
    tail->end = offset + size;
    return offset;
}

static size_t index_of(const struct image *image, const Elf64_Shdr *section)
{
    return (size_t)(section - image->sections);
}

/* The end of what stays. */
static size_t end_of_kept(const struct image *image, const size_t renewed[3])
{
    size_t end = sizeof(Elf64_Ehdr) + image->header->e_phnum * sizeof(Elf64_Phdr);

    for (size_t i = 1; i < image->header->e_shnum; i++) {
        const Elf64_Shdr *section = &image->sections[i];

        if (i != renewed[0] && i != renewed[1] && i != renewed[2] && section->sh_type != SHT_NOBITS &&
            section->sh_offset + section->sh_size > end)
            end = section->sh_offset + section->sh_size;
    }
    return end;
}

static void set_symbol(Elf64_Sym *symbol, uint32_t name, unsigned type, const struct image *image, const char *section,
                       uint64_t address, uint64_t size)
{
    *symbol = (Elf64_Sym){.st_name = name,
                          .st_info = ELF64_ST_INFO(STB_LOCAL, type),
                          .st_shndx = (Elf64_Half)index_of(image, image_section(image, section)),
                          .st_value = address,
                          .st_size = size};
}

/* The table of symbols, with two more for each thunk before the first that is global, and their names. */
static void renew_symbols(struct tail *tail, size_t symtab, size_t strtab)
{
    const struct image *image = &tail->link->image;
    const Elf64_Shdr *old = &image->sections[symtab], *old_strings = &image->sections[strtab];
    size_t locals = old->sh_info, added = 2 * tail->link->thunk_count, at = old_strings->sh_size;
    Elf64_Sym *symbols = arena_allocate(&tail->link->arena, (image->symbol_count + added) * sizeof *symbols);
    char *strings;

    for (size_t i = 0; i < tail->link->thunk_count; i++)
        at += 2 * strlen(tail->link->thunks[i].name) + sizeof "far_thunk." + sizeof "far_host.";
    strings = arena_allocate(&tail->link->arena, at);
    memcpy(strings, image->symbol_names, old_strings->sh_size);
    memcpy(symbols, image->symbols, locals * sizeof *symbols);
    memcpy(symbols + locals + added, image->symbols + locals, (image->symbol_count - locals) * sizeof *symbols);
    at = old_strings->sh_size;
    for (size_t i = 0; i < tail->link->thunk_count; i++) {
        const struct thunk *thunk = &tail->link->thunks[i];

        set_symbol(&symbols[locals + 2 * i], (uint32_t)at, STT_FUNC, image, GLUE_THUNKS, thunk->code, FAR_STUB_SIZE);
        at = (size_t)(stpcpy(stpcpy(strings + at, "far_thunk."), thunk->name) - strings) + 1;
        set_symbol(&symbols[locals + 2 * i + 1], (uint32_t)at, STT_OBJECT, image, GLUE_THUNK_WORDS, thunk->word, 8);
        at = (size_t)(stpcpy(stpcpy(strings + at, "far_host."), thunk->name) - strings) + 1;
    }
    tail->headers[symtab].sh_size = (image->symbol_count + added) * sizeof *symbols;
    tail->headers[symtab].sh_info = (uint32_t)(locals + added);
    tail->headers[symtab].sh_offset = append(tail, symbols, tail->headers[symtab].sh_size, 8);
    tail->headers[strtab].sh_size = at;
    tail->headers[strtab].sh_offset = append(tail, strings, at, 1);
}

static void renew_section_names(struct tail *tail, size_t index, const struct blob *blobs, size_t count)
{
    const struct image *image = &tail->link->image;
    size_t size = image->sections[index].sh_size, at = size;
    char *names;

    for (size_t i = 0; i < count; i++)
        size += strlen(blobs[i].name) + 1;
    names = arena_allocate(&tail->link->arena, size);
    memcpy(names, image->section_names, at);
    for (size_t i = 0; i < count; i++) {
        tail->headers[tail->old_count + i].sh_name = (uint32_t)at;
        at = (size_t)(stpcpy(names + at, blobs[i].name) - names) + 1;
    }
    tail->headers[index].sh_size = size;
    tail->headers[index].sh_offset = append(tail, names, size, 1);
}

static void add_blob(struct tail *tail, Elf64_Shdr *header, const struct blob *blob)
{
    header->sh_type = blob->type;
    header->sh_size = blob->size;
    header->sh_addralign = blob->align;
    header->sh_offset = append(tail, blob->bytes, blob->size, blob->align);
}

static int write_at(int fd, const uint8_t *bytes, size_t size, size_t offset)
{
    while (size) {
        ssize_t put = pwrite(fd, bytes, size, (off_t)offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return -1;
        bytes += put;
        size -= (size_t)put;
        offset += (size_t)put;
    }
    return 0;
}

/* Gaps between chunks are zero: the file is cut off first. */
static int write_chunks(const struct tail *tail, size_t kept)
{
    struct link *link = tail->link;
    int failed = ftruncate(link->image.fd, (off_t)kept);

    for (size_t i = 0; !failed && i < tail->chunk_count; i++)
        failed = write_at(link->image.fd, tail->chunks[i].bytes, tail->chunks[i].size, tail->chunks[i].offset);
    return failed ? error_add(&link->errors, EX_IOERR, "cannot write the segment: %s", strerror(errno)) : 0;
}

int tail_write(struct link *link, const struct blob *blobs, size_t count, size_t *end, struct signature **signature)
{
    const struct image *image = &link->image;
    size_t symtab = index_of(image, image_section(image, ".symtab")), strtab = image->sections[symtab].sh_link;
    size_t renewed[3] = {symtab, strtab, image->header->e_shstrndx};
    struct tail tail = {.link = link, .old_count = image->header->e_shnum, .count = image->header->e_shnum + count};
    Elf64_Ehdr *header = (Elf64_Ehdr *)image->bytes;
    size_t kept = end_of_kept(image, renewed);

    tail.headers = arena_allocate(&link->arena, tail.count * sizeof *tail.headers);
    memcpy(tail.headers, image->sections, tail.old_count * sizeof *tail.headers);
    tail.end = kept;
    renew_symbols(&tail, symtab, strtab);
    renew_section_names(&tail, renewed[2], blobs, count);
    for (size_t i = 0; i < count; i++)
        add_blob(&tail, &tail.headers[tail.old_count + i], &blobs[i]);
    *end = tail.end;
    header->e_shoff = append(&tail, tail.headers, tail.count * sizeof *tail.headers, 8);
    header->e_shnum = (Elf64_Half)tail.count;
    *signature = sign_start(link, link->image.bytes, kept);
    return write_chunks(&tail, kept);
}
