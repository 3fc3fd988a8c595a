/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a client grants a service: memory of its domain segment, of regions, of the rest of its process, and of its parameters,
 * as the service's host can touch them. Prints "MEMORY RIGHTS" for each.
 *
 *     grant LEVEL trust|distrust
 */
#include "vault.h"

#include <farcall/farcall.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PRIVATE ((uint8_t *)0x548000000000)

static void row(const char *name, const uint8_t *address)
{
    int reads = vault_may((uint64_t)(uintptr_t)address, VAULT_READ);
    int writes = vault_may((uint64_t)(uintptr_t)address, VAULT_WRITE);
    printf("%s %c%c%c\n", name,
           reads == 1   ? 'r'
           : reads == 0 ? '-'
                        : '?',
           writes == 1   ? 'w'
           : writes == 0 ? '-'
                         : '?',
           '-');
}

static bool regions(void)
{
    uint8_t *lent = far_region(4096), *both = far_region(4096);
    if (!lent || !both || far_grant(lent, "vault", FAR_GRANT_READ) != 0 ||
        far_grant(both, "vault", FAR_GRANT_WRITE) != 0)
        return false;
    *lent = *both = 7;
    row("lent", lent);
    row("shared-region", both);
    if (far_revoke(both, "vault") != 0)
        return false;
    row("revoked", both);
    return *lent == 7;
}

int main(int argc, char **argv)
{
    bool trusts = argc > 2 && strcmp(argv[2], "trust") == 0;
    uint8_t *shared = far_alloc(4096);
    uint8_t *own =
        mmap(PRIVATE, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    uint64_t parameter = 1;
    if (!shared || own != PRIVATE || (trusts && far_trust("vault") != 0))
        return perror("grant"), 1;
    *shared = *own = 7;
    printf("level %s\n", far_level_name(far_level("vault")));
    row("domain", shared);
    row("private", own);
    if (!regions())
        return perror("regions"), 1;
    printf("parameter %s\n", vault_add(&parameter) == 0 && parameter == 2 ? "rw-" : "---");
    printf("in place: %s\n", vault_same(shared, (uint64_t)(uintptr_t)shared) == 1 ? "yes" : "no");
    if (trusts && far_distrust("vault") == 0)
        row("distrusted", shared);
    printf("unchanged: %s\n", *shared == 7 && *own == 7 ? "yes" : "no");
    return 0;
}
