/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Settings read without libc: the program runs itself with environments of all kinds. */
#include "runtime/lib/settings.h"
#include "runtime/protocol.h"
#include "testsuite/unit/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_want(const char *untrusted, uint32_t level, const char *service, uint32_t expected)
{
    struct far_settings settings = {.level = level};
    strcpy(settings.untrusted, untrusted);
    CHECK(far_settings_want(&settings, service) == expected);
}

static void check_wants(void)
{
    check_want("", FAR_LEVEL_UNSET, "kv", FAR_LEVEL_UNSET);
    check_want("kv", FAR_LEVEL_UNSET, "kv", FAR_LEVEL_READ);
    check_want("kv", FAR_LEVEL_TRUSTED, "kv", FAR_LEVEL_READ);
    check_want("kv", FAR_LEVEL_NONE, "kv", FAR_LEVEL_NONE);
    check_want("kvs,k,,vk", FAR_LEVEL_TRUSTED, "kv", FAR_LEVEL_TRUSTED);
    check_want("a,b,kv", FAR_LEVEL_UNSET, "kv", FAR_LEVEL_READ);
    check_want("*", FAR_LEVEL_UNSET, "kv", FAR_LEVEL_READ);
    check_want(",", FAR_LEVEL_UNSET, "kv", FAR_LEVEL_UNSET);
    check_want("", FAR_LEVEL_COUNT, "kv", FAR_LEVEL_NONE); /* a level that cannot be read */
}

/* In a child with exactly this environment: print what was read. */
static int child(void)
{
    struct far_settings settings;
    far_settings_read(&settings);
    printf("%s|%u|%d|%.20s|%u", settings.socket, settings.level, settings.spin, settings.untrusted, settings.fault);
    return 0;
}

static void check_environment(const char *const environment[], const char *expected)
{
    int ends[2];
    char out[512] = "";
    char *arguments[] = {(char[]){"bind_settings"}, (char[]){"child"}, NULL};
    if (pipe(ends) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        execve("/proc/self/exe", arguments, (char *const *)(uintptr_t)environment);
        _exit(1);
    }
    close(ends[1]);
    waitpid(pid, NULL, 0);
    CHECK(read(ends[0], out, sizeof out - 1) >= 0);
    close(ends[0]);
    if (strcmp(out, expected) != 0)
        fprintf(stderr, "got %s, expected %s\n", out, expected);
    CHECK(strcmp(out, expected) == 0);
}

static char *repeat(const char *head, char c, size_t count)
{
    char *text = calloc(1, strlen(head) + count + 1);
    strcpy(text, head);
    memset(text + strlen(head), c, count);
    return text;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "child") == 0)
        return child();
    char *huge = repeat("HUGE=", 'h', 100000), *path = repeat("FARCALL_SOCKET=/", 'p', 200);
    char *list = repeat("FARCALL_UNTRUSTED=", 'l', 2000), *name = repeat("N", 'n', 300);
    check_wants();
    check_environment((const char *[]){NULL}, "/run/farcall/socket|0|-1||0");
    check_environment((const char *[]){huge, name, "FARCALL_SOCKET=/a/b", "FARCALL_LEVEL=none", "FARCALL_SPIN=12",
                                       "FARCALL_UNTRUSTED=kv,z", "FARCALL_LEVEL=trusted", NULL},
                      "/a/b|1|12|kv,z|0"); /* of two, the first, as getenv does */
    check_environment((const char *[]){"XFARCALL_SOCKET=/x", "FARCALL_SOCKETS=/x", "FARCALL_SOCKET", "=", "", NULL},
                      "/run/farcall/socket|0|-1||0");
    check_environment((const char *[]){"FARCALL_SOCKET=", "XDG_RUNTIME_DIR=/nowhere", NULL},
                      "/run/farcall/socket|0|-1||0");
    check_environment((const char *[]){"FARCALL_LEVEL=trustedx", NULL}, "/run/farcall/socket|4|-1||2");
    check_environment((const char *[]){"FARCALL_SPIN=-1", NULL}, "/run/farcall/socket|0|-1||3");
    check_environment((const char *[]){"FARCALL_SPIN=99999999999999999999", NULL}, "/run/farcall/socket|0|-1||3");
    check_environment((const char *[]){list, NULL},
                      "/run/farcall/socket|0|-1|*|0"); /* too long to be read: everybody */
    char *shortened = repeat("/", 'p', 106), expected[200];
    snprintf(expected, sizeof expected, "%s|0|-1||1", shortened);
    check_environment((const char *[]){path, NULL}, expected);
    free(huge);
    free(path);
    free(list);
    free(name);
    free(shortened);
    return check_result();
}
