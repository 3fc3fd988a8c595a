// Thread-local variables are refused in a service's unit, with the line where debug information knows it.
// RUN: rm -f %t.o
// RUN: not %farcc -g -I %S/Inputs -c %s -o %t.o 2>&1 | FileCheck %s
// RUN: not %farcc -O2 -I %S/Inputs -c %s -o %t.o 2>&1 | FileCheck --check-prefix=PLAIN %s
// RUN: not ls %t.o
#include "counter.h"

// CHECK: thread-local-err.c:[[#@LINE+1]]:1: error: thread-local variable 'last' in a unit of service 'counter': {{.*}} [FC-0201]
static __thread int last;
// PLAIN: error: thread-local variable 'last' in a unit of service 'counter': {{.*}} [FC-0201]

int counter_add(int by, long times)
{
    return last += by + (int)times;
}
