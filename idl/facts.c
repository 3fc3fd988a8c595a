/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/facts.h"

#include <elf.h>
#include <string.h>

/* Every question of probe.h, to see that all were answered. */
#define QUESTIONS(X) X(machine) X(model) X(order) X(char) X(wchar) X(long_double) X(language) X(dialect)

enum question {
#define X(name) QUESTION_##name,
    QUESTIONS(X)
#undef X
        QUESTION_COUNT
};

struct answer {
    enum question question;
    const char *word;
    const char *refusal; /* NULL: supported */
};

static const char *const names[] = {
#define X(name) #name,
    QUESTIONS(X)
#undef X
};

static const struct answer answers[] = {
    {QUESTION_machine, "x86_64", NULL},
    {QUESTION_machine, "aarch64", NULL},
    {QUESTION_machine, "other", "makes code for another machine than x86-64 or aarch64"},
    {QUESTION_model, "lp64", NULL},
    {QUESTION_model, "other", "has other pointers or another long than 64-bit Linux (-m32, -mx32, -mabi=ilp32)"},
    {QUESTION_order, "little", NULL},
    {QUESTION_order, "big", "makes big-endian code (-mbig-endian)"},
    {QUESTION_char, "signed", NULL},
    {QUESTION_char, "unsigned", NULL},
    {QUESTION_wchar, "signed", NULL},
    {QUESTION_wchar, "unsigned", NULL},
    {QUESTION_wchar, "other", "has another wchar_t than the C library (-fshort-wchar)"},
    {QUESTION_long_double, "usual", NULL},
    {QUESTION_long_double, "other", "has another long double than the C library (-mlong-double-64, -mlong-double-128)"},
    {QUESTION_language, "c17", NULL},
    {QUESTION_language, "c23", NULL},
    {QUESTION_dialect, "iso", NULL},
    {QUESTION_dialect, "gnu", NULL},
};

/* The answer on one line, which is `question word`; NULL: none of ours. */
static const struct answer *find_answer(const char *line, size_t length)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const char *name = names[answers[i].question], *word = answers[i].word;
        size_t name_length = strlen(name), word_length = strlen(word);
        if (length == name_length + 1 + word_length && memcmp(line, name, name_length) == 0 &&
            line[name_length] == ' ' && memcmp(line + name_length + 1, word, word_length) == 0)
            return &answers[i];
    }
    return NULL;
}

static void take_answer(struct facts *facts, const struct answer *answer)
{
    if (answer->question == QUESTION_machine)
        facts->machine = strcmp(answer->word, "aarch64") == 0 ? EM_AARCH64 : EM_X86_64;
    if (answer->question == QUESTION_char)
        facts->unsigned_char = strcmp(answer->word, "unsigned") == 0;
    if (answer->question == QUESTION_wchar)
        facts->unsigned_wchar = strcmp(answer->word, "unsigned") == 0;
    if (answer->question == QUESTION_language)
        facts->c23 = strcmp(answer->word, "c23") == 0;
    if (answer->question == QUESTION_dialect)
        facts->gnu = strcmp(answer->word, "gnu") == 0;
}

const char *facts_read(struct facts *facts, const char *text, size_t size)
{
    const char *end = text + size;
    unsigned answered = 0;
    /* The answers stand at the top, so this ends there. */
    while (answered != (1u << QUESTION_COUNT) - 1) {
        const char *pragma = memmem(text, (size_t)(end - text), FACTS_PRAGMA, sizeof FACTS_PRAGMA - 1);
        if (!pragma)
            return "did not say what it makes code for (<farcall/probe.h>)";
        text = pragma + sizeof FACTS_PRAGMA - 1;
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        const struct answer *answer = find_answer(text, (size_t)((line_end ? line_end : end) - text));
        if (answer && answer->refusal)
            return answer->refusal;
        if (answer) {
            take_answer(facts, answer);
            answered |= 1u << answer->question;
        }
    }
    return NULL;
}

void facts_apply(const struct facts *facts, struct unit *unit)
{
    unit->machine = facts->machine;
    unit->unsigned_char = facts->unsigned_char;
    unit->unsigned_wchar = facts->unsigned_wchar;
    unit->c23 = facts->c23;
    unit->gnu = facts->gnu;
    unit->short_enums = facts->short_enums;
    unit->ms_structures = facts->ms_structures;
    unit->ms_extensions = facts->ms_extensions;
    unit->pack = facts->pack;
}
