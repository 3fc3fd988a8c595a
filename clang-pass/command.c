/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* clang's command line, as far as farcc must understand it. */
#include "clang-pass/farcc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define RESPONSE_DEPTH 8

/* What an option's value is to the scan for services. */
enum meaning {
    MEANS_NOTHING,
    MEANS_DIRECTORY, /* one to look for headers in */
    MEANS_HEADER,    /* one that is included before the source */
    MEANS_UNKNOWN,   /* headers may come from anywhere */
};

/* Options whose value is the next argument; some of them may also be joined to it ("-Ifoo"). */
static const struct {
    const char *name;
    enum role role;
    bool preprocessor; /* faridl must know it */
    enum meaning meaning;
} valued[] = {
    {"-o", ROLE_OUTPUT, false, MEANS_NOTHING},
    {"-MF", ROLE_DEPENDENCY, false, MEANS_NOTHING},
    {"-MT", ROLE_DEPENDENCY, false, MEANS_NOTHING},
    {"-MQ", ROLE_DEPENDENCY, false, MEANS_NOTHING},
    {"-MJ", ROLE_BOTH, false, MEANS_NOTHING},
    {"-I", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"-D", ROLE_BOTH, true, MEANS_NOTHING},
    {"-U", ROLE_BOTH, true, MEANS_NOTHING},
    {"-F", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-include", ROLE_BOTH, true, MEANS_HEADER},
    {"-imacros", ROLE_BOTH, true, MEANS_HEADER},
    {"-isystem", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"-iquote", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"-idirafter", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"-iprefix", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-iwithprefix", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-iwithprefixbefore", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-isysroot", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-include-pch", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-ivfsoverlay", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-isystem-after", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"-iframework", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-resource-dir", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--include", ROLE_BOTH, true, MEANS_HEADER},
    {"--imacros", ROLE_BOTH, true, MEANS_HEADER},
    {"--include-directory", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"--include-directory-after", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"--include-prefix", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--include-with-prefix", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--include-with-prefix-after", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--include-with-prefix-before", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--define-macro", ROLE_BOTH, true, MEANS_NOTHING},
    {"--undefine-macro", ROLE_BOTH, true, MEANS_NOTHING},
    {"-target", ROLE_BOTH, true, MEANS_NOTHING},
    {"--sysroot", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--param", ROLE_BOTH, false, MEANS_NOTHING},
    {"--config", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-x", ROLE_LANGUAGE, false, MEANS_NOTHING},
    {"-arch", ROLE_BOTH, false, MEANS_NOTHING},
    {"-Xclang", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-Xpreprocessor", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-Xassembler", ROLE_BOTH, false, MEANS_NOTHING},
    {"-Xanalyzer", ROLE_BOTH, false, MEANS_NOTHING},
    {"-mllvm", ROLE_BOTH, false, MEANS_NOTHING},
    {"-working-directory", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-dumpdir", ROLE_BOTH, false, MEANS_NOTHING},
    {"-Xlinker", ROLE_LINK, false, MEANS_NOTHING},
    {"-L", ROLE_LINK, false, MEANS_NOTHING},
    {"-l", ROLE_LINK, false, MEANS_NOTHING},
    {"-T", ROLE_LINK, false, MEANS_NOTHING},
    {"-u", ROLE_LINK, false, MEANS_NOTHING},
    {"-z", ROLE_LINK, false, MEANS_NOTHING},
    {"-e", ROLE_LINK, false, MEANS_NOTHING},
    {"-rpath", ROLE_LINK, false, MEANS_NOTHING},
    {"-soname", ROLE_LINK, false, MEANS_NOTHING},
};

/* Options of one word, by their beginning. */
static const struct {
    const char *prefix;
    enum role role;
    bool preprocessor;
    enum meaning meaning;
} prefixed[] = {
    {"-I", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"-D", ROLE_BOTH, true, MEANS_NOTHING},
    {"-U", ROLE_BOTH, true, MEANS_NOTHING},
    {"-isystem", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"-iquote", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"-idirafter", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"-include", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-imacros", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-std=", ROLE_BOTH, true, MEANS_NOTHING},
    {"--std=", ROLE_BOTH, true, MEANS_NOTHING},
    {"-ansi", ROLE_BOTH, true, MEANS_NOTHING},
    {"-nostdinc", ROLE_BOTH, true, MEANS_NOTHING},
    {"-pthread", ROLE_BOTH, true, MEANS_NOTHING},
    {"-undef", ROLE_BOTH, true, MEANS_NOTHING},
    {"--target=", ROLE_BOTH, true, MEANS_NOTHING},
    {"--sysroot=", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-fshort-enums", ROLE_BOTH, true, MEANS_NOTHING},
    {"-fno-short-enums", ROLE_BOTH, true, MEANS_NOTHING},
    {"-fshort-wchar", ROLE_BOTH, true, MEANS_NOTHING},
    {"-fno-short-wchar", ROLE_BOTH, true, MEANS_NOTHING},
    {"-funsigned-char", ROLE_BOTH, true, MEANS_NOTHING},
    {"-fno-unsigned-char", ROLE_BOTH, true, MEANS_NOTHING},
    {"-fsigned-char", ROLE_BOTH, true, MEANS_NOTHING},
    {"-fno-signed-char", ROLE_BOTH, true, MEANS_NOTHING},
    {"-fpack-struct", ROLE_BOTH, true, MEANS_NOTHING},
    {"-fno-pack-struct", ROLE_BOTH, true, MEANS_NOTHING},
    {"-ms-extensions", ROLE_BOTH, true, MEANS_NOTHING},
    {"-fms-extensions", ROLE_BOTH, true, MEANS_NOTHING},
    {"-m", ROLE_BOTH, true, MEANS_NOTHING},
    {"-O", ROLE_BOTH, true, MEANS_NOTHING},
    {"-Wp,", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-F", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-i", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-resource-dir", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"-trigraphs", ROLE_BOTH, true, MEANS_NOTHING},
    {"-nobuiltininc", ROLE_BOTH, true, MEANS_NOTHING},
    {"-working-directory", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--config", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--include-directory=", ROLE_BOTH, true, MEANS_DIRECTORY},
    {"--in", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--im", ROLE_BOTH, true, MEANS_UNKNOWN},
    {"--define-macro=", ROLE_BOTH, true, MEANS_NOTHING},
    {"--undefine-macro=", ROLE_BOTH, true, MEANS_NOTHING},
    {"-x", ROLE_LANGUAGE, false, MEANS_NOTHING},
    {"-o", ROLE_OUTPUT, false, MEANS_NOTHING},
    {"-MF", ROLE_DEPENDENCY, false, MEANS_NOTHING},
    {"-MT", ROLE_DEPENDENCY, false, MEANS_NOTHING},
    {"-MQ", ROLE_DEPENDENCY, false, MEANS_NOTHING},
    {"-l", ROLE_LINK, false, MEANS_NOTHING},
    {"-L", ROLE_LINK, false, MEANS_NOTHING},
    {"-Wl,", ROLE_LINK, false, MEANS_NOTHING},
    {"-shared", ROLE_LINK, false, MEANS_NOTHING},
    {"-static", ROLE_LINK, false, MEANS_NOTHING},
    {"-rdynamic", ROLE_LINK, false, MEANS_NOTHING},
    {"-nostdlib", ROLE_LINK, false, MEANS_NOTHING},
    {"-nodefaultlibs", ROLE_LINK, false, MEANS_NOTHING},
    {"-nostartfiles", ROLE_LINK, false, MEANS_NOTHING},
    {"-fuse-ld=", ROLE_LINK, false, MEANS_NOTHING},
    {"-pie", ROLE_LINK, false, MEANS_NOTHING},
    {"-no-pie", ROLE_LINK, false, MEANS_NOTHING},
    {"-r", ROLE_LINK, false, MEANS_NOTHING},
    /* Macros depend on many of the rest; not on these, which write files, or make other text of what is preprocessed. */
    {"-fmodule", ROLE_BOTH, false, MEANS_UNKNOWN},
    {"-fplugin", ROLE_BOTH, false, MEANS_NOTHING},
    {"-fpass-plugin", ROLE_BOTH, false, MEANS_NOTHING},
    {"-ftime-trace", ROLE_BOTH, false, MEANS_NOTHING},
    {"-fproc-stat", ROLE_BOTH, false, MEANS_NOTHING},
    {"-fdiagnostics", ROLE_BOTH, false, MEANS_NOTHING},
    {"-frewrite", ROLE_BOTH, false, MEANS_NOTHING},
    {"-fdirectives-only", ROLE_BOTH, false, MEANS_NOTHING},
    {"-fminimize-whitespace", ROLE_BOTH, false, MEANS_NOTHING},
    {"-fkeep-system-includes", ROLE_BOTH, false, MEANS_NOTHING},
    {"-fuse-line-directives", ROLE_BOTH, false, MEANS_NOTHING},
    {"-f", ROLE_BOTH, true, MEANS_NOTHING},
};

static const char *const other_modes[] = {"-E",        "-M",     "-MM",          "-fsyntax-only", "-###",
                                          "--version", "--help", "-dumpversion", "-dumpmachine",  "--analyze",
                                          "-emit-ast", "-cc1",   "-cc1as"};

/* Code for one address: the pass cannot make a segment's of it, the front end must be told. */
static const char *const fixed_models[] = {"-fno-pic", "-fno-PIC", "-fno-pie", "-fno-PIE", "-fpic",
                                           "-fpie",    "-no-pie",  "-nopie",   "-static",  "-mdynamic-no-pic"};

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(text, list[i]))
            return true;
    }
    return false;
}

static const char *extension(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

    return dot ? dot : "";
}

/* What is compiled or assembled; only C sources can be part of a service. */
static enum role role_of_input(struct command *command, const char *path, const char *language)
{
    static const char *const c[] = {".c", ".i"};
    static const char *const others[] = {".s", ".S", ".sx", ".cc", ".cpp", ".cxx", ".C", ".c++", ".ii", ".m", ".mm"};

    if (language ? !strcmp(language, "c") || !strcmp(language, "cpp-output") : is_one_of(extension(path), c, 2)) {
        command->sources++;
        return ROLE_SOURCE;
    }
    if (language ? strstr(language, "-header") != NULL : !strcmp(extension(path), ".h")) {
        command->precompiles = true;
        return ROLE_BOTH;
    }
    if (language || is_one_of(extension(path), others, sizeof others / sizeof *others)) {
        command->sources++;
        return ROLE_FOREIGN;
    }
    return ROLE_LINK;
}

static void add_argument(struct command *command, const char *text, enum role role, size_t group)
{
    struct argument *longer = reallocarray(command->arguments, command->count + 1, sizeof *longer);

    if (!longer)
        abort();
    command->arguments = longer;
    longer[command->count++] = (struct argument){.text = text, .role = role, .group = group};
}

static void take_meaning(struct command *command, enum meaning meaning, const char *value)
{
    if (meaning == MEANS_DIRECTORY && strcmp(value, "-"))
        list_add(&command->directories, value);
    else if (meaning == MEANS_HEADER)
        list_add(&command->included, value);
    else if (meaning != MEANS_NOTHING)
        command->blind = true;
}

/* An option with its value in the next argument. Returns whether it was one. */
static bool take_valued(struct command *command, const struct list *from, size_t *at)
{
    const char *text = from->items[*at];

    for (size_t i = 0; i < sizeof valued / sizeof *valued; i++) {
        size_t group = command->count;

        if (strcmp(text, valued[i].name))
            continue;
        add_argument(command, text, valued[i].role, group);
        if (*at + 1 == from->count)
            return true; /* clang will say that its value is missing */
        add_argument(command, from->items[++*at], valued[i].role, group);
        take_meaning(command, valued[i].meaning, from->items[*at]);
        if (valued[i].preprocessor) {
            list_add(&command->preprocessor, text);
            list_add(&command->preprocessor, from->items[*at]);
        }
        if (valued[i].role == ROLE_OUTPUT)
            command->output = from->items[*at];
        return true;
    }
    return false;
}

static void take_option(struct command *command, const char *text)
{
    enum role role = ROLE_BOTH;

    if (!strcmp(text, "-c"))
        command->mode = command->mode == MODE_OTHER ? MODE_OTHER : MODE_OBJECT;
    else if (!strcmp(text, "-S"))
        command->mode = command->mode == MODE_OTHER ? MODE_OTHER : MODE_ASSEMBLY;
    else if (is_one_of(text, other_modes, sizeof other_modes / sizeof *other_modes))
        command->mode = MODE_OTHER;
    for (size_t i = 0; i < sizeof prefixed / sizeof *prefixed; i++) {
        if (strncmp(text, prefixed[i].prefix, strlen(prefixed[i].prefix)))
            continue;
        role = prefixed[i].role;
        if (role == ROLE_LINK && prefixed[i].prefix[2] == '\0' && text[1] == 'r' && text[2])
            role = ROLE_BOTH; /* only -r itself, not -rtlib= and the like */
        if (prefixed[i].preprocessor)
            list_add(&command->preprocessor, text);
        take_meaning(command, prefixed[i].meaning, text + strlen(prefixed[i].prefix));
        break;
    }
    if (role == ROLE_OUTPUT)
        command->output = text + 2;
    command->fixed_addresses |=
        is_one_of(text, fixed_models, sizeof fixed_models / sizeof *fixed_models) || !strncmp(text, "-mcmodel=", 9);
    command->debug |= !strncmp(text, "-g", 2) && strcmp(text, "-g0");
    command->bitcode |= !strcmp(text, "-emit-llvm");
    command->remarks |= !strncmp(text, "-Rpass=", 7);
    add_argument(command, text, role, command->count);
}

/* An input behind "--" may begin as options do; it is one no more, as options of ours come behind it. */
static void add_input(struct command *command, const char *path, const char *language)
{
    if (path[0] == '-' && path[1])
        path = text_format("./%s", path);
    add_argument(command, path, role_of_input(command, path, language), command->count);
    command->arguments[command->count - 1].language = language;
}

static void take_all(struct command *command, const struct list *from)
{
    const char *language = NULL;
    bool depends = false, depends_file = false, inputs_only = false;

    for (size_t at = 0; at < from->count; at++) {
        const char *text = from->items[at];

        depends |= !strcmp(text, "-MD") || !strcmp(text, "-MMD");
        depends_file |= !strncmp(text, "-MF", 3);
        if (!strcmp(text, "-x") && at + 1 < from->count)
            language = strcmp(from->items[at + 1], "none") ? from->items[at + 1] : NULL;
        else if (!strncmp(text, "-x", 2) && text[2])
            language = strcmp(text + 2, "none") ? text + 2 : NULL;
        if (!inputs_only && !strcmp(text, "--"))
            inputs_only = true;
        else if (inputs_only || text[0] != '-' || !text[1])
            add_input(command, text, language);
        else if (!take_valued(command, from, &at))
            take_option(command, text);
    }
    command->dependencies = depends && !depends_file;
}

/* One argument of a response file, in place: quotes and backslashes as a shell has them, without variables. */
static char *next_word(char **rest)
{
    char *from = *rest, *to, *word, quote = 0;

    from += strspn(from, " \t\r\n\v\f");
    if (!*from)
        return NULL;
    for (word = to = from; *from && (quote || !strchr(" \t\r\n\v\f", *from)); from++) {
        if (quote ? *from == quote : *from == '"' || *from == '\'')
            quote = quote ? 0 : *from;
        else if (*from == '\\' && from[1] && quote != '\'')
            *to++ = *++from;
        else
            *to++ = *from;
    }
    *rest = *from ? from + 1 : from;
    *to = '\0';
    return word;
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char *bytes = NULL;
    size_t room = 0;

    if (!file)
        return NULL;
    if (getdelim(&bytes, &room, '\0', file) < 0 && bytes)
        *bytes = '\0';
    fclose(file);
    return bytes;
}

static int expand(struct list *to, const char *argument, int depth)
{
    char *bytes, *rest, *word;
    int status = 0;

    if (argument[0] != '@' || !(bytes = read_text(argument + 1))) {
        list_add(to, argument); /* clang takes an @FILE that does not exist as a file name, too */
        return 0;
    }
    if (depth == RESPONSE_DEPTH) {
        fprintf(stderr, "farcc: '%s': response files name each other too deeply\n", argument);
        status = EX_DATAERR;
    }
    for (rest = bytes; !status && (word = next_word(&rest));)
        status = expand(to, text_format("%s", word), depth + 1);
    free(bytes);
    return status;
}

int command_parse(struct command *command, int argc, char **argv)
{
    struct list all = {0};
    int status = 0;

    for (int i = 1; i < argc && !status; i++)
        status = expand(&all, argv[i], 0);
    if (!status)
        take_all(command, &all);
    list_free(&all);
    return status;
}

void command_free(struct command *command)
{
    list_free(&command->preprocessor);
    list_free(&command->directories);
    list_free(&command->included);
    free(command->arguments);
}
