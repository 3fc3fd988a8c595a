/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The machines that segments can be for, by their ELF numbers (e_machine). The one list of them. */
#ifndef FARCALL_MACHINE_H
#define FARCALL_MACHINE_H

#include <elf.h>
#include <stdint.h>

/* Number, the name people say, the architecture in uname's and qemu's names, Debian's triplet. */
#define FAR_MACHINES(X)                                  \
    X(EM_X86_64, "x86-64", "x86_64", "x86_64-linux-gnu") \
    X(EM_AARCH64, "aarch64", "aarch64", "aarch64-linux-gnu")

/* What this program itself was compiled for. */
#if defined(__x86_64__)
#define FAR_MACHINE_NATIVE EM_X86_64
#elif defined(__aarch64__)
#define FAR_MACHINE_NATIVE EM_AARCH64
#else
#error "farcall does not know this machine yet"
#endif

struct far_machine {
    uint32_t number;
    const char *name, *processor, *multiarch;
};

/* NULL for a machine that is not in the list. */
const struct far_machine *far_machine_find(uint32_t number);
const struct far_machine *far_machine_by_name(const char *name);
/* "x86-64, aarch64": the names of those that are not 0. */
#define FAR_MACHINE_LIST 64
const char *far_machine_list(const uint32_t *numbers, unsigned count, char text[FAR_MACHINE_LIST]);
const char *far_machine_name(uint32_t number); /* "another machine" for one that is not in the list */

#endif
