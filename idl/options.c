/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/options.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char help[] =
    "usage: faridl HEADER [-o X.iface.o] [options]\n"
    "       faridl --unit SOURCE.c --record=FILE [options]\n"
    "       faridl --explain FC-0040\n"
    "\n"
    "Read an annotated C header (docs/annotations.md), check it, and write its interface record.\n"
    "\n"
    "  -o FILE              write an object file with the record in section .far.iface, for farld\n"
    "  --record=FILE        write the bare record\n"
    "  --dump=model         show the service: each operation and how each value crosses\n"
    "  --dump=layout        show sizes, alignments and offsets of all types that operations reach\n"
    "  --dump=json          both, for programs\n"
    "  --explain FC-NNNN    show an error's mistake and its cure\n"
    "  --unit SOURCE.c      SOURCE.c may define operations of a service it includes the header of; if it\n"
    "                       does, the record is the header's own, if not, nothing is written (farcc uses this)\n"
    "  --cc=PROGRAM         the compiler that preprocesses (default: clang-19)\n"
    "  -I -D -U -isystem -include -std= …   as the compiler's; unknown flags starting with -f, -m, -W or -O too\n"
    "  -MD [-MF FILE]       write the header's dependencies for make or ninja\n"
    "  --help, --version\n"
    "\n"
    "Exit code: 0 done, 64 wrong usage, 65 errors in the header, 66 no such file, 69 the compiler cannot be run,\n"
    "73 or 74 the output cannot be written.\n"
    "\n"
    "Example: faridl kv.h -o kv.iface.o && farld -o kv.seg kv.iface.o kv.o\n";

static int usage_error(const char *what, const char *argument)
{
    fprintf(stderr, "faridl: %s%s; see faridl --help\n", what, argument);
    return EX_USAGE + 1;
}

static int explain(const char *name)
{
    const char *digits = name && strncmp(name, "FC-", 3) == 0 ? name + 3 : name;
    char *end = NULL;
    unsigned long number = digits ? strtoul(digits, &end, 10) : 0;
    const char *title = NULL, *text = digits && *digits && !*end ? diag_explain((unsigned)number, &title) : NULL;
    if (!text)
        return usage_error("no such error: ", name ? name : "(none)");
    printf("FC-%04lu %s\n%s", number, title, text);
    return EX_OK + 1;
}

static void add_flag(struct options *options, struct arena *arena, const char *flag)
{
    /* Rooms of 8, 16, 32 …: full when the count is 0 or a power of two from 8 on. */
    size_t count = options->flag_count;
    if (count == 0 || (count >= 8 && (count & (count - 1)) == 0))
        options->flags = arena_grow(arena, options->flags, count, sizeof *options->flags);
    options->flags[options->flag_count++] = flag;
}

