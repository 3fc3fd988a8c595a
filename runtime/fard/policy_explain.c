/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The way to a decision, rule by rule: what policy_grant() looked at, in its order, up to what decided. No I/O. */
#include "runtime/fard/policy.h"
#include "runtime/fard/registry.h"

#include <stdio.h>

struct walk {
    const struct principal *who;
    bool others; /* rules about other users and groups too */
    unsigned *left_out;
    policy_line_call *each;
    void *context;
};

static const char *misfit_words(enum policy_fit fit, const struct principal *who)
{
    switch (fit) {
    case POLICY_OTHER_UID:
        return "another uid";
    case POLICY_OTHER_GROUP:
        return "not in that group";
    case POLICY_OTHER_PROGRAM:
        return "another executable";
    case POLICY_OTHER_NODE:
        return who->node[0] ? "not about that node" : "about clients on another node";
    case POLICY_PROGRAM_UNKNOWN:
    case POLICY_PROGRAM_UNCONFIRMED:
        return who->program.trouble[0] ? who->program.trouble : "its executable is not known";
    default:
        return NULL;
    }
}

static void tell(const struct walk *walk, const struct far_rule *rule, const char *subjects, const char *text,
                 bool decides)
{
    char line[3 * FAR_SUBJECT_MAX];
    enum policy_fit fit = policy_fit(rule, subjects, walk->who);
    const char *misfit = misfit_words(fit, walk->who);
    if (!walk->others && (fit == POLICY_OTHER_UID || fit == POLICY_OTHER_GROUP || fit == POLICY_OTHER_NODE)) {
        ++*walk->left_out;
        return;
    }
    snprintf(line, sizeof line, "%s: %s%s", text,
             decides  ? "decides"
             : misfit ? "does not fit: "
                      : "fits, but another one is more specific or grants more",
             misfit ? misfit : "");
    walk->each(walk->context, line);
}

static void walk_section(const struct walk *walk, const struct policy_file *file, const struct policy_section *section,
                         const struct policy_reason *why)
{
    char text[2 * FAR_SUBJECT_MAX];
    for (uint32_t i = section->first; i < section->first + section->count; i++) {
        const struct far_rule *rule = &file->rules[i];
        snprintf(text, sizeof text, "%s:%u: %s %s", file->path, file->place[i].line, policy_level_word(rule->level),
                 file->words + file->place[i].word);
        tell(walk, rule, file->subjects, text, why->rule == rule);
    }
    if (why->source == POLICY_BY_FILE && why->rule &&
        (size_t)(why->rule - file->rules) - section->first < section->count)
        return;
    if (section->fallback == POLICY_FALLBACK_NEXT)
        return;
    snprintf(text, sizeof text, "%s:%u: default %s: decides", file->path, section->fallback_line,
             section->fallback == POLICY_FALLBACK_REGISTRATION ? "registration" : policy_level_word(section->fallback));
    walk->each(walk->context, text);
}

static void walk_registration(const struct walk *walk, const struct service *service, const struct policy_reason *why)
{
    char who[FAR_SUBJECT_MAX + 64], text[2 * FAR_SUBJECT_MAX];
    for (uint32_t i = 0; i < service->rule_count; i++) {
        const struct far_rule *rule = &service->rules[i];
        policy_who_text(rule, service->subjects, who, sizeof who);
        if (rule->who >= FAR_WHO_NODE)
            snprintf(text, sizeof text, "registered with --node %s=%s", who + sizeof "node:" - 1,
                     policy_level_word(rule->level));
        else
            snprintf(text, sizeof text, "registered with --%s %s",
                     rule->level == FAR_LEVEL_TRUSTED ? "trust" : policy_level_word(rule->level), who);
        tell(walk, rule, service->subjects, text, why->rule == rule);
    }
}

/* Sections of the file. Has one of them decided? */
static bool walk_file(const struct walk *walk, const struct policy_file *file, const struct service *service,
                      const struct policy_reason *why)
{
    const struct policy_section *section[POLICY_SECTIONS];
    policy_sections_of(file, service, section);
    for (int i = 0; i < POLICY_SECTIONS; i++) {
        if (!section[i])
            continue;
        walk_section(walk, file, section[i], why);
        if (policy_section_decides(file, section[i], walk->who))
            return why->source == POLICY_BY_FILE;
    }
    return false;
}

void policy_each_line(const struct registry *registry, const struct service *service, const struct principal *who,
                      bool others, policy_line_call *each, void *context)
{
    char text[64];
    unsigned left_out = 0;
    struct policy_reason why;
    const struct walk walk = {who, others, &left_out, each, context};
    policy_by_rules(registry, service, who, &why);
    if (!registry->policy || !walk_file(&walk, registry->policy, service, &why))
        walk_registration(&walk, service, &why);
    if (left_out == 0)
        return;
    snprintf(text, sizeof text, "%u rule%s about others", left_out, left_out == 1 ? "" : "s");
    each(context, text);
}
