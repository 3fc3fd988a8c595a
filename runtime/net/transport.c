/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Which kinds of connections there are, and what is the same for all. */
#include "runtime/net/transport.h"
#include "runtime/net/fail.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
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

static void *open_library(const char *library)
{
    char program[4096];
    Dl_info self;
    if (!dladdr((void *)&transport_tcp, &self) || !self.dli_fname)
        return NULL;
    const char *own = self.dli_fname;
    const char *slash = strrchr(own, '/');
    /* The program's own name is what it was called by, which need not be a path. */
    if (!slash || own[0] != '/') {
        const ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
        if (size > 0 && !strstr(own, ".so")) {
            program[size] = '\0';
            own = program;
            slash = strrchr(own, '/');
        }
    }
    if (!slash)
        return NULL;
    const size_t length = (size_t)(slash - own);
    void *opened = open_beside(own, length, "", library);
    return opened ? opened : open_beside(own, length, "../lib/", library);
}

static const struct transport_kind *kind_of_library(enum wire_transport number, struct far_error *error)
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

const struct transport_kind *transport_load(enum wire_transport number, struct far_error *error)
{
    if (number == WIRE_TCP)
        return &transport_tcp;
    if (number > WIRE_TRANSPORT_NONE && number < WIRE_TRANSPORT_COUNT)
        return kind_of_library(number, error); /* the dynamic linker keeps what it has loaded */
    net_fail(error, EOPNOTSUPP, EX_UNAVAILABLE, "there is no transport with the number %d", (int)number);
    return NULL;
}

void transport_shut(struct transport *transport)
{
    shutdown(transport->fd, SHUT_RDWR);
}

void transport_end(struct transport *transport)
{
    if (transport)
        transport->kind->end(transport);
}
