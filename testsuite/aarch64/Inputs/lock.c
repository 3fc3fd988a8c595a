/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The segment's lock in a file that processes of both machines map.
 *     lock FILE die      lock it and end without unlocking
 *     lock FILE take     lock it, say whether its owner had died, unlock
 *     lock FILE add N    add one to a number behind it, N times, each under the lock
 */
#include "runtime/lib/hostfuncs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct shared {
    unsigned char lock[FAR_SEGMENT_LOCK_SIZE];
    volatile long number;
};

static struct shared *map(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, 4096) != 0)
        exit(71);
    void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED)
        exit(71);
    return shared;
}

static void add(struct shared *shared, long count)
{
    for (long i = 0; i < count; i++) {
        far_host_far_segment_lock(shared->lock);
        shared->number = shared->number + 1;
        far_host_far_segment_unlock(shared->lock);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 64;
    struct shared *shared = map(argv[1]);
    if (strcmp(argv[2], "add") == 0) {
        add(shared, strtol(argv[3], NULL, 10));
        return 0;
    }
    int result = far_host_far_segment_lock(shared->lock);
    if (strcmp(argv[2], "die") == 0)
        _exit(0);
    printf("%s, number %ld\n",
           result == EOWNERDEAD ? "the owner died"
           : result             ? strerror(result)
                                : "locked",
           shared->number);
    far_host_far_segment_unlock(shared->lock);
    return 0;
}
