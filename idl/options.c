/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/options.h"

#include "idl/list_rules.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    "  --previous=FILE      an earlier version of the service, as record, object or segment: its operations\n"
    "                       keep their slots, and with them their addresses\n"
    "  --dump=model         show the service: each operation and how each value crosses\n"
    "  --dump=layout        show sizes, alignments and offsets of all types that operations reach\n"
    "  --dump=json          both, for programs\n"
    "  --assertions=FILE    write static assertions in C for the layout of every type that operations reach\n"
    "  --promises=FILE      write a header that declares NAME_async for every far_async operation,\n"
    "                       NAME_queued for every far_queued one\n"
    "  --all-types          show every structure and union instead; the header need not have a service\n"
    "  --preprocessed       the input is preprocessed already; so is every input called *.i\n"
    "  --explain [FC-NNNN]  show an error's mistake and its cure, or list all errors\n"
    "  --diagnostics=text|json|sarif  how errors are written (default: text)\n"
    "  --diagnostics-file=FILE        write them there instead of to standard error\n"
    "  --error-limit=N      say at most N errors; 0: all (default: 50 as text, otherwise all)\n"
    "  --color=auto|always|never      colour errors (auto: on a terminal, unless NO_COLOR is set)\n"
    "  --unit SOURCE.c      SOURCE.c may define operations of a service it includes the header of; if it\n"
    "                       does, the record is the header's own, if not, nothing is written (farcc uses this)\n"
    "  --cc=PROGRAM         the compiler that preprocesses (default: clang-19)\n"
    "  --cc-flag=TEXT       one word of the compiler's command line, whatever it is\n"
    "  -I -D -U -isystem -include -std= …   as the compiler's; unknown flags starting with -f, -m, -W or -O too\n"
    "  -MD [-MF FILE]       write the header's dependencies for make or ninja\n"
    "  --list-rules         the table of rules: number, where, message\n"
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

/* --explain NAME, or --explain alone: all of them. */
static int explain(const char *name)
{
    if (diag_explain(name, stdout))
        return EX_OK + 1;
    const struct diag_entry *nearest = diag_nearest(name);
    fprintf(stderr, "faridl: no such error: %s; ", name);
    if (nearest)
        fprintf(stderr, "did you mean FC-%04u (%s)? ", nearest->number, nearest->title);
    fputs("`faridl --explain` lists them all\n", stderr);
    return EX_USAGE + 1;
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

/* -fpack-struct, -fpack-struct=N */
static int note_pack(struct facts *facts, const char *flag)
{
    const char *value = strchr(flag, '=');
    char *end = NULL;
    unsigned long pack = value ? strtoul(value + 1, &end, 10) : 1;
    if ((value && (!value[1] || *end)) || pack == 0 || pack > 16 || (pack & (pack - 1)))
        return usage_error("structures are packed to 1, 2, 4, 8 or 16 bytes, not as in ", flag);
    facts->pack = (uint32_t)pack;
    return 0;
}

/* Flags that change layouts and that no macro shows; <farcall/probe.h> asks for the others. */
static int note_layout(struct facts *facts, const char *flag)
{
    if (strcmp(flag, "-fshort-enums") == 0)
        facts->short_enums = true;
    if (strcmp(flag, "-fno-short-enums") == 0)
        facts->short_enums = false;
    if (strcmp(flag, "-mms-bitfields") == 0)
        facts->ms_structures = true;
    if (strcmp(flag, "-mno-ms-bitfields") == 0)
        facts->ms_structures = false;
    if (strcmp(flag, "-fms-extensions") == 0 || strcmp(flag, "-fplan9-extensions") == 0)
        facts->ms_extensions = true;
    if (strcmp(flag, "-fno-ms-extensions") == 0)
        facts->ms_extensions = false;
    if (strcmp(flag, "-fno-pack-struct") == 0)
        facts->pack = 0;
    if (strcmp(flag, "-fpack-struct") == 0 || strncmp(flag, "-fpack-struct=", 14) == 0)
        return note_pack(facts, flag);
    return 0;
}

/* Flags that give every function other registers or another symbol, which no macro shows either. */
static bool changes_calls(const char *flag)
{
    static const char *const flags[] = {"-mabi=ms", "-fleading-underscore"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(flag, flags[i]) == 0)
            return true;
    return strncmp(flag, "-fdefault-calling-conv=", 23) == 0;
}

static int set_dump(struct options *options, const char *name)
{
    static const char *const names[] = {[DUMP_MODEL] = "model", [DUMP_LAYOUT] = "layout", [DUMP_JSON] = "json"};
    for (size_t i = DUMP_MODEL; i <= DUMP_JSON; i++)
        if (strcmp(names[i], name) == 0)
            options->dump = (enum dump)i;
    return options->dump ? 0 : usage_error("--dump shows model, layout or json, not ", name);
}

/* --error-limit=N */
static int take_error_limit(struct options *options, const char *text)
{
    char *end = NULL;
    unsigned long limit = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end)
        return usage_error("--error-limit takes a number, not ", text);
    options->diagnostics.limit = limit;
    options->has_error_limit = true;
    return 0;
}

