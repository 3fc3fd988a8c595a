/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef COUNTER_TYPES_H
#define COUNTER_TYPES_H
struct counter_step {
    int by;
};
#endif
