/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef SQUARES_H
#define SQUARES_H
#include "squares_types.h"
#include <farcall/annotate.h>
far_service(squares, 1, 0);
far_op far_function_shipped far_fails(-1) number square(number n);
#endif
