/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far diff's words for all that a record can say: one change to the record of make_rich.c, one line that names it. */
#include "runtime/far/diff.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_rich.h"

#include <stdlib.h>
#include <string.h>

static struct far_type *type(struct far_iface *i, uint32_t index)
{
    return (struct far_type *)(uintptr_t)iface_type(i, index);
}

static struct far_value *value(struct far_iface *i, uint32_t index)
{
    return (struct far_value *)(uintptr_t)iface_value(i, index);
}

static struct far_expr *expr(struct far_iface *i, uint32_t index)
{
    return (struct far_expr *)(uintptr_t)iface_expr(i, index);
}

static struct far_member *member(struct far_iface *i, uint32_t index)
{
    return (struct far_member *)(uintptr_t)iface_member(i, index);
}

static struct far_op *op(struct far_iface *i, uint32_t index)
{
    return (struct far_op *)(uintptr_t)iface_op(i, index);
}

static struct far_param *param(struct far_iface *i, uint32_t index, uint32_t at)
{
    return (struct far_param *)(uintptr_t)(iface_result(i, iface_op(i, index)) + at);
}

static struct far_data *data(struct far_iface *i, uint32_t index)
{
    return (struct far_data *)(uintptr_t)iface_data(i, index);
}

static struct far_param *back(struct far_iface *i, uint32_t at)
{
    return (struct far_param *)(uintptr_t)iface_callback_param(i, iface_callback(i, 0), at);
}

/* A client's fingerprint covers the change. */
static void covered(struct far_iface *i, uint32_t index)
{
    op(i, index)->fingerprint++;
}

#define CHANGES(X)                                                                                                     \
    X((void)i, "", 0)                                                                                                  \
    X(i->minor = 2, "  compatible  service: its version was 2.1, now 2.2\n", 0)                                        \
    X(i->major = 3, "  breaks      service: its version was 2.1, now 3.1\n", 1)                                        \
    X(i->minor = 0, "  breaks      service: its version was 2.1, now 2.0\n", 1)                                        \
    X(i->machine = 183, "  breaks      service: it was for x86-64, now for aarch64\n", 1)                              \
    X(op(i, LIB_OPEN)->slot = 9, "  breaks      lib_open: its slot was 3, now 9: its address changes", 1)              \
    X(op(i, LIB_OPEN)->flags |= FAR_OP_NEUTRAL, "  compatible  lib_open: was not neutral, now neutral\n", 0)           \
    X((covered(i, LIB_OPEN), op(i, LIB_OPEN)->flags |= FAR_OP_ABSENT),                                                 \
      "  breaks      lib_open: was there, now absent\n", 1)                                                            \
    X(covered(i, LIB_OPEN), "  breaks      lib_open: its fingerprint was 3333333333333333", 1)                         \
    X(param(i, LIB_OPEN, 1)->name = param(i, LIB_EACH, 3)->name,                                                       \
      "  compatible  lib_open: parameter name is now called user\n", 0)                                                \
    X((covered(i, LIB_OPEN), param(i, LIB_OPEN, 1)->value.flags |= FAR_VALUE_OPTIONAL),                                \
      "lib_open: parameter name: was \"in, string up to its NUL\", now \"in, string up to its NUL, or NULL\"\n", 1)    \
    X((covered(i, LIB_EACH), back(i, 2)->value.flags = 0),                                                             \
      "lib_each: parameter each: parameter count: was \"by value, signed, 4 bytes\", now \"by value, unsigned", 1)     \
    X((covered(i, LIB_ERROR), param(i, LIB_ERROR, 0)->value.lifetime = FAR_LIFETIME_CALL),                             \
      "lib_error: result: was \"out, string up to its NUL, valid until lib is released\", now", 1)                     \
    X((covered(i, LIB_PUMP), member(i, M_MSG)->offset = 72, member(i, M_BITS)->offset = 24),                           \
      "  breaks      lib_pump: struct stream: member msg moved from 24 to 72\n", 2)                                    \
    X((covered(i, LIB_PUMP), type(i, R_STREAM)->size = expr(i, E_STREAM)->value = 96),                                 \
      "  breaks      lib_pump: struct stream: size was 80 bytes, now 96\n", 1)                                         \
    X((covered(i, LIB_PUMP), member(i, M_BITS)->bit_width = 4),                                                        \
      "  breaks      lib_pump: struct stream: bit-field bits was 3 bits wide, now 4\n", 1)                             \
    X((covered(i, LIB_PUMP), member(i, M_BITS)->bit_offset = 9),                                                       \
      "  breaks      lib_pump: struct stream: bit-field bits moved from bit 1 to bit 9\n", 1)                          \
    X((covered(i, LIB_PUMP), member(i, M_TAG)->name = member(i, M_FIRST)->name),                                       \
      "  breaks      lib_pump: struct stream: member tag is now called first\n", 1)                                    \
    X((covered(i, LIB_PUMP), type(i, R_STREAM)->member_count--),                                                       \
      "  breaks      lib_pump: struct stream: member bits is gone\n", 1)                                               \
    X((covered(i, LIB_PUMP), member(i, M_TAG)->type = R_UINT),                                                         \
      "  breaks      lib_pump: struct stream: member tag was int, now unsigned int\n", 1)                              \
    X((covered(i, LIB_PUMP), value(i, V_NEXT_IN)->size_first = E_AVAIL_OUT),                                           \
      "struct stream: member next_in: was \"in, avail_in bytes\", now \"in, avail_out bytes\"\n", 1)                   \
    X((covered(i, LIB_PUMP), member(i, M_NAME)->case_count = 1),                                                       \
      "  breaks      lib_pump: union any: member name: it was in use \"for -2, 3\", now \"for -2\"\n", 1)              \
    X((covered(i, LIB_PUMP), member(i, M_FD)->value = 0),                                                              \
      "struct stream: member fd: it said how it crosses, now it is plain bytes\n", 1)                                  \
    X(member(i, M_AVAIL_IN)->offset = 12, "  compatible  lib_pump: struct stream: member avail_in moved from 8", 0)    \
    X((data(i, 0)->fingerprint++, data(i, 0)->protocol = FAR_PROTOCOL_MIGRATORY),                                      \
      "  breaks      lib_limits: it was shared as read_mostly, now as migratory\n", 1)                                 \
    X(data(i, 1)->fingerprint++, "  breaks      lib_total: it changed in something that the records do not show\n", 1) \
    X(i->data.count = 1, "  breaks      lib_total: shared data removed\n", 1)                                          \
    X(i->ops.count = 7, "  breaks      lib_wide: removed: clients that name it will not bind\n", 1)

