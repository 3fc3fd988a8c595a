/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Segments of every machine are checked on every machine; a trap stub with one wrong bit is refused on each. */
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"
#include "testsuite/unit/make_stubs.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int check(const struct made *made, struct far_segment *segment)
{
    char why[256] = "";
    int err = segment_check(made->bytes, made->size, SEGMENT_SKIP_DIGEST, segment, why, sizeof why);
    CHECK(err == 0 || (err == -EINVAL && why[0]));
    return err;
}

static void test_accepted(const struct made_machine *machine, enum make_variant variant)
{
    struct made made = make_segment_for(machine, variant);
    struct far_segment segment;
    char why[256] = "";
    int err = segment_check(made.bytes, made.size, 0, &segment, why, sizeof why);
    if (err)
        fprintf(stderr, "machine %d: %s\n", machine->elf_machine, why);
    CHECK(err == 0 && segment.note->machine == machine->elf_machine);
    free(made.bytes);
}

static void test_every_bit(const struct made_machine *machine)
{
    struct made made = make_segment_for(machine, MAKE_PLAIN);
    struct far_segment segment, broken;
    CHECK(check(&made, &segment) == 0);
    for (int part = 0; part < 2; part++) {
        uint8_t *traps = (uint8_t *)(uintptr_t)segment.traps[part];
        for (unsigned bit = 0; bit < segment.note->slot_count * FAR_STUB_SIZE * 8; bit++) {
            traps[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CHECK(check(&made, &broken) == -EINVAL);
            traps[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    CHECK(check(&made, &segment) == 0);
    free(made.bytes);
}

/* A stub of the other machine is as wrong as any. */
static void test_other_machines_stub(const struct made_machine *machine, const struct made_machine *other)
{
    struct made made = make_segment_for(machine, MAKE_PLAIN);
    struct far_segment segment, broken;
    CHECK(check(&made, &segment) == 0);
    uint8_t *traps = (uint8_t *)(uintptr_t)segment.traps[0];
    memset(traps + FAR_STUB_SIZE, other->empty, FAR_STUB_SIZE);
    other->trap(traps + FAR_STUB_SIZE, FAR_STUB_SIZE, 1, 0);
    CHECK(check(&made, &broken) == -EINVAL);
    free(made.bytes);
}

int main(void)
{
    const struct made_machine *machines[] = {&made_x86_64, &made_aarch64};
    for (int i = 0; i < 2; i++) {
        test_accepted(machines[i], MAKE_PLAIN);
        test_accepted(machines[i], MAKE_CHANGED);
        test_every_bit(machines[i]);
        test_other_machines_stub(machines[i], machines[1 - i]);
    }
    return check_result();
}
