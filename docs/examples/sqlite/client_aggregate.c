/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Aggregates of a client that may not write in SQLite's memory: a client's own part, linked into the import library (far
 * implib --with). sqlite3_aggregate_context() gives an aggregate memory of the client's instead. SQLite's own, which nobody
 * writes, tells which one it is; the client's goes after the aggregate's last function has run.
 */
#include <sqlite3.h>
#include <stdlib.h>

#define OPERATION(name) __asm__("far_operation_" #name) __attribute__((visibility("hidden")))

typedef void call_function(sqlite3_context *context, int count, sqlite3_value **values);
typedef void call_final(sqlite3_context *context);

void *service_aggregate_context(sqlite3_context *context, int size) OPERATION(sqlite3_aggregate_context);
void *service_user_data(sqlite3_context *context) OPERATION(sqlite3_user_data);
int service_create(sqlite3 *db, const char *name, int count, int encoding, void *user, call_function *function,
                   call_function *step, call_final *final, void (*destroy)(void *))
    OPERATION(sqlite3_create_function_v2);
int service_create_window(sqlite3 *db, const char *name, int count, int encoding, void *user, call_function *step,
                          call_final *final, call_final *value, call_function *inverse, void (*destroy)(void *))
    OPERATION(sqlite3_create_window_function);

/* What the program registered; SQLite keeps this as the user data. */
struct registration {
    void *user;
    call_function *step, *inverse;
    call_final *final, *value;
    void (*destroy)(void *);
};

/* An aggregate that has begun, by the address of its memory in the service. */
struct memory {
    struct memory *next;
    const void *key;
    _Alignas(16) unsigned char bytes[];
};

/* Callbacks run on the thread that called SQLite, so what belongs to one call of SQLite belongs to a thread. */
struct running {
    struct running *outer;
    sqlite3_context *context;
    const struct registration *registration;
};
static _Thread_local struct running *running;
static _Thread_local struct memory *memories;

static struct memory **find(const void *key)
{
    struct memory **at = &memories;
    while (*at && (*at)->key != key)
        at = &(*at)->next;
    return at;
}

static const struct registration *registration_of(sqlite3_context *context)
{
    const struct running *at = running;
    while (at && at->context != context)
        at = at->outer;
    return at ? at->registration : NULL;
}

void *sqlite3_user_data(sqlite3_context *context)
{
    const struct registration *registration = registration_of(context);
    return registration ? registration->user : service_user_data(context);
}

void *sqlite3_aggregate_context(sqlite3_context *context, int size)
{
    const void *key = service_aggregate_context(context, size);
    struct memory **at = find(key);
    if (!key || *at)
        return key ? (*at)->bytes : NULL;
    struct memory *memory = size > 0 ? calloc(1, sizeof *memory + (size_t)size) : NULL;
    if (!memory)
        return NULL;
    memory->key = key;
    memory->next = memories;
    memories = memory;
    return memory->bytes;
}

static struct running enter(sqlite3_context *context)
{
    return (struct running){running, context, service_user_data(context)};
}

static void call_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct running here = enter(context);
    running = &here;
    here.registration->step(context, count, values);
    running = here.outer;
}

static void call_inverse(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct running here = enter(context);
    running = &here;
    here.registration->inverse(context, count, values);
    running = here.outer;
}

static void call_value(sqlite3_context *context)
{
    struct running here = enter(context);
    running = &here;
    here.registration->value(context);
    running = here.outer;
}

static void call_last(sqlite3_context *context)
{
    struct running here = enter(context);
    running = &here;
    const void *key = service_aggregate_context(context, 0);
    here.registration->final(context);
    running = here.outer;
    struct memory **at = find(key), *memory = key ? *at : NULL;
    if (memory)
        *at = memory->next;
    free(memory);
}

static void destroy(void *user)
{
    struct registration *registration = user;
    if (registration->destroy)
        registration->destroy(registration->user);
    free(registration);
}

static struct registration *keep(const struct registration *said)
{
    struct registration *registration = malloc(sizeof *registration);
    if (registration)
        *registration = *said;
    else if (said->destroy) /* as SQLite itself does it when it fails */
        said->destroy(said->user);
    return registration;
}

int sqlite3_create_function_v2(sqlite3 *db, const char *name, int count, int encoding, void *user,
                               call_function *function, call_function *step, call_final *final,
                               void (*destructor)(void *))
{
    if (!step || !final)
        return service_create(db, name, count, encoding, user, function, step, final, destructor);
    struct registration *registration =
        keep(&(struct registration){.user = user, .step = step, .final = final, .destroy = destructor});
    return registration
               ? service_create(db, name, count, encoding, registration, function, call_step, call_last, destroy)
               : SQLITE_NOMEM;
}

int sqlite3_create_function(sqlite3 *db, const char *name, int count, int encoding, void *user, call_function *function,
                            call_function *step, call_final *final)
{
    return sqlite3_create_function_v2(db, name, count, encoding, user, function, step, final, NULL);
}

int sqlite3_create_window_function(sqlite3 *db, const char *name, int count, int encoding, void *user,
                                   call_function *step, call_final *final, call_final *value, call_function *inverse,
                                   void (*destructor)(void *))
{
    if (!step || !final)
        return service_create_window(db, name, count, encoding, user, step, final, value, inverse, destructor);
    struct registration *registration = keep(&(struct registration){user, step, inverse, final, value, destructor});
    return registration ? service_create_window(db, name, count, encoding, registration, call_step, call_last,
                                                value ? call_value : NULL, inverse ? call_inverse : NULL, destroy)
                        : SQLITE_NOMEM;
}
