/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Where each input section of data goes, so that what is in it lies where OTHER has it. A section goes by the first of its
 * variables that OTHER has: with -fdata-sections it is the only one; without, the compiler lays out the rest, and if it did
 * so otherwise than for the other machine the finished segment says so.
 *
 * Constants go their own ways, but for those that data points at.
 */
#include "linker-plugin/archive.h"
#include "linker-plugin/like.h"

#include <stdlib.h>
#include <string.h>

/* An input section, as the linker script names it, and its place. */
struct placed {
    uint64_t at;
    size_t order;
    const char *pattern;
};

struct layout {
    struct link *link;
    struct table seen; /* name and source → how many have been met, +1 */
    struct placed *sections;
    size_t count;
};

/* One object, while its symbols are gone through. */
struct scan {
    struct layout *layout;
    const char *file; /* "libz.a:inflate.o", as the linker script names it */
    const char *source;
    Elf *elf;
    size_t section_names;
    bool *done; /* by section */
    size_t section_count;
};

static bool is_pointed_at(const struct like *like, const struct named_place *place)
{
    for (size_t i = 0; i < like->word_count; i++) {
        const struct address_word *word = &like->words[i];

        if (word->code == FAR_RELOC_REBASE && word->value - place->address < place->size)
            return true;
    }
    return false;
}

static bool is_wanted(const struct like *like, const struct named_place *place)
{
    enum far_part part = segment_part_at(&like->segment, place->address);

    return place->size && (part == FAR_PART_DATA || (part == FAR_PART_CONST && is_pointed_at(like, place)));
}

