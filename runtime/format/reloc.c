/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Relocation commands: checked once, as a whole, then walked in one linear pass by whoever applies them. What a checked
 * stream says about places is believed; the values of the words that REBASE changes are checked against the image in
 * segment_words.c, which has them.
 */
#include "runtime/format/complain.h"
#include "runtime/iface.h"
#include "runtime/segment.h"

#include <string.h>
#include <sys/mman.h>

#define SYMBOL_LIMIT 1024 /* bytes of a name, NUL included: C++ names are long */

/* Parts that commands may change, in the order of addresses. */
enum { TARGET_FIRST = FAR_PART_CONST, TARGET_COUNT = FAR_PART_DATA - FAR_PART_CONST + 1 };

struct reloc_walk {
    const uint8_t *stream;
    const struct far_reloc_header *header;
    const struct far_extent *part;
    struct far_extent target[TARGET_COUNT]; /* without the linkage header, which is the gate's own */
    uint64_t origin, span;                  /* bytes from the first target to the end of the last */
    uint64_t *claimed;                      /* a bit for each word from origin on: some command changes it */
    const struct far_reloc *previous;
    const struct far_reloc *check; /* CHECK commands that BIND commands still may need, from here on */
    struct complaint to;
};

static uint64_t command_size(const struct far_reloc *command)
{
    return sizeof *command + (uint64_t)command->count * sizeof(uint64_t);
}

static const char *string_at(const struct reloc_walk *walk, uint32_t offset)
{
    return offset ? (const char *)walk->stream + offset : "";
}

static int bad_command(const struct reloc_walk *walk, const struct far_reloc *command, const char *what)
{
    const char *name = far_reloc_name(command->code);
    return complain(&walk->to,
                    "relocation commands: %s at offset %zu of " FAR_SECTION_RELOC ": %s; link the segment again",
                    name ? name : "unknown command", (size_t)((const uint8_t *)command - walk->stream), what);
}

static bool is_name(const struct reloc_walk *walk, uint32_t offset, size_t limit)
{
    if (offset < walk->header->command_end || offset >= walk->header->size)
        return false;
    size_t room = walk->header->size - offset;
    return text_is_symbol((const char *)walk->stream + offset, room < limit ? room : limit);
}

static bool is_inside(const struct far_extent *extent, uint64_t address, uint64_t size)
{
    return address >= extent->address && range_inside(address - extent->address, size, extent->size);
}

/* Which of the 64 words from `address` on lie wholly inside: bit i for word i. */
static uint64_t words_inside(const struct far_extent *extent, uint64_t address)
{
    uint64_t end = extent->address + extent->size;
    uint64_t first = extent->address > address ? (extent->address - address + 7) / 8 : 0;
    uint64_t after = end > address ? (end - address) / 8 : 0;
    if (first >= 64 || after <= first)
        return 0;
    return (after >= 64 ? UINT64_MAX : ((uint64_t)1 << after) - 1) & (UINT64_MAX << first);
}

/* Words from `address` on, a multiple of FAR_REBASE_SPAN, belong to this command from now on. */
static const char *claim(struct reloc_walk *walk, uint64_t address, uint64_t bits)
{
    uint64_t inside = 0;
    for (unsigned i = 0; i < TARGET_COUNT && (bits & ~inside); i++)
        inside |= words_inside(&walk->target[i], address);
    if (bits & ~inside)
        return "it changes a word outside const, linkage and data";
    uint64_t *claimed = &walk->claimed[(address - walk->origin) / FAR_REBASE_SPAN];
    if (*claimed & bits)
        return "it changes a word that another command changes";
    *claimed |= bits;
    return NULL;
}

static const char *claim_word(struct reloc_walk *walk, uint64_t address)
{
    return claim(walk, address / FAR_REBASE_SPAN * FAR_REBASE_SPAN,
                 (uint64_t)1 << address % FAR_REBASE_SPAN / sizeof(uint64_t));
}

