/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A connection that is cut behind each byte that a call and its answer have on it, in both directions, and again while it is made anew:
 * every call has its right result, and was executed once.
 */
#include "testsuite/unit/away_node.h"

static struct node node;
static struct gate_service service;
static struct node_shared *shared;

static int count(int which)
{
    return (int)__atomic_add_fetch(&shared->executed[which], 1, __ATOMIC_SEQ_CST);
}
/* Adds its number to all bytes: a second time would be seen. */
static int change(uint8_t *both, int n, int which)
{
    __atomic_add_fetch(&shared->executed[which], 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < n; i++)
        both[i] = (uint8_t)(both[i] + which);
    return which;
}
static void hint(int which)
{
    __atomic_add_fetch(&shared->executed[which], 1, __ATOMIC_SEQ_CST);
}

enum { COUNT, CHANGE, HINT, OPS };
static const struct far_expr exprs[] = {{.code = FAR_EXPR_PARAM, .width = 4, .index = 1, .flags = FAR_EXPR_SIGNED}};
#define FAILS .flags = FAR_OP_HAS_FAILS, .fails = (uint64_t)-99
static const struct gate_op ops[OPS] = {
    [COUNT] = {"count", (void *)count, FAILS, .param_count = 1, .param = {G_V_INT, G_V_INT}},
    [CHANGE] = {"change", (void *)change, FAILS, .param_count = 3,
                .param = {G_V_INT, G_BUFFER(G_IN | G_OUT, 0, 1), G_V_INT, G_V_INT}},
    [HINT] = {"hint", (void *)hint, .flags = FAR_OP_ONEWAY, .param_count = 1, .param = {G_RESULT_NONE, G_V_INT}},
};
#define CALL(op, type) ((__typeof__(type) *)gate_stub(&service, op))

#define BUFFER 200
#define LARGE  150000 /* goes from where it is */

static bool all_are(const uint8_t *bytes, uint32_t size, uint8_t value)
{
    uint32_t i = 0;
    while (i < size && bytes[i] == value)
        i++;
    return i == size;
}

/* One call on a channel of its own. */
static void call_with(uint32_t size, const char *when, uint32_t byte)
{
    static uint8_t bytes[LARGE];
    memset(bytes, 1, sizeof bytes);
    shared->executed[5] = 0;
    int result = CALL(CHANGE, change)(bytes, (int)size, 5);
    bool right = result == 5 && shared->executed[5] == 1 && all_are(bytes, size, 6);
    if (!right)
        fprintf(stderr, "cut behind byte %u %s: result %d (%s), executed %u times, bytes %u %u\n", byte, when, result,
                strerror(errno), shared->executed[5], bytes[0], bytes[size - 1]);
    CHECK(right);
    CHECK(CALL(COUNT, count)(6) > 0);
    node_forget_channel(&node);
}

static void call_once(const char *when, uint32_t byte)
{
    call_with(BUFFER, when, byte);
}

static uint32_t bytes_with(uint32_t size, bool from_client)
{
    uint32_t hello = sizeof(struct wire_frame) + sizeof(struct wire_hello);
    uint32_t body = sizeof(struct wire_frame) + sizeof(struct wire_extent) + size;
    return from_client ? sizeof(struct wire_preface) + hello + body + sizeof(struct wire_call)
                       : sizeof(struct wire_answer) + hello + body + sizeof(struct wire_reply);
}

static uint32_t bytes_of(bool from_client)
{
    return bytes_with(BUFFER, from_client);
}

/* A call whose bytes are not copied first. */
static void cut_large(void)
{
    const uint32_t at[] = {100, 200, 4096, 4300, 32768, 70000, 110001};
    for (uint32_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        node_cut_next(&node, 0, at[i], 0);
        node_cut_next(&node, 1, bytes_with(LARGE, true) - at[i], 0);
        call_with(LARGE, "of the client's, and as many before the end", at[i]);
        node_cut_next(&node, 0, 0, 256 + at[i]);
        call_with(LARGE, "of the host's", at[i]);
    }
}

/* The first connection of a channel, cut everywhere. Steps: every byte where frames begin and end, fewer in between. */
static void cut_everywhere(void)
{
    for (uint32_t byte = 1; byte <= bytes_of(true) + 1; byte += byte > 64 && byte < 180 ? 1 : 7) {
        node_cut_next(&node, 0, byte, 0);
        call_once("of the client's", byte);
    }
    for (uint32_t byte = 1; byte <= bytes_of(false) + 1; byte += byte > 250 && byte < 350 ? 1 : 7) {
        node_cut_next(&node, 0, 0, byte);
        call_once("of the host's", byte);
    }
}

/* One after the other, also while what was said is said again. */
static void cut_again_and_again(void)
{
    for (uint32_t i = 0; i < 40; i++) {
        for (uint32_t cut = 0; cut < 4; cut++)
            node_cut_next(&node, cut, (uint32_t)rand() % 2 ? 64 + (uint32_t)rand() % 400 : 0,
                          256 + (uint32_t)rand() % 400);
        call_once("and again", i);
    }
}

/* A channel that lives on, with many calls. */
static void cut_while_calling(void)
{
    shared->executed[7] = 0;
    for (uint32_t i = 1; i <= 300; i++) {
        if (i % 3 == 0) /* for the connection after the next loss */
            node_cut_next(&node, 0, 0, 256 + 40 + (uint32_t)rand() % 200);
        if (i == 1)
            node_cut_next(&node, 0, 300, 0);
        CHECK(CALL(COUNT, count)(7) == (int)i);
    }
    CHECK(shared->executed[7] == 300 && node.reopened > 20);
}

static void cut_one_way(void)
{
    node_forget_channel(&node);
    shared->executed[8] = 0;
    for (uint32_t i = 0; i < 30; i++) {
        node_cut_next(&node, 0, 64 + 40 + (uint32_t)rand() % 100, 0);
        CALL(HINT, hint)(8);
    }
    CHECK(CALL(COUNT, count)(9) > 0 && shared->executed[8] == 30);
}

int main(void)
{
    shared = node.shared = node_share();
    gate_make(&service, ops, OPS, exprs, sizeof exprs / sizeof *exprs);
    node_begin(&node, &service);
    cut_everywhere();
    cut_large();
    cut_again_and_again();
    cut_while_calling();
    cut_one_way();
    gate_kill(&service);
    return check_result();
}
