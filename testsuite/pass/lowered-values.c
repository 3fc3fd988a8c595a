// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// clang-format off
// What the ABI makes of structures and wide numbers by value is its affair: their definitions compile, however many
// registers or pointers they become. A descriptor is an int.
// RUN: rm -rf %t && mkdir %t && cp %s %t/lowered.c && cp %S/Inputs/lowered.h %t
// RUN: %farcc -O1 -Wall -Werror -c %t/lowered.c -I %t -o %t/lowered.o && %farld %t/lowered.o --dump=plan | FileCheck %s
// CHECK: yes low_big, from lowered.o
// CHECK: yes low_fd, from lowered.o
// CHECK: yes low_small, from lowered.o
// CHECK: yes low_wide, from lowered.o
#include "lowered.h"
struct big low_big(struct big b) { b.a[3]++; return b; }
int low_fd(int fd) { return fd; }
struct small low_small(struct small s, float _Complex z) { s.b += (float)z; return s; }
long double low_wide(long double x, __int128 y) { return x + (long double)y; }
