/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The object that farld adds to each link. It only makes room and names it: the stubs, the linkage header, copies of
 * host data, thunks and their words. What belongs there is known after the link and filled in then (write.c, thunks.c),
 * so the object needs no relocations but those of .eh_frame, and little of it depends on the machine. Its sections are
 * marked to be kept, as each KEEP in the linker script costs lld a look at every section.
 */
#include "linker-plugin/like.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define COPY_ALIGN 32

struct text {
    char *bytes;
    size_t size, room;
};

struct glue {
    struct link *link;
    Elf *elf;
    struct text names;   /* .shstrtab */
    struct text strings; /* .strtab */
    Elf64_Sym *locals, *globals;
    size_t local_count, global_count;
    bool failed;
    struct code {
        size_t symbol; /* of its start */
        size_t size;
    } codes[3]; /* stubs and thunks */
    size_t code_count;
    size_t relocations; /* the section */
};

static void text_make_room(struct arena *arena, struct text *text, size_t room)
{
    char *longer;

    if (room <= text->room)
        return;
    longer = arena_allocate(arena, 2 * room);
    if (text->size)
        memcpy(longer, text->bytes, text->size);
    text->bytes = longer;
    text->room = 2 * room;
}

static uint32_t text_add(struct arena *arena, struct text *text, const char *string)
{
    size_t length = strlen(string) + 1, at = text->size ? text->size : 1;

    text_make_room(arena, text, at + length);
    memcpy(text->bytes + at, string, length);
    text->size = at + length;
    return (uint32_t)at;
}

struct section {
    const char *name;
    uint32_t type;
    uint64_t flags, align, entry_size;
    void *bytes;
    size_t size;
    Elf_Type data_type;
    uint32_t link, info;
};

/* Returns the section's index. */
static size_t add_section(struct glue *glue, const struct section *from)
{
    Elf_Scn *section = elf_newscn(glue->elf);
    Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;
    Elf_Data *data = section ? elf_newdata(section) : NULL;

    if (!header || !data) {
        glue->failed = true;
        return 0;
    }
    header->sh_name = text_add(&glue->link->arena, &glue->names, from->name);
    header->sh_type = from->type;
    header->sh_flags = from->flags;
    header->sh_addralign = from->align;
    header->sh_entsize = from->entry_size;
    header->sh_link = from->link;
    header->sh_info = from->info;
    data->d_buf = from->bytes;
    data->d_size = from->size;
    data->d_type = from->data_type;
    data->d_align = from->align;
    data->d_version = EV_CURRENT;
    return elf_ndxscn(section);
}

static size_t add_room(struct glue *glue, const char *name, uint64_t flags, uint64_t align, size_t size, int fill)
{
    struct section section = {
        .name = name, .type = SHT_PROGBITS, .flags = SHF_ALLOC | flags, .align = align, .size = size};

    section.bytes = arena_allocate(&glue->link->arena, size);
    memset(section.bytes, fill, size);
    return add_section(glue, &section);
}

static void add_local(struct glue *glue, const char *name, unsigned type, size_t section, uint64_t value, uint64_t size)
{
    *LIST_ADD(&glue->link->arena, glue->locals, glue->local_count) =
        (Elf64_Sym){.st_name = text_add(&glue->link->arena, &glue->strings, name),
                    .st_info = ELF64_ST_INFO(STB_LOCAL, type),
                    .st_shndx = (Elf64_Half)section,
                    .st_value = value,
                    .st_size = size};
}

/* Code that gets an entry in .eh_frame, found by the symbol of its section. */
static void add_code(struct glue *glue, size_t section, size_t size)
{
    add_local(glue, "", STT_SECTION, section, 0, 0);
    glue->codes[glue->code_count++] = (struct code){glue->local_count, size};
}

static void add_stub_part(struct glue *glue, const char *section_name, const char *prefix)
{
    struct link *link = glue->link;
    size_t section = add_room(glue, section_name, SHF_EXECINSTR | SHF_GNU_RETAIN, FAR_STUB_SIZE,
                              (size_t)link->slot_count * FAR_STUB_SIZE, link->machine->breakpoint);

    add_code(glue, section, (size_t)link->slot_count * FAR_STUB_SIZE);
    add_local(glue, arena_format(&link->arena, "%sgate", prefix), STT_FUNC, section, 0, FAR_STUB_SIZE);
    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        const struct far_op *op = iface_op(link->iface, i);

        add_local(glue, arena_format(&link->arena, "%s%s", prefix, iface_string(link->iface, op->name)), STT_FUNC,
                  section, (uint64_t)op->slot * FAR_STUB_SIZE, FAR_STUB_SIZE);
    }
}

