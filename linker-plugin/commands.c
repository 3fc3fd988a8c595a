/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What lld left to a dynamic linker, compiled into relocation commands: one pass over its relative relocations (packed
 * and not), one over those with symbols. Words change in the image as they are decided: a word that waits for a command
 * is zero, a word that holds an address is its link-time address.
 */
#include "linker-plugin/farld.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct words {
    uint64_t *list;
    size_t count;
};

static void add_command(struct link *link, enum far_reloc_code code, uint64_t where, const char *name,
                        const char *name2, uint64_t value)
{
    *LIST_ADD(&link->arena, link->commands, link->command_count) =
        (struct command){.code = code, .where = where, .value = value, .name = name, .name2 = name2};
}

static uint64_t load_word(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static const char *section_at(const struct image *image, uint64_t address)
{
    for (size_t i = 1; i < image->header->e_shnum; i++) {
        const Elf64_Shdr *section = &image->sections[i];

        if (section->sh_flags & SHF_ALLOC && address >= section->sh_addr &&
            address - section->sh_addr < section->sh_size)
            return image_section_name(image, section);
    }
    return "";
}

static bool is_word_of(const struct image *image, enum far_part part, uint64_t where)
{
    const Elf64_Phdr *load = image_part(image, part);

    return load && where >= load->p_vaddr && where - load->p_vaddr < load->p_memsz;
}

/* The bytes of a word that a command may change, or NULL and an error. */
static uint8_t *word_at(struct link *link, uint64_t where, const char *name)
{
    const struct image *image = &link->image;
    bool in_place = is_word_of(image, FAR_PART_CONST, where) || is_word_of(image, FAR_PART_LINKAGE, where) ||
                    is_word_of(image, FAR_PART_DATA, where);
    uint8_t *bytes = in_place ? image_at(image, where, 8) : NULL;

    if (bytes && where % 8 == 0)
        return bytes;
    if (in_place)
        link->unaligned = link->unaligned ? link->unaligned : where;
    else
        error_add(&link->errors, EX_DATAERR, "the address of %s stands at 0x%llx in section %s, which is not data",
                  name, (unsigned long long)where, section_at(image, where));
    return NULL;
}

static bool is_start_or_end_function(const struct image *image, uint64_t where)
{
    const char *section = section_at(image, where);

    return !strcmp(section, ".init_array") || !strcmp(section, ".fini_array");
}

static int by_implementation(const void *a, const void *b)
{
    const struct operation *one = *(const struct operation *const *)a, *other = *(const struct operation *const *)b;

    if (one->implementation != other->implementation)
        return one->implementation < other->implementation ? -1 : 1;
    return one < other ? -1 : one > other; /* two names of one function: the first in the record */
}

/* Where operations start, to be looked up for each word. */
static void sort_operations(struct link *link)
{
    uint32_t count = link->iface->ops.count;

    link->by_implementation = arena_allocate(&link->arena, (count + 1) * sizeof *link->by_implementation);
    for (uint32_t i = 0; i < count; i++)
        link->by_implementation[i] = &link->operations[i];
    if (count)
        qsort(link->by_implementation, count, sizeof *link->by_implementation, by_implementation);
}

static const struct operation *operation_at(const struct link *link, uint64_t address)
{
    uint32_t low = 0, high = link->iface->ops.count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (link->by_implementation[middle]->implementation < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < link->iface->ops.count && link->by_implementation[low]->implementation == address
               ? link->by_implementation[low]
               : NULL;
}

/*
 * A word with an address inside the segment. If it is where an operation starts, the word is a pointer to that
 * operation, whoever compiled it, and gets its one address: the stub's.
 */
static void settle_address(struct link *link, struct words *rebase, uint64_t where, uint64_t value)
{
    const struct operation *operation = operation_at(link, value);
    uint8_t *bytes = word_at(link, where, operation ? operation->name : "something in the segment");

    if (!bytes)
        return;
    if (value > heap_start(link) + link->options.heap_size) {
        link->outside = where;
        return;
    }
    if (operation && !is_start_or_end_function(&link->image, where)) {
        value = 0;
        add_command(link, FAR_RELOC_STUB, where, operation->name, NULL, 0);
    } else {
        *LIST_ADD(&link->arena, rebase->list, rebase->count) = where;
    }
    if (load_word(bytes) != value) /* a page that is not changed need not be written again */
        memcpy(bytes, &value, sizeof value);
}

static void settle_packed(struct link *link, struct words *rebase)
{
    const Elf64_Shdr *section = image_section(&link->image, ".relr.dyn");
    uint64_t where = 0;

    for (uint64_t at = 0; section && at + 8 <= section->sh_size; at += 8) {
        uint64_t entry = load_word(link->image.bytes + section->sh_offset + at);

        if (!(entry & 1)) {
            const uint8_t *bytes = image_at(&link->image, entry, 8);

            settle_address(link, rebase, entry, bytes ? load_word(bytes) : 0);
            where = entry + 8;
            continue;
        }
        for (int bit = 1; bit < 64; bit++) {
            uint64_t at_bit = where + 8 * (uint64_t)(bit - 1);
            const uint8_t *bytes = entry >> bit & 1 ? image_at(&link->image, at_bit, 8) : NULL;

            if (entry >> bit & 1)
                settle_address(link, rebase, at_bit, bytes ? load_word(bytes) : 0);
        }
        where += 63 * 8;
    }
}

static void settle_host(struct link *link, struct words *rebase, const struct undefined *undefined, uint64_t where,
                        int64_t addend, enum relocation_kind kind)
{
    uint8_t *bytes = word_at(link, where, undefined->name);
    const struct thunk *thunk;
    uint64_t address;
    bool is_new;

    if (!bytes)
        return;
    memset(bytes, 0, 8);
    if (kind == RELOCATION_CALL) {
        add_command(link, FAR_RELOC_HOST, where, undefined->name, NULL, (uint64_t)addend);
        return;
    }
    thunk = thunk_for(link, undefined->name, &is_new);
    if (!thunk)
        return;
    if (is_new)
        add_command(link, FAR_RELOC_HOST, thunk->word, undefined->name, NULL, 0);
    address = thunk->code + (uint64_t)addend;
    memcpy(bytes, &address, sizeof address);
    *LIST_ADD(&link->arena, rebase->list, rebase->count) = where;
}

/* Every symbol that has a name was resolved. */
static void refuse_nameless(struct link *link, uint64_t where, const char *name)
{
    if (*name)
        error_add(&link->errors, EX_SOFTWARE, "symbol '%s' appeared in the final link only", name);
    else
        error_add(&link->errors, EX_DATAERR,
                  "a relocation of the word at 0x%llx in section %s names no symbol; is an input damaged?",
                  (unsigned long long)where, section_at(&link->image, where));
}

static void settle_symbol(struct link *link, struct words *rebase, const Elf64_Rela *relocation, const char *name,
                          enum relocation_kind kind)
{
    struct undefined *undefined = table_find(&link->undefined_by_name, name);
    uint64_t where = relocation->r_offset;
    uint8_t *bytes = word_at(link, where, name);

    if (!bytes)
        return;
    memset(bytes, 0, 8);
    switch (undefined ? undefined->resolution : RESOLVE_UNKNOWN) {
    case RESOLVE_HOST:
        settle_host(link, rebase, undefined, where, relocation->r_addend, kind);
        break;
    case RESOLVE_BIND:
        undefined->imported->used = true;
        add_command(link, FAR_RELOC_BIND, where, undefined->imported->service->table->service,
                    undefined->imported->name, (uint64_t)relocation->r_addend);
        break;
    case RESOLVE_STUB:
        add_command(link, FAR_RELOC_STUB, where, iface_string(link->iface, undefined->op->name), NULL,
                    (uint64_t)relocation->r_addend);
        break;
    case RESOLVE_ZERO:
        memcpy(bytes, &relocation->r_addend, sizeof relocation->r_addend);
        break;
    case RESOLVE_UNKNOWN:
        refuse_nameless(link, where, name);
        break;
    }
}

/* What the symbol table calls the function that a resolver chooses; where it tells no more, the resolver. */
static const char *chosen_name(const struct image *image, uint64_t resolver)
{
    const char *name = NULL;

    for (size_t i = 1; i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];

        if (symbol->st_shndx == SHN_UNDEF || symbol->st_value != resolver)
            continue;
        if (ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC)
            return image_symbol_name(image, symbol);
        if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && !name)
            name = image_symbol_name(image, symbol);
    }
    return name;
}

