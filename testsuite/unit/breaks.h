/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * A table of ways to break something that was sound, and what its reader must say then. To be included once, behind
 * BREAKS(X), a list of X(name, statement, "what is expected"), and BREAK_SUBJECT, the parameter that the statements use.
 */
#define X(name, breaking, expected)         \
    static void break_##name(BREAK_SUBJECT) \
    {                                       \
        (void)(breaking);                   \
    }
BREAKS(X)
#undef X

static const struct {
    const char *name;
    void (*apply)(BREAK_SUBJECT);
    const char *expected;
} breaks[] = {
#define X(name, breaking, expected) {#name, break_##name, expected},
    BREAKS(X)
#undef X
};
