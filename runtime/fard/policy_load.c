/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The policy file that is in force: read at start, again when somebody says so (SIGHUP). */
#include "runtime/fard/fard.h"
#include "runtime/fard/path.h"
#include "runtime/fard/policy_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct hearing {
    const char *path;
    unsigned mistakes;
    char first[600]; /* the first mistake, for whoever sees only that */
};

static void hear(void *context, const struct policy_complaint *complaint)
{
    struct hearing *hearing = context;
    fard_log("%s:%u:%u: %s%s", hearing->path, complaint->line, complaint->column, complaint->warning ? "warning: " : "",
             complaint->text);
    if (!complaint->warning && hearing->mistakes++ == 0)
        snprintf(hearing->first, sizeof hearing->first, "%s:%u:%u: %.300s", hearing->path, complaint->line,
                 complaint->column, complaint->text);
}

static int read_policy(const struct fard *fard, const char *path, struct policy_file **out, struct far_error *error)
{
    struct hearing hearing = {.path = path};
    const struct policy_listener listener = {hear, &hearing};
    char *text;
    size_t size;
    int result = policy_read(path, fard->uid, &text, &size, error);
    if (result)
        return result;
    result = policy_parse(path, text, size, &policy_lookup_system, &listener, out);
    if (result == 0) {
        (*out)->text = text;
        (*out)->size = size;
        return 0;
    }
    free(text);
    if (result == -EINVAL)
        return refuse(error, EINVAL, EX_CONFIG, "%s (%u mistake%s; `far policy check` shows them)", hearing.first,
                      hearing.mistakes, hearing.mistakes == 1 ? "" : "s");
    return result;
}

static void put_in_force(struct fard *fard, struct policy_file *file)
{
    policy_file_free(fard->policy);
    fard->policy = file;
    fard->registry.policy = file;
    fard->policy_trouble[0] = '\0';
    fard_log("policy file %s: %u service%s, %u rule%s", file->path, file->section_count,
             file->section_count == 1 ? "" : "s", file->rule_count, file->rule_count == 1 ? "" : "s");
}

/* A link to nothing is no "there is none": what it should lead to may not be mounted yet. */
static bool is_missing(const char *path)
{
    struct stat status;
    return lstat(path, &status) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

int policy_load(struct fard *fard, const char *path, struct far_error *error)
{
    char usual[PATH_MAX];
    struct policy_file *file;
    if (path && strcmp(path, "none") == 0)
        return 0;
    if (!path && !policy_default_path(usual, sizeof usual))
        return 0;
    fard->policy_path = path_from_root(path ? path : usual);
    if (!fard->policy_path)
        return -errno;
    if (!path && is_missing(usual))
        return 0;
    int result = read_policy(fard, fard->policy_path, &file, error);
    if (!result)
        put_in_force(fard, file);
    return result;
}

/* What nobody has said to use need not be there; what was in force does not go because its file did. */
static bool is_there(const struct fard *fard)
{
    return fard->policy_path && (fard->policy || !is_missing(fard->policy_path));
}

void policy_reload(struct fard *fard)
{
    struct policy_file *file;
    struct far_error error = {0};
    if (!is_there(fard))
        return;
    int result = read_policy(fard, fard->policy_path, &file, &error);
    const struct log_field fields[] = {{"path", fard->policy_path, 0}};
    if (!result) {
        put_in_force(fard, file);
        audit_write(&fard->audit, LOG_LEVEL_NOTICE, "policy", fields, 1, "read again");
        return;
    }
    if (result < 0)
        describe_failure(&error, result, "reading the policy file");
    fard_log("%s; %s", error.text, fard->policy ? "the old policy stays in force" : "there is no policy file in force");
    snprintf(fard->policy_trouble, sizeof fard->policy_trouble, "%.*s", (int)sizeof fard->policy_trouble - 1,
             error.text);
    audit_write(&fard->audit, LOG_LEVEL_WARNING, "policy-refused", fields, 1, error.text);
}

void policy_unload(struct fard *fard)
{
    fard->registry.policy = NULL;
    policy_file_free(fard->policy);
    fard->policy = NULL;
    free(fard->policy_path);
}