static bool find_name(const char *const *names, const char *name, int *index)
{
    for (*index = 0; names[*index]; ++*index)
        if (strcmp(names[*index], name) == 0)
            return true;
    return false;
}

/* How diagnostics are written. *taken: the flag was one of these. */
static int take_diagnostics(struct options *options, const char *flag, bool *taken)
{
    static const char *const formats[] = {
        [DIAG_TEXT] = "text", [DIAG_JSON] = "json", [DIAG_SARIF] = "sarif", [DIAG_SARIF + 1] = NULL};
    static const char *const colors[] = {[DIAG_COLOR_AUTO] = "auto",
                                         [DIAG_COLOR_ALWAYS] = "always",
                                         [DIAG_COLOR_NEVER] = "never",
                                         [DIAG_COLOR_NEVER + 1] = NULL};
    const char *value = strchr(flag, '=');
    size_t length = value ? (size_t)(++value - flag) : 0;
    int index = 0;
    *taken = true;
    if (length && strncmp(flag, "--diagnostics-file=", length) == 0) {
        options->diagnostics_file = value;
        return *value ? 0 : usage_error("a file is missing after ", flag);
    }
    if (length && strncmp(flag, "--error-limit=", length) == 0)
        return take_error_limit(options, value);
    if (length && strncmp(flag, "--diagnostics=", length) == 0) {
        if (!find_name(formats, value, &index))
            return usage_error("--diagnostics writes text, json or sarif, not ", value);
        options->diagnostics.format = (enum diag_format)index;
        return 0;
    }
    if (length && strncmp(flag, "--color=", length) == 0) {
        if (!find_name(colors, value, &index))
            return usage_error("--color is auto, always or never, not ", value);
        options->diagnostics.color = (enum diag_color)index;
        return 0;
    }
    *taken = false;
    return 0;
}

/* Options that name a file or a program: `--option=VALUE`, or the next word after those without the sign. */
static const struct {
    const char *name;
    size_t at; /* in struct options */
} texts[] = {
    {"--record=", offsetof(struct options, record)},     {"--assertions=", offsetof(struct options, assertions)},
    {"--promises=", offsetof(struct options, promises)}, {"--previous=", offsetof(struct options, previous)},
    {"--cc=", offsetof(struct options, compiler)},       {"-o", offsetof(struct options, object)},
    {"-MF", offsetof(struct options, dependency_file)},
};

static const struct {
    const char *name;
    size_t at;
} switches[] = {
    {"--all-types", offsetof(struct options, all_types)},
    {"--preprocessed", offsetof(struct options, preprocessed)},
    {"-MD", offsetof(struct options, dependencies)},
};

