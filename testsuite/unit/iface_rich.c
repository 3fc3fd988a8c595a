/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* iface_check() of all that a record can say about values: the record of make_rich.c passes; each break is named. */
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_rich.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Records are const to everyone but this test. */
static struct far_type *type(struct far_iface *i, uint32_t index)
{
    return (struct far_type *)(uintptr_t)iface_type(i, index);
}

static struct far_value *value(struct far_iface *i, uint32_t index)
{
    return (struct far_value *)(uintptr_t)iface_value(i, index);
}

static struct far_expr *expr(struct far_iface *i, uint32_t index)
{
    return (struct far_expr *)(uintptr_t)iface_expr(i, index);
}

static struct far_member *member(struct far_iface *i, uint32_t index)
{
    return (struct far_member *)(uintptr_t)iface_member(i, index);
}

static struct far_callback *callback(struct far_iface *i)
{
    return (struct far_callback *)(uintptr_t)iface_callback(i, 0);
}

static struct far_data *data(struct far_iface *i, uint32_t index)
{
    return (struct far_data *)(uintptr_t)iface_data(i, index);
}

static int64_t *a_case(struct far_iface *i, uint32_t index)
{
    return (int64_t *)((char *)i + i->cases.offset) + index;
}

/* at: 0 the result, then the parameters. */
static struct far_value *op(struct far_iface *i, uint32_t index, uint32_t at)
{
    return (struct far_value *)(uintptr_t)&(iface_result(i, iface_op(i, index)) + at)->value;
}

static struct far_value *back(struct far_iface *i, uint32_t at)
{
    return (struct far_value *)(uintptr_t)&iface_callback_param(i, callback(i), at)->value;
}

