/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Two machines' segments of one service: what keeps them from sharing their data is found and told with both values. */
#include "runtime/format/pair.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"
#include "testsuite/unit/make_stubs.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct two {
    struct made made[2];
    struct far_segment segment[2];
    char told[4096];
};

static void open_two(struct two *two)
{
    const struct made_machine *machines[] = {&made_x86_64, &made_aarch64};
    memset(two, 0, sizeof *two);
    for (int i = 0; i < 2; i++) {
        two->made[i] = make_segment_for(machines[i], MAKE_PLAIN);
        CHECK(segment_check(two->made[i].bytes, two->made[i].size, 0, &two->segment[i], NULL, 0) == 0);
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

static uint32_t differences(struct two *two)
{
    struct pair pair = {.differs = tell, .context = two};
    two->told[0] = '\0';
    CHECK(segment_pair_check(&two->segment[0], &two->segment[1], &pair) == 0);
    return pair.differences;
}

static void expect(struct two *two, const char *text)
{
    uint32_t count = differences(two);
    if (count != 1 || !strstr(two->told, text))
        fprintf(stderr, "expected: %s\ntold %u: %s", text, count, two->told);
    CHECK(count == 1 && strstr(two->told, text));
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

/* The first symbol becomes a variable. */
static Elf64_Sym *variable(struct two *two, int which)
{
    struct made *made = &two->made[which];
    Elf64_Sym *symbol = (Elf64_Sym *)(made->bytes + section(made, SHT_SYMTAB)->sh_offset) + 1;
    symbol->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
    symbol->st_value = 0x50010;
    symbol->st_size = 8;
    return symbol;
}

static uint64_t *data(struct two *two, int which)
{
    return (uint64_t *)(uintptr_t)two->segment[which].content[FAR_PART_DATA];
}

static void test_alike(void)
{
    struct two two;
    struct pair pair = {0};
    open_two(&two);
    variable(&two, 0), variable(&two, 1);
    CHECK(segment_pair_check(&two.segment[0], &two.segment[1], &pair) == 0);
    CHECK(pair.differences == 0 && pair.operations == 3 && pair.variables == 1 && pair.words == 2);
    close_two(&two);
}

static void test_different(void)
{
    struct two two;
    open_two(&two);
    ((struct far_note *)(uintptr_t)two.segment[1].note)->heap_size += 0x10000;
    expect(&two, "heap: 0x20000 bytes on x86-64, 0x30000 on aarch64");
    two.segment[1].part[FAR_PART_LINKAGE].address += 0x10000;
    expect(&two, "part linkage: at 0x40000 on x86-64, 0x50000 on aarch64");
    variable(&two, 0);
    expect(&two, "variable kv_find: 8 bytes on x86-64, not there on aarch64");
    variable(&two, 0), variable(&two, 1)->st_size = 12;
    expect(&two, "variable kv_find: 8 bytes on x86-64, 12 on aarch64");
    variable(&two, 0), variable(&two, 1)->st_value = 0x50018;
    expect(&two, "variable kv_find: at 0x50010 on x86-64, 0x50018 on aarch64");
    variable(&two, 0), variable(&two, 1), data(&two, 1)[2] = 0x700;
    expect(&two, "the first value of kv_find+1: 0x0000000000000000 on x86-64, 0x0000000000000700 on aarch64");
    data(&two, 1)[7] = 1;
    expect(&two, "the first value of the word at 0x50038");
    close_two(&two);
}

static struct far_reloc *command(struct two *two, int which, enum far_reloc_code code)
{
    const struct far_reloc_header *stream = two->segment[which].reloc;
    const struct far_reloc *at = segment_next_reloc(stream, NULL);
    while (at && at->code != code)
        at = segment_next_reloc(stream, at);
    return (struct far_reloc *)(uintptr_t)at;
}

static void test_words(void)
{
    struct two two;
    open_two(&two);
    command(&two, 1, FAR_RELOC_STUB)->value = 8;
    CHECK(differences(&two) == 2 &&
          strstr(two.told, "operation kv_find on x86-64, operation kv_find and 8 bytes more on aarch64"));
    close_two(&two), open_two(&two);
    /* A word of data that is rebased on both, first into code, then elsewhere. */
    for (int i = 0; i < 2; i++) {
        struct far_reloc *rebase = command(&two, i, FAR_RELOC_REBASE);
        ((uint64_t *)(rebase + 1))[0] = 0x50000;
        ((uint64_t *)(rebase + 1))[1] = 1 << 4;
        data(&two, i)[4] = 0x20000;
    }
    expect(&two,
           "the word at 0x50020 holds function kv_find at 0x20000 on x86-64, function kv_find at 0x20000 on aarch64; "
           "data that two machines share can point at operations");
    for (int i = 0; i < 2; i++) {
        struct far_reloc *rebase = command(&two, i, FAR_RELOC_REBASE);
        ((uint64_t *)(rebase + 1))[0] = 0x50000;
        ((uint64_t *)(rebase + 1))[1] = 1 << 4;
        data(&two, i)[4] = 0x50000 + 8 * (uint64_t)i;
    }
    expect(&two, "0x50000 in part data on x86-64, 0x50008 in part data on aarch64");
    close_two(&two);
}

/* The symbol table is nobody's to believe. */
static void test_hostile_symbols(void)
{
    struct two two;
    open_two(&two);
    Elf64_Shdr *table = section(&two.made[0], SHT_SYMTAB);
    Elf64_Sym *symbol = variable(&two, 0);
    symbol->st_name = 0xffffffff;
    CHECK(differences(&two) == 0);
    symbol->st_name = 1;
    symbol->st_value = UINT64_MAX, symbol->st_size = UINT64_MAX;
    CHECK(differences(&two) == 0);
    table->sh_size = UINT64_MAX;
    CHECK(differences(&two) == 0);
    table->sh_link = 0xffffffff;
    CHECK(differences(&two) == 0);
    close_two(&two);
}

int main(void)
{
    test_alike();
    test_different();
    test_words();
    test_hostile_symbols();
    return check_result();
}
