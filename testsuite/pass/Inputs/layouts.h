/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include <farcall/annotate.h>
far_service(layouts, 1, 0);
struct gap {
    char c;
    long l;
};
far_op int layouts_take(const struct gap *g);
