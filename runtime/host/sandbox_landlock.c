/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Files and TCP ports by Landlock. What a kernel of this age knows of it is asked once and used; the structures are
 * written down here, so that a kernel newer than the headers is used as well.
 */
#include "runtime/host/sandbox.h"

#include "runtime/lib/binding.h"
#include "runtime/lib/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct ruleset {
    uint64_t files;
    uint64_t net;    /* ABI 4 */
    uint64_t scoped; /* ABI 6 */
};

#define FILES_ABI_1  ((1ull << 13) - 1)
#define FILE_REFER   (1ull << 13) /* ABI 2: rename to another folder */
#define FILE_TRUNC   (1ull << 14) /* ABI 3 */
#define FILE_IOCTL   (1ull << 15) /* ABI 5: of devices */
#define NET_ALL      3ull         /* ABI 4: bind and connect TCP */
#define SCOPE_SOCKET 1ull         /* ABI 6: abstract sockets of others */
#define SCOPE_SIGNAL 2ull         /* ABI 6: processes outside */

#define ACCESS_READ    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_EXECUTE (ACCESS_READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define ACCESS_WRITE   (FILES_ABI_1 | FILE_REFER | FILE_TRUNC) /* and to read */
/* Devices and sockets are not made there: no uid of ours may anyway, and none should. */
#define ACCESS_NEVER (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_EXECUTE)
#define ACCESS_FILE \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FILE_TRUNC)

/* What the C library reads on its own, and what no code can work without. Those that are not there are left out. */
#define DEFAULT_PATHS(X)                       \
    X("/usr/lib", ACCESS_READ)                 \
    X("/usr/lib64", ACCESS_READ)               \
    X("/usr/local/lib", ACCESS_READ)           \
    X("/lib", ACCESS_READ)                     \
    X("/lib64", ACCESS_READ)                   \
    X("/usr/share/locale", ACCESS_READ)        \
    X("/usr/share/i18n", ACCESS_READ)          \
    X("/usr/share/zoneinfo", ACCESS_READ)      \
    X("/etc/localtime", ACCESS_READ)           \
    X("/etc/ld.so.cache", ACCESS_READ)         \
    X("/dev/null", ACCESS_WRITE)               \
    X("/dev/full", ACCESS_WRITE)               \
    X("/dev/zero", ACCESS_READ)                \
    X("/dev/random", ACCESS_READ)              \
    X("/dev/urandom", ACCESS_READ)             \
    X("/proc/self", ACCESS_READ)               \
    X("/proc/cpuinfo", ACCESS_READ)            \
    X("/proc/meminfo", ACCESS_READ)            \
    X("/proc/stat", ACCESS_READ)               \
    X("/proc/sys/vm", ACCESS_READ)             \
    X("/sys/devices/system/cpu", ACCESS_READ)  \
    X("/sys/devices/system/node", ACCESS_READ) \
    X("/sys/kernel/mm/transparent_hugepage", ACCESS_READ)

/* Where programs lie, for a host that may start some. */
#define PROGRAM_PATHS(X)       \
    X("/usr", ACCESS_EXECUTE)  \
    X("/bin", ACCESS_EXECUTE)  \
    X("/sbin", ACCESS_EXECUTE) \
    X("/lib", ACCESS_EXECUTE)  \
    X("/lib64", ACCESS_EXECUTE)

struct path {
    const char *name;
    uint64_t access;
};

static uint64_t files_of_abi(long abi)
{
    return FILES_ABI_1 | (abi >= 2 ? FILE_REFER : 0) | (abi >= 3 ? FILE_TRUNC : 0) | (abi >= 5 ? FILE_IOCTL : 0);
}

static size_t size_of_abi(long abi)
{
    return abi >= 6   ? sizeof(struct ruleset)
           : abi >= 4 ? offsetof(struct ruleset, scoped)
                      : offsetof(struct ruleset, net);
}