/*
 * A function that a resolver chooses by the processor (an IFUNC). lld gives it a PLT entry that jumps through a word of
 * the linkage, and that entry's address to whoever wants one as a value; so only the word is each domain's own.
 */
static void settle_indirect(struct link *link, uint64_t where, uint64_t resolver)
{
    const char *name = chosen_name(&link->image, resolver);
    uint8_t *bytes = word_at(link, where, name ? name : "a function chosen at load time");

    if (!bytes)
        return;
    memset(bytes, 0, 8);
    if (!is_word_of(&link->image, FAR_PART_LINKAGE, where))
        error_add(&link->errors, EX_DATAERR,
                  "the address of '%s', which is chosen at load time (an IFUNC), stands at 0x%llx in section %s, which "
                  "all domains share; take its address in code, or fill the table in a constructor",
                  name ? name : "?", (unsigned long long)where, section_at(&link->image, where));
    else
        add_command(link, FAR_RELOC_IFUNC, where, name, NULL, resolver);
}

static void settle_relocation(struct link *link, struct words *rebase, const Elf64_Rela *relocation, const char *name)
{
    enum relocation_kind kind = link->machine->relocation_kind((uint32_t)ELF64_R_TYPE(relocation->r_info));

    switch (kind) {
    case RELOCATION_RELATIVE:
        settle_address(link, rebase, relocation->r_offset, (uint64_t)relocation->r_addend);
        break;
    case RELOCATION_WORD:
    case RELOCATION_GOT:
    case RELOCATION_CALL:
        settle_symbol(link, rebase, relocation, name, kind);
        break;
    case RELOCATION_INDIRECT:
        settle_indirect(link, relocation->r_offset, (uint64_t)relocation->r_addend);
        break;
    default:
        error_add(&link->errors, EX_DATAERR,
                  "ld.lld left relocation type %u against '%s' at 0x%llx in section %s, which no "
                  "relocation command expresses",
                  (unsigned)ELF64_R_TYPE(relocation->r_info), name, (unsigned long long)relocation->r_offset,
                  section_at(&link->image, relocation->r_offset));
    }
}

