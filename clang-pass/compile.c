/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * One source that may be part of a service. clang and faridl start together:
 *
 *     clang    driver ─ front end ─ the pass waits ───────► goes on: optimiser, code      ─┐
 *     faridl   clang -E ─ parse, check, record ─ verdict ─┘ a second clang: layouts ok?   ─┴─ done
 *
 * The verdict goes through a socket: 'R' and the record's file, 'N' for no service, 'F' if the interface is in error; then
 * the pass answers 'F' and ends clang, and nothing is written. It may answer 'P': see prepare_clang(). No verdict at all means that farcc is gone, and ends it too.
 */
#include "clang-pass/farcc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "runtime/machine.h"

struct work {
    const struct compiler *compiler;
    const char *source;
    const char *record, *assertions, *messages; /* what faridl writes; messages: its errors */
    const char *compiler_messages;              /* clang's, or NULL: it writes them itself */
    pid_t faridl, clang;                        /* 0: not running */
    int verdict;                                /* the end to write to, or -1 */
    char answer;                                /* 'P', 'F', or 0 for none */
    const char *copy;                           /* of a source that has no name to read it again by; or NULL */
    const char *beside;                         /* the folder that the source is in, if there is a copy */
    struct list settings;                       /* the pass's, in clang's environment */
    struct confirmation confirmation;
};

static bool is_filled(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && about.st_size > 0;
}

static int name_files(struct work *work, size_t at)
{
    work->record = workplace_file(text_format("%zu.iface", at));
    work->assertions = work->record ? workplace_file(text_format("%zu.layouts", at)) : NULL;
    work->messages = work->assertions ? workplace_file(text_format("%zu.faridl", at)) : NULL;
    return work->messages ? 0 : EX_CANTCREAT;
}

static const char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return slash == path ? "/" : text_format("%.*s", (int)(slash - path), path);
}

/* The names of copies: what is preprocessed already stays so. */
static int make_copy(struct work *work, size_t at)
{
    const char *language = work->compiler->command.arguments[at].language, *dot = strrchr(work->source, '.');
    bool preprocessed = language ? !strcmp(language, "cpp-output") : dot && !strcmp(dot, ".i");

    if (!needs_copy(work->source))
        return 0;
    work->copy = workplace_file(text_format("%zu.source.%c", at, preprocessed ? 'i' : 'c'));
    work->beside = folder_of(work->source);
    return work->copy ? copy_source(work->source, work->copy) : EX_CANTCREAT;
}

static void add_word(struct list *faridl, const char *word)
{
    list_add(faridl, text_format("--cc-flag=%s", word));
}

/* What reaches the compiler and may change what the preprocessor makes of the source. */
static void add_preprocessor(const struct work *work, struct list *faridl)
{
    const struct list *words = &work->compiler->command.preprocessor;

    if (is_input(work->source)) {
        add_word(faridl, "-iquote");
        add_word(faridl, work->beside);
    }
    for (size_t i = 0; i < words->count; i++)
        add_word(faridl, words->items[i]);
    add_word(faridl, "-w"); /* clang warns */
    add_word(faridl, "-Qunused-arguments");
    list_add(faridl, "-isystem");
    list_add(faridl, text_format("%s/include", work->compiler->prefix));
}

/* Its messages wait in a file until the compiler's are out. */
static int start_faridl(struct work *work)
{
    const struct compiler *compiler = work->compiler;
    struct list faridl = {0};
    struct child child = {.arguments = &faridl, .errors = work->messages, .inherited = -1};
    int status;

    list_add(&faridl, text_format("%s/bin/faridl", compiler->prefix));
    list_add(&faridl, "--unit");
    list_add(&faridl, is_input(work->source) ? work->copy : work->source);
    list_add(&faridl, text_format("--record=%s", work->record));
    list_add(&faridl, text_format("--assertions=%s", work->assertions));
    if (isatty(STDERR_FILENO) && !getenv("NO_COLOR"))
        list_add(&faridl, "--color=always");
    if (compiler->previous)
        list_add(&faridl, text_format("--previous=%s", compiler->previous));
    add_preprocessor(work, &faridl);
    status = process_start(&child, compiler->verbose, &work->faridl);
    list_free(&faridl);
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

static void add_pass(struct work *work, struct list *clang)
{
    const struct compiler *compiler = work->compiler;
    const char *pass = text_format("%s/lib/FarcallPass.so", compiler->prefix);

    list_add(clang, "-Xclang");
    list_add(clang, "-load");
    list_add(clang, "-Xclang");
    list_add(clang, pass);
    list_add(clang, text_format("-fpass-plugin=%s", pass));
    list_add(&work->settings, text_format("FARCALL_PASS_VERDICT=%d", FARCC_VERDICT));
    list_add(&work->settings, text_format("FARCALL_PASS_ERROR=%s", compiler->errors));
    list_add(&work->settings, text_format("FARCALL_PASS_IGNORE=%s", compiler->ignored));
}

/* What clang would see for itself if its messages did not go to a file first. */
static void add_colours(const struct command *command, struct list *clang)
{
    bool said = !isatty(STDERR_FILENO) || getenv("NO_COLOR");

    for (size_t i = 0; i < command->count; i++)
        said |= strstr(command->arguments[i].text, "color-diagnostics") ||
                strstr(command->arguments[i].text, "diagnostics-color");
    if (!said)
        list_add(clang, "-fcolor-diagnostics");
}

/*
 * Without -g nobody knows where an instruction comes from. To have it known costs the front end time, and few units have
 * anything to report. So the pass ends clang when it has, and clang starts again: with -Rpass, which makes the front end
 * say places, for a pass that does not exist, and the pass drops them from the object. What the first one said is dropped.
 */
static void prepare_clang(struct work *work, struct list *clang)
{
    const struct command *command = &work->compiler->command;

    add_pass(work, clang);
    if (command->debug || command->remarks)
        return;
    work->compiler_messages = workplace_file("clang");
    add_colours(command, clang);
    list_add(&work->settings, "FARCALL_PASS_PLACES=later");
}

static void add_places(struct work *work, struct list *clang)
{
    list_add(clang, "-Rpass=^farcall$");
    work->settings.items[work->settings.count - 1] = "FARCALL_PASS_PLACES=drop";
}

static int start_clang(struct work *work, struct list *clang)
{
    struct child child = {.arguments = clang, .errors = work->compiler_messages, .settings = &work->settings};
    int ends[2], status;

    if (is_input(work->source))
        rewind_input();

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
        fprintf(stderr, "farcc: cannot make a pair of sockets: %s\n", strerror(errno));
        return EX_OSERR;
    }
    if (work->verdict >= 0)
        close(work->verdict);
    child.inherited = ends[0];
    work->verdict = ends[1];
    status = process_start(&child, work->compiler->verbose, &work->clang);
    close(ends[0]);
    return status;
}

