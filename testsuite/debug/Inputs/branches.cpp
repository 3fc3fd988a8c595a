// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exceptions, jumps and backtraces of callbacks, through the service's frames in this very thread.
#include "dbg.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <execinfo.h>
#include <farcall/farcall.h>
#include <stdexcept>

static int thrower(void *, int value)
{
    if (value == 3)
        throw std::runtime_error("at three");
    return value;
}

static jmp_buf back;

static int jumper(void *, int value)
{
    if (value == 2)
        longjmp(back, value);
    return value;
}

int main()
{
    std::printf("each: %s\n", far_stub_kind_name(far_stub_kind((const void *)dbg_each)));
    try {
        dbg_each(5, thrower, nullptr);
        std::puts("nothing came");
    } catch (const std::exception &error) {
        std::printf("caught: %s\n", error.what());
    }
    int came = setjmp(back);
    if (came == 0)
        dbg_each(5, jumper, nullptr);
    std::printf("jumped: %d\n", came);
    std::printf("inside: %d\n", dbg_inside(3));
    return 0;
}
