/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* From text to a record that its readers accept; what a fingerprint depends on and what not. */
#include "idl/model.h"
#include "testsuite/unit/check.h"

#include <stdlib.h>
#include <string.h>

#define FAR(text) "__attribute__((__annotate__(\"farcall." text "\")))"
#define SERVICE   "struct " FAR("service(kv,1,2)") " far_service_;\n"
#define OP        FAR("op") " "

struct compiled {
    struct arena arena;
    struct diagnostics diagnostics;
    struct model model;
    bool good;
    const struct far_iface *record;
    size_t size;
};

static struct compiled *compile_for(const char *text, bool unsigned_char)
{
    struct compiled *c = calloc(1, sizeof *c);
    struct unit *unit = calloc(1, sizeof *unit);
    bool defines;
    if (!c || !unit)
        exit(1);
    c->diagnostics.arena = &c->arena;
    unit_init(unit, &c->arena, &c->diagnostics);
    unit->unsigned_char = unsigned_char;
    unit_parse(unit, text, strlen(text), "kv.h");
    c->good = model_from_unit(unit, false, &c->model, &defines);
    if (c->good)
        c->record = record_from_model(&c->model, &c->arena, &c->size);
    else
        diag_print(&c->diagnostics, stderr, text, strlen(text));
    free(unit);
    return c;
}

static struct compiled *compile(const char *text)
{
    return compile_for(text, false);
}

static void discard(struct compiled *c)
{
    arena_free(&c->arena);
    free(c);
}

static void check_reads(void)
{
    char why[256] = "";
    struct compiled *c = compile(
        SERVICE "typedef unsigned long size_t; struct node { struct node *next; int bits : 3; char name[8]; };\n" OP
            FAR("data_shipped") " const struct node *" FAR("global") " kv_find(const char *" FAR(
                "null_terminated") " key);\n" OP FAR("fails(-1)") " int kv_get(void *" FAR("out")
                FAR("sized_by(*n)") " to, size_t *" FAR("inout") " n);\n" OP "double kv_sum(const short *" FAR(
                    "counted_by(n - 1)") " of, unsigned char n);\n" OP
                                         "void kv_close(struct node *" FAR("release") " it);\n");
    CHECK(c->good);
    if (!c->good)
        return discard(c);
    CHECK(iface_check(c->record, c->size, why, sizeof why) == 0);
    CHECK(strcmp(why, "") == 0);
    CHECK(strcmp(iface_string(c->record, c->record->service), "kv") == 0);
    CHECK(c->record->major == 1 && c->record->minor == 2);
    CHECK(c->record->ops.count == 4);
    CHECK(strcmp(iface_string(c->record, iface_op(c->record, 0)->name), "kv_close") == 0);
    const struct far_op *find = iface_op_by_name(c->record, "kv_find"), *get = iface_op_by_name(c->record, "kv_get");
    const struct far_op *sum = iface_op_by_name(c->record, "kv_sum"), *shut = iface_op_by_name(c->record, "kv_close");
    CHECK(find && find->slot == 2 && (find->flags & FAR_OP_DATA_SHIPPED));
    CHECK(iface_result(c->record, find)->value.passing == FAR_PASS_GLOBAL);
    CHECK(iface_param(c->record, find, 0)->value.passing == FAR_PASS_STRING);
    CHECK(get && (get->flags & FAR_OP_HAS_FAILS) && get->fails == UINT64_MAX);
    const struct far_param *to = iface_param(c->record, get, 0);
    CHECK(to->value.passing == FAR_PASS_BUFFER && to->value.flags == FAR_VALUE_OUT && to->value.size_count == 1);
    CHECK(iface_expr(c->record, to->value.size_first)->code == FAR_EXPR_DEREF);
    CHECK(iface_expr(c->record, to->value.size_first)->index == 1 &&
          iface_expr(c->record, to->value.size_first)->width == 8);
    CHECK(strcmp(iface_string(c->record, iface_expr(c->record, to->value.size_first)->name), "*n") == 0);
    const struct far_param *of = iface_param(c->record, sum, 0);
    CHECK(of->value.size_count == 5); /* n 1 - 2 * */
    CHECK(iface_expr(c->record, of->value.size_first + 4)->code == FAR_EXPR_MUL);
    CHECK(iface_result(c->record, sum)->value.passing == FAR_PASS_FLOAT &&
          iface_result(c->record, sum)->value.width == 8);
    CHECK(iface_param(c->record, shut, 0)->value.passing == FAR_PASS_HANDLE);
    CHECK(iface_param(c->record, shut, 0)->value.flags == FAR_VALUE_RELEASE);
    CHECK(strcmp(iface_string(c->record, get->file), "kv.h") == 0);
    discard(c);
}

