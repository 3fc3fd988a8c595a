/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Tokens as text: each bit of the secret counts, each slip is seen, nothing but one way to write it is taken. */
#include "runtime/fard/capability_token.h"
#include "testsuite/unit/check.h"

#include <string.h>

static void check_slips(const char *token)
{
    char copy[TOKEN_MAX];
    size_t length = strlen(token);
    for (size_t i = 0; i < length; i++) {
        for (const char *c = "abcdefghijklmnopqrstuvwxyz234567:_189AZ \n"; *c; c++) {
            memcpy(copy, token, sizeof copy);
            copy[i] = *c;
            CHECK(*c == token[i] || !token_is_sound(copy));
        }
        memcpy(copy, token, sizeof copy);
        copy[i] = '\0';
        CHECK(!token_is_sound(copy));
    }
    memset(copy, 'a', sizeof copy); /* not ended */
    CHECK(!token_is_sound(copy));
    CHECK(!token_is_sound("") && !token_is_sound("farcap1::") && !token_is_sound("farcap1:kv:"));
}

static void check_bits(void)
{
    uint8_t secret[TOKEN_SECRET] = {0}, digest[CAPABILITY_DIGEST], other[CAPABILITY_DIGEST];
    char zero[TOKEN_MAX], token[TOKEN_MAX];
    token_write("kv", secret, zero);
    CHECK(capability_digest(zero, digest) == 0);
    for (int bit = 0; bit < TOKEN_SECRET * 8; bit++) {
        memset(secret, 0, sizeof secret);
        secret[bit / 8] = (uint8_t)(1 << bit % 8);
        token_write("kv", secret, token);
        CHECK(token_is_sound(token) && strlen(token) == strlen("farcap1:kv:") + TOKEN_LETTERS);
        CHECK(memcmp(token, zero, strlen("farcap1:kv:") + 32) != 0);
        CHECK(capability_digest(token, other) == 0 && memcmp(digest, other, sizeof digest) != 0);
    }
}

int main(void)
{
    uint8_t secret[TOKEN_SECRET];
    char token[TOKEN_MAX], service[TOKEN_NAME_MAX + 1], name[TOKEN_NAME_MAX + 1];
    for (int i = 0; i < TOKEN_SECRET; i++)
        secret[i] = (uint8_t)(i * 37 + 11);
    token_write("kv", secret, token);
    CHECK(token_is_sound(token));
    token_service(token, service);
    CHECK(strcmp(service, "kv") == 0);
    check_slips(token);
    memset(name, 'n', TOKEN_NAME_MAX);
    name[TOKEN_NAME_MAX] = '\0';
    token_write(name, secret, token);
    CHECK(token_is_sound(token) && strlen(token) < TOKEN_MAX);
    token_service(token, service);
    CHECK(strcmp(service, name) == 0);
    check_bits();
    return check_result();
}
