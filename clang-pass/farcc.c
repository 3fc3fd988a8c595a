/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "clang-pass/farcc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static void print_help(void)
{
    puts("usage: farcc [options of farcc or clang] FILES\n"
         "\n"
         "clang-19 for sources of farcall services, a drop-in CC.\n"
         "\n"
         "A C source that includes an annotated header (<farcall/annotate.h>, far_service) is\n"
         "compiled with the farcall pass: the interface record goes into the object, operations\n"
         "get sections of their own, &operation means its stub, thread-local variables are\n"
         "refused. Such units are compiled as with -fPIC -ffunction-sections -fdata-sections. While\n"
         "it compiles, a second clang confirms that every size and offset in the record is the\n"
         "compiler's own. Every other source, and everything else, is clang's business.\n"
         "\n"
         "  farcc -O2 -g -c kv.c && farld -o kv.seg kv.o\n"
         "\n"
         "  --farcall-verbose   print each command before it is run\n"
         "  --farcall-previous=FILE   an earlier version of the service (its segment, object or record):\n"
         "                      its operations keep their slots, so old clients go on working\n"
         "  --farcall-error=CHECKS    what these checks find is an error; CHECKS are names with\n"
         "                      commas between: double-fetch, system-call, assembly\n"
         "  --farcall-ignore=CHECKS   leave these checks out\n"
         "  --help, --version\n"
         "  FARCALL_CLANG       the clang to use (default " FAR_CLANG ")\n"
         "\n"
         "exit status: clang's, or faridl's where the interface is in error; 64 for wrong usage.\n"
         "All options of clang are taken; \"" FAR_CLANG " --help\" lists them.\n");
}

/* PREFIX of PREFIX/bin/farcc. */
static const char *find_prefix(void)
{
    static char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    if (length <= 0) {
        fprintf(stderr, "farcc: cannot read /proc/self/exe: %s\n", strerror(errno));
        return NULL;
    }
    path[length] = '\0';
    for (int levels = 0; levels < 2 && strrchr(path, '/'); levels++)
        *strrchr(path, '/') = '\0';
    return path;
}

void start_command(const struct compiler *compiler, struct list *clang)
{
    list_add(clang, compiler->clang);
    list_add(clang, "-isystem");
    list_add(clang, text_format("%s/include", compiler->prefix));
}

/* The command as it was given, without the pass. */
static void whole_command(const struct compiler *compiler, struct list *clang)
{
    start_command(compiler, clang);
    for (size_t i = 0; i < compiler->command.count; i++)
        list_add(clang, compiler->command.arguments[i].text);
}