struct outcome {
    unsigned changes, breaking;
    char *text;
};

static struct outcome compare(const struct far_iface *old, const struct far_iface *new)
{
    struct outcome outcome = {0};
    struct diff diff;
    size_t size;
    CHECK(diff_begin(&diff, old, new) == 0);
    diff.out = open_memstream(&outcome.text, &size);
    diff_interfaces(&diff);
    fclose(diff.out);
    outcome.changes = diff.changes;
    outcome.breaking = diff.breaking;
    diff_end(&diff);
    return outcome;
}

#define X(change, expected, breaks)                                                                      \
    {                                                                                                    \
        struct made old = make_rich_record(), new = make_rich_record();                                  \
        struct far_iface *i = (struct far_iface *)new.bytes;                                             \
        change;                                                                                          \
        struct outcome outcome = compare((const struct far_iface *)old.bytes, i);                        \
        bool good = strstr(outcome.text, expected) && outcome.breaking == (breaks) &&                    \
                    outcome.changes == (expected[0] ? ((breaks) > 1 ? (breaks) : 1) : 0);                \
        if (!good)                                                                                       \
            fprintf(stderr, "%s\n%u changes, %u break:\n%s", #change, outcome.changes, outcome.breaking, \
                    outcome.text);                                                                       \
        CHECK(good);                                                                                     \
        free(outcome.text);                                                                              \
        free(old.bytes);                                                                                 \
        free(new.bytes);                                                                                 \
    }

static void test_changes(void)
{
    CHANGES(X)
}
#undef X

/* Numbers that promise more, or less, than the change keeps. */
static void test_advice(void)
{
    static const struct {
        uint16_t major, minor;
        bool changed, breaks;
        const char *expected;
    } cases[] = {
        {2, 1, false, false, ""},
        {2, 2, true, false, ""},
        {3, 0, true, true, ""},
        {2, 1, true, false, "both say 2.1; say far_service(lib, 2, 2)"},
        {2, 2, true, true, "say far_service(lib, 3, 0)"},
        {2, 1, true, true, "say far_service(lib, 3, 0)"},
        {2, 0, true, false, "2.0, is lower than the old one, 2.1"},
        {1, 9, true, true, "1.9, is lower than the old one, 2.1"},
        {3, 0, true, false, "far_service(lib, 2, 2) would be enough"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made old = make_rich_record(), new = make_rich_record();
        struct far_iface *iface = (struct far_iface *)new.bytes;
        char advice[DIFF_ADVICE_SIZE];
        iface->major = cases[i].major;
        iface->minor = cases[i].minor;
        struct diff diff = {.old = (const struct far_iface *)old.bytes,
                            .new = iface,
                            .interface_changed = cases[i].changed,
                            .interface_breaks = cases[i].breaks};
        CHECK(diff_version_fits(&diff, advice) == !cases[i].expected[0]);
        CHECK(strstr(advice, cases[i].expected));
        free(old.bytes);
        free(new.bytes);
    }
}

int main(void)
{
    test_changes();
    test_advice();
    return check_result();
}
