/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Stubs of every machine as stubgen writes them, read back by the checker of the segment format: two authors, one format. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "runtime/format/stub.h"
#include "stubgen/stubs.h"
#include "testsuite/unit/check.h"

#define SLOTS   5
#define BASE    0x10000u
#define LINKAGE 0x40000u

static const uint64_t implementations[SLOTS] = {0, 0x20000, STUB_NO_SLOT, STUB_NO_IMPLEMENTATION, 0x20124};

static const struct stub_part part = {
    .base = BASE, .linkage = LINKAGE, .slot_count = SLOTS, .implementations = implementations};

static struct stub_meaning read_slot(const struct stub_machine *machine, const uint8_t *code, uint32_t slot)
{
    return stub_reader_for(machine->elf_machine)->read(code + slot * FAR_STUB_SIZE, BASE + slot * FAR_STUB_SIZE);
}

static void check_gate_and_holes(const struct stub_machine *machine, const uint8_t *code)
{
    struct stub_meaning gate = read_slot(machine, code, FAR_SLOT_GATE);

    CHECK(gate.kind == STUB_KIND_GATE && gate.target == LINKAGE);
    CHECK(read_slot(machine, code, 2).kind == STUB_KIND_EMPTY);
    CHECK(read_slot(machine, code, 3).kind == STUB_KIND_TRAP); /* absent: the gate refuses, in both variants */
}

static void test_branch(const struct stub_machine *machine)
{
    uint8_t code[SLOTS * FAR_STUB_SIZE];
    struct stub_meaning first, last;

    CHECK(stubs_encode_part(machine, STUB_BRANCH, &part, code) == 0);
    check_gate_and_holes(machine, code);
    first = read_slot(machine, code, 1);
    last = read_slot(machine, code, 4);
    CHECK(first.kind == STUB_KIND_BRANCH && first.target == 0x20000);
    CHECK(last.kind == STUB_KIND_BRANCH && last.target == 0x20124);
}

static void test_trap(const struct stub_machine *machine)
{
    uint8_t code[SLOTS * FAR_STUB_SIZE];

    CHECK(stubs_encode_part(machine, STUB_TRAP, &part, code) == 0);
    check_gate_and_holes(machine, code);
    for (uint32_t slot = 1; slot < SLOTS; slot++) {
        struct stub_meaning stub = read_slot(machine, code, slot);

        CHECK(slot == 2 || (stub.kind == STUB_KIND_TRAP && stub.slot == slot && stub.target == BASE));
    }
}

/* Every bit counts: a stub with one bit turned over means something else or nothing. */
static void test_exact(const struct stub_machine *machine)
{
    uint8_t code[SLOTS * FAR_STUB_SIZE];

    CHECK(stubs_encode_part(machine, STUB_BRANCH, &part, code) == 0);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        struct stub_meaning right = read_slot(machine, code, slot);

        for (unsigned bit = 0; bit < 8 * FAR_STUB_SIZE; bit++) {
            uint8_t *byte = &code[slot * FAR_STUB_SIZE + bit / 8];
            struct stub_meaning turned;

            *byte ^= (uint8_t)(1 << bit % 8);
            turned = read_slot(machine, code, slot);
            *byte ^= (uint8_t)(1 << bit % 8);
            CHECK(turned.kind != right.kind || turned.slot != right.slot || turned.target != right.target);
        }
    }
}

static void test_last_slot(const struct stub_machine *machine)
{
    uint8_t code[FAR_STUB_SIZE];
    uint64_t stub = FAR_SLOT_MAX * FAR_STUB_SIZE;
    struct stub_meaning meaning;

    CHECK(machine->encode_trap(code, stub, FAR_SLOT_MAX, 0) == 0);
    meaning = stub_reader_for(machine->elf_machine)->read(code, stub);
    CHECK(meaning.kind == STUB_KIND_TRAP && meaning.slot == FAR_SLOT_MAX && meaning.target == 0);
}

