/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/policy.h"
#include "runtime/fard/node_name.h"
#include "runtime/fard/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_member(const struct principal *who, gid_t gid)
{
    if (who->gid == gid)
        return true;
    for (uint32_t i = 0; i < who->group_count; i++) {
        if (who->groups[i] == gid)
            return true;
    }
    return false;
}

/* Clients on other nodes, and rules about them, meet nobody else. */
static enum policy_fit fit_node(const struct far_rule *rule, const char *subjects, const struct principal *who)
{
    const char *node = rule_node(rule, subjects);
    if (!node || !who->node[0] || (strcmp(node, "*") != 0 && strcmp(node, who->node) != 0))
        return POLICY_OTHER_NODE;
    return rule->who == FAR_WHO_NODE || rule->id == who->uid ? POLICY_FITS : POLICY_OTHER_UID;
}

static enum policy_fit fit_id(const struct far_rule *rule, const struct principal *who)
{
    switch (rule->who) {
    case FAR_WHO_UID:
        return rule->id == who->uid ? POLICY_FITS : POLICY_OTHER_UID;
    case FAR_WHO_GID:
        return is_member(who, rule->id) ? POLICY_FITS : POLICY_OTHER_GROUP;
    default:
        return POLICY_FITS;
    }
}

static enum policy_fit fit_program(const char *path, const struct program *program)
{
    if (!path)
        return POLICY_FITS;
    if (!program->path)
        return POLICY_PROGRAM_UNKNOWN;
    if (strcmp(path, program->path) != 0)
        return POLICY_OTHER_PROGRAM;
    return program->confirmed ? POLICY_FITS : POLICY_PROGRAM_UNCONFIRMED;
}

enum policy_fit policy_fit(const struct far_rule *rule, const char *subjects, const struct principal *who)
{
    if (who->node[0] || rule->who >= FAR_WHO_NODE)
        return fit_node(rule, subjects, who);
    enum policy_fit fit = fit_id(rule, who);
    return fit ? fit : fit_program(rule_program(rule, subjects), &who->program);
}

static bool rule_fits(const struct far_rule *rule, const char *subjects, const struct principal *who)
{
    return policy_fit(rule, subjects, who) == POLICY_FITS;
}

/* A uid keeps users apart, a program's name only programs of users who do not cheat: so what a rule says about a uid
 * weighs more than that it names a program as well. */
static uint32_t rule_weight(const struct far_rule *rule, const char *subjects)
{
    const char *node = rule_node(rule, subjects);
    return rule->who * 2 + (node ? strcmp(node, "*") != 0 : rule->subject != 0);
}

/* Refused is less than none. */
static bool grants_more(const struct far_rule *rule, const struct far_rule *other)
{
    if (rule->level == FAR_RULE_REFUSED || other->level == FAR_RULE_REFUSED)
        return other->level == FAR_RULE_REFUSED && rule->level != FAR_RULE_REFUSED;
    return rule->level > other->level;
}

const struct far_rule *policy_decider(const struct rule_list *list, const struct principal *who)
{
    const struct far_rule *decider = NULL;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct far_rule *rule = &list->rules[i];
        uint32_t weight = rule_weight(rule, list->subjects);
        if (decider && weight < rule_weight(decider, list->subjects))
            continue;
        if (!rule_fits(rule, list->subjects, who))
            continue;
        if (!decider || weight > rule_weight(decider, list->subjects) || grants_more(rule, decider))
            decider = rule;
    }
    return decider;
}

static const struct policy_section *find_section(const struct policy_file *file, const char *name, int32_t major)
{
    struct policy_section key = {.major = major};
    if (!file->section_count)
        return NULL;
    memcpy(key.name, name, strnlen(name, sizeof key.name - 1));
    return bsearch(&key, file->section, file->section_count, sizeof key, policy_section_order);
}

void policy_sections_of(const struct policy_file *file, const struct service *service,
                        const struct policy_section *section[POLICY_SECTIONS])
{
    section[0] = find_section(file, service->name, service->major);
    section[1] = find_section(file, service->name, -1);
    section[2] = find_section(file, "*", -1);
}

static struct rule_list rules_of_section(const struct policy_file *file, const struct policy_section *section)
{
    if (!section->count) /* perhaps the file has none at all, and no memory for them */
        return (struct rule_list){0};
    return (struct rule_list){file->rules + section->first, section->count, file->subjects};
}

static struct rule_list rules_of_service(const struct service *service)
{
    return (struct rule_list){service->rules, service->rule_count, service->subjects};
}

