/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef COUNTER_H
#define COUNTER_H
#include "counter_types.h"
#include <farcall/annotate.h>
far_service(counter, 1, 0);
far_op far_function_shipped far_fails(-1) int counter_add(const struct counter_step *step);
#endif
