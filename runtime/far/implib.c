/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/implib.h"
#include "runtime/far/far.h"
#include "runtime/far/load.h"
#include "runtime/import.h"
#include "runtime/machine.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

static void print_help(void)
{
    printf(
        "usage: far implib FILE.seg -o libNAME.so [--soname NAME] [--rpath DIR | --no-rpath] [--dump=asm]\n"
        "\n"
        "Writes the import library of a service: a small shared library that exports its operations. A client is "
        "linked\n"
        "against it once; what its calls cost (a branch, a trap) is decided when the client starts, by the name "
        "server.\n"
        "\n"
        "  -o FILE         the library to write\n"
        "  --soname NAME   what clients record as needed; without it, the base name of FILE\n"
        "  --rpath DIR     where the library looks for libfarcall.so; without it, where this installation has it\n"
        "  --no-rpath      nowhere: libfarcall.so lies in a system folder\n"
        "  --dump=asm      print the library as assembly text instead of writing it\n"
        "\n"
        "The library is for the segment's machine, x86-64 or aarch64; libfarcall.so for another than this one lies in\n"
        "PREFIX/lib/farcall/TRIPLET.\n"
        "\n"
        "Every operation's symbol is an IFUNC that resolves to its stub, so &operation in a client is the stub's "
        "address,\n"
        "the same in every process. A program linked with -no-pie whose code is not position-independent makes an "
        "entry\n"
        "in its own PLT the address instead; compile it with -fno-direct-access-external-data (or -fPIC, or\n"
        "gcc -mno-direct-extern-access) if it compares or stores such addresses.\n"
        "\n"
        "Example: far implib kv.seg -o libkv.so && cc client.c -L. -lkv\n"
        "Exit codes: 0 written, 64 wrong usage, 65 not a sound segment, 66 no such file, 69 no compiler or "
        "libfarcall.so,\n"
        "73 cannot create the library.\n");
}

/* PREFIX/lib, this program being PREFIX/bin/far. Owned by the caller; NULL if it cannot be found out. */
static char *library_folder(void)
{
    char program[PATH_MAX], *folder = NULL;
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    for (int up = 0; up < 2 && length > 0; up++) {
        program[length] = 0;
        char *slash = strrchr(program, '/');
        length = slash ? slash - program : -1;
    }
    if (length < 0)
        return NULL;
    program[length] = 0;
    return asprintf(&folder, "%s/lib", program) < 0 ? NULL : folder;
}

static int check_service(const struct loaded *loaded)
{
    if (!implib_machine_for(loaded->iface->machine)) {
        fprintf(stderr, "far: %s: it is for ELF machine %u, which import libraries cannot be made for\n", loaded->file,
                loaded->iface->machine);
        return EX_DATAERR;
    }
    if (loaded->iface->ops.count == 0) {
        fprintf(stderr, "far: %s: its service has no operations, so there is nothing to import\n", loaded->file);
        return EX_DATAERR;
    }
    if (implib_table_size(loaded->iface) > FAR_IMPORT_MAX) {
        fprintf(stderr,
                "far: %s: its %u operations need an import table of %zu bytes, and one holds %d; split the service\n",
                loaded->file, loaded->iface->ops.count, implib_table_size(loaded->iface), FAR_IMPORT_MAX);
        return EX_DATAERR;
    }
    return 0;
}

static int find_libfarcall(const struct implib_options *options)
{
    char *file = NULL;
    if (asprintf(&file, "%s/libfarcall.so", options->library_folder) < 0)
        return EX_OSERR;
    int code = access(file, R_OK) == 0 ? 0 : EX_UNAVAILABLE;
    if (code)
        fprintf(stderr, "far: implib: %s: %s; import libraries need it, so install farcall whole\n", file,
                strerror(errno));
    free(file);
    return code;
}

/*
 * Where the segment's machine has its libfarcall.so: LIBRARIES for this program's own, a folder in it for others. Clients
 * of another machine are told that place too, unless the options say another.
 */