/* Has the section decided? */
static bool ask_section(const struct policy_file *file, const struct policy_section *section,
                        const struct principal *who, struct policy_reason *why)
{
    const struct rule_list list = rules_of_section(file, section);
    const struct far_rule *rule = policy_decider(&list, who);
    if (!rule && section->fallback == POLICY_FALLBACK_NEXT)
        return false;
    *why = (struct policy_reason){.source = POLICY_BY_FILE, .file = file, .line = section->fallback_line};
    if (rule) {
        const struct policy_place *place = &file->place[rule - file->rules];
        why->rule = rule;
        why->subjects = file->subjects;
        why->word = file->words + place->word;
        why->line = place->line;
    }
    why->granted = rule ? rule->level : section->fallback;
    return true;
}

bool policy_section_decides(const struct policy_file *file, const struct policy_section *section,
                            const struct principal *who)
{
    struct policy_reason why;
    return ask_section(file, section, who, &why);
}

static bool ask_file(const struct policy_file *file, const struct service *service, const struct principal *who,
                     struct policy_reason *why)
{
    const struct policy_section *section[POLICY_SECTIONS];
    policy_sections_of(file, service, section);
    for (int i = 0; i < POLICY_SECTIONS; i++) {
        if (section[i] && ask_section(file, section[i], who, why))
            return why->rule || why->granted != POLICY_FALLBACK_REGISTRATION;
    }
    return false;
}

static bool ask_registration(const struct service *service, const struct principal *who, struct policy_reason *why)
{
    const struct rule_list list = rules_of_service(service);
    const struct far_rule *rule = policy_decider(&list, who);
    if (!rule)
        return false;
    *why = (struct policy_reason){
        .source = POLICY_BY_REGISTRATION, .granted = rule->level, .rule = rule, .subjects = list.subjects};
    return true;
}

static void raise_by_capability(const struct registry *registry, const struct service *service,
                                const struct principal *who, struct policy_reason *reason)
{
    const struct capability *best =
        capability_best(&registry->capabilities, service->id, who->presented, who->presented_count);
    if (!best || best->level <= reason->granted)
        return;
    *reason = (struct policy_reason){.source = POLICY_BY_CAPABILITY,
                                     .granted = best->level,
                                     .capability = best->id,
                                     .limited = best->ops[0] != '\0',
                                     .otherwise = reason->granted};
}

enum far_level policy_by_rules(const struct registry *registry, const struct service *service,
                               const struct principal *who, struct policy_reason *why)
{
    if (!(registry->policy && ask_file(registry->policy, service, who, why)) && !ask_registration(service, who, why))
        *why = (struct policy_reason){.source = POLICY_BY_DEFAULT, .granted = FAR_LEVEL_NONE};
    if (who->node[0]) {
        why->refused = why->rule && why->rule->level == FAR_RULE_REFUSED;
        why->granted = FAR_LEVEL_NONE; /* also where a default would give more: it is about clients here */
        why->node = who->node;
    }
    return why->granted;
}

enum far_level policy_grant(const struct registry *registry, const struct service *service, const struct principal *who,
                            struct policy_reason *why)
{
    struct policy_reason reason;
    if (service->away) {
        reason =
            (struct policy_reason){.source = POLICY_BY_PLACE, .granted = FAR_LEVEL_NONE, .node = service->away->node};
    } else {
        policy_by_rules(registry, service, who, &reason);
        if (!who->node[0])
            raise_by_capability(registry, service, who, &reason);
    }
    if (why)
        *why = reason;
    return reason.granted;
}

static bool list_names(const struct rule_list *list, const char *path)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const char *named = rule_program(&list->rules[i], list->subjects);
        if (named && strcmp(named, path) == 0)
            return true;
    }
    return false;
}

bool policy_names_program(const struct registry *registry, const struct service *service, const char *path)
{
    const struct policy_section *section[POLICY_SECTIONS] = {0};
    const struct rule_list registered = rules_of_service(service);
    if (registry->policy)
        policy_sections_of(registry->policy, service, section);
    for (int i = 0; i < POLICY_SECTIONS; i++) {
        const struct rule_list list =
            section[i] ? rules_of_section(registry->policy, section[i]) : (struct rule_list){0};
        if (list_names(&list, path))
            return true;
    }
    return list_names(&registered, path);
}

enum far_level policy_lowered(enum far_level granted, uint32_t want)
{
    return want != FAR_LEVEL_UNSET && want < granted ? (enum far_level)want : granted;
}

static bool subject_is_sound(const char *subject, size_t room)
{
    size_t length = strnlen(subject, room);
    return length < room && subject[0] == '/' && length < FAR_SUBJECT_MAX;
}

