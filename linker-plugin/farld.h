/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * farld, the linker of segments: ld.lld with a stage before it and one behind.
 *
 *     objects, archives, import libraries
 *         │ inputs.c    read; find the interface record and the libraries' import tables
 *         │ prescan.c   which host data objects need a copy, which objects have thread-local variables
 *         ▼
 *     glue.o, script  ── survey link ──►  an image that still has all its relocations, and lld's map
 *         │ survey.c    read it: who refers to what
 *         │ resolve.c   every symbol left over: HOST, BIND, STUB, or an error naming its users
 *         │ neutral.c   which operations reach nothing of the process they run in
 *         ▼
 *     glue.o with thunks  ── final link ──►  an image at address 0
 *         │ commands.c  what lld left to the dynamic linker → relocation commands
 *         │ stream.c    those, in order and packed: .far.reloc
 *         │ write.c     stubs, record, commands, note; checked by segment_check(); renamed into place
 *         ▼
 *     kv.seg
 *
 * Each stage fills in its part of struct link and is not touched again. Returns: 0, or an exit status (sysexits.h) with
 * at least one error added.
 */
#ifndef FARLD_FARLD_H
#define FARLD_FARLD_H

#include <elf.h>
#include <libelf.h>

#include "linker-plugin/bitcode.h"
#include "linker-plugin/support.h"
#include "runtime/iface.h"
#include "runtime/import.h"
#include "runtime/segment.h"
#include "stubgen/stubs.h"

struct options {
    const char *output; /* NULL only with --dump=plan */
    const char *soname;
    const char *previous; /* an earlier version, whose slots are kept; NULL: none */
    const char *like;     /* the service's segment for another machine, whose data this one shares; NULL: none */
    uint64_t heap_size;   /* bytes, a multiple of FAR_PART_ALIGN */
    bool heap_given;
    bool allow_wrpkru;
    bool map;
    bool dump_plan;
    bool verbose;
    const char **libraries; /* -L */
    size_t library_count;
    struct input_argument {
        const char *text;
        bool is_library; /* -l text */
    } *arguments;
    size_t argument_count;
};

/* An object: given directly, or a member of an archive. */
struct object {
    const char *name; /* for messages: "kv.o", "libz.a(deflate.o)" */
    bool in_archive;
    Elf *elf;
};

/* A file of the command line, in order. */
struct input {
    const char *path;
    Elf *elf;
    bool passed_to_lld; /* import libraries are not: what they define stays undefined */
};

/* What an import library offers. */
struct imported_service {
    const char *path;
    const struct far_import_table *table;
};

struct imported_op {
    const struct imported_service *service;
    const struct far_import_op *op;
    const char *name;
    bool used;
};

enum host_kind { HOST_FUNCTION = 1, HOST_DATA, HOST_THREAD_LOCAL };

struct host_symbol {
    const char *name;
    enum host_kind kind;
    uint64_t size;
    bool neutral; /* on the list of runtime/hostsyms.def */
};

/* A piece of linkage that holds a copy of a host's data object. */
struct copy {
    const struct host_symbol *symbol;
    uint64_t address; /* in the final image; only if used */
    bool used;
};

/* How a symbol that no input defines is resolved. */
enum resolution {
    RESOLVE_UNKNOWN,
    RESOLVE_HOST,
    RESOLVE_BIND,
    RESOLVE_STUB,
    RESOLVE_ZERO, /* weak, and nobody has it */
};

struct undefined {
    const char *name;
    bool weak;
    enum resolution resolution;
    const struct host_symbol *host;
    struct imported_op *imported;
    const struct far_op *op;
    bool address_taken; /* HOST: some word other than a PLT slot holds its address */
    size_t thunk;       /* index + 1; 0: none */
};

struct operation {
    const struct far_op *op;
    const char *name;
    uint64_t implementation; /* address in the final image, or STUB_NO_IMPLEMENTATION */
    const char *defined_by;  /* "kv.o" */
    bool neutral;
    const char *reason; /* not neutral: "kv_dump → log_line → open" */
};

/* An input section in the survey image, from lld's map. */
struct piece {
    uint64_t start, end;
    const char *file;    /* "kv.o", "libz.a(deflate.o)" */
    const char *section; /* ".text.kv_put" */
};

struct reference {
    uint64_t site;
    uint32_t symbol; /* index into image.symbols */
    uint32_t type;   /* R_… */
    int64_t addend;
};

/* An image written by lld. */
struct image {
    uint8_t *bytes;
    size_t size;
    const Elf64_Ehdr *header;
    const Elf64_Phdr *programs;
    const Elf64_Shdr *sections;
    const char *section_names;
    const Elf64_Sym *symbols; /* .symtab */
    size_t symbol_count;
    const char *symbol_names;
};

struct survey {
    struct image image;
    struct piece *pieces; /* by address */
    size_t piece_count;
    struct reference *references; /* by site */
    size_t reference_count;
};

/* One word that a command changes, or one CHECK; stream.c makes one command of those that say the same. */
struct command {
    enum far_reloc_code code;
    uint64_t where; /* the word; COPY: the first byte; CHECK: major << 16 | minor */
    uint64_t value;
    const char *name, *name2;
    const uint64_t *fails; /* CHECK: the operation's far_fails value; NULL if it has none */
};

