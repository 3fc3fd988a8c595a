/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A packet as it arrives at fard: the header, then whatever its type makes of the body, up to the answer to a bind. */
#include "runtime/fard/bind.h"
#include "runtime/fard/request.h"
#include "testsuite/unit/make_segment.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

_Alignas(16) static uint8_t packet[FAR_MESSAGE_MAX];
static struct far_error error;

static const struct registry *registry_with_kv(void)
{
    static struct registry registry;
    struct service *service;
    if (registry.count)
        return &registry;
    registry_init(&registry);
    if (service_new(&service))
        abort();
    service->id = 1;
    strcpy(service->name, "kv");
    service->executable[0].iface = (struct far_iface *)make_record(MAKE_PLAIN).bytes;
    if (registry_add(&registry, service))
        abort();
    return &registry;
}

static void try_bind(const struct far_message *message)
{
    _Alignas(16) static uint8_t reply[FAR_MESSAGE_MAX];
    const struct principal anybody = {.uid = 1000};
    const struct far_bind_request *request;
    const struct far_import_table *table;
    size_t used;
    if (protocol_check_bind(message, &request, &table, &error) == 0)
        bind_answer(registry_with_kv(), table, &anybody, request, reply, sizeof reply, &used, NULL, &error);
}

static void try_register(const struct far_message *message)
{
    const struct far_register_request *request;
    const struct far_rule *rules;
    const char *subjects, *shippings;
    struct service *service;
    if (protocol_check_register(message, &request, &rules, &subjects, &shippings, &error) || service_new(&service))
        return;
    service->executable[0].iface = (struct far_iface *)make_record(MAKE_PLAIN).bytes;
    service_ship(service, shippings, request->shipping_count, &error);
    service_free(service);
}

static void try_rest(const struct far_message *message)
{
    const struct far_open_channel *open;
    const struct far_close_channel *closing;
    const struct far_name_request *name;
    const struct far_page_request *page;
    const struct far_segment_request *segment;
    struct far_error said;
    protocol_check_open_channel(message, &open, &error);
    protocol_check_close_channel(message, &closing, &error);
    protocol_check_page(message, &page, &error);
    protocol_check_segment(message, &segment, &error);
    protocol_check_empty(message, &error);
    protocol_check_host_failed(message, &said, &error);
    const struct far_policy_request *policy;
    const struct far_explain_request *explain;
    const uint32_t *groups;
    const char *program;
    protocol_check_policy(message, &policy, &error);
    const struct far_domain_request *domain;
    const struct far_trust_request *trust;
    const struct far_host_domain_reply *answer;
    protocol_check_domain(message, &domain, &error);
    protocol_check_trust(message, &trust, &error);
    protocol_check_host_domain(message, &answer, &error);
    if (protocol_check_explain(message, &explain, &groups, &program, &error) == 0 && explain->program_bytes &&
        (program[0] != '/' || strlen(program) != explain->program_bytes - 1))
        abort();
    if (protocol_check_name(message, &name, &error) == 0)
        registry_find(registry_with_kv(), name->name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct far_message *message = (const void *)packet;
    if (size > sizeof packet)
        return 0;
    memcpy(packet, data, size);
    if (size >= sizeof *message) /* a length that is right costs the fuzzer too much to find */
        ((struct far_message *)packet)->size = (uint32_t)size;
    if (protocol_check_message(packet, size, &error))
        return 0;
    if (message->type == FAR_MSG_BIND || message->type == FAR_MSG_RESOLVE)
        try_bind(message);
    else if (message->type == FAR_MSG_REGISTER)
        try_register(message);
    else
        try_rest(message);
    return 0;
}
