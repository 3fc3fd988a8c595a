/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* far: one program, one subcommand a file. */
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

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    streams_occupy();
    /* A file size limit is then an error of write(), with a message and a clean-up, for the programs we start as well. */
    signal(SIGXFSZ, SIG_IGN);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return print_help(stdout), finish_output(0);
    if (strcmp(name, "--version") == 0)
        return printf("far (farcall) %s\n", FARCALL_VERSION), finish_output(0);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].main(argc - 1, argv + 1);
    }
    if (argc < 2)
        print_help(stderr);
    else
        fprintf(stderr, "far: there is no command `%s`; far --help lists them\n", name);
    return EX_USAGE;
}
