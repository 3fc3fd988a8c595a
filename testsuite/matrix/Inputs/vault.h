/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service that says where its parts are, and tries from its own domain what it is told to. */
#ifndef VAULT_H
#define VAULT_H

#include <farcall/annotate.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
far_service(vault, 1, 0);

enum vault_part { VAULT_CODE, VAULT_CONST, VAULT_DATA, VAULT_HEAP };
enum vault_how { VAULT_READ, VAULT_WRITE, VAULT_JUMP };

/* An address in that part; of code: of a function that returns VAULT_SECRET and takes nothing. */
far_op far_data_shipped far_fails(0)
    uint64_t vault_where(int part);
#define VAULT_SECRET 4711

/* A word of every part that can hold words, as the service's own domain sees it now. */
far_op far_function_shipped far_fails(0)
    uint64_t vault_sum(void);

/* May the host do that to this address? The kernel is asked, so it survives the answer. 1, 0, or -1 and errno. */
far_op far_function_shipped far_fails(-1)
    int vault_may(uint64_t address, int how);

/* The host does it. It dies of what it may not. */
far_op far_function_shipped far_fails(-1)
    int vault_do(uint64_t address, int how);

/* A parameter by reference: read, and changed. */
far_op far_function_shipped far_fails(-1)
    int vault_add(uint64_t *far_inout value);

/* Is what the operation sees at `address` itself, and no copy? */
far_op far_function_shipped far_fails(-1)
    int vault_same(const uint8_t *far_in __counted_by(1) byte, uint64_t address);

/* The host reaches for another process's memory by every road there is: how many led there. */
far_op far_function_shipped far_fails(-1)
    int vault_attack(int pid, uint64_t address);

#endif
