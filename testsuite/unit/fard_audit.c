/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The audit log: whole lines, whatever they hold; bounded; what is lost is counted and told. */
#include "runtime/fard/audit.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/fard_audit.XXXXXX", path[64], old[64];
static char content[1 << 16];
static struct far_error error;

static const char *read_log(const char *name)
{
    FILE *in = fopen(name, "r");
    size_t got = in ? fread(content, 1, sizeof content - 1, in) : 0;
    content[got] = '\0';
    if (in)
        fclose(in);
    return content;
}

static unsigned count_lines(const char *text)
{
    unsigned lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static bool all_lines_are_whole(const char *text)
{
    while (*text) {
        const char *end = strchr(text, '\n');
        if (!end || *text != '{' || end[-1] != '}')
            return false;
        text = end + 1;
    }
    return true;
}

static void begin(struct audit *audit)
{
    unlink(path);
    unlink(old);
    audit_init(audit);
    CHECK(audit_open(audit, path, &error) == 0);
}

static void grant(struct audit *audit, const char *service)
{
    const struct log_field fields[] = {{"service", service, 0}, {"uid", NULL, 1000}};
    audit_write(audit, LOG_LEVEL_NOTICE, "grant", fields, 2, "registered with --trust uid:1000");
}

/* Names with quotes, newlines, escapes and broken UTF-8 stay inside their string. */
static void hostile(void)
{
    struct audit audit;
    struct stat status;
    begin(&audit);
    grant(&audit, "a\"b\\c\n\x1b[31m\xff\x7f");
    const char *text = read_log(path);
    CHECK(count_lines(text) == 1 && all_lines_are_whole(text));
    CHECK(strstr(
        text,
        "\"event\":\"grant\",\"number\":1,\"service\":\"a\\\"b\\\\c\\u000a\\u001b[31m\\ufffd\\u007f\",\"uid\":1000"));
    CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
    audit_close(&audit);
}

static void rotation(void)
{
    struct audit audit;
    begin(&audit);
    audit.limit = 1000;
    for (int i = 0; i < 100; i++)
        grant(&audit, "kv");
    CHECK(audit.lost == 0 && audit.size <= 1000);
    CHECK(all_lines_are_whole(read_log(old)) && strlen(content) <= 1000 && count_lines(content) > 1);
    CHECK(all_lines_are_whole(read_log(path)) && strstr(content, "\"number\":100,"));
    audit_close(&audit);
}

/* Somebody moved it away: after a reopen lines go to a file of the old name. */
static void reopening(void)
{
    struct audit audit;
    begin(&audit);
    grant(&audit, "before");
    CHECK(rename(path, old) == 0);
    audit_reopen(&audit);
    grant(&audit, "after");
    CHECK(strstr(read_log(old), "before") && !strstr(content, "after"));
    CHECK(strstr(read_log(path), "after") && count_lines(content) == 1);
    audit_close(&audit);
}

/* A file that may not grow: the half line is taken back, and the next line that fits says how many are missing. */
static void full(void)
{
    struct audit audit;
    struct rlimit before, tight = {0};
    begin(&audit);
    grant(&audit, "kv");
    getrlimit(RLIMIT_FSIZE, &before);
    tight = (struct rlimit){audit.size + 50, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &tight) == 0);
    for (int i = 0; i < 3; i++)
        grant(&audit, "lost");
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(audit.lost == 3);
    CHECK(count_lines(read_log(path)) == 1 && all_lines_are_whole(content));
    grant(&audit, "again");
    CHECK(audit.lost == 0 && count_lines(read_log(path)) == 3 && all_lines_are_whole(content));
    CHECK(strstr(content, "\"event\":\"lost\",\"number\":5,\"lines\":3") && !strstr(content, "\"lost\",\"uid\""));
    CHECK(strstr(content, "\"number\":6,\"service\":\"again\""));
    audit_close(&audit);
}

/* Somebody empties the file in place, and then it is full: no hole, and no half line. */
static void emptied_and_full(void)
{
    struct audit audit;
    struct rlimit before, tight = {0};
    struct stat status;
    begin(&audit);
    for (int i = 0; i < 10; i++)
        grant(&audit, "kv");
    CHECK(truncate(path, 0) == 0);
    grant(&audit, "one");
    CHECK(stat(path, &status) == 0 && audit.size == (uint64_t)status.st_size);
    getrlimit(RLIMIT_FSIZE, &before);
    tight = (struct rlimit){audit.size + 50, before.rlim_max};
    CHECK(setrlimit(RLIMIT_FSIZE, &tight) == 0);
    grant(&audit, "lost");
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(count_lines(read_log(path)) == 1 && all_lines_are_whole(content));
    CHECK(stat(path, &status) == 0 && audit.size == (uint64_t)status.st_size);
    audit_close(&audit);
}

static void places(void)
{
    struct audit audit;
    unlink(path);
    audit_init(&audit);
    CHECK(audit_open(&audit, "none", &error) == 0 && !audit.path);
    grant(&audit, "kv");
    CHECK(mkfifo(path, 0600) == 0);
    CHECK(audit_open(&audit, path, &error) == FARD_REFUSED); /* its reader could make fard wait */
    audit_close(&audit);
    unlink(path);
    CHECK(symlink("/nonexistent", path) == 0);
    audit_init(&audit);
    CHECK(audit_open(&audit, path, &error) == FARD_REFUSED);
    audit_close(&audit);
    unlink(path);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/log", folder);
    snprintf(old, sizeof old, "%s/log.1", folder);
    hostile();
    rotation();
    reopening();
    full();
    emptied_and_full();
    places();
    unlink(old);
    rmdir(folder);
    return check_result();
}
