/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/cures.h"

#include "idl/misspelling.h"

#include <string.h>

/* An edit is only offered where it is what was most likely meant, or says nothing wrong whatever was meant. */
struct cure {
    const struct subject *subject;
    struct diagnostic *diagnostic;
};

/* Headers beside the one that is read, and below, are its author's; those elsewhere are not to be edited. */
static bool is_own_file(const struct unit *unit, const char *file)
{
    const char *slash = unit->main_file ? strrchr(unit->main_file, '/') : NULL;
    if (!file || !unit->main_file || strcmp(file, unit->main_file) == 0)
        return true;
    if (slash)
        return strncmp(file, unit->main_file, (size_t)(slash - unit->main_file) + 1) == 0;
    return *file != '/' && strncmp(file, "../", 3) != 0;
}

static void fix(const struct cure *cure, struct fixit fixit)
{
    if (!is_own_file(cure->subject->unit, fixit.place.file))
        return;
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

/* `size_t`, and not `int flags`. */
static bool is_size(const struct parameter *param)
{
    return counts(param) && param->type.type->size == 8 && !param->type.type->is_signed;
}

static bool is_named_count(const struct parameter *param)
{
    static const char *const names[] = {"n", "count", "len", "length", "size", "num"};
    for (size_t i = 0; counts(param) && i < sizeof names / sizeof *names; i++)
        if (strcmp(param->name, names[i]) == 0)
            return true;
    return false;
}

const struct parameter *parameter_named_after(const struct parameter *pointer)
{
    size_t length = pointer->name ? strlen(pointer->name) : 0;
    for (const struct parameter *param = pointer->next; param && length > 1; param = param->next)
        if (counts(param) && strncmp(param->name, pointer->name, length) == 0)
            return param;
    return NULL;
}

/* The only number that the function takes. */
static const struct parameter *only_number(const struct type *function)
{
    const struct parameter *found = NULL;
    for (const struct parameter *param = function->params; param; param = param->next) {
        if (counts(param) && found)
            return NULL;
        found = counts(param) ? param : found;
    }
    return found;
}

/* The parameter that counts this one: a wrong count would be worse than none. */
static const char *count_of(const struct subject *s, bool bytes)
{
    const struct parameter *named = parameter_named_after(s->param), *next = s->param->next;
    if (named)
        return named->name;
    if (is_size(next) || is_named_count(next))
        return next->name;
    const struct parameter *only = bytes && s->function ? only_number(s->function) : NULL;
    return only ? only->name : NULL;
}

/* `const char *text, size_t n`: text that may not end with a zero. */
static bool is_counted_text(const struct parameter *param)
{
    return parameter_named_after(param) || is_size(param->next) || is_named_count(param->next);
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
    const char *direction = is_in || has_direction ? "" : "far_inout ", *count = count_of(s, bytes);
    if (type_is_stream(target))
        return; /* nothing copies one */
    if (target->is_char && is_in && !has_direction && !is_counted_text(s->param))
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
