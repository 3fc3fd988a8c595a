/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* How the program of a host is run: by itself, or, if it is for another machine than this node's, by an emulator. */
#ifndef FARCALL_EMULATOR_H
#define FARCALL_EMULATOR_H

#include "runtime/fard/error.h"

#include <stdint.h>

struct fard;

#define HOST_COMMAND_WORDS 24

struct host_command {
    char *program;                  /* far-host for the machine */
    char *word[HOST_COMMAND_WORDS]; /* the emulator and its options, then NULL; none: the program runs by itself */
    char *text;                     /* what the words lie in */
};

/* --emulator MACHINE=COMMAND; the last one for a machine counts. */
int emulator_take(struct fard *fard, const char *option, struct far_error *error);
void emulators_free(struct fard *fard);

/*
 * The command for a machine's far-host: nothing but the program for this node's own, else what emulator_take() was told,
 * else qemu-MACHINE as found in PATH, else the kernel's binfmt_misc. Returns 0 (host_command_free() it), FARD_REFUSED
 * with what is missing, or -ENOMEM.
 */
int host_command_find(const struct fard *fard, uint32_t machine, struct host_command *command, struct far_error *error);
void host_command_free(struct host_command *command);

#endif