static void add_global(struct glue *glue, const char *name, size_t section, uint64_t size)
{
    *LIST_ADD(&glue->link->arena, glue->globals, glue->global_count) =
        (Elf64_Sym){.st_name = text_add(&glue->link->arena, &glue->strings, name),
                    .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
                    .st_other = STV_HIDDEN,
                    .st_shndx = (Elf64_Half)section,
                    .st_size = size};
}

/* Words, not symbols of the script: sections that the script does not name may still come to lie behind the last one.
 */
static void add_heap_range(struct glue *glue)
{
    add_global(glue, GLUE_HEAP_RANGE, add_room(glue, GLUE_DATA, SHF_WRITE | SHF_GNU_RETAIN, 16, 16, 0), 16);
}

/* Sections of their own, so that copies nobody uses go away. */
static void add_copies(struct glue *glue)
{
    struct link *link = glue->link;

    for (size_t i = 0; i < link->copy_count; i++) {
        const struct host_symbol *symbol = link->copies[i].symbol;
        size_t section = add_room(glue, arena_format(&link->arena, GLUE_COPY_PREFIX "%s", symbol->name), SHF_WRITE,
                                  COPY_ALIGN, symbol->size, 0);

        add_global(glue, symbol->name, section, symbol->size);
    }
}

/* Room only: which thunks there are, and their names, is known after the link (thunks.c). */
static void add_thunks(struct glue *glue)
{
    struct link *link = glue->link;
    size_t like = like_thunk_count(link), count = link->thunk_room > like ? link->thunk_room : like, code;

    code = add_room(glue, GLUE_THUNKS, SHF_EXECINSTR | SHF_GNU_RETAIN, FAR_STUB_SIZE, count * FAR_STUB_SIZE,
                    link->machine->breakpoint);
    add_code(glue, code, count * FAR_STUB_SIZE);
    add_room(glue, GLUE_THUNK_WORDS, SHF_WRITE | SHF_GNU_RETAIN, 8, count * 8, 0);
}

#define CIE_SIZE 24 /* bytes, the length word included */
#define FDE_SIZE 24

static void put_word(uint8_t *at, uint32_t word)
{
    memcpy(at, &word, sizeof word); /* both machines are little-endian, and so is where farld runs */
}

/* One for each kind of code that the glue makes room for; lld fills in where that is. */
static void fill_unwind(const struct glue *glue, uint8_t *bytes)
{
    static const uint8_t head[] = {1, 'z', 'R', 0}; /* version; addresses are distances */

    put_word(bytes, CIE_SIZE - 4);
    memcpy(bytes + 8, head, sizeof head);
    memcpy(bytes + 8 + sizeof head, glue->link->machine->unwind, STUB_UNWIND_SIZE);
    for (size_t i = 0; i < glue->code_count; i++) {
        uint8_t *fde = bytes + CIE_SIZE + i * FDE_SIZE;

        put_word(fde, FDE_SIZE - 4);
        put_word(fde + 4, (uint32_t)(fde + 4 - bytes)); /* back to the CIE */
        put_word(fde + 12, (uint32_t)glue->codes[i].size);
    }
}

/* So that a debugger or an unwinder that stands in a stub or a thunk finds the caller. */
static void add_unwind(struct glue *glue)
{
    struct arena *arena = &glue->link->arena;
    Elf64_Rela *relocations = arena_allocate(arena, glue->code_count * sizeof *relocations);
    struct section frames = {.name = ".eh_frame",
                             .type = SHT_PROGBITS,
                             .flags = SHF_ALLOC,
                             .align = 8,
                             .size = CIE_SIZE + glue->code_count * FDE_SIZE};
    struct section table = {.name = ".rela.eh_frame",
                            .type = SHT_RELA,
                            .flags = SHF_INFO_LINK,
                            .align = 8,
                            .entry_size = sizeof *relocations,
                            .bytes = relocations,
                            .size = glue->code_count * sizeof *relocations,
                            .data_type = ELF_T_RELA};

    frames.bytes = arena_allocate(arena, frames.size);
    fill_unwind(glue, frames.bytes);
    for (size_t i = 0; i < glue->code_count; i++)
        relocations[i] = (Elf64_Rela){.r_offset = CIE_SIZE + i * FDE_SIZE + 8,
                                      .r_info = ELF64_R_INFO(glue->codes[i].symbol, glue->link->machine->distance)};
    table.info = (uint32_t)add_section(glue, &frames);
    glue->relocations = add_section(glue, &table); /* its sh_link: once there is a table of symbols */
}

