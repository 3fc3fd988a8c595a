/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * REQUIRES: x86-64
 * The name server dies, and with it the host, while a client is bound: its calls fail and do not hang. The name server is
 * started again on its store: the same client's next calls work. The client is told by lines on its input.
 *
 * RUN: %client-cc -O1 -g -I%root/include -I%root/docs/examples/kv %s -o %t -L%build/examples/kv -lkv -L%build/lib -lfarcall \
 * RUN:   -Wl,-rpath,%build/examples/kv -Wl,-rpath,%build/lib
 * RUN: bash %S/Inputs/gone.sh %build %t %t.work | FileCheck %s
 * CHECK:      bound: kv_null() = 0
 * CHECK-NEXT: fard killed: kv_null() = -1, Host is down
 * CHECK-NEXT: fard killed: kv_null() = -1, Host is down
 * CHECK-NEXT: fard again: kv_null() = 0
 * CHECK-NEXT: fard again: kv_null() = 0
 */
#include "kv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char line[64];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        errno = 0;
        int result = kv_null();
        printf("%s: kv_null() = %d%s%s\n", line, result, result ? ", " : "", result ? strerror(errno) : "");
    }
    return 0;
}
