/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The compiler's answers to <farcall/probe.h>: all must come, none is guessed. */
#include "idl/facts.h"
#include "testsuite/unit/check.h"

#include <elf.h>
#include <string.h>

#define USUAL                                                                                            \
    FACTS_PRAGMA "model lp64\n" FACTS_PRAGMA "order little\n" FACTS_PRAGMA "wchar signed\n" FACTS_PRAGMA \
                 "long_double usual\n"

static const char *read_text(struct facts *facts, const char *text)
{
    *facts = (struct facts){0};
    return facts_read(facts, text, strlen(text));
}

static void check_answers(void)
{
    struct facts facts;

    CHECK(!read_text(&facts, "# 1 \"a.h\"\n" USUAL FACTS_PRAGMA "machine aarch64\n" FACTS_PRAGMA
                             "char unsigned\n" FACTS_PRAGMA "language c23\nint x;\n" FACTS_PRAGMA "dialect gnu"));
    CHECK(facts.machine == EM_AARCH64 && facts.unsigned_char && facts.c23 && facts.gnu);
    CHECK(!read_text(&facts, USUAL FACTS_PRAGMA "machine x86_64\n" FACTS_PRAGMA "char signed\n" FACTS_PRAGMA
                                                "language c17\n" FACTS_PRAGMA "dialect iso\n"));
    CHECK(facts.machine == EM_X86_64 && !facts.unsigned_char && !facts.c23 && !facts.gnu);
}

static void check_refusals(void)
{
    struct facts facts;
    const char *why = read_text(&facts, "");

    CHECK(why && strstr(why, "did not say"));
    why = read_text(&facts, USUAL FACTS_PRAGMA "machine x86_64\n" FACTS_PRAGMA "char signed\n");
    CHECK(why && strstr(why, "did not say"));
    why = read_text(&facts, USUAL FACTS_PRAGMA "machine x86_6\n" FACTS_PRAGMA "char\n" FACTS_PRAGMA);
    CHECK(why && strstr(why, "did not say"));
    why = read_text(&facts, FACTS_PRAGMA "machine other\n");
    CHECK(why && strstr(why, "another machine"));
    why = read_text(&facts, FACTS_PRAGMA "order big\n");
    CHECK(why && strstr(why, "big-endian"));
}

int main(void)
{
    check_answers();
    check_refusals();
    return check_result();
}
