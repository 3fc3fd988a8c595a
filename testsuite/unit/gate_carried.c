/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What no gate carries yet is refused, by name, on both sides: calls that would trap fail with ENOTSUP, everything else of
 * the service works. User data that nobody follows is carried as it is.
 */
#include "runtime/format/carried.h"
#include "runtime/lib/call.h"
#include "testsuite/unit/gate_service.h"
#include "testsuite/unit/make_rich.h"

#include <farcall/farcall.h>

static int each(void *kept)
{
    (void)kept;
    abort(); /* never reached */
}
static void *same(void *user, int more)
{
    return (char *)user + more;
}
static void *only_same(void *user)
{
    return user;
}

#define G_OPAQUE {.value = {.type = G_BYTES, .passing = FAR_PASS_OPAQUE, .width = 8}}
#define G_KEPT                                        \
    {.value = {.type = G_BYTES,                       \
               .passing = FAR_PASS_BUFFER,            \
               .flags = FAR_VALUE_IN | FAR_VALUE_OUT, \
               .width = 8,                            \
               .lifetime = FAR_LIFETIME_HANDLE,       \
               .size_count = 1}}

enum { EACH, EACH_OR_ABORT, SAME, ONLY_SAME, OPS };
static const struct gate_op ops[OPS] = {
    [EACH] = {"each", (void *)each, .flags = FAR_OP_HAS_FAILS, .fails = (uint32_t)-1, .param_count = 1,
              .param = {G_V_INT, G_KEPT}},
    [EACH_OR_ABORT] = {"each_or_abort", (void *)each, .param_count = 1, .param = {G_V_INT, G_KEPT}},
    [SAME] = {"same", (void *)same, .param_count = 2, .param = {G_OPAQUE, G_OPAQUE, G_V_INT}},
    [ONLY_SAME] = {"only_same", (void *)only_same, .deadline_ms = 10000, .param_count = 1,
                   .param = {G_OPAQUE, G_OPAQUE}},
};

static const struct far_expr one_byte = {.code = FAR_EXPR_CONST, .value = 1};
static struct gate_service service;
static struct far_failure failed;
static char reason[256];

static void remember(const struct far_failure *failure)
{
    failed = *failure;
    snprintf(reason, sizeof reason, "%s", failure->reason);
}

static void test_client(void)
{
    char kept = 0;
    int (*call)(void *) = (int (*)(void *))gate_stub(&service, EACH);
    errno = 0;
    CHECK(call(&kept) == -1 && errno == ENOTSUP);
    far_failure_handler before = far_set_failure_handler(remember);
    call = (int (*)(void *))gate_stub(&service, EACH_OR_ABORT);
    CHECK(call(&kept) == 0 && failed.error == ENOTSUP && !strcmp(failed.operation, "each_or_abort"));
    CHECK(!strcmp(
        reason,
        "parameter 1 is memory that the service fills in after the call, which this version's gates do not carry"));
    far_set_failure_handler(before);
}

static void test_opaque(void)
{
    void *(*add)(void *, int) = (void *(*)(void *, int))gate_stub(&service, SAME);
    void *(*slow)(void *) = (void *(*)(void *))gate_stub(&service, ONLY_SAME);
    CHECK(add((void *)0xfedcba9876543210, 1) == (void *)0xfedcba9876543211);
    CHECK(slow((void *)0x8000000000000001) == (void *)0x8000000000000001);
    CHECK(slow(NULL) == NULL);
}

/* A client that does not refuse by itself is refused by the host. */
static void test_host(void)
{
    struct far_plan without_refusal = *service.binding.plan[EACH + 1];
    struct far_channel *channel = &far_thread->channel[0][0];
    channel->astack->call.argument[0] = 77;
    CHECK(call_run(&service.binding, channel, &without_refusal) == 0);
    CHECK(channel->astack->reply.status == FAR_CALL_NOT_CARRIED);
}

