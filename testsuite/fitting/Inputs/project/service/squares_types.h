/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef SQUARES_TYPES_H
#define SQUARES_TYPES_H
typedef int number;
#endif