/* A compiler that is gone already reads nothing: no matter. */
static void give_verdict(const struct work *work, const char *verdict)
{
    if (work->verdict < 0)
        return;
    send(work->verdict, verdict, strlen(verdict), MSG_NOSIGNAL);
    shutdown(work->verdict, SHUT_WR);
}

/* The pass's, of a compiler that has ended. */
static char take_answer(const struct work *work)
{
    char answer = 0;

    if (work->verdict >= 0 && !process_interrupted() && recv(work->verdict, &answer, 1, MSG_DONTWAIT) == 1)
        return answer;
    return 0;
}

static int await_clang(struct work *work, struct list *clang, const char *verdict)
{
    int status = work->clang ? process_wait(work->clang) : 0;

    work->answer = take_answer(work);
    if (work->answer == 'P') {
        add_places(work, clang);
        status = start_clang(work, clang);
        give_verdict(work, verdict);
        status = status ? status : process_wait(work->clang);
    }
    if (work->verdict >= 0)
        close(work->verdict);
    return status;
}

static bool mentions(const char *path, const char *text)
{
    FILE *file = fopen(path, "re");
    char line[4096];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file))
        found = strstr(line, text) != NULL;
    if (file)
        fclose(file);
    return found;
}

/* What stops the preprocessor stops both; clang has said it. */
static void show_messages(const struct work *work, bool clang_said_it)
{
    if (process_interrupted())
        return;
    if (work->compiler_messages)
        print_file(work->compiler_messages);
    if (!(clang_said_it && mentions(work->messages, "[FC-0009]")))
        print_file(work->messages);
}

static int await_faridl(struct work *work)
{
    int status = work->faridl ? process_wait(work->faridl) : 0;

    work->faridl = 0;
    return status;
}

/* Where the addresses are the front end's affair, it has to know before it starts. */
static int decide_first(struct work *work, struct list *clang)
{
    int status = await_faridl(work);

    if (!status && is_filled(work->record))
        list_add(clang, "-fPIC");
    return status;
}

static struct compilation finish(struct work *work, struct list *clang, int interface)
{
    bool is_service = !interface && is_filled(work->record);
    const char *verdict = interface ? "F" : is_service ? text_format("R%s", work->record) : "N";
    struct compilation result = {0};
    int confirmed = 0, compiled;

    give_verdict(work, verdict);
    if (is_service) {
        work->confirmation = (struct confirmation){
            .source = work->copy ? work->copy : work->source, .assertions = work->assertions, .beside = work->beside};
        confirmed = confirmation_start(&work->confirmation, work->compiler);
    }
    compiled = await_clang(work, clang, verdict);
    show_messages(work, compiled && work->answer != 'F');
    result.status = interface ? interface : compiled;
    confirmed = confirmed ? confirmed : confirmation_end(&work->confirmation, result.status != 0);
    /* An older object must not be taken for this one. What was not linked is left, as clang leaves it. */
    result.removes = (!result.status && confirmed) || (interface && work->compiler->command.mode != MODE_LINK);
    result.status = result.status ? result.status : confirmed;
    return result;
}

struct compilation compile_source(const struct compiler *compiler, size_t at, struct list *clang)
{
    struct work work = {.compiler = compiler, .source = compiler->command.arguments[at].text, .verdict = -1};
    bool first = compiler->command.fixed_addresses;
    int status = name_files(&work, at), interface;
    struct compilation result;

    if (!status)
        status = make_copy(&work, at);
    add_machine_options(compiler, clang);
    prepare_clang(&work, clang);
    if (!status && !first)
        status = start_clang(&work, clang);
    if (!status)
        status = start_faridl(&work);
    if (!status && first)
        status = decide_first(&work, clang);
    if (!status && first)
        status = start_clang(&work, clang);
    interface = await_faridl(&work);
    result = finish(&work, clang, status ? status : interface);
    list_free(clang);
    list_free(&work.settings);
    return result;
}
