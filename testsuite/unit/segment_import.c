/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* import_check(): what fard believes of a table that a client sends. */
#include "runtime/import.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <string.h>

struct table {
    struct far_import_table header;
    struct far_import_op op[2];
    char strings[16];
};

static struct table make_table(void)
{
    uint32_t strings = offsetof(struct table, strings);
    return (struct table){.header = {.magic = "FARIMPRT",
                                     .version = FAR_IMPORT_VERSION,
                                     .size = sizeof(struct table),
                                     .service = "kv",
                                     .major = 1,
                                     .op_count = 2,
                                     .fingerprint = 7},
                          .op = {{.fingerprint = 1, .name = strings}, {.fingerprint = 2, .name = strings + 8}},
                          .strings = "kv_find\0kv_put"};
}

#define BREAKS(X)                                                               \
    X(t.header.magic[7] = 0, "does not start")                                  \
    X(t.header.version = 2, "version 2")                                        \
    X(t.header.details = 8, "details")                                          \
    X(t.header.details = sizeof t, "details")                                   \
    X(t.header.details = sizeof t - 6, "details")                               \
    X((t.header.details = sizeof t - 8, t.header.reserved = 1), "details")      \
    X(t.header.size = 8, "damaged")                                             \
    X(t.header.service[0] = 0, "service's name")                                \
    X(memset(t.header.service, 'a', sizeof t.header.service), "service's name") \
    X(t.header.service[1] = '\n', "service's name")                             \
    X(t.header.op_count = 0, "0 operations")                                    \
    X(t.header.op_count = 0xffffffff, "do not fit")                             \
    X(t.header.op_count = 3, "do not fit")                                      \
    X(t.op[1].name = 0, "has no name")                                          \
    X(t.op[1].name = 96, "has no name")                                         \
    X(t.op[1].name = sizeof t, "has no name")                                   \
    X(t.op[1].flags = 2, "unknown flags")                                       \
    X(t.op[1].fails = 1, "unknown flags")                                       \
    X(memset(t.strings + 8, 'x', 8), "no C identifier")                         \
    X(t.strings[0] = '9', "no C identifier")                                    \
    X(t.op[1].name = t.op[0].name, "must be sorted")

/* What is looked at only when something does not fit: nothing outside the table is read, whatever it says. */
struct detailed {
    struct table table;
    struct far_import_details head;
    uint32_t first[3], digest[4];
    struct far_import_type type[1];
    struct far_import_member member[2];
    uint32_t end;
};

static struct detailed make_detailed(void)
{
    struct detailed made = {.table = make_table(),
                            .head = {.digest_count = 4, .type_count = 1, .member_count = 2},
                            .first = {0, 2, 4},
                            .type = {{.member_count = 2}}};
    made.table.header.size = sizeof made;
    made.table.header.details = offsetof(struct detailed, head);
    return made;
}

static void check_details(void)
{
    char why[256];
    struct import_details details;
    struct detailed made = make_detailed();
    CHECK(import_check(&made, sizeof made, why, sizeof why) == 0);
    CHECK(import_details(&made.table.header, &details) && details.first[1] == 2 && details.type_count == 1);
    CHECK(details.digest == made.digest && details.type == made.type && details.member == made.member);
    CHECK(strcmp(import_detail_name(&made.table.header, made.table.op[1].name), "kv_put") == 0);
    CHECK(import_detail_name(&made.table.header, 0)[0] == 0 && import_detail_name(&made.table.header, ~0u)[0] == 0);
    CHECK(import_detail_name(&made.table.header, 3)[0] == 0); /* what cannot be shown is none */
#define X(breaking)                                           \
    do {                                                      \
        made = make_detailed();                               \
        (void)(breaking);                                     \
        CHECK(!import_details(&made.table.header, &details)); \
    } while (0);
    X(made.table.header.details = 0)
    X(made.table.header.details = sizeof made - 4)
    X(made.head.digest_count = ~0u)
    X(made.head.digest_count = 3)
    X(made.head.type_count = 100)
    X(made.head.member_count = 1)
    X(made.head.member_count = 100)
    X(made.first[0] = 3)
    X(made.first[2] = 5)
    X(made.type[0].first_member = 1)
    X(made.type[0].first_member = ~0u)
#undef X
}

int main(void)
{
    char why[256];
    struct table t = make_table();
    CHECK(import_check(&t, sizeof t, why, sizeof why) == 0);
    CHECK(!strcmp(import_op_name(&t.header, 1), "kv_put"));
    CHECK(import_check((char *)&t + 1, sizeof t - 1, why, sizeof why) == -EINVAL);
    for (size_t size = 0; size < sizeof t; size++)
        CHECK(import_check(&t, size, why, sizeof why) == -EINVAL);
#define X(breaking, expected)                                          \
    do {                                                               \
        t = make_table();                                              \
        why[0] = 0;                                                    \
        (void)(breaking);                                              \
        CHECK(import_check(&t, sizeof t, why, sizeof why) == -EINVAL); \
        CHECK(strstr(why, expected));                                  \
    } while (0);
    BREAKS(X)
#undef X
    check_details();
    return check_result();
}
