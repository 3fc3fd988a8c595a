/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A name server in a folder of its own, with the service registered: no service that is in use comes to harm. */
#include "runtime/far/fuzz.h"
#include "runtime/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define START_TRIES 2000 /* of 10 ms each */

/* A program that lies beside this one. */
static bool beside(const char *name, char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 64);
    while (length > 0 && path[length - 1] != '/')
        length--;
    if (length <= 0)
        return false;
    strcpy(path + length, name);
    return access(path, X_OK) == 0;
}

/* Its output goes to the log. */
static pid_t start(const char *program, const char *const *words, const char *log)
{
    char path[PATH_MAX];
    if (!beside(program, path))
        return -1;
    fflush(NULL);
    pid_t child = fork();
    if (child != 0)
        return child;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && dup2(fd, 1) >= 0 && dup2(fd, 2) >= 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        unsetenv(FAR_SOCKET_ENV);
        execv(path, (char *const *)(uintptr_t)words);
    }
    _exit(EX_OSERR);
}

static void print_log(const char *log)
{
    char line[512];
    FILE *file = fopen(log, "r");
    while (file && fgets(line, sizeof line, file))
        fputs(line, stderr);
    if (file)
        fclose(file);
}

static bool says(const char *log, const char *what)
{
    char line[512];
    bool said = false;
    FILE *file = fopen(log, "r");
    while (file && !said && fgets(line, sizeof line, file))
        said = strstr(line, what) != NULL;
    if (file)
        fclose(file);
    return said;
}

static int await_fard(const struct fuzz_node *node)
{
    for (int tries = 0; tries < START_TRIES; tries++) {
        if (says(node->log, "listening on"))
            return 0;
        if (waitpid(node->fard, NULL, WNOHANG) != 0)
            break;
        usleep(10000);
    }
    fputs("far: fuzz: fard did not start; it said:\n", stderr);
    print_log(node->log);
    return EX_UNAVAILABLE;
}

static int register_service(const struct fuzz_run *run, struct fuzz_node *node)
{
    const char *words[] = {"far", "register", "--socket", node->socket, run->file, NULL};
    int status = -1;
    pid_t child = start("far", words, node->log);
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    fprintf(stderr, "far: fuzz: %s could not be registered:\n", run->file);
    print_log(node->log);
    return EX_UNAVAILABLE;
}

int node_start(struct fuzz_run *run, struct fuzz_node *node)
{
    char store[96];
    snprintf(node->socket, sizeof node->socket, "%s/run/socket", run->folder);
    snprintf(node->log, sizeof node->log, "%s/log", run->folder);
    snprintf(store, sizeof store, "%s/store", run->folder);
    const char *words[] = {"fard", "--foreground", "--socket", node->socket, "--store",
                           store,  "--policy",     "none",     NULL};
    node->fard = start("fard", words, node->log);
    if (node->fard < 0) {
        fputs("far: fuzz: there is no fard beside far\n", stderr);
        return EX_UNAVAILABLE;
    }
    int code = await_fard(node);
    return code ? code : register_service(run, node);
}

void node_stop(struct fuzz_run *run, struct fuzz_node *node)
{
    int status = 0;
    if (node->fard <= 0)
        return;
    if (run->verbose)
        print_log(node->log);
    kill(node->fard, SIGTERM);
    if (waitpid(node->fard, &status, 0) == node->fard && status != 0) {
        fputs("far: fuzz: fard ended badly; it said:\n", stderr);
        print_log(node->log);
    }
}

uint32_t node_host_ends(const struct fuzz_node *node, char *text, size_t size)
{
    char line[512];
    uint32_t ends = 0;
    *text = 0;
    FILE *file = fopen(node->log, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (!strstr(line, "killed by signal") && !strstr(line, "exited with code") && !strstr(line, "SUMMARY:"))
            continue;
        ends++;
        line[strcspn(line, "\n")] = 0;
        snprintf(text, size, "%s", line);
    }
    if (file)
        fclose(file);
    return ends;
}