/* What values lead to: elements, members, callbacks; and what expressions are called in the header. */
static void check_graph(void)
{
    char why[256] = "";
    /* clang-format off */
    static const char text[] = SERVICE
        "struct part { unsigned n; struct { int *" FAR("counted_by(n)") " p; } in; };\n"
        OP "int f(const struct part *" FAR("in") " part,\n"
        "      const void *" FAR("sized_by(part->n * 2)") " bytes,\n"
        "      void (*" FAR("callback") " done)(void *" FAR("opaque") " user));\n";
    /* clang-format on */
    struct compiled *c = compile(text);
    CHECK(c->good && iface_check(c->record, c->size, why, sizeof why) == 0);
    if (!c->good)
        return discard(c);
    const struct far_op *f = iface_op(c->record, 0);
    const struct far_value *part = &iface_param(c->record, f, 0)->value, *bytes = &iface_param(c->record, f, 1)->value;
    const struct far_value *done = &iface_param(c->record, f, 2)->value;
    CHECK(part->inside && iface_value(c->record, part->inside - 1)->passing == FAR_PASS_STRUCT);
    const struct far_type *type = iface_type(c->record, iface_value(c->record, part->inside - 1)->type);
    CHECK(type->kind == FAR_TYPE_STRUCT && !(type->flags & FAR_TYPE_PLAIN) && type->member_count == 2);
    const struct far_type *inner = iface_type(c->record, iface_member(c->record, type->first_member + 1)->type);
    const struct far_member *p = iface_member(c->record, inner->first_member);
    const struct far_expr *n = iface_expr(c->record, iface_value(c->record, p->value - 1)->size_first);
    CHECK(n->code == FAR_EXPR_MEMBER && n->index == 1 && n->value == 0 && n->width == 4);
    const struct far_expr *len = iface_expr(c->record, bytes->size_first);
    CHECK(len->code == FAR_EXPR_DEREF && len->index == 0 && len->width == 4);
    CHECK(strcmp(iface_string(c->record, len->name), "part->n") == 0);
    CHECK(done->passing == FAR_PASS_CALLBACK && done->inside);
    const struct far_callback *callback = iface_callback(c->record, done->inside - 1);
    CHECK(callback->param_count == 1 && iface_callback_param(c->record, callback, 0)->value.passing == FAR_PASS_VOID);
    CHECK(iface_callback_param(c->record, callback, 1)->value.passing == FAR_PASS_OPAQUE);
    discard(c);
}

static uint64_t fingerprint(const char *text)
{
    struct compiled *c = compile(text);
    uint64_t result = c->good ? iface_op(c->record, 0)->fingerprint : 0;
    CHECK(c->good);
    discard(c);
    return result;
}

/* Where members lie counts, also where names, types and the whole's size are the same. */
static void check_offsets(void)
{
    uint64_t close = fingerprint(SERVICE OP "int f(const struct s { char a; char b; long c; } *" FAR("in") " p);");
    uint64_t apart =
        fingerprint(SERVICE OP "int f(const struct s { char a; _Alignas(4) char b; long c; } *" FAR("in") " p);");
    CHECK(close != apart);
    uint64_t first = fingerprint(SERVICE OP "int f(const struct s { int a : 3; int : 0; int b; } *" FAR("in") " p);");
    uint64_t later = fingerprint(SERVICE OP "int f(const struct s { int : 3; int a : 3; int b; } *" FAR("in") " p);");
    CHECK(first != later);
}

