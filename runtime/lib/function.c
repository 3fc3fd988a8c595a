/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/function.h"

#include <stddef.h>
#include <sys/mman.h>

#define ADDRESS_BITS 48

/* By number less 1, what pack() makes; 0: nobody's yet. Mapped whole; pages that nothing is written to cost nothing. */
struct far_functions {
    uint64_t item[FAR_FUNCTIONS_MAX];
};

static struct far_functions *functions_get(struct far_functions **place)
{
    struct far_functions *there = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    if (there)
        return there;
    struct far_functions *made =
        mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED)
        return NULL;
    if (__atomic_compare_exchange_n(place, &there, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    munmap(made, sizeof *made);
    return there;
}

/* Both in one word, so that a place is taken in one step: 0 if they do not fit. */
static uint64_t pack(uint64_t address, uint32_t callback)
{
    return address >> ADDRESS_BITS || callback >> (64 - ADDRESS_BITS) || !address
               ? 0
               : address | (uint64_t)callback << ADDRESS_BITS;
}

static uint32_t first_place(uint64_t packed)
{
    return (uint32_t)(packed * 0x9e3779b97f4a7c15u >> 40) % FAR_FUNCTIONS_MAX;
}

/* Without a lock, for signal handlers: whoever takes a place first has it, and nobody ever leaves one. */
uint32_t function_number(struct far_functions **place, uint64_t address, uint32_t callback)
{
    uint64_t packed = pack(address, callback);
    struct far_functions *functions = packed ? functions_get(place) : NULL;
    uint32_t at = first_place(packed);
    for (uint32_t i = 0; functions && i < FAR_FUNCTIONS_MAX; i++, at = (at + 1) % FAR_FUNCTIONS_MAX) {
        uint64_t there = 0;
        if (__atomic_compare_exchange_n(&functions->item[at], &there, packed, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE) ||
            there == packed)
            return at + 1;
    }
    return 0;
}

uint64_t function_any(struct far_functions *const *place, uint32_t number, uint32_t *callback)
{
    const struct far_functions *functions = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    *callback = 0;
    if (!functions || number == 0 || number > FAR_FUNCTIONS_MAX)
        return 0;
    uint64_t packed = __atomic_load_n(&functions->item[number - 1], __ATOMIC_ACQUIRE);
    *callback = (uint32_t)(packed >> ADDRESS_BITS);
    return packed & ((1ull << ADDRESS_BITS) - 1);
}

uint64_t function_address(struct far_functions *const *place, uint32_t number, uint32_t callback)
{
    uint32_t is;
    uint64_t address = function_any(place, number, &is);
    return is == callback ? address : 0;
}
