/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Stubs as stubgen writes them, read back by the checker of the segment format: two authors, one format. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "runtime/format/stub.h"
#include "stubgen/stubs.h"
#include "testsuite/unit/check.h"

#define SLOTS   5
#define BASE    0x10000u
#define LINKAGE 0x40000u

static const uint64_t implementations[SLOTS] = {0, 0x20000, STUB_NO_SLOT, STUB_NO_IMPLEMENTATION, 0x20123};

static struct stub_meaning read_slot(const uint8_t *code, uint32_t slot)
{
    return stub_reader_x86_64.read(code + slot * FAR_STUB_SIZE, BASE + slot * FAR_STUB_SIZE);
}

static void check_gate_and_holes(const uint8_t *code)
{
    struct stub_meaning gate = read_slot(code, FAR_SLOT_GATE);

    CHECK(gate.kind == STUB_KIND_GATE && gate.target == LINKAGE);
    CHECK(read_slot(code, 2).kind == STUB_KIND_EMPTY);
    CHECK(read_slot(code, 3).kind == STUB_KIND_TRAP); /* absent: the gate refuses, in both variants */
}

static void test_branch(const struct stub_machine *machine, const struct stub_part *part)
{
    uint8_t code[SLOTS * FAR_STUB_SIZE];

    CHECK(stubs_encode_part(machine, STUB_BRANCH, part, code) == 0);
    check_gate_and_holes(code);
    CHECK(read_slot(code, 1).kind == STUB_KIND_BRANCH && read_slot(code, 1).target == 0x20000);
    CHECK(read_slot(code, 4).kind == STUB_KIND_BRANCH && read_slot(code, 4).target == 0x20123);
}

static void test_trap(const struct stub_machine *machine, const struct stub_part *part)
{
    uint8_t code[SLOTS * FAR_STUB_SIZE];

    CHECK(stubs_encode_part(machine, STUB_TRAP, part, code) == 0);
    check_gate_and_holes(code);
    for (uint32_t slot = 1; slot < SLOTS; slot++) {
        struct stub_meaning stub = read_slot(code, slot);

        CHECK(slot == 2 || (stub.kind == STUB_KIND_TRAP && stub.slot == slot && stub.target == BASE));
    }
}

static void test_reach(const struct stub_machine *machine)
{
    uint8_t code[FAR_STUB_SIZE];

    CHECK(machine->encode_branch(code, 0, 9 + (uint64_t)INT32_MAX) == 0);
    CHECK(machine->encode_branch(code, 0, 10 + (uint64_t)INT32_MAX) == -ERANGE);
    CHECK(machine->encode_branch(code, (uint64_t)1 << 31, 9) == 0);
    CHECK(machine->encode_branch(code, ((uint64_t)1 << 31) + 1, 9) == -ERANGE);
    CHECK(machine->encode_way_to_gate(code, 0, UINT64_MAX / 2) == -ERANGE);
    CHECK(machine->encode_trap(code, FAR_SLOT_MAX * FAR_STUB_SIZE, FAR_SLOT_MAX, 0) == 0);
    CHECK(stub_reader_x86_64.read(code, FAR_SLOT_MAX * FAR_STUB_SIZE).slot == FAR_SLOT_MAX);
}

static void test_thunk(const struct stub_machine *machine)
{
    static const uint8_t expected[FAR_STUB_SIZE] = {0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0xf6, 0x0f,
                                                    0,    0,    0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc};
    uint8_t code[FAR_STUB_SIZE];

    CHECK(machine->encode_thunk(code, 0x1000, 0x2000) == 0);
    CHECK(!memcmp(code, expected, sizeof code));
}

int main(void)
{
    const struct stub_machine *machine = stub_machine_for_elf(EM_X86_64);
    struct stub_part part = {.base = BASE, .linkage = LINKAGE, .slot_count = SLOTS, .implementations = implementations};

    CHECK(machine && machine == stub_machine_by_name("x86-64"));
    CHECK(!stub_machine_for_elf(EM_AARCH64) && !stub_machine_by_name("aarch64"));
    CHECK(strstr(stub_machine_names(), "x86-64"));
    if (!machine)
        return check_result();
    test_branch(machine, &part);
    test_trap(machine, &part);
    test_reach(machine);
    test_thunk(machine);
    return check_result();
}
