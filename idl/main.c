/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* clang-format off */
/*
 * faridl:  HEADER -- preprocess --> text -- unit_parse --> unit -- model_from_unit --> model
 *          model -- record_from_model --> record -- output_object, output_bytes --> file
 *          model -- dump_model --> stdout, or unit -- dump_structures --> stdout
 */
/* clang-format on */
#include "idl/assertions.h"
#include "idl/dependencies.h"
#include "idl/model.h"
#include "idl/options.h"
#include "idl/output.h"
#include "idl/preprocess.h"
#include "idl/promises.h"
#include "idl/slots.h"

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
    const char *dependency_draft; /* where the compiler writes the dependencies until all is well */
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

static int read_input(struct compilation *c)
{
    const struct options *options = &c->options;
    if (access(options->input, R_OK) != 0) {
        fprintf(stderr, "faridl: %s: cannot read: %s\n", options->input, strerror(errno));
        return EX_NOINPUT;
    }
    if (options->dependencies) {
        c->dependency_draft = dependencies_draft(&c->arena, options_dependency_file(options, &c->arena));
        if (!c->dependency_draft)
            return EX_CANTCREAT;
    }
    return preprocess(&c->options, &c->arena, c->dependency_draft, &c->text, &c->size);
}

/* Standard error, or a file that appears all at once. */
static int write_diagnostics(struct compilation *c, int code)
{
    struct options *options = &c->options;
    options->diagnostics.exit_code = code;
    if (!options->diagnostics_file) {
        if (options->diagnostics.format != DIAG_TEXT || c->diagnostics.length)
            diag_write(&c->diagnostics, &options->diagnostics, stderr, c->text, c->size);
        return code;
    }
    char *document = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&document, &size);
    if (!out)
        out_of_memory();
    diag_write(&c->diagnostics, &options->diagnostics, out, c->text, c->size);
    if (fclose(out) != 0)
        out_of_memory();
    int written = output_bytes(options->diagnostics_file, document, size);
    free(document);
    return written ? written : code;
}

/* Most sources that farcc compiles have nothing to do with any service: do not parse those at all. */
static bool has_operations(const struct compilation *c)
{
    return strstr(c->text, "farcall.") != NULL;
}

static void parse_input(struct compilation *c)
{
    unit_init(&c->unit, &c->arena, &c->diagnostics);
    facts_apply(&c->options.facts, &c->unit);
    unit_parse(&c->unit, c->text, c->size, c->options.input);
}

/* --all-types: no service is asked for. */
static int dump_input(struct compilation *c)
{
    parse_input(c);
    int code = write_diagnostics(c, c->diagnostics.count ? EX_DATAERR : EX_OK);
    if (code)
        return code;
    dump_structures(&c->unit, c->options.dump, stdout);
    return flush_stdout();
}

/* The compiler stopped at the header, and has said why on standard error. */
static int preprocessing_failed(struct compilation *c)
{
    const char *message = arena_format(&c->arena, "%s could not preprocess this", c->options.compiler);
    diag_error(&c->diagnostics, (struct place){.file = c->options.input}, FC_PREPROCESSING, message,
               "the compiler's own errors say what it stopped at");
    return write_diagnostics(c, EX_DATAERR);
}

static int check_input(struct compilation *c, bool *nothing)
{
    bool good = false, defines = false;
    *nothing = c->options.is_source && !has_operations(c);
    if (!*nothing) {
        parse_input(c);
        good = model_from_unit(&c->unit, c->options.is_source, &c->model, &defines);
        *nothing = !defines;
    }
    if (*nothing) /* what is wrong with a header is said where its service is compiled */
        c->diagnostics = (struct diagnostics){.arena = &c->arena};
    return write_diagnostics(c, good || *nothing ? EX_OK : EX_DATAERR);
}

static int write_assertions(struct compilation *c)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        out_of_memory();
    assertions_write(&c->model, &c->unit, out);
    if (fclose(out) != 0)
        out_of_memory();
    int code = output_bytes(c->options.assertions, text, size);
    free(text);
    return code;
}

static int write_promises(struct compilation *c)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        out_of_memory();
    bool any = promises_write(&c->model, c->options.input, out);
    if (fclose(out) != 0)
        out_of_memory();
    if (!any)
        fprintf(stderr, "faridl: --promises: service %s has no operation that is far_async or far_queued\n",
                c->model.service);
    int code = any ? output_bytes(c->options.promises, text, size) : EX_DATAERR;
    free(text);
    return code;
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
    if (!code && c->options.assertions)
        code = write_assertions(c);
    if (!code && c->options.promises)
        code = write_promises(c);
    if (!code && c->options.dump) {
        dump_model(&c->model, &c->arena, c->options.dump, stdout);
        code = flush_stdout();
    }
    return code;
}

static int keep_dependencies(struct compilation *c)
{
    return dependencies_keep(&c->arena, c->dependency_draft, options_dependency_file(&c->options, &c->arena),
                             preprocess_probe(&c->arena));
}

static int compile(struct compilation *c)
{
    bool nothing = false;
    int code = read_input(c);
    if (code == EX_DATAERR)
        preprocessing_failed(c);
    if (!code)
        code = c->options.all_types ? dump_input(c) : check_input(c, &nothing);
    if (!code && !nothing && !c->options.all_types && c->options.previous)
        code = slots_from_file(&c->model, &c->arena, c->options.previous);
    if (!code && !nothing && !c->options.all_types)
        code = write_outputs(c);
    if (!code && c->dependency_draft)
        code = keep_dependencies(c);
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
