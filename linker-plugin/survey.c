/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Read the survey link: lld's map says which input section lies where, --emit-relocs who refers to what. */
#include "linker-plugin/farld.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define MAP_INPUT_INDENT \
    8 /* lld's map: output sections start in column 0 of the text, inputs 8 further, symbols 16   \
                            */

/* "kv.o:(.text.kv_put)", directories left out. */
static bool parse_place(struct arena *arena, const char *text, struct piece *piece)
{
    const char *open = strstr(text, ":(");
    size_t length = strlen(text);
    const char *file;

    if (!open || length < 3 || text[length - 1] != ')')
        return false;
    file = arena_copy(arena, text, (size_t)(open - text));
    piece->file = path_base(file);
    piece->section = arena_copy(arena, open + 2, length - (size_t)(open - text) - 3);
    return true;
}

static bool is_mapped_section(const struct image *image, const char *name)
{
    const Elf64_Shdr *section = image_section(image, name);

    return section && section->sh_flags & SHF_ALLOC;
}

/*
 * A line of the map: VMA LMA size align, then the text. *mapped: whether the output section being listed is mapped; the
 * others have addresses from 0 on, too.
 */
static void parse_line(struct link *link, const char *line, bool *mapped)
{
    struct survey *survey = &link->survey;
    unsigned long long start, load, size, align;
    struct piece piece = {0};
    int used = 0;

    if (sscanf(line, " %llx %llx %llx %llu%n", &start, &load, &size, &align, &used) != 4)
        return;
    line += used + 1; /* one blank, then the columns */
    if (*line != ' ')
        *mapped = is_mapped_section(&survey->image, line);
    if (!*mapped || size == 0)
        return;
    for (int i = 0; i < MAP_INPUT_INDENT; i++) {
        if (line[i] != ' ')
            return;
    }
    if (line[MAP_INPUT_INDENT] == ' ' || !parse_place(&link->arena, line + MAP_INPUT_INDENT, &piece))
        return;
    piece.start = start;
    piece.end = start + size;
    *LIST_ADD(&link->arena, survey->pieces, survey->piece_count) = piece;
}

static int by_start(const void *a, const void *b)
{
    const struct piece *one = a, *other = b;

    return one->start < other->start ? -1 : one->start > other->start;
}

