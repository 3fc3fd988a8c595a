/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The linker script sends sections to parts by their names. What may be done in a part is settled; what an input wants done in
 * a section, its flags say. Where the two do not agree, the first write would be a crash in somebody's process.
 */
#include <string.h>
#include <sysexits.h>

#include "linker-plugin/farld.h"

static bool starts_with(const char *name, const char *start)
{
    return !strncmp(name, start, strlen(start));
}

/* ".init_array", ".init_array.00101" */
static bool is_of(const char *name, const char *stem)
{
    size_t length = strlen(stem);

    return starts_with(name, stem) && (name[length] == '\0' || name[length] == '.');
}

/* Names that the script takes for what farld or lld has made. */
bool rights_is_of_linkers(const char *name)
{
    static const char *const arrays[] = {".init_array", ".fini_array"};

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        if (starts_with(name, arrays[i]))
            return !is_of(name, arrays[i]);
    }
    if (starts_with(name, ".far."))
        return strcmp(name, FAR_SECTION_IFACE) != 0 && strcmp(name, FAR_SECTION_NOTES) != 0;
    return starts_with(name, ".got") || !strcmp(name, FAR_SECTION_NOTE);
}

/* lld writes there while it links, fard once a node, and nobody later. */
static bool is_written_early(const char *name)
{
    static const char *const names[] = {".data.rel.ro", ".init_array", ".fini_array",
                                        ".dynamic",     ".eh_frame",   ".gcc_except_table"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_of(name, names[i]))
            return true;
    }
    return false;
}

static enum far_part part_of(const struct link *link, const Elf64_Shdr *section)
{
    for (enum far_part part = 0; part < FAR_LOAD_PARTS; part++) {
        const Elf64_Phdr *load = image_part(&link->image, part);

        if (load && section->sh_addr >= load->p_vaddr && section->sh_addr - load->p_vaddr < load->p_memsz)
            return part;
    }
    return FAR_PART_COUNT;
}

/* What of its flags a section of the image cannot have where it is: SHF_WRITE, SHF_EXECINSTR or 0. */
static uint64_t wrong_flag(const struct link *link, const Elf64_Shdr *section)
{
    enum far_part part = part_of(link, section);
    const char *rights = part < FAR_PART_COUNT ? far_part_rights(part) : "rwx";

    if (!(section->sh_flags & SHF_ALLOC) || !section->sh_size)
        return 0;
    if (section->sh_flags & SHF_EXECINSTR && rights[2] != 'x')
        return SHF_EXECINSTR;
    if (section->sh_flags & SHF_WRITE && rights[1] != 'w' &&
        !is_written_early(image_section_name(&link->image, section)))
        return SHF_WRITE;
    return 0;
}

static const char *explanation(struct link *link, const Elf64_Shdr *section, uint64_t flag)
{
    return arena_format(&link->arena,
                        "it can be %s, but its name puts it into part %s, which cannot; give it another name",
                        flag == SHF_WRITE ? "written" : "run", far_part_name(part_of(link, section)));
}

/* The inputs of a section of the image with that flag, as far as their names say so. */
static void refuse_inputs(struct link *link, const Elf64_Shdr *section, uint64_t flag)
{
    const struct graph *graph = &link->graph;
    const char *name = image_section_name(&link->image, section);
    const uint8_t *marked = graph_mark(link);
    size_t before = link->errors.count;

    for (uint32_t node = 0; node < graph->node_count; node++) {
        const struct object *object = graph->nodes[node].object;
        uint32_t index = graph_section(graph, node);

        if (index && marked[node] && object->sections[index].sh_flags & flag &&
            starts_with(object_section_name(object, index), name))
            error_add(&link->errors, EX_DATAERR, "%s:(%s): %s", object->name, object_section_name(object, index),
                      explanation(link, section, flag));
    }
    if (link->errors.count == before)
        error_add(&link->errors, EX_DATAERR, "an input of section %s: %s", name, explanation(link, section, flag));
}

static void refuse_names(struct link *link, const struct object *object)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        const char *name = object_section_name(object, i);

        if (name[0] == '.' && rights_is_of_linkers(name))
            error_add(&link->errors, EX_DATAERR,
                      "%s:(%s): sections of this name are made by linkers; give it another name", object->name, name);
    }
}

int rights_refuse(struct link *link)
{
    for (size_t i = 0; i < link->graph.object_count; i++) {
        if (link->graph.objects[i]->survey->has_linkers_name)
            refuse_names(link, link->graph.objects[i]);
    }
    for (size_t i = 1; i < link->image.header->e_shnum && !link->errors.status; i++) {
        uint64_t flag = wrong_flag(link, &link->image.sections[i]);

        if (flag)
            refuse_inputs(link, &link->image.sections[i], flag);
    }
    return link->errors.status;
}