static void check_fingerprints(void)
{
    uint64_t base = fingerprint(SERVICE OP "int f(const struct s { int a; long b; } *" FAR("in") " p);");
    /* Names of parameters, where it runs, what else there is: no difference. */
    CHECK(base == fingerprint(SERVICE "int x;\n" OP "int f(const struct s { int a; long b; } *" FAR("in") " other);"));
    CHECK(base ==
          fingerprint(SERVICE OP FAR("data_shipped") "int f(const struct s { int a; long b; } *" FAR("in") " p);"));
    CHECK(base ==
          fingerprint(SERVICE OP "int f(const struct s { int a; long b; } *" FAR("in") " p); " OP "int g(void);"));
    CHECK(base == fingerprint(SERVICE "typedef struct s { int a; long b; } t; typedef int r;" OP "r f(const t *p);"));
    /* A member, its place, its name, its type, a result, an annotation: a difference. */
    CHECK(base != fingerprint(SERVICE OP "int f(const struct s { int a; long b; int c; } *" FAR("in") " p);"));
    CHECK(base != fingerprint(SERVICE OP "int f(const struct s { long b; int a; } *" FAR("in") " p);"));
    CHECK(base != fingerprint(SERVICE OP "int f(const struct s { int a; long c; } *" FAR("in") " p);"));
    CHECK(base != fingerprint(SERVICE OP "int f(const struct s { unsigned a; long b; } *" FAR("in") " p);"));
    CHECK(base != fingerprint(SERVICE OP "long f(const struct s { int a; long b; } *" FAR("in") " p);"));
    CHECK(base !=
          fingerprint(SERVICE OP FAR("fails(-1)") "int f(const struct s { int a; long b; } *" FAR("in") " p);"));
    CHECK(base != fingerprint(SERVICE OP "int f(struct s { int a; long b; } *" FAR("inout") " p);"));
}

/* One line of the table: the same operation with something changed, and whether both sides notice. */
struct edit {
    const char *what;
    bool noticed;
    const char *from, *to; /* in the base text */
};

/* clang-format off */
static const char base_text[] = SERVICE
    "enum kind { TEXT, BLOB };\nunion u { char *" FAR("null_terminated") FAR("case(TEXT)") " text; long "
        FAR("default") " n; };\nstruct row { int kind; union u u " FAR("selected_by(kind)")
        "; struct row *next; char *" FAR("sized_by(size)") " bytes; unsigned long size; char letter; void *"
        FAR("opaque") " user; };\nstruct hidden { int a; };\n"
    OP FAR("fails(-1)") FAR("deadline(7)") " int f(const struct row *" FAR("deep") " rows, int (*"
        FAR("callback") " each)(void *" FAR("opaque") " user, const char *" FAR("null_terminated")
        " name), struct hidden *" FAR("handle") " *" FAR("out") " opened, const char *" FAR("null_terminated")
        FAR("lifetime(service)") " *" FAR("out") " why, unsigned long *" FAR("inout") " n, char *" FAR("out")
        FAR("sized_by(*n)") " to);\n";
/* clang-format on */

static const struct edit edits[] = {
    {"white space and lines", false, "enum kind", "\n\n   enum\n  kind"},
    {"another declaration", false, "enum kind", "int another; struct more { int x; }; enum kind"},
    {"another operation", false, "enum kind", OP "int a(struct hidden *" FAR("handle") " h); enum kind"},
    {"an operation that reaches the same type in another way", false, "struct hidden { int a; };",
     "struct hidden { int a; }; " OP "const struct row *" FAR("global") " a(void);"},
    {"the order of declarations", false, "struct hidden { int a; };", ""},
    {"what a handle points to", false, "struct hidden { int a; };", "struct hidden { int a, b; };"},
    {"a parameter's name", false, "opened", "session"},
    {"a name in a size", false, " n, char *" FAR("out") FAR("sized_by(*n)"),
     " m, char *" FAR("out") FAR("sized_by(*m)")},
    {"a callback parameter's name", false, " user, const char *", " cookie, const char *"},
    {"where it runs", false, FAR("deadline(7)"), FAR("deadline(7)") FAR("data_shipped")},
    {"a typedef for a type", false, " int f(", " result f("},
    {"a deadline", true, FAR("deadline(7)"), FAR("deadline(8)")},
    {"the value when it fails", true, FAR("fails(-1)"), FAR("fails(-2)")},
    {"one way", true, FAR("deadline(7)"), FAR("deadline(7)") FAR("idempotent")},
    {"asynchronous", true, FAR("deadline(7)"), FAR("deadline(7)") FAR("async")},
    {"the result's type", true, " int f(", " long f("},
    {"a member's name", true, "int kind;", "int kind2; int kind;"},
    {"a member's type", true, "char letter;", "unsigned char letter;"},
    {"a member's place", true, "char letter; void *" FAR("opaque") " user;",
     "void *" FAR("opaque") " user; char letter;"},
    {"a member's size", true, FAR("sized_by(size)"), FAR("sized_by(size + 1)")},
    {"a member that may be NULL", true, FAR("sized_by(size)"), FAR("sized_by_or_null(size)")},
    {"a member's way", true, FAR("sized_by(size)"), FAR("sized_by(size)") FAR("in")},
    {"a member that is a handle", true, "void *" FAR("opaque") " user;", "void *" FAR("handle") " user;"},
    {"a union's case", true, FAR("case(TEXT)"), FAR("case(BLOB)")},
    {"a union's default", true, FAR("default"), FAR("case(BLOB)")},
    {"a union's selector", true, FAR("selected_by(kind)"), FAR("selected_by(kind + 1)")},
    {"deep", true, FAR("deep") " rows", FAR("deep") FAR("nullable") " rows"},
    {"a callback's parameter", true, FAR("null_terminated") " name)", FAR("opaque") " name)"},
    {"a callback's result", true, "int (*" FAR("callback"), "long (*" FAR("callback")},
    {"a callback that may be missing", true, FAR("callback"), FAR("callback") FAR("nullable")},
    {"an inner level", true, FAR("handle") " *", FAR("opaque") " *"},
    {"a lifetime", true, FAR("lifetime(service)"), FAR("lifetime(call)")},
    {"a lifetime's parameter", true, FAR("lifetime(service)"), FAR("lifetime(rows)")},
    {"a size", true, FAR("sized_by(*n)"), FAR("sized_by(*n / 2)")},
    {"a direction", true, FAR("out") FAR("sized_by(*n)"), FAR("inout") FAR("sized_by(*n)")},
};

