/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The linker script that lays out a segment's parts, and the version script that exports its operations only. */
#include "linker-plugin/script.h"
#include "linker-plugin/like.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static const char headers[] =
    "PHDRS {\n"
    "  fstubs PT_LOAD FLAGS(5); dstubs PT_LOAD FLAGS(5); code PT_LOAD FLAGS(5); const PT_LOAD FLAGS(4);\n"
    "  linkage PT_LOAD FLAGS(6); data PT_LOAD FLAGS(6); dynamic PT_DYNAMIC FLAGS(4);%s\n"
    "}\n";

/*
 * Where a part starts. Behind code, constants and linkage there is room for what another machine's compiler makes of the
 * same sources, so that its executable fits at the same addresses: addresses only, no bytes of a file or of memory.
 */
const char *script_start(struct link *link, enum far_part part)
{
    static const char *const first[FAR_PART_COUNT] = {
        [FAR_PART_CONST] = GLUE_THUNKS, [FAR_PART_LINKAGE] = ".dynsym", [FAR_PART_DATA] = FAR_SECTION_LINKAGE};

    if (!link->options.room || !first[part])
        return arena_format(&link->arena, "ALIGN(0x%x)", FAR_PART_ALIGN);
    return arena_format(&link->arena, "ALIGN(. + MAX(0x%x, (. - ADDR(%s)) / 100 * %u), 0x%x)", FAR_PART_ALIGN,
                        first[part], link->options.room, FAR_PART_ALIGN);
}

static const char *part_start(struct link *link, enum far_part part)
{
    return link->like ? like_part_start(link, part) : arena_format(&link->arena, ". = %s;", script_start(link, part));
}

/*
 * lld holds the name of each input section against each pattern, so there are as few as will do: a large input has some
 * hundred thousand sections. Sections that no pattern takes go behind those most like them: .gnu.hash and .rela.dyn follow
 * .dynsym. The glue is the first input, and its .data.far the first of .data.
 */
static void write_code(struct link *link, FILE *out)
{
    fprintf(out, "SECTIONS {\n  . = 0;\n");
    fprintf(out, "  .far.fstubs : { *(.far.fstubs) } :fstubs\n  %s\n", part_start(link, FAR_PART_DSTUBS));
    fprintf(out, "  .far.dstubs : { *(.far.dstubs) } :dstubs\n  %s\n", part_start(link, FAR_PART_CODE));
    fprintf(out, "  .far.thunks : { *(.far.thunks) } :code\n");
    fprintf(out, "  .text : { *(.text*) } :code\n");
}

/*
 * Constants that data points at come before all that is a machine's own business, so that another machine's segment has
 * them there without a gap before: string literals that the pass has named, and with --like what the other one has.
 */
static void write_shared_constants(struct link *link, FILE *out)
{
    fprintf(out, "  .far.shared : {\n%s    *(.rodata.far_string.*)\n  } :const\n",
            like_lines(link, FAR_PART_CONST, false));
}

static void write_constants(struct link *link, FILE *out)
{
    write_shared_constants(link, out);
    fprintf(out, "  .dynsym : { *(.dynsym) } :const\n");
    fprintf(out, "  .rodata : { *(.rodata*) } :const\n");
    fprintf(out, "  .dynamic : { *(.dynamic) } :const :dynamic\n");
    fprintf(out, "  .init_array : { *(SORT_BY_INIT_PRIORITY(.init_array*)) } :const\n");
    fprintf(out, "  .fini_array : { *(SORT_BY_INIT_PRIORITY(.fini_array*)) } :const\n");
    if (link->has_section[SECTION_KIND_EXCEPT])
        fprintf(out, "  .gcc_except_table : { *(.gcc_except_table .gcc_except_table.*) } :const\n");
    fprintf(out, "  .data.rel.ro : { *(.data.rel.ro*) } :const\n");
}

static void write_linkage(struct link *link, FILE *out)
{
    fprintf(out, "  .far.linkage : { *(.far.linkage)%s } :linkage\n", link->copy_count ? " *(.far.copy.*)" : "");
    fprintf(out, "  .got : { *(.got*) } :linkage\n");
    fprintf(out, "  .far.linkage.thunks : { *(.far.linkage.thunks) } :linkage\n");
}

/*
 * Addresses only, no bytes of the file. A section starts where the strictest alignment in it allows, which a later version
 * may make stricter: .bss stays where it is up to the alignment of a page.
 */