/* "dir/kv.c" → "kv", where clang puts what it makes of several sources. */
static const char *stem(const char *source)
{
    const char *slash = strrchr(source, '/'), *name = slash ? slash + 1 : source, *dot = strrchr(name, '.');

    return text_format("%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
}

static const char *suffix(const struct command *command)
{
    if (command->mode == MODE_ASSEMBLY)
        return command->bitcode ? "ll" : "s";
    return command->bitcode && command->mode == MODE_OBJECT ? "bc" : "o";
}

/* Options for one input of several; its own language is said right before it. */
static void add_compile_options(const struct compiler *compiler, size_t at, struct list *clang)
{
    const struct command *command = &compiler->command;
    const char *source = command->arguments[at].text;

    for (size_t i = 0; i < command->count; i++) {
        enum role role = command->arguments[i].role;

        if (role == ROLE_BOTH || role == ROLE_DEPENDENCY)
            list_add(clang, command->arguments[i].text);
    }
    list_add(clang, "-Qunused-arguments");
    if (command->mode == MODE_LINK)
        list_add(clang, "-c");
    if (command->dependencies) {
        list_add(clang, "-MF");
        list_add(clang, text_format("%s.d", stem(source)));
    }
    if (command->arguments[at].language) {
        list_add(clang, "-x");
        list_add(clang, command->arguments[at].language);
    }
    list_add(clang, source);
}

static int run_clang(const struct compiler *compiler, struct list *clang)
{
    int status = process_run(clang, compiler->verbose);

    list_free(clang);
    return status;
}

static struct compilation compile_one(const struct compiler *compiler, size_t at, const char *object)
{
    struct list clang = {0};

    start_command(compiler, &clang);
    add_compile_options(compiler, at, &clang);
    list_add(&clang, "-o");
    list_add(&clang, object);
    if (compiler->command.arguments[at].role == ROLE_FOREIGN)
        return (struct compilation){.status = run_clang(compiler, &clang)};
    return compile_source(compiler, at, &clang);
}

static bool is_source(const struct argument *argument)
{
    return argument->role == ROLE_SOURCE || argument->role == ROLE_FOREIGN;
}

static void remove_result(const char *path)
{
    struct stat about;

    if (stat(path, &about) == 0 && S_ISREG(about.st_mode))
        unlink(path);
}

/* Where each source's result goes, and at the end the arguments that link all of them, in order. */
static int compile_all(const struct compiler *compiler, struct list *objects)
{
    const struct command *command = &compiler->command;
    struct compilation result = {0};

    for (size_t i = 0; i < command->count && !result.status; i++) {
        const char *object;

        if (!is_source(&command->arguments[i]))
            continue;
        object = text_format("%s.%s", stem(command->arguments[i].text), suffix(command));
        if (command->mode == MODE_LINK)
            object = workplace_file(text_format("%zu-%s", i, object));
        if (!object)
            return EX_CANTCREAT;
        list_add(objects, object);
        result = compile_one(compiler, i, object);
    }
    if (result.removes) /* nothing may use what was compiled with other layouts than the record says */
        for (size_t i = 0; i < objects->count; i++)
            remove_result(objects->items[i]);
    return result.status;
}

static int link_all(const struct compiler *compiler, const struct list *objects)
{
    const struct command *command = &compiler->command;
    struct list clang = {0};
    size_t next = 0;

    start_command(compiler, &clang);
    for (size_t i = 0; i < command->count; i++) {
        const struct argument *argument = &command->arguments[i];

        if (is_source(argument))
            list_add(&clang, objects->items[next++]);
        else if (argument->role != ROLE_DEPENDENCY && argument->role != ROLE_LANGUAGE)
            list_add(&clang, argument->text);
    }
    list_add(&clang, "-Qunused-arguments");
    return run_clang(compiler, &clang);
}

/* Several sources, each with its own record: compile each, then link. */
static int run_split(const struct compiler *compiler)
{
    const struct command *command = &compiler->command;
    struct list objects = {0};
    int status;

    if (command->precompiles) {
        fputs("farcc: sources of a service and a header to precompile in one command; give the header one of its own\n",
              stderr);
        return EX_USAGE;
    }
    if (command->output && command->mode != MODE_LINK) {
        fputs("farcc: error: cannot specify -o when generating multiple output files\n", stderr);
        return EX_USAGE;
    }
    status = compile_all(compiler, &objects);
    if (!status && command->mode == MODE_LINK)
        status = link_all(compiler, &objects);
    list_free(&objects);
    return status;
}

/* The command as it was given, for its only source. */
static int run_single(const struct compiler *compiler, size_t at)
{
    const struct command *command = &compiler->command;
    struct list clang = {0};
    struct compilation result;

    whole_command(compiler, &clang);
    result = compile_source(compiler, at, &clang);
    if (!result.removes)
        return result.status;
    if (command->output)
        remove_result(command->output);
    else if (command->mode == MODE_LINK)
        remove_result("a.out");
    else
        remove_result(text_format("%s.%s", stem(command->arguments[at].text), suffix(command)));
    return result.status;
}

/* Where clang looks for headers, all of it: -I and its like, ours, the compiler's own, the system's. */
static void list_directories(struct compiler *compiler)
{
    static const char *const usual[] = {
        (FAR_RESOURCES "/include"),
        "/usr/local/include",
        ("/usr/include/" FAR_MULTIARCH),
        "/usr/include",
    };

    list_add_all(&compiler->directories, &compiler->command.directories);
    list_add(&compiler->directories, text_format("%s/include", compiler->prefix));
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        list_add(&compiler->directories, usual[i]);
}

/* Headers that clang takes from where no option says. */
static bool environment_is_blind(void)
{
    static const char *const names[] = {"CPATH", "C_INCLUDE_PATH", "CCC_OVERRIDE_OPTIONS"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (getenv(names[i]))
            return true;
    }
    return false;
}

static bool may_be_service(const struct compiler *compiler, size_t at)
{
    const struct argument *argument = &compiler->command.arguments[at];
    const char *path = is_input(argument->text) ? INPUT_PATH : argument->text;

    return argument->role == ROLE_SOURCE &&
           (compiler->command.blind || environment_is_blind() ||
            scan_for_service(path, &compiler->directories, compiler->command.directories.count,
                             &compiler->command.included));
}

/* A source on standard input is read more than once. */
static int keep_inputs(const struct command *command)
{
    int status = 0;

    for (size_t i = 0; i < command->count && command->mode != MODE_OTHER && !status; i++) {
        if (command->arguments[i].role == ROLE_SOURCE && is_input(command->arguments[i].text))
            status = keep_input();
    }
    return status;
}

static int run(struct compiler *compiler)
{
    const struct command *command = &compiler->command;
    size_t candidate = command->count;
    struct list clang = {0};
    int status = keep_inputs(command);

    if (status)
        return status;
    list_directories(compiler);
    for (size_t i = 0; i < command->count && command->mode != MODE_OTHER && candidate == command->count; i++) {
        if (may_be_service(compiler, i))
            candidate = i;
    }
    if (candidate < command->count)
        return command->sources == 1 && !command->precompiles ? run_single(compiler, candidate) : run_split(compiler);
    whole_command(compiler, &clang);
    status = process_become(&clang, compiler->verbose);
    list_free(&clang);
    return status;
}

static bool are_checks(const char *list)
{
    static const char *const names[] = {"double-fetch", "system-call", "assembly"};
    bool known = *list != '\0';

    for (size_t length; *list && known; list += length + (list[length] == ',')) {
        length = strcspn(list, ",");
        known = false;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            known |= strlen(names[i]) == length && !memcmp(names[i], list, length);
    }
    return known;
}

/* A list of checks behind one of two options; a second list adds to the first. */
static bool take_checks(const char *argument, const char *option, const char **checks)
{
    size_t length = strlen(option);

    if (strncmp(argument, option, length))
        return false;
    if (!are_checks(argument + length)) {
        fprintf(stderr, "farcc: %s: the checks are double-fetch, system-call and assembly\n", argument);
        exit(EX_USAGE);
    }
    *checks = text_format("%s%s%s", *checks, **checks ? "," : "", argument + length);
    return true;
}

/* Our own options, out of argv. */
static int take_own_options(struct compiler *compiler, int argc, char **argv)
{
    static const char previous[] = "--farcall-previous=";
    int kept = 1;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--farcall-verbose"))
            compiler->verbose = true;
        else if (!strncmp(argv[i], previous, strlen(previous)))
            compiler->previous = argv[i] + strlen(previous);
        else if (!take_checks(argv[i], "--farcall-error=", &compiler->errors) &&
                 !take_checks(argv[i], "--farcall-ignore=", &compiler->ignored))
            argv[kept++] = argv[i];
        if (!strcmp(argv[i], "--version"))
            puts("farcc (farcall) " FAR_VERSION);
    }
    fflush(stdout);
    return kept;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-help"))
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct compiler compiler = {.prefix = find_prefix(), .clang = getenv("FARCALL_CLANG"), .errors = "", .ignored = ""};
    int status;

    if (asks_for_help(argc, argv)) {
        print_help();
        return fflush(stdout) ? EX_IOERR : 0;
    }
    if (!compiler.prefix)
        return EX_OSERR;
    if (!compiler.clang || !*compiler.clang)
        compiler.clang = FAR_CLANG;
    argc = take_own_options(&compiler, argc, argv);
    process_catch_interruptions();
    status = command_parse(&compiler.command, argc, argv);
    if (!status)
        status = run(&compiler);
    workplace_clear();
    list_free(&compiler.directories);
    command_free(&compiler.command);
    memory_release();
    if (process_interrupted()) {
        signal(process_interrupted(), SIG_DFL);
        raise(process_interrupted());
    }
    return status;
}