/* base_text with the first `from` replaced. */
static char *edited(const struct edit *edit)
{
    const char *at = strstr(base_text, edit->from);
    size_t size = sizeof base_text + strlen(edit->to) + 64;
    char *text = calloc(1, size);
    CHECK(at != NULL);
    if (!text || !at)
        exit(1);
    snprintf(text, size, "typedef int result;\n%.*s%s%s", (int)(at - base_text), base_text, edit->to,
             at + strlen(edit->from));
    return text;
}

static uint64_t fingerprint_of_f(const char *text, bool unsigned_char)
{
    struct compiled *c = compile_for(text, unsigned_char);
    const struct far_op *op = c->good ? iface_op_by_name(c->record, "f") : NULL;
    uint64_t result = op ? op->fingerprint : 0;
    char why[256] = "";
    CHECK(c->good && iface_check(c->record, c->size, why, sizeof why) == 0);
    discard(c);
    return result;
}

static void check_edits(void)
{
    uint64_t base = fingerprint_of_f(base_text, false);
    CHECK(base != 0);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        char *text = edited(&edits[i]);
        bool noticed = fingerprint_of_f(text, false) != base;
        if (noticed != edits[i].noticed)
            fprintf(stderr, "%s: %s\n", edits[i].what, noticed ? "is noticed" : "is not noticed");
        CHECK(noticed == edits[i].noticed);
        free(text);
    }
    /* A machine whose plain char is unsigned has the same interface. */
    CHECK(base == fingerprint_of_f(base_text, true));
    CHECK(fingerprint_of_f(SERVICE OP "int f(char a, char *" FAR("inout") FAR("sized_by(a)") " b);", false) ==
          fingerprint_of_f(SERVICE OP "int f(char a, char *" FAR("inout") FAR("sized_by(a)") " b);", true));
    CHECK(fingerprint_of_f(SERVICE OP "int f(char a);", false) !=
          fingerprint_of_f(SERVICE OP "int f(signed char a);", false));
}

/* What only the server looks into may change without anybody noticing. */
static void check_hidden(void)
{
    uint64_t base = fingerprint(SERVICE "struct s { int a; };" OP "int f(struct s *" FAR("handle") " p);");
    CHECK(base == fingerprint(SERVICE "struct s { int a, b; };" OP "int f(struct s *" FAR("handle") " p);"));
    CHECK(base == fingerprint(SERVICE "struct s;" OP "int f(struct s *" FAR("handle") " p);"));
    CHECK(base != fingerprint(SERVICE "struct t;" OP "int f(struct t *" FAR("handle") " p);"));
}

int main(void)
{
    check_reads();
    check_graph();
    check_offsets();
    check_fingerprints();
    check_edits();
    check_hidden();
    return check_result();
}
