/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Stubs against slots. The trap variant runs in clients that do not trust the segment: slot 0 must be the way to the gate,
 * every other slot must take its own number there, and nothing else may be in it. The branch variant runs only where the
 * segment's code does; it is checked so that a damaged file is found before somebody calls it.
 */
#include "runtime/format/segment_walk.h"
#include "runtime/format/stub.h"
#include "runtime/iface.h"

#include <string.h>

static int check_slots(struct segment_walk *walk)
{
    const struct far_iface *iface = walk->segment->iface;
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        if (op->slot >= walk->segment->note->slot_count)
            return complain(&walk->to,
                            "operation %s has slot %u, but there are stubs for %u slots only; link the segment "
                            "again",
                            iface_string(iface, op->name), op->slot, walk->segment->note->slot_count);
    }
    return 0;
}

static const char *gate_mistake(const struct segment_walk *walk, const struct stub_meaning *stub)
{
    if (stub->kind != STUB_KIND_GATE || stub->target != walk->segment->part[FAR_PART_LINKAGE].address)
        return "it is not the way to the gate through this segment's linkage";
    return NULL;
}

static const char *trap_mistake(const struct stub_meaning *stub, uint32_t slot, uint64_t base)
{
    if (stub->kind == STUB_KIND_EMPTY)
        return NULL;
    if (stub->kind != STUB_KIND_TRAP)
        return "it is no trap stub; clients that do not trust this segment would run it";
    if (stub->slot != slot)
        return "it carries another slot's number";
    return stub->target == base ? NULL : "it does not go to slot 0, the way to the gate";
}

/* far_absent operations have no implementation: their stub goes to the gate, which refuses, in both variants. */
static const char *branch_mistake(const struct segment_walk *walk, const struct stub_meaning *stub, uint32_t slot,
                                  uint64_t base)
{
    const struct far_extent *code = &walk->segment->part[FAR_PART_CODE];
    if (stub->kind != STUB_KIND_BRANCH)
        return trap_mistake(stub, slot, base) ? "it is no branch stub" : NULL;
    if (stub->target < code->address || stub->target - code->address >= code->size)
        return "it branches to an address outside the code";
    return NULL;
}

static int check_part_stubs(struct segment_walk *walk, enum far_part part, bool trap, const uint8_t *stubs)
{
    const struct far_note *note = walk->segment->note;
    const struct stub_reader *reader = stub_reader_for(note->machine);
    uint64_t base = walk->segment->part[part].address;
    for (uint32_t slot = 0; slot < note->slot_count; slot++) {
        struct stub_meaning stub =
            reader->read(stubs + (size_t)slot * FAR_STUB_SIZE, base + (uint64_t)slot * FAR_STUB_SIZE);
        const char *mistake = slot == FAR_SLOT_GATE ? gate_mistake(walk, &stub)
                              : trap                ? trap_mistake(&stub, slot, base)
                                                    : branch_mistake(walk, &stub, slot, base);
        if (mistake)
            return complain(&walk->to, "part %s, %s variant, slot %u: %s; link the segment again", far_part_name(part),
                            trap ? "trap" : "branch", slot, mistake);
    }
    return 0;
}

static int check_operations_have_stubs(struct segment_walk *walk)
{
    const struct far_segment *segment = walk->segment;
    const struct far_iface *iface = segment->iface;
    const struct stub_reader *reader = stub_reader_for(segment->note->machine);
    const uint8_t *variants[] = {segment->content[FAR_PART_FSTUBS], segment->content[FAR_PART_DSTUBS],
                                 segment->traps[0], segment->traps[1]};
    for (uint32_t i = 0; i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
            if (reader->read(variants[v] + (size_t)op->slot * FAR_STUB_SIZE, 0).kind == STUB_KIND_EMPTY)
                return complain(
                    &walk->to, "operation %s has no stub in slot %u of part %s, %s variant; link the segment again",
                    iface_string(iface, op->name), op->slot, far_part_name(v % 2), v < 2 ? "branch" : "trap");
        }
    }
    return 0;
}

static int find_traps(struct segment_walk *walk, enum far_part part, const char *name)
{
    struct far_segment *segment = walk->segment;
    const Elf64_Shdr *section;
    int err = elf_required(&walk->elf, name, 1, &section, &walk->to);
    if (err)
        return err;
    if (section->sh_size != segment->part[part].size)
        return complain(&walk->to, "section %s has %llu bytes, but part %s has %llu; link the segment again", name,
                        (unsigned long long)section->sh_size, far_part_name(part),
                        (unsigned long long)segment->part[part].size);
    segment->traps[part] = elf_section_bytes(&walk->elf, section);
    return 0;
}

int segment_check_stubs(struct segment_walk *walk)
{
    struct far_segment *segment = walk->segment;
    int err = check_slots(walk);
    err = err ? err : find_traps(walk, FAR_PART_FSTUBS, FAR_SECTION_TRAPS_F);
    err = err ? err : find_traps(walk, FAR_PART_DSTUBS, FAR_SECTION_TRAPS_D);
    for (enum far_part part = FAR_PART_FSTUBS; !err && part <= FAR_PART_DSTUBS; part++) {
        err = check_part_stubs(walk, part, false, segment->content[part]);
        err = err ? err : check_part_stubs(walk, part, true, segment->traps[part]);
    }
    return err ? err : check_operations_have_stubs(walk);
}
