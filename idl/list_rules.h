/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The table of rules, to be looked at: testsuite/idl/support/catalogue.py sees that each row has a test. */
#ifndef FARCALL_IDL_LIST_RULES_H
#define FARCALL_IDL_LIST_RULES_H

#include "idl/diag.h"

/* One row of the table, as it is written there. */
struct rule_row {
    unsigned where; /* ON_… of annotation.h */
    enum fc_number number;
    const char *message;
};

/* The row of that index; false behind the last one. In rules.c, where the table is. */
bool rules_row(size_t index, struct rule_row *row);
/* All of them, one a line: number, where, message; separated by tabs (faridl --list-rules). */
void rules_list(FILE *out);

#endif
