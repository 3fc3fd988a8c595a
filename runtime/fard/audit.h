/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The audit log: who was granted and refused what, and who changed what may be granted; one JSON object a line, written
 * whole or not at all (docs/policy.md has the fields). It is bounded: at `limit` bytes the file becomes FILE.1. What
 * cannot be written does not stop fard: it is counted, fard's own log says so, and so does the next line that can be.
 */
#ifndef FARCALL_AUDIT_H
#define FARCALL_AUDIT_H

#include "runtime/fard/error.h"
#include "runtime/fard/log.h"

#include <stdbool.h>
#include <stdint.h>

#define AUDIT_LIMIT  (16ull << 20) /* bytes of one file */
#define AUDIT_FIELDS 16u

struct audit {
    char *path; /* NULL: there is none */
    int fd;     /* -1: it cannot be had at the moment */
    uint64_t size;
    uint64_t limit;
    uint64_t number;    /* of the last line */
    uint64_t lost_ever; /* lines that could not be written, for metrics */
    uint64_t lost;      /* lines that could not be written and that no line speaks of yet */
};

void audit_init(struct audit *audit);
/* 0, FARD_REFUSED or a negative errno. "none": no audit log. */
int audit_open(struct audit *audit, const char *path, struct far_error *error);
/* Somebody may have moved the file away. */
void audit_reopen(struct audit *audit);
void audit_close(struct audit *audit);

/*
 * One line. `event` is a fixed word; `fields` (at most AUDIT_FIELDS) as log_write_json() takes them; the message is for
 * people. Refusals and what an administrator should look at are LOG_LEVEL_WARNING, everything else LOG_LEVEL_NOTICE.
 */
void audit_write(struct audit *audit, enum log_level level, const char *event, const struct log_field *fields,
                 unsigned field_count, const char *message);

#endif
