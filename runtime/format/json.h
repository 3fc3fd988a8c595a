/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Writes JSON to a stream: valid UTF-8 whatever the text holds, indented by two spaces, same input same bytes. Opening,
 * closing and values take the member's name, or NULL inside an array. Write errors show in ferror(out).
 */
#ifndef FARCALL_JSON_H
#define FARCALL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    unsigned depth;
    bool has_value; /* the innermost object or array has one already */
};

void json_open(struct json *json, const char *name, char bracket);       /* '{' or '[' */
void json_close(struct json *json, char bracket);                        /* '}' or ']' */
void json_string(struct json *json, const char *name, const char *text); /* NULL text: null */
void json_number(struct json *json, const char *name, uint64_t value);
void json_signed(struct json *json, const char *name, int64_t value);
/* With so many digits at most; what JSON has no number for, as text: "nan", "-inf". */
void json_real(struct json *json, const char *name, double value, int digits);
void json_bool(struct json *json, const char *name, bool value);
void json_hex(struct json *json, const char *name, uint64_t value); /* "0x…": addresses and fingerprints exceed 2^53 */
void json_bytes(struct json *json, const char *name, const void *bytes,
                size_t size); /* as lower-case hexadecimal text */

#endif
