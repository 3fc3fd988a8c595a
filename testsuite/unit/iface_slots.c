/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* slots_keep(): who was there stays where it was, new operations go above all, and contradictions are refused. */
#include "runtime/format/slots.h"
#include "runtime/segment.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_rich.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char why[512];
static const struct complaint to = {why, sizeof why};

static const struct slot_service next_version = {"kv", 1, 1, EM_X86_64};

/* kv 1.0: kv_find 1, kv_put 2, kv_read 3. */
static void test_stable(const struct far_iface *old)
{
    struct slot_op ops[] = {{"kv_apple", 0}, {"kv_find", 0}, {"kv_put", 0}, {"kv_zebra", 0}};
    uint32_t end = 0;
    CHECK(slots_keep(old, &next_version, ops, 4, &end, &to) == 0);
    CHECK(ops[0].slot == 4 && ops[1].slot == 1 && ops[2].slot == 2 && ops[3].slot == 5);
    CHECK(end == 6); /* 3 is kv_read's for good */
    CHECK(slots_keep(old, &next_version, NULL, 0, &end, &to) == 0 && end == 4);
}

static void test_contradictions(const struct far_iface *old)
{
    static const struct {
        struct slot_service now;
        const char *expected;
    } wrong[] = {
        {{"vk", 1, 1, EM_X86_64}, "of service 'kv', not of 'vk'"},
        {{"kv", 1, 1, EM_AARCH64}, "for ELF machine 62"},
        {{"kv", 0, 9, EM_X86_64}, "version 1.0, later than 0.9"},
    };
    uint32_t end;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(slots_keep(old, &wrong[i].now, NULL, 0, &end, &to) == -EINVAL);
        CHECK(strstr(why, wrong[i].expected));
    }
    struct slot_service major = {"kv", 2, 0, EM_X86_64};
    CHECK(slots_keep(old, &major, NULL, 0, &end, &to) == 0 && end == 4);
}

static void test_full(struct far_iface *old)
{
    struct slot_op ops[] = {{"kv_apple", 0}, {"kv_find", 0}};
    uint32_t end = 0;
    old->slot_end = FAR_SLOT_MAX;
    CHECK(slots_keep(old, &next_version, ops, 2, &end, &to) == 0);
    CHECK(ops[0].slot == FAR_SLOT_MAX && end == FAR_SLOT_MAX + 1);
    old->slot_end = FAR_SLOT_MAX + 1;
    CHECK(slots_keep(old, &next_version, ops, 2, &end, &to) == -EINVAL && strstr(why, "no slot is left"));
    CHECK(slots_keep(old, &next_version, ops + 1, 1, &end, &to) == 0);
}

static void test_files(void)
{
    const struct far_iface *found = NULL;
    struct made record = make_rich_record(), segment = make_segment(MAKE_PLAIN);
    CHECK(iface_in_file(record.bytes, record.size, &found, &to) == 0 && found == (const void *)record.bytes);
    CHECK(iface_in_file(segment.bytes, segment.size, &found, &to) == 0);
    CHECK(!strcmp(iface_string(found, found->service), "kv"));
    CHECK(iface_in_file(record.bytes, record.size - 8, &found, &to) == -EINVAL && strstr(why, "truncated"));
    CHECK(iface_in_file(segment.bytes, 0, &found, &to) == -EINVAL && strstr(why, "not an ELF file"));
    free(record.bytes);
    free(segment.bytes);
}

int main(void)
{
    struct made made = make_record(MAKE_PLAIN);
    test_stable((const struct far_iface *)made.bytes);
    test_contradictions((const struct far_iface *)made.bytes);
    test_full((struct far_iface *)made.bytes);
    free(made.bytes);
    test_files();
    return check_result();
}