static const char *rebase_mistake(struct reloc_walk *walk, const struct far_reloc *command)
{
    const uint64_t *words = segment_reloc_words(command), *bitmap = words + 1;
    uint32_t count = command->count - 1; /* of bitmap words */
    const char *mistake = NULL;
    if (command->name || command->name2 || command->value)
        return "fields that must be 0 are not";
    if (command->count < 2 || !bitmap[0] || !bitmap[count - 1])
        return "its bitmap is empty, or starts or ends with an empty word";
    if (words[0] % FAR_REBASE_SPAN || words[0] > FAR_WINDOW_END)
        return "its address is not a multiple of 512, or too large";
    for (uint32_t j = 0; j < count && !mistake; j++)
        mistake = bitmap[j] ? claim(walk, words[0] + (uint64_t)j * FAR_REBASE_SPAN, bitmap[j]) : NULL;
    return mistake;
}

/* What is added to an address leads to something near it; anything else would make it an address of something else. */
static bool is_addend(uint64_t value)
{
    return (int64_t)value >= INT32_MIN && (int64_t)value <= INT32_MAX;
}

/* Words that all get the same value. */
static const char *words_mistake(struct reloc_walk *walk, const struct far_reloc *command)
{
    const struct far_extent *linkage = &walk->target[FAR_PART_LINKAGE - TARGET_FIRST];
    const uint64_t *words = segment_reloc_words(command);
    const char *mistake = command->count ? NULL : "it changes no word";
    if (command->code != FAR_RELOC_IFUNC && !is_addend(command->value))
        return "what it adds to an address is more than 2 GiB";
    for (uint32_t i = 0; i < command->count && !mistake; i++) {
        if (i && words[i] <= words[i - 1])
            return "its words are not in the order of their addresses";
        if (words[i] % sizeof(uint64_t))
            return "the address of a word is not a multiple of 8";
        if (command->code > FAR_RELOC_LAST_NODE && !is_inside(linkage, words[i], sizeof(uint64_t)))
            return "it changes a word that is not in linkage";
        mistake = claim_word(walk, words[i]);
    }
    return mistake;
}

static const char *copy_mistake(struct reloc_walk *walk, const struct far_reloc *command)
{
    uint64_t where = command->count == 1 ? segment_reloc_words(command)[0] : 1;
    const char *mistake = NULL;
    if (where % sizeof(uint64_t) || command->value == 0 || command->value > FAR_COPY_MAX ||
        !is_inside(&walk->target[FAR_PART_LINKAGE - TARGET_FIRST], where, command->value))
        return "its bytes are not in linkage, or more than 65536";
    for (uint64_t at = 0; at + sizeof(uint64_t) <= command->value && !mistake; at += sizeof(uint64_t))
        mistake = claim_word(walk, where + at);
    uint64_t rest = command->value % sizeof(uint64_t);
    bool has_room = is_inside(&walk->target[FAR_PART_LINKAGE - TARGET_FIRST], where, command->value - rest + 8);
    return rest && has_room && !mistake ? claim_word(walk, where + command->value - rest) : mistake;
}

static const char *ifunc_mistake(struct reloc_walk *walk, const struct far_reloc *command)
{
    if (!is_inside(&walk->part[FAR_PART_CODE], command->value, 1))
        return "its resolver is not in code";
    return words_mistake(walk, command);
}

/* Commands of one code are in one order only, so that nothing is there twice: < 0, 0 or > 0. */
static int compare(const struct reloc_walk *walk, const struct far_reloc *one, const struct far_reloc *other)
{
    int order = strcmp(string_at(walk, one->name), string_at(walk, other->name));
    order = order ? order : strcmp(string_at(walk, one->name2), string_at(walk, other->name2));
    if (order || one->code == FAR_RELOC_CHECK)
        return order;
    return (one->value > other->value) - (one->value < other->value);
}

static bool is_in_order(const struct reloc_walk *walk, const struct far_reloc *command)
{
    const struct far_reloc *previous = walk->previous;
    if (!previous || previous->code != command->code)
        return !previous || previous->code < command->code;
    const uint64_t *before = segment_reloc_words(previous), *words = segment_reloc_words(command);
    if (command->code == FAR_RELOC_REBASE)
        return words[0] >= before[0] + (uint64_t)(previous->count - 1) * FAR_REBASE_SPAN;
    if (command->code == FAR_RELOC_COPY)
        return words[0] > before[0];
    return compare(walk, previous, command) < 0;
}

