/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A later version over an earlier one's data: which variables are the same, where new ones may lie, what is refused and what noted. */
#include "runtime/format/data_layout.h"
#include "runtime/format/pair.h"
#include "runtime/format/pair_sides.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"
#include "testsuite/unit/make_stubs.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define DATA 0x50000u
#define ROOM (DATA + 64) /* behind what the file has of the data part */

struct two {
    struct made made[2];
    struct far_segment segment[2];
    unsigned symbols[2];
    char told[4096];
};

static void open_two(struct two *two)
{
    memset(two, 0, sizeof *two);
    for (int i = 0; i < 2; i++) {
        two->made[i] = make_segment_for(&made_x86_64, MAKE_PLAIN);
        CHECK(segment_check(two->made[i].bytes, two->made[i].size, 0, &two->segment[i], NULL, 0) == 0);
        two->segment[i].init_array.size = 0;
    }
}

static void close_two(struct two *two)
{
    free(two->made[0].bytes);
    free(two->made[1].bytes);
}

static void tell(void *context, const char *text)
{
    struct two *two = context;
    strncat(two->told, text, sizeof two->told - strlen(two->told) - 2);
    strcat(two->told, "\n");
}

static struct pair compare(struct two *two)
{
    struct pair pair = {.differs = tell, .note = tell, .context = two, .upgrade = true};
    two->told[0] = '\0';
    CHECK(segment_pair_check(&two->segment[0], &two->segment[1], &pair) == 0);
    return pair;
}

static void expect(struct two *two, uint32_t differences, uint32_t notes, const char *text)
{
    struct pair pair = compare(two);
    bool fine = pair.differences == differences && pair.notes == notes && strstr(two->told, text);
    if (!fine)
        fprintf(stderr, "expected %u and %u: %s\ntold %u and %u: %s", differences, notes, text, pair.differences,
                pair.notes, two->told);
    CHECK(fine);
    close_two(two);
    open_two(two);
}

static Elf64_Shdr *section(struct made *made, uint32_t type)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)made->bytes;
    Elf64_Shdr *sections = (Elf64_Shdr *)(made->bytes + header->e_shoff);
    for (int i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type == type)
            return &sections[i];
    }
    abort();
}

/* The next symbol of the table becomes a variable; its name stays what it was, so those of one number have one name. */
static Elf64_Sym *variable(struct two *two, int which, uint64_t address, uint64_t size)
{
    struct made *made = &two->made[which];
    const Elf64_Shdr *table = section(made, SHT_SYMTAB);
    Elf64_Sym *symbol = (Elf64_Sym *)(made->bytes + table->sh_offset) + ++two->symbols[which];
    CHECK(two->symbols[which] < table->sh_size / sizeof *symbol);
    symbol->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
    symbol->st_value = address;
    symbol->st_size = size;
    return symbol;
}

static uint64_t *data(struct two *two, int which)
{
    return (uint64_t *)(uintptr_t)two->segment[which].content[FAR_PART_DATA];
}

static void test_kept(void)
{
    struct two two;
    open_two(&two);
    variable(&two, 0, DATA + 32, 8), variable(&two, 1, DATA + 32, 8);
    struct pair pair = compare(&two);
    CHECK(pair.differences == 0 && pair.notes == 0 && pair.variables == 1 && pair.added == 0 && pair.gone == 0);
    variable(&two, 1, ROOM, 0)->st_size = 0; /* no variable */
    variable(&two, 0, DATA + 32, 8), data(&two, 1)[4] = 5;
    close_two(&two), open_two(&two);
    variable(&two, 0, DATA + 32, 16), variable(&two, 1, DATA + 32, 16);
    data(&two, 1)[4] = 5, data(&two, 1)[5] = 5;
    expect(&two, 0, 1, "variable kv_find has another first value; it keeps what it holds");
    data(&two, 1)[4] = 5;
    expect(&two, 1, 0, "the data at 0x50020 has no name, and begins otherwise in the new version");
    close_two(&two);
}

