// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that the service loads. Its own frames are cleaned up when the exception leaves.
#include <cstdio>
#include <stdexcept>

struct Cleaner {
    ~Cleaner() { std::fputs("thrower: cleaned up\n", stderr); }
};

extern "C" void throw_it()
{
    Cleaner cleaner;
    throw std::runtime_error("no such thing");
}
