/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the parts of the dump share: dump.c (text), dump_json.c, dump_value.c (one value in words). */
#ifndef FARCALL_IDL_DUMP_H
#define FARCALL_IDL_DUMP_H

#include "idl/model.h"

struct dumping {
    const struct model *model;
    struct arena *arena;
    FILE *out;
};

/* What a value's expressions and lifetimes may name. */
struct names {
    const struct model_param *result, *params;
    const struct model_type *structure;
};

/* "buffer in len bytes or NULL" */
const char *value_text(struct dumping *dumping, const struct model_value *value, const struct names *names);
/* "(n * 4)" */
const char *expression_text(struct dumping *dumping, const struct model_expr *nodes, uint32_t count);
/* ", in use for 1, 2" or "" */
const char *cases_text(struct dumping *dumping, const struct model_member *member);
/* "call", "handle 'db'"; "" for none */
const char *lifetime_text(struct dumping *dumping, const struct model_value *value, const struct names *names);

bool dump_has_layout(const struct model_type *type);
void dump_json(struct dumping *dumping);

#endif