static int add_path(int rules, const struct path *path, uint64_t handled)
{
    struct stat status;
    struct landlock_path_beneath_attr rule = {.allowed_access = path->access & handled,
                                              .parent_fd = open(path->name, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return -errno;
    int failed = fstat(rule.parent_fd, &status) < 0 ? -errno : 0;
    if (!failed && !S_ISDIR(status.st_mode))
        rule.allowed_access &= ACCESS_FILE;
    if (!failed && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        failed = -errno;
    close(rule.parent_fd);
    return failed;
}

static void add_paths(int rules, const struct path *paths, size_t count, uint64_t handled)
{
    for (size_t i = 0; i < count; i++)
        add_path(rules, &paths[i], handled);
}

static int add_allowed(int rules, const struct far_host_rights *rights, uint64_t handled, struct far_error *error)
{
    uint32_t size = rights->path_bytes < sizeof rights->paths ? rights->path_bytes : (uint32_t)sizeof rights->paths;
    for (const char *at = rights->paths, *end = at + size; at < end; at += strnlen(at, (size_t)(end - at)) + 1) {
        uint64_t programs = rights->processes ? LANDLOCK_ACCESS_FS_EXECUTE : 0;
        const struct path path = {at + 1, (at[0] == 'w' ? ACCESS_WRITE & ~ACCESS_NEVER : ACCESS_READ) | programs};
        int failed = add_path(rules, &path, handled);
        if (failed)
            return far_fail(error, -failed, EX_UNAVAILABLE, "--allow-path %s: %s", at + 1, strerror(-failed));
    }
    return 0;
}

/* Its profile, that was begun before: names of services that are bound later go there too. */
static void add_profile(int rules, uint64_t handled)
{
    char name[64];
    const struct path path = {name, LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE};
    snprintf(name, sizeof name, "/tmp/perf-%d.map", (int)getpid());
    if (process_settings()->perf)
        add_path(rules, &path, handled);
}

static int add_all(int rules, const struct far_host_rights *rights, uint64_t handled, struct far_error *error)
{
#define X(name, access) {name, access},
    static const struct path defaults[] = {DEFAULT_PATHS(X)}, programs[] = {PROGRAM_PATHS(X)};
#undef X
    add_paths(rules, defaults, sizeof defaults / sizeof *defaults, handled);
    add_profile(rules, handled);
    if (rights->processes)
        add_paths(rules, programs, sizeof programs / sizeof *programs, handled);
    return add_allowed(rules, rights, handled, error);
}

static int enforce(long abi, const struct far_host_rights *rights, struct far_error *error)
{
    const struct ruleset wanted = {files_of_abi(abi), rights->flags & FAR_HOST_NET ? 0 : NET_ALL,
                                   rights->flags & FAR_HOST_NET ? SCOPE_SIGNAL : SCOPE_SOCKET | SCOPE_SIGNAL};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &wanted, size_of_abi(abi), 0);
    int failed = rules < 0 ? far_fail(error, errno, EX_OSERR, "Landlock: no ruleset: %s", strerror(errno)) : 0;
    if (!failed)
        failed = add_all(rules, rights, wanted.files, error);
    if (!failed && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_landlock_restrict_self, rules, 0) < 0))
        failed = far_fail(error, errno, EX_OSERR, "Landlock cannot be enforced: %s", strerror(errno));
    if (rules >= 0)
        close(rules);
    return failed;
}

int sandbox_landlock(const struct far_host_rights *rights, struct far_error *error)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi > 0)
        return enforce(abi, rights, error);
    if (rights->sandbox != FAR_SANDBOX_STRICT)
        return 0; /* far describe says so */
    return far_fail(error, ENOTSUP, EX_UNAVAILABLE,
                    "this kernel has no Landlock, and --sandbox strict asks for it (it may be left out of the lsm= "
                    "parameter); --sandbox default does without");
}
