/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Functions of this process's that a service may call: numbers stand for them, so that no address of ours leaves the
 * process and a service can name none that it was not given. A number is given once for a function and the way it is
 * called, and holds as long as the process: a service may keep it for as long.
 */
#ifndef FARCALL_FUNCTION_H
#define FARCALL_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#define FAR_FUNCTIONS_MAX 65535 /* of one binding */

struct far_functions;

/* Its number from 1 on, the same for the same pair; 0: there are too many, or no memory. Any thread, signal handlers too. */
uint32_t function_number(struct far_functions **functions, uint64_t address, uint32_t callback);
/* Its address; 0: no function has this number, or it is called in another way. */
uint64_t function_address(struct far_functions *const *functions, uint32_t number, uint32_t callback);
/* Its address, and how it is called; 0: no function has this number. */
uint64_t function_any(struct far_functions *const *functions, uint32_t number, uint32_t *callback);

#endif
