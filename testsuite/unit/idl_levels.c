/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Annotations end up at the level they stand on: tree.h says which words describe what. */
#include "idl/tree.h"
#include "testsuite/unit/check.h"

#include <string.h>

static const char text[] = "#define A\n"
                           "struct s; typedef struct s *hidden;\n"
                           "typedef struct s *A(handle) *A(out) two;\n"
                           "typedef int A(fd) number;\n"
                           "void strings(const char *A(null_terminated) *A(counted_by(n)) p, unsigned n);\n"
                           "void before(A(out) hidden *p);\n"
                           "void after(hidden A(handle) *A(out) p);\n"
                           "void only(hidden A(release) p);\n"
                           "void array(char *A(null_terminated) p[4]);\n"
                           "A(op) A(absent) struct s *A(handle) *A(global) result(two p, number q);\n"
                           "void call(int *A(global) (*A(callback) p)(int *A(in) q));\n"
                           "struct A(describes(struct s)) d { char *A(null_terminated) *A(opaque) m; };\n"
                           "struct e { hidden A(handle) *A(opaque) m; two k; } A(describes(struct s));\n";

static struct arena arena;
static struct diagnostics diagnostics = {.arena = &arena};
static struct unit unit;

/* The text with each A(word) written out as the attribute that the header's macros make of it. */
static const char *expanded(void)
{
    const char *result = "";
    for (const char *c = text; *c;) {
        if (strncmp(c, "A(", 2) == 0) {
            unsigned depth = 0;
            size_t length = 1;
            do {
                depth += c[length] == '(';
                depth -= c[length] == ')';
                length++;
            } while (depth);
            result = arena_format(&arena, "%s__attribute__((__annotate__(\"farcall.%.*s\")))", result, (int)length - 3,
                                  c + 2);
            c += length;
        } else {
            result = arena_format(&arena, "%s%c", result, *c++);
        }
    }
    return result;
}

static const struct declaration *declared(const char *name)
{
    const struct declaration *d = unit.declarations;
    while (d && strcmp(d->name, name) != 0)
        d = d->next;
    return d;
}

static const char *words(const struct annotation *list)
{
    const char *all = "";
    for (; list; list = list->next)
        all = arena_format(&arena, "%s%s%s", all, *all ? " " : "", list->text);
    return all;
}

#define SAYS(list, expected) CHECK(strcmp(words(list), expected) == 0)

/* The words of the first parameter, and of what it points to. */
static void check_parameter(const char *name, const char *outer, const char *inner)
{
    const struct parameter *param = declared(name)->type.type->params;
    const struct typeref target = param->type.type->target;
    const struct annotation *below = target.type->kind == TYPE_POINTER ? target.type->annotations : NULL;
    if (strcmp(words(level_annotations(param->annotations, param->type)), outer) == 0 &&
        strcmp(words(below), inner) == 0)
        return;
    fprintf(stderr, "%s: '%s' and '%s'\n", name, words(param->annotations), words(below));
    check_failures++;
}

static void check_result_levels(void)
{
    const struct declaration *result = declared("result");
    const struct type *function = result->type.type;
    SAYS(result->annotations, "op absent global");
    SAYS(function->target.type->annotations, "");
    SAYS(function->target.type->target.type->annotations, "handle");
    check_parameter("result", "out", "handle");
    const struct parameter *number = function->params->next;
    SAYS(number->annotations, "");
    SAYS(level_annotations(number->annotations, number->type), "fd");
}

static void check_callback(void)
{
    const struct parameter *call = declared("call")->type.type->params;
    const struct type *function = call->type.type->target.type;
    SAYS(call->annotations, "callback");
    SAYS(function->target.type->annotations, "global");
    SAYS(function->params->annotations, "in");
}

static void check_structures(void)
{
    CHECK(unit.annotated_type_count == 2);
    CHECK(unit.strays == NULL);
    const struct type *d = unit.annotated_types[0], *e = unit.annotated_types[1];
    SAYS(d->annotations, "describes(struct s)");
    SAYS(e->annotations, "describes(struct s)");
    SAYS(d->members->annotations, "opaque");
    SAYS(d->members->type.type->target.type->annotations, "null_terminated");
    SAYS(e->members->annotations, "opaque");
    SAYS(e->members->type.type->target.type->annotations, "handle");
    SAYS(level_annotations(NULL, e->members->next->type), "out");
}

int main(void)
{
    const char *whole = expanded();
    unit_init(&unit, &arena, &diagnostics);
    unit_parse(&unit, whole, strlen(whole), "levels.h");
    diag_print(&diagnostics, stderr, whole, strlen(whole));
    CHECK(diagnostics.count == 0);
    check_parameter("strings", "counted_by(n)", "null_terminated");
    check_parameter("before", "out", "");
    check_parameter("after", "out", "handle");
    check_parameter("only", "release", "");
    check_parameter("array", "", "null_terminated");
    check_result_levels();
    check_callback();
    check_structures();
    arena_free(&arena);
    return check_result();
}
