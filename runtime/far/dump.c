/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/dump.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

const unsigned dump_default_sections = 0
#define X(NAME, name, shown, what) | ((shown) ? 1u << DUMP_##NAME : 0)
    DUMP_SECTIONS(X)
#undef X
    ;

const char *dump_bold(const struct dump *dump)
{
    return dump->options->colour ? "\033[1m" : "";
}

const char *dump_dim(const struct dump *dump)
{
    return dump->options->colour ? "\033[2m" : "";
}

const char *dump_plain(const struct dump *dump)
{
    return dump->options->colour ? "\033[0m" : "";
}

/* What is left of a header where there is no segment. */
static void show_record(const struct dump *dump)
{
    const struct far_iface *iface = dump->iface;
    fprintf(dump->out, "%s%s%s: interface record of service %s %u.%u, for %s\n", dump_bold(dump), dump->options->file,
            dump_plain(dump), iface_string(iface, iface->service), iface->major, iface->minor,
            dump_machine_name(iface->machine));
}

void dump_interface(const struct far_segment *segment, const struct far_iface *iface,
                    const struct dump_options *options, FILE *out)
{
    static void (*const show[DUMP_SECTION_COUNT])(const struct dump *) = {
#define X(NAME, name, shown, what) dump_##name,
        DUMP_SECTIONS(X)
#undef X
    };
    struct dump dump = {.out = out, .options = options, .segment = segment, .iface = iface};
    unsigned sections = segment ? options->sections : options->sections & DUMP_OF_RECORD;
    if (segment)
        symbols_load(&dump.symbols, segment);
    else
        show_record(&dump);
    for (enum dump_section section = 0; section < DUMP_SECTION_COUNT; section++) {
        if (sections & 1u << section)
            show[section](&dump);
    }
    symbols_free(&dump.symbols);
}

static void list_sections(FILE *out)
{
#define X(NAME, name, shown, what) \
    fprintf(out, "      %-12s %s%s\n", #name, what, (shown) ? "" : " (not shown by default)");
    DUMP_SECTIONS(X)
#undef X
}

static bool section_by_name(const char *name, unsigned *sections)
{
    static const char *const names[] = {
#define X(NAME, name, shown, what) #name,
        DUMP_SECTIONS(X)
#undef X
    };
    if (strcmp(name, "all") == 0) {
        *sections |= (1u << DUMP_SECTION_COUNT) - 1;
        return true;
    }
    for (unsigned i = 0; i < DUMP_SECTION_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *sections |= 1u << i;
            return true;
        }
    }
    return false;
}

struct dump_line {
    struct dump_options options;
    bool json;
};

static int take_sections(void *to, const struct option_row *row, const char *value)
{
    struct dump_line *said = to;
    unsigned sections = 0;
    char *list = strdup(value), *rest = NULL;
    int code = list ? -1 : EX_OSERR;
    (void)row;
    for (char *name = list ? strtok_r(list, ",", &rest) : NULL; code < 0 && name; name = strtok_r(NULL, ",", &rest)) {
        if (!section_by_name(name, &sections)) {
            fprintf(stderr, "far: dump: there is no section `%s`; far dump --help lists them\n", name);
            code = EX_USAGE;
        }
    }
    free(list);
    said->options.sections = sections;
    return code;
}

static const struct option_row rows[] = {
    {.name = "section",
     .value = "NAMES",
     .kind = OPTION_TAKE,
     .take = take_sections,
     .help = "only these (separated by commas), or `all`:",
     .more = list_sections},
    {.name = "relocs",
     .kind = OPTION_FLAG,
     .at = offsetof(struct dump_line, options.each_word),
     .help = "the address of every word that a command changes, not their number and range"},
    {.name = "json", .kind = OPTION_FLAG, .at = offsetof(struct dump_line, json), .help = "the same as JSON"},
    {0}};

static const struct command_line line = {
    .name = "dump",
    .usage = "far dump FILE.seg [--section=NAMES] [--relocs] [--json]",
    .about =
        "Shows a segment file in the order of its addresses: what it is, its parts and who may do what with them, the "
        "stubs of both parts disassembled in both variants (branch for trusted clients, trap for the others), its "
        "operations and the relocation commands that binding applies. The whole file is checked first, its SHA-256 "
        "too. Of an object or a bare interface record (faridl, farcc) it shows operations, shared data and types.\n",
    .rows = rows,
    .notes =
        "Example: far dump --section=stubs kv.seg\n"
        "\n"
        "Exit codes: 0 shown, 64 wrong usage, 65 not a sound segment, 66 no such file, 74 cannot write the output.\n",
    .least = 1,
    .most = 1,
    .operands = "name one segment file: far dump FILE.seg",
};

static bool wants_colour(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && terminal && strcmp(terminal, "dumb") != 0;
}

static int dump_file(const struct dump_options *options, bool json)
{
    struct loaded loaded;
    int code = load_interface(&loaded, options->file);
    const struct far_segment *segment = loaded.segment.iface ? &loaded.segment : NULL;
    if (code)
        return code;
    if (json)
        dump_interface_json(segment, loaded.iface, options, stdout);
    else
        dump_interface(segment, loaded.iface, options, stdout);
    unload_segment(&loaded);
    return finish_output(0);
}

int far_dump_main(int argc, char **argv)
{
    struct dump_line said = {.options = {.sections = dump_default_sections, .colour = wants_colour()}};
    struct operands operands;
    int code = options_read(&line, argc, argv, &said, &operands);
    if (code >= 0)
        return code;
    said.options.file = operands.word[0];
    return dump_file(&said.options, said.json);
}