static const char *check_mistake(const struct reloc_walk *walk, const struct far_reloc *command)
{
    const struct far_reloc *previous = walk->previous;
    if (command->count < 1 || command->count > 2 || segment_reloc_words(command)[0] > UINT32_MAX)
        return "it says no version";
    if (previous && strcmp(string_at(walk, previous->name), string_at(walk, command->name)) == 0 &&
        segment_reloc_words(previous)[0] != segment_reloc_words(command)[0])
        return "it says another version of the service than the CHECK before it";
    return NULL;
}

/* Both kinds are in order, so that one pass over each finds every pair. */
static const char *bind_mistake(struct reloc_walk *walk, const struct far_reloc *command)
{
    int order = -1;
    for (; walk->check && walk->check->code == FAR_RELOC_CHECK;
         walk->check = segment_next_reloc(walk->header, walk->check)) {
        order = strcmp(string_at(walk, walk->check->name), string_at(walk, command->name));
        order = order ? order : strcmp(string_at(walk, walk->check->name2), string_at(walk, command->name2));
        if (order >= 0)
            break;
    }
    return order == 0 ? words_mistake(walk, command) : "no CHECK says what it expects of the operation";
}

static const char *name_mistake(const struct reloc_walk *walk, const struct far_reloc *command)
{
    switch (command->code) {
    case FAR_RELOC_REBASE:
        return NULL;
    case FAR_RELOC_CHECK:
    case FAR_RELOC_BIND:
        return is_name(walk, command->name, FAR_NAME_MAX + 1) && is_name(walk, command->name2, SYMBOL_LIMIT)
                   ? NULL
                   : "its service or operation has no proper name";
    default:
        if (!is_name(walk, command->name, SYMBOL_LIMIT) && (command->name || command->code != FAR_RELOC_IFUNC))
            return "its symbol has no proper name";
        return command->name2 ? "fields that must be 0 are not" : NULL;
    }
}

static const char *content_mistake(struct reloc_walk *walk, const struct far_reloc *command)
{
    switch (command->code) {
    case FAR_RELOC_CHECK:
        return check_mistake(walk, command);
    case FAR_RELOC_REBASE:
        return rebase_mistake(walk, command);
    case FAR_RELOC_BIND:
        return bind_mistake(walk, command);
    case FAR_RELOC_COPY:
        return copy_mistake(walk, command);
    case FAR_RELOC_IFUNC:
        return ifunc_mistake(walk, command);
    default:
        return words_mistake(walk, command);
    }
}

static const char *command_mistake(struct reloc_walk *walk, const struct far_reloc *command)
{
    if (!far_reloc_name(command->code))
        return "there is no such command";
    const char *mistake = name_mistake(walk, command);
    mistake = mistake ? mistake : content_mistake(walk, command);
    if (mistake || is_in_order(walk, command))
        return mistake;
    return "it is out of order, or there twice";
}

static int check_commands(struct reloc_walk *walk)
{
    uint32_t at = sizeof *walk->header, end = walk->header->command_end, node_end = end;
    for (uint32_t i = 0; i < walk->header->command_count; i++) {
        const struct far_reloc *command = (const struct far_reloc *)(walk->stream + at);
        if (end - at < sizeof *command || end - at < command_size(command))
            return complain(&walk->to,
                            "relocation commands: command %u of %u does not fit before offset %u of " FAR_SECTION_RELOC
                            "; the file is damaged, link the segment again",
                            i + 1, walk->header->command_count, end);
        const char *mistake = command_mistake(walk, command);
        if (mistake)
            return bad_command(walk, command, mistake);
        if (node_end == end && command->code > FAR_RELOC_LAST_NODE)
            node_end = at;
        walk->previous = command;
        at += (uint32_t)command_size(command);
    }
    if (at != end)
        return complain(&walk->to,
                        "relocation commands: %u bytes between the last command and the strings; link the "
                        "segment again",
                        end - at);
    if (walk->header->node_end != node_end)
        return complain(&walk->to,
                        "relocation commands: the header says that the domain's start at offset %u, but they do at "
                        "%u; link the segment again",
                        walk->header->node_end, node_end);
    return 0;
}

