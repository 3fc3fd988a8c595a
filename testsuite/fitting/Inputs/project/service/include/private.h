/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef PRIVATE_H
#define PRIVATE_H
int helped(int by);
#endif