static int place_libraries(struct implib_options *options, const struct far_machine *machine, char **folder)
{
    int length = !options->library_folder ? -1
                 : machine->number == FAR_MACHINE_NATIVE
                     ? asprintf(folder, "%s", options->library_folder)
                     : asprintf(folder, "%s/farcall/%s", options->library_folder, machine->multiarch);
    if (length < 0) {
        *folder = NULL;
        return EX_OSERR;
    }
    if (options->rpath == options->library_folder)
        options->rpath = *folder;
    options->library_folder = *folder;
    options->triplet = machine->multiarch;
    return 0;
}

/* The assembly text, in a file that has no name. */
static int write_source(const struct far_iface *iface)
{
    int fd = memfd_create("implib", MFD_CLOEXEC);
    int copy = fd >= 0 ? dup(fd) : -1;
    FILE *out = copy >= 0 ? fdopen(copy, "w") : NULL;
    bool good = out != NULL;
    if (good) {
        implib_emit(out, iface);
        good = !ferror(out);
        good = fclose(out) == 0 && good;
    } else if (copy >= 0) {
        close(copy);
    }
    if (good && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    fprintf(stderr, "far: implib: cannot hold the assembly text in memory: %s\n", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int make_library(struct implib_options *options, bool dump)
{
    struct loaded loaded;
    char *folder = NULL;
    int code = load_segment(&loaded, options->segment);
    if (code)
        return code;
    code = check_service(&loaded);
    if (!code && dump) {
        implib_emit(stdout, loaded.iface);
        code = finish_output(0);
    } else if (!code) {
        code = place_libraries(options, far_machine_find(loaded.iface->machine), &folder);
        code = code ? code : find_libfarcall(options);
        int source = code ? -1 : write_source(loaded.iface);
        if (!code)
            code = source < 0 ? EX_OSERR : implib_link(options, source);
        if (source >= 0)
            close(source);
    }
    free(folder);
    unload_segment(&loaded);
    return code;
}

static int bad_usage(const char *what)
{
    fprintf(stderr, "far: implib: %s: far implib FILE.seg -o libNAME.so (far implib --help)\n", what);
    return EX_USAGE;
}

struct arguments {
    struct implib_options library;
    bool no_rpath, dump;
};

/* Returns an exit code, or -1 to go on. */
static int parse(int argc, char **argv, struct arguments *arguments)
{
    enum { SONAME = 256, RPATH, NO_RPATH, DUMP };
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"soname", required_argument, NULL, SONAME},
                                            {"rpath", required_argument, NULL, RPATH},
                                            {"no-rpath", no_argument, NULL, NO_RPATH},
                                            {"dump", required_argument, NULL, DUMP},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;
    while ((option = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
        switch (option) {
        case 'h':
            print_help();
            return finish_output(0);
        case 'o':
            arguments->library.output = optarg;
            break;
        case SONAME:
            arguments->library.soname = optarg;
            break;
        case RPATH:
            arguments->library.rpath = optarg;
            break;
        case NO_RPATH:
            arguments->no_rpath = true;
            break;
        case DUMP:
            if (strcmp(optarg, "asm") != 0)
                return bad_usage("only --dump=asm can be asked for");
            arguments->dump = true;
            break;
        default:
            return bad_option("implib", argv);
        }
    }
    if (argc - optind != 1)
        return bad_usage("name one segment file");
    if (!arguments->library.output && !arguments->dump)
        return bad_usage("name the library to write with -o");
    arguments->library.segment = argv[optind];
    return -1;
}

int far_implib_main(int argc, char **argv)
{
    struct arguments arguments = {.no_rpath = false};
    struct implib_options *library = &arguments.library;
    int code = parse(argc, argv, &arguments);
    if (code >= 0)
        return code;
    char *folder = library_folder();
    const char *slash = library->output ? strrchr(library->output, '/') : NULL;
    library->library_folder = folder;
    if (!library->soname)
        library->soname = slash ? slash + 1 : library->output;
    if (!library->rpath || arguments.no_rpath)
        library->rpath = arguments.no_rpath ? NULL : folder;
    code = make_library(library, arguments.dump);
    free(folder);
    return code;
}
