/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Words at declarations without far_op: left alone they would be lost without a sound. */
#include "idl/check.h"
#include "idl/cures.h"

#include <string.h>

struct unmarked {
    struct unit *unit;
    const struct declaration *declaration;
    const struct declaration *operation; /* the same function where it is marked; NULL: nowhere */
    const char *at;                      /* " at parameter 'p'"; "": of the function itself; NULL: it is no function */
};

/* Other projects have the words without our prefix too, and need no far_op for them. */
static bool is_ours(enum annotation_word word)
{
    return strncmp(annotation_word_macro(word), "far_", 4) == 0;
}

static void unknown_word(struct unit *unit, const struct annotation *a)
{
    cure_spelling(unit, a,
                  diag_error(unit->diagnostics, a->place, FC_UNKNOWN_ANNOTATION,
                             arena_format(unit->arena, "'%s' is no annotation of farcall's", a->text),
                             "see docs/annotations.md for the words there are, and "
                             "which take an argument"));
}

static void misplaced_word(struct unit *unit, const struct declaration *declaration, const struct annotation *a)
{
    diag_error(unit->diagnostics, a->place, FC_MISPLACED_ANNOTATION,
               arena_format(unit->arena, "%s cannot describe '%s'", annotation_word_macro(a->word), declaration->name),
               NULL);
}

static void report_word(const struct unmarked *where, const struct annotation *a)
{
    struct unit *unit = where->unit;
    const char *name = where->declaration->name;
    const struct declaration *operation = where->operation;
    const char *message = arena_format(unit->arena, "'%s' has %s%s but is not marked far_op", name,
                                       annotation_word_macro(a->word), where->at);
    const char *advice = operation
                             ? arena_format(unit->arena, "words for it stand where %s is declared with far_op", name)
                             : "put far_op before its declaration, or take the annotation away";
    struct diagnostic *said = diag_error(unit->diagnostics, a->place, FC_WITHOUT_OP, message, advice);
    if (operation)
        diag_note(unit->diagnostics, said, operation->place, "declared with far_op here");
    else if (!*where->at)
        cure_unmarked(unit, a, said);
}

/* Words that came with a typedef stand before the declaration; they describe each use and are none of its own. */
static void check_words(const struct unmarked *where, const struct annotation *list)
{
    for (const struct annotation *a = list; a; a = a->next)
        if (a->place.offset < where->declaration->begin.offset)
            continue;
        else if (a->word == ANNOTATION_COUNT)
            unknown_word(where->unit, a);
        else if (is_ours(a->word) && !where->at)
            misplaced_word(where->unit, where->declaration, a);
        else if (is_ours(a->word))
            report_word(where, a);
}

/*
 * What a typedef leads to is not of the declaration. Other types can be shared too (typeof), so that a short text may lead
 * through one very often: no more often than an evaluation may.
 */
static void check_levels(const struct unmarked *where, struct typeref ref)
{
    const struct type *type = ref.type;
    if (type->kind != TYPE_POINTER && type->kind != TYPE_ARRAY && type->kind != TYPE_FUNCTION)
        return;
    check_words(where, type->annotations);
    if (ref.alias || !evaluation_step(where->unit))
        return;
    for (const struct parameter *param = type->params; param; param = param->next) {
        check_words(where, param->annotations);
        check_levels(where, param->type);
    }
    check_levels(where, type->target);
}

static void check_function(struct unmarked *where)
{
    const struct type *function = where->declaration->type.type;
    where->at = " at its result";
    check_levels(where, function->target);
    unsigned index = 1;
    for (const struct parameter *param = function->params; param; param = param->next, index++) {
        where->at = param->name ? arena_format(where->unit->arena, " at parameter '%s'", param->name)
                                : arena_format(where->unit->arena, " at parameter %u", index);
        check_words(where, param->annotations);
        check_levels(where, param->type);
    }
}

/* The words in front of everything: of the function and of the outermost level of its result, or of an object. */
static void check_outermost(struct unmarked *where, bool function)
{
    for (const struct annotation *a = where->declaration->annotations; a; a = a->next) {
        unsigned stands = annotation_where(a->word);
        where->at = stands & ON_OPERATION ? "" : " at its result";
        if (a->word == ANNOTATION_COUNT)
            unknown_word(where->unit, a);
        else if ((stands & ON_OPERATION) || (function && (stands & ON_RESULT) && is_ours(a->word)))
            report_word(where, a);
        else if (!function || !(stands & ON_RESULT))
            misplaced_word(where->unit, where->declaration, a);
    }
}

void unmarked_check(struct unit *unit, const struct declaration *declaration, const struct declaration *operation,
                    bool values)
{
    bool is_typedef = (declaration->storage & STORAGE_TYPEDEF) != 0;
    bool function = declaration->type.type->kind == TYPE_FUNCTION && !is_typedef;
    struct unmarked where = {.unit = unit, .declaration = declaration, .operation = operation};
    check_outermost(&where, function);
    where.at = NULL;
    if (values && function)
        check_function(&where);
    else if (values && !is_typedef)
        check_levels(&where, declaration->type);
}
