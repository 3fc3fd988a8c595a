/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* For each number that comes in, what chain_count() says of it. */
#include <farcall/annotate.h>
#include <stdio.h>
#include <stdlib.h>
long chain_count(int variable);

int main(void)
{
    char line[32];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin))
        printf("%ld\n", chain_count(atoi(line)));
    return 0;
}
