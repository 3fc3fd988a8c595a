// A unit of no service comes out as clang would have it, and so does one that only calls a service.
// RUN: %farcc -O2 -c %s -o %t.farcc.o && %clang -O2 -c %s -o %t.clang.o && cmp %t.farcc.o %t.clang.o
// RUN: %farcc -O2 -DCLIENT -I %S/Inputs -c %s -o %t.client.o && llvm-readelf -S %t.client.o | FileCheck %s
// CHECK-NOT: .far.iface
#ifdef CLIENT
#include "counter.h"
int client(void)
{
    return counter_add(1, 2);
}
#endif
int plain(int x)
{
    return x + 1;
}
