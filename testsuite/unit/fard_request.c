/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Requests: sound ones pass, and each with any one thing wrong is refused. */
#include "runtime/astack.h"
#include "runtime/fard/request.h"
#include "testsuite/unit/check.h"

#include <stdlib.h>
#include <string.h>

_Alignas(16) static uint8_t packet[FAR_MESSAGE_MAX];
static struct far_error error;

/* A message with this body at the start of packet. */
static const struct far_message *message(uint16_t type, const void *body, size_t size)
{
    struct far_message head = {FAR_PROTOCOL_MAGIC, (uint32_t)(sizeof head + size), type, 1, 7};
    memcpy(packet, &head, sizeof head);
    if (size)
        memcpy(packet + sizeof head, body, size);
    return (const struct far_message *)packet;
}

static void headers(void)
{
    size_t size = sizeof(struct far_message);
    struct far_message *head = (struct far_message *)packet;
    message(FAR_MSG_STATUS, NULL, 0);
    CHECK(protocol_check_message(packet, size, &error) == 0 && protocol_check_empty(head, &error) == 0);
    CHECK(protocol_check_message(packet, size - 1, &error) == FARD_REFUSED);
    CHECK(protocol_check_message(packet, size + 1, &error) == FARD_REFUSED);
    head->version = 2;
    CHECK(protocol_check_message(packet, size, &error) == FARD_REFUSED);
    message(FAR_MSG_STATUS, "x", 1);
    CHECK(protocol_check_empty(head, &error) == FARD_REFUSED);
    head->magic++;
    CHECK(protocol_check_message(packet, size + 1, &error) == FARD_REFUSED);
}

static int try_size(uint64_t size)
{
    struct far_open_channel body = {.service_id = 1, .size = size};
    const struct far_open_channel *request;
    return protocol_check_open_channel(message(FAR_MSG_OPEN_CHANNEL, &body, sizeof body), &request, &error);
}

static void channels(void)
{
    CHECK(try_size(65536) == 0 && try_size(FAR_ASTACK_DEFAULT) == 0 && try_size(FAR_ASTACK_MAX) == 0);
    CHECK(try_size(0) && try_size(65535) && try_size(FAR_ASTACK_MAX + 65536) && try_size(UINT64_MAX));
}

struct registration {
    struct far_register_request head;
    struct far_rule rules[2];
    char shippings[12];
};

static int try_registration(const struct registration *body, size_t size)
{
    const struct far_register_request *request;
    const struct far_rule *rules;
    const char *subjects, *shippings;
    return protocol_check_register(message(FAR_MSG_REGISTER, body, size), &request, &rules, &subjects, &shippings,
                                   &error);
}

static void registrations(void)
{
    static const struct registration sound = {
        .head = {.name = "kv", .rule_count = 2, .shipping_count = 3, .shipping_bytes = 12},
        .rules = {{FAR_WHO_UID, 1, FAR_LEVEL_READ, 0}, {FAR_WHO_ALL, 0, FAR_LEVEL_NONE, 0}},
        .shippings = "fa\0dkv\0dlong",
    };
    struct registration body = sound;
    memcpy(body.shippings, "fa\0dkv\0dlon", 12);
    struct registration good = body;
    size_t size = sizeof good - sizeof good % 4;
    CHECK(size == sizeof good.head + sizeof good.rules + 12);
    CHECK(try_registration(&good, size) == 0);
    CHECK(try_registration(&good, size - 1) && try_registration(&good, sizeof good.head - 1) &&
          try_registration(&good, 0));
#define BROKEN(change) (body = good, change, try_registration(&body, size) == FARD_REFUSED)
    CHECK(BROKEN(body.head.rule_count = 1));
    CHECK(BROKEN(body.head.rule_count = UINT32_MAX));
    CHECK(BROKEN(body.head.shipping_count = 2));
    CHECK(BROKEN(body.head.shipping_bytes = UINT32_MAX));
    CHECK(BROKEN(body.shippings[11] = 'x'));
    CHECK(BROKEN(body.shippings[0] = 'x'));
    CHECK(BROKEN(body.shippings[1] = '\0'));
    CHECK(BROKEN(body.rules[1].id = 1));
    CHECK(BROKEN(body.head.machine = 8) && BROKEN(body.head.subject_bytes = 1) && BROKEN(body.rules[0].subject = 1));
    CHECK(!BROKEN(body.head.machine = 183)); /* EM_AARCH64 */
    CHECK(BROKEN(body.head.setting_bytes = 1) && BROKEN(body.head.setting_bytes = UINT32_MAX));
    CHECK(BROKEN(body.head.flags = 2) && !BROKEN(body.head.flags = FAR_REGISTER_UPGRADE));
    CHECK(BROKEN(body.head.name[0] = '/'));
    CHECK(BROKEN(memset(body.head.name, 'a', sizeof body.head.name)));
}

static void names(void)
{
    struct far_name_request body = {.name = "kv"};
    const struct far_name_request *request;
    CHECK(protocol_check_name(message(FAR_MSG_DESCRIBE, &body, sizeof body), &request, &error) == 0);
    CHECK(protocol_check_name(message(FAR_MSG_DESCRIBE, &body, sizeof body - 1), &request, &error) == FARD_REFUSED);
    const struct far_segment_request *wanted;
    struct far_segment_request segment = {.name = "kv"};
    CHECK(protocol_check_segment(message(FAR_MSG_SEGMENT, &segment, sizeof segment), &wanted, &error) == 0);
    CHECK(protocol_check_segment(message(FAR_MSG_SEGMENT, &segment, sizeof segment - 1), &wanted, &error) ==
          FARD_REFUSED);
    memset(segment.name, 'a', sizeof segment.name);
    CHECK(protocol_check_segment(message(FAR_MSG_SEGMENT, &segment, sizeof segment), &wanted, &error) == FARD_REFUSED);
    memset(body.name, 'a', sizeof body.name);
    CHECK(protocol_check_name(message(FAR_MSG_DESCRIBE, &body, sizeof body), &request, &error) == FARD_REFUSED);
}

/* A host's words end up in a log and on a terminal. */
static void host_words(void)
{
    struct far_error sent, read;
    memset(&sent, 'a', sizeof sent);
    sent.text[1] = '\033';
    CHECK(protocol_check_host_failed(message(FAR_MSG_HOST_FAILED, &sent, sizeof sent), &read, &error) == 0);
    CHECK(strlen(read.text) == sizeof read.text - 1 && read.text[1] == ' ');
    CHECK(protocol_check_host_failed(message(FAR_MSG_HOST_FAILED, &sent, 8), &read, &error) == FARD_REFUSED);
}

int main(void)
{
    headers();
    channels();
    registrations();
    names();
    host_words();
    return check_result();
}
