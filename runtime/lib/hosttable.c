/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Names that a segment leaves to the process it runs in, and what they are bound to: in a client, and in a host. */
#include "runtime/lib/error.h"
#include "runtime/lib/hostfuncs.h"
#include "runtime/lib/map.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
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

#define NEUTRAL_COUNT  (sizeof neutral_functions / sizeof *neutral_functions)
#define NEUTRAL_PLACES 2048 /* a power of two, of which most are free */
_Static_assert(2 * NEUTRAL_COUNT <= NEUTRAL_PLACES, "the table of names needs more places");

/* Index + 1 of each function at its name's hash or behind it: every bind looks up all the names of its segments. */
static uint16_t neutral_places[NEUTRAL_PLACES];
static pthread_once_t neutral_placed = PTHREAD_ONCE_INIT;

static size_t place_of(const char *name)
{
    uint32_t hash = 0x811c9dc5u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x01000193u;
    return (hash ^ hash >> 15) & (NEUTRAL_PLACES - 1);
}

static void place_neutral(void)
{
    for (size_t i = 0; i < NEUTRAL_COUNT; i++) {
        size_t at = place_of(neutral_functions[i].name);
        while (neutral_places[at])
            at = (at + 1) & (NEUTRAL_PLACES - 1);
        neutral_places[at] = (uint16_t)(i + 1);
    }
}

static const struct neutral *find_neutral(const char *name)
{
    pthread_once(&neutral_placed, place_neutral);
    for (size_t at = place_of(name); neutral_places[at]; at = (at + 1) & (NEUTRAL_PLACES - 1))
        if (strcmp(neutral_functions[neutral_places[at] - 1].name, name) == 0)
            return &neutral_functions[neutral_places[at] - 1];
    return NULL;
}

/* Mathematics is a library of its own, which a program that was not linked with it has not loaded. */
static void *find_in_process(const char *name)
{
    void *found = dlsym(RTLD_DEFAULT, name);
    if (!found && dlopen("libm.so.6", RTLD_NOW | RTLD_GLOBAL))
        found = dlsym(RTLD_DEFAULT, name);
    return found;
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
    return found->own ? found->own : find_in_process(name);
}

/* A name for each thunk of refused_MACHINE.S. */
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
    void *object = find_in_process(name);
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

const struct far_linker far_client_linker = {client_function, process_object, NULL, false};
const struct far_linker far_host_linker = {host_function, process_object, NULL, false};
