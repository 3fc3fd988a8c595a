/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/implib_like.h"
#include "runtime/format/elf.h"
#include "runtime/machine.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static uint32_t operation_of(const struct far_iface *iface, const char *name)
{
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        if (strcmp(iface_string(iface, iface_op(iface, i)->name), name) == 0)
            return i;
    }
    return UINT32_MAX;
}

/* An older version of a name that has a newer one is another function, which an archive does not hold. */
static bool is_outdated(const struct original *original, const struct original_symbol *symbol)
{
    for (size_t i = 0; symbol->hidden && i < original->symbol_count; i++) {
        const struct original_symbol *other = &original->symbols[i];
        if (other != symbol && strcmp(other->name, symbol->name) == 0 && (!other->hidden || other < symbol))
            return true;
    }
    return false;
}

/* The service's own value of a constant: it need not be of the original's release. NULL: it has none that is as large. */
static const uint8_t *constant_of_segment(const struct elf_view *elf, const struct original_symbol *wanted)
{
    const Elf64_Shdr *table = elf_section(elf, ".symtab");
    if (!table || table->sh_offset % 8 || table->sh_link >= elf->header->e_shnum)
        return NULL;
    const Elf64_Shdr *strings = &elf->sections[table->sh_link];
    const Elf64_Sym *symbols = (const Elf64_Sym *)elf_section_bytes(elf, table);
    const char *names = (const char *)elf_section_bytes(elf, strings);
    size_t length = strlen(wanted->name) + 1;
    for (size_t i = 0; symbols && names && i < table->sh_size / sizeof *symbols; i++) {
        const Elf64_Sym *symbol = &symbols[i];
        if (symbol->st_size != wanted->size || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT ||
            symbol->st_shndx >= elf->header->e_shnum || !range_inside(symbol->st_name, length, strings->sh_size) ||
            memcmp(names + symbol->st_name, wanted->name, length) != 0)
            continue;
        const Elf64_Shdr *section = &elf->sections[symbol->st_shndx];
        const uint8_t *bytes = section->sh_flags & SHF_WRITE ? NULL : elf_section_bytes(elf, section);
        uint64_t offset = symbol->st_value - section->sh_addr;
        return bytes && range_inside(offset, symbol->st_size, section->sh_size) ? bytes + offset : NULL;
    }
    return NULL;
}

static struct like_symbol decide(const struct original *original, const struct original_symbol *symbol,
                                 const struct implib_with *with, const struct elf_view *segment,
                                 const struct far_iface *iface)
{
    struct like_symbol decided = {LIKE_LEFT_OUT, UINT32_MAX, NULL};
    if (!symbol->hidden && symbol->kind != ORIGINAL_VERSION && implib_with_has(with, symbol->name)) {
        decided.fate = LIKE_OWN;
        return decided;
    }
    switch (symbol->kind) {
    case ORIGINAL_FUNCTION:
        decided.op = is_outdated(original, symbol) ? UINT32_MAX : operation_of(iface, symbol->name);
        decided.fate = decided.op == UINT32_MAX ? LIKE_REFUSES : LIKE_OPERATION;
        break;
    case ORIGINAL_CONSTANT:
        decided.fate = LIKE_CONSTANT;
        decided.bytes = constant_of_segment(segment, symbol);
        decided.bytes = decided.bytes ? decided.bytes : symbol->bytes;
        break;
    case ORIGINAL_VERSION:
        decided.fate = LIKE_VERSION;
        break;
    case ORIGINAL_VARIABLE:
    case ORIGINAL_THREAD_LOCAL:
        break;
    }
    return decided;
}

