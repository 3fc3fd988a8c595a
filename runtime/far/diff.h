/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far diff: what an interface's clients would notice, by operation. */
#ifndef FARCALL_FAR_DIFF_H
#define FARCALL_FAR_DIFF_H

#include "runtime/format/json.h"
#include "runtime/iface.h"

struct diff {
    const struct far_iface *old, *new;
    FILE *out;
    struct json *json;     /* NULL: text */
    const char *operation; /* what is being compared; NULL: the service as a whole */
    unsigned changes;      /* reported so far */
    uint32_t *seen;        /* by old type: the last `round` that compared it */
    uint32_t round;
};

/* Count a change and show it: kind is one word for programs ("parameter"), the rest a sentence for people. */
void diff_report(struct diff *diff, const char *kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Compare everything in `new` with `old`; diff->changes says whether they are the same. */
void diff_interfaces(struct diff *diff);

/* Compare the layouts of two types and of all that they reach. Within a round each old type is looked at once. */
void diff_types(struct diff *diff, uint32_t old_index, uint32_t new_index);

#endif
