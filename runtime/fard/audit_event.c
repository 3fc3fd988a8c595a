/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The events of the audit log that are about clients and services. */
#include "runtime/fard/fard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct fields {
    struct log_field field[AUDIT_FIELDS];
    unsigned count;
};

static void add_text(struct fields *fields, const char *name, const char *text)
{
    if (text && fields->count < AUDIT_FIELDS)
        fields->field[fields->count++] = (struct log_field){name, text, 0};
}

static void add_number(struct fields *fields, const char *name, uint64_t number)
{
    if (fields->count < AUDIT_FIELDS)
        fields->field[fields->count++] = (struct log_field){name, NULL, number};
}

static void add_client(struct fields *fields, const struct client *client)
{
    if (client->who.node[0])
        add_text(fields, "node", client->who.node);
    add_number(fields, "uid", client->who.uid);
    add_number(fields, "gid", client->who.gid);
    add_number(fields, "pid", (uint64_t)client->who.pid);
    add_text(fields, "exe", client->who.program.path);
}

void audit_grant(const struct client *client, const char *event, const struct service *service, uint32_t want,
                 enum far_level level, const struct policy_reason *why)
{
    char reason[2 * FAR_SUBJECT_MAX];
    struct fields fields = {.count = 0};
    policy_reason_text(why, reason, sizeof reason);
    add_text(&fields, "service", service->name);
    add_number(&fields, "service_id", service->id);
    add_text(&fields, "granted", policy_level_word(level));
    add_text(&fields, "source", policy_source_word(why->source));
    if (want != FAR_LEVEL_UNSET)
        add_text(&fields, "wanted", policy_level_word(want));
    add_client(&fields, client);
    audit_write(&client->fard->audit, LOG_LEVEL_NOTICE, event, fields.field, fields.count, reason);
}

static const char *request_word(uint16_t type)
{
    static const struct {
        uint16_t type;
        const char *word;
    } words[] = {
        {FAR_MSG_RESOLVE, "resolve"},
        {FAR_MSG_BIND, "bind"},
        {FAR_MSG_OPEN_CHANNEL, "channel"},
        {FAR_MSG_REGISTER, "register"},
        {FAR_MSG_UNREGISTER, "unregister"},
        {FAR_MSG_SEGMENT, "segment"},
        {FAR_MSG_EXPLAIN, "explain"},
        {FAR_MSG_POLICY, "policy"},
        {FAR_MSG_TRUST, "trust"},
        {FAR_MSG_PRESENT, "present"},
        {FAR_MSG_LINK, "link"},
        {FAR_MSG_DOMAIN, "domain"},
        {FAR_MSG_REGION, "region"},
        {FAR_MSG_GRANT, "grant-memory"},
        {FAR_MSG_TRACE, "trace"},
        {FAR_MSG_TOP, "top"},
        {FAR_MSG_METRICS, "metrics"},
        {FAR_MSG_CAPABILITY_GRANT, "capability-grant"},
        {FAR_MSG_CAPABILITY_NARROW, "capability-narrow"},
        {FAR_MSG_CAPABILITY_REVOKE, "capability-revoke"},
        {FAR_MSG_CAPABILITY_LIST, "capability-list"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].type == type)
            return words[i].word;
    }
    return "other";
}

/* What has to do with rights; that a service is not there, or its host is slow, is no refusal. */
static bool is_about_rights(const struct far_message *message, const struct far_error *error)
{
    return error->code == EACCES || error->code == EPERM || error->code == EDQUOT ||
           (message->type == FAR_MSG_BIND && error->code != ENOENT);
}

void audit_refusal(const struct client *client, const struct far_message *message, const struct far_error *error)
{
    struct fields fields = {.count = 0};
    if (!is_about_rights(message, error))
        return;
    add_text(&fields, "request", request_word(message->type));
    add_client(&fields, client);
    audit_write(&client->fard->audit, LOG_LEVEL_WARNING, "refuse", fields.field, fields.count, error->text);
}

void audit_service(struct fard *fard, const struct client *client, const char *event, const struct service *service,
                   const char *message)
{
    struct fields fields = {.count = 0};
    add_text(&fields, "service", service->name);
    add_number(&fields, "service_id", service->id);
    if (client)
        add_client(&fields, client);
    audit_write(&fard->audit, LOG_LEVEL_NOTICE, event, fields.field, fields.count, message);
}

/* "--trust uid:1000 --read all", as much of it as there is room for. */
static void rules_text(const struct service *service, char *text, size_t size)
{
    char who[FAR_SUBJECT_MAX + 64];
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < service->rule_count; i++) {
        const struct far_rule *rule = &service->rules[i];
        policy_who_text(rule, service->subjects, who, sizeof who);
        bool about_node = rule->who >= FAR_WHO_NODE;
        int length = snprintf(text + used, size - used, "%s--%s %s%s%s", used ? " " : "",
                              about_node                         ? "node"
                              : rule->level == FAR_LEVEL_TRUSTED ? "trust"
                                                                 : policy_level_word(rule->level),
                              about_node ? who + strlen("node:") : who, about_node ? "=" : "",
                              about_node ? policy_level_word(rule->level) : "");
        if (length < 0 || (size_t)length >= size - used) {
            snprintf(text + used, size - used, "%s", size - used > 4 ? " …" : "");
            return;
        }
        used += (size_t)length;
    }
}

void audit_registered(struct fard *fard, const struct client *client, const struct service *service)
{
    char rules[2048];
    rules_text(service, rules, sizeof rules);
    audit_service(fard, client, "register", service, rules);
}
