/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Blobs that come out: a client's own part, linked into the import library (far implib --with). Their size is another
 * function's result, so the operation gives an address. A program that may not read there gets a copy: of a column until that is
 * asked for again or the statement is finalized, of a function's parameter until that is asked for again or the step is over.
 */
#include "sqlite3_far_dropin.h"

#include <farcall/farcall.h>
#include <pthread.h>
#include <stdlib.h>

#define OPERATION(name) __asm__("far_operation_" #name) __attribute__((visibility("hidden")))
#define BUCKETS         1024
#define ROOM_FIRST      256

const void *service_column_blob(sqlite3_stmt *statement, int column) OPERATION(sqlite3_column_blob);
const void *service_value_blob(sqlite3_value *value) OPERATION(sqlite3_value_blob);
int service_step(sqlite3_stmt *statement) OPERATION(sqlite3_step);
int service_finalize(sqlite3_stmt *statement) OPERATION(sqlite3_finalize);

struct copy {
    struct copy *next;
    const void *of; /* a statement or a value */
    int column;
    int room;
    unsigned char *bytes;
};

static struct copy *columns[BUCKETS]; /* by statement */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread struct copy *values;
static __thread int steps; /* in each other, by functions that run SQL */

static int may_read(void)
{
    return far_level("sqlite3") >= FAR_LEVEL_READ;
}

static struct copy **chain_of(const sqlite3_stmt *statement)
{
    return &columns[(size_t)statement / 16 % BUCKETS];
}

static void drop(struct copy *copy)
{
    free(copy->bytes);
    free(copy);
}

/* What is there of it, or a new one in the chain. */
static struct copy *copy_of(struct copy **chain, const void *of, int column)
{
    struct copy *copy = *chain;
    while (copy && (copy->of != of || copy->column != column))
        copy = copy->next;
    if (copy)
        return copy;
    copy = calloc(1, sizeof *copy);
    if (copy) {
        *copy = (struct copy){.next = *chain, .of = of, .column = column};
        *chain = copy;
    }
    return copy;
}

/* A zero behind the end, as SQLite puts it behind texts. */
static int make_room(struct copy *copy, int size)
{
    unsigned char *bytes = copy->room < size || !copy->bytes ? realloc(copy->bytes, (size_t)size + 1) : copy->bytes;
    if (!bytes)
        return 0;
    copy->room = copy->room < size ? size : copy->room;
    copy->bytes = bytes;
    return 1;
}

static int service_gives(struct copy *copy)
{
    if (copy->column < 0)
        return sqlite3_far_value_blob((sqlite3_value *)copy->of, copy->bytes, copy->room);
    return sqlite3_far_column_blob((sqlite3_stmt *)copy->of, copy->column, copy->bytes, copy->room);
}

/* As much as there was room for says how much is needed. */
static const void *fill(struct copy *copy)
{
    if (!copy || !make_room(copy, ROOM_FIRST))
        return NULL;
    int size = service_gives(copy);
    if (size > copy->room)
        size = make_room(copy, size) ? service_gives(copy) : 0;
    if (size <= 0 || size > copy->room)
        return NULL;
    copy->bytes[size] = 0;
    return copy->bytes;
}

const void *sqlite3_column_blob(sqlite3_stmt *statement, int column)
{
    if (!statement || column < 0 || may_read())
        return service_column_blob(statement, column);
    pthread_mutex_lock(&lock);
    struct copy *copy = copy_of(chain_of(statement), statement, column);
    pthread_mutex_unlock(&lock);
    return fill(copy); /* a statement is one thread's at a time */
}

const void *sqlite3_value_blob(sqlite3_value *value)
{
    return !value || may_read() ? service_value_blob(value) : fill(copy_of(&values, value, -1));
}

int sqlite3_step(sqlite3_stmt *statement)
{
    steps++;
    int result = service_step(statement);
    for (steps--; values && steps == 0;) {
        struct copy *copy = values;
        values = copy->next;
        drop(copy);
    }
    return result;
}

int sqlite3_finalize(sqlite3_stmt *statement)
{
    pthread_mutex_lock(&lock);
    for (struct copy **at = chain_of(statement); *at;) {
        struct copy *copy = *at;
        if (copy->of != statement) {
            at = &copy->next;
            continue;
        }
        *at = copy->next;
        drop(copy);
    }
    pthread_mutex_unlock(&lock);
    return service_finalize(statement);
}
