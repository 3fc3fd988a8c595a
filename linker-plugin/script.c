/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The linker script that lays out a segment's parts, and the version script that exports its operations only. */
#include "linker-plugin/farld.h"
#include "linker-plugin/like.h"

#include <string.h>

/* %1$s: the header of thread-local storage, in the survey link only: with it lld links what farld then refuses. */
static const char headers[] =
    "PHDRS {\n"
    "  fstubs PT_LOAD FLAGS(5); dstubs PT_LOAD FLAGS(5); code PT_LOAD FLAGS(5); const PT_LOAD FLAGS(4);\n"
    "  linkage PT_LOAD FLAGS(6); data PT_LOAD FLAGS(6); dynamic PT_DYNAMIC FLAGS(4);%1$s\n"
    "}\n";

/*
 * %1$s: the header of thread-local storage; %2$s to %6$s: the starts of parts; %7$s to %10$s: what --like puts at its
 * place (like.h). The order within a part only matters where the linkage header must come first.
 */
static const char sections[] =
    "SECTIONS {\n"
    "  . = 0;\n"
    "  .far.fstubs : { KEEP(*(.far.fstubs)) } :fstubs\n"
    "  %2$s\n"
    "  .far.dstubs : { KEEP(*(.far.dstubs)) } :dstubs\n"
    "  %3$s\n"
    "  .text : { *(.text.far.op.*) *(.text .text.*) KEEP(*(.far.thunks)) } :code\n"
    "  .plt : { *(.plt) *(.plt.*) } :code\n"
    "  %4$s\n"
    "%7$s"
    "  .dynsym : { *(.dynsym) } :const\n"
    "  .gnu.version : { *(.gnu.version) } :const\n"
    "  .gnu.hash : { *(.gnu.hash) } :const\n"
    "  .dynstr : { *(.dynstr) } :const\n"
    "  .rela.dyn : { *(.rela.dyn) } :const\n"
    "  .relr.dyn : { *(.relr.dyn) } :const\n"
    "  .rela.plt : { *(.rela.plt) } :const\n"
    "  .note : { *(.note.gnu.property) *(.note.*) } :const\n"
    "  .rodata : { *(.rodata .rodata.*) } :const\n"
    "  .eh_frame_hdr : { *(.eh_frame_hdr) } :const\n"
    "  .eh_frame : { *(.eh_frame) } :const\n"
    "  .gcc_except_table : { *(.gcc_except_table .gcc_except_table.*) } :const\n"
    "  .dynamic : { *(.dynamic) } :const :dynamic\n"
    "  .init_array : { KEEP(*(SORT_BY_INIT_PRIORITY(.init_array.*))) KEEP(*(.init_array)) } :const\n"
    "  .fini_array : { KEEP(*(SORT_BY_INIT_PRIORITY(.fini_array.*))) KEEP(*(.fini_array)) } :const\n"
    "  .data.rel.ro : { *(.data.rel.ro .data.rel.ro.*) } :const\n"
    "  %5$s\n"
    "  .far.linkage : { KEEP(*(.far.linkage)) KEEP(*(.far.linkage.thunks)) *(.far.copy.*) } :linkage\n"
    "  .got : { *(.got) } :linkage\n"
    "  .got.plt : { *(.got.plt) } :linkage\n"
    "  %6$s\n"
    "  .data : { KEEP(*(.far.data))\n%8$s    *(.data .data.*) } :data\n"
    "  .tdata : { *(.tdata .tdata.*) } :data%1$s\n"
    "  .tbss : { *(.tbss .tbss.*) } :data%1$s\n"
    "  .bss : {\n%9$s    *(.bss .bss.*) *(COMMON)%10$s } :data\n"
    "  /DISCARD/ : { *(.far.iface) *(.note.GNU-stack) }\n"
    "}\n";

/* Constants that data points at, before all that is a machine's own business. */
static const char *shared_constants(struct link *link)
{
    const char *lines = like_lines(link, FAR_PART_CONST, false);

    return *lines ? arena_format(&link->arena, "  .far.shared : {\n%s  } :const\n", lines) : "";
}

int script_write(struct link *link, bool survey, const char *path)
{
    char *text = arena_format(&link->arena, headers, survey ? " thread PT_TLS FLAGS(4);" : "");
    char *body = arena_format(&link->arena, sections, survey ? " :thread" : "", like_part_start(link, FAR_PART_DSTUBS),
                              like_part_start(link, FAR_PART_CODE), like_part_start(link, FAR_PART_CONST),
                              like_part_start(link, FAR_PART_LINKAGE), like_part_start(link, FAR_PART_DATA),
                              shared_constants(link), like_lines(link, FAR_PART_DATA, false),
                              like_lines(link, FAR_PART_DATA, true), like_end(link));

    text = arena_format(&link->arena, "%s%s", text, body);
    return file_write(&link->errors, path, text, strlen(text));
}

int exports_write(struct link *link, const char *path)
{
    struct arena *arena = &link->arena;
    size_t size = 64, used;
    char *text;

    for (uint32_t i = 0; i < link->iface->ops.count; i++)
        size += strlen(iface_string(link->iface, iface_op(link->iface, i)->name)) + 4;
    text = arena_allocate(arena, size);
    used = (size_t)snprintf(text, size, "{\n  global:\n");
    for (uint32_t i = 0; i < link->iface->ops.count; i++)
        used += (size_t)snprintf(text + used, size - used, " %s;\n",
                                 iface_string(link->iface, iface_op(link->iface, i)->name));
    used += (size_t)snprintf(text + used, size - used, "  local: *;\n};\n");
    return file_write(&link->errors, path, text, used);
}
