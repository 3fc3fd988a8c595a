/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What must outlive fard: the descriptors of services' data and of their hosts. They lie, under names, with somebody who
 * does not die with fard: a small process of its own (far-keeper), or systemd's descriptor store. The next fard on the
 * same store takes them back.
 *
 *     data-SERVICE                 the memory of its data and heap
 *     socket-SERVICE-GENERATION    fard's end of the socket to its host
 *     host-SERVICE-GENERATION      the host's pidfd
 *     output-SERVICE-GENERATION    where what it prints is read
 *     domain-ID, owner-ID          a client's segment, and its process's pidfd (domain_adopt.h)
 */
#ifndef FARCALL_KEEPER_H
#define FARCALL_KEEPER_H

#include "runtime/fard/loop.h"
#include "runtime/fard/notify.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define KEEPER_NAME_MAX 48
#define KEEPER_PROGRAM  "far-keeper" /* argv[0] of the process */

/* How long it waits for another fard: a number of seconds, 0: for ever. */
#define KEEPER_SECONDS_ENV "FARCALL_KEEPER_SECONDS"
#define KEEPER_SECONDS     604800u

struct keeper;

/*
 * Finds who keeps this store's descriptors, or starts somebody, and takes all back. `folder` is the store's, `path` its
 * path; both must stay, and so must `notify`: systemd keeps them where it says that it has room. 0 or a negative errno.
 */
int keeper_open(struct keeper **out, struct loop *loop, struct notify *notify, int folder, const char *path);
/* What came back under this name: the caller's from now on, and kept still. -1: nothing did. */
int keeper_take(struct keeper *keeper, const char *name);
/* Keep this one. It stays the caller's, who says keeper_drop() before closing it. */
void keeper_keep(struct keeper *keeper, const char *name, int fd);
void keeper_drop(struct keeper *keeper, const char *name);
/* What came back and nobody took is dropped; hosts among it are killed. Returns how many those were. */
unsigned keeper_drop_rest(struct keeper *keeper);
/* systemd keeps a limited number of descriptors: clients' may have half of them, so that no client keeps a service's out. */
bool keeper_has_room_for_clients(const struct keeper *keeper);
/* Who holds what is kept: the process, or the service manager. 0: not known. */
pid_t keeper_pid(const struct keeper *keeper);
/* fard ends. In order: nothing is to be kept any more. Otherwise all of it is. */
void keeper_close(struct keeper *keeper, bool in_order);

/* The process: argv is KEEPER_PROGRAM, the store's path. Its listening socket is descriptor 3. */
int keeper_process(int argc, char **argv);

/* Between fard and the process: one packet each way a descriptor, then `last`. */
enum keeper_word { KEEPER_HELD = 1, KEEPER_LAST, KEEPER_KEEP, KEEPER_DROP, KEEPER_QUIT };

struct keeper_message {
    uint32_t magic;
    uint32_t word; /* enum keeper_word */
    char name[KEEPER_NAME_MAX];
};
_Static_assert(sizeof(struct keeper_message) == 56, "the same in every version of fard");

#define KEEPER_MAGIC  0x4b524146u /* "FARK" */
#define KEEPER_SOCKET "keeper"    /* in the store's folder */
#define KEEPER_FD     3

/* keeper_message.c. 0 or a negative errno; `fd` -1: none. A message that is none is -EPROTO, the end -ECONNRESET. */
int keeper_send(int socket, enum keeper_word word, const char *name, int fd);
int keeper_receive(int socket, struct keeper_message *message, int *fd);

#endif