#define BREAKS(X)                                                                                                     \
    X(header_reserved, i->reserved = 1, "header flags")                                                               \
    X(header_machine, i->machine = 40, "ELF machine 40")                                                              \
    X(header_slot_end, i->slot_end = 4, "not below the record's end of slots")                                        \
    X(header_slot_none, i->slot_end = 0, "end of its slots is 0")                                                     \
    X(header_slot_many, i->slot_end = 4097, "end of its slots is 4097")                                               \
    X(values_outside, i->values.count = 1u << 30, "table of values")                                                  \
    X(callbacks_outside, i->callbacks.offset += 4, "table of callbacks")                                              \
    X(cases_outside, i->cases.count = 100000, "table of cases")                                                       \
    X(data_outside, i->data.offset = 8, "table of shared data")                                                       \
    X(string_open, i->strings.count--, "last string does not end")                                                    \
    X(type_plain, type(i, R_STREAM)->flags = FAR_TYPE_PLAIN, "marked plain")                                          \
    X(type_plain_pointer, type(i, R_CHARS)->flags |= FAR_TYPE_PLAIN, "marked plain")                                  \
    X(type_plain_fd, (member(i, M_FIRST)->type = R_INT, member(i, M_FIRST)->value = 1 + V_FD), "marked plain")        \
    X(type_const, type(i, R_PAIR)->flags |= FAR_TYPE_CONST, "something const")                                        \
    X(type_signed, type(i, R_PAIR)->flags |= FAR_TYPE_SIGNED, "only numbers have signs")                              \
    X(type_flexible, type(i, R_INT)->flags |= FAR_TYPE_FLEXIBLE, "flexible array")                                    \
    X(type_flags, type(i, R_INT)->flags |= 0x80, "unknown flags")                                                     \
    X(type_void_size, type(i, R_VOID)->size = 1, "no size")                                                           \
    X(type_function_size, type(i, R_EACH)->size = 1, "no size")                                                       \
    X(type_int_size, type(i, R_INT)->size = 0, "number of no size")                                                   \
    X(type_pointer_size, type(i, R_CHARS)->size = 4, "a pointer has 8 bytes")                                         \
    X(type_align, type(i, R_INT)->align = 0, "power of two")                                                          \
    X(type_vector, type(i, R_VECTOR)->count = 5, "vector's size")                                                     \
    X(type_vector_of, type(i, R_VECTOR)->target = R_PAIR, "vector is one of numbers")                                 \
    X(type_complex, type(i, R_COMPLEX)->size = 12, "complex number is two")                                           \
    X(type_complex_of, type(i, R_COMPLEX)->target = 1000, "element type does not exist")                              \
    X(type_no_target, type(i, R_INT)->target = 1, "no array")                                                         \
    X(type_no_count, type(i, R_CHARS)->count = 1, "no array")                                                         \
    X(bits_wide, member(i, M_BITS)->bit_width = 33, "wider than its type")                                            \
    X(bits_pointer, member(i, M_BITS)->type = R_CHARS, "a bit-field is no integer")                                   \
    X(bits_value, member(i, M_BITS)->value = 1 + V_MARK, "a bit-field says how")                                      \
    X(bits_none, member(i, M_BITS)->bit_width = 0, "place in bits")                                                   \
    X(member_flags, member(i, M_TAG)->flags = 2, "unknown flags")                                                     \
    X(member_value, member(i, M_FD)->value = 1 + R_VALUES, "how a member crosses does not exist")                     \
    X(member_value_type, member(i, M_FD)->value = 1 + V_STATE, "another type than it has")                            \
    X(member_default, member(i, M_TAG)->flags = FAR_MEMBER_DEFAULT, "only unions are selected from")                  \
    X(member_case, member(i, M_TAG)->case_count = 1, "only unions are selected from")                                 \
    X(cases_none, member(i, M_NAME)->first_case = 1, "cases do not exist")                                            \
    X(cases_twice, *a_case(i, 1) = *a_case(i, 0), "have the same case")                                               \
    X(cases_shared, member(i, M_NUMBER)->case_count = 1, "shares cases")                                              \
    X(cases_defaults, member(i, M_NAME)->flags = FAR_MEMBER_DEFAULT, "two members are the default")                   \
    X(member_undescribed, member(i, M_NEXT_IN)->value = 0, "does not say how it crosses")                             \
    X(value_passing, value(i, V_MSG)->passing = FAR_PASS_COUNT, "value 3: no such way")                               \
    X(value_lifetime, value(i, V_MSG)->lifetime = FAR_LIFETIME_COUNT, "no such lifetime")                             \
    X(value_reserved, value(i, V_MSG)->reserved = 1, "unknown flags")                                                 \
    X(value_type, value(i, V_MSG)->type = R_TYPES, "type does not exist")                                             \
    X(value_flags, value(i, V_MSG)->flags |= 0x100, "unknown flags")                                                  \
    X(value_optional, value(i, V_FD)->flags |= FAR_VALUE_OPTIONAL, "only pointers can be NULL")                       \
    X(value_deep, value(i, V_MSG)->flags |= FAR_VALUE_DEEP, "followed deeply")                                        \
    X(value_void, (value(i, V_USER)->passing = FAR_PASS_VOID, value(i, V_USER)->width = 0), "not void")               \
    X(value_fd, (value(i, V_FD)->type = R_ULONG, value(i, V_FD)->width = 8), "its type is no int")                    \
    X(value_pointer, value(i, V_STATE)->type = R_INT, "no pointer")                                                   \
    X(value_width, value(i, V_STATE)->width = 4, "no pointer of 8 bytes")                                             \
    X(value_struct, value(i, V_STREAM)->type = R_INT, "passed as a structure")                                        \
    X(value_struct_width, value(i, V_STREAM)->width = 8, "width is not its type's size")                              \
    X(value_array, value(i, V_MARKS)->type = R_INT, "passed as an array")                                             \
    X(value_string_element, (value(i, V_TEXT)->type = R_BYTES), "elements that have no size")                         \
    X(value_buffer_plain, value(i, V_NEXT)->inside = 0, "holds pointers or the like")                                 \
    X(value_buffer_function, value(i, V_NEXT_IN)->type = R_EACH_POINTER, "is no callback")                            \
    X(value_inside, value(i, V_NEXT)->inside = 1 + R_VALUES, "leads to does not exist")                               \
    X(value_inside_type, value(i, V_NEXT)->inside = 1 + V_STREAM, "another type than its elements")                   \
    X(value_inside_alike, (type(i, R_PAIR)->name = type(i, R_ITEM)->name, value(i, V_ITEM)->type = R_PAIR),           \
      "another type than its elements")                                                                               \
    X(value_inside_value, value(i, V_FD)->inside = 1, "leads nowhere")                                                \
    X(value_size_none, value(i, V_NEXT)->size_count = 0, "size expression does not exist")                            \
    X(value_size_long, value(i, V_NEXT)->size_count = 33, "size expression does not exist")                           \
    X(value_size_value, value(i, V_FD)->size_count = 1, "have a size expression")                                     \
    X(select_missing, value(i, V_ANY)->select_count = 0, "nothing says which member is in use")                       \
    X(select_outside, value(i, V_ANY)->select_first = R_EXPRS, "selector does not exist")                             \
    X(select_struct, value(i, V_STREAM)->select_count = 1, "no union with cases")                                     \
    X(select_pointer, value(i, V_USER)->select_count = 1, "only unions have a selector")                              \
    X(lifetime_value, value(i, V_FD)->lifetime = FAR_LIFETIME_CALL, "but is no pointer")                              \
    X(lifetime_member, value(i, V_MSG)->lifetime = FAR_LIFETIME_HANDLE, "parameter that does not exist")              \
    X(lifetime_of, value(i, V_MSG)->lifetime_of = 1, "for no reason")                                                 \
    X(lifetime_beyond, op(i, LIB_ERROR, 0)->lifetime_of = 1, "parameter that does not exist")                         \
    X(lifetime_no_handle, op(i, LIB_ERROR, 1)->passing = FAR_PASS_OPAQUE, "that is no handle")                        \
    X(lifetime_no_buffer, op(i, LIB_ERROR, 0)->lifetime = FAR_LIFETIME_PARAM, "that is no buffer")                    \
    X(lifetime_no_callback, op(i, LIB_OPEN, 1)->lifetime = FAR_LIFETIME_CALLBACK, "that is no callback")              \
    X(lifetime_result, op(i, LIB_ERROR, 0)->lifetime = FAR_LIFETIME_NONE, "result: a result that is copied")          \
    X(lifetime_param, op(i, LIB_EACH, 1)->lifetime = FAR_LIFETIME_CALL, "pointer does not come out")                  \
    X(result_in, op(i, LIB_ERROR, 0)->flags |= FAR_VALUE_IN, "a result only comes out")                               \
    X(result_array, *op(i, LIB_PAIR, 0) = *value(i, V_MARKS), "result cannot be an array")                            \
    X(param_array, *op(i, LIB_PAIR, 1) = *value(i, V_MARKS), "cannot be void or an array")                            \
    X(param_out, op(i, LIB_PAIR, 1)->flags = FAR_VALUE_OUT, "nothing of it can come out")                             \
    X(param_deep_only, op(i, LIB_WALK, 1)->flags |= FAR_VALUE_DEEP_ONLY, "only members are followed")                 \
    X(struct_fails, ((struct far_op *)(uintptr_t)iface_op(i, LIB_PAIR))->flags |= FAR_OP_HAS_FAILS, "in no register") \
    X(callback_none, op(i, LIB_EACH, 2)->inside = 0, "function that it leads to does not exist")                      \
    X(callback_beyond, op(i, LIB_EACH, 2)->inside = 2, "function that it leads to does not exist")                    \
    X(callback_pointer, op(i, LIB_EACH, 2)->type = R_CHARS, "points to no function")                                  \
    X(callback_type, callback(i)->type = R_INT, "its type is no function")                                            \
    X(callback_params, callback(i)->param_count = 17, "too many parameters")                                          \
    X(callback_params_none, callback(i)->first_param = 1000, "parameters do not exist")                               \
    X(callback_params_shared, i->params.count--, "but the table only")                                                \
    X(callback_reserved, callback(i)->reserved = 1, "unknown flags")                                                  \
    X(callback_itself, (*back(i, 1) = *op(i, LIB_EACH, 2)), "does not come before it")                                \
    X(callback_size, expr(i, E_NAMES)->index = 0, "callback 0: parameter 3: its size names a parameter that is no")   \
    X(callback_result, back(i, 0)->flags |= FAR_VALUE_IN, "callback 0: result: a result only comes out")              \
    X(expr_member, expr(i, E_AVAIL_IN)->value = 77, "beyond the structure around it")                                 \
    X(expr_member_around, expr(i, E_AVAIL_IN)->index = 65, "too far around")                                          \
    X(expr_member_width, expr(i, E_AVAIL_IN)->width = 3, "odd width")                                                 \
    X(expr_member_param, expr(i, E_AVAIL_IN)->code = FAR_EXPR_PARAM, "but a member knows none")                       \
    X(expr_member_deref, expr(i, E_AVAIL_IN)->code = FAR_EXPR_DEREF, "but a member knows none")                       \
    X(expr_member_result, expr(i, E_AVAIL_IN)->code = FAR_EXPR_RESULT, "does not come out")                           \
    X(expr_param_member, (expr(i, E_STREAM)->code = FAR_EXPR_MEMBER, expr(i, E_STREAM)->width = 4),                   \
      "no structure around it")                                                                                       \
    X(expr_select, expr(i, E_TAG)->value = 100, "beyond the structure around it")                                     \
    X(expr_deref, expr(i, E_SECOND)->value = 13, "beyond what a parameter points to")                                 \
    X(expr_deref_void, expr(i, E_SECOND)->index = 1, "no buffer going in")                                            \
    X(expr_result_in, op(i, LIB_READ, 2)->flags = FAR_VALUE_IN, "does not come out")                                  \
    X(expr_result_width, expr(i, E_RESULT)->width = 4, "another width")                                               \
    X(expr_result_void, (expr(i, E_SECOND)->code = FAR_EXPR_RESULT, 0), "is no integer")                              \
    X(expr_name, expr(i, E_TAG)->name = 5, "name that is not in the record")                                          \
    X(expr_reserved, expr(i, E_TAG)->reserved2 = 5, "unknown node")                                                   \
    X(data_name, data(i, 0)->name = 0, "shared data 0: its name")                                                     \
    X(data_type, data(i, 0)->type = R_TYPES, "shared data 0: its type")                                               \
    X(data_protocol, data(i, 1)->protocol = FAR_PROTOCOL_COUNT, "no such protocol")                                   \
    X(data_signature, data(i, 1)->signature = 1, "signature or file")                                                 \
    X(data_order, data(i, 1)->name = data(i, 0)->name, "not sorted")

