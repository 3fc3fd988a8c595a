/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

static const uint64_t constant[64] = {0x6363636363636363};
static uint64_t variable[64] = {0x6464646464646464};
static uint64_t *heap;

static int secret(void)
{
    return VAULT_SECRET;
}

static uint64_t *heap_word(void)
{
    if (!heap && (heap = malloc(64)))
        *heap = 0x6868686868686868;
    return heap;
}

uint64_t vault_where(int part)
{
    switch (part) {
    case VAULT_CODE:
        return (uint64_t)(uintptr_t)secret;
    case VAULT_CONST:
        return (uint64_t)(uintptr_t)constant;
    case VAULT_DATA:
        return (uint64_t)(uintptr_t)variable;
    default:
        return (uint64_t)(uintptr_t)heap_word();
    }
}

uint64_t vault_sum(void)
{
    const uint64_t *code = (const uint64_t *)(uintptr_t)secret;
    return *code + constant[0] + variable[0] + *heap_word();
}

/* The kernel says EFAULT where a program would get SIGSEGV; what it writes is what it has read there. */
int vault_may(uint64_t address, int how)
{
    int ends[2], may = -1;
    char byte = 0;
    if (how == VAULT_JUMP || pipe(ends) != 0)
        return -1;
    may = write(ends[1], (const void *)address, 1) == 1;
    if (how == VAULT_WRITE) {
        if (!may && write(ends[1], &byte, 1) != 1)
            may = -1;
        else
            may = read(ends[0], (void *)address, 1) == 1;
    }
    close(ends[0]);
    close(ends[1]);
    return may;
}

int vault_do(uint64_t address, int how)
{
    volatile uint8_t *byte = (volatile uint8_t *)address;
    if (how == VAULT_JUMP)
        return ((int (*)(void))address)();
    if (how == VAULT_WRITE)
        *byte = 0x77;
    return *byte;
}

int vault_add(uint64_t *value)
{
    *value += 1;
    return getpid() > 0 ? 0 : -1; /* not neutral: it runs in the host for everybody */
}

int vault_same(const uint8_t *byte, uint64_t address)
{
    return getpid() > 0 && (uint64_t)(uintptr_t)byte == address;
}

static int by_file(int pid, uint64_t address)
{
    char path[64], byte = 0x77;
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int file = open(path, O_RDWR);
    if (file < 0)
        return 0;
    int got = pwrite(file, &byte, 1, (off_t)address) == 1 || pread(file, &byte, 1, (off_t)address) == 1;
    close(file);
    return got;
}

int vault_attack(int pid, uint64_t address)
{
    char byte = 0x77;
    struct iovec here = {&byte, 1}, there = {(void *)address, 1};
    int roads = by_file(pid, address);
    roads += process_vm_writev(pid, &here, 1, &there, 1, 0) == 1;
    roads += process_vm_readv(pid, &here, 1, &there, 1, 0) == 1;
    roads += ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0;
    roads += ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
    return roads;
}
