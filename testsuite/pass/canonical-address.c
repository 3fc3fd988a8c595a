// &operation is the address of its stub: in code, in constants, in arguments, at every level; calls stay direct.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %farcc -O0 -I %S/Inputs -c %s -o %t/0.o && llvm-readelf -r %t/0.o | FileCheck %s
// RUN: %farcc -O2 -I %S/Inputs -c %s -o %t/2.o && llvm-readelf -r %t/2.o | FileCheck %s
// RUN: %farcc -O0 -I %S/Inputs -c %s -o - | llvm-nm - | FileCheck --check-prefix=SYMBOLS %s
// RUN: %farcc -O2 -I %S/Inputs -c %s -o - | llvm-nm - | FileCheck --check-prefix=SYMBOLS %s
#include "counter.h"

int outside(int (*f)(int, long));

// CHECK-LABEL: '.rela.text.far.op.counter_value'
// CHECK: R_X86_64_{{(PLT|PC)}}32 {{.*}} counter_add - 4
int counter_value(void)
{
    return counter_add(1, 2);
}

// CHECK-LABEL: '.rela.text.far.op.counter_scale'
// CHECK: GOTPCRELX {{.*}} far_stub.counter_add - 4
void counter_scale(double by)
{
    if (by > 1)
        outside(counter_add);
}

// CHECK-LABEL: '.rela.text.address_of_add'
// CHECK: GOTPCRELX {{.*}} far_stub.counter_add - 4
void *address_of_add(void)
{
    return (void *)counter_add;
}

// CHECK-LABEL: '.rela.data{{.*}}table'
// CHECK: R_X86_64_64 {{.*}} far_stub.counter_add + 0
// CHECK: R_X86_64_64 {{.*}} far_stub.counter_value + 0
struct entry {
    int kind;
    void *function;
} table[] = {{1, (void *)counter_add}, {2, (void *)counter_value}};

__attribute__((noinline)) int counter_add(int by, long times)
{
    return outside(0) + by * (int)times;
}

// SYMBOLS-DAG: T counter_add
// SYMBOLS-DAG: U far_stub.counter_add
// SYMBOLS-DAG: U far_stub.counter_value
// SYMBOLS-NOT: far_stub.counter_scale
