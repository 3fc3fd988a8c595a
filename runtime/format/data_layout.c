/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/format/data_layout.h"
#include "runtime/format/elf.h"

#include <stdbool.h>

/* A section inside the data part and behind `from`; the names and addresses of sections are nobody's promise. */
static const Elf64_Shdr *find_inside(const struct elf_view *elf, const char *name, uint64_t from, uint64_t end)
{
    const Elf64_Shdr *section = elf_section(elf, name);
    bool inside =
        section && section->sh_addr >= from && section->sh_addr <= end && section->sh_size <= end - section->sh_addr;
    return inside ? section : NULL;
}

void segment_data_layout(const struct far_segment *segment, struct data_layout *layout)
{
    const struct complaint nobody = {NULL, 0};
    const struct far_extent *data = &segment->part[FAR_PART_DATA];
    uint64_t end = data->address + data->size;
    struct elf_view elf;
    layout->valued_end = data->address + segment->content_size[FAR_PART_DATA];
    layout->zeroed = layout->zeroed_end = end;
    layout->end = segment->part[FAR_PART_HEAP].address;
    if (elf_open(&elf, segment->bytes, segment->size, &nobody))
        return;
    const Elf64_Shdr *room = find_inside(&elf, FAR_SECTION_ROOM_VALUED, layout->valued_end, end);
    const Elf64_Shdr *bss = find_inside(&elf, ".bss", layout->valued_end, end);
    if (room)
        layout->zeroed = room->sh_addr + room->sh_size;
    else if (bss)
        layout->zeroed = bss->sh_addr;
    room = find_inside(&elf, FAR_SECTION_ROOM_ZEROED, layout->zeroed, end);
    if (room)
        layout->zeroed_end = room->sh_addr;
}

static struct far_extent between(uint64_t from, uint64_t to)
{
    return (struct far_extent){from, to > from ? to - from : 0};
}

void segment_data_added(const struct far_segment *earlier, const struct far_segment *later, struct far_extent added[2])
{
    struct data_layout before, after;
    segment_data_layout(earlier, &before);
    segment_data_layout(later, &after);
    added[0] = between(before.valued_end, after.valued_end);
    added[1] = between(before.zeroed_end, after.zeroed_end);
}
