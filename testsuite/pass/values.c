// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values that the ABI lowers (structures, wide numbers), callbacks, descriptors and absent operations: the definitions
// agree with the record at every optimisation level, and the service links.
// RUN: rm -rf %t && mkdir -p %t
// RUN: for level in 0 1 2 3; do %farcc -O$level -c %s -o %t/values.o || exit 1; done
// RUN: %farld -o %t/values.seg %t/values.o
// RUN: %far dump %t/values.seg | FileCheck %s
// CHECK: values_call
// CHECK: values_file
// CHECK: values_large
// CHECK: values_print

// What can be compared is: parameters before the first one that is lowered, and results that are not.
// RUN: %faridl %S/Inputs/values.h --record=%t/values.iface
// RUN: not %clang -DWRONG -Xclang -load -Xclang %build/lib/FarcallPass.so -fpass-plugin=%build/lib/FarcallPass.so \
// RUN:     -mllvm -farcall-iface=%t/values.iface -c %s -o %t/wrong.o 2>&1 | FileCheck %s --check-prefix=WRONG
#ifndef WRONG
#include "Inputs/values.h"

int values_small(int before, struct small small, int after)
{
    return before + small.a + small.b + after;
}

struct large values_large(long before, struct large large)
{
    large.list[0] += before;
    return large;
}

struct mixed values_mixed(struct mixed mixed)
{
    return mixed;
}

long double values_wide(__int128 i, long double x, _Complex double z, four v)
{
    return (long double)i + x + __real__ z + v[0];
}

int values_call(int (*visit)(void *user, int n), void *user)
{
    return visit(user, 1);
}

int values_file(int file, _Bool keep)
{
    return keep ? file : -1;
}

const char *values_name(void)
{
    return "values";
}

int values_print(const char *format, ...)
{
    return format != 0;
}
#else
struct small {
    int a, b;
};
struct large {
    long list[6];
};
// WRONG-DAG: values.c:[[#@LINE+1]]:5: error: operation 'values_small' {{.*}} parameter 1 is not a 4-byte integer
int values_small(double before, struct small small, int after)
{
    return (int)before + small.a + after;
}
// WRONG-DAG: values.c:[[#@LINE+1]]:14: error: operation 'values_large' {{.*}} parameter 1 is not an 8-byte integer
struct large values_large(double before, struct large large)
{
    large.list[0] += (long)before;
    return large;
}
// WRONG-DAG: values.c:[[#@LINE+1]]:6: error: operation 'values_name' {{.*}} it does not return a pointer
long values_name(void)
{
    return 0;
}
#endif
