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

static struct compiled *compile(const char *text)
{
    struct compiled *c = calloc(1, sizeof *c);
    struct unit *unit = calloc(1, sizeof *unit);
    bool defines;
    if (!c || !unit)
        exit(1);
    c->diagnostics.arena = &c->arena;
    unit_init(unit, &c->arena, &c->diagnostics);
    unit_parse(unit, text, strlen(text), "kv.h");
    c->good = model_from_unit(unit, false, &c->model, &defines);
    if (c->good)
        c->record = record_from_model(&c->model, &c->arena, &c->size);
    else
        diag_print(&c->diagnostics, stderr, text, strlen(text));
    free(unit);
    return c;
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

static uint64_t fingerprint(const char *text)
{
    struct compiled *c = compile(text);
    uint64_t result = c->good ? iface_op(c->record, 0)->fingerprint : 0;
    CHECK(c->good);
    discard(c);
    return result;
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
    check_fingerprints();
    check_hidden();
    return check_result();
}
