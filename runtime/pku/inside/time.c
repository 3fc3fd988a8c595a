/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The time of day and random numbers, which the kernel has: asked for outside. */
#include "runtime/pku/inside/inside.h"

#include <errno.h>
#include <sys/time.h>
#include <time.h>

static const struct pku_arguments *now(void)
{
    if (pku_ask(PKU_ASKED_TIME, CLOCK_REALTIME, 0) != 0)
        pku_end("the time cannot be had");
    return pku_self()->area;
}

time_t far_pku_time(time_t *place)
{
    time_t seconds = (time_t)now()->word[1];
    if (place)
        *place = seconds;
    return seconds;
}

int far_pku_gettimeofday(struct timeval *time, void *zone)
{
    const struct pku_arguments *area = now();
    (void)zone;
    time->tv_sec = (time_t)area->word[1];
    time->tv_usec = (suseconds_t)(area->word[2] / 1000);
    return 0;
}

static bool take_random(char *bytes, size_t size)
{
    while (size) {
        size_t part = size < PKU_ASKED_TEXT ? size : PKU_ASKED_TEXT;
        int64_t got = pku_ask(PKU_ASKED_RANDOM, part, 0);
        if (got <= 0 || (size_t)got > part)
            return false;
        far_pku_memcpy(bytes, pku_self()->area->text, (size_t)got);
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

ssize_t far_pku_getrandom(void *bytes, size_t size, unsigned flags)
{
    (void)flags;
    if (take_random(bytes, size))
        return (ssize_t)size;
    errno = EIO;
    return -1;
}

int far_pku_getentropy(void *bytes, size_t size)
{
    errno = size > 256 ? EIO : 0;
    return size <= 256 && take_random(bytes, size) ? 0 : -1;
}
