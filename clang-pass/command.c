/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* clang's command line, as far as farcc must understand it. */
#include "clang-pass/farcc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define RESPONSE_DEPTH 8

/* Options whose value is the next argument; some of them may also be joined to it ("-Ifoo"). */
static const struct {
    const char *name;
    enum role role;
    bool preprocessor; /* faridl must know it */
} valued[] = {
    {"-o", ROLE_OUTPUT, false},
    {"-MF", ROLE_DEPENDENCY, false},
    {"-MT", ROLE_DEPENDENCY, false},
    {"-MQ", ROLE_DEPENDENCY, false},
    {"-MJ", ROLE_BOTH, false},
    {"-I", ROLE_BOTH, true},
    {"-D", ROLE_BOTH, true},
    {"-U", ROLE_BOTH, true},
    {"-F", ROLE_BOTH, true},
    {"-include", ROLE_BOTH, true},
    {"-imacros", ROLE_BOTH, true},
    {"-isystem", ROLE_BOTH, true},
    {"-iquote", ROLE_BOTH, true},
    {"-idirafter", ROLE_BOTH, true},
    {"-iprefix", ROLE_BOTH, true},
    {"-iwithprefix", ROLE_BOTH, true},
    {"-iwithprefixbefore", ROLE_BOTH, true},
    {"-isysroot", ROLE_BOTH, true},
    {"-include-pch", ROLE_BOTH, false},
    {"-target", ROLE_BOTH, true},
    {"--sysroot", ROLE_BOTH, true},
    {"--param", ROLE_BOTH, false},
    {"--config", ROLE_BOTH, false},
    {"-x", ROLE_LANGUAGE, false},
    {"-arch", ROLE_BOTH, false},
    {"-Xclang", ROLE_BOTH, false},
    {"-Xpreprocessor", ROLE_BOTH, false},
    {"-Xassembler", ROLE_BOTH, false},
    {"-Xanalyzer", ROLE_BOTH, false},
    {"-mllvm", ROLE_BOTH, false},
    {"-working-directory", ROLE_BOTH, false},
    {"-dumpdir", ROLE_BOTH, false},
    {"-Xlinker", ROLE_LINK, false},
    {"-L", ROLE_LINK, false},
    {"-l", ROLE_LINK, false},
    {"-T", ROLE_LINK, false},
    {"-u", ROLE_LINK, false},
    {"-z", ROLE_LINK, false},
    {"-e", ROLE_LINK, false},
    {"-rpath", ROLE_LINK, false},
    {"-soname", ROLE_LINK, false},
};

/* Options of one word, by their beginning. */
static const struct {
    const char *prefix;
    enum role role;
    bool preprocessor;
} prefixed[] = {
    {"-I", ROLE_BOTH, true},
    {"-D", ROLE_BOTH, true},
    {"-U", ROLE_BOTH, true},
    {"-isystem", ROLE_BOTH, true},
    {"-iquote", ROLE_BOTH, true},
    {"-idirafter", ROLE_BOTH, true},
    {"-include", ROLE_BOTH, true},
    {"-imacros", ROLE_BOTH, true},
    {"-std=", ROLE_BOTH, true},
    {"--std=", ROLE_BOTH, true},
    {"-ansi", ROLE_BOTH, true},
    {"-nostdinc", ROLE_BOTH, true},
    {"-pthread", ROLE_BOTH, true},
    {"-undef", ROLE_BOTH, true},
    {"--target=", ROLE_BOTH, true},
    {"--sysroot=", ROLE_BOTH, true},
    {"-fshort-enums", ROLE_BOTH, true},
    {"-fno-short-enums", ROLE_BOTH, true},
    {"-fshort-wchar", ROLE_BOTH, true},
    {"-fno-short-wchar", ROLE_BOTH, true},
    {"-funsigned-char", ROLE_BOTH, true},
    {"-fno-unsigned-char", ROLE_BOTH, true},
    {"-fsigned-char", ROLE_BOTH, true},
    {"-fno-signed-char", ROLE_BOTH, true},
    {"-fpack-struct", ROLE_BOTH, true},
    {"-fno-pack-struct", ROLE_BOTH, true},
    {"-ms-extensions", ROLE_BOTH, true},
    {"-fms-extensions", ROLE_BOTH, true},
    {"-m", ROLE_BOTH, true},
    {"-O", ROLE_BOTH, true},
    {"-x", ROLE_LANGUAGE, false},
    {"-o", ROLE_OUTPUT, false},
    {"-MF", ROLE_DEPENDENCY, false},
    {"-MT", ROLE_DEPENDENCY, false},
    {"-MQ", ROLE_DEPENDENCY, false},
    {"-l", ROLE_LINK, false},
    {"-L", ROLE_LINK, false},
    {"-Wl,", ROLE_LINK, false},
    {"-shared", ROLE_LINK, false},
    {"-static", ROLE_LINK, false},
    {"-rdynamic", ROLE_LINK, false},
    {"-nostdlib", ROLE_LINK, false},
    {"-nodefaultlibs", ROLE_LINK, false},
    {"-nostartfiles", ROLE_LINK, false},
    {"-fuse-ld=", ROLE_LINK, false},
    {"-pie", ROLE_LINK, false},
    {"-no-pie", ROLE_LINK, false},
    {"-r", ROLE_LINK, false},
};

static const char *const other_modes[] = {"-E",        "-M",     "-MM",          "-fsyntax-only", "-###",
                                          "--version", "--help", "-dumpversion", "-dumpmachine",  "--analyze",
                                          "-emit-ast", "-cc1",   "-cc1as"};

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

static enum role role_of_input(struct command *command, const char *path, const char *language)
{
    static const char *const c[] = {".c", ".i"};
    static const char *const others[] = {".s", ".S",   ".sx", ".cc", ".cpp", ".cxx",
                                         ".C", ".c++", ".ii", ".m",  ".mm",  ".h"};

    if (language ? !strcmp(language, "c") || !strcmp(language, "cpp-output") : is_one_of(extension(path), c, 2)) {
        command->sources++;
        return ROLE_SOURCE;
    }
    if (language || is_one_of(extension(path), others, sizeof others / sizeof *others)) {
        command->other_inputs++;
        return ROLE_BOTH;
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
        break;
    }
    if (role == ROLE_OUTPUT)
        command->output = text + 2;
    add_argument(command, text, role, command->count);
}

static void take_all(struct command *command, const struct list *from)
{
    const char *language = NULL;
    bool depends = false, depends_file = false;

    for (size_t at = 0; at < from->count; at++) {
        const char *text = from->items[at];

        depends |= !strcmp(text, "-MD") || !strcmp(text, "-MMD");
        depends_file |= !strncmp(text, "-MF", 3);
        if (!strcmp(text, "-x") && at + 1 < from->count)
            language = strcmp(from->items[at + 1], "none") ? from->items[at + 1] : NULL;
        else if (!strncmp(text, "-x", 2) && text[2])
            language = strcmp(text + 2, "none") ? text + 2 : NULL;
        if (text[0] != '-' || !text[1])
            add_argument(command, text, role_of_input(command, text, language), command->count);
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
    free(command->arguments);
}
