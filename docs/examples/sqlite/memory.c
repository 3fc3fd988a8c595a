/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A place for SQLite to live in that has no files, threads, libraries, clock or environment: what SQLite finds here
 * instead of the C library's functions of these names. Databases in memory need none of them. Linked into the segment,
 * this leaves nothing that belongs to one process: every operation is neutral, and a trusted client runs it by branch, its
 * callbacks included. All clients share the segment's memory, and a database too if one hands its handle to another.
 *
 * Who asks for something that is not here gets an answer that SQLite knows how to report. It is the first second of 1970
 * in UTC, random() gives the same numbers in each new host, and SQL's mathematical functions give NULL.
 */
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

/* `name` is another name of the function `is`, whatever its parameters are elsewhere: none of them is looked at. */
#define STANDS_FOR(result, is, name) result memory_##name(void) __asm__(#name) __attribute__((alias(#is), used));

static long refused(void)
{
    errno = EACCES;
    return -1;
}

static long nothing(void)
{
    return 0;
}

static long no_thread(void)
{
    return EAGAIN;
}

static double no_number(void)
{
    return __builtin_nan("");
}

static long page_size(void)
{
    return 4096;
}

#define REFUSED(name) STANDS_FOR(long, refused, name)
REFUSED(access)
REFUSED(close)
REFUSED(fchmod)
REFUSED(fchown)
REFUSED(fcntl64)
REFUSED(fdatasync)
REFUSED(fstat64)
REFUSED(ftruncate64)
REFUSED(lstat64)
REFUSED(mkdir)
REFUSED(mmap64)
REFUSED(mremap)
REFUSED(munmap)
REFUSED(open64)
REFUSED(pread64)
REFUSED(pwrite64)
REFUSED(read)
REFUSED(readlink)
REFUSED(rmdir)
REFUSED(stat64)
REFUSED(unlink)
REFUSED(utime)
REFUSED(write)

/* NULL or 0: no such variable, directory or library; nobody; no need to wait. */
#define NOTHING(name) STANDS_FOR(long, nothing, name)
NOTHING(dlclose)
NOTHING(dlerror)
NOTHING(dlopen)
NOTHING(dlsym)
NOTHING(getcwd)
NOTHING(getenv)
NOTHING(geteuid)
NOTHING(getpid)
NOTHING(sleep)
NOTHING(usleep)

STANDS_FOR(long, no_thread, pthread_create)
STANDS_FOR(long, no_thread, pthread_join)
STANDS_FOR(long, page_size, sysconf)

#define NO_NUMBER(name) STANDS_FOR(double, no_number, name)
NO_NUMBER(acos)
NO_NUMBER(acosh)
NO_NUMBER(asin)
NO_NUMBER(asinh)
NO_NUMBER(atan)
NO_NUMBER(atan2)
NO_NUMBER(atanh)
NO_NUMBER(cos)
NO_NUMBER(cosh)
NO_NUMBER(exp)
NO_NUMBER(fmod)
NO_NUMBER(log)
NO_NUMBER(pow)
NO_NUMBER(sin)
NO_NUMBER(sinh)
NO_NUMBER(sqrt)
NO_NUMBER(tan)
NO_NUMBER(tanh)
NO_NUMBER(trunc)

time_t time(time_t *now)
{
    if (now)
        *now = 0;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    *now = (struct timeval){0, 0};
    return 0;
}

struct tm *localtime_r(const time_t *restrict when, struct tm *restrict result)
{
    (void)when;
    *result = (struct tm){.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
    return result;
}
