/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* iface_check(): a sound record passes; each broken property is refused with a message that names it. */
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Records are const to everyone but this test. */
static struct far_iface *mutable_iface(const struct made *made)
{
    return (struct far_iface *)made->bytes;
}

static struct far_op *op_at(struct far_iface *iface, uint32_t index)
{
    return (struct far_op *)(uintptr_t)iface_op(iface, index);
}

static struct far_param *param_at(struct far_iface *iface, uint32_t op, uint32_t index)
{
    return (struct far_param *)(uintptr_t)iface_param(iface, iface_op(iface, op), index);
}

static struct far_type *type_at(struct far_iface *iface, uint32_t index)
{
    return (struct far_type *)(uintptr_t)iface_type(iface, index);
}

static struct far_expr *expr_at(struct far_iface *iface, uint32_t index)
{
    return (struct far_expr *)(uintptr_t)iface_expr(iface, index);
}

static struct far_member *member_at(struct far_iface *iface, uint32_t index)
{
    return (struct far_member *)(uintptr_t)iface_member(iface, index);
}

/* Operations: 0 kv_find(key), 1 kv_put(key, val, n), 2 kv_read(to, length). Types: 4 char[16], 5 struct node, 0 void. */
#define BREAKS(X)                                                                                                   \
    X(magic, i->magic[0] = 'X', "does not start with FARIFACE")                                                     \
    X(version, i->version = 9, "version 9")                                                                         \
    X(size, i->size -= 8, "truncated")                                                                              \
    X(flags, i->flags = 1, "header flags")                                                                          \
    X(machine, i->machine = 0, "machine 0")                                                                         \
    X(ops_outside, i->ops.offset = 0x7ffffff8, "table of operations")                                               \
    X(ops_many, i->ops.count = 0xffffffff, "table of operations")                                                   \
    X(ops_odd, i->ops.offset += 4, "table of operations")                                                           \
    X(ops_in_header, i->ops.offset = 0, "table of operations")                                                      \
    X(params_outside, i->params.count = 1u << 28, "table of parameters")                                            \
    X(types_outside, i->types.offset = 0xfffffff8, "table of types")                                                \
    X(members_outside, i->members.count = 1000000, "table of members")                                              \
    X(exprs_outside, i->exprs.count = 1000000, "table of size expressions")                                         \
    X(strings_outside, i->strings.count += 64, "table of strings")                                                  \
    X(service_none, i->service = 0, "service's name")                                                               \
    X(service_outside, i->service = 0xffffffff, "service's name")                                                   \
    X(service_odd, ((char *)i)[i->service] = '-', "service's name")                                                 \
    X(op_name, op_at(i, 1)->name = 3, "name is no C identifier")                                                    \
    X(op_slot_zero, op_at(i, 1)->slot = 0, "slot is out of range")                                                  \
    X(op_slot_large, op_at(i, 1)->slot = 4096, "slot is out of range")                                              \
    X(op_slot_twice, op_at(i, 1)->slot = 1, "same slot")                                                            \
    X(op_order, op_at(i, 1)->name = op_at(i, 0)->name, "not sorted")                                                \
    X(op_flags, op_at(i, 0)->flags |= 0x8000, "unknown flags")                                                      \
    X(op_params, op_at(i, 0)->param_count = 17, "too many parameters")                                              \
    X(op_params_outside, op_at(i, 0)->first_param = 0xffffffff, "parameters do not exist")                          \
    X(op_signature, op_at(i, 0)->signature = i->size, "signature")                                                  \
    X(op_control, ((char *)i)[op_at(i, 0)->signature] = '\033', "control character")                                \
    X(op_fails_void, op_at(i, 2)->flags |= FAR_OP_HAS_FAILS, "has no result")                                       \
    X(op_oneway, op_at(i, 1)->flags |= FAR_OP_ONEWAY, "one-way operation cannot have a result")                     \
    X(op_oneway_out, op_at(i, 2)->flags |= FAR_OP_ONEWAY, "cannot give anything back")                              \
    X(param_passing, param_at(i, 1, 2)->value.passing = 99, "no such way")                                          \
    X(param_void, *param_at(i, 1, 2) = *iface_result(i, iface_op(i, 2)), "no integer")                              \
    X(param_type, param_at(i, 1, 2)->value.type = 1000, "type does not exist")                                      \
    X(param_width, param_at(i, 1, 2)->value.width = 4, "width is not its type's size")                              \
    X(param_not_integer, param_at(i, 1, 2)->value.type = 8, "its type is none")                                     \
    X(param_float, param_at(i, 1, 2)->value.passing = FAR_PASS_FLOAT, "its type is neither")                        \
    X(param_not_pointer, param_at(i, 0, 0)->value.type = 3, "no pointer")                                           \
    X(param_flags, param_at(i, 0, 0)->value.flags |= 0x100, "unknown flags")                                        \
    X(param_string_out, param_at(i, 0, 0)->value.flags |= FAR_VALUE_OUT, "only go in")                              \
    X(param_no_direction, param_at(i, 1, 1)->value.flags = 0, "neither in nor out")                                 \
    X(param_release, param_at(i, 1, 2)->value.flags |= FAR_VALUE_RELEASE, "only handles")                           \
    X(param_signed, param_at(i, 1, 1)->value.flags |= FAR_VALUE_SIGNED, "only values")                              \
    X(param_sized_value, param_at(i, 1, 2)->value.size_count = 1, "only buffers")                                   \
    X(param_name, param_at(i, 1, 2)->name = i->strings.offset, "parameter 3: its name")                             \
    X(param_description, param_at(i, 1, 2)->description = 1, "description")                                         \
    X(result_buffer, param_at(i, 1, -1u)->value.passing = FAR_PASS_STRING, "result")                                \
    X(size_none, param_at(i, 1, 1)->value.size_count = 0, "size expression does not exist")                         \
    X(size_long, param_at(i, 1, 1)->value.size_count = 33, "size expression does not exist")                        \
    X(size_outside, param_at(i, 1, 1)->value.size_first = 0xffffffff, "size expression does not exist")             \
    X(size_code, expr_at(i, 0)->code = 77, "unknown node")                                                          \
    X(size_names_none, expr_at(i, 0)->index = 3, "does not exist")                                                  \
    X(size_names_string, expr_at(i, 0)->index = 0, "no integer")                                                    \
    X(size_width, expr_at(i, 0)->width = 4, "another width")                                                        \
    X(size_underflow, expr_at(i, 0)->code = FAR_EXPR_ADD, "takes more values")                                      \
    X(size_leaves_two, expr_at(i, 3)->code = FAR_EXPR_CONST, "leaves more than one")                                \
    X(size_deref_none, expr_at(i, 1)->index = 2, "does not exist")                                                  \
    X(size_deref_self, expr_at(i, 1)->index = 0, "no buffer going in")                                              \
    X(size_deref_width, expr_at(i, 1)->width = 3, "odd width")                                                      \
    X(size_deref_deref, (expr_at(i, 4)->code = FAR_EXPR_DEREF, expr_at(i, 4)->width = 8, expr_at(i, 4)->index = 1), \
      "own size follows another")                                                                                   \
    X(type_kind, type_at(i, 2)->kind = 100, "no such kind")                                                         \
    X(type_align, type_at(i, 2)->align = 3, "power of two")                                                         \
    X(type_name, type_at(i, 2)->name = 5, "type 2: its name")                                                       \
    X(type_target, type_at(i, 6)->target = 1000, "points to does not exist")                                        \
    X(type_array_target, type_at(i, 4)->target = 1000, "element type does not exist")                               \
    X(type_array_size, type_at(i, 4)->count = 17, "number of elements")                                             \
    X(type_array_overflow, (type_at(i, 4)->target = 3, type_at(i, 4)->count = 1ull << 61 | 2), "elements")          \
    X(type_members, type_at(i, 5)->member_count = 0xffffffff, "members do not exist")                               \
    X(type_int_members, type_at(i, 2)->member_count = 1, "no structure")                                            \
    X(type_array_members, type_at(i, 4)->member_count = 0x7fffffff, "no structure")                                 \
    X(type_self_array, (type_at(i, 4)->target = 4, type_at(i, 4)->count = 1), "holds itself")                       \
    X(type_self_struct,                                                                                             \
      (type_at(i, 5)->size = 16, type_at(i, 5)->member_count = 1, member_at(i, 0)->type = 4,                        \
       type_at(i, 4)->kind = FAR_TYPE_STRUCT, type_at(i, 4)->count = 0, type_at(i, 4)->target = 0,                  \
       type_at(i, 4)->first_member = 1, type_at(i, 4)->member_count = 1, member_at(i, 1)->type = 5,                 \
       member_at(i, 1)->offset = 0),                                                                                \
      "holds itself")                                                                                               \
    X(members_shared,                                                                                               \
      (type_at(i, 4)->kind = FAR_TYPE_STRUCT, type_at(i, 4)->count = 0, type_at(i, 4)->target = 0,                  \
       type_at(i, 4)->first_member = 1, type_at(i, 4)->member_count = 1, member_at(i, 1)->type = 2,                 \
       member_at(i, 1)->offset = 0),                                                                                \
      "shares members")                                                                                             \
    X(member_type, member_at(i, 0)->type = 1000, "member's type")                                                   \
    X(member_name, member_at(i, 0)->name = 7, "member's name")                                                      \
    X(member_outside, member_at(i, 2)->offset = 30, "outside the structure")                                        \
    X(member_overflow, member_at(i, 2)->offset = UINT64_MAX - 1, "outside the structure")                           \
    X(member_bits, (member_at(i, 2)->bit_width = 8, member_at(i, 2)->bit_offset = 64), "outside the structure")

