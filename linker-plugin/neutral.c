/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Neutral code touches nothing of the process it runs in. An operation is neutral if all it reaches, over calls,
 * addresses taken and words of data, ends in the segment itself or in host functions on the list of
 * runtime/hostsyms.def.
 *
 * The graph's nodes are input sections, because calls inside one section need no relocation: with -ffunction-sections
 * (farcc) a node is a function, in other people's archives it is an object's code. That errs on the safe side.
 *
 * Calls to other services are not neutral: their stubs need not be mapped where this code would run.
 */
#include "linker-plugin/farld.h"

#include <string.h>
#include <sysexits.h>

/* How a section was reached, for the path that an error shows. */
struct visit {
    bool seen;
    size_t from;      /* index of the piece, or SIZE_MAX for the operation itself */
    uint64_t address; /* of what was named: a function's, an object's */
};

struct walk {
    struct link *link;
    const struct far_op *op; /* whose author may vouch for what it reaches */
    struct visit *visits; /* one a piece */
    size_t *queue;
    size_t queue_count;
};

static void visit(struct walk *walk, uint64_t address, size_t from)
{
    const struct survey *survey = &walk->link->survey;
    const struct piece *piece = survey_piece(survey, address);
    size_t index = piece ? (size_t)(piece - survey->pieces) : 0;

    if (!piece || walk->visits[index].seen)
        return;
    walk->visits[index] = (struct visit){.seen = true, .from = from, .address = address};
    walk->queue[walk->queue_count++] = index;
}

static const char *path_to(const struct walk *walk, size_t piece, const char *end)
{
    struct arena *arena = &walk->link->arena;
    const char *path = end;

    for (; piece != SIZE_MAX; piece = walk->visits[piece].from)
        path = arena_format(arena, "%s → %s", survey_place_name(walk->link, walk->visits[piece].address), path);
    return path;
}

/* NULL if this symbol keeps code neutral, else what to say at the end of the path. */
static const char *objection(struct walk *walk, const char *name)
{
    const struct undefined *undefined = table_find(&walk->link->undefined_by_name, name);

    if (!undefined)
        return NULL;
    if (undefined->resolution == RESOLVE_BIND)
        return arena_format(&walk->link->arena, "%s.%s", undefined->imported->service->table->service, name);
    if (undefined->resolution == RESOLVE_HOST && !undefined->host->neutral)
        return name;
    return NULL;
}

static bool is_copy(const struct link *link, const struct piece *piece)
{
    return piece && !strncmp(piece->section, GLUE_COPY_PREFIX, strlen(GLUE_COPY_PREFIX)) && link->copy_count;
}

/*
 * A section symbol says where, not what: the addend of a PC-relative reference counts from behind the instruction,
 * which may end in an immediate operand. For data both ends of that range are followed.
 */
static void visit_section_symbol(struct walk *walk, const Elf64_Sym *symbol, const struct reference *reference,
                                 size_t from)
{
    const struct image *image = &walk->link->survey.image;
    uint64_t address = symbol->st_value + (uint64_t)reference->addend;

    if (walk->link->machine->relocation_kind(reference->type) == RELOCATION_WORD) {
        visit(walk, address, from);
        return;
    }
    visit(walk, address + 4, from);
    if (!(image->sections[symbol->st_shndx].sh_flags & SHF_EXECINSTR))
        visit(walk, address + 8, from);
}

/* Follow one reference. Returns the path to what is not neutral, or NULL. */
static const char *follow(struct walk *walk, const struct reference *reference, size_t from)
{
    const struct image *image = &walk->link->survey.image;
    const Elf64_Sym *symbol = &image->symbols[reference->symbol];
    const char *name = image_symbol_name(image, symbol), *end = NULL;

    if (symbol->st_shndx == SHN_UNDEF) {
        end = objection(walk, name);
    } else if (symbol->st_shndx < image->header->e_shnum) {
        if (is_copy(walk->link, survey_piece(&walk->link->survey, symbol->st_value)))
            end = name;
        else if (ELF64_ST_TYPE(symbol->st_info) == STT_SECTION)
            visit_section_symbol(walk, symbol, reference, from);
        else
            visit(walk, symbol->st_value, from);
    }
    if (!end || iface_op_vouches(walk->link->iface, walk->op, end))
        return NULL;
    return path_to(walk, from, end);
}

/* Breadth first, so that the path shown is a shortest one. */
static const char *find_objection(struct walk *walk, uint64_t start)
{
    const struct survey *survey = &walk->link->survey;

    visit(walk, start, SIZE_MAX);
    for (size_t next = 0; next < walk->queue_count; next++) {
        size_t piece = walk->queue[next], first, end;
        const char *note = notes_find(walk->link, &survey->pieces[piece]);

        if (note && !iface_op_vouches(walk->link->iface, walk->op, "syscall"))
            return path_to(walk, piece, note);
        survey_references_in(survey, &survey->pieces[piece], &first, &end);
        for (size_t i = first; i < end; i++) {
            const char *path = follow(walk, &survey->references[i], piece);

            if (path)
                return path;
        }
    }
    return NULL;
}

static void decide(struct link *link, struct operation *operation)
{
    const struct survey *survey = &link->survey;
    const Elf64_Sym *symbol = image_symbol(&survey->image, operation->name);
    struct walk walk = {.link = link, .op = operation->op};
    struct far_op *op = (struct far_op *)(uintptr_t)operation->op; /* in the link's own copy of the record */

    if (!symbol)
        return;
    walk.visits = arena_allocate(&link->arena, survey->piece_count * sizeof *walk.visits);
    walk.queue = arena_allocate(&link->arena, survey->piece_count * sizeof *walk.queue);
    operation->reason = find_objection(&walk, symbol->st_value);
    operation->neutral = !operation->reason;
    op->flags = operation->neutral ? op->flags | FAR_OP_NEUTRAL : op->flags & ~FAR_OP_NEUTRAL;
    if (!operation->neutral && op->flags & FAR_OP_DATA_SHIPPED)
        error_add(&link->errors, EX_DATAERR,
                  "%s:%u: operation '%s' is data-shipped, so it runs in its callers' processes, but "
                  "reaches what belongs to one process: %s; say far_function_shipped, or keep it from there",
                  iface_string(link->iface, op->file), op->line, operation->name, operation->reason);
}

int neutrality_decide(struct link *link)
{
    notes_collect(link);
    for (uint32_t i = 0; i < link->iface->ops.count; i++) {
        if (!(link->operations[i].op->flags & FAR_OP_ABSENT))
            decide(link, &link->operations[i]);
    }
    return link->errors.status;
}
