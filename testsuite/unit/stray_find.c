/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* stray_find(): every form that writes the register of protection keys is found at every offset, and nothing else is. */
#include "runtime/format/stray.h"
#include "testsuite/unit/check.h"

#include <elf.h>
#include <string.h>

struct form {
    const char *name; /* NULL: harmless */
    uint8_t code[3];
};

static const struct form forms[] = {
    {"wrpkru", {0x0f, 0x01, 0xef}}, {"xrstor", {0x0f, 0xae, 0x2f}}, /* xrstor (%rdi) */
    {"xrstor", {0x0f, 0xae, 0x6f}},                                 /* xrstor disp8(%rdi) */
    {"xrstor", {0x0f, 0xae, 0xaf}},                                 /* xrstor disp32(%rdi) */
    {NULL, {0x0f, 0xae, 0xe8}},                                     /* lfence */
    {NULL, {0x0f, 0xae, 0xef}}, /* lfence, with another register in its last field */
    {NULL, {0x0f, 0xae, 0x27}}, /* xsave (%rdi) */
    {NULL, {0x0f, 0x01, 0xee}}, /* rdpkru */
    {NULL, {0x0f, 0x0b, 0xef}}, /* ud2 */
};

static void test_forms_at_every_offset(void)
{
    uint8_t bytes[200]; /* more than is looked at at once */
    struct stray stray;

    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        for (size_t at = 0; at + 3 <= sizeof bytes; at++) {
            memset(bytes, 0x90, sizeof bytes);
            memcpy(bytes + at, forms[f].code, 3);
            bool found = stray_find(EM_X86_64, bytes, sizeof bytes, 0, &stray);
            CHECK(found == (forms[f].name != NULL));
            if (found)
                CHECK(stray.offset == at && !strcmp(stray.name, forms[f].name));
        }
    }
}

static void test_cut_off_at_the_end(void)
{
    static const uint8_t wrpkru[] = {0x0f, 0x01, 0xef};
    struct stray stray;

    CHECK(!stray_find(EM_X86_64, wrpkru, 2, 0, &stray));
    CHECK(!stray_find(EM_X86_64, wrpkru, 0, 0, &stray));
    CHECK(!stray_find(EM_X86_64, wrpkru, 3, 1, &stray));
    CHECK(stray_find(EM_X86_64, wrpkru, 3, 0, &stray));
}

/* An escape byte before the real one, and a second occurrence behind the first. */
static void test_all_are_found(void)
{
    static const uint8_t bytes[] = {0x0f, 0x0f, 0x01, 0xef, 0x90, 0x0f, 0xae, 0x2f};
    struct stray stray;

    CHECK(stray_find(EM_X86_64, bytes, sizeof bytes, 0, &stray) && stray.offset == 1);
    CHECK(stray_find(EM_X86_64, bytes, sizeof bytes, stray.offset + 1, &stray) && stray.offset == 5);
    CHECK(!stray_find(EM_X86_64, bytes, sizeof bytes, stray.offset + 1, &stray));
}

/* msr por_el0, x3 on a word's boundary only: nothing can jump between. */
static void test_aarch64(void)
{
    uint8_t bytes[16] = {0};
    struct stray stray;

    memcpy(bytes + 8, (const uint8_t[]){0x83, 0xa2, 0x1b, 0xd5}, 4);
    CHECK(stray_find(EM_AARCH64, bytes, sizeof bytes, 0, &stray) && stray.offset == 8);
    CHECK(!stray_find(EM_AARCH64, bytes, sizeof bytes, 9, &stray));
    CHECK(!stray_find(EM_AARCH64, bytes + 1, sizeof bytes - 1, 0, &stray));
    CHECK(!stray_find(EM_AARCH64, bytes, 11, 0, &stray));
    CHECK(!stray_find(EM_X86_64, bytes, sizeof bytes, 0, &stray));
}

int main(void)
{
    test_forms_at_every_offset();
    test_cut_off_at_the_end();
    test_all_are_found();
    test_aarch64();
    return 0;
}
