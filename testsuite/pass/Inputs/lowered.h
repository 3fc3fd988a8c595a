/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* clang-format off */
#include <farcall/annotate.h>
far_service(low, 1, 0);
struct big { long a[4]; };
struct small { int a; float b; };
far_op struct big low_big(struct big b);
far_op int far_fd low_fd(int far_fd fd);
far_op struct small low_small(struct small s, float _Complex z);
far_op long double low_wide(long double x, __int128 y);
