/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far diff of two machines' segments: not what changed for clients, but whether both can serve over the same data. */
#include "runtime/far/diff.h"
#include "runtime/far/load.h"
#include "runtime/format/pair.h"
#include "runtime/machine.h"

#include <stdio.h>
#include <sysexits.h>

static void print_difference(void *context, const char *text)
{
    (void)context;
    printf("  differs  %s\n", text);
}

static void emit_difference(void *context, const char *text)
{
    json_string(context, NULL, text);
}

static const char *machine_of(const struct loaded *loaded)
{
    return far_machine_name(loaded->segment.note->machine);
}

static int no_memory(void)
{
    fprintf(stderr, "far: diff: no memory to compare the two segments\n");
    return EX_OSERR;
}

static int show_text(const struct loaded *one, const struct loaded *other)
{
    struct pair pair = {.differs = print_difference};
    printf("%s for %s, %s for %s\n", one->file, machine_of(one), other->file, machine_of(other));
    if (segment_pair_check(&one->segment, &other->segment, &pair))
        return no_memory();
    if (pair.differences > PAIR_DIFFERENCES_MAX)
        printf("  and %u more\n", pair.differences - PAIR_DIFFERENCES_MAX);
    if (pair.differences)
        printf("they cannot be one service: link the second with farld --like=%s\n", one->file);
    else
        printf("  the same  %u operations and their slots, %d parts, %u variables, %u words that hold addresses\n"
               "they can be one service: far register the one, then the other\n",
               pair.operations, FAR_PART_COUNT, pair.variables, pair.words);
    return finish_output(pair.differences != 0);
}

static int show_json(const struct loaded *one, const struct loaded *other)
{
    struct json json = {.out = stdout};
    struct pair pair = {.differs = emit_difference, .context = &json};
    json_open(&json, NULL, '{');
    json_open(&json, "machines", '[');
    json_string(&json, NULL, machine_of(one));
    json_string(&json, NULL, machine_of(other));
    json_close(&json, ']');
    json_open(&json, "differences", '[');
    if (segment_pair_check(&one->segment, &other->segment, &pair))
        return no_memory();
    json_close(&json, ']');
    json_number(&json, "difference_count", pair.differences);
    json_number(&json, "operations", pair.operations);
    json_number(&json, "variables", pair.variables);
    json_number(&json, "words", pair.words);
    json_bool(&json, "pair", pair.differences == 0);
    json_close(&json, '}');
    return finish_output(pair.differences != 0);
}

int diff_pair_show(const struct loaded *one, const struct loaded *other, bool as_json)
{
    return as_json ? show_json(one, other) : show_text(one, other);
}