static void link_relocations(struct glue *glue, size_t symbols)
{
    Elf_Scn *section = elf_getscn(glue->elf, glue->relocations);
    Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;

    if (header)
        header->sh_link = (uint32_t)symbols;
    else
        glue->failed = true;
}

static void add_symbols(struct glue *glue)
{
    struct link *link = glue->link;
    size_t count = 1 + glue->local_count + glue->global_count;
    Elf64_Sym *symbols = arena_allocate(&link->arena, count * sizeof *symbols);
    struct section strings = {.name = ".strtab", .type = SHT_STRTAB, .align = 1};
    struct section table = {.name = ".symtab",
                            .type = SHT_SYMTAB,
                            .align = 8,
                            .entry_size = sizeof *symbols,
                            .bytes = symbols,
                            .size = count * sizeof *symbols,
                            .data_type = ELF_T_SYM,
                            .info = (uint32_t)(1 + glue->local_count)};

    if (glue->local_count)
        memcpy(symbols + 1, glue->locals, glue->local_count * sizeof *symbols);
    if (glue->global_count)
        memcpy(symbols + 1 + glue->local_count, glue->globals, glue->global_count * sizeof *symbols);
    strings.bytes = glue->strings.bytes;
    strings.size = glue->strings.size;
    table.link = (uint32_t)add_section(glue, &strings);
    link_relocations(glue, add_section(glue, &table));
}

/* Last, as it names itself too. */
static size_t add_section_names(struct glue *glue)
{
    struct section names = {.name = ".shstrtab", .type = SHT_STRTAB, .align = 1};
    size_t index;
    Elf_Data *data;

    index = add_section(glue, &names);
    data = elf_getdata(elf_getscn(glue->elf, index), NULL);
    if (!data)
        return 0;
    data->d_buf = glue->names.bytes;
    data->d_size = glue->names.size;
    return index;
}

static void fill_glue(struct glue *glue)
{
    struct section no_stack = {.name = ".note.GNU-stack", .type = SHT_PROGBITS, .align = 1};
    Elf64_Ehdr *header = elf64_newehdr(glue->elf);

    if (!header) {
        glue->failed = true;
        return;
    }
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_type = ET_REL;
    header->e_machine = glue->link->machine->elf_machine;
    header->e_version = EV_CURRENT;
    add_stub_part(glue, FAR_SECTION_FSTUBS, "far_fstub.");
    add_stub_part(glue, FAR_SECTION_DSTUBS, "far_dstub.");
    add_local(glue, "far_linkage", STT_OBJECT,
              add_room(glue, FAR_SECTION_LINKAGE, SHF_WRITE | SHF_GNU_RETAIN, 64, FAR_LINKAGE_HEADER, 0), 0,
              FAR_LINKAGE_HEADER);
    add_heap_range(glue); /* always there: a part may not be empty */
    add_copies(glue);
    add_thunks(glue);
    add_unwind(glue);
    add_section(glue, &no_stack);
    add_symbols(glue);
    header->e_shstrndx = (Elf64_Half)add_section_names(glue);
}

int glue_write(struct link *link, const char *path)
{
    struct glue glue = {.link = link};
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_add(&link->errors, EX_CANTCREAT, "cannot write '%s': %s", path, strerror(errno));
    glue.elf = elf_begin(fd, ELF_C_WRITE, NULL);
    if (glue.elf)
        fill_glue(&glue);
    if (!glue.elf || glue.failed || elf_update(glue.elf, ELF_C_WRITE) < 0)
        error_add(&link->errors, EX_IOERR, "cannot write '%s': %s", path, elf_errmsg(-1));
    elf_end(glue.elf);
    close(fd);
    return link->errors.status;
}