static bool take_switch(struct options *options, const char *flag)
{
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        if (strcmp(flag, switches[i].name) == 0) {
            *(bool *)((char *)options + switches[i].at) = true;
            return true;
        }
    }
    return false;
}

static int take_text(struct options *options, const char *flag, const char *next, bool *used, bool *taken)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t length = strlen(texts[i].name);
        bool joined = texts[i].name[length - 1] == '=';
        if (joined ? strncmp(flag, texts[i].name, length) != 0 : strcmp(flag, texts[i].name) != 0)
            continue;
        *taken = true;
        *used = !joined;
        const char *value = joined ? flag + length : next;
        if (!value || !*value)
            return usage_error("an argument is missing after ", flag);
        *(const char **)((char *)options + texts[i].at) = value;
        return 0;
    }
    return 0;
}

static int take_input(struct options *options, const char *name)
{
    if (options->input)
        return usage_error("one header at a time, but there is also ", name);
    options->input = name;
    size_t length = strlen(name);
    options->preprocessed |= length > 2 && strcmp(name + length - 2, ".i") == 0;
    return 0;
}

static bool lacks_value(const char *flag)
{
    static const char *const valued[] = {"--dump",        "--record",           "--assertions",  "--previous",
                                         "--diagnostics", "--diagnostics-file", "--error-limit", "--color",
                                         "--cc",          "--cc-flag",          "--promises"};
    for (size_t i = 0; i < sizeof valued / sizeof *valued; i++)
        if (strcmp(flag, valued[i]) == 0)
            return true;
    return false;
}

static int take_own(struct options *options, const char *flag, const char *next, bool *used)
{
    bool taken = take_switch(options, flag);
    int code = 0;
    if (!taken)
        code = take_diagnostics(options, flag, &taken);
    if (!taken)
        code = take_text(options, flag, next, used, &taken);
    if (taken)
        return code;
    if (strncmp(flag, "--dump=", 7) == 0)
        return set_dump(options, flag + 7);
    if (strcmp(flag, "--unit") != 0)
        return lacks_value(flag) ? usage_error("a value is missing, joined by an equals sign, after ", flag)
                                 : usage_error("unknown option ", flag);
    *used = options->is_source = true;
    return next ? take_input(options, next) : usage_error("an argument is missing after ", flag);
}

static bool is_one_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The same new name in the same folder. */
static bool is_same_place(struct arena *arena, const char *a, const char *b)
{
    struct stat one, other;
    const char *a_name = strrchr(a, '/'), *b_name = strrchr(b, '/');
    const char *a_folder = a_name ? arena_copy(arena, a, (size_t)(a_name - a) + 1) : ".";
    const char *b_folder = b_name ? arena_copy(arena, b, (size_t)(b_name - b) + 1) : ".";
    if (strcmp(a_name ? a_name + 1 : a, b_name ? b_name + 1 : b) != 0)
        return false;
    return strcmp(a, b) == 0 ||
           (stat(a_folder, &one) == 0 && stat(b_folder, &other) == 0 && is_one_inode(&one, &other));
}

/* One file under two names, too; two outputs may go to /dev/null. */
static bool is_same_file(struct arena *arena, const char *a, const char *b)
{
    struct stat one, other;
    bool a_exists = stat(a, &one) == 0, b_exists = stat(b, &other) == 0;
    if (a_exists && b_exists)
        return is_one_inode(&one, &other) && S_ISREG(one.st_mode);
    return !a_exists && !b_exists && is_same_place(arena, a, b);
}

const char *options_dependency_file(const struct options *options, struct arena *arena)
{
    if (!options->dependencies || options->dependency_file)
        return options->dependency_file;
    return arena_format(arena, "%s.d", options->object);
}

/* No output takes another one's place, or the header's. */
static int check_outputs(const struct options *options, struct arena *arena)
{
    const char *files[] = {options->input,      options->object,           options->record,
                           options->assertions, options->diagnostics_file, options_dependency_file(options, arena),
                           options->promises};
    for (size_t i = 1; i < sizeof files / sizeof *files; i++)
        for (size_t before = 0; before < i; before++)
            if (files[i] && files[before] && is_same_file(arena, files[before], files[i]))
                return usage_error(before ? "two outputs would be written to " : "this would replace the header: ",
                                   files[i]);
    return 0;
}

