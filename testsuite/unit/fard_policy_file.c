/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The policy file: what it says is what is granted, and each mistake is named where it stands. */
#include "runtime/fard/policy_file.h"
#include "runtime/fard/registry.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find_id(void *context, const char *name, uint32_t *id)
{
    (void)context;
    if (strcmp(name, "alice") == 0 || strcmp(name, "staff") == 0)
        *id = name[0] == 'a' ? 1000 : 50;
    else
        return -ENOENT;
    return 0;
}

static int find_program(void *context, const char *path, char *real)
{
    (void)context;
    if (strcmp(path, "/missing") == 0)
        return -ENOENT;
    strcpy(real, strcmp(path, "/link") == 0 ? "/bin/viewer" : path);
    return 0;
}

static const struct policy_lookup lookup = {find_id, find_id, find_program, NULL};

struct heard {
    char text[4096]; /* "LINE:COLUMN: words", each with a newline */
};

static void hear(void *context, const struct policy_complaint *complaint)
{
    struct heard *heard = context;
    size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof heard->text - used, "%u:%u: %s%s\n", complaint->line, complaint->column,
             complaint->warning ? "warning: " : "", complaint->text);
}

static struct policy_file *parse(const char *text, struct heard *heard)
{
    struct policy_file *file;
    const struct policy_listener listener = {hear, heard};
    heard->text[0] = '\0';
    int result = policy_parse("policy", text, strlen(text), &lookup, &listener, &file);
    CHECK(result == 0 || (result == -EINVAL && !file && heard->text[0]));
    return file;
}

static bool refuses(const char *text, const char *words)
{
    struct heard heard;
    struct policy_file *file = parse(text, &heard);
    bool as_wanted = !file && strcmp(heard.text, words) == 0;
    if (!as_wanted)
        fprintf(stderr, "%s\nsays: %s\nwanted: %s\n", text, heard.text, words);
    policy_file_free(file);
    return as_wanted;
}

/* ---- What is granted ---- */

static const char sound[] = "# who may use what\n"
                            "service kv\n"
                            "    trusted user:alice \"exe:/opt/my viewer\"  # two of them\n"
                            "    read\tgroup:staff gid:51\r\n"
                            "    none uid:7\n"
                            "service kv@2\n"
                            "  none user:alice\n"
                            "service zlib\n"
                            "default registration\n"
                            "service *\n"
                            "read uid:1000+exe:/link\n"
                            "trusted uid:8\n"
                            "default none";

struct question {
    const char *service;
    uint16_t major;
    uid_t uid;
    gid_t gid;
    const char *program;
    enum far_level level;
    uint32_t line;
};

static const struct far_rule registered[] = {{FAR_WHO_ALL, 0, FAR_LEVEL_READ, 0}};

static void ask(const struct policy_file *file, const struct question *question)
{
    struct registry registry = {.policy = file};
    struct service service = {.major = question->major, .rules = (struct far_rule *)registered, .rule_count = 1};
    struct principal who = {.uid = question->uid, .gid = question->gid};
    struct policy_reason why;
    who.program.path = (char *)(uintptr_t)question->program;
    who.program.confirmed = question->program != NULL;
    snprintf(service.name, sizeof service.name, "%s", question->service);
    CHECK(policy_grant(&registry, &service, &who, &why) == question->level);
    CHECK(question->line ? why.source == POLICY_BY_FILE && why.line == question->line
                         : why.source == POLICY_BY_REGISTRATION);
}

static void grants(void)
{
    static const struct question questions[] = {
        {"kv", 1, 1000, 1, NULL, FAR_LEVEL_TRUSTED, 3},
        {"kv", 1, 1, 1, "/opt/my viewer", FAR_LEVEL_TRUSTED, 3},
        {"kv", 1, 7, 50, "/opt/my viewer", FAR_LEVEL_NONE, 5}, /* a uid weighs more than a program and a group */
        {"kv", 1, 1, 50, "/opt/my viewer", FAR_LEVEL_READ, 4},
        {"kv", 1, 1, 51, NULL, FAR_LEVEL_READ, 4},
        {"kv", 1, 1, 1, NULL, FAR_LEVEL_NONE, 13}, /* no default of its own: that of all services */
        {"kv", 1, 8, 1, NULL, FAR_LEVEL_TRUSTED, 12},
        {"kv", 2, 1000, 1, NULL, FAR_LEVEL_NONE, 7}, /* the version's section before the name's */
        {"kv", 2, 7, 1, NULL, FAR_LEVEL_NONE, 5},
        {"zlib", 1, 8, 1, NULL, FAR_LEVEL_READ, 0},
        {"other", 1, 1000, 1, "/bin/viewer", FAR_LEVEL_READ, 11},
        {"other", 1, 1000, 1, "/link", FAR_LEVEL_NONE, 13}, /* rules name real paths */
        {"other", 1, 1, 1, "/bin/viewer", FAR_LEVEL_NONE, 13},
    };
    struct heard heard;
    struct policy_file *file = parse(sound, &heard);
    CHECK(file && heard.text[0] == '\0');
    if (!file)
        return;
    CHECK(file->section_count == 4 && file->rule_count == 8);
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        ask(file, &questions[i]);
    policy_file_free(file);
}

