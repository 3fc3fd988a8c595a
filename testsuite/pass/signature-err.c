// A definition that the record does not describe is an error at its name, and there is no object. (The compiler itself
// compares prototypes in sight; here the header's is not.)
// RUN: rm -f %t.o && %faridl %S/Inputs/counter.h --record=%t.iface
// RUN: not %clang -Xclang -load -Xclang %build/lib/FarcallPass.so -fpass-plugin=%build/lib/FarcallPass.so \
// RUN:     -mllvm -farcall-iface=%t.iface -c %s -o %t.o 2>&1 | FileCheck %s
// RUN: not ls %t.o

// CHECK: signature-err.c:[[#@LINE+1]]:5: error: operation 'counter_add' {{.*}} parameter 2 is not an 8-byte integer as '{{.*}}' says (counter.h:6) [FC-0202]
int counter_add(int by, int times)
{
    return by * times;
}
// CHECK: signature-err.c:[[#@LINE+1]]:6: error: operation 'counter_scale' {{.*}} 2 parameters, not 1
void counter_scale(double by, int more) {}
// CHECK: signature-err.c:[[#@LINE+1]]:6: error: operation 'counter_value' {{.*}} it does not return a 4-byte integer
void counter_value(void) {}
