/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a process holds of some memory of fard's: mapped, or by a descriptor, in any of its threads. Looked up in /proc by
 * device and inode, so it is asked only in processes of their own (revoke_scan.c, domain_scan.c): reading another's /proc
 * files can take as long as that other likes.
 */
#ifndef FARCALL_FARD_HOLDING_H
#define FARCALL_FARD_HOLDING_H

#include "runtime/fard/registry.h"

#include <sys/types.h>

#define HOLDING_DEATH_MS 3000 /* for a killed process to be gone */

/* memfds, all on one device; 0: none */
struct held_memory {
    dev_t device;
    ino_t data;
    ino_t image[EXECUTABLES_MAX];
    const ino_t *retired; /* images of before an upgrade */
    uint32_t retired_count;
};

struct holding {
    struct held_memory memory;
    char *text; /* of a /proc file; free() it at the end */
    size_t room;
};

/* 0 and what right the process needs for what it holds (UNSET: it holds nothing); or -errno, if it may not be looked at. */
int holding_need(struct holding *holding, pid_t pid, enum far_level *need);
/* Real, effective, saved, of the file system; and its parent. False: there is no such process. */
bool holding_uids(struct holding *holding, pid_t pid, unsigned uid[4], pid_t *parent);
/* After SIGKILL. False: it is there still. */
bool holding_wait_for_death(int pidfd);

#endif