/* A file without rules has no memory for them either. */
static void silent(void)
{
    static const struct question question = {"kv", 1, 1000, 1, NULL, FAR_LEVEL_READ, 0};
    struct heard heard;
    struct policy_file *file = parse("service *\n", &heard), *empty = parse("", &heard);
    CHECK(file && empty);
    ask(file, &question);
    ask(empty, &question);
    policy_file_free(file);
    policy_file_free(empty);
}

/* A program that could not be confirmed fits no rule, however well its name does. */
static void unconfirmed(void)
{
    struct heard heard;
    struct policy_file *file = parse("service kv\ntrusted exe:/bin/viewer\n", &heard);
    struct registry registry = {.policy = file};
    struct service service = {.name = "kv"};
    struct principal who = {.uid = 1, .program = {.path = (char *)(uintptr_t)"/bin/viewer"}};
    CHECK(policy_names_program(&registry, &service, "/bin/viewer"));
    CHECK(!policy_names_program(&registry, &service, "/bin/other"));
    CHECK(policy_grant(&registry, &service, &who, NULL) == FAR_LEVEL_NONE);
    who.program.confirmed = true;
    CHECK(policy_grant(&registry, &service, &who, NULL) == FAR_LEVEL_TRUSTED);
    policy_file_free(file);
}

/* ---- Mistakes ---- */

static void mistakes(void)
{
    CHECK(refuses("trusted user:alice\n", "1:1: which service is this for? A line `service NAME` must come before\n"));
    CHECK(refuses("service kv\n  trustd user:alice\n", "2:3: `trustd` is not known here; did you mean `trusted`?\n"));
    CHECK(refuses("servce kv\n", "1:1: `servce` is not known here; did you mean `service`?\n"));
    CHECK(refuses("service kv\nread usr:alice\n", "2:6: `usr:alice` names nobody; did you mean `user:`?\n"));
    CHECK(refuses("service kv\nread user:bob uid:x\n",
                  "2:6: no user `bob` in /etc/passwd; names from elsewhere are written as numbers\n"
                  "2:15: `x` is no number of a user or group\n"));
    CHECK(refuses("service kv\nread all\n", "2:6: for everybody else there is `default LEVEL`\n"));
    CHECK(refuses("service kv\nread\n", "2:5: who? `LEVEL WHO…`; for everybody else `default LEVEL`\n"));
    CHECK(refuses("service kv\ndefault registraton\n",
                  "2:9: `registraton` is not known here; did you mean `registration`?\n"));
    CHECK(
        refuses("service kv\ndefault none\ndefault read\n", "3:1: line 2 has the default for this service already\n"));
    CHECK(refuses("service kv\nread uid:1\ntrusted uid:2 uid:1\n",
                  "3:15: line 2 says already what `uid:1` is granted\n"));
    CHECK(refuses("service kv\nservice *\nservice kv\n", "3:1: service kv is in line 1 already\n"));
    CHECK(refuses("service kv@x\n", "1:9: `x`: a major version is a number of at most 65535\n"));
    CHECK(refuses("service kv zlib\n", "1:12: nothing may follow here, but `zlib` does\n"));
    CHECK(refuses("service\n", "1:8: which service? `service NAME`, or `service *` for all\n"));
    CHECK(refuses("service kv\nread \"exe:/x\n", "2:6: there is no closing \" on this line\n"));
    CHECK(refuses("service kv\nread exe:/opt/c#/x\n",
                  "2:16: # inside a word: put a blank in front of a comment, or quotes around the word\n"));
    CHECK(refuses("service \"kv\n", "1:9: there is no closing \" on this line\n"));
    CHECK(refuses("service kv\nread exe:viewer\n",
                  "2:6: `exe:viewer`: an executable's path begins with / and has less than 1024 bytes\n"));
    CHECK(refuses("service kv\nread uid:4294967295\n", "2:6: `4294967295` is no number of a user or group\n"));
    CHECK(refuses("service kv\n\x1b[31mread uid:1\n", "2:1: the byte 0x1b is no text\n"));
}

/* After the twentieth the rest is not told; nothing is half in force. */
static void many(void)
{
    char text[4096] = "service kv\n";
    struct heard heard;
    unsigned lines = 0;
    for (int i = 0; i < 100; i++)
        strcat(text, "x y\n");
    CHECK(!parse(text, &heard));
    for (const char *at = heard.text; *at; at++)
        lines += *at == '\n';
    CHECK(lines == 20);
}

static void warnings(void)
{
    struct heard heard;
    struct policy_file *file = parse("service kv\nread exe:/missing\n", &heard);
    CHECK(file && strncmp(heard.text, "2:6: warning: exe:/missing: No such file", 40) == 0);
    policy_file_free(file);
}

int main(void)
{
    grants();
    silent();
    unconfirmed();
    mistakes();
    many();
    warnings();
    return check_result();
}
