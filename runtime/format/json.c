/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/json.h"
#include "runtime/format/complain.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_text(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    fputc('"', out);
    while (*at) {
        size_t length = text_utf8_length((const char *)at);
        if (length == 0)
            fputs("\\ufffd", out);
        else if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            fprintf(out, "\\u%04x", *at);
        else
            fwrite(at, 1, length, out);
        at += length ? length : 1;
    }
    fputc('"', out);
}

static void start_value(struct json *json, const char *name)
{
    if (json->has_value)
        fputc(',', json->out);
    if (json->depth)
        fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
    json->has_value = true;
    if (name) {
        write_text(json->out, name);
        fputs(": ", json->out);
    }
}

void json_open(struct json *json, const char *name, char bracket)
{
    start_value(json, name);
    fputc(bracket, json->out);
    json->depth++;
    json->has_value = false;
}

void json_close(struct json *json, char bracket)
{
    json->depth--;
    if (json->has_value)
        fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
    fputc(bracket, json->out);
    json->has_value = true;
    if (json->depth == 0)
        fputc('\n', json->out);
}

void json_string(struct json *json, const char *name, const char *text)
{
    start_value(json, name);
    if (text)
        write_text(json->out, text);
    else
        fputs("null", json->out);
}

void json_number(struct json *json, const char *name, uint64_t value)
{
    start_value(json, name);
    fprintf(json->out, "%" PRIu64, value);
}

void json_signed(struct json *json, const char *name, int64_t value)
{
    start_value(json, name);
    fprintf(json->out, "%" PRId64, value);
}

void json_real(struct json *json, const char *name, double value, int digits)
{
    char text[48];
    int precision = 6;
    start_value(json, name);
    do /* the shortest that means the same number */
        snprintf(text, sizeof text, "%.*g", precision, value);
    while ((digits < 17 ? (double)strtof(text, NULL) : strtod(text, NULL)) != value && isfinite(value) &&
           ++precision <= digits);
    fprintf(json->out, isfinite(value) ? "%s" : "\"%s\"", text);
}

void json_bool(struct json *json, const char *name, bool value)
{
    start_value(json, name);
    fputs(value ? "true" : "false", json->out);
}

void json_hex(struct json *json, const char *name, uint64_t value)
{
    start_value(json, name);
    fprintf(json->out, "\"0x%" PRIx64 "\"", value);
}

void json_bytes(struct json *json, const char *name, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    start_value(json, name);
    fputc('"', json->out);
    for (size_t i = 0; i < size; i++)
        fprintf(json->out, "%02x", byte[i]);
    fputc('"', json->out);
}
