/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* EXPLAIN, POLICY and rules about executables: sound ones pass, and each with any one thing wrong is refused. */
#include "runtime/fard/policy.h"
#include "runtime/fard/request.h"
#include "testsuite/unit/check.h"

#include <stdlib.h>
#include <string.h>

_Alignas(16) static uint8_t packet[FAR_MESSAGE_MAX];
static struct far_error error;

static const struct far_message *message(uint16_t type, const void *body, size_t size)
{
    struct far_message head = {FAR_PROTOCOL_MAGIC, (uint32_t)(sizeof head + size), type, 1, 7};
    memcpy(packet, &head, sizeof head);
    memcpy(packet + sizeof head, body, size);
    return (const struct far_message *)packet;
}

struct explain {
    struct far_explain_request head;
    uint32_t groups[2];
    char program[12];
};

static int try_explain(const struct explain *body, size_t size)
{
    const struct far_explain_request *request;
    const uint32_t *groups;
    const char *program;
    int result = protocol_check_explain(message(FAR_MSG_EXPLAIN, body, size), &request, &groups, &program, &error);
    CHECK(result || (groups[0] == 5 && strcmp(program, "/bin/viewer") == 0) || !request->group_count);
    return result;
}

static void explains(void)
{
    const struct explain good = {
        .head = {.name = "kv",
                 .flags = FAR_EXPLAIN_UID | FAR_EXPLAIN_PROGRAM,
                 .uid = 1,
                 .gid = 2,
                 .group_count = 2,
                 .program_bytes = 12},
        .groups = {5, 6},
        .program = "/bin/viewer",
    };
    const size_t size = sizeof good.head + sizeof good.groups + sizeof good.program;
    struct explain body;
    CHECK(try_explain(&good, size) == 0);
    CHECK(try_explain(&good, size - 1) && try_explain(&good, size + 4 <= sizeof packet ? sizeof good.head - 1 : 0));
#define BROKEN(change) (body = good, change, try_explain(&body, size) == FARD_REFUSED)
    CHECK(BROKEN(body.head.flags |= 16));
    CHECK(BROKEN(body.head.flags |= FAR_EXPLAIN_PID));
    CHECK(BROKEN(body.head.flags = FAR_EXPLAIN_UID));     /* a program that nobody spoke of */
    CHECK(BROKEN(body.head.flags = FAR_EXPLAIN_PROGRAM)); /* groups of nobody */
    CHECK(BROKEN(body.head.pid = 1));
    CHECK(BROKEN(body.head.group_count = 1));
    CHECK(BROKEN(body.head.group_count = UINT32_MAX));
    CHECK(BROKEN(body.head.program_bytes = UINT32_MAX));
    CHECK(BROKEN(body.head.machine = 8));
    CHECK(BROKEN(body.head.version = UINT32_MAX));
    CHECK(BROKEN(body.head.name[0] = '/'));
    CHECK(BROKEN(memset(body.head.name, 'a', sizeof body.head.name)));
    CHECK(BROKEN(body.program[0] = 'b'));
    CHECK(BROKEN(body.program[11] = 'x'));
    CHECK(BROKEN(body.program[3] = '\0'));
#undef BROKEN
}

static void processes(void)
{
    struct explain body = {.head = {.name = "kv", .flags = FAR_EXPLAIN_PID, .pid = 1}};
    CHECK(try_explain(&body, sizeof body.head) == 0);
    body.head.pid = 0;
    CHECK(try_explain(&body, sizeof body.head) == FARD_REFUSED);
    body.head.pid = 1u << 31;
    CHECK(try_explain(&body, sizeof body.head) == FARD_REFUSED);
    body.head.pid = body.head.flags = 0; /* whoever asks */
    CHECK(try_explain(&body, sizeof body.head) == 0);
    body.head.uid = 1;
    CHECK(try_explain(&body, sizeof body.head) == FARD_REFUSED);
}

static int try_policy(uint32_t offset, uint32_t reserved, size_t size)
{
    const struct far_policy_request *request, body = {offset, reserved};
    return protocol_check_policy(message(FAR_MSG_POLICY, &body, size), &request, &error);
}

static void policies(void)
{
    CHECK(try_policy(0, 0, 8) == 0 && try_policy(1u << 20, 0, 8) == 0);
    CHECK(try_policy(UINT32_MAX, 0, 8) && try_policy(0, 1, 8) && try_policy(0, 0, 7) && try_policy(0, 0, 0));
}

/* What a rule refers to must be a whole path among the texts that came with it. */
static void subjects(void)
{
    static const char texts[] = "/bin/a\0relative\0/bin/open"; /* the last one without its end */
    const uint32_t bytes = sizeof texts - 1;
    struct far_rule rule = {FAR_WHO_ALL, 0, FAR_LEVEL_READ, 1};
    CHECK(policy_rule_is_sound(&rule, texts, bytes));
    rule.subject = 8;
    CHECK(!policy_rule_is_sound(&rule, texts, bytes));
    rule.subject = 17;
    CHECK(!policy_rule_is_sound(&rule, texts, bytes) && policy_rule_is_sound(&rule, texts, bytes + 1));
    rule.subject = bytes + 1;
    CHECK(!policy_rule_is_sound(&rule, texts, bytes));
    rule.subject = UINT32_MAX;
    CHECK(!policy_rule_is_sound(&rule, texts, bytes));
    char *longest = malloc(FAR_SUBJECT_MAX + 1);
    memset(longest, '/', FAR_SUBJECT_MAX + 1);
    longest[FAR_SUBJECT_MAX] = '\0';
    rule.subject = 1;
    CHECK(!policy_rule_is_sound(&rule, longest, FAR_SUBJECT_MAX + 1));
    rule.subject = 2;
    CHECK(policy_rule_is_sound(&rule, longest, FAR_SUBJECT_MAX + 1));
    free(longest);
}

int main(void)
{
    explains();
    processes();
    policies();
    subjects();
    return check_result();
}
