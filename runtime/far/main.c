/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far: one program, one subcommand a file. */
#include "idl/diag.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/format/streams.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct command {
    const char *name;
    const char *help;
    int (*main)(int argc, char **argv);
} commands[] = {
#define X(name, help) {#name, help, far_##name##_main},
    FAR_COMMANDS(X)
#undef X
};

static void print_help(FILE *out)
{
    fprintf(
        out,
        "usage: far COMMAND …\n\n"
        "Looks at farcall segments, makes import libraries from them, and talks to the node's name server, fard.\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\nFrom a header to a call:\n"
                 "  farcc -c kv.c && farld -o kv.seg kv.o     compile and link the service\n"
                 "  far dump kv.seg                           look at it\n"
                 "  far implib kv.seg -o libkv.so             make what clients link against\n"
                 "  far register kv.seg                       make it known to fard\n"
                 "\nfar COMMAND --help says more. Exit codes are those of <sysexits.h>.\n");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    static const char *const names[] = {
#define X(name, help) #name,
        FAR_COMMANDS(X)
#undef X
            NULL};
    const char *meant = nearest_word(name, names);
    fprintf(stderr, "far: there is no command `%s`; %s%s%sfar --help lists them\n", name, meant ? "did you mean `" : "",
            meant ? meant : "", meant ? "`? " : "");
    return EX_USAGE;
}

/* far help, far --help and far -h; with a command's name, that command's. */
static int help(const char *name)
{
    static char option[] = "--help";
    char copy[32], *words[] = {copy, option, NULL};
    if (!name)
        return print_help(stdout), finish_output(0);
    const struct command *command = find_command(name);
    if (!command)
        return unknown_command(name);
    snprintf(copy, sizeof copy, "%s", command->name);
    return command->main(2, words);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    streams_occupy();
    /* A file size limit is then an error of write(), with a message and a clean-up, for the programs we start as well. */
    signal(SIGXFSZ, SIG_IGN);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return help(argv[2]);
    if (strcmp(name, "--version") == 0)
        return printf("far (farcall) %s\n", FARCALL_VERSION), finish_output(0);
    const struct command *command = find_command(name);
    if (command)
        return command->main(argc - 1, argv + 1);
    if (argc > 1)
        return unknown_command(name);
    print_help(stderr);
    return EX_USAGE;
}
