/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/registry_who.h"
#include "runtime/far/registry_client.h"
#include "runtime/fard/node_name.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static int parse_id(const char *command, const char *word, struct far_rule *rule)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t length = strlen(forms[i].prefix);
        if (strncmp(word, forms[i].prefix, length) != 0)
            continue;
        rule->who = forms[i].who;
        int result = forms[i].find(word + length, &rule->id);
        if (!result)
            return 0;
        fprintf(stderr, "far: %s: %s: %s\n", command, word,
                result == -ENOENT ? "this system knows nobody of that name" : "the number must be a uid or gid");
        return result == -ENOENT ? EX_NOUSER : EX_USAGE;
    }
    if (getpwnam(word) || getgrnam(word)) {
        fprintf(stderr, "far: %s: `%s` names nobody; did you mean %s:%s?\n", command, word,
                getpwnam(word) ? "user" : "group", word);
        return EX_USAGE;
    }
    fprintf(stderr,
            "far: %s: `%s` names nobody; WHO is uid:N, user:NAME, gid:N, group:NAME, exe:PATH, one of the first four "
            "with +exe:PATH, or all\n",
            command, word);
    return EX_USAGE;
}

/* The kernel names a running program by its real path, so links are followed here. */
int who_program(const char *command, const char *path, char *real)
{
    char found[PATH_MAX];
    struct stat status;
    if (path[0] != '/')
        return fprintf(stderr, "far: %s: exe:%s: the path of an executable begins with /\n", command, path), EX_USAGE;
    if (!realpath(path, found) || stat(found, &status) < 0)
        return fprintf(stderr, "far: %s: exe:%s: %s\n", command, path, strerror(errno)), EX_NOINPUT;
    if (!S_ISREG(status.st_mode))
        return fprintf(stderr, "far: %s: exe:%s: no file that could be run\n", command, path), EX_DATAERR;
    if (strlen(found) >= FAR_SUBJECT_MAX)
        return fprintf(stderr, "far: %s: exe:%s: the path is too long\n", command, path), EX_USAGE;
    strcpy(real, found);
    return 0;
}

/* NAME, NAME:UID or *. */
static int parse_node(const char *command, const char *text, size_t length, struct far_rule *rule,
                      char name[FAR_NODE_NAME_MAX])
{
    char uid[16];
    size_t name_length = strcspn(text, ":=");
    snprintf(name, FAR_NODE_NAME_MAX, "%.*s", (int)(name_length < FAR_NODE_NAME_MAX ? name_length : 0), text);
    rule->who = name_length < length ? FAR_WHO_NODE_UID : FAR_WHO_NODE;
    if (strcmp(name, "*") != 0 && !node_name_is_sound(name, FAR_NODE_NAME_MAX)) {
        fprintf(stderr, "far: %s: `%.*s` is no node's name: " NODE_NAME_RULES ", or is *\n", command, (int)length,
                text);
        return EX_USAGE;
    }
    if (rule->who == FAR_WHO_NODE)
        return 0;
    snprintf(uid, sizeof uid, "%.*s", (int)(length - name_length - 1), text + name_length + 1);
    if (parse_number(uid, &rule->id) == 0)
        return 0;
    fprintf(stderr, "far: %s: %.*s: behind the node's name stands a uid, a number\n", command, (int)length, text);
    return EX_USAGE;
}

int who_parse_node(const char *command, const char *text, struct far_rule *rule, char name[FAR_NODE_NAME_MAX])
{
    const char *level = strchr(text, '=');
    *rule = (struct far_rule){.level = FAR_LEVEL_NONE};
    if (level && strcmp(level, "=refuse") == 0)
        rule->level = FAR_RULE_REFUSED;
    else if (!level || strcmp(level, "=none") != 0) {
        fprintf(stderr,
                "far: %s: --node %s: behind = stands none or refuse; more than none is not granted to clients on other "
                "nodes yet\n",
                command, text);
        return EX_USAGE;
    }
    return parse_node(command, text, (size_t)(level - text), rule, name);
}

int who_parse(const char *command, const char *text, enum far_level level, struct far_rule *rule,
              char program[FAR_SUBJECT_MAX])
{
    char word[256];
    const char *exe = strncmp(text, "exe:", 4) == 0 ? text : strstr(text, "+exe:");
    size_t length = exe ? (size_t)(exe - text) : strlen(text);
    *rule = (struct far_rule){.who = FAR_WHO_ALL, .level = level};
    program[0] = '\0';
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1), text);
    int code = length == 0 || strcmp(text, "all") == 0 ? 0 : parse_id(command, word, rule);
    if (exe && !code)
        code = who_program(command, strchr(exe, ':') + 1, program);
    return code;
}

void who_print(const struct far_rule *rule, const char *subjects, char *text, size_t size)
{
    const char *name = NULL, *program = rule_program(rule, subjects);
    if (rule->who == FAR_WHO_UID) {
        const struct passwd *user = getpwuid(rule->id);
        name = user ? user->pw_name : NULL;
    } else if (rule->who == FAR_WHO_GID) {
        const struct group *group = getgrgid(rule->id);
        name = group ? group->gr_name : NULL;
    }
    const char *node = rule_node(rule, subjects);
    if (node) {
        snprintf(text, size, "node:%s", fard_text(node, FAR_NODE_NAME_MAX));
        if (rule->who == FAR_WHO_NODE_UID)
            snprintf(text + strlen(text), size - strlen(text), ":%u", rule->id);
        return;
    }
    if (program)
        program = fard_text(program, FAR_SUBJECT_MAX);
    if (rule->who == FAR_WHO_ALL)
        snprintf(text, size, "%s%s", program ? "exe:" : who_word(rule->who), program ? program : "");
    else
        snprintf(text, size, "%s:%u%s%s%s%s%s", who_word(rule->who), rule->id, name ? " (" : "", name ? name : "",
                 name ? ")" : "", program ? "+exe:" : "", program ? program : "");
}