#define BREAK_SUBJECT struct far_iface *i
#include "testsuite/unit/breaks.h"

static void test_breaks(void)
{
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        struct made made = make_record(MAKE_PLAIN);
        char why[512] = "";
        breaks[i].apply(mutable_iface(&made));
        int err = iface_check(made.bytes, made.size, why, sizeof why);
        if (err != -EINVAL || !strstr(why, breaks[i].expected))
            fprintf(stderr, "%s: %d: %s\n", breaks[i].name, err, why);
        CHECK(err == -EINVAL);
        CHECK(strstr(why, breaks[i].expected));
        free(made.bytes);
    }
}

/* Every prefix of a record, in memory that ends where it ends. */
static void test_truncation(void)
{
    struct made made = make_record(MAKE_PLAIN);
    char why[512];
    for (size_t size = 0; size < made.size; size++) {
        uint8_t *copy = aligned_alloc(8, (size + 7) / 8 * 8 + 8);
        memcpy(copy, made.bytes, size);
        CHECK(iface_check(copy, size, why, sizeof why) == -EINVAL);
        free(copy);
    }
    free(made.bytes);
}

static void test_accessors(void)
{
    struct made made = make_record(MAKE_CHANGED);
    const struct far_iface *iface = mutable_iface(&made);
    CHECK(iface_check(made.bytes, made.size, NULL, 0) == 0);
    CHECK(iface_check(made.bytes + 1, made.size - 1, NULL, 0) == -EINVAL);
    CHECK(!strcmp(iface_string(iface, iface->service), "kv"));
    CHECK(iface_op_by_name(iface, "kv_put") == iface_op(iface, 2));
    CHECK(iface_op_by_name(iface, "kv_count") == iface_op(iface, 0));
    CHECK(!iface_op_by_name(iface, "kv") && !iface_op_by_name(iface, "") && !iface_op_by_name(iface, "zzz"));
    CHECK(iface_op_by_slot(iface, 2) == iface_op(iface, 1));
    CHECK(!iface_op_by_slot(iface, 0) && !iface_op_by_slot(iface, 4));
    mutable_iface(&made)->ops.count = 3;
    op_at(mutable_iface(&made), 1)->slot = 77;
    CHECK(iface_op_by_slot(iface, 77) == iface_op(iface, 1) && !iface_op_by_slot(iface, 2));
    CHECK(far_passing_name(FAR_PASS_HANDLE) && !far_passing_name(FAR_PASS_COUNT));
    CHECK(far_type_kind_name(FAR_TYPE_OPAQUE) && !far_type_kind_name(FAR_TYPE_COUNT));
    CHECK(!strcmp(far_expr_name(FAR_EXPR_DIV), "div") && !far_expr_name(FAR_EXPR_CODE_COUNT));
    free(made.bytes);
}

int main(void)
{
    test_accessors();
    test_breaks();
    test_truncation();
    return check_result();
}
