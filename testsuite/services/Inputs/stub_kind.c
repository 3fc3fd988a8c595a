/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Says what a call of each named operation does in this process: stub_kind NAME… */
#include <dlfcn.h>
#include <farcall/farcall.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        void *stub = dlsym(RTLD_DEFAULT, argv[i]);
        printf("%s: %s\n", argv[i], stub ? far_stub_kind_name(far_stub_kind(stub)) : "not there");
    }
    return 0;
}
