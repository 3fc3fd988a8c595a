/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Transports that are libraries of their own, found beside ours and nowhere else. */
#include "runtime/net/transport_library.h"

#include "runtime/net/fail.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define LIBRARY_SYMBOL "farcall_transport"

/*
 * Where a library of ours is: next to libfarcall.so, if this is in libfarcall.so; if it is in far-host or another program, in
 * ../lib, or beside it, as in the folder of another machine. Never where the environment says.
 */
static void *open_beside(const char *folder, size_t length, const char *below, const char *library)
{
    char path[4096];
    const int size = snprintf(path, sizeof path, "%.*s/%s%s", (int)length, folder, below, library);
    if (size < 0 || (size_t)size >= sizeof path || access(path, F_OK))
        return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

/* The file that this code is in. A program's own name is what it was called by, which need not be a path. */
static const char *own_file(char program[4096])
{
    Dl_info self;
    if (!dladdr((void *)&transport_tcp, &self) || !self.dli_fname)
        return NULL;
    if (self.dli_fname[0] == '/' || strstr(self.dli_fname, ".so"))
        return self.dli_fname;
    const ssize_t size = readlink("/proc/self/exe", program, 4095);
    if (size <= 0)
        return NULL;
    program[size] = '\0';
    return program;
}

static void *open_library(const char *library)
{
    char program[4096];
    const char *own = own_file(program);
    const char *slash = own ? strrchr(own, '/') : NULL;
    if (!slash)
        return NULL;
    const size_t length = (size_t)(slash - own);
    void *opened = open_beside(own, length, "", library);
    return opened ? opened : open_beside(own, length, "../lib/", library);
}

static const struct transport_kind *open_kind(enum wire_transport number, struct far_error *error)
{
    char library[64];
    const char *word = wire_transport_word(number);
    snprintf(library, sizeof library, "libfarcall-%s.so", word);
    dlerror();
    void *opened = open_library(library);
    const char *why = dlerror();
    if (!opened) {
        net_fail(error, EOPNOTSUPP, EX_UNAVAILABLE, "transport %s: %s", word,
                 why ? why : "this installation has no library for it; install it, or choose another by --transport");
        return NULL;
    }
    const struct transport_kind *kind = dlsym(opened, LIBRARY_SYMBOL);
    if (kind && kind->number == number && kind->version == TRANSPORT_VERSION)
        return !kind->prepare || kind->prepare(error) == 0 ? kind : NULL;
    net_fail(error, EOPNOTSUPP, EX_UNAVAILABLE,
             "transport %s: %s is of another version of farcall; install them together", word, library);
    dlclose(opened);
    return NULL;
}

/*
 * UCX reads its environment when it is loaded, and by then installs handlers for SIGSEGV and others, or not. So it is loaded
 * in an environment of its own: the program's, behind what must hold. The program's variables stay where they are, and
 * so does what others have found there.
 */
static char *const ucx_environment[] = {
    (char *)"UCX_HANDLE_ERRORS=none", (char *)"UCX_ERROR_SIGNALS=", (char *)"UCX_DEBUG_SIGNO=0",
    (char *)"UCX_MEM_EVENTS=n",       (char *)"UCX_VFS_ENABLE=n",   (char *)"UCX_WARN_UNUSED_ENV_VARS=n",
    (char *)"UCX_LOG_LEVEL=fatal",
};
#define UCX_VARIABLES (sizeof ucx_environment / sizeof *ucx_environment)

static bool is_overridden(const char *variable)
{
    for (size_t i = 0; i < UCX_VARIABLES; i++)
        if (strncmp(variable, ucx_environment[i], strcspn(ucx_environment[i], "=") + 1) == 0)
            return true;
    return false;
}

static char **ucx_environment_made(void)
{
    size_t count = 0, used = UCX_VARIABLES;
    while (environ && environ[count])
        count++;
    char **made = calloc(UCX_VARIABLES + count + 1, sizeof *made);
    if (!made)
        return NULL;
    memcpy(made, ucx_environment, sizeof ucx_environment);
    for (size_t i = 0; i < count; i++)
        if (!is_overridden(environ[i]))
            made[used++] = environ[i];
    return made;
}

static const struct transport_kind *open_ucx(struct far_error *error)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    const struct transport_kind *kind = NULL;
    pthread_mutex_lock(&one_at_a_time);
    char **made = ucx_environment_made();
    if (made) {
        char **programs = environ;
        __atomic_store_n(&environ, made, __ATOMIC_RELEASE);
        kind = open_kind(WIRE_UCX, error);
        __atomic_store_n(&environ, programs, __ATOMIC_RELEASE);
        free(made);
    } else {
        net_fail(error, ENOMEM, EX_OSERR, "no memory for transport ucx");
    }
    pthread_mutex_unlock(&one_at_a_time);
    return kind;
}

const struct transport_kind *transport_library(enum wire_transport number, struct far_error *error)
{
    static const struct transport_kind *ucx;
    if (number != WIRE_UCX)
        return open_kind(number, error); /* the dynamic linker keeps what it has loaded */
    const struct transport_kind *kind = __atomic_load_n(&ucx, __ATOMIC_ACQUIRE);
    if (!kind) {
        kind = open_ucx(error);
        __atomic_store_n(&ucx, kind, __ATOMIC_RELEASE);
    }
    return kind;
}