static void test_changed(void)
{
    struct two two;
    open_two(&two);
    variable(&two, 0, DATA + 32, 8), variable(&two, 1, DATA + 32, 16);
    expect(&two, 1, 0, "variable kv_find: 8 bytes in the registered version, 16 in the new one; give what has");
    variable(&two, 0, DATA + 32, 8), variable(&two, 1, DATA + 40, 8);
    expect(&two, 1, 0, "variable kv_find: at 0x50020 in the registered version, at 0x50028 in the new one");
    variable(&two, 0, DATA + 32, 8);
    expect(&two, 0, 1, "variable kv_find is no more; its 8 bytes stay unused");
    variable(&two, 1, DATA + 32, 8);
    expect(&two, 1, 0, "variable kv_find is new, and lies at 0x50020, where the registered version has its data");
    close_two(&two);
}

/* Bytes that only the later file has, and addresses behind the earlier one's data. */
static void test_rooms(void)
{
    struct two two;
    struct far_extent added[2];
    struct data_layout layout;
    open_two(&two);
    segment_data_layout(&two.segment[0], &layout);
    CHECK(layout.valued_end == ROOM && layout.zeroed == layout.zeroed_end && layout.end == 0x60000);
    two.segment[1].content_size[FAR_PART_DATA] += 32;
    segment_data_added(&two.segment[0], &two.segment[1], added);
    CHECK(added[0].address == ROOM && added[0].size == 32 && added[1].size == 0);
    variable(&two, 1, ROOM, 32);
    expect(&two, 0, 0, "");
    two.segment[0].content_size[FAR_PART_DATA] += 32;
    expect(&two, 1, 0, "its data is not laid out behind the registered version's");
    two.segment[1].part[FAR_PART_HEAP].address += FAR_PART_ALIGN;
    expect(&two, 1, 0, "its data is not laid out behind the registered version's");
    two.segment[1].part[FAR_PART_DATA].size += 0x800;
    segment_data_added(&two.segment[0], &two.segment[1], added);
    CHECK(added[0].size == 0 && added[1].address == layout.zeroed_end);
    close_two(&two);
}

static void test_versions(void)
{
    struct two two;
    open_two(&two);
    ((struct far_iface *)(uintptr_t)two.segment[0].iface)->minor++;
    CHECK(compare(&two).differences && strstr(two.told, "is older than the registered"));
    close_two(&two), open_two(&two);
    two.segment[1].init_array.size = 8;
    CHECK(compare(&two).differences == 1 && strstr(two.told, "constructor"));
    close_two(&two);
}

static void test_stems(void)
{
    static const struct {
        const char *name;
        size_t stem;
    } names[] = {{"count", 5}, {"count.1", 5}, {"count.123", 5},       {"f.count", 7}, {"f.count.2", 7}, {"count1", 6},
                 {".1", 2},    {"count.", 6},  {"count.llvm.9876", 5}, {"llvm.1", 4},  {"count.x1", 8},  {"", 0}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK(pair_stem(names[i].name) == names[i].stem);
}

static void test_hostile_sections(void)
{
    struct two two;
    struct data_layout layout;
    open_two(&two);
    Elf64_Ehdr *header = (Elf64_Ehdr *)two.made[0].bytes;
    Elf64_Shdr *sections = (Elf64_Shdr *)(two.made[0].bytes + header->e_shoff);
    for (int i = 1; i < header->e_shnum; i++)
        sections[i].sh_addr = UINT64_MAX - 1, sections[i].sh_size = UINT64_MAX;
    segment_data_layout(&two.segment[0], &layout);
    CHECK(layout.valued_end == ROOM && layout.zeroed >= layout.valued_end && layout.zeroed_end >= layout.zeroed);
    compare(&two);
    close_two(&two);
}

int main(void)
{
    test_kept();
    test_changed();
    test_rooms();
    test_versions();
    test_stems();
    test_hostile_sections();
    return check_result();
}
