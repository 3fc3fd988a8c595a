/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/pku/inside/inside.h"

int64_t pku_ask(enum pku_asked what, uint64_t word0, uint64_t word1)
{
    struct pku_arguments *area = pku_self()->area;
    area->word[0] = word0;
    area->word[1] = word1;
    __atomic_store_n(&area->asked, (uint32_t)what, __ATOMIC_RELAXED);
    far_pku_ask();
    return area->answer;
}

void pku_end(const char *why)
{
    struct pku_arguments *area = pku_self()->area;
    unsigned i = 0;
    for (; why[i] && i < PKU_ASKED_TEXT - 1; i++)
        area->text[i] = why[i];
    area->text[i] = '\0';
    pku_ask(PKU_ASKED_END, 0, 0);
    __builtin_trap();
}
