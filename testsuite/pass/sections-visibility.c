// Each operation has a section of its own and default visibility, whatever the command line says; others do not.
// RUN: %farcc -O2 -fvisibility=hidden -I %S/Inputs -c %s -o %t.o
// RUN: llvm-readelf -s -S %t.o | FileCheck %s
#include "counter.h"

int counter_add(int by, long times)
{
    return by + (int)times;
}
int helper(int x)
{
    return x;
}

// CHECK-DAG: .text.far.op.counter_add
// CHECK-DAG: .text.helper
// CHECK-DAG: FUNC GLOBAL DEFAULT {{[0-9]+}} counter_add
// CHECK-DAG: FUNC GLOBAL HIDDEN {{[0-9]+}} helper
