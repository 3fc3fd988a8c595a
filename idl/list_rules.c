/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* faridl --list-rules: the table of rules, so that a test can see that each row has one. */
#include "idl/list_rules.h"

#include "idl/annotation.h"

void rules_list(FILE *out)
{
    static const struct {
        unsigned where;
        const char *name;
    } places[] = {{ON_FILE, "file"},     {ON_OPERATION, "operation"}, {ON_PARAMETER, "parameter"},
                  {ON_RESULT, "result"}, {ON_MEMBER, "member"},       {ON_DATA, "data"}};
    struct rule_row row;
    for (size_t i = 0; rules_row(i, &row); i++) {
        const char *comma = "";
        fprintf(out, "FC-%04u\t", (unsigned)row.number);
        for (size_t at = 0; at < sizeof places / sizeof *places; at++) {
            if (!(row.where & places[at].where))
                continue;
            fprintf(out, "%s%s", comma, places[at].name);
            comma = ",";
        }
        fprintf(out, "\t%s\n", row.message);
    }
}