/* Flags that take their argument from the next word if it is not joined. */
static bool takes_word(const char *flag)
{
    static const char *const always[] = {"-isystem", "-iquote",   "-idirafter", "-include", "-imacros", "-isysroot",
                                         "-Xclang",  "--sysroot", "-target",    "--param",  "-x"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (strcmp(flag, always[i]) == 0)
            return true;
    return strlen(flag) == 2 && strchr("IDU", flag[1]);
}

static bool for_preprocessor(const char *flag)
{
    static const char *const starts[] = {
        "-I", "-D", "-U",     "-i",         "-std=",     "-ansi",    "-f",     "-m",        "-W",    "-O",
        "-g", "-w", "-nostd", "--sysroot=", "--target=", "-pthread", "-undef", "-pedantic", "--gcc-"};
    if (takes_word(flag))
        return true;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (strncmp(flag, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

static void note_dialect(struct options *options, const char *flag)
{
    if (strncmp(flag, "-std=", 5) == 0) {
        const char *name = flag + 5;
        options->gnu = strncmp(name, "gnu", 3) == 0;
        options->c23 = strstr(name, "2x") || strstr(name, "23") || strstr(name, "2y");
    }
    if (strcmp(flag, "-ansi") == 0)
        options->gnu = options->c23 = false;
    if (strcmp(flag, "-funsigned-char") == 0 || strcmp(flag, "-fno-signed-char") == 0)
        options->unsigned_char = true;
    if (strcmp(flag, "-fsigned-char") == 0 || strcmp(flag, "-fno-unsigned-char") == 0)
        options->unsigned_char = false;
}

/* Flags that would make other layouts than the ones computed here. */
static bool changes_layout(const char *flag)
{
    static const char *const names[] = {"-m32",
                                        "-mx32",
                                        "-m16",
                                        "-fshort-enums",
                                        "-fpack-struct",
                                        "-mms-bitfields",
                                        "-fshort-wchar",
                                        "-mlong-double-64",
                                        "-mlong-double-128"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(flag, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static int set_dump(struct options *options, const char *name)
{
    static const char *const names[] = {[DUMP_MODEL] = "model", [DUMP_LAYOUT] = "layout", [DUMP_JSON] = "json"};
    for (size_t i = DUMP_MODEL; i <= DUMP_JSON; i++)
        if (strcmp(names[i], name) == 0)
            options->dump = (enum dump)i;
    return options->dump ? 0 : usage_error("--dump shows model, layout or json, not ", name);
}

static int take_own(struct options *options, const char *flag, const char *next, bool *used)
{
    static const char *const values[] = {"--record=", "--cc=", "--dump="};
    *used = strcmp(flag, "-o") == 0 || strcmp(flag, "-MF") == 0 || strcmp(flag, "--unit") == 0;
    if (*used && !next)
        return usage_error("an argument is missing after ", flag);
    if (strcmp(flag, "-o") == 0)
        options->object = next;
    else if (strcmp(flag, "-MF") == 0)
        options->dependency_file = next;
    else if (strcmp(flag, "-MD") == 0)
        options->dependencies = true;
    else if (strncmp(flag, values[0], strlen(values[0])) == 0)
        options->record = flag + strlen(values[0]);
    else if (strncmp(flag, values[1], strlen(values[1])) == 0)
        options->compiler = flag + strlen(values[1]);
    else if (strncmp(flag, values[2], strlen(values[2])) == 0)
        return set_dump(options, flag + strlen(values[2]));
    else if (strcmp(flag, "--unit") != 0)
        return usage_error("unknown option ", flag);
    options->is_source |= strcmp(flag, "--unit") == 0;
    return 0;
}

static int take_input(struct options *options, const char *name)
{
    if (options->input)
        return usage_error("one header at a time, but there is also ", name);
    options->input = name;
    return 0;
}

static int check_options(const struct options *options)
{
    if (!options->input)
        return usage_error("no header given", "");
    if (options->is_source && !options->record)
        return usage_error("--unit needs --record=FILE", "");
    if (options->dependencies && !options->dependency_file && !options->object)
        return usage_error("-MD needs -MF FILE or -o FILE", "");
    return 0;
}

int options_from_arguments(int argc, char **argv, struct arena *arena, struct options *options)
{
    *options = (struct options){.compiler = "clang-19", .gnu = true};
    for (int i = 1; i < argc; i++) {
        const char *flag = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        int code = 0;
        bool used = false;
        if (strcmp(flag, "--help") == 0)
            return fputs(help, stdout) < 0 ? EX_IOERR + 1 : EX_OK + 1;
        if (strcmp(flag, "--version") == 0)
            return printf("faridl (farcall) %s\n", FARCALL_VERSION) < 0 ? EX_IOERR + 1 : EX_OK + 1;
        if (strncmp(flag, "--explain", 9) == 0)
            return explain(flag[9] == '=' ? flag + 10 : next);
        if (flag[0] != '-') {
            code = take_input(options, flag);
        } else if (changes_layout(flag)) {
            code = usage_error("layouts are those of the x86-64 ABI; cannot take ", flag);
        } else if (for_preprocessor(flag)) {
            used = takes_word(flag);
            if (used && !next)
                return usage_error("an argument is missing after ", flag);
            note_dialect(options, flag);
            add_flag(options, arena, flag);
            if (used)
                add_flag(options, arena, next);
        } else {
            code = take_own(options, flag, next, &used);
            if (!code && strcmp(flag, "--unit") == 0)
                code = take_input(options, next);
        }
        if (code)
            return code;
        i += used;
    }
    return check_options(options);
}
