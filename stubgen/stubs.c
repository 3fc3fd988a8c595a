/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "stubgen/stubs.h"

#include <stddef.h>
#include <string.h>

static const struct stub_machine *const machines[] = {&stub_machine_x86_64, &stub_machine_aarch64};

#define MACHINE_COUNT (sizeof machines / sizeof *machines)

const struct stub_machine *stub_machine_for_elf(uint16_t elf_machine)
{
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        if (machines[i]->elf_machine == elf_machine)
            return machines[i];
    }
    return NULL;
}

const struct stub_machine *stub_machine_by_name(const char *name)
{
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        if (!strcmp(machines[i]->name, name))
            return machines[i];
    }
    return NULL;
}

const char *stub_machine_names(void)
{
    return "x86-64 and aarch64";
}

static int encode_slot(const struct stub_machine *machine, enum stub_variant variant, const struct stub_part *part,
                       uint32_t slot, uint8_t *code)
{
    uint64_t stub = part->base + (uint64_t)slot * FAR_STUB_SIZE;
    uint64_t implementation = part->implementations[slot];

    if (slot == FAR_SLOT_GATE)
        return machine->encode_way_to_gate(code, stub, part->linkage);
    if (implementation == STUB_NO_SLOT) {
        memset(code, machine->breakpoint, FAR_STUB_SIZE);
        return 0;
    }
    if (variant == STUB_TRAP || implementation == STUB_NO_IMPLEMENTATION)
        return machine->encode_trap(code, stub, slot, part->base);
    return machine->encode_branch(code, stub, implementation);
}

int stubs_encode_part(const struct stub_machine *machine, enum stub_variant variant, const struct stub_part *part,
                      uint8_t *code)
{
    for (uint32_t slot = 0; slot < part->slot_count; slot++) {
        int error = encode_slot(machine, variant, part, slot, code + (size_t)slot * FAR_STUB_SIZE);

        if (error)
            return error;
    }
    return 0;
}