static int check_options(const struct options *options, struct arena *arena)
{
    if (!options->input)
        return usage_error("no header given", "");
    if (options->is_source && !options->record)
        return usage_error("--unit needs --record=FILE", "");
    if (options->all_types && options->dump != DUMP_LAYOUT && options->dump != DUMP_JSON)
        return usage_error("--all-types needs --dump=layout or --dump=json", "");
    if (options->all_types && (options->object || options->record || options->assertions || options->promises))
        return usage_error("--all-types shows a header without its service; it cannot be given with -o, --record, "
                           "--assertions or --promises",
                           "");
    if (options->dependencies && options->preprocessed)
        return usage_error("-MD: what is preprocessed already does not tell its dependencies", "");
    if (options->dependencies && !options->dependency_file && !options->object)
        return usage_error("-MD needs -MF FILE or -o FILE", "");
    if (options->dependency_file && !options->dependencies)
        return usage_error("-MF needs -MD: ", options->dependency_file);
    return check_outputs(options, arena);
}

/* Programs want all errors, people the first of them. */
static void complete_diagnostics(struct options *options)
{
    options->diagnostics.main_file = options->input;
    options->diagnostics.version = FARCALL_VERSION;
    if (!options->has_error_limit && options->diagnostics.format == DIAG_TEXT)
        options->diagnostics.limit = DIAG_LIMIT;
}

/* Options that say something and end the program: an exit code plus 1, else 0. */
static int take_question(const char *flag, const char *next)
{
    if (strcmp(flag, "--help") == 0)
        return fputs(help, stdout) < 0 ? EX_IOERR + 1 : EX_OK + 1;
    if (strcmp(flag, "--version") == 0)
        return printf("faridl (farcall) %s\n", FARCALL_VERSION) < 0 ? EX_IOERR + 1 : EX_OK + 1;
    if (strncmp(flag, "--explain", 9) == 0)
        return explain(flag[9] == '=' ? flag + 10 : next);
    if (strcmp(flag, "--list-rules") != 0)
        return 0;
    rules_list(stdout);
    return EX_OK + 1;
}

/* --cc-flag=WORD: options and their values alike, one at a time. */
static int take_word(struct options *options, struct arena *arena, const char *word)
{
    if (changes_calls(word))
        return usage_error("functions are called as the machine's ABI says, not as in ", word);
    add_flag(options, arena, word);
    return note_layout(&options->facts, word);
}

static int take_flag(struct options *options, struct arena *arena, const char *flag, const char *next, bool *used)
{
    *used = takes_word(flag);
    if (*used && !next)
        return usage_error("an argument is missing after ", flag);
    if (changes_calls(flag) || (*used && changes_calls(next)))
        return usage_error("functions are called as the machine's ABI says, not as in ", *used ? next : flag);
    add_flag(options, arena, flag);
    if (*used)
        add_flag(options, arena, next);
    return note_layout(&options->facts, flag);
}

int options_from_arguments(int argc, char **argv, struct arena *arena, struct options *options)
{
    *options = (struct options){.compiler = "clang-19"};
    for (int i = 1; i < argc; i++) {
        const char *flag = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        bool used = false;
        int code = take_question(flag, next);
        if (!code && flag[0] != '-')
            code = take_input(options, flag);
        else if (!code && strncmp(flag, "--cc-flag=", 10) == 0)
            code = take_word(options, arena, flag + 10);
        else if (!code && for_preprocessor(flag))
            code = take_flag(options, arena, flag, next, &used);
        else if (!code)
            code = take_own(options, flag, next, &used);
        if (code)
            return code;
        i += used;
    }
    complete_diagnostics(options);
    return check_options(options, arena);
}
