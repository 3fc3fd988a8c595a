/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Thunks: where a program wants the address of a function as a value, in data that all domains share, and that function is
 * at another address in each domain, the value is the address of a jump inside the segment. Which functions that are is
 * known after the link, so the glue has room for all that could be: the jumps at the start of the code, the words that
 * they go through at the end of the linkage.
 *
 * The start of the code, because data of a service holds these addresses for executables of other machines too: with
 * --like a function has the thunk that it has there.
 */
#include "linker-plugin/like.h"

#include <string.h>
#include <sysexits.h>

static bool is_taken(const struct link *link, uint64_t code)
{
    for (size_t i = 0; i < link->thunk_count; i++) {
        if (link->thunks[i].code == code)
            return true;
    }
    return false;
}

/* The first place that is free, here and in the segment that this one is like. */
static uint64_t free_place(const struct link *link, const Elf64_Shdr *room)
{
    for (uint64_t code = room->sh_addr; code < room->sh_addr + room->sh_size; code += FAR_STUB_SIZE) {
        if (!is_taken(link, code) && !like_has_thunk_at(link, code))
            return code;
    }
    return 0;
}

static int encode(struct link *link, const struct thunk *thunk)
{
    uint8_t *code = image_at(&link->image, thunk->code, FAR_STUB_SIZE);

    if (!code || link->machine->encode_thunk(code, thunk->code, thunk->word))
        return error_add(&link->errors, EX_DATAERR, "the segment is too large: a thunk cannot reach its word (2 GiB)");
    return 0;
}

static bool is_inside(const Elf64_Shdr *room, uint64_t address)
{
    return room && address >= room->sh_addr && address - room->sh_addr < room->sh_size;
}

static const struct thunk *new_thunk(struct link *link, const char *name)
{
    const Elf64_Shdr *codes = image_section(&link->image, GLUE_THUNKS);
    const Elf64_Shdr *words = image_section(&link->image, GLUE_THUNK_WORDS);
    struct thunk thunk = {.name = name, .code = like_thunk(link, name)};

    if (codes && !thunk.code)
        thunk.code = free_place(link, codes);
    thunk.word = words ? words->sh_addr + link->thunk_count * sizeof(uint64_t) : 0;
    if (!is_inside(codes, thunk.code) || !is_inside(words, thunk.word)) {
        error_add(&link->errors, EX_SOFTWARE, "there is no room for the thunk of '%s'", name);
        return NULL;
    }
    if (encode(link, &thunk))
        return NULL;
    *LIST_ADD(&link->arena, link->thunks, link->thunk_count) = thunk;
    table_set(&link->arena, &link->thunk_by_name, name, (void *)(uintptr_t)link->thunk_count);
    return &link->thunks[link->thunk_count - 1];
}

const struct thunk *thunk_for(struct link *link, const char *name, bool *is_new)
{
    uintptr_t known = (uintptr_t)table_find(&link->thunk_by_name, name);

    *is_new = !known;
    return known ? &link->thunks[known - 1] : new_thunk(link, name);
}

/* Words nobody uses are the end of the linkage: it becomes shorter. */
int thunks_settle(struct link *link)
{
    Elf64_Shdr *words = (Elf64_Shdr *)(uintptr_t)image_section(&link->image, GLUE_THUNK_WORDS);
    Elf64_Phdr *load = (Elf64_Phdr *)(uintptr_t)image_part(&link->image, FAR_PART_LINKAGE);
    uint64_t unused;

    if (!words || !load || words->sh_addr + words->sh_size != load->p_vaddr + load->p_memsz)
        return 0;
    unused = words->sh_size - link->thunk_count * sizeof(uint64_t);
    words->sh_size -= unused;
    load->p_memsz -= unused;
    load->p_filesz = load->p_filesz < load->p_memsz ? load->p_filesz : load->p_memsz;
    return 0;
}
