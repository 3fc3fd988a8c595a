/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef STEPS_H
#define STEPS_H
int stepped(int value, int by);
#endif
