/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Names that a segment leaves to the process it runs in, and what they are bound to: in a client, and in a host. */
#include "runtime/lib/error.h"
#include "runtime/lib/hostfuncs.h"
#include "runtime/lib/map.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* The C library's functions by name alone: their prototypes do not matter here, and some have none in any header. */
struct neutral {
    const char *name;
    void *own; /* NULL: the C library's */
};

static const struct neutral neutral_functions[] = {
#define FAR_HOST(name)     {#name, NULL},
#define FAR_HOST_OWN(name) {#name, (void *)far_host_##name},
#include "runtime/hostsyms.def"
#undef FAR_HOST
#undef FAR_HOST_OWN
};

static const struct neutral *find_neutral(const char *name)
{
    for (size_t i = 0; i < sizeof neutral_functions / sizeof *neutral_functions; i++)
        if (strcmp(neutral_functions[i].name, name) == 0)
            return &neutral_functions[i];
    return NULL;
}

void *far_host_own_function(const char *name)
{
    const struct neutral *found = find_neutral(name);
    return found ? found->own : NULL;
}

void *far_host_function(const char *name)
{
    const struct neutral *found = find_neutral(name);
    if (!found)
        return NULL;
    return found->own ? found->own : dlsym(RTLD_DEFAULT, name);
}

/* A name for each thunk of refused_x86_64.S. */
#define REFUSED_THUNKS     512
#define REFUSED_THUNK_SIZE 16
extern const char far_refused_thunks[];

static struct {
    const char *service, *name;
} refused[REFUSED_THUNKS];
static unsigned refused_count; /* guarded by the lock under which binding happens */

void far_refused(unsigned index);
void far_refused(unsigned index)
{
    fprintf(stderr,
            "far: service %s called %s, which is not neutral code: it cannot run in its caller's process (pid %d)\n",
            refused[index].service, refused[index].name, (int)getpid());
    abort();
}

void *far_refused_function(const char *service, const char *name)
{
    for (unsigned i = 0; i < refused_count; i++)
        if (strcmp(refused[i].service, service) == 0 && strcmp(refused[i].name, name) == 0)
            return (void *)(uintptr_t)(far_refused_thunks + i * REFUSED_THUNK_SIZE);
    unsigned index = refused_count < REFUSED_THUNKS - 1 ? refused_count++ : REFUSED_THUNKS - 1;
    refused[index].service = strdup(service);
    refused[index].name = index == REFUSED_THUNKS - 1 ? "a function" : strdup(name);
    return (void *)(uintptr_t)(far_refused_thunks + index * REFUSED_THUNK_SIZE);
}

/* A client runs only what is neutral; that something else is named matters when it is called, not before. */
static void *client_function(const char *service, const char *name, struct far_error *error)
{
    (void)error;
    void *function = far_host_function(name);
    return function ? function : far_refused_function(service, name);
}

static void *process_object(const char *service, const char *name, struct far_error *error)
{
    void *object = dlsym(RTLD_DEFAULT, name);
    if (!object)
        far_fail(error, ENOSYS, EX_UNAVAILABLE, "service %s needs %s, which this process's C library does not have",
                 service, name);
    return object;
}

static void *host_function(const char *service, const char *name, struct far_error *error)
{
    void *function = far_host_own_function(name);
    return function ? function : process_object(service, name, error);
}

const struct far_linker far_client_linker = {client_function, process_object};
const struct far_linker far_host_linker = {host_function, process_object};