struct link {
    struct arena arena;
    struct errors errors;
    struct options options;
    const char *prefix; /* the installation this farld belongs to */
    char *workplace;    /* temporary directory */
    struct like *like;  /* --like, read: like.h; or NULL */

    const struct stub_machine *machine; /* NULL: the first object is for one that has no stubs */
    const char *machine_origin;         /* the file that decided it */
    struct input *inputs;
    size_t input_count;
    bitcode_reader *bitcode_reader; /* NULL until there is bitcode to read */
    bool has_bitcode;
    struct table notes; /* "object function" → why its code is not neutral */
    bool has_notes;
    struct object *objects;
    size_t object_count;
    const uint8_t *record; /* the record found */
    size_t record_size;
    const char *record_origin;
    struct far_iface *iface; /* a copy of it, in which farld sets FAR_OP_NEUTRAL */
    uint32_t slot_count;
    struct imported_service *services;
    size_t service_count;
    struct table imported_ops; /* struct imported_op */
    struct table host_symbols; /* struct host_symbol */

    struct table thread_locals; /* variable → name of the object that has it */
    struct copy *copies;
    size_t copy_count;
    struct operation *operations; /* in the record's order */
    struct survey survey;
    struct undefined *undefined; /* by name */
    size_t undefined_count;
    struct table undefined_by_name;
    size_t thunk_count;

    struct image image;       /* the final one */
    struct command *commands; /* all but REBASE */
    size_t command_count;
    uint64_t *rebased; /* words of REBASE */
    size_t rebased_count;
};

/* options.c */
int options_parse(struct link *link, int argc, char **argv);
void options_help(FILE *out);

/* inputs.c, record.c */
int inputs_read(struct link *link);
int record_collect(struct link *link);
/* machine.c: which machine the inputs are for, and where its libraries are. */
void machine_decide(struct link *link);
const char *const *machine_library_folders(struct link *link); /* NULL at the end */
const char *machine_farseg(struct link *link);                 /* the allocator that segments get */
const char *machine_libgcc(struct link *link);                 /* or NULL */
/* bitcode.c: bitcode_open() gives an object that stands for the module, or NULL after an error. */
bool bitcode_is(const void *bytes, size_t size);
Elf *bitcode_open(struct link *link, const char *name, const void *bytes, size_t size);
int bitcode_prepare(struct link *link); /* for ld.lld, which compiles it */
/* host.c: what the process's C library has. */
int host_read(struct link *link);
/* prescan.c */
int inputs_prescan(struct link *link);

/* glue.c, script.c, lld.c */
int glue_write(struct link *link, const char *path);
int script_write(struct link *link, bool survey, const char *path);
int exports_write(struct link *link, const char *path);
int lld_run(struct link *link, bool survey, const char *output);

/* image.c */
int image_read(struct link *link, struct image *image, const char *path);
const Elf64_Shdr *image_section(const struct image *image, const char *name);
const char *image_section_name(const struct image *image, const Elf64_Shdr *section);
const Elf64_Sym *image_symbol(const struct image *image, const char *name); /* a defined one; global before local */
const char *image_symbol_name(const struct image *image, const Elf64_Sym *symbol);
uint8_t *image_at(const struct image *image, uint64_t address, size_t size); /* its file bytes, or NULL */
/* The name of the symbol of a dynamic relocation, "" for none; NULL if the section does not use the dynamic symbols. */
const char *image_dynamic_name(const struct image *image, const Elf64_Shdr *relocations, const Elf64_Rela *relocation);
const Elf64_Phdr *image_part(const struct image *image, enum far_part part); /* the part's PT_LOAD, or NULL */

/* survey.c */
int survey_read(struct link *link, const char *image_path, const char *map_path);
const struct piece *survey_piece(const struct survey *survey, uint64_t address);
/* The function or object at an address, else "kv.o:(.text)". */
const char *survey_place_name(struct link *link, uint64_t address);
void survey_references_in(const struct survey *survey, const struct piece *piece, size_t *first, size_t *end);

/* notes.c */
void notes_collect(struct link *link);
const char *notes_find(struct link *link, const struct piece *piece); /* or NULL */

/* resolve.c, neutral.c */
int symbols_resolve(struct link *link);
int neutrality_decide(struct link *link);

/* reasons.c: once neutrality is decided */
int reasons_record(struct link *link);

/* strays.c: once all code has its final bytes */
int strays_refuse(struct link *link);

/* plan.c */
void plan_dump(struct link *link, FILE *out);
void map_print(struct link *link, FILE *out);

/* commands.c, stream.c, write.c */
uint64_t heap_start(const struct link *link); /* relative to the image, like all addresses here */
int commands_make(struct link *link);
int stream_encode(struct link *link, uint8_t **bytes, size_t *size); /* .far.reloc */
int segment_write(struct link *link);

#define GLUE_COPY_PREFIX ".far.copy."
#define GLUE_THUNKS      ".far.thunks"
#define GLUE_THUNK_WORDS ".far.linkage.thunks"
#define GLUE_DATA        ".far.data"
#define GLUE_HEAP_RANGE  "far_heap_range" /* two words: where the heap starts and ends */

#endif
