/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/cures.h"

#include "idl/misspelling.h"

#include <string.h>

/* An edit is only offered where it is what was most likely meant, or says nothing wrong whatever was meant. */
struct cure {
    const struct subject *subject;
    struct diagnostic *diagnostic;
};

static void fix(const struct cure *cure, struct fixit fixit)
{
    diag_fix(cure->subject->unit->diagnostics, cure->diagnostic, fixit);
}

/* Before the parameter's name, which is behind its last star. An unnamed one has no such place. */
static void describe(const struct cure *cure, const char *words)
{
    const struct parameter *param = cure->subject->param;
    if (param && param->name)
        fix(cure, (struct fixit){.place = param->place, .where = FIXIT_BEFORE, .expected = param->name, .text = words});
}

/* `()`: the name, the bracket, and void before the other bracket. */
static void say_void(const struct cure *cure)
{
    const struct declaration *declaration = cure->subject->declaration;
    if (cure->subject->where != ON_OPERATION)
        return; /* a callback's, whose brackets stand elsewhere */
    fix(cure,
        (struct fixit){.place = declaration->place, .skip = 2, .where = FIXIT_BEFORE, .expected = ")", .text = "void"});
}

static bool counts(const struct parameter *param)
{
    return param && param->name && param->type.type->kind == TYPE_INT && !param->type.type->is_char;
}

/* The parameter that counts this one. Bytes need a size, wherever it stands; other elements are only taken for counted
 * if it follows at once. */
static const char *count_of(const struct parameter *param, bool bytes)
{
    const struct parameter *next = param->next;
    while (bytes && next && !counts(next))
        next = next->next;
    return counts(next) ? next->name : NULL;
}

static void describe_pointer(const struct cure *cure)
{
    const struct subject *s = cure->subject;
    if (!s->param || s->type.type != s->param->type.type)
        return; /* a part of it, which has no name to stand before */
    struct arena *arena = s->unit->arena;
    const struct type *target = s->type.type->target.type;
    bool is_in = (s->type.type->target.qualifiers & QUALIFIER_CONST) != 0,
         has_direction = (s->set & SET_DIRECTIONS) != 0;
    bool bytes = target->is_char || target->kind == TYPE_VOID;
    const char *direction = is_in || has_direction ? "" : "far_inout ", *count = count_of(s->param, bytes);
    if (target->is_char && is_in && !has_direction)
        describe(cure, "__null_terminated ");
    else if (count && (bytes || target->complete))
        describe(cure, arena_format(arena, "%s%s(%s) ", direction, bytes ? "__sized_by" : "__counted_by", count));
    else if (!bytes && target->complete && !has_direction && !s->param->array)
        describe(cure, is_in ? "far_in " : "far_inout ");
}

/* The same word for bytes: void has no elements. */
static void count_bytes(const struct cure *cure)
{
    static const enum annotation_word pairs[][2] = {{ANNOTATION_COUNTED_BY, ANNOTATION_SIZED_BY},
                                                    {ANNOTATION_COUNTED_BY_OR_NULL, ANNOTATION_SIZED_BY_OR_NULL}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct annotation *word = annotation_find(cure->subject->annotations, pairs[i][0]);
        if (word)
            fix(cure, (struct fixit){.place = word->place,
                                     .where = FIXIT_REPLACE,
                                     .expected = annotation_word_macro(pairs[i][0]),
                                     .text = annotation_word_macro(pairs[i][1])});
    }
}

/* `annotate("farcall.opp")`: the attribute's name, the bracket, the string. */
void cure_spelling(struct unit *unit, const struct annotation *annotation, struct diagnostic *diagnostic)
{
    const char *meant = annotation && !annotation->argument ? annotation_word_meant(annotation->text) : NULL;
    if (meant)
        diag_fix(unit->diagnostics, diagnostic,
                 (struct fixit){.place = annotation->place,
                                .skip = 2,
                                .where = FIXIT_REPLACE,
                                .expected = arena_format(unit->arena, "\"farcall.%s\"", annotation->text),
                                .text = arena_format(unit->arena, "\"farcall.%s\"", meant)});
}

void cure_unmarked(struct unit *unit, const struct annotation *annotation, struct diagnostic *diagnostic)
{
    diag_fix(unit->diagnostics, diagnostic,
             (struct fixit){.place = annotation->place,
                            .where = FIXIT_BEFORE,
                            .expected = annotation_word_macro(annotation->word),
                            .text = "far_op "});
}

void cures_add(const struct subject *subject, struct diagnostic *diagnostic)
{
    const struct cure cure = {subject, diagnostic};
    switch (diagnostic->number) {
    case FC_NO_PROTOTYPE:
        say_void(&cure);
        break;
    case FC_UNDESCRIBED_POINTER:
        describe_pointer(&cure);
        break;
    case FC_NO_DIRECTION: /* both ways is slower at worst, never wrong */
        describe(&cure, "far_inout ");
        break;
    case FC_COUNTS_VOID:
        count_bytes(&cure);
        break;
    case FC_UNKNOWN_ANNOTATION:
        cure_spelling(subject->unit, subject->culprit, diagnostic);
        break;
    default:
        break;
    }
}
