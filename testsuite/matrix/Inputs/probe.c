/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A client that tries to read, write and jump to every part of a service, and says what it could: one line a part.
 *
 *     probe PART=ADDRESS…       fstubs, dstubs, code, const, linkage, data, heap
 *
 * A part that is mapped is tried at its first byte, code at a function. What is written is what was read there, so
 * that whoever may write changes nothing. Then it reaches for what it could not, by every other road.
 */
#include "vault.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

static sigjmp_buf faulted;

static void on_signal(int number)
{
    siglongjmp(faulted, number);
}

static bool may(uint64_t address, enum vault_how how)
{
    volatile uint8_t *byte = (volatile uint8_t *)address;
    int number = sigsetjmp(faulted, 1);
    if (number) {
        if (number != SIGSEGV) {
            printf("signal %d at %#llx, not SIGSEGV\n", number, (unsigned long long)address);
            exit(1);
        }
        return false;
    }
    if (how == VAULT_READ)
        (void)*byte;
    else if (how == VAULT_WRITE)
        *byte = 0x62; /* seen by no one where it must not be: the service compares */
    else
        ((int (*)(void))address)();
    return true;
}

/* Whoever may read writes back what it found. */
static bool may_write(uint64_t address)
{
    volatile uint8_t *byte = (volatile uint8_t *)address;
    if (!may(address, VAULT_READ))
        return may(address, VAULT_WRITE);
    if (sigsetjmp(faulted, 1))
        return false;
    *byte = *byte;
    return true;
}

/* Stubs are tried as stubs, by calling them: vault_where(0) does no harm. */
static bool may_jump(const char *part, uint64_t address)
{
    if (strcmp(part, "dstubs") == 0)
        return vault_where(VAULT_DATA) != 0;
    if (strcmp(part, "fstubs") == 0)
        return vault_sum() != 0;
    if (strcmp(part, "code") == 0)
        return may(vault_where(VAULT_CODE), VAULT_JUMP);
    return may(address, VAULT_JUMP);
}

static void try_part(const char *part, uint64_t address)
{
    bool read = may(address, VAULT_READ), write = may_write(address), jump = may_jump(part, address);
    printf("%s %c%c%c\n", part, read ? 'r' : '-', write ? 'w' : '-', jump ? 'x' : '-');
}

/* More rights for what is mapped: what is not the client's to write must not become so where others see it. */
static void raise_rights(uint64_t address)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *start = (uint8_t *)(address & ~((uint64_t)page - 1));
    if (mprotect(start, page, PROT_READ | PROT_WRITE) == 0 && !sigsetjmp(faulted, 1))
        start[address % page] ^= 0xff;
    void *moved = mremap(start, page, page, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
    if (moved != MAP_FAILED && mprotect(moved, page, PROT_READ | PROT_WRITE) == 0 && !sigsetjmp(faulted, 1))
        ((uint8_t *)moved)[address % page] ^= 0xff;
    int file = open("/proc/self/mem", O_RDWR);
    uint8_t other = 0x77;
    if (file >= 0 && pwrite(file, &other, 1, (off_t)address) != 1)
        errno = 0;
    close(file);
}

static int reach(int host, uint64_t address)
{
    uint8_t byte = 0x77;
    char path[64];
    struct iovec here = {&byte, 1}, there = {(void *)address, 1};
    snprintf(path, sizeof path, "/proc/%d/mem", host);
    int roads = open(path, O_RDONLY) >= 0;
    roads += process_vm_writev(host, &here, 1, &there, 1, 0) == 1;
    roads += process_vm_readv(host, &here, 1, &there, 1, 0) == 1;
    roads += ptrace(PTRACE_ATTACH, host, NULL, NULL) == 0;
    roads += ptrace(PTRACE_SEIZE, host, NULL, NULL) == 0;
    snprintf(path, sizeof path, "/proc/%d/map_files", host);
    roads += open(path, O_RDONLY | O_DIRECTORY) >= 0;
    return roads;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
    int host = argc > 1 ? atoi(argv[1]) : 0;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    uint64_t before = vault_sum();
    printf("level %s\n", far_level_name(far_level("vault")));
    for (int i = 2; i < argc; i++) {
        char *address = strchr(argv[i], '=');
        *address++ = '\0';
        try_part(argv[i], strtoull(address, NULL, 16));
    }
    printf("unchanged: %s\n", vault_sum() == before ? "yes" : "no");
    printf("roads to the host: %d\n", reach(host, vault_where(VAULT_DATA)));
    if (far_level("vault") != FAR_LEVEL_TRUSTED)
        for (int part = VAULT_CODE; part <= VAULT_HEAP; part++)
            raise_rights(vault_where(part));
    printf("unchanged by more rights: %s\n", vault_sum() == before ? "yes" : "no");
    return 0;
}
