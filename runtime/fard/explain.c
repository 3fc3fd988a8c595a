/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* EXPLAIN: the decision about somebody, made by the same function as the decision itself, with its reasons. */
#include "runtime/fard/fard.h"
#include "runtime/fard/principal.h"
#include "runtime/fard/request.h"
#include "runtime/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Whom it is about: a client that there is, or somebody made up. */
struct subject {
    struct client *client; /* NULL: made up, in `who` */
    struct principal who;
    bool made;                 /* `who` is to be given back */
    const struct bound *bound; /* what that client has of the service; NULL: nothing */
};

struct explain {
    const struct far_explain_request *request;
    const uint32_t *groups;
    const char *program;
    struct service *service;
    struct subject subject;
    bool manager; /* whoever asks is one */
    struct policy_reason why;
};

static void copy_text(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);
    memcpy(to, from, length);
    to[length] = '\0';
}

static int take_groups(struct explain *explain)
{
    const struct far_explain_request *request = explain->request;
    struct principal *who = &explain->subject.who;
    who->groups = calloc(request->group_count + 1, sizeof *who->groups);
    if (!who->groups)
        return -ENOMEM;
    for (uint32_t i = 0; i < request->group_count; i++)
        who->groups[i] = explain->groups[i];
    who->group_count = request->group_count;
    return 0;
}

static int make_up(struct explain *explain, struct far_error *error)
{
    const struct far_explain_request *request = explain->request;
    struct principal *who = &explain->subject.who;
    explain->subject.made = true;
    who->uid = request->flags & FAR_EXPLAIN_UID ? request->uid : UINT32_MAX;
    who->gid = request->flags & (FAR_EXPLAIN_UID | FAR_EXPLAIN_GID) ? request->gid : UINT32_MAX;
    if (request->flags & FAR_EXPLAIN_NODE)
        copy_text(who->node, sizeof who->node, explain->program);
    int result = take_groups(explain);
    if (result || !(request->flags & FAR_EXPLAIN_PROGRAM)) {
        strcpy(who->program.trouble, "no executable was named");
        return result;
    }
    result = principal_take_program(who, explain->program);
    if (result == -ENOMEM || !result)
        return result;
    return refuse(error, -result, EX_NOINPUT, "explain: exe:%s: %s", explain->program, strerror(-result));
}

/* What was revoked was unmapped as well. */
static const struct bound *bound_of(const struct client *client, const struct service *service)
{
    for (uint32_t i = 0; i < client->bound_count; i++) {
        if (client->bound[i].service_id == service->id)
            return client->bound[i].revoked ? NULL : &client->bound[i];
    }
    return NULL;
}

/* The process as it was when it connected, if it did; of several connections one that has bound the service. */
static void find_connected(struct fard *fard, struct explain *explain)
{
    struct subject *subject = &explain->subject;
    for (struct list *at = fard->clients.next; at != &fard->clients; at = at->next) {
        struct client *client = list_entry(at, struct client, link);
        if (!client->who.pid || (uint32_t)client->who.pid != explain->request->pid ||
            (subject->client && subject->bound))
            continue;
        subject->client = client;
        subject->bound = bound_of(client, explain->service);
    }
}

static int find_process(struct fard *fard, struct explain *explain, struct far_error *error)
{
    find_connected(fard, explain);
    if (explain->subject.client)
        return 0;
    explain->subject.made = true;
    int result = principal_from_pid((pid_t)explain->request->pid, &explain->subject.who);
    if (!result || result == -ENOMEM)
        return result;
    return refuse(error, ESRCH, EX_NOINPUT, "explain: process %u: %s", explain->request->pid, strerror(-result));
}

static const struct principal *subject_who(const struct explain *explain)
{
    return explain->subject.client ? &explain->subject.client->who : &explain->subject.who;
}

/* Whoever asks about itself learns what a bind would tell it anyway. */
static int find_subject(struct client *client, struct explain *explain, struct far_error *error)
{
    const struct far_explain_request *request = explain->request;
    bool manager = explain->manager;
    bool own_uid = request->flags == FAR_EXPLAIN_UID && request->uid == client->who.uid;
    if (!request->flags || (own_uid && !manager)) {
        explain->subject.client = client;
        return 0;
    }
    if (!manager && request->flags != FAR_EXPLAIN_PID)
        return refuse(error, EACCES, EX_NOPERM,
                      "explain: only uid %u, which runs this fard, or root may ask about others", client->fard->uid);
    if (!(request->flags & FAR_EXPLAIN_PID))
        return make_up(explain, error);
    int result = find_process(client->fard, explain, error);
    if (!result && !manager && subject_who(explain)->uid != client->who.uid)
        result = refuse(error, EACCES, EX_NOPERM,
                        "explain: process %u is another user's; only uid %u, which runs this "
                        "fard, or root may ask about others",
                        request->pid, client->fard->uid);
    return result;
}

static enum far_level decide(struct fard *fard, struct explain *explain, struct policy_reason *why)
{
    struct principal *who = &explain->subject.who;
    if (explain->subject.client)
        return client_grant(explain->subject.client, explain->service, why);
    principal_examine(&who->program, fard->uid);
    return policy_grant(&fard->registry, explain->service, who, why);
}

