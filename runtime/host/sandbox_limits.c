/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/host/sandbox.h"
#include "runtime/room.h"

#include "runtime/lib/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

/* Private memory that the process has now, in bytes: its own, not the service's. 0 if /proc does not tell. */
static uint64_t private_memory(void)
{
    char line[256];
    unsigned long long kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmData: %llu", &kilobytes) == 1)
            break;
    if (status)
        fclose(status);
    return (uint64_t)kilobytes << 10;
}

/* CPU time has two: at the first the process is told, by a signal that says why it ends. */
static int set_limit(int which, const char *name, uint64_t value, uint64_t most, struct far_error *error)
{
    struct rlimit before, limit = {value, most};
    if (getrlimit((__rlimit_resource_t)which, &before) == 0) {
        /* What whoever started fard says may be less. */
        limit.rlim_max = most < before.rlim_max ? most : before.rlim_max;
        limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
    }
    if (setrlimit((__rlimit_resource_t)which, &limit) == 0)
        return 0;
    return far_fail(error, errno, EX_OSERR, "its limit --%s cannot be set: %s", name, strerror(errno));
}

/* A thread's stack counts as private memory: with a limit on that, threads get smaller ones. */
static int set_stack(uint64_t bytes, struct far_error *error)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    int code = pthread_attr_setstacksize(&attributes, bytes);
    code = code ? code : pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
    return code ? far_fail(error, code, EX_OSERR, "threads cannot have stacks of %llu bytes (--stack): %s",
                           (unsigned long long)bytes, strerror(code))
                : 0;
}

static int limit_memory(uint64_t bytes, struct far_error *error)
{
    int failed = scrap_prepare(); /* the filter of system calls will not let it */
    if (failed)
        return far_fail(error, -failed, EX_OSERR, "its limit --memory cannot be set: %s", strerror(-failed));
    uint64_t all = private_memory() + bytes;
    return set_limit(RLIMIT_DATA, "memory", all, all, error);
}

int sandbox_limit(const struct far_host_rights *rights, struct far_error *error)
{
    uint64_t stack = room_stack(rights->memory, rights->stack);
    users_limit(rights);
    int failed = stack ? set_stack(stack, error) : 0;
    if (!failed && rights->memory)
        failed = limit_memory(rights->memory, error);
    if (!failed && rights->cpu)
        failed = set_limit(RLIMIT_CPU, "cpu", rights->cpu, rights->cpu + 1, error);
    if (!failed && rights->files)
        failed = set_limit(RLIMIT_NOFILE, "files", rights->files, rights->files, error);
    if (!failed && rights->processes)
        failed = set_limit(RLIMIT_NPROC, "processes", rights->processes, rights->processes, error);
    return failed;
}
