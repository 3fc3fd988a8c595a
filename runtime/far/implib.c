/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/far.h"
#include "runtime/far/implib_like.h"
#include "runtime/far/isolate.h"
#include "runtime/far/load.h"
#include "runtime/far/options.h"
#include "runtime/import.h"
#include "runtime/machine.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

static int check_free(const struct loaded *loaded, const char *name, const char *suffix, const char *what)
{
    char *other = NULL;
    if (asprintf(&other, "%s_%s", name, suffix) < 0)
        return EX_OSERR;
    bool taken = iface_op_by_name(loaded->iface, other) != NULL;
    free(other);
    if (!taken)
        return 0;
    fprintf(stderr, "far: %s: operation %s_%s has the name that %s calls of %s get; rename one\n", loaded->file, name,
            suffix, what, name);
    return EX_DATAERR;
}

/* The name of a promise's or ticket's maker must be nobody's. */
static int check_promises(const struct loaded *loaded)
{
    const struct far_iface *iface = loaded->iface;
    int code = 0;
    for (uint32_t i = 0; !code && i < iface->ops.count; i++) {
        const struct far_op *op = iface_op(iface, i);
        const char *name = iface_string(iface, op->name);
        if (op->flags & FAR_OP_ASYNC)
            code = check_free(loaded, name, "async", "asynchronous");
        if (!code && op->flags & FAR_OP_QUEUED)
            code = check_free(loaded, name, "queued", "queued");
    }
    return code;
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
    return check_promises(loaded);
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

/* What `emit` writes, in a file that has no name. -1, and said so, if there is no memory for it. */
static int write_text(const struct implib_options *options, const struct far_iface *iface,
                      const struct implib_like *like, bool script)
{
    int fd = memfd_create("implib", MFD_CLOEXEC);
    int copy = fd >= 0 ? dup(fd) : -1;
    FILE *out = copy >= 0 ? fdopen(copy, "w") : NULL;
    bool good = out != NULL;
    if (good && script)
        like_emit_script(out, like);
    else if (good)
        implib_emit(out, iface, like, &options->with);
    if (good) {
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

static int write_library(const struct implib_options *options, const struct far_iface *iface,
                         const struct implib_like *like)
{
    bool scripted = like && like_has_versions(like);
    int source = write_text(options, iface, like, false);
    int script = source >= 0 && scripted ? write_text(options, iface, like, true) : -1;
    int code = source < 0 || (scripted && script < 0) ? EX_OSERR : implib_link(options, like, source, script);
    if (source >= 0)
        close(source);
    if (script >= 0)
        close(script);
    return code;
}

/* What clients record as needed: as said, as the library that it stands for, or after the file. */
static int name_library(struct implib_options *options, const struct implib_like *like)
{
    const char *slash = options->output ? strrchr(options->output, '/') : NULL;
    if (!options->soname && like)
        options->soname = like->original.soname;
    if (!options->soname)
        options->soname = slash ? slash + 1 : options->output;
    if (!options->isolate)
        return 0;
    if (!options->soname || !*options->soname || *options->soname == '.' || strchr(options->soname, '/')) {
        fprintf(stderr, "far: implib: --isolate: %s\n",
                options->soname ? "the soname is no file name" : "the library has no soname; give one with --soname");
        return EX_USAGE;
    }
    options->output = isolate_place(options->soname);
    return options->output ? 0 : EX_CANTCREAT;
}

static int write_files(struct implib_options *options, const struct far_iface *iface, const struct implib_like *like)
{
    char *folder = NULL;
    int code = name_library(options, like);
    if (!code)
        code = place_libraries(options, far_machine_find(iface->machine), &folder);
    if (!code)
        code = find_libfarcall(options);
    if (!code)
        code = write_library(options, iface, like);
    if (!code && options->isolate)
        printf("%s\n", options->output);
    if (!code && like) {
        like_report(like, iface, options);
        code = finish_output(0);
    }
    free(folder);
    if (options->isolate)
        free((char *)(uintptr_t)options->output);
    return code;
}

static int make_library(struct implib_options *options, bool dump)
{
    struct loaded loaded;
    struct implib_like opened = {.symbols = NULL}, *like = NULL;
    int code = load_segment(&loaded, options->segment);
    if (code)
        return code;
    code = check_service(&loaded);
    if (!code)
        code = implib_with_read(&options->with, loaded.iface->machine);
    if (!code && options->like) {
        code = like_open(&opened, options, &loaded.segment, loaded.iface);
        like = code ? NULL : &opened;
    }
    if (!code && dump) {
        implib_emit(stdout, loaded.iface, like, &options->with);
        code = finish_output(0);
    } else if (!code) {
        code = write_files(options, loaded.iface, like);
    }
    if (like)
        like_close(like);
    implib_with_free(&options->with);
    unload_segment(&loaded);
    return code;
}

struct arguments {
    struct implib_options library;
    bool no_rpath, dump;
};

static const struct command_line line;

static int take_dump(void *to, const struct option_row *row, const char *value)
{
    struct arguments *arguments = to;
    (void)row;
    arguments->dump = strcmp(value, "asm") == 0;
    return arguments->dump ? -1 : options_mistake(&line, "only --dump=asm can be asked for", NULL);
}

static int take_with(void *to, const struct option_row *row, const char *value)
{
    struct implib_with *with = &((struct arguments *)to)->library.with;
    (void)row;
    if (with->count == IMPLIB_WITH_MAX)
        return options_mistake(&line, "too many objects after --with; link them into one (ld -r)", value);
    with->file[with->count++] = value;
    return -1;
}

static const struct option_row rows[] = {
    {.letter = 'o',
     .value = "FILE",
     .kind = OPTION_TEXT,
     .at = offsetof(struct arguments, library.output),
     .help = "the library to write"},
    {.name = "output", .value = "FILE", .kind = OPTION_TEXT, .at = offsetof(struct arguments, library.output)},
    {.name = "soname",
     .value = "NAME",
     .kind = OPTION_TEXT,
     .at = offsetof(struct arguments, library.soname),
     .help = "what clients record as needed; without it, as --like has it, or the base name of FILE"},
    {.name = "like",
     .value = "LIBRARY",
     .kind = OPTION_TEXT,
     .at = offsetof(struct arguments, library.like),
     .help = "stand in the place of this shared library: the same symbols under the same versions. Functions that the "
             "service does not have refuse; the command lists them"},
    {.name = "with",
     .value = "OBJECT",
     .kind = OPTION_TAKE,
     .take = take_with,
     .help = "link this object in: what it defines is done by the client itself, in the place of an operation or a "
             "refusal of that name; several times"},
    {.name = "isolate",
     .kind = OPTION_FLAG,
     .at = offsetof(struct arguments, library.isolate),
     .help = "in the place of -o: put it where far run --isolate finds it, and print where that is"},
    {.name = "rpath",
     .value = "DIR",
     .kind = OPTION_TEXT,
     .at = offsetof(struct arguments, library.rpath),
     .help = "where the library looks for libfarcall.so; without it, where this installation has it"},
    {.name = "no-rpath",
     .kind = OPTION_FLAG,
     .at = offsetof(struct arguments, no_rpath),
     .help = "nowhere: libfarcall.so lies in a system folder"},
    {.name = "dump",
     .value = "asm",
     .kind = OPTION_TAKE,
     .take = take_dump,
     .help = "print the library as assembly text instead of writing it"},
    {0}};

static const struct command_line line = {
    .name = "implib",
    .usage =
        "far implib FILE.seg -o libNAME.so [--soname NAME] [--like LIBRARY] [--rpath DIR | --no-rpath] [--dump=asm]\n"
        "far implib FILE.seg --isolate --like LIBRARY [--soname NAME]",
    .about = "Writes the import library of a service: a small shared library that exports its operations. A client is "
             "linked against it once; what its calls cost (a branch, a trap) is decided when the client starts, by the "
             "name server.\n",
    .rows = rows,
    .notes = "The library is for the segment's machine, x86-64 or aarch64; libfarcall.so for another than this one "
             "lies in PREFIX/lib/farcall/TRIPLET.\n"
             "\n"
             "An operation that is far_async is exported a second time, as NAME_async, which makes a promise "
             "(farcall.h(3)), and one that is far_queued as NAME_queued, which gives a ticket; "
             "with --like they are not.\n"
             "\n"
             "Every operation's symbol is an IFUNC that resolves to its stub, so &operation in a client is the stub's "
             "address, the same in every process. A program linked with -no-pie whose code is not position-independent "
             "makes an entry in its own PLT the address instead; compile it with -fno-direct-access-external-data (or "
             "-fPIC, or gcc -mno-direct-extern-access) if it compares or stores such addresses.\n"
             "\n"
             "Example: far implib kv.seg -o libkv.so && cc client.c -L. -lkv\n"
             "         far implib zlib.seg --isolate --like /lib/x86_64-linux-gnu/libz.so.1\n"
             "\n"
             "Exit codes: 0 written, 64 wrong usage, 65 not a sound segment, 66 no such file, 69 no compiler or "
             "libfarcall.so, 73 cannot create the library.\n",
    .least = 1,
    .most = 1,
    .operands = "name one segment file: far implib FILE.seg -o libNAME.so",
};

/* Returns an exit code, or -1 to go on. */
static int parse(int argc, char **argv, struct arguments *arguments)
{
    struct operands operands;
    int end = options_read(&line, argc, argv, arguments, &operands);
    if (end >= 0)
        return end;
    if (!arguments->library.output && !arguments->dump && !arguments->library.isolate)
        return options_mistake(&line, "name the library to write with -o: far implib FILE.seg -o libNAME.so", NULL);
    if (arguments->library.isolate && (arguments->library.output || arguments->dump))
        return options_mistake(&line, "--isolate says where the library goes: without -o and --dump", NULL);
    arguments->library.segment = operands.word[0];
    return -1;
}

int far_implib_main(int argc, char **argv)
{
    struct arguments arguments = {.no_rpath = false};
    struct implib_options *library = &arguments.library;
    int code = parse(argc, argv, &arguments);
    if (code >= 0)
        return code;
    char *folder = isolate_library_folder();
    library->library_folder = folder;
    if (!library->rpath || arguments.no_rpath)
        library->rpath = arguments.no_rpath ? NULL : folder;
    code = make_library(library, arguments.dump);
    free(folder);
    return code;
}