static void test_reasons(void)
{
    static const char *const expected[] = {
        [LIB_EACH] = "", [LIB_ERROR] = "", [LIB_OPEN] = "",
        [LIB_PAIR] = "", [LIB_PUMP] = "",  [LIB_READ] = "parameter to is a buffer whose size is the result",
        [LIB_WALK] = "", [LIB_WIDE] = "",
    };
    struct made made = make_rich_record();
    const struct far_iface *iface = (const struct far_iface *)made.bytes;
    struct carrier carrier;
    char text[CARRIER_TEXT_SIZE];
    CHECK(carrier_begin(&carrier, iface) == 0);
    for (uint32_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        CHECK(carrier_text(&carrier, iface_op(iface, i), text) == (expected[i][0] != 0));
        CHECK(!strcmp(text, expected[i]));
    }
    /* What is carried, but not as plain bytes. */
    CHECK(carrier_walks(&carrier, iface_op(iface, LIB_ERROR)) && carrier_walks(&carrier, iface_op(iface, LIB_OPEN)));
    CHECK(carrier_walks(&carrier, iface_op(iface, LIB_WALK)) && carrier_walks(&carrier, iface_op(iface, LIB_PAIR)));
    CHECK(carrier_walks(&carrier, iface_op(iface, LIB_WIDE)));
    carrier_end(&carrier);
    struct far_plans plans = {0};
    CHECK(plans_from_iface(&plans, iface) == 0 && !plans.plan[LIB_WIDE + 1]->refusal);
    /* A long double comes back in the x87; nothing else here is in a register that is not written down always. */
    CHECK(plans.slot_flags[LIB_WIDE + 1] == (FAR_SLOT_HAS_FLOATS | FAR_SLOT_WHOLE));
    CHECK(!(plans.slot_flags[LIB_PAIR + 1] & FAR_SLOT_WHOLE));
    CHECK(!plans.plan[LIB_PAIR + 1]->refusal && plans.plan[LIB_PAIR + 1]->result_bytes == 16);
    plans_free(&plans);
    free(made.bytes);
}

/* A structure whose only pointers are the caller's own is bytes. */
static void test_opaque_members(void)
{
    struct made made = make_rich_record();
    struct far_iface *iface = (struct far_iface *)made.bytes;
    struct far_value *next = (struct far_value *)(uintptr_t)iface_value(iface, V_NEXT);
    struct far_value *to = (struct far_value *)(uintptr_t)&iface_param(iface, iface_op(iface, LIB_WALK), 1)->value;
    struct carrier carrier;
    char text[CARRIER_TEXT_SIZE], why[256];
    *next = (struct far_value){.type = R_ITEM_POINTER, .passing = FAR_PASS_OPAQUE, .width = 8};
    to->size_first = E_ITEM;
    CHECK(iface_check(made.bytes, made.size, why, sizeof why) == 0);
    CHECK(carrier_begin(&carrier, iface) == 0);
    CHECK(!carrier_text(&carrier, iface_op(iface, LIB_WALK), text) && !text[0]);
    CHECK(!carrier_walks(&carrier, iface_op(iface, LIB_WALK)));
    ((struct far_type *)(uintptr_t)iface_type(iface, R_ITEM))->flags |= FAR_TYPE_FLEXIBLE;
    CHECK(!carrier_text(&carrier, iface_op(iface, LIB_WALK), text));
    CHECK(carrier_walks(&carrier, iface_op(iface, LIB_WALK)));
    carrier_end(&carrier);
    free(made.bytes);
}

int main(void)
{
    test_reasons();
    test_opaque_members();
    far_thread_get();
    gate_make(&service, ops, OPS, &one_byte, 1);
    gate_start(&service, FAR_LEVEL_READ);
    test_opaque();
    test_client();
    test_host();
    gate_kill(&service);
    gate_free(&service);
    return check_result();
}
