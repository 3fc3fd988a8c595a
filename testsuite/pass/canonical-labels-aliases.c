// Labels as values and aliases name the operation's own code: they stay what they are.
// RUN: %farcc -O0 -I %S/Inputs -c %s -o %t.0.o && llvm-readelf -rs %t.0.o | FileCheck %s
// RUN: %farcc -O2 -I %S/Inputs -c %s -o %t.2.o && llvm-readelf -rs %t.2.o | FileCheck %s
#include "counter.h"

int counter_add(int by, long times)
{
    static const void *const labels[] = {&&even, &&odd};
    goto *labels[by & 1];
even:
    return (int)times;
odd:
    return by;
}
int same_add(int by, long times) __attribute__((alias("counter_add")));
void *address(void)
{
    return (void *)counter_add;
}

// CHECK: GOTPCRELX {{.*}} far_stub.counter_add - 4
// CHECK: R_X86_64_64 {{.*}} .text.far.op.counter_add + {{[1-9a-f]}}
// CHECK: R_X86_64_64 {{.*}} .text.far.op.counter_add + {{[1-9a-f]}}
// CHECK-DAG: GLOBAL DEFAULT {{[0-9]+}} counter_add
// CHECK-DAG: GLOBAL DEFAULT {{[0-9]+}} same_add
