/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A service whose code needs little of the process: what protection domains can be made of. And attacks on who calls. */
#ifndef CODE_H
#define CODE_H

#include <farcall/annotate.h>
#include <stddef.h>
#include <stdint.h>
far_service(code, 1, 0);
/* clang-format off */
far_op far_data_shipped far_fails(0) uint32_t code_sum(const void *__sized_by(n) bytes, size_t n);
far_op far_data_shipped far_fails(-1) int code_flip(const char *__null_terminated text, char *far_out __sized_by(room) out, size_t room);
far_op far_data_shipped far_fails(-1) double code_scale(double x, double y, float z);
far_op far_data_shipped far_fails(-1) long code_count(long more);
far_op far_data_shipped far_fails(-1) long code_many(int a, long b, short c, long d, long e, long f, long g, signed char h);
far_op far_data_shipped far_fails(-1) long code_peek(uint64_t address);
far_op far_data_shipped far_fails(-1) long code_poke(uint64_t address, long value);
far_op far_function_shipped far_fails(-1) int code_pid(void);

#endif
