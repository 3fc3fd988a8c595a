/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What the code that a domain has from us must know: the interface record and the plans, copied to where the domain reads them,
 * and memory to work with. All of it becomes the domain's; nobody here looks at it again.
 */
#include "runtime/pku/inside.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE PKU_CONTROL_SIZE

static uint64_t whole_pages(uint64_t size)
{
    return (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

static void *map(uint64_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void add(struct pku_copies *copies, const void *memory, uint64_t size, int protection)
{
    copies->range[copies->range_count++] =
        (struct pku_range){(uint64_t)(uintptr_t)memory, whole_pages(size), protection};
}

static int copy_plans(struct pku_copies *copies, struct pku_inside *inside)
{
    int failed = plans_from_iface(&inside->plans, inside->iface);
    if (!failed)
        add(copies, inside->plans.memory, inside->plans.size, PROT_READ);
    return failed;
}

/* Where this machine has what functions of the caller's take. One that no gate carries is never called. */
static void place_callbacks(struct far_placement *placement, const struct far_iface *iface)
{
    uint32_t at;
    for (uint32_t i = 0; i < iface->callbacks.count; i++) {
        const struct far_callback *callback = iface_callback(iface, i);
        placement_of(calling_of(FAR_ABI_MACHINE), iface, iface_callback_param(iface, callback, 0),
                     callback->param_count, &placement[i], &at);
    }
}

static void name_parts(struct pku_inside *inside, const struct far_mapping *mapping)
{
    inside->code = mapping->part[FAR_PART_CODE];
    inside->named[0] = mapping->part[FAR_PART_CONST];
    inside->named[1] = mapping->part[FAR_PART_DATA];
    inside->named[2] = mapping->part[FAR_PART_HEAP];
}

/* In one range: struct pku_inside, the functions by slot, the record and callbacks, then pages. */
int pku_copies_make(struct pku_copies *copies, const struct far_pku *pku, const struct far_iface *iface,
                    const struct far_mapping *mapping)
{
    uint64_t head = whole_pages(sizeof(struct pku_inside)), entries = whole_pages(sizeof pku->entry);
    uint64_t record = whole_pages(iface->size);
    uint64_t placements = whole_pages(iface->callbacks.count * sizeof(struct far_placement));
    uint64_t size = head + entries + record + placements + (uint64_t)PKU_PAGE_COUNT * PKU_PAGE;
    char *memory = map(size);
    *copies = (struct pku_copies){0};
    if (!memory)
        return -ENOMEM;
    struct pku_inside *inside = copies->inside = (struct pku_inside *)(void *)memory;
    add(copies, memory, size, PROT_READ | PROT_WRITE);
    inside->entry = memcpy(memory + head, pku->entry, sizeof pku->entry);
    inside->entry_count = PKU_SLOT_COUNT;
    inside->iface = memcpy(memory + head + entries, iface, iface->size);
    inside->area_size = PKU_AREA_SIZE;
    struct far_placement *placement = (struct far_placement *)(void *)(memory + head + entries + record);
    place_callbacks(placement, iface);
    inside->placement = placement;
    inside->pages.begin = memory + head + entries + record + placements;
    name_parts(inside, mapping);
    return copy_plans(copies, inside);
}
