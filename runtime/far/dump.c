/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/dump.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"

#include <getopt.h>
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

static void print_help(void)
{
    printf(
        "usage: far dump FILE.seg [--section=NAMES] [--relocs] [--json]\n"
        "\n"
        "Shows a segment file in the order of its addresses: what it is, its parts and who may do what with them, the\n"
        "stubs of both parts disassembled in both variants (branch for trusted clients, trap for the others), its\n"
        "operations and the relocation commands that binding applies. The whole file is checked first, its SHA-256 "
        "too.\n"
        "Of an object or a bare interface record (faridl, farcc) it shows operations, shared data and types.\n"
        "\n"
        "  --section=NAMES    only these (separated by commas), or `all`:\n");
#define X(NAME, name, shown, what) printf("      %-12s %s%s\n", #name, what, (shown) ? "" : " (not shown by default)");
    DUMP_SECTIONS(X)
#undef X
    printf(
        "  --relocs           the address of every word that a command changes, not their number and range\n"
        "  --json             the same as JSON\n"
        "\n"
        "Example: far dump --section=stubs kv.seg\n"
        "Exit codes: 0 shown, 64 wrong usage, 65 not a sound segment, 66 no such file, 74 cannot write the output.\n");
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

static int parse_sections(char *list, unsigned *sections)
{
    *sections = 0;
    char *rest = NULL;
    for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (!section_by_name(name, sections)) {
            fprintf(stderr, "far: dump: there is no section `%s`; far dump --help lists them\n", name);
            return EX_USAGE;
        }
    }
    return 0;
}

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
    enum { SECTION = 256, RELOCS, JSON };
    static const struct option long_options[] = {{"section", required_argument, NULL, SECTION},
                                                 {"relocs", no_argument, NULL, RELOCS},
                                                 {"json", no_argument, NULL, JSON},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {0}};
    struct dump_options options = {.sections = dump_default_sections, .colour = wants_colour()};
    bool json = false;
    int option, code = 0;
    while (!code && (option = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (option == 'h')
            return print_help(), finish_output(0);
        if (option == '?' || option == ':')
            return bad_option("dump", argv);
        if (option == SECTION)
            code = parse_sections(optarg, &options.sections);
        options.each_word |= option == RELOCS;
        json |= option == JSON;
    }
    if (code)
        return code;
    if (argc - optind != 1) {
        fprintf(stderr, "far: dump: name one segment file: far dump FILE.seg (far dump --help)\n");
        return EX_USAGE;
    }
    options.file = argv[optind];
    return dump_file(&options, json);
}