/* The range of OTHER's places of one name. */
static size_t first_of_name(const struct like *like, const char *name)
{
    size_t low = 0, high = like->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(like->by_name[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_of_name(const struct like *like, size_t at, const char *name)
{
    return at < like->count && !strcmp(like->by_name[at].name, name);
}

/* How many of this name and source have been met before, this one not counted. */
static size_t met_before(struct layout *layout, const char *name, const char *source)
{
    struct arena *arena = &layout->link->arena;
    const char *key = arena_format(arena, "%s\n%s", name, source);
    size_t before = (size_t)(uintptr_t)table_find(&layout->seen, key);

    table_set(arena, &layout->seen, key, (void *)(uintptr_t)(before + 1));
    return before;
}

/*
 * An earlier version's place for a variable: static ones by name and source, as of two of them one may be new and the
 * other gone; a global one by its name, from whatever file it came.
 */
static const struct named_place *place_before(struct layout *layout, const char *name, const char *source, bool local)
{
    const struct like *like = layout->link->like;
    size_t first = first_of_name(like, name), skip = local ? met_before(layout, name, source) : 0;

    for (size_t i = first; is_of_name(like, i, name); i++) {
        if (!strcmp(like->by_name[i].source, source) && skip-- == 0)
            return &like->by_name[i];
    }
    return !local && is_of_name(like, first, name) && !is_of_name(like, first + 1, name) ? &like->by_name[first] : NULL;
}

/* OTHER's place for a variable: by its name; static ones of several files by their source, and then in order. */
static const struct named_place *place_in_other(struct layout *layout, const char *name, const char *source, bool local)
{
    const struct like *like = layout->link->like;
    size_t first = first_of_name(like, name), skip;

    if (!is_of_name(like, first, name))
        return NULL;
    if (!is_of_name(like, first + 1, name))
        return &like->by_name[first];
    skip = local ? met_before(layout, name, source) : 0;
    for (size_t i = first; is_of_name(like, i, name); i++) {
        if ((!local || !strcmp(like->by_name[i].source, source)) && skip-- == 0)
            return &like->by_name[i];
    }
    return NULL;
}

static void place_section(struct scan *scan, const char *section, uint64_t at, uint64_t alignment)
{
    struct layout *layout = scan->layout;
    struct like *like = layout->link->like;

    if (alignment && at % alignment && !like->misaligned)
        like->misaligned =
            arena_format(&layout->link->arena, "section %s of %s is aligned to %llu bytes, and 0x%llx is not", section,
                         path_base(scan->file), (unsigned long long)alignment, (unsigned long long)at);
    *LIST_ADD(&layout->link->arena, layout->sections, layout->count) =
        (struct placed){.at = at,
                        .order = layout->count,
                        .pattern = arena_format(&layout->link->arena, "\"%s\"(\"%s\")", scan->file, section)};
}

static bool is_movable(const Elf64_Shdr *header, const char *name)
{
    static const char *const prefixes[] = {".data", ".bss", ".rodata"};

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
            return header->sh_flags & SHF_ALLOC && !(header->sh_flags & (SHF_MERGE | SHF_TLS));
    }
    return false;
}

static void scan_symbol(struct scan *scan, const Elf64_Sym *symbol, const char *name)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    bool local = ELF64_ST_BIND(symbol->st_info) == STB_LOCAL;
    const struct named_place *other;
    const Elf64_Shdr *header;
    const char *section;

    if (type == STT_FILE)
        scan->source = name;
    if (type != STT_OBJECT || symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= scan->section_count)
        return;
    other =
        (scan->layout->link->like->upgrade ? place_before : place_in_other)(scan->layout, name, scan->source, local);
    header = elf64_getshdr(elf_getscn(scan->elf, symbol->st_shndx));
    section = header ? elf_strptr(scan->elf, scan->section_names, header->sh_name) : NULL;
    if (!other || !section || scan->done[symbol->st_shndx] || !is_movable(header, section) ||
        !is_wanted(scan->layout->link->like, other) || other->address < symbol->st_value)
        return;
    scan->done[symbol->st_shndx] = true;
    place_section(scan, section, other->address - symbol->st_value, header->sh_addralign);
}

static void scan_object(struct layout *layout, const char *file, Elf *elf)
{
    struct scan scan = {.layout = layout, .file = file, .source = "", .elf = elf};
    const Elf64_Ehdr *about = elf64_getehdr(elf);
    Elf_Scn *section = NULL;

    if (!about || about->e_shoff % _Alignof(Elf64_Shdr)) /* libelf would read its table of sections there */
        return;
    if (elf_getshdrstrndx(elf, &scan.section_names) || elf_getshdrnum(elf, &scan.section_count))
        return;
    scan.done = arena_allocate(&layout->link->arena, scan.section_count * sizeof *scan.done);
    while ((section = elf_nextscn(elf, section))) {
        const Elf64_Shdr *header = elf64_getshdr(section);
        const Elf_Data *data = header && header->sh_type == SHT_SYMTAB ? elf_getdata(section, NULL) : NULL;
        const Elf64_Sym *symbols = data ? data->d_buf : NULL;

        for (size_t i = 1; symbols && i < data->d_size / sizeof *symbols; i++) {
            const char *name = elf_strptr(elf, header->sh_link, symbols[i].st_name);

            if (name)
                scan_symbol(&scan, &symbols[i], name);
        }
    }
}

static void scan_archive(struct layout *layout, const char *path, struct archive archive)
{
    struct arena *arena = &layout->link->arena;
    struct archive_member member;
    const char *why;

    while (archive_next(&archive, &member, &why) == ARCHIVE_MEMBER) {
        /* Members lie at even addresses only; libelf would read their structures there. */
        Elf *elf = elf_memory(arena_copy(arena, (const char *)member.bytes, member.size), member.size);

        if (elf && elf_kind(elf) == ELF_K_ELF)
            scan_object(layout, arena_format(arena, "%s:%.*s", path, (int)member.name_size, member.name), elf);
        elf_end(elf);
    }
}

static int scan_file(struct layout *layout, const char *path)
{
    struct link *link = layout->link;
    uint8_t *bytes;
    size_t size;
    Elf *elf;

    if (file_read(&link->arena, &link->errors, path, &bytes, &size))
        return link->errors.status;
    if (archive_is(bytes, size)) {
        scan_archive(layout, path, archive_open(bytes, size));
        return 0;
    }
    elf = elf_memory((char *)bytes, size);
    if (elf && elf_kind(elf) == ELF_K_ELF)
        scan_object(layout, path, elf);
    elf_end(elf);
    return 0;
}

/* What lld compiles from bitcode has no file to name; with a section for each variable, the variable's name will do. */
static void place_by_name(struct layout *layout)
{
    const struct like *like = layout->link->like;

    for (size_t i = 0; i < like->count; i++) {
        const char *name = like->by_name[i].name;
        bool alone = (i == 0 || strcmp(like->by_name[i - 1].name, name)) && !is_of_name(like, i + 1, name);

        if (alone && is_wanted(like, &like->by_name[i]) && !strchr(name, '"'))
            *LIST_ADD(&layout->link->arena, layout->sections, layout->count) = (struct placed){
                .at = like->by_name[i].address,
                .order = layout->count,
                .pattern =
                    arena_format(&layout->link->arena, "*(\".data.%s\" \".bss.%s\" \".data.rel.ro.%s\" \".rodata.%s\")",
                                 name, name, name, name)};
    }
}

static int by_place(const void *a, const void *b)
{
    const struct placed *one = a, *other = b;

    if (one->at != other->at)
        return one->at < other->at ? -1 : 1;
    return one->order < other->order ? -1 : one->order > other->order;
}

/* The lines for what lies in [start, end). MAX: what does not fit moves on, and the finished segment says so. */
static const char *lines_between(const struct layout *layout, uint64_t start, uint64_t end)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const char *kept;

    for (size_t i = 0; out && i < layout->count; i++) {
        const struct placed *section = &layout->sections[i];

        if (section->at < start || section->at >= end)
            continue;
        if (i == 0 || section->at != layout->sections[i - 1].at)
            fprintf(out, "    . = MAX(., 0x%llx);\n", (unsigned long long)section->at);
        fprintf(out, "    %s\n", section->pattern);
    }
    if (!out || fclose(out))
        return NULL;
    kept = arena_copy(&layout->link->arena, text, size);
    free(text);
    return kept;
}

int like_lay_out(struct link *link)
{
    struct layout layout = {.link = link};
    struct like *like = link->like;
    const struct far_extent *part;
    int status = 0;

    if (!like)
        return 0;
    part = like->segment.part;
    for (size_t i = 0; i < link->input_count && !status; i++) {
        if (link->inputs[i].passed_to_lld)
            status = scan_file(&layout, link->inputs[i].path);
    }
    status = status ? status : scan_file(&layout, machine_farseg(link));
    if (link->has_bitcode)
        place_by_name(&layout);
    if (layout.count)
        qsort(layout.sections, layout.count, sizeof *layout.sections, by_place);
    like->constants = lines_between(&layout, part[FAR_PART_CONST].address, part[FAR_PART_LINKAGE].address);
    like->data = lines_between(&layout, part[FAR_PART_DATA].address, like->layout.zeroed);
    like->bss = lines_between(&layout, like->layout.zeroed, part[FAR_PART_HEAP].address);
    return status;
}
