/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* talk-client say TEXT | much LINES | null COUNT | later LINES: when something has come on standard input */
#include "talk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 64;
    if (strcmp(argv[1], "say") == 0)
        printf("said %d\n", talk_say(argv[2]));
    else if (strcmp(argv[1], "much") == 0)
        printf("said %d lines\n", talk_much(atoi(argv[2])));
    else if (strcmp(argv[1], "later") == 0) {
        talk_null();
        puts("bound");
        fflush(stdout);
        getchar();
        printf("said %d lines\n", talk_much(atoi(argv[2])));
    } else
        for (int i = 0; i < atoi(argv[2]); i++)
            talk_null();
    return 0;
}