void script_write_room(const struct link *link, FILE *out, const char *section)
{
    if (link->like)
        fprintf(out, "  %s (NOLOAD) : { . = MAX(., 0x%llx); } :data\n", section,
                (unsigned long long)like_room_end(link, section));
    else if (link->options.data_room)
        fprintf(out, "  %s (NOLOAD) : { . = ALIGN(. + 0x%llx, 0x1000); } :data\n", section,
                (unsigned long long)link->options.data_room);
}

/*
 * Thread-local storage is linked, so that its variables and users can be named in the error that says no. With --like,
 * what has a place there comes first, and what is new behind the end of what is there.
 */
static void write_data(struct link *link, FILE *out)
{
    fprintf(out, "  .data : {%s\n%s%s    *(.data*) } :data\n", link->like ? " *(.data.far)" : "",
            like_lines(link, FAR_PART_DATA, false), like_new_start(link, false));
    if (link->has_section[SECTION_KIND_THREAD])
        fprintf(out, "  .tdata : { *(.tdata .tdata.*) } :data :thread\n"
                     "  .tbss : { *(.tbss .tbss.*) } :data :thread\n");
    script_write_room(link, out, FAR_SECTION_ROOM_VALUED);
    fprintf(out, "  .bss : {\n%s%s    *(.bss*)%s } :data\n", like_lines(link, FAR_PART_DATA, true),
            like_new_start(link, true), link->has_section[SECTION_KIND_COMMON] ? " *(COMMON)" : "");
    script_write_room(link, out, FAR_SECTION_ROOM_ZEROED);
    fprintf(out, "  /DISCARD/ : { *(.far.iface)%s }\n}\n",
            link->has_section[SECTION_KIND_NOTES] ? " *(.far.notes)" : "");
}

static void write_sections(struct link *link, FILE *out)
{
    write_code(link, out);
    fprintf(out, "  %s\n", part_start(link, FAR_PART_CONST));
    write_constants(link, out);
    fprintf(out, "  %s\n", part_start(link, FAR_PART_LINKAGE));
    write_linkage(link, out);
    fprintf(out, "  %s\n", part_start(link, FAR_PART_DATA));
    write_data(link, out);
}

/* As --undefined on the command line, which is given before the record is read: operations are kept, and taken out of archives. */
static void write_roots(struct link *link, FILE *out)
{
    fprintf(out, "EXTERN(");
    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        const struct far_op *op = iface_op(link->iface, i);

        if (!(op->flags & FAR_OP_ABSENT))
            fprintf(out, " %s", iface_string(link->iface, op->name));
    }
    fprintf(out, " )\n");
}

int script_write(struct link *link, const char *path)
{
    FILE *out = fopen(path, "we");

    if (!out)
        return error_add(&link->errors, EX_CANTCREAT, "cannot write '%s': %s", path, strerror(errno));
    write_roots(link, out);
    fprintf(out, headers, link->has_section[SECTION_KIND_THREAD] ? " thread PT_TLS FLAGS(4);" : "");
    if (script_short_fits(link))
        script_short_write(link, out);
    else
        write_sections(link, out);
    if (fclose(out))
        return error_add(&link->errors, EX_IOERR, "cannot write '%s': %s", path, strerror(errno));
    return 0;
}

const char *exports_text(struct link *link, size_t *length)
{
    struct arena *arena = &link->arena;
    size_t size = 64, used;
    char *text;

    for (uint32_t i = 0; i < link->iface->ops.count; i++)
        size += strlen(iface_string(link->iface, iface_op(link->iface, i)->name)) + 4;
    for (size_t i = 0; i < link->version_count; i++)
        size += strlen(link->version_names[i]) + 8;
    text = arena_allocate(arena, size);
    used = (size_t)snprintf(text, size, "%s{\n  global:\n", link->version_count ? "farcall " : "");
    for (uint32_t i = 0; i < link->iface->ops.count; i++)
        used += (size_t)snprintf(text + used, size - used, " %s;\n",
                                 iface_string(link->iface, iface_op(link->iface, i)->name));
    used += (size_t)snprintf(text + used, size - used, "  local: *;\n};\n");
    for (size_t i = 0; i < link->version_count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s { };\n", link->version_names[i]);
    *length = used;
    return text;
}