/* The farthest that fits and the nearest that does not, in both directions. */
static void test_reach_x86_64(void)
{
    const struct stub_machine *machine = &stub_machine_x86_64;
    uint64_t half = (uint64_t)1 << 31;
    uint8_t code[FAR_STUB_SIZE];

    CHECK(machine->encode_branch(code, 0, 9 + half - 1) == 0);
    CHECK(machine->encode_branch(code, 0, 9 + half) == -ERANGE);
    CHECK(machine->encode_branch(code, half, 9) == 0);
    CHECK(machine->encode_branch(code, half + 1, 9) == -ERANGE);
    CHECK(machine->encode_trap(code, 0, 1, 15 + half - 1) == 0);
    CHECK(machine->encode_trap(code, 0, 1, 15 + half) == -ERANGE);
    CHECK(machine->encode_way_to_gate(code, 0, 7 + half - 1) == 0);
    CHECK(machine->encode_way_to_gate(code, 0, 7 + half) == -ERANGE);
    CHECK(machine->encode_thunk(code, 0, 10 + half - 1) == 0);
    CHECK(machine->encode_thunk(code, 0, 10 + half) == -ERANGE);
    CHECK(machine->encode_thunk(code, half, 10) == 0);
    CHECK(machine->encode_thunk(code, half + 1, 10) == -ERANGE);
}

static void test_reach_aarch64(void)
{
    const struct stub_machine *machine = &stub_machine_aarch64;
    uint64_t branch = (uint64_t)1 << 27, pages = (uint64_t)1 << 32;
    uint8_t code[FAR_STUB_SIZE];

    CHECK(machine->encode_branch(code, 0, 4 + branch - 4) == 0);
    CHECK(machine->encode_branch(code, 0, 4 + branch) == -ERANGE);
    CHECK(machine->encode_branch(code, branch, 4) == 0);
    CHECK(machine->encode_branch(code, branch + 4, 4) == -ERANGE);
    CHECK(machine->encode_branch(code, 0, 0x1002) == -ERANGE); /* between two instructions */
    CHECK(machine->encode_trap(code, 0, 1, 8 + branch - 4) == 0);
    CHECK(machine->encode_trap(code, 0, 1, 8 + branch) == -ERANGE);
    CHECK(machine->encode_trap(code, 0, FAR_SLOT_MAX + 1, 0) == -ERANGE);
    CHECK(machine->encode_way_to_gate(code, 0, pages - 4096) == 0);
    CHECK(machine->encode_way_to_gate(code, 0, pages) == -ERANGE);
    CHECK(machine->encode_way_to_gate(code, pages, 0) == 0);
    CHECK(machine->encode_way_to_gate(code, pages + 4096, 0) == -ERANGE);
    CHECK(machine->encode_way_to_gate(code, 0, 4096 + 8) == -ERANGE); /* not where a page starts */
    CHECK(machine->encode_thunk(code, 0, pages - 8) == 0);
    CHECK(machine->encode_thunk(code, 0, pages) == -ERANGE);
    CHECK(machine->encode_thunk(code, pages, 8) == 0);
    CHECK(machine->encode_thunk(code, pages + 4096, 8) == -ERANGE);
    CHECK(machine->encode_thunk(code, 0, 4096 + 4) == -ERANGE); /* no word lies there */
}

/* The stub at the end of a page: the instruction that counts pages is already on the next one. */
static void test_page_boundary_aarch64(void)
{
    uint8_t code[FAR_STUB_SIZE];

    CHECK(stub_machine_aarch64.encode_thunk(code, 0xffc, 0x2008) == 0);
    CHECK(code[4] == 0x10 && code[5] == 0 && code[6] == 0 && code[7] == 0xb0); /* adrp x16, the next page */
}

static void test_machine(uint16_t elf_machine, const char *name)
{
    const struct stub_machine *machine = stub_machine_for_elf(elf_machine);
    const struct stub_reader *reader = stub_reader_for(elf_machine);

    CHECK(machine && machine == stub_machine_by_name(name) && strstr(stub_machine_names(), name));
    CHECK(reader && !strcmp(reader->name, name));
    if (!machine || !reader)
        return;
    CHECK(machine->breakpoint == reader->breakpoint);
    test_branch(machine);
    test_trap(machine);
    test_exact(machine);
    test_last_slot(machine);
}

int main(void)
{
    test_machine(EM_X86_64, "x86-64");
    test_machine(EM_AARCH64, "aarch64");
    test_reach_x86_64();
    test_reach_aarch64();
    test_page_boundary_aarch64();
    CHECK(!stub_machine_for_elf(EM_RISCV) && !stub_machine_by_name("riscv64") && !stub_reader_for(EM_RISCV));
    return check_result();
}
