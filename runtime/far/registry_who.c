/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/registry_who.h"
#include "runtime/far/registry_client.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static int parse_number(const char *text, uint32_t *number)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || end == text || text[0] < '0' || text[0] > '9' || value >= UINT32_MAX)
        return -EINVAL;
    *number = (uint32_t)value;
    return 0;
}

static int find_user(const char *name, uint32_t *uid)
{
    const struct passwd *user = getpwnam(name);
    *uid = user ? user->pw_uid : 0;
    return user ? 0 : -ENOENT;
}

static int find_group(const char *name, uint32_t *gid)
{
    const struct group *group = getgrnam(name);
    *gid = group ? group->gr_gid : 0;
    return group ? 0 : -ENOENT;
}

static const struct form {
    const char *prefix;
    enum far_who who;
    int (*find)(const char *text, uint32_t *id);
} forms[] = {
    {"uid:", FAR_WHO_UID, parse_number},
    {"user:", FAR_WHO_UID, find_user},
    {"gid:", FAR_WHO_GID, parse_number},
    {"group:", FAR_WHO_GID, find_group},
};

int who_parse(const char *text, enum far_level level, struct far_rule *rule)
{
    *rule = (struct far_rule){.who = FAR_WHO_ALL, .level = level};
    if (strcmp(text, "all") == 0)
        return 0;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t length = strlen(forms[i].prefix);
        if (strncmp(text, forms[i].prefix, length) != 0)
            continue;
        rule->who = forms[i].who;
        int result = forms[i].find(text + length, &rule->id);
        if (!result)
            return 0;
        fprintf(stderr, "far: register: %s: %s\n", text,
                result == -ENOENT ? "this system knows nobody of that name" : "the number must be a uid or gid");
        return result == -ENOENT ? EX_NOUSER : EX_USAGE;
    }
    fprintf(stderr, "far: register: `%s` names nobody; WHO is uid:N, user:NAME, gid:N, group:NAME or all\n", text);
    return EX_USAGE;
}

void who_print(const struct far_rule *rule, char *text, size_t size)
{
    const char *name = NULL;
    if (rule->who == FAR_WHO_UID) {
        const struct passwd *user = getpwuid(rule->id);
        name = user ? user->pw_name : NULL;
    } else if (rule->who == FAR_WHO_GID) {
        const struct group *group = getgrgid(rule->id);
        name = group ? group->gr_name : NULL;
    } else {
        snprintf(text, size, "%s", who_word(rule->who));
        return;
    }
    snprintf(text, size, "%s:%u%s%s%s", who_word(rule->who), rule->id, name ? " (" : "", name ? name : "",
             name ? ")" : "");
}