static uint32_t part_rights(enum far_level level, enum far_part part)
{
    switch (part) {
    case FAR_PART_FSTUBS:
    case FAR_PART_DSTUBS:
        return FAR_RIGHT_READ | FAR_RIGHT_EXECUTE;
    case FAR_PART_CODE:
        return level == FAR_LEVEL_TRUSTED ? FAR_RIGHT_READ | FAR_RIGHT_EXECUTE : 0;
    case FAR_PART_CONST:
        return level == FAR_LEVEL_TRUSTED ? FAR_RIGHT_READ : 0;
    case FAR_PART_LINKAGE:
        return FAR_RIGHT_READ; /* each process's own, closed to writing once it is filled in */
    default:
        return level == FAR_LEVEL_TRUSTED ? FAR_RIGHT_READ | FAR_RIGHT_WRITE | FAR_RIGHT_SHARED
               : level == FAR_LEVEL_READ  ? FAR_RIGHT_READ | FAR_RIGHT_SHARED
                                          : 0;
    }
}

static void fill_parts(const struct explain *explain, struct far_explain_reply *reply)
{
    uint32_t machine = explain->request->machine ? explain->request->machine : FAR_MACHINE_NATIVE;
    const struct executable *executable = service_executable(explain->service, machine);
    if (!executable)
        return;
    reply->machine = executable->machine;
    memcpy(reply->part, executable->part, sizeof reply->part);
    for (enum far_part part = 0; part < FAR_PART_COUNT; part++)
        reply->rights[part] = executable->part[part].size ? part_rights(reply->level, part) : 0;
}

/* What handle_open_channel() would give now; a capability that is not needed for it limits nothing. */
static void fill_limits(const struct fard *fard, const struct explain *explain, struct far_explain_reply *reply)
{
    const struct bound *bound = explain->subject.bound;
    const struct policy_reason *why = &explain->why;
    enum far_level level = policy_lowered(reply->level, bound ? bound->level : FAR_LEVEL_UNSET);
    reply->channel_level = bound ? level : FAR_LEVEL_UNSET;
    reply->handed_level = bound ? bound->handed : FAR_LEVEL_UNSET;
    if (!why->limited || level <= why->otherwise)
        return;
    reply->limited = 1;
    const struct capability *capability = capability_find(&fard->registry.capabilities, why->capability);
    if (capability)
        memcpy(reply->ops, capability->ops, sizeof reply->ops);
}

static void fill_reply(struct fard *fard, struct explain *explain, struct far_explain_reply *reply)
{
    const struct principal *who = subject_who(explain);
    const struct policy_reason *why = &explain->why;
    reply->level = decide(fard, explain, &explain->why);
    reply->source = why->source;
    reply->uid = who->uid;
    reply->gid = who->gid;
    reply->pid = (uint32_t)who->pid;
    reply->group_count = who->group_count;
    memcpy(reply->service, explain->service->name, sizeof reply->service);
    reply->refused = why->refused;
    copy_text(reply->source_word, sizeof reply->source_word, policy_source_word(why->source));
    if (explain->service->away)
        copy_text(reply->node, sizeof reply->node, explain->service->away->node);
    copy_text(reply->program, sizeof reply->program, who->program.path ? who->program.path : "");
    copy_text(reply->trouble, sizeof reply->trouble, who->program.trouble);
    policy_reason_text(why, reply->reason, sizeof reply->reason);
    fill_parts(explain, reply);
    fill_limits(fard, explain, reply);
}

struct lines {
    uint8_t *bytes;
    size_t size, room;
};

/* What does not fit into one answer is left out; the decision and its reason are there already. */
static void add_line(void *context, const char *line)
{
    struct lines *lines = context;
    size_t length = strlen(line) + 1;
    if (length > lines->room - lines->size)
        return;
    memcpy(lines->bytes + lines->size, line, length);
    lines->size += length;
}

/* What was presented comes after the rules, and only if it makes a difference. */
static void add_capability(struct lines *lines, const struct policy_reason *why)
{
    char reason[512], line[600];
    if (why->source != POLICY_BY_CAPABILITY)
        return;
    policy_reason_text(why, reason, sizeof reason);
    snprintf(line, sizeof line, "%s: raises the level from %s to %s", reason, policy_level_word(why->otherwise),
             policy_level_word(why->granted));
    add_line(lines, line);
}

static int answer(struct client *client, const struct far_message *message, struct explain *explain)
{
    struct far_explain_reply *reply;
    struct lines lines = {.size = sizeof *reply, .room = FAR_MESSAGE_MAX - sizeof *message};
    lines.bytes = calloc(1, lines.room);
    if (!lines.bytes)
        return -ENOMEM;
    reply = (struct far_explain_reply *)lines.bytes;
    fill_reply(client->fard, explain, reply);
    policy_each_line(&client->fard->registry, explain->service, subject_who(explain), explain->manager, add_line,
                     &lines);
    add_capability(&lines, &explain->why);
    reply->text_bytes = (uint32_t)(lines.size - sizeof *reply);
    client_reply(client, message, lines.bytes, lines.size);
    free(lines.bytes);
    return 0;
}

int handle_explain(struct client *client, const struct far_message *message, struct far_error *error)
{
    struct explain explain = {0};
    int result = protocol_check_explain(message, &explain.request, &explain.groups, &explain.program, error);
    if (!result)
        result = registry_named(&client->fard->registry, explain.request->name, explain.request->version,
                                &explain.service, error);
    if (!result && (explain.service->hidden || !service_iface(explain.service)))
        result = refuse(error, ENOENT, EX_UNAVAILABLE, "service '%s' cannot be used now; `far describe` says why",
                        explain.service->name);
    struct far_error not_manager;
    explain.manager = client_check_manager(client, &not_manager) == 0;
    result = result ? result : find_subject(client, &explain, error);
    result = result ? result : answer(client, message, &explain);
    if (explain.subject.made)
        principal_end(&explain.subject.who);
    return result;
}
