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

#include "runtime/machine.h"

struct compiler {
    struct command command;
    const char *prefix; /* the installation this farcc belongs to */
    const char *clang;
    const char *previous; /* --farcall-previous; NULL: none */
    bool verbose;
    const char **records; /* one for each argument: the record of that source, or NULL */
    size_t record_count;
    struct confirmation *confirmations; /* as many */
};

static void print_help(void)
{
    puts("farcc: clang-19 for sources of farcall services, a drop-in CC\n"
         "\n"
         "A C source that includes an annotated header (<farcall/annotate.h>, far_service) is\n"
         "compiled with the farcall pass: the interface record goes into the object, operations\n"
         "get sections of their own, &operation means its stub, thread-local variables are\n"
         "refused. Such units get -fPIC -ffunction-sections -fdata-sections. While it compiles, a second\n"
         "clang confirms that every size and offset in the record is the compiler's own. Every other\n"
         "source, and everything else, is clang's business.\n"
         "\n"
         "  farcc -O2 -g -c kv.c && farld -o kv.seg kv.o\n"
         "\n"
         "  --farcall-verbose   print each command before it is run\n"
         "  --farcall-previous=FILE   an earlier version of the service (its segment, object or record):\n"
         "                      its operations keep their slots, so old clients go on working\n"
         "  FARCALL_CLANG       the clang to use (default " FAR_CLANG ")\n"
         "\n"
         "exit status: clang's, or faridl's where the interface is in error.\n"
         "What follows is clang's own help.\n");
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

static const char *include_directory(const struct compiler *compiler)
{
    return text_format("%s/include", compiler->prefix);
}

static bool is_filled(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && about.st_size > 0;
}

/* Ask faridl whether this source is part of a service. Standard input cannot be read twice, so it never is. */
static int ask_about(struct compiler *compiler, size_t at)
{
    const char *source = compiler->command.arguments[at].text;
    const char *record = strcmp(source, "-") ? workplace_file(text_format("%zu.iface", at)) : NULL;
    const char *assertions = record ? workplace_file(text_format("%zu.layouts", at)) : NULL;
    struct list faridl = {0};
    int status;

    if (!assertions)
        return strcmp(source, "-") ? EX_CANTCREAT : 0;
    list_add(&faridl, text_format("%s/bin/faridl", compiler->prefix));
    list_add(&faridl, "--unit");
    list_add(&faridl, source);
    list_add(&faridl, text_format("--record=%s", record));
    list_add(&faridl, text_format("--assertions=%s", assertions));
    if (compiler->previous)
        list_add(&faridl, text_format("--previous=%s", compiler->previous));
    list_add_all(&faridl, &compiler->command.preprocessor);
    list_add(&faridl, "-isystem");
    list_add(&faridl, include_directory(compiler));
    status = process_run(&faridl, compiler->verbose);
    list_free(&faridl);
    if (status == 0 && is_filled(record)) {
        compiler->records[at] = record;
        compiler->confirmations[at] = (struct confirmation){.source = source, .assertions = assertions};
        compiler->record_count++;
    }
    return status;
}

static int ask_about_all(struct compiler *compiler)
{
    struct command *command = &compiler->command;
    int status = 0;

    compiler->records = calloc(command->count + 1, sizeof *compiler->records);
    compiler->confirmations = calloc(command->count + 1, sizeof *compiler->confirmations);
    if (!compiler->records || !compiler->confirmations)
        return EX_OSERR;
    for (size_t i = 0; i < command->count && !status && command->mode != MODE_OTHER; i++) {
        if (command->arguments[i].role == ROLE_SOURCE)
            status = ask_about(compiler, i);
    }
    return status;
}

/* What is compiled for, as --target or -target says it; "" if they do not. */
static const char *target_of(const struct command *command)
{
    static const char joined[] = "--target=";
    const char *target = "";

    for (size_t i = 0; i < command->count; i++) {
        const char *text = command->arguments[i].text;

        if (!strncmp(text, joined, strlen(joined)))
            target = text + strlen(joined);
        else if (!strcmp(text, "-target") && i + 1 < command->count)
            target = command->arguments[i + 1].text;
    }
    return target;
}

/*
 * aarch64: atomic instructions where they stand. The compiler's other way calls functions that look at a variable which a
 * constructor sets, and a segment shared with another machine's build has no place for such a variable.
 */
static void add_machine_options(const struct compiler *compiler, struct list *clang)
{
    const char *target = target_of(&compiler->command);

    if (*target ? !strncmp(target, "aarch64", 7) : FAR_MACHINE_NATIVE == EM_AARCH64)
        list_add(clang, "-mno-outline-atomics");
}

/* -fno-lto: farld reads records and relocations, so it needs machine code. */
static void add_pass(const struct compiler *compiler, struct list *clang, const char *record)
{
    const char *pass = text_format("%s/lib/FarcallPass.so", compiler->prefix);

    list_add(clang, "-fPIC");
    list_add(clang, "-ffunction-sections");
    list_add(clang, "-fdata-sections");
    list_add(clang, "-fno-lto");
    add_machine_options(compiler, clang);
    list_add(clang, "-Xclang");
    list_add(clang, "-load");
    list_add(clang, "-Xclang");
    list_add(clang, pass);
    list_add(clang, text_format("-fpass-plugin=%s", pass));
    list_add(clang, "-mllvm");
    list_add(clang, text_format("-farcall-iface=%s", record));
}

static void start_command(const struct compiler *compiler, struct list *clang)
{
    list_add(clang, compiler->clang);
    list_add(clang, "-isystem");
    list_add(clang, include_directory(compiler));
}

static int run_clang(const struct compiler *compiler, struct list *clang)
{
    int status = process_run(clang, compiler->verbose);

    list_free(clang);
    return status;
}

/* The command as it was given, for one source at most. */
static int run_whole(const struct compiler *compiler)
{
    const struct command *command = &compiler->command;
    struct list clang = {0};

    start_command(compiler, &clang);
    for (size_t i = 0; i < command->count; i++)
        list_add(&clang, command->arguments[i].text);
    for (size_t i = 0; i < command->count; i++) {
        if (compiler->records[i])
            add_pass(compiler, &clang, compiler->records[i]);
    }
    return run_clang(compiler, &clang);
}

/* "dir/kv.c" → "kv", where clang puts what it makes of several sources. */
static const char *stem(const char *source)
{
    const char *slash = strrchr(source, '/'), *name = slash ? slash + 1 : source, *dot = strrchr(name, '.');

    return text_format("%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
}

static void add_compile_options(const struct compiler *compiler, struct list *clang)
{
    const struct command *command = &compiler->command;

    for (size_t i = 0; i < command->count; i++) {
        enum role role = command->arguments[i].role;

        if (role == ROLE_BOTH || role == ROLE_DEPENDENCY || role == ROLE_LANGUAGE)
            list_add(clang, command->arguments[i].text);
    }
    list_add(clang, "-Qunused-arguments");
}

static int compile_one(const struct compiler *compiler, size_t at, const char *object)
{
    const struct command *command = &compiler->command;
    const char *source = command->arguments[at].text;
    struct list clang = {0};

    start_command(compiler, &clang);
    add_compile_options(compiler, &clang);
    if (command->mode == MODE_LINK)
        list_add(&clang, "-c");
    if (command->dependencies) {
        list_add(&clang, "-MF");
        list_add(&clang, text_format("%s.d", stem(source)));
    }
    list_add(&clang, source);
    list_add(&clang, "-o");
    list_add(&clang, object);
    if (compiler->records[at])
        add_pass(compiler, &clang, compiler->records[at]);
    return run_clang(compiler, &clang);
}

/* Where a source's result goes, and at the end the arguments that link all of them, in order. */
static int compile_all(struct compiler *compiler, struct list *objects)
{
    const struct command *command = &compiler->command;
    const char *suffix = command->mode == MODE_ASSEMBLY ? "s" : "o";
    int status = 0;

    for (size_t i = 0; i < command->count && !status; i++) {
        const char *object;

        if (command->arguments[i].role != ROLE_SOURCE)
            continue;
        object = text_format("%s.%s", stem(command->arguments[i].text), suffix);
        if (command->mode == MODE_LINK)
            object = workplace_file(text_format("%zu-%s", i, object));
        if (!object)
            return EX_CANTCREAT;
        list_add(objects, object);
        status = compile_one(compiler, i, object);
    }
    return status;
}

static int link_all(const struct compiler *compiler, const struct list *objects)
{
    const struct command *command = &compiler->command;
    struct list clang = {0};
    size_t next = 0;

    start_command(compiler, &clang);
    for (size_t i = 0; i < command->count; i++) {
        const struct argument *argument = &command->arguments[i];

        if (argument->role == ROLE_SOURCE)
            list_add(&clang, objects->items[next++]);
        else if (argument->role != ROLE_DEPENDENCY && argument->role != ROLE_LANGUAGE)
            list_add(&clang, argument->text);
    }
    list_add(&clang, "-Qunused-arguments");
    return run_clang(compiler, &clang);
}

/* Several sources, each with its own record: compile each, then link. */
static int run_split(struct compiler *compiler)
{
    const struct command *command = &compiler->command;
    struct list objects = {0};
    int status;

    if (command->other_inputs) {
        fputs("farcc: sources of a service beside assembler or C++ in one command; compile them with -c, one by one\n",
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

static void remove_result(const char *path)
{
    struct stat about;

    if (stat(path, &about) == 0 && S_ISREG(about.st_mode))
        unlink(path);
}

static int start_confirmations(struct compiler *compiler)
{
    struct list start = {0};
    int status = 0;

    start_command(compiler, &start);
    for (size_t i = 0; i < compiler->command.count && !status; i++) {
        if (compiler->records[i])
            status = confirmation_start(&compiler->confirmations[i], &start, &compiler->command, compiler->verbose);
    }
    list_free(&start);
    return status;
}

/* Nothing may use what was compiled with other layouts than the record says. */
static void remove_results(const struct compiler *compiler)
{
    const struct command *command = &compiler->command;
    const char *suffix = command->mode == MODE_ASSEMBLY ? "s" : "o";

    if (command->output)
        remove_result(command->output);
    else if (command->mode == MODE_LINK)
        remove_result("a.out");
    for (size_t i = 0; i < command->count && !command->output && command->mode != MODE_LINK; i++) {
        if (command->arguments[i].role == ROLE_SOURCE)
            remove_result(text_format("%s.%s", stem(command->arguments[i].text), suffix));
    }
}

static int end_confirmations(struct compiler *compiler, int status)
{
    bool compiled = !status;

    for (size_t i = 0; i < compiler->command.count; i++) {
        int other = confirmation_end(&compiler->confirmations[i], status != 0);

        status = status ? status : other;
    }
    if (compiled && status)
        remove_results(compiler);
    return status;
}

static int run(struct compiler *compiler)
{
    int status = ask_about_all(compiler);

    if (status)
        return status;
    if (compiler->record_count == 0)
        return run_whole(compiler);
    status = start_confirmations(compiler);
    if (!status && compiler->command.sources == 1 && !compiler->command.other_inputs)
        status = run_whole(compiler);
    else if (!status)
        status = run_split(compiler);
    return end_confirmations(compiler, status);
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
        else
            argv[kept++] = argv[i];
        if (!strcmp(argv[i], "--help"))
            print_help();
        if (!strcmp(argv[i], "--version"))
            puts("farcc (farcall) " FAR_VERSION);
    }
    fflush(stdout);
    return kept;
}

int main(int argc, char **argv)
{
    struct compiler compiler = {.prefix = find_prefix(), .clang = getenv("FARCALL_CLANG")};
    int status;

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
    free(compiler.records);
    free(compiler.confirmations);
    command_free(&compiler.command);
    memory_release();
    if (process_interrupted()) {
        signal(process_interrupted(), SIG_DFL);
        raise(process_interrupted());
    }
    return status;
}
