/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The instructions that every process has, from the GNU C library, and what becomes of them in the process's own copy:
 *
 *   ld.so, the two functions behind lazy binding: xrstor 64(%rsp) → a jump to the same with a check behind it
 *   libc.so, pkey_set: wrpkru → ud2: a program that uses protection keys itself cannot have this gate
 */
#include "runtime/pku/gate.h"
#include "runtime/pku/sweep.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RESTORES        4 /* as many as the gate has places for */
#define RESTORE_SIZE    32
#define PKEY_SET_LENGTH 128 /* bytes, at most */

extern uint64_t far_pku_restore_back[RESTORES] PKU_HIDDEN;
uint64_t far_pku_restore_back[RESTORES];

/* xrstor 64(%rsp). Volatile, so that it stays data: in this file's code it would be what is looked for. */
static const volatile uint8_t linker_restore[] = {0x0f, 0xae, 0x6c, 0x24, 0x40};

static bool is_linker_restore(const uint8_t *code)
{
    size_t same = 0;
    while (same < sizeof linker_restore && code[same] == linker_restore[same])
        same++;
    return same == sizeof linker_restore;
}

/* Other threads may run in the very page: its whole content is exchanged in one step, and is never writable where it runs. */
static bool write_code(uint64_t address, const uint8_t *code, size_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), begin = address & ~(page - 1);
    size_t length = (address + size - begin + page - 1) & ~(page - 1);
    void *place = (void *)(uintptr_t)begin;
    uint8_t *copy = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED)
        return false;
    memcpy(copy, place, length);
    memcpy(copy + (address - begin), code, size);
    if (mprotect(copy, length, PROT_READ | PROT_EXEC) == 0 &&
        mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, place) != MAP_FAILED)
        return true;
    munmap(copy, length);
    return false;
}

static bool lead_to_checked_restore(uint64_t address)
{
    unsigned which = 0;
    while (which < RESTORES && far_pku_restore_back[which])
        which++;
    uint64_t place = (uint64_t)(uintptr_t)far_pku_restore_begin + (uint64_t)which * RESTORE_SIZE;
    int64_t distance = (int64_t)(place - (address + sizeof linker_restore));
    if (which == RESTORES || distance != (int32_t)distance)
        return false;
    uint8_t jump[sizeof linker_restore] = {0xe9};
    memcpy(jump + 1, &(int32_t){(int32_t)distance}, sizeof(int32_t));
    far_pku_restore_back[which] = address + sizeof linker_restore;
    return write_code(address, jump, sizeof jump);
}

static bool is_in_pkey_set(uint64_t address)
{
    uint64_t function = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "pkey_set");
    return function && address - function < PKEY_SET_LENGTH;
}

bool pku_neutralise(uint64_t address, const char *name)
{
    static const uint8_t refuse[] = {0x0f, 0x0b, 0x90}; /* ud2; nop */
    if (strcmp(name, "xrstor") == 0 && is_linker_restore((const uint8_t *)(uintptr_t)address))
        return lead_to_checked_restore(address);
    return strcmp(name, "wrpkru") == 0 && is_in_pkey_set(address) && write_code(address, refuse, sizeof refuse);
}
