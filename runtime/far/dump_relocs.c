/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/dump.h"

#include <inttypes.h>

static const char *applied(enum far_reloc_code code)
{
    static const char *const when[] = {"",
#define X(NAME, when, what) when,
                                       FAR_RELOCS(X)
#undef X
    };
    return when[code];
}

void dump_each_word(const struct far_reloc *command, void (*show)(void *context, uint64_t where), void *context)
{
    const uint64_t *words = segment_reloc_words(command);
    if (command->code != FAR_RELOC_REBASE) {
        for (uint32_t i = 0; i < command->count; i++)
            show(context, words[i]);
        return;
    }
    for (uint32_t j = 1; j < command->count; j++) {
        for (uint64_t left = words[j]; left; left &= left - 1)
            show(context, words[0] + 8 * (64 * (uint64_t)(j - 1) + (unsigned)__builtin_ctzll(left)));
    }
}

struct extent {
    uint64_t count, first, last;
};

static void widen(void *context, uint64_t where)
{
    struct extent *extent = context;
    if (extent->count++ == 0)
        extent->first = where;
    extent->last = where;
}

uint64_t dump_words_extent(const struct far_reloc *command, uint64_t *first, uint64_t *last)
{
    struct extent extent = {0};
    dump_each_word(command, widen, &extent);
    if (extent.count) {
        *first = extent.first;
        *last = extent.last;
    }
    return extent.count;
}

static void print_where(const struct dump *dump, uint64_t where)
{
    enum far_part part = dump_part_of(dump->segment, where);
    fprintf(dump->out, "0x%06" PRIx64 " %-7s", where, part < FAR_PART_COUNT ? far_part_name(part) : "");
}

static void print_word(void *context, uint64_t where)
{
    const struct dump *dump = context;
    fprintf(dump->out, "            ");
    print_where(dump, where);
    fputc('\n', dump->out);
}

static void print_rebase(const struct dump *dump, const struct far_reloc *command)
{
    uint64_t first = 0, last = 0, count = dump_words_extent(command, &first, &last);
    fprintf(dump->out, "%" PRIu64 " word%s hold%s an address here, from 0x%06" PRIx64 " to 0x%06" PRIx64 "\n", count,
            count == 1 ? "" : "s", count == 1 ? "s" : "", first, last);
}

static void print_addend(const struct dump *dump, uint64_t addend)
{
    int64_t value = (int64_t)addend;
    if (value)
        fprintf(dump->out, "%s%" PRIu64, value < 0 ? " - " : " + ", value < 0 ? 0 - addend : addend);
    fputc('\n', dump->out);
}

/* The first word of those that get the same value, and how many more there are. */
static void print_words(const struct dump *dump, const struct far_reloc *command)
{
    print_where(dump, segment_reloc_words(command)[0]);
    if (command->count > 1)
        fprintf(dump->out, "  and %u more", command->count - 1);
    fputs("  ", dump->out);
}

static void print_value(const struct dump *dump, const struct far_reloc *command)
{
    const char *name = segment_reloc_string(dump->segment->reloc, command->name);
    const char *name2 = segment_reloc_string(dump->segment->reloc, command->name2);
    fprintf(dump->out, "%s%s%s", name, *name2 ? "." : "", name2);
    if (command->code == FAR_RELOC_COPY)
        fprintf(dump->out, ", %" PRIu64 " bytes\n", command->value);
    else if (command->code == FAR_RELOC_IFUNC)
        fprintf(dump->out, "%schosen by the function at 0x%06" PRIx64 "\n", *name ? ", " : "", command->value);
    else
        print_addend(dump, command->value);
}

static void print_check(const struct dump *dump, const struct far_reloc *command)
{
    uint32_t version = (uint32_t)segment_reloc_words(command)[0];
    fprintf(dump->out, "%s.%s, version %u.%u, fingerprint %016" PRIx64 "\n",
            segment_reloc_string(dump->segment->reloc, command->name),
            segment_reloc_string(dump->segment->reloc, command->name2), version >> 16, version & 0xffff,
            command->value);
}

static void print_command(const struct dump *dump, const struct far_reloc *command)
{
    bool is_check = command->code == FAR_RELOC_CHECK, is_rebase = command->code == FAR_RELOC_REBASE;
    fprintf(dump->out, "  %-7s %-7s ", far_reloc_name(command->code), applied(command->code));
    if (is_check) {
        print_check(dump, command);
    } else if (is_rebase) {
        print_rebase(dump, command);
    } else {
        print_words(dump, command);
        print_value(dump, command);
    }
    if (dump->options->each_word && !is_check && (is_rebase || command->count > 1))
        dump_each_word(command, print_word, (void *)(uintptr_t)dump);
}

void dump_relocs(const struct dump *dump)
{
    const struct far_reloc_header *stream = dump->segment->reloc;
    uint64_t counts[FAR_RELOC_CODE_COUNT] = {0};
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); at; at = segment_next_reloc(stream, at))
        counts[at->code]++;
    fprintf(dump->out, "\n%srelocation commands%s: %u", dump_bold(dump), dump_plain(dump), stream->command_count);
    const char *between = " (";
    for (enum far_reloc_code code = 1; code < FAR_RELOC_CODE_COUNT; code++) {
        if (counts[code]) {
            fprintf(dump->out, "%s%" PRIu64 " %s", between, counts[code], far_reloc_name(code));
            between = ", ";
        }
    }
    fprintf(dump->out, "%s\n", stream->command_count ? "), each with who applies it" : "");
    for (const struct far_reloc *at = segment_next_reloc(stream, NULL); at; at = segment_next_reloc(stream, at))
        print_command(dump, at);
}
