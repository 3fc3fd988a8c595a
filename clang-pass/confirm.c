/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The record says where each member lies; the compiler knows. So that the two cannot differ, every source with a record
 * is read by a second compiler, with the same flags and faridl's assertions behind it, while the first one compiles.
 */
#include "clang-pass/farcc.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* Options that write files of their own. */
static bool writes_files(const char *text)
{
    return !strncmp(text, "-M", 2) || !strncmp(text, "-save-temps", 11) || !strncmp(text, "-ftime-trace", 12);
}

static void add_options(const struct command *command, struct list *clang)
{
    size_t dropped = (size_t)-1;

    for (size_t i = 0; i < command->count; i++) {
        const struct argument *argument = &command->arguments[i];

        if (argument->role != ROLE_BOTH || argument->group == dropped)
            continue;
        if (writes_files(argument->text))
            dropped = argument->group;
        else
            list_add(clang, argument->text);
    }
}

int confirmation_start(struct confirmation *confirmation, const struct compiler *compiler)
{
    struct child child = {.inherited = -1};
    struct list clang = {0};
    int status;

    confirmation->messages = workplace_file(text_format("%s.messages", strrchr(confirmation->assertions, '/') + 1));
    if (!confirmation->messages)
        return EX_CANTCREAT;
    start_command(compiler, &clang);
    if (confirmation->beside) {
        list_add(&clang, "-iquote");
        list_add(&clang, confirmation->beside);
    }
    add_options(&compiler->command, &clang);
    list_add(&clang, "-Qunused-arguments");
    list_add(&clang, "-fsyntax-only");
    list_add(&clang, "-w");
    list_add(&clang, "-ferror-limit=3");
    list_add(&clang, "-include");
    list_add(&clang, confirmation->source);
    list_add(&clang, "-include");
    list_add(&clang, confirmation->assertions);
    list_add(&clang, "-xc");
    list_add(&clang, "/dev/null");
    child.arguments = &clang;
    child.errors = confirmation->messages;
    status = process_start(&child, compiler->verbose, &confirmation->child);
    list_free(&clang);
    return status;
}

void print_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char line[4096];

    while (file && fgets(line, sizeof line, file))
        fputs(line, stderr);
    if (file)
        fclose(file);
}

int confirmation_end(struct confirmation *confirmation, bool quiet)
{
    int status = confirmation->child ? process_wait(confirmation->child) : 0;

    confirmation->child = 0;
    if (!status || quiet || process_interrupted())
        return status;
    fprintf(stderr, "farcc: %s: the compiler does not confirm the layouts in the interface record:\n",
            confirmation->source);
    print_file(confirmation->messages);
    return status;
}