#define BREAK_SUBJECT struct far_iface *i
#include "testsuite/unit/breaks.h"

static void test_breaks(void)
{
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        struct made made = make_rich_record();
        char why[512] = "";
        breaks[i].apply((struct far_iface *)made.bytes);
        int err = iface_check(made.bytes, made.size, why, sizeof why);
        if (err != -EINVAL || !strstr(why, breaks[i].expected))
            fprintf(stderr, "%s: %d: %s\n", breaks[i].name, err, why);
        CHECK(err == -EINVAL && strstr(why, breaks[i].expected));
        free(made.bytes);
    }
}

/* What looks odd and is allowed: a list whose members lead to itself, the other machine, a flexible array. */
static void test_allowed(void)
{
    struct made made = make_rich_record();
    struct far_iface *iface = (struct far_iface *)made.bytes;
    char why[512] = "";
    CHECK(iface_check(made.bytes, made.size, why, sizeof why) == 0);
    iface->machine = 183; /* aarch64 */
    type(iface, R_ITEM)->flags |= FAR_TYPE_FLEXIBLE;
    value(iface, V_NEXT)->flags = FAR_VALUE_IN; /* described: the same list without far_deep */
    op(iface, LIB_WALK, 1)->flags = FAR_VALUE_IN;
    expr(iface, E_AVAIL_OUT)->index = 1; /* of the structure around the one around */
    expr(iface, E_AVAIL_OUT)->value = 4000;
    *op(iface, LIB_OPEN, 0) = (struct far_value){.type = R_BYTES, /* measured after the call, by what only came out */
                                                 .passing = FAR_PASS_BUFFER,
                                                 .width = 8,
                                                 .flags = FAR_VALUE_OUT,
                                                 .size_first = E_SECOND,
                                                 .size_count = 1,
                                                 .lifetime = FAR_LIFETIME_CALL};
    expr(iface, E_SECOND)->index = 1;
    expr(iface, E_SECOND)->value = 0;
    op(iface, LIB_WALK, 2)->size_first = E_ITEM;
    CHECK(iface_check(made.bytes, made.size, why, sizeof why) == 0);
    if (why[0])
        fprintf(stderr, "%s\n", why);
    free(made.bytes);
}

/* A chain of pointers that leads back to itself: `inside` must end. */
static void test_endless_chain(void)
{
    struct made made = make_rich_record();
    struct far_iface *iface = (struct far_iface *)made.bytes;
    char why[512] = "";
    type(iface, R_CHARS)->target = R_CHARS;
    value(iface, V_TEXT)->inside = 1 + V_TEXT;
    value(iface, V_ANY_NAME)->inside = 1 + V_TEXT;
    value(iface, V_NEXT_OUT)->inside = 1 + V_TEXT;
    CHECK(iface_check(made.bytes, made.size, why, sizeof why) == -EINVAL);
    CHECK(strstr(why, "too many pointers"));
    free(made.bytes);
}

int main(void)
{
    test_allowed();
    test_breaks();
    test_endless_chain();
    return check_result();
}