static int check_header(const struct reloc_walk *walk, size_t size)
{
    const struct far_reloc_header *header = walk->header;
    if ((uintptr_t)header % 8)
        return complain(&walk->to, "relocation commands: " FAR_SECTION_RELOC " is not aligned to 8 bytes");
    if (size < sizeof *header || size > UINT32_MAX || memcmp(header->magic, "FARRELOC", sizeof header->magic) != 0)
        return complain(&walk->to, "relocation commands: " FAR_SECTION_RELOC " does not start with FARRELOC");
    if (header->version != FAR_FORMAT_VERSION)
        return complain(&walk->to,
                        "relocation commands: version %u, but this program reads version %d; link the segment again",
                        header->version, FAR_FORMAT_VERSION);
    if (header->size != size || header->command_end < sizeof *header || header->command_end > size ||
        header->command_end % 8 || header->reserved)
        return complain(&walk->to,
                        "relocation commands: the header says %u bytes with strings from %u on, but there are %zu; "
                        "the file is truncated or damaged",
                        header->size, header->command_end, size);
    return 0;
}

/* Parts come from a checked segment, or from fard: in order, and aligned. */
static int find_targets(struct reloc_walk *walk)
{
    uint64_t end = 0;
    for (unsigned i = 0; i < TARGET_COUNT; i++) {
        struct far_extent *target = &walk->target[i];
        uint64_t keep = i == FAR_PART_LINKAGE - TARGET_FIRST ? FAR_LINKAGE_HEADER : 0;
        *target = walk->part[TARGET_FIRST + i];
        if (target->address < end || target->address % FAR_REBASE_SPAN || target->size < keep ||
            !range_inside(target->address, target->size, FAR_WINDOW_END))
            return complain(&walk->to, "relocation commands: the parts they are for are no segment's");
        end = target->address + target->size;
        target->address += keep;
        target->size -= keep;
    }
    walk->origin = walk->target[0].address;
    walk->span = end - walk->origin;
    return 0;
}

int segment_reloc_check(const void *stream, size_t size, const struct far_extent part[FAR_PART_COUNT], char *why,
                        size_t why_size)
{
    struct reloc_walk walk = {.stream = stream, .header = stream, .part = part, .to = {why, why_size}};
    int err = check_header(&walk, size);
    err = err ? err : find_targets(&walk);
    if (err)
        return err;
    /* Only the pages are used that words fall on: never more memory than the image itself will need. */
    size_t bytes = (size_t)(walk.span / FAR_REBASE_SPAN + 1) * sizeof *walk.claimed;
    walk.claimed = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (walk.claimed == MAP_FAILED)
        return complain(&walk.to, "relocation commands: no memory to check an image of %llu bytes",
                        (unsigned long long)walk.span);
    walk.check = segment_next_reloc(walk.header, NULL);
    err = check_commands(&walk);
    munmap(walk.claimed, bytes);
    return err;
}

const struct far_reloc *segment_next_reloc(const struct far_reloc_header *stream, const struct far_reloc *previous)
{
    const uint8_t *start = (const uint8_t *)stream;
    const uint8_t *next = previous ? (const uint8_t *)previous + command_size(previous) : start + sizeof *stream;
    return next < start + stream->command_end ? (const struct far_reloc *)next : NULL;
}

const struct far_reloc *segment_first_domain_reloc(const struct far_reloc_header *stream)
{
    const uint8_t *first = (const uint8_t *)stream + stream->node_end;
    return stream->node_end < stream->command_end ? (const struct far_reloc *)first : NULL;
}

const char *segment_reloc_string(const struct far_reloc_header *stream, uint32_t offset)
{
    return offset ? (const char *)stream + offset : "";
}
