/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Size expressions: every overflow, every negative value, everything too large is an error, never a small number. */
#include "runtime/lib/size.h"
#include "testsuite/unit/check.h"

#include <string.h>

#define CONST(n)               {.code = FAR_EXPR_CONST, .value = n}
#define PARAM(i, bytes)        {.code = FAR_EXPR_PARAM, .width = bytes, .index = i}
#define PARAM_SIGNED(i, bytes) {.code = FAR_EXPR_PARAM, .width = bytes, .index = i, .flags = FAR_EXPR_SIGNED}
#define DEREF(i, bytes)        {.code = FAR_EXPR_DEREF, .width = bytes, .index = i}
#define DEREF_SIGNED(i, bytes) {.code = FAR_EXPR_DEREF, .width = bytes, .index = i, .flags = FAR_EXPR_SIGNED}
#define OPERATOR(name)         {.code = FAR_EXPR_##name}

static struct far_plan plan = {.param_count = 4};
static struct far_sizes sizes;

#define BAD UINT64_MAX

static uint64_t evaluate(const struct far_expr *expr, uint32_t count)
{
    struct far_plan_param param = {.passing = FAR_PASS_BUFFER, .size = expr, .size_count = count};
    uint64_t bytes = 0;
    unsigned status = size_evaluate(&plan, &sizes, &param, &bytes);
    return status == FAR_CALL_DONE ? bytes : BAD;
}

#define EVALUATE(...) \
    evaluate((const struct far_expr[]){__VA_ARGS__}, sizeof((struct far_expr[]){__VA_ARGS__}) / sizeof(struct far_expr))

static void check_arithmetic(void)
{
    sizes = (struct far_sizes){.value = {3, 4, 0, UINT64_MAX}};
    CHECK(EVALUATE(CONST(8)) == 8);
    CHECK(EVALUATE(PARAM(0, 8), PARAM(1, 8), OPERATOR(MUL)) == 12);
    CHECK(EVALUATE(PARAM(0, 8), PARAM(1, 8), OPERATOR(ADD), CONST(2), OPERATOR(DIV)) == 3);
    CHECK(EVALUATE(PARAM(1, 8), PARAM(0, 8), OPERATOR(SUB)) == 1);
    CHECK(EVALUATE(PARAM(0, 8), PARAM(1, 8), OPERATOR(SUB)) == BAD);
    CHECK(EVALUATE(PARAM(0, 8), PARAM(2, 8), OPERATOR(DIV)) == BAD);
    CHECK(EVALUATE(PARAM(3, 8), CONST(1), OPERATOR(ADD)) == BAD);
    CHECK(EVALUATE(PARAM(3, 8), CONST(2), OPERATOR(MUL)) == BAD);
    CHECK(EVALUATE(CONST(1ull << 32), CONST(1ull << 32), OPERATOR(MUL)) == BAD);
    CHECK(EVALUATE(PARAM(3, 8)) == BAD);
    CHECK(EVALUATE(CONST(FAR_ASTACK_MAX)) == FAR_ASTACK_MAX);
    CHECK(EVALUATE(CONST(FAR_ASTACK_MAX + 1)) == BAD);
}

static void check_widths(void)
{
    sizes = (struct far_sizes){.value = {0xffffffffu, 0x1ff, 0x80, 5}};
    CHECK(EVALUATE(PARAM_SIGNED(0, 4)) == BAD); /* -1 */
    CHECK(EVALUATE(PARAM(0, 4)) == BAD);        /* 4 GiB - 1 */
    CHECK(EVALUATE(PARAM(0, 2)) == 0xffff);
    CHECK(EVALUATE(PARAM(1, 1)) == 0xff);
    CHECK(EVALUATE(PARAM_SIGNED(2, 1)) == BAD); /* -128 */
    CHECK(EVALUATE(PARAM_SIGNED(2, 2)) == 0x80);
    CHECK(EVALUATE(PARAM_SIGNED(3, 4)) == 5);
}

static void check_deref(void)
{
    sizes = (struct far_sizes){.value = {1, 0, 1, 1}, .measured = {77, 88, 99, 0xffffffffu}, .bytes = {8, 8, 4, 4}};
    CHECK(EVALUATE(DEREF(0, 8)) == 77);
    CHECK(EVALUATE(DEREF(1, 8)) == 0); /* NULL */
    CHECK(EVALUATE(DEREF(2, 4)) == 99);
    CHECK(EVALUATE(DEREF(2, 8)) == BAD);        /* only four bytes were passed */
    CHECK(EVALUATE(DEREF_SIGNED(3, 4)) == BAD); /* -1 */
}

static void check_malformed(void)
{
    CHECK(EVALUATE(OPERATOR(ADD)) == BAD);
    CHECK(EVALUATE(CONST(1), OPERATOR(ADD)) == BAD);
    CHECK(EVALUATE(CONST(1), CONST(1)) == BAD);
    CHECK(EVALUATE(PARAM(4, 8)) == BAD);
    CHECK(EVALUATE({.code = 99}) == BAD);
    CHECK(evaluate(NULL, 0) == BAD);
}

/* Two buffers, the second's size read from the first, and a string between them. */
static void check_places(void)
{
    static const struct far_expr eight[] = {CONST(8)}, deref[] = {DEREF(2, 8)};
    plan.param[0] = (struct far_plan_param){.passing = FAR_PASS_BUFFER, .size = deref, .size_count = 1, .late = true};
    plan.param[1] = (struct far_plan_param){.passing = FAR_PASS_STRING};
    plan.param[2] =
        (struct far_plan_param){.passing = FAR_PASS_BUFFER, .size = eight, .size_count = 1, .measured = true};
    plan.param[3] = (struct far_plan_param){.passing = FAR_PASS_VALUE};
    sizes = (struct far_sizes){.value = {1, 1, 1, 0}, .bytes = {0, 17, 0, 0}};
    CHECK(sizes_place(&plan, &sizes, false) == FAR_CALL_DONE);
    CHECK(sizes.offset[1] == 0 && sizes.offset[2] == 32 && sizes.end == 48);
    sizes.measured[2] = 100;
    CHECK(sizes_place(&plan, &sizes, true) == FAR_CALL_DONE);
    CHECK(sizes.offset[0] == 48 && sizes.bytes[0] == 100 && sizes.end == 48 + 112);
    sizes.measured[2] = FAR_ASTACK_MAX;
    CHECK(sizes_place(&plan, &sizes, true) == FAR_CALL_BAD_SIZE); /* each fits, together they do not */
    sizes.value[0] = 0;
    sizes.measured[2] = 5;
    CHECK(sizes_place(&plan, &sizes, true) == FAR_CALL_BAD_ARGUMENT); /* NULL, but not of size 0 */
    sizes.measured[2] = 0;
    sizes.end = 48;
    CHECK(sizes_place(&plan, &sizes, true) == FAR_CALL_DONE);
    plan.param[0].flags = FAR_VALUE_OPTIONAL;
    sizes.measured[2] = 5;
    CHECK(sizes_place(&plan, &sizes, true) == FAR_CALL_DONE && sizes.bytes[0] == 0);
}

int main(void)
{
    check_arithmetic();
    check_widths();
    check_deref();
    check_malformed();
    check_places();
    return check_result();
}