int like_open(struct implib_like *like, const struct implib_options *options, const struct far_segment *segment,
              const struct far_iface *iface)
{
    const struct complaint nobody = {NULL, 0};
    struct elf_view elf;
    int code = original_open(&like->original, options->like);
    if (code)
        return code;
    const struct original *original = &like->original;
    like->symbols = calloc(original->symbol_count, sizeof *like->symbols);
    if (original->machine != iface->machine) {
        const struct far_machine *machine = far_machine_find(original->machine);
        fprintf(stderr, "far: %s: it is for %s, the segment is for %s; give the library of the segment's machine\n",
                options->like, machine ? machine->name : "another machine", far_machine_find(iface->machine)->name);
        code = EX_DATAERR;
    } else if (!like->symbols || elf_open(&elf, segment->bytes, segment->size, &nobody) != 0) {
        code = EX_OSERR;
    }
    for (size_t i = 0; !code && i < original->symbol_count; i++)
        like->symbols[i] = decide(original, &original->symbols[i], &options->with, &elf, iface);
    if (code)
        like_close(like);
    return code;
}

void like_close(struct implib_like *like)
{
    free(like->symbols);
    like->symbols = NULL;
    original_close(&like->original);
}

const struct original_symbol *like_of_op(const struct implib_like *like, uint32_t op)
{
    for (size_t i = 0; i < like->original.symbol_count; i++) {
        if (like->symbols[i].fate == LIKE_OPERATION && like->symbols[i].op == op)
            return &like->original.symbols[i];
    }
    return NULL;
}

static const char *version_name(const struct implib_like *like, const struct original_symbol *symbol)
{
    return symbol->version == ORIGINAL_UNVERSIONED ? "" : like->original.versions[symbol->version].name;
}

static void print_symbol(const struct implib_like *like, const struct original_symbol *symbol)
{
    const char *version = version_name(like, symbol);
    printf("%s%s%s", symbol->name, !*version ? "" : symbol->hidden ? "@" : "@@", version);
}

static const char *why_left_out(const struct original_symbol *symbol)
{
    return symbol->kind == ORIGINAL_THREAD_LOCAL ? "a thread-local variable"
                                                 : "a variable, or data that holds addresses: a copy would not be the "
                                                   "service's";
}

static void report_symbols(const struct implib_like *like, const struct far_iface *iface)
{
    for (size_t i = 0; i < like->original.symbol_count; i++) {
        const struct original_symbol *symbol = &like->original.symbols[i];
        const struct like_symbol *decided = &like->symbols[i];
        bool absent = decided->fate == LIKE_OPERATION && iface_op(iface, decided->op)->flags & FAR_OP_ABSENT;
        if (decided->fate != LIKE_REFUSES && decided->fate != LIKE_LEFT_OUT && !absent)
            continue;
        printf("  %s ", decided->fate == LIKE_LEFT_OUT ? "left out" : "refuses ");
        print_symbol(like, symbol);
        if (decided->fate == LIKE_LEFT_OUT)
            printf(": %s", why_left_out(symbol));
        else if (absent)
            printf(": far_absent");
        putchar('\n');
    }
}

/* Operations that the original knows nothing of. */
static void report_more(const struct implib_like *like, const struct far_iface *iface, const struct implib_with *with)
{
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const char *name = iface_string(iface, iface_op(iface, i)->name);
        if (!like_of_op(like, i) && !(iface_op(iface, i)->flags & FAR_OP_ABSENT) && !implib_with_has(with, name))
            printf("  more     %s\n", name);
    }
}

void like_report(const struct implib_like *like, const struct far_iface *iface, const struct implib_options *options)
{
    size_t count[LIKE_LEFT_OUT + 1] = {0};
    for (size_t i = 0; i < like->original.symbol_count; i++)
        count[like->symbols[i].fate]++;
    printf("%s: in the place of %s: %zu operations, ", options->soname, like->original.file, count[LIKE_OPERATION]);
    if (options->with.count)
        printf("%zu of its own, ", count[LIKE_OWN]);
    printf("%zu functions that refuse, %zu constants, %zu data left out; %zu versions\n", count[LIKE_REFUSES],
           count[LIKE_CONSTANT], count[LIKE_LEFT_OUT], like->original.version_count);
    report_symbols(like, iface);
    report_more(like, iface, &options->with);
}