static int read_map(struct link *link, const char *path)
{
    struct survey *survey = &link->survey;
    uint8_t *bytes;
    size_t size;
    char *line, *rest;
    bool mapped = false;

    if (file_read(&link->arena, &link->errors, path, &bytes, &size))
        return link->errors.status;
    for (line = strtok_r((char *)bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        parse_line(link, line, &mapped);
    if (survey->piece_count == 0)
        return error_add(&link->errors, EX_SOFTWARE, "farld cannot read the map of ld.lld; which version is it?");
    qsort(survey->pieces, survey->piece_count, sizeof *survey->pieces, by_start);
    return 0;
}

const struct piece *survey_piece(const struct survey *survey, uint64_t address)
{
    size_t low = 0, high = survey->piece_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (address >= survey->pieces[middle].end)
            low = middle + 1;
        else
            high = middle;
    }
    return low < survey->piece_count && address >= survey->pieces[low].start ? &survey->pieces[low] : NULL;
}

static int by_site(const void *a, const void *b)
{
    const struct reference *one = a, *other = b;

    return one->site < other->site ? -1 : one->site > other->site;
}

static bool is_mapped(const struct image *image, uint32_t section)
{
    return section < image->header->e_shnum && image->sections[section].sh_flags & SHF_ALLOC;
}

/* The relocations that lld kept for us apply to a section (sh_info) and are not mapped; its dynamic ones are. */
static void read_references(struct link *link)
{
    struct survey *survey = &link->survey;
    const struct image *image = &survey->image;

    for (size_t i = 1; i < image->header->e_shnum; i++) {
        const Elf64_Shdr *section = &image->sections[i];
        const Elf64_Rela *relocations = (const Elf64_Rela *)(image->bytes + section->sh_offset);

        if (section->sh_type != SHT_RELA || section->sh_flags & SHF_ALLOC || !is_mapped(image, section->sh_info) ||
            !strcmp(image_section_name(image, &image->sections[section->sh_info]), ".eh_frame"))
            continue;
        for (size_t r = 0; r < section->sh_size / sizeof *relocations; r++) {
            if (ELF64_R_SYM(relocations[r].r_info) < image->symbol_count)
                *LIST_ADD(&link->arena, survey->references, survey->reference_count) =
                    (struct reference){.site = relocations[r].r_offset,
                                       .symbol = (uint32_t)ELF64_R_SYM(relocations[r].r_info),
                                       .type = (uint32_t)ELF64_R_TYPE(relocations[r].r_info),
                                       .addend = relocations[r].r_addend};
        }
    }
    if (survey->reference_count)
        qsort(survey->references, survey->reference_count, sizeof *survey->references, by_site);
}

static size_t first_reference_from(const struct survey *survey, uint64_t address)
{
    size_t low = 0, high = survey->reference_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (survey->references[middle].site < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void survey_references_in(const struct survey *survey, const struct piece *piece, size_t *first, size_t *end)
{
    *first = first_reference_from(survey, piece->start);
    *end = first_reference_from(survey, piece->end);
}

const char *survey_place_name(struct link *link, uint64_t address)
{
    const struct image *image = &link->survey.image;
    const struct piece *piece = survey_piece(&link->survey, address);
    const Elf64_Sym *best = NULL;

    for (size_t i = 1; i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];
        unsigned type = ELF64_ST_TYPE(symbol->st_info);

        if ((type != STT_FUNC && type != STT_OBJECT) || symbol->st_shndx == SHN_UNDEF || address < symbol->st_value ||
            address - symbol->st_value >= (symbol->st_size ? symbol->st_size : 1))
            continue;
        if (!best || (ELF64_ST_BIND(best->st_info) == STB_LOCAL && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL))
            best = symbol;
    }
    if (best)
        return image_symbol_name(image, best);
    return piece ? arena_format(&link->arena, "%s:(%s)", piece->file, piece->section) : "?";
}

/* Thread-local variables of the archive members that were linked; prescan.c has looked at the objects. */
static void refuse_thread_locals(struct link *link)
{
    const struct survey *survey = &link->survey;

    for (size_t i = 1; i < survey->image.symbol_count; i++) {
        const Elf64_Sym *symbol = &survey->image.symbols[i];
        const char *name = image_symbol_name(&survey->image, symbol);
        const char *object = table_find(&link->thread_locals, name);

        if (ELF64_ST_TYPE(symbol->st_info) == STT_TLS)
            error_add(&link->errors, EX_DATAERR,
                      "%s%sthread-local variable '%s' is linked in: a segment's code runs in the threads "
                      "of many processes",
                      object ? object : "", object ? ": " : "", name);
    }
    for (size_t i = 0; i < survey->reference_count; i++) {
        const struct reference *reference = &survey->references[i];
        const struct piece *piece = survey_piece(survey, reference->site);

        if (link->machine->relocation_kind(reference->type) != RELOCATION_THREAD_LOCAL)
            continue;
        error_add(&link->errors, EX_DATAERR,
                  "%s:(%s) uses a thread-local variable in function %s: a segment's code runs in the "
                  "threads of many processes",
                  piece ? piece->file : "?", piece ? piece->section : "?", survey_place_name(link, reference->site));
        break; /* the first use is enough: one variable has many */
    }
}

int survey_read(struct link *link, const char *image_path, const char *map_path)
{
    if (image_read(link, &link->survey.image, image_path) || read_map(link, map_path))
        return link->errors.status;
    read_references(link);
    refuse_thread_locals(link);
    return link->errors.status;
}
