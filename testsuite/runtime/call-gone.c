/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * REQUIRES: x86-64
 * The name server dies while a client is bound: its calls go on. The host dies as well: its call fails and does not hang.
 * The name server is started again on its store: the same client's next call waited for it. The client is told by lines on
 * its input.
 *
 * RUN: %client-cc -O1 -g -I%root/include -I%root/docs/examples/kv %s -o %t -L%build/examples/kv -lkv -L%build/lib -lfarcall \
 * RUN:   -Wl,-rpath,%build/examples/kv -Wl,-rpath,%build/lib
 * RUN: bash %S/Inputs/gone.sh %build %t %t.work | FileCheck %s
 * CHECK:      bound: kv_null() = 0
 * CHECK-NEXT: fard killed: kv_null() = 0
 * CHECK-NEXT: host killed: kv_null_function() = -1, Host is down
 * CHECK-NEXT: fard again: kv_null_function() = 0
 * CHECK-NEXT: fard again: kv_null() = 0
 */
#include "kv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char line[64];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        errno = 0;
        bool there = strstr(line, "host killed") || strstr(line, "next");
        int result = there ? kv_null_function() : kv_null();
        printf("%s: kv_null%s() = %d%s%s\n", strtok(line, ","), there ? "_function" : "", result, result ? ", " : "",
               result ? strerror(errno) : "");
    }
    return 0;
}