static void settle_section(struct link *link, struct words *rebase, const Elf64_Shdr *section)
{
    const struct image *image = &link->image;
    const Elf64_Rela *relocations = (const Elf64_Rela *)(image->bytes + section->sh_offset);

    for (size_t i = 0; i < section->sh_size / sizeof *relocations; i++) {
        const char *name = image_dynamic_name(image, section, &relocations[i]);

        if (name)
            settle_relocation(link, rebase, &relocations[i], name);
        else
            error_add(&link->errors, EX_DATAERR, "section %s holds relocations of its own making; is an input damaged?",
                      image_section_name(image, section));
    }
}

uint64_t heap_start(const struct link *link)
{
    const Elf64_Phdr *data = image_part(&link->image, FAR_PART_DATA);

    return (data->p_vaddr + data->p_memsz + FAR_PART_ALIGN - 1) & ~(uint64_t)(FAR_PART_ALIGN - 1);
}

/* What libfarseg.a reads. */
static void settle_heap_range(struct link *link, struct words *rebase)
{
    const Elf64_Sym *symbol = image_symbol_of(&link->image, ".data", GLUE_HEAP_RANGE);
    uint64_t range[2] = {heap_start(link), heap_start(link) + link->options.heap_size};
    uint8_t *bytes = symbol ? image_at(&link->image, symbol->st_value, sizeof range) : NULL;

    if (!bytes) {
        error_add(&link->errors, EX_SOFTWARE, "the heap's range is missing from the image");
        return;
    }
    memcpy(bytes, range, sizeof range);
    *LIST_ADD(&link->arena, rebase->list, rebase->count) = symbol->st_value;
    *LIST_ADD(&link->arena, rebase->list, rebase->count) = symbol->st_value + 8;
}

