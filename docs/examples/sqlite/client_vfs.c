/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * sqlite3_vfs_find(): a client's own part of SQLite, linked into the import library (far implib --with). What SQLite has is a
 * structure of its own functions, which only a client that runs SQLite's code can call. Programs find one to ask it for the
 * time. So they get another that tells the time, sleeps, and gives random bytes; it opens no files.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OPERATION(name) __asm__("far_operation_" #name) __attribute__((visibility("hidden")))

sqlite3_vfs *service_vfs_find(const char *name) OPERATION(sqlite3_vfs_find);
int service_vfs_register(sqlite3_vfs *vfs, int is_default) OPERATION(sqlite3_vfs_register);

#define MILLISECONDS_A_DAY    86400000
#define JULIAN_DAY_OF_1970    INT64_C(210866760000000) /* in milliseconds */
#define DEFAULT_NAME          "unix"
#define LONGEST_NAME          512
#define MICROSECONDS_A_MILLI  1000
#define NANOSECONDS_A_MILLI   1000000
#define MILLISECONDS_A_SECOND 1000

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
    (void)vfs, (void)name, (void)flags, (void)flags_out;
    file->pMethods = NULL;
    return SQLITE_CANTOPEN;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs, (void)name, (void)sync;
    return SQLITE_IOERR_DELETE;
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    (void)vfs, (void)name, (void)flags;
    *result = 0;
    return SQLITE_IOERR_ACCESS;
}

static int full_name(sqlite3_vfs *vfs, const char *name, int size, char *full)
{
    (void)vfs, (void)name, (void)size, (void)full;
    return SQLITE_CANTOPEN;
}

static int give_random_bytes(sqlite3_vfs *vfs, int count, char *bytes)
{
    (void)vfs;
    sqlite3_randomness(count, bytes);
    return count;
}

static int sleep_for(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return sqlite3_sleep((microseconds + MICROSECONDS_A_MILLI - 1) / MICROSECONDS_A_MILLI) * MICROSECONDS_A_MILLI;
}

static int tell_milliseconds(sqlite3_vfs *vfs, sqlite3_int64 *now)
{
    struct timespec time;
    (void)vfs;
    clock_gettime(CLOCK_REALTIME, &time);
    *now = JULIAN_DAY_OF_1970 + (sqlite3_int64)time.tv_sec * MILLISECONDS_A_SECOND + time.tv_nsec / NANOSECONDS_A_MILLI;
    return SQLITE_OK;
}

static int tell_days(sqlite3_vfs *vfs, double *now)
{
    sqlite3_int64 milliseconds;
    tell_milliseconds(vfs, &milliseconds);
    *now = (double)milliseconds / MILLISECONDS_A_DAY;
    return SQLITE_OK;
}

static int last_error(sqlite3_vfs *vfs, int size, char *text)
{
    (void)vfs, (void)size, (void)text;
    return 0;
}

static sqlite3_vfs *found; /* all that were asked for, and stay */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static sqlite3_vfs *make(const char *name)
{
    sqlite3_vfs *vfs = calloc(1, sizeof *vfs + strlen(name) + 1);
    if (!vfs)
        return NULL;
    char *copy = strcpy((char *)(vfs + 1), name);
    *vfs = (sqlite3_vfs){.iVersion = 2,
                         .szOsFile = sizeof(sqlite3_file),
                         .mxPathname = LONGEST_NAME,
                         .pNext = found,
                         .zName = copy,
                         .xOpen = open_file,
                         .xDelete = delete_file,
                         .xAccess = access_file,
                         .xFullPathname = full_name,
                         .xRandomness = give_random_bytes,
                         .xSleep = sleep_for,
                         .xCurrentTime = tell_days,
                         .xGetLastError = last_error,
                         .xCurrentTimeInt64 = tell_milliseconds};
    found = vfs;
    return vfs;
}

sqlite3_vfs *sqlite3_vfs_find(const char *name)
{
    if (!service_vfs_find(name))
        return NULL;
    name = name ? name : DEFAULT_NAME;
    pthread_mutex_lock(&lock);
    sqlite3_vfs *vfs = found;
    while (vfs && strcmp(vfs->zName, name) != 0)
        vfs = vfs->pNext;
    if (!vfs)
        vfs = make(name);
    pthread_mutex_unlock(&lock);
    return vfs;
}

/* One of SQLite's own, once more: nothing changes, so it can be no other's turn to be the default. */
int sqlite3_vfs_register(sqlite3_vfs *vfs, int is_default)
{
    pthread_mutex_lock(&lock);
    const sqlite3_vfs *own = found;
    while (own && own != vfs)
        own = own->pNext;
    pthread_mutex_unlock(&lock);
    if (own)
        return is_default ? SQLITE_MISUSE : SQLITE_OK;
    return service_vfs_register(vfs, is_default);
}
