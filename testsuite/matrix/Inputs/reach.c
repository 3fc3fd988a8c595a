/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a service's host can touch: of its own segment, of this client, of another process. One line a row.
 *
 *     reach PID PART=ADDRESS…     PID: a process of another user
 */
#include "vault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Not where anything else is mapped, in any process. */
#define PRIVATE ((uint8_t *)0x548000000000)

static const char *can(int answer, char letter)
{
    static char text[2];
    text[0] = answer == 1 ? letter : answer == 0 ? '-' : '?';
    return text;
}

static int jump(const char *part, uint64_t address)
{
    if (strcmp(part, "code") == 0)
        return vault_do(vault_where(VAULT_CODE), VAULT_JUMP) == VAULT_SECRET;
    if (strcmp(part, "dstubs") == 0 || strcmp(part, "fstubs") == 0)
        return 1; /* this very call went through one */
    errno = 0;
    return vault_do(address, VAULT_JUMP) == -1 && errno == EHOSTDOWN ? 0 : -1;
}

static void row(const char *name, uint64_t address)
{
    printf("%s %s", name, can(vault_may(address, VAULT_READ), 'r'));
    printf("%s", can(vault_may(address, VAULT_WRITE), 'w'));
    printf("%s\n", can(jump(name, address), 'x'));
}

/* Reading and writing, too, are tried for real: the host dies of either, the next call is served by a new one. */
static void dies(const char *what, uint64_t address, enum vault_how how)
{
    errno = 0;
    int result = vault_do(address, how);
    printf("%s: %s\n", what, result == -1 && errno == EHOSTDOWN ? "SIGSEGV there" : "it could");
}

int main(int argc, char **argv)
{
    int roads = 0;
    uint8_t *own =
        mmap(PRIVATE, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (own != PRIVATE)
        return 1;
    *own = 1;
    for (int i = 2; i < argc; i++) {
        char *address = strchr(argv[i], '=');
        *address++ = '\0';
        row(argv[i], strtoull(address, NULL, 16));
    }
    row("private", (uint64_t)(uintptr_t)own);
    dies("read of private memory", (uint64_t)(uintptr_t)own, VAULT_READ);
    dies("write to private memory", (uint64_t)(uintptr_t)own, VAULT_WRITE);
    roads = vault_attack((int)getpid(), (uint64_t)(uintptr_t)own);
    printf("roads to this client: %d\n", roads);
    printf("roads to another process: %d\n", vault_attack(atoi(argv[1]), (uint64_t)(uintptr_t)own));
    printf("private memory is unchanged: %s\n", *own == 1 ? "yes" : "no");
    return 0;
}