static void add_check(struct link *link, const struct far_import_table *table, const struct imported_op *op)
{
    *LIST_ADD(&link->arena, link->commands, link->command_count) =
        (struct command){.code = FAR_RELOC_CHECK,
                         .where = (uint64_t)table->major << 16 | table->minor,
                         .value = op->op->fingerprint,
                         .name = table->service,
                         .name2 = op->name,
                         .fails = op->op->flags & FAR_IMPORT_HAS_FAILS ? &op->op->fails : NULL};
}

static void add_checks(struct link *link)
{
    for (size_t s = 0; s < link->service_count; s++) {
        const struct far_import_table *table = link->services[s].table;

        for (uint32_t i = 0; i < table->op_count; i++) {
            const struct imported_op *op = table_find(&link->imported_ops, import_op_name(table, i));

            if (op->used && op->service->table == table)
                add_check(link, table, op);
        }
    }
}

static void add_copies(struct link *link)
{
    for (size_t i = 0; i < link->copy_count; i++) {
        struct copy *copy = &link->copies[i];
        const Elf64_Sym *symbol = image_symbol_of(&link->image, FAR_SECTION_LINKAGE, copy->symbol->name);

        if (!symbol || !is_word_of(&link->image, FAR_PART_LINKAGE, symbol->st_value))
            continue;
        copy->used = true;
        copy->address = symbol->st_value;
        add_command(link, FAR_RELOC_COPY, copy->address, copy->symbol->name, NULL, copy->symbol->size);
    }
}

static bool is_code(const struct image *image, uint64_t address)
{
    const Elf64_Phdr *code = image_part(image, FAR_PART_CODE);

    return code && address - code->p_vaddr < code->p_memsz;
}

/* An operation that a resolver chooses is reached through a thunk. (Where its address is used too, lld has made it one.) */
static void place_operation(struct link *link, struct operation *operation)
{
    const Elf64_Sym *symbol = operation_symbol(link, operation->name);
    const struct thunk *thunk;
    bool is_new;

    if (!symbol)
        return;
    if (!is_code(&link->image, symbol->st_value)) {
        error_add(&link->errors, EX_DATAERR, "operation '%s', as %s defines it, is no code; is that object damaged?",
                  operation->name, operation->defined_by);
        return;
    }
    operation->implementation = symbol->st_value;
    if (ELF64_ST_TYPE(symbol->st_info) != STT_GNU_IFUNC)
        return;
    thunk = thunk_for(link, operation->name, &is_new);
    if (thunk && is_new)
        add_command(link, FAR_RELOC_IFUNC, thunk->word, operation->name, NULL, symbol->st_value);
    if (thunk)
        operation->implementation = thunk->code;
}

int commands_make(struct link *link)
{
    const struct image *image = &link->image;
    struct words rebase = {0};

    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        if (link->operations[i].defined_by)
            place_operation(link, &link->operations[i]);
    }
    sort_operations(link);
    settle_packed(link, &rebase);
    for (size_t i = 1; i < image->header->e_shnum; i++) {
        const Elf64_Shdr *section = &image->sections[i];

        if (section->sh_type == SHT_RELA && section->sh_flags & SHF_ALLOC)
            settle_section(link, &rebase, section);
    }
    settle_heap_range(link, &rebase);
    if (link->unaligned)
        refuse_unaligned(link);
    if (link->outside)
        refuse_outside(link);
    add_checks(link);
    add_copies(link);
    thunks_settle(link);
    link->rebased = rebase.list;
    link->rebased_count = rebase.count;
    return link->errors.status ? link->errors.status : commands_account(link);
}
