/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The script for inputs whose sections have usual names only. Without a full SECTIONS command lld groups sections by
 * itself, .text.f with .text, in one look at each; here its groups are only put in our order, by INSERT. A full script
 * costs it a look at every section for every pattern. Both give the same image but for .got.plt, which is part of .got
 * in the other.
 *
 * Every section that occupies memory must be named here: lld would put another before all of them. So whatever is unusual
 * gets the full script (script.c).
 */
#include "linker-plugin/script.h"

#include <string.h>

/* Symbols that lld defines when there is no full script, if somebody wants them. */
static const char *const lld_symbols[] = {
    "__bss_start",
    "_end",
    "end",
    "_edata",
    "edata",
    "_etext",
    "etext",
    "__ehdr_start",
    "__executable_start",
    "__preinit_array_start",
    "__preinit_array_end",
    "__init_array_start",
    "__init_array_end",
    "__fini_array_start",
    "__fini_array_end",
};

bool script_is_lld_symbol(const char *name)
{
    for (size_t i = 0; i < sizeof lld_symbols / sizeof *lld_symbols; i++) {
        if (!strcmp(name, lld_symbols[i]))
            return true;
    }
    return false;
}

bool script_short_fits(const struct link *link)
{
    return !link->like && !link->has_bitcode && !link->version_count && !link->has_section[SECTION_KIND_UNUSUAL] &&
           !link->has_section[SECTION_KIND_THREAD];
}

/* lld groups what is not named in braces under the name before them. */
static void write_code(struct link *link, FILE *out)
{
    fprintf(out, "  .far.fstubs 0 : { } :fstubs\n");
    fprintf(out, "  .far.dstubs ALIGN(0x%x) : { } :dstubs\n", FAR_PART_ALIGN);
    fprintf(out, "  .far.thunks ALIGN(0x%x) : { } :code\n", FAR_PART_ALIGN);
    fprintf(out, "  .text : { } :code\n  .plt : { } :code\n  .iplt : { } :code\n  .plt.sec : { } :code\n");
    if (link->has_section[SECTION_KIND_STRINGS]) {
        fprintf(out, "  .far.shared %s : { *(.rodata.far_string.*) } :const\n", script_start(link, FAR_PART_CONST));
        fprintf(out, "  .dynsym : { } :const\n");
    } else {
        fprintf(out, "  .dynsym %s : { } :const\n", script_start(link, FAR_PART_CONST));
    }
}

static void write_constants(FILE *out)
{
    static const char *const names[] = {".dynstr", ".rela.dyn", ".relr.dyn", ".rela.plt", ".note.gnu.property",
                                        ".rodata", ".eh_frame"};
    static const char *const later[] = {".init_array", ".fini_array", ".gcc_except_table", ".data.rel.ro"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        fprintf(out, "  %s : { } :const\n", names[i]);
    fprintf(out, "  .dynamic : { } :const :dynamic\n");
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        fprintf(out, "  %s : { } :const\n", later[i]);
}

static void write_variables(struct link *link, FILE *out)
{
    fprintf(out, "  .far.linkage %s : {%s } :linkage\n", script_start(link, FAR_PART_LINKAGE),
            link->copy_count ? " *(.far.linkage) *(.far.copy.*)" : "");
    fprintf(out, "  .got : { } :linkage\n  .got.plt : { } :linkage\n  .far.linkage.thunks : { } :linkage\n");
    fprintf(out, "  .data %s : { } :data\n", script_start(link, FAR_PART_DATA));
    script_write_room(link, out, FAR_SECTION_ROOM_VALUED);
    fprintf(out, "  .bss : { } :data\n");
    script_write_room(link, out, FAR_SECTION_ROOM_ZEROED);
    fprintf(out, "  /DISCARD/ : { *(.far.iface)%s }\n", link->has_section[SECTION_KIND_NOTES] ? " *(.far.notes)" : "");
}

/* .gnu.hash is always there, and stays where it is. */
void script_short_write(struct link *link, FILE *out)
{
    fprintf(out, "SECTIONS {\n");
    write_code(link, out);
    fprintf(out, "} INSERT BEFORE .gnu.hash;\nSECTIONS {\n");
    write_constants(out);
    write_variables(link, out);
    fprintf(out, "} INSERT AFTER .gnu.hash;\n");
}
