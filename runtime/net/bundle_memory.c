/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/net/bundle.h"

#include <sys/mman.h>

void *bundle_get(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void *bundle_resize(void *old, size_t bytes, size_t wanted)
{
    if (!old)
        return bundle_get(wanted);
    void *memory = mremap(old, bytes, wanted, MREMAP_MAYMOVE);
    return memory == MAP_FAILED ? NULL : memory;
}

void bundle_release(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes);
}
