/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* lld's map says which input section lies where; --map prints that by part. */
#include "linker-plugin/farld.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define MAP_INPUT_INDENT 8 /* output sections start in column 0 of the text, inputs 8 further, symbols 16 */

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
    unsigned long long start, load, size, align;
    struct piece piece = {0};
    int used = 0;

    if (sscanf(line, " %llx %llx %llx %llu%n", &start, &load, &size, &align, &used) != 4)
        return;
    line += used + 1; /* one blank, then the columns */
    if (*line != ' ')
        *mapped = is_mapped_section(&link->image, line);
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
    *LIST_ADD(&link->arena, link->pieces, link->piece_count) = piece;
}

static int by_start(const void *a, const void *b)
{
    const struct piece *one = a, *other = b;

    return one->start < other->start ? -1 : one->start > other->start;
}

int map_read(struct link *link, const char *path)
{
    uint8_t *bytes;
    size_t size;
    char *line, *rest;
    bool mapped = false;

    if (file_read(&link->arena, &link->errors, path, &bytes, &size))
        return link->errors.status;
    for (line = strtok_r((char *)bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        parse_line(link, line, &mapped);
    if (link->piece_count == 0)
        return error_add(&link->errors, EX_SOFTWARE, "farld cannot read the map of ld.lld; which version is it?");
    qsort(link->pieces, link->piece_count, sizeof *link->pieces, by_start);
    return 0;
}

/* Of one output section; the pieces are sorted, so the first is searched for. */
static void print_pieces_of(const struct link *link, const Elf64_Shdr *section, FILE *out)
{
    size_t low = 0, high = link->piece_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (link->pieces[middle].start < section->sh_addr)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < link->piece_count && link->pieces[low].start - section->sh_addr < section->sh_size; low++) {
        const struct piece *piece = &link->pieces[low];

        if (strcmp(piece->file, "<internal>"))
            fprintf(out, "      %10" PRIx64 " %10" PRIx64 "     %s:(%s)\n", piece->start, piece->end - piece->start,
                    piece->file, piece->section);
    }
}

static void print_sections_of(const struct link *link, const Elf64_Phdr *load, FILE *out)
{
    const struct image *image = &link->image;

    for (size_t i = 1; i < image->header->e_shnum; i++) {
        const Elf64_Shdr *section = &image->sections[i];

        if (!(section->sh_flags & SHF_ALLOC) || !section->sh_size || section->sh_addr < load->p_vaddr ||
            section->sh_addr - load->p_vaddr >= load->p_memsz)
            continue;
        fprintf(out, "    %10" PRIx64 " %10" PRIx64 "   %s\n", section->sh_addr, section->sh_size,
                image_section_name(image, section));
        print_pieces_of(link, section, out);
    }
}

void map_print(struct link *link, FILE *out)
{
    const Elf64_Phdr *load;

    fprintf(out, "part       address       size\n");
    for (enum far_part part = FAR_PART_FSTUBS; part < FAR_LOAD_PARTS; part++) {
        load = image_part(&link->image, part);
        fprintf(out, "%-7s %10" PRIx64 " %10" PRIx64 " %s\n", far_part_name(part), (uint64_t)load->p_vaddr,
                (uint64_t)load->p_memsz, far_part_rights(part));
        print_sections_of(link, load, out);
    }
    fprintf(out, "%-7s %10" PRIx64 " %10" PRIx64 " %s\n", far_part_name(FAR_PART_HEAP), heap_start(link),
            link->options.heap_size, far_part_rights(FAR_PART_HEAP));
}
