/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * far diff: what changed between two versions of an interface, and whether programs that were linked against the old one
 * still work. What clients rely on is what binding compares: names, fingerprints and the major version; and addresses.
 */
#ifndef FARCALL_FAR_DIFF_H
#define FARCALL_FAR_DIFF_H

#include "runtime/far/dump.h"
#include "runtime/format/json.h"
#include "runtime/iface.h"

enum diff_effect { DIFF_COMPATIBLE, DIFF_BREAKS };

struct diff {
    const struct far_iface *old, *new;
    FILE *out;
    struct json *json;       /* NULL: text */
    const char *operation;   /* what is being compared: an operation, shared data; NULL: the service as a whole */
    enum diff_effect effect; /* of changes to it that its fingerprint covers */
    unsigned changes;        /* reported so far */
    unsigned breaking;       /* of them */
    uint32_t moved;          /* operations with another slot than before */
    bool interface_changed;  /* something else than the version */
    bool interface_breaks;
    uint32_t round;
    uint32_t *seen;          /* by old type: the last round that compared it */
    const char **changed_in; /* by old type: the operation under which its changes were shown; NULL: none were */
    uint32_t *seen_callbacks;
};

/* 0 or -ENOMEM; end with diff_end(). `out` and `json` are filled in by the caller. */
int diff_begin(struct diff *diff, const struct far_iface *old, const struct far_iface *new);
void diff_end(struct diff *diff);

/* Count a change and show it: kind is one word for programs ("parameter"), the rest a sentence for people. */
void diff_report(struct diff *diff, enum diff_effect effect, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Compare everything in `new` with `old`. */
void diff_interfaces(struct diff *diff);

/* What should be done about the version numbers, as a sentence; "" if they fit. */
#define DIFF_ADVICE_SIZE 512
bool diff_version_fits(const struct diff *diff, char advice[DIFF_ADVICE_SIZE]);

/* Compare the layouts of two types and of all that they reach. Within a round each old type is looked at once. */
void diff_types(struct diff *diff, uint32_t old_index, uint32_t new_index);

/* Compare results and parameters of two functions; `prefix` is empty, or says which callback: "each: ". */
void diff_functions(struct diff *diff, const struct dump_scope *old_scope, const struct dump_scope *new_scope,
                    const char *prefix);
/* Compare how two values cross; `subject` says which: "parameter val". */
void diff_values(struct diff *diff, const struct dump_scope *old_scope, const struct far_value *old_value,
                 const struct dump_scope *new_scope, const struct far_value *new_value, const char *kind,
                 const char *subject);

struct loaded;
/* Two segments for two machines: whether they can be one service. Prints; returns an exit code. */
int diff_pair_show(const struct loaded *one, const struct loaded *other, bool as_json);

#endif
