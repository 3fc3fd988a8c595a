/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The record of service lib, in which every way of crossing that a record can describe is there once. */
#include "testsuite/unit/make_rich.h"
#include "testsuite/unit/make_tables.h"

#define POINTER(to)       {.kind = FAR_TYPE_POINTER, .align = 8, .size = 8, .target = (to)}
#define CONST_POINTER(to) {.kind = FAR_TYPE_POINTER, .flags = FAR_TYPE_CONST, .align = 8, .size = 8, .target = (to)}
#define NUMBER(what, bytes, more) \
    {.kind = FAR_TYPE_##what, .flags = FAR_TYPE_PLAIN | (more), .align = (bytes), .size = (bytes)}

static const struct {
    const char *name;
    struct far_type type;
} types[R_TYPES] = {
    [R_VOID] = {"void", {.kind = FAR_TYPE_VOID, .align = 1}},
    [R_CHAR] = {"char", NUMBER(INT, 1, FAR_TYPE_SIGNED)},
    [R_INT] = {"int", NUMBER(INT, 4, FAR_TYPE_SIGNED)},
    [R_UINT] = {"unsigned int", NUMBER(INT, 4, 0)},
    [R_ULONG] = {"unsigned long", NUMBER(INT, 8, 0)},
    [R_LDOUBLE] = {"long double", NUMBER(FLOAT, 16, FAR_TYPE_SIGNED)},
    [R_CHARS] = {"char *", POINTER(R_CHAR)},
    [R_TEXT] = {"const char *", CONST_POINTER(R_CHAR)},
    [R_NAMES] = {"char **", POINTER(R_CHARS)},
    [R_BYTES] = {"void *", POINTER(R_VOID)},
    [R_LIB] = {"struct lib", {.kind = FAR_TYPE_OPAQUE, .align = 1}},
    [R_LIB_POINTER] = {"struct lib *", POINTER(R_LIB)},
    [R_LIB_OUT] = {"struct lib **", POINTER(R_LIB_POINTER)},
    [R_EACH] = {"int (void *, int, char **)", {.kind = FAR_TYPE_FUNCTION, .align = 1}},
    [R_EACH_POINTER] = {"int (*)(void *, int, char **)", POINTER(R_EACH)},
    [R_ANY] = {"union any", {.kind = FAR_TYPE_UNION, .align = 8, .size = 8}},
    [R_MARKS] = {"int[2]", {.kind = FAR_TYPE_ARRAY, .align = 4, .size = 8, .target = R_INT, .count = 2}},
    [R_STREAM] = {"struct stream", {.kind = FAR_TYPE_STRUCT, .align = 8, .size = 80}},
    [R_STREAM_POINTER] = {"struct stream *", POINTER(R_STREAM)},
    [R_PAIR] = {"struct pair", {.kind = FAR_TYPE_STRUCT, .flags = FAR_TYPE_PLAIN, .align = 8, .size = 16}},
    [R_ITEM] = {"struct item", {.kind = FAR_TYPE_STRUCT, .align = 8, .size = 16}},
    [R_ITEM_POINTER] = {"struct item *", POINTER(R_ITEM)},
    [R_VECTOR] =
        {"unsigned int3",
         {.kind = FAR_TYPE_VECTOR, .flags = FAR_TYPE_PLAIN, .align = 16, .size = 16, .target = R_UINT, .count = 3}},
    [R_COMPLEX] = {"_Complex int",
                   {.kind = FAR_TYPE_COMPLEX, .flags = FAR_TYPE_PLAIN, .align = 4, .size = 8, .target = R_INT}},
};

/* By type, in the order of add_members(). */
static const struct {
    uint32_t holder;
    const char *name;
    struct far_member member;
} members[] = {
    {R_ANY, "number", {.type = R_ULONG, .flags = FAR_MEMBER_DEFAULT}},
    {R_ANY, "name", {.type = R_CHARS, .value = 1 + V_ANY_NAME, .first_case = 0, .case_count = 2}},
    {R_STREAM, "next_in", {.type = R_TEXT, .offset = 0, .value = 1 + V_NEXT_IN}},
    {R_STREAM, "avail_in", {.type = R_UINT, .offset = 8}},
    {R_STREAM, "avail_out", {.type = R_UINT, .offset = 12}},
    {R_STREAM, "next_out", {.type = R_CHARS, .offset = 16, .value = 1 + V_NEXT_OUT}},
    {R_STREAM, "msg", {.type = R_TEXT, .offset = 24, .value = 1 + V_MSG}},
    {R_STREAM, "state", {.type = R_LIB_POINTER, .offset = 32, .value = 1 + V_STATE}},
    {R_STREAM, "user", {.type = R_BYTES, .offset = 40, .value = 1 + V_USER}},
    {R_STREAM, "tag", {.type = R_INT, .offset = 48}},
    {R_STREAM, "fd", {.type = R_INT, .offset = 52, .value = 1 + V_FD}},
    {R_STREAM, "any", {.type = R_ANY, .offset = 56, .value = 1 + V_ANY}},
    {R_STREAM, "marks", {.type = R_MARKS, .offset = 64, .value = 1 + V_MARKS}},
    {R_STREAM, "bits", {.type = R_UINT, .offset = 72, .bit_width = 3, .bit_offset = 1}},
    {R_PAIR, "first", {.type = R_ULONG, .offset = 0}},
    {R_PAIR, "second", {.type = R_INT, .offset = 8}},
    {R_ITEM, "next", {.type = R_ITEM_POINTER, .offset = 0, .value = 1 + V_NEXT}},
    {R_ITEM, "value", {.type = R_INT, .offset = 8}},
};

#define CONSTANT(number)        {.code = FAR_EXPR_CONST, .value = (number)}
#define MEMBER(at, bytes, more) {.code = FAR_EXPR_MEMBER, .width = (bytes), .value = (at), .flags = (more)}
#define PARAM(at, bytes, more)  {.code = FAR_EXPR_PARAM, .width = (bytes), .index = (at), .flags = (more)}

static const struct {
    struct far_expr node;
    const char *name;
} exprs[R_EXPRS] = {
    [E_AVAIL_IN] = {MEMBER(8, 4, 0), "avail_in"},
    [E_AVAIL_OUT] = {MEMBER(12, 4, 0), "avail_out"},
    [E_TAG] = {MEMBER(48, 4, FAR_EXPR_SIGNED), "tag"},
    [E_STREAM] = {CONSTANT(80), NULL},
    [E_POINTER] = {CONSTANT(8), NULL},
    [E_ITEM] = {CONSTANT(16), NULL},
    [E_NAMES] = {PARAM(1, 4, FAR_EXPR_SIGNED), "count"},
    [E_NAMES + 1] = {CONSTANT(8), NULL},
    [E_NAMES + 2] = {{.code = FAR_EXPR_MUL}, NULL},
    [E_RESULT] = {{.code = FAR_EXPR_RESULT, .width = 8}, "far_result"},
    [E_SECOND] = {{.code = FAR_EXPR_DEREF, .width = 4, .index = 0, .value = 8, .flags = FAR_EXPR_SIGNED}, "p->second"},
};

#define BY_REFERENCE(t, how, in_out) .type = (t), .passing = FAR_PASS_##how, .width = 8, .flags = (in_out)
#define IN                           FAR_VALUE_IN
#define OUT                          FAR_VALUE_OUT
#define A_SIZE(first, count)         .size_first = (first), .size_count = (count)

static const struct far_value values[R_VALUES] = {
    [V_ANY_NAME] = {BY_REFERENCE(R_CHARS, STRING, 0)},
    [V_NEXT_IN] = {BY_REFERENCE(R_TEXT, BUFFER, IN), A_SIZE(E_AVAIL_IN, 1)},
    [V_NEXT_OUT] = {BY_REFERENCE(R_CHARS, BUFFER, OUT), A_SIZE(E_AVAIL_OUT, 1)},
    [V_MSG] = {BY_REFERENCE(R_TEXT, STRING, FAR_VALUE_OPTIONAL), .lifetime = FAR_LIFETIME_SERVICE},
    [V_STATE] = {BY_REFERENCE(R_LIB_POINTER, HANDLE, 0)},
    [V_USER] = {BY_REFERENCE(R_BYTES, OPAQUE, 0)},
    [V_FD] = {.type = R_INT, .passing = FAR_PASS_FD, .width = 4},
    [V_ANY] = {.type = R_ANY, .passing = FAR_PASS_STRUCT, .select_first = E_TAG, .select_count = 1},
    [V_MARK] = {.type = R_INT, .passing = FAR_PASS_VALUE, .width = 4, .flags = FAR_VALUE_SIGNED},
    [V_MARKS] = {.type = R_MARKS, .passing = FAR_PASS_ARRAY, .inside = 1 + V_MARK},
    [V_ITEM] = {.type = R_ITEM, .passing = FAR_PASS_STRUCT},
    [V_NEXT] = {BY_REFERENCE(R_ITEM_POINTER, BUFFER, FAR_VALUE_DEEP_ONLY), A_SIZE(E_ITEM, 1), .inside = 1 + V_ITEM},
    [V_STREAM] = {.type = R_STREAM, .passing = FAR_PASS_STRUCT},
    [V_LIB] = {BY_REFERENCE(R_LIB_POINTER, HANDLE, 0), .lifetime = FAR_LIFETIME_RELEASED},
    [V_TEXT] = {BY_REFERENCE(R_CHARS, STRING, 0)},
};

static const struct far_value handle = {BY_REFERENCE(R_LIB_POINTER, HANDLE, 0)};
static const struct far_value number = {
    .type = R_INT, .passing = FAR_PASS_VALUE, .width = 4, .flags = FAR_VALUE_SIGNED};
static const struct far_value length = {.type = R_ULONG, .passing = FAR_PASS_VALUE, .width = 8};
static const struct far_value pair = {.type = R_PAIR, .passing = FAR_PASS_STRUCT};
static const struct far_value user = {BY_REFERENCE(R_BYTES, OPAQUE, 0)};

static void add_tables(struct record *record)
{
    static const int64_t cases[] = {-2, 3};
    for (uint32_t i = 0; i < R_TYPES; i++) {
        record->types[i] = types[i].type;
        record->types[i].name = text(record, types[i].name);
    }
    for (uint32_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct far_type *holder = &record->types[members[i].holder];
        record->members[i] = members[i].member;
        record->members[i].name = text(record, members[i].name);
        holder->first_member = holder->member_count ? holder->first_member : i;
        holder->member_count++;
    }
    for (uint32_t i = 0; i < R_EXPRS; i++) {
        record->exprs[i] = exprs[i].node;
        record->exprs[i].name = exprs[i].name ? text(record, exprs[i].name) : 0;
    }
    memcpy(record->values, values, sizeof values);
    memcpy(record->cases, cases, sizeof cases);
    record->type_count = R_TYPES;
    record->member_count = sizeof members / sizeof *members;
    record->expr_count = R_EXPRS;
    record->value_count = R_VALUES;
    record->case_count = sizeof cases / sizeof *cases;
}

static void add_callback(struct record *record)
{
    record->callbacks[record->callback_count++] =
        (struct far_callback){.type = R_EACH, .first_param = record->param_count, .param_count = 3};
    add_param(record, number, NULL, NULL);
    add_param(record, user, "user", "void *user");
    add_param(record, number, "count", "int count");
    add_param(record, (struct far_value){BY_REFERENCE(R_NAMES, BUFFER, IN), A_SIZE(E_NAMES, 3), .inside = 1 + V_TEXT},
              "names", "char **names");
}

static void add_ops(struct record *record)
{
    begin_op(record, "lib_each", FAR_OP_HAS_FAILS,
             "int lib_each(struct lib *lib, int (*each)(void *, int, char **), void *user)");
    record->ops[0].fails = (uint32_t)-1;
    add_param(record, number, NULL, NULL);
    add_param(record, handle, "lib", "struct lib *lib");
    add_param(record, (struct far_value){BY_REFERENCE(R_EACH_POINTER, CALLBACK, FAR_VALUE_OPTIONAL), .inside = 1},
              "each", "int (*each)(void *, int, char **)");
    add_param(record, user, "user", "void *user");
    end_op(record);

    begin_op(record, "lib_error", FAR_OP_NEUTRAL, "const char *lib_error(struct lib *lib)");
    add_param(record, (struct far_value){BY_REFERENCE(R_TEXT, STRING, OUT), .lifetime = FAR_LIFETIME_HANDLE}, NULL,
              NULL);
    add_param(record, handle, "lib", "struct lib *lib");
    end_op(record);

    begin_op(record, "lib_open", 0, "int lib_open(const char *name, struct lib **lib)");
    add_param(record, number, NULL, NULL);
    add_param(record, (struct far_value){BY_REFERENCE(R_TEXT, STRING, IN)}, "name", "const char *name");
    add_param(record,
              (struct far_value){BY_REFERENCE(R_LIB_OUT, BUFFER, OUT), A_SIZE(E_POINTER, 1), .inside = 1 + V_LIB},
              "lib", "struct lib **lib");
    end_op(record);

    begin_op(record, "lib_pair", 0, "struct pair lib_pair(struct pair p)");
    add_param(record, pair, NULL, NULL);
    add_param(record, pair, "p", "struct pair p");
    end_op(record);
}

static void add_more_ops(struct record *record)
{
    begin_op(record, "lib_pump", FAR_OP_NEUTRAL, "int lib_pump(struct stream *strm)");
    add_param(record, number, NULL, NULL);
    add_param(record,
              (struct far_value){BY_REFERENCE(R_STREAM_POINTER, BUFFER, IN | OUT), A_SIZE(E_STREAM, 1),
                                 .inside = 1 + V_STREAM},
              "strm", "struct stream *strm");
    end_op(record);

    begin_op(record, "lib_read", 0, "unsigned long lib_read(int fd, void *to, unsigned long size)");
    add_param(record, length, NULL, NULL);
    add_param(record, (struct far_value){.type = R_INT, .passing = FAR_PASS_FD, .width = 4, .flags = IN}, "fd",
              "int fd");
    add_param(record, (struct far_value){BY_REFERENCE(R_BYTES, BUFFER, OUT), A_SIZE(E_RESULT, 1)}, "to", "void *to");
    add_param(record, length, "size", "unsigned long size");
    end_op(record);

    begin_op(record, "lib_walk", 0, "void lib_walk(struct item *list, void *to)");
    add_param(record, (struct far_value){.type = R_VOID, .passing = FAR_PASS_VOID}, NULL, NULL);
    add_param(record,
              (struct far_value){BY_REFERENCE(R_ITEM_POINTER, BUFFER, IN | FAR_VALUE_DEEP), A_SIZE(E_ITEM, 1),
                                 .inside = 1 + V_ITEM},
              "list", "struct item *list");
    add_param(record, (struct far_value){BY_REFERENCE(R_BYTES, BUFFER, OUT), A_SIZE(E_SECOND, 1)}, "to", "void *to");
    end_op(record);

    begin_op(record, "lib_wide", 0, "long double lib_wide(long double x)");
    add_param(record, (struct far_value){.type = R_LDOUBLE, .passing = FAR_PASS_WIDE}, NULL, NULL);
    add_param(record, (struct far_value){.type = R_LDOUBLE, .passing = FAR_PASS_WIDE, .flags = IN}, "x",
              "long double x");
    end_op(record);
}

static void add_data(struct record *record)
{
    record->data[0] = (struct far_data){.name = text(record, "lib_limits"),
                                        .type = R_PAIR,
                                        .protocol = FAR_PROTOCOL_READ_MOSTLY,
                                        .signature = text(record, "struct pair lib_limits"),
                                        .file = text(record, "lib.h"),
                                        .line = 40,
                                        .fingerprint = 77};
    record->data[1] = record->data[0];
    record->data[1].name = text(record, "lib_total");
    record->data[1].protocol = FAR_PROTOCOL_REDUCTION;
    record->data_count = 2;
}

struct made make_rich_record(void)
{
    struct record *record = calloc(1, sizeof *record);
    if (!record)
        abort();
    add_tables(record);
    add_ops(record);
    add_more_ops(record);
    add_callback(record);
    add_data(record);
    return record_finish(record, (struct far_iface){.major = 2, .minor = 1, .fingerprint = 99, .slot_end = 12}, "lib");
}
