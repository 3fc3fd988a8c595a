/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/token.h"

#include <string.h>

#define SECRET_LETTERS (TOKEN_SECRET * 8 / 5)
#define SUM_LETTERS    (TOKEN_LETTERS - SECRET_LETTERS)

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

/* CRC-32 (the reflected one of Ethernet), of which the checksum takes 20 bits. */
static uint32_t checksum(const char *text, size_t size)
{
    uint32_t sum = ~0u;
    for (size_t i = 0; i < size; i++) {
        sum ^= (uint8_t)text[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return ~sum;
}

static void write_sum(const char *text, size_t size, char out[SUM_LETTERS])
{
    uint32_t sum = checksum(text, size);
    for (int i = 0; i < SUM_LETTERS; i++)
        out[i] = letters[sum >> 5 * i & 31];
}

/* Five bytes are eight letters, the highest bits first. */
static void write_secret(const uint8_t secret[TOKEN_SECRET], char out[SECRET_LETTERS])
{
    for (int i = 0; i < TOKEN_SECRET; i += 5) {
        uint64_t bits = 0;
        for (int j = 0; j < 5; j++)
            bits = bits << 8 | secret[i + j];
        for (int j = 0; j < 8; j++)
            *out++ = letters[bits >> (35 - 5 * j) & 31];
    }
}

void token_write(const char *service, const uint8_t secret[TOKEN_SECRET], char token[TOKEN_MAX])
{
    size_t prefix = strlen(TOKEN_PREFIX), name = strnlen(service, TOKEN_NAME_MAX);
    char *at = token + prefix + name;
    memset(token, 0, TOKEN_MAX);
    memcpy(token, TOKEN_PREFIX, prefix);
    memcpy(token + prefix, service, name);
    *at++ = ':';
    write_secret(secret, at);
    at += SECRET_LETTERS;
    write_sum(token, (size_t)(at - token), at);
}

static bool is_name(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i && c >= '0' && c <= '9'))
            return false;
    }
    return size > 0 && size <= TOKEN_NAME_MAX;
}

bool token_is_sound(const char *token)
{
    char sum[SUM_LETTERS];
    size_t size = strnlen(token, TOKEN_MAX), prefix = strlen(TOKEN_PREFIX);
    if (size == TOKEN_MAX || size < prefix + 1 + TOKEN_LETTERS || memcmp(token, TOKEN_PREFIX, prefix) != 0)
        return false;
    size_t name = size - prefix - 1 - TOKEN_LETTERS;
    const char *secret = token + prefix + name + 1;
    if (secret[-1] != ':' || !is_name(token + prefix, name) || strspn(secret, letters) != TOKEN_LETTERS)
        return false;
    write_sum(token, size - SUM_LETTERS, sum);
    return memcmp(sum, token + size - SUM_LETTERS, SUM_LETTERS) == 0;
}

void token_service(const char *token, char service[TOKEN_NAME_MAX + 1])
{
    size_t name = strlen(token) - strlen(TOKEN_PREFIX) - 1 - TOKEN_LETTERS;
    memset(service, 0, TOKEN_NAME_MAX + 1);
    memcpy(service, token + strlen(TOKEN_PREFIX), name);
}
