/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* clang-format off */
/*
 * faridl:  HEADER -- preprocess --> text -- unit_parse --> unit -- model_from_unit --> model
 *          model -- record_from_model --> record -- output_object, output_bytes --> file
 *          model -- dump_model --> stdout
 */
/* clang-format on */
#include "idl/model.h"
#include "idl/options.h"
#include "idl/output.h"
#include "idl/preprocess.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct compilation {
    struct options options;
    struct arena arena;
    struct diagnostics diagnostics;
    struct unit unit;
    struct model model;
    char *text;
    size_t size;
    char *dependency_draft; /* where the compiler writes the dependencies until all is well */
};

static _Noreturn void out_of_memory(void)
{
    fputs("faridl: out of memory\n", stderr);
    exit(EX_OSERR);
}

static int flush_stdout(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EX_OK;
    fprintf(stderr, "faridl: cannot write to standard output: %s\n", strerror(errno));
    return EX_IOERR;
}

static const char *dependency_place(struct compilation *c)
{
    return c->options.dependency_file ? c->options.dependency_file : arena_format(&c->arena, "%s.d", c->options.object);
}

static int read_input(struct compilation *c)
{
    const struct options *options = &c->options;
    if (access(options->input, R_OK) != 0) {
        fprintf(stderr, "faridl: %s: cannot read: %s\n", options->input, strerror(errno));
        return EX_NOINPUT;
    }
    if (!options->dependencies)
        return preprocess(options, &c->arena, NULL, &c->text, &c->size);
    const char *place = dependency_place(c);
    struct stat there;
    if (stat(place, &there) == 0 && !S_ISREG(there.st_mode)) /* a pipe or /dev/null is not replaced by a file */
        return preprocess(options, &c->arena, place, &c->text, &c->size);
    c->dependency_draft = arena_format(&c->arena, "%s.%d", place, (int)getpid());
    return preprocess(options, &c->arena, c->dependency_draft, &c->text, &c->size);
}

/* Most sources that farcc compiles have nothing to do with any service: do not parse those at all. */
static bool has_operations(const struct compilation *c)
{
    return strstr(c->text, "farcall.") != NULL;
}

static int check_input(struct compilation *c, bool *nothing)
{
    bool defines = false;
    *nothing = c->options.is_source && !has_operations(c);
    if (*nothing)
        return EX_OK;
    unit_init(&c->unit, &c->arena, &c->diagnostics);
    c->unit.c23 = c->options.c23;
    c->unit.gnu = c->options.gnu;
    c->unit.unsigned_char = c->options.unsigned_char;
    unit_parse(&c->unit, c->text, c->size, c->options.input);
    bool good = model_from_unit(&c->unit, c->options.is_source, &c->model, &defines);
    *nothing = !defines;
    if (good || *nothing)
        return EX_OK;
    diag_print(&c->diagnostics, stderr, c->text, c->size);
    return EX_DATAERR;
}

/* Readers believe no record unchecked; neither does its writer. */
static int check_record(const void *record, size_t size)
{
    char why[512];
    if (iface_check(record, size, why, sizeof why) == 0)
        return EX_OK;
    fprintf(stderr, "faridl: internal error: %s\n", why);
    return EX_SOFTWARE;
}

static int write_outputs(struct compilation *c)
{
    size_t size = 0;
    void *record = record_from_model(&c->model, &c->arena, &size);
    int code = check_record(record, size);
    if (!code && c->options.object)
        code = output_object(c->options.object, record, size);
    if (!code && c->options.record)
        code = output_bytes(c->options.record, record, size);
    if (!code && c->options.dump) {
        dump_model(&c->model, &c->arena, c->options.dump, stdout);
        code = flush_stdout();
    }
    return code;
}

static int keep_dependencies(struct compilation *c)
{
    const char *place = dependency_place(c);
    if (rename(c->dependency_draft, place) == 0)
        return EX_OK;
    fprintf(stderr, "faridl: %s: cannot create: %s\n", place, strerror(errno));
    return EX_CANTCREAT;
}

static int compile(struct compilation *c)
{
    bool nothing = false;
    int code = read_input(c);
    if (!code)
        code = check_input(c, &nothing);
    if (!code && !nothing)
        code = write_outputs(c);
    if (!code && c->dependency_draft)
        code = keep_dependencies(c);
    if (code && c->dependency_draft)
        unlink(c->dependency_draft);
    return code;
}

int main(int argc, char **argv)
{
    struct compilation c = {.arena.exhausted = out_of_memory};
    c.diagnostics.arena = &c.arena;
    int code = options_from_arguments(argc, argv, &c.arena, &c.options);
    if (code == EX_OK + 1) /* --help and the like */
        code = flush_stdout() + 1;
    code = code ? code - 1 : compile(&c);
    free(c.text);
    arena_free(&c.arena);
    return code;
}
