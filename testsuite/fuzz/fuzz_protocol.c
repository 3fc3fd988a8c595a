/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A packet as it arrives at fard: the header, then whatever its type makes of the body, up to the answer to a bind. */
#include "runtime/fard/bind.h"
#include "runtime/fard/link.h"
#include "runtime/fard/queue.h"
#include "runtime/fard/request.h"
#include "runtime/fard/request_capability.h"
#include "runtime/format/token.h"
#include "runtime/machine.h"
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
    service->executable[0].machine = FAR_MACHINE_NATIVE;
    service->executable_count = 1;
    service->major = service->executable[0].iface->major;
    service->range = (struct range){FAR_WINDOW_BEGIN, FAR_GRANULE};
    service->executable[0].part[FAR_PART_FSTUBS] = (struct far_extent){FAR_WINDOW_BEGIN, FAR_PART_ALIGN};
    service->executable[0].part[FAR_PART_DSTUBS] =
        (struct far_extent){FAR_WINDOW_BEGIN + FAR_PART_ALIGN, FAR_PART_ALIGN};
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
    host_settings_read(&service->settings, shippings + request->shipping_bytes, request->setting_bytes, &error);
    service->executable[0].iface = (struct far_iface *)make_record(MAKE_PLAIN).bytes;
    service_ship(service, shippings, request->shipping_count, &error);
    service_free(service);
}

/* What is said of an address is always a table that a client would bind by. */
static void try_link(const struct far_message *message)
{
    _Alignas(8) static uint8_t reply[LINK_REPLY_MAX];
    const struct far_link_request *request;
    size_t used = 0;
    char why[256];
    if (protocol_check_link(message, &request, &error) == 0 &&
        link_answer(registry_with_kv(), request->address, reply, &used, &error) == 0 &&
        import_check(reply, used, why, sizeof why) != 0)
        abort();
}

static void try_rest(const struct far_message *message)
{
    const struct far_open_channel *open;
    const struct far_close_channel *closing;
    const struct far_name_request *name;
    const struct far_page_request *page;
    const struct far_segment_request *segment;
    const struct far_host_channels *channels;
    const struct far_host_channel *channel;
    struct far_error said;
    protocol_check_open_channel(message, &open, &error);
    protocol_check_close_channel(message, &closing, &error);
    protocol_check_page(message, &page, &error);
    const struct far_top_request *top;
    const struct far_trace_request *trace;
    if (protocol_check_top(message, &top, &error) == 0 && top->what >= FAR_TOP_COUNT)
        __builtin_trap();
    if (protocol_check_trace(message, &trace, &error) == 0 && trace->reserved)
        __builtin_trap();
    protocol_check_segment(message, &segment, &error);
    protocol_check_empty(message, &error);
    protocol_check_host_failed(message, &said, &error);
    if (protocol_check_host_channels(message, &channels, &channel, &error) == 0 && channels->count)
        said.code = (int32_t)channel[channels->count - 1].channel; /* the last one is there to be read */
    const struct far_policy_request *policy;
    const struct far_explain_request *explain;
    const uint32_t *groups;
    const char *program;
    protocol_check_policy(message, &policy, &error);
    const struct far_domain_request *domain;
    const struct far_trust_request *trust;
    const struct far_region_request *region;
    const struct far_grant_request *grant;
    const struct far_host_domain_reply *answer;
    protocol_check_domain(message, &domain, &error);
    protocol_check_trust(message, &trust, &error);
    if (protocol_check_region(message, &region, &error) == 0 && !region->base == !region->size)
        abort();
    protocol_check_grant(message, &grant, &error);
    protocol_check_host_domain(message, &answer, &error);
    if (protocol_check_explain(message, &explain, &groups, &program, &error) == 0 && explain->program_bytes &&
        (program[0] != '/' || strlen(program) != explain->program_bytes - 1))
        abort();
    struct service *named;
    if (protocol_check_name(message, &name, &error) == 0)
        registry_named(registry_with_kv(), name->name, name->version, &named, &error);
    try_link(message);
}

/* Whatever passes the checks can be worked with: no text runs over, nothing that was narrowed grants more. */
static void try_capability(const struct far_message *message)
{
    const struct far_present *present;
    const struct far_revoke_done *done;
    const struct far_capability_request *request;
    const struct far_capability_revoke *revoke;
    const struct capability parent = {.id = 1, .service_id = 1, .level = FAR_LEVEL_READ, .ops = "kv_find\nkv_put\n"};
    char service[TOKEN_NAME_MAX + 1];
    if (protocol_check_present(message, &present, &error) == 0)
        token_service(present->token, service);
    protocol_check_revoke_done(message, &done, &error);
    protocol_check_capability_revoke(message, &revoke, &error);
    protocol_check_capability_grant(message, &request, &error);
    if (protocol_check_capability_narrow(message, &request, &error))
        return;
    struct capability wanted = {.level = (enum far_level)request->level, .expires = request->expires};
    memcpy(wanted.ops, request->ops, sizeof wanted.ops);
    if (capability_narrow(&parent, &wanted, 1000, &error) == 0 &&
        (wanted.level > parent.level || capability_names(&wanted, "kv_get") || !wanted.ops[0]))
        abort();
}

/* A queued call's parameters lie in it: a courier reads them by these words alone. */
static void try_queue(const struct far_message *message)
{
    const struct far_queue_call *call;
    const struct far_queue_look *look;
    const struct far_queue_ticket *ticket;
    const struct far_queue_mark *mark;
    protocol_check_queue_look(message, &look, &error);
    protocol_check_queue_ticket(message, &ticket, &error);
    if (protocol_check_queue_mark(message, &mark, &error) == 0 && strlen(mark->reason) >= sizeof mark->reason)
        abort();
    if (protocol_check_queue_put(message, &call, &error))
        return;
    struct far_queue_param param[FAR_PARAM_MAX];
    memcpy(param, call + 1, call->param_count * sizeof *param);
    for (uint32_t i = 0; i < call->param_count; i++)
        if ((uint64_t)param[i].offset + param[i].size > call->bytes ||
            strlen(call->operation) >= sizeof call->operation)
            abort();
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
    else if (message->type == FAR_MSG_PRESENT || message->type == FAR_MSG_REVOKE_DONE ||
             (message->type >= FAR_MSG_CAPABILITY_GRANT && message->type <= FAR_MSG_CAPABILITY_LIST))
        try_capability(message);
    else if (message->type >= FAR_MSG_QUEUE_PUT && message->type <= FAR_MSG_QUEUE_MARK)
        try_queue(message);
    else
        try_rest(message);
    return 0;
}