static bool node_rule_is_sound(const struct far_rule *rule, const char *subjects, uint32_t subject_bytes)
{
    const char *node = rule_node(rule, subjects);
    if (!node || !memchr(node, '\0', subject_bytes - (rule->subject - 1)))
        return false;
    return (strcmp(node, "*") == 0 || node_name_is_sound(node, FAR_NODE_NAME_MAX)) && rule->id != UINT32_MAX &&
           (rule->who == FAR_WHO_NODE_UID || rule->id == 0) &&
           (rule->level == FAR_LEVEL_NONE || rule->level == FAR_RULE_REFUSED);
}

bool policy_rule_is_sound(const struct far_rule *rule, const char *subjects, uint32_t subject_bytes)
{
    if (rule->subject > subject_bytes || rule->who >= FAR_WHO_COUNT ||
        (rule->subject && rule->who < FAR_WHO_NODE &&
         !subject_is_sound(subjects + rule->subject - 1, subject_bytes - (rule->subject - 1))))
        return false;
    if (rule->who >= FAR_WHO_NODE)
        return node_rule_is_sound(rule, subjects, subject_bytes);
    return rule->who < FAR_WHO_COUNT && rule->level > FAR_LEVEL_UNSET && rule->level < FAR_LEVEL_COUNT &&
           (rule->who != FAR_WHO_ALL || rule->id == 0) && rule->id != UINT32_MAX;
}

void policy_who_text(const struct far_rule *rule, const char *subjects, char *text, size_t size)
{
    static const char *const words[] = {
#define X(NAME, name) #name,
        FAR_WHOS(X)
#undef X
    };
    const char *word = rule->who < FAR_WHO_COUNT ? words[rule->who] : "?";
    const char *program = rule_program(rule, subjects);
    if (rule->who == FAR_WHO_NODE)
        snprintf(text, size, "node:%s", rule_node(rule, subjects));
    else if (rule->who == FAR_WHO_NODE_UID)
        snprintf(text, size, "node:%s:%u", rule_node(rule, subjects), rule->id);
    else if (rule->who == FAR_WHO_ALL)
        snprintf(text, size, "%s%s", program ? "exe:" : word, program ? program : "");
    else
        snprintf(text, size, "%s:%u%s%s", word, rule->id, program ? "+exe:" : "", program ? program : "");
}

const char *policy_source_word(enum policy_source source)
{
    static const char *const words[] = {
        [POLICY_BY_DEFAULT] = "default",       [POLICY_BY_FILE] = "policy", [POLICY_BY_REGISTRATION] = "registration",
        [POLICY_BY_CAPABILITY] = "capability", [POLICY_BY_PLACE] = "place",
    };
    return words[source];
}

const char *policy_level_word(enum far_level level)
{
    static const char *const words[] = {"unset",
#define X(NAME, name, ...) #name,
                                        FAR_LEVELS(X)
#undef X
    };
    return (unsigned)level == FAR_RULE_REFUSED ? "refuse" : level < FAR_LEVEL_COUNT ? words[level] : "?";
}

void policy_reason_text(const struct policy_reason *why, char *text, size_t size)
{
    char who[FAR_SUBJECT_MAX + 64];
    if (why->rule)
        policy_who_text(why->rule, why->subjects, who, sizeof who);
    if (why->source == POLICY_BY_FILE)
        snprintf(text, size, "%s:%u: %s %s", why->file->path, why->line,
                 why->rule ? policy_level_word(why->rule->level) : "default",
                 why->rule ? why->word : policy_level_word(why->granted));
    else if (why->source == POLICY_BY_REGISTRATION && why->rule->who >= FAR_WHO_NODE)
        snprintf(text, size, "registered with --node %s=%s", who + strlen("node:"),
                 policy_level_word(why->rule->level));
    else if (why->source == POLICY_BY_REGISTRATION)
        snprintf(text, size, "registered with --%s %s",
                 why->granted == FAR_LEVEL_TRUSTED ? "trust" : policy_level_word(why->granted), who);
    else if (why->source == POLICY_BY_PLACE)
        snprintf(text, size, "the service is on node '%s': nothing of it is mapped here, and every call goes there",
                 why->node);
    else if (why->source == POLICY_BY_CAPABILITY)
        snprintf(text, size, "capability %u%s", why->capability, why->limited ? ", for some operations" : "");
    else if (why->node)
        snprintf(text, size, "nothing is said about node '%s': its clients may call, and get none", why->node);
    else
        snprintf(text, size, "neither the policy file nor the registration says anything about it");
}
