/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The policy file: whatever is in it, it is refused with a place, or it decides: each decision names a line of the file, and
 * the explanation names the same one.
 */
#include "runtime/fard/policy_file.h"
#include "runtime/fard/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find_id(void *context, const char *name, uint32_t *id)
{
    (void)context;
    *id = (uint32_t)strlen(name);
    return *id > 4 ? -ENOENT : 0;
}

static int find_program(void *context, const char *path, char *real)
{
    (void)context;
    if (strlen(path) % 7 == 6)
        return -ENOENT;
    strcpy(real, path);
    return 0;
}

static void hear(void *context, const struct policy_complaint *complaint)
{
    unsigned *mistakes = context;
    if (complaint->line == 0 || complaint->column == 0 || !complaint->text[0])
        abort();
    *mistakes += !complaint->warning;
}

static void count_deciders(void *context, const char *line)
{
    unsigned *deciders = context;
    size_t length = strlen(line);
    *deciders += length > 7 && strcmp(line + length - 7, "decides") == 0;
}

static void decide(const struct registry *registry, const struct service *service, const struct principal *who)
{
    char text[2 * FAR_SUBJECT_MAX];
    struct policy_reason why;
    unsigned deciders = 0;
    enum far_level level = policy_grant(registry, service, who, &why);
    policy_reason_text(&why, text, sizeof text);
    if (level <= FAR_LEVEL_UNSET || level >= FAR_LEVEL_COUNT || (why.source == POLICY_BY_FILE) != (why.line != 0))
        abort();
    policy_each_line(registry, service, who, who->uid % 2, count_deciders, &deciders);
    if (why.source == POLICY_BY_FILE && deciders != 1)
        abort();
}

static void use(const struct policy_file *file)
{
    char path[] = "/bin/sh";
    gid_t groups[] = {2, 3};
    static const struct far_rule registered[] = {{FAR_WHO_UID, 1, FAR_LEVEL_READ, 0}};
    const struct registry registry = {.policy = file};
    struct service service = {.name = "kv", .rules = (struct far_rule *)registered, .rule_count = 1};
    for (uint32_t id = 0; id < 6; id++) {
        struct principal who = {.uid = id, .gid = id / 2, .groups = groups, .group_count = id % 3};
        who.program.path = id % 2 ? path : NULL;
        who.program.confirmed = id == 3;
        service.major = (uint16_t)(id / 3);
        strcpy(service.name, id == 5 ? "zlib" : "kv");
        policy_names_program(&registry, &service, path);
        decide(&registry, &service, &who);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct policy_lookup lookup = {find_id, find_id, find_program, NULL};
    unsigned mistakes = 0;
    const struct policy_listener listener = {hear, &mistakes};
    struct policy_file *file;
    char *text = malloc(size ? size : 1); /* exactly as large: one byte too far is found */
    if (!text)
        abort();
    memcpy(text, data, size);
    int result = policy_parse("policy", text, size, &lookup, &listener, &file);
    if ((result == 0) != (mistakes == 0) || (result != 0 && file))
        abort();
    if (file)
        use(file);
    policy_file_free(file);
    free(text);
    return 0;
}
