/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What an import library has beside its operations, if it stands in another library's place. */
#include "runtime/far/implib_like.h"

#include <elf.h>

void like_emit_version(FILE *out, const struct implib_like *like, const struct original_symbol *symbol,
                       const char *label)
{
    if (symbol->hidden && symbol->version != ORIGINAL_UNVERSIONED)
        fprintf(out, "\t.symver \"%s\", \"%s@%s\", remove\n", label, symbol->name,
                like->original.versions[symbol->version].name);
}

static void emit_symbol_head(FILE *out, const struct original_symbol *symbol, const char *label, const char *type)
{
    fprintf(out, "\n\t.%s \"%s\"\n\t.type \"%s\", @%s\n", symbol->weak ? "weak" : "globl", label, label, type);
}

/* A hidden symbol's label must be nobody else's: another version of the name may be there as well. */
static void make_label(char *label, size_t size, const struct original_symbol *symbol, size_t index)
{
    if (symbol->hidden)
        snprintf(label, size, "far.hidden.%zu", index);
    else
        snprintf(label, size, "%s", symbol->name);
}

static void emit_refusal(FILE *out, const struct implib_like *like, const struct implib_machine *machine, size_t index)
{
    const struct original_symbol *symbol = &like->original.symbols[index];
    char label[1024];
    make_label(label, sizeof label, symbol, index);
    emit_symbol_head(out, symbol, label, "function");
    fprintf(out, "\t.balign 16\n\"%s\":\n", label);
    machine->emit_refusal_body(out, index);
    fprintf(out, "\t.size \"%s\", . - \"%s\"\n", label, label);
    fprintf(out, "\t.section .rodata.str,\"aMS\",@progbits,1\n.Lrefused%zu:\t.asciz \"%s\"\n\t.text\n", index,
            symbol->name);
    like_emit_version(out, like, symbol, label);
}

static void emit_bytes(FILE *out, const uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        fprintf(out, "%s%u%s", i % 16 ? "," : "\t.byte ", bytes[i], i % 16 == 15 || i + 1 == size ? "\n" : "");
}

static void emit_constant(FILE *out, const struct implib_like *like, size_t index)
{
    const struct original_symbol *symbol = &like->original.symbols[index];
    char label[1024];
    make_label(label, sizeof label, symbol, index);
    fprintf(out, "\n\t.section .rodata,\"a\",@progbits\n");
    emit_symbol_head(out, symbol, label, "object");
    fprintf(out, "\t.balign 64\n\"%s\":\n", label);
    emit_bytes(out, like->symbols[index].bytes, symbol->size);
    fprintf(out, "\t.size \"%s\", %llu\n\t.text\n", label, (unsigned long long)symbol->size);
    like_emit_version(out, like, symbol, label);
}

void like_emit(FILE *out, const struct implib_like *like, const struct implib_machine *machine)
{
    for (size_t i = 0; i < like->original.symbol_count; i++) {
        const struct original_symbol *symbol = &like->original.symbols[i];
        if (like->symbols[i].fate == LIKE_REFUSES)
            emit_refusal(out, like, machine, i);
        else if (like->symbols[i].fate == LIKE_CONSTANT)
            emit_constant(out, like, i);
        else if (like->symbols[i].fate == LIKE_VERSION) {
            emit_symbol_head(out, symbol, symbol->name, "object");
            fprintf(out, "\t.set \"%s\", 0\n", symbol->name);
        }
    }
}

bool like_has_versions(const struct implib_like *like)
{
    return like->original.version_count != 0;
}

static uint32_t count_parents(const struct implib_like *like)
{
    uint32_t parents = 0;
    for (size_t i = 0; i < like->original.version_count; i++)
        parents += like->original.versions[i].parent_count;
    return parents;
}

/* Versions that only make room, for like_finish_versions(). */
static size_t count_spare(const struct implib_like *like)
{
    return (count_parents(like) * sizeof(Elf64_Verdaux) + LIKE_ROOM_OF_VERSION - 1) / LIKE_ROOM_OF_VERSION;
}

static void emit_node(FILE *out, const struct implib_like *like, uint32_t version)
{
    bool any = false;
    fprintf(out, "%s {", like->original.versions[version].name);
    for (size_t i = 0; i < like->original.symbol_count; i++) {
        const struct original_symbol *symbol = &like->original.symbols[i];
        if (symbol->version != version || symbol->hidden || like->symbols[i].fate == LIKE_LEFT_OUT)
            continue;
        fprintf(out, "%s \"%s\";", any ? "" : " global:", symbol->name);
        any = true;
    }
    fprintf(out, " };\n");
}

void like_emit_script(FILE *out, const struct implib_like *like)
{
    for (uint32_t i = 0; i < like->original.version_count; i++)
        emit_node(out, like, i);
    for (size_t i = 0; i < count_spare(like); i++)
        fprintf(out, "far.spare.%zu { };\n", i);
}
