/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * farld, the linker of segments: ld.lld with a stage before it and one behind.
 *
 *     objects, archives, import libraries
 *         │ inputs.c    found and mapped; lld.c starts ld.lld, which waits; object.c reads them in place
 *         │ record.c    the interface record among them
 *         │ prescan.c   which host data needs a copy, how many thunks there may be, what the script must name
 *         │ script.c    where the parts are; script_short.c where all sections have usual names
 *         ▼
 *     glue.o, script, exports  ── ld.lld, once ──►  an image at address 0, beside the output file, and what was linked
 *         │ names.c     while lld runs: the names that objects share
 *         │ survey.c    and who refers to what in each of them
 *         │ lld_end.c   when its image is there; whether it ended well is asked before the segment gets its name
 *         │ linked.c    which objects those are, and which of them defines each global name
 *         │ graph.c     who refers to what: their sections are the nodes, their relocations the edges
 *         │ resolve.c   every symbol left over: HOST, BIND, STUB, or an error naming its users
 *         │ neutral.c   which operations reach nothing of the process they run in; reasons.c notes why not
 *         │ commands.c  what lld left to the dynamic linker → relocation commands; thunks.c for addresses taken
 *         │ account.c   has every one that names something outside been seen by neutral.c?
 *         │ stream.c    those, in order and packed: .far.reloc
 *         │ write.c     stubs filled in, tail.c the file's end written anew, sign.c the build id; checked by segment_check(); renamed
 *         ▼
 *     kv.seg
 *
 * map.c reads lld's map, and lld writes one, only where --map or --dump=plan asks for it.
 *
 * Each stage fills in its part of struct link and is not touched again. Returns: 0, or an exit status (sysexits.h) with
 * at least one error added.
 */
#ifndef FARLD_FARLD_H
#define FARLD_FARLD_H

#include <elf.h>
#include <libelf.h>
#include <sys/types.h>

#include "linker-plugin/bitcode.h"
#include "linker-plugin/object.h"
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
    uint64_t
        data_room; /* bytes, for variables of later versions: behind those with a first value, and behind the others */
    bool data_room_given;
    unsigned room; /* behind code, const and linkage: percent of the part's own size */
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

/* A file of the command line, in order. */
struct input {
    const char *path;     /* as lld is told */
    const char *title;    /* as the command line says, for messages */
    const uint8_t *bytes; /* NULL: it cannot be read, which was an error */
    size_t size;
    bool passed_to_lld; /* import libraries are not: what they define stays undefined */
};

/* A name that objects share. */
struct global {
    const char *name;
    bool defined;                      /* by some input, linked or not */
    bool wanted;                       /* by some input */
    bool is_copy;                      /* host data, which the glue has a copy of */
    bool is_neutral_copy;              /* that code may read and stay neutral */
    bool referred;                     /* by a relocation of a linked object: account.c */
    bool is_operation;                 /* of this service: account.c */
    const struct object *definition;   /* the linked object that has it; NULL: none */
    uint32_t symbol;                   /* its symbol there */
    uint32_t node;                     /* and the section of that, in the graph; 0: none */
    const struct undefined *undefined; /* what it is resolved to instead */
    uint32_t table;                    /* __start_NAME, __stop_NAME: the first section of that name; 0: none */
};

/* What the linker script names only where there is any. */
enum section_kind {
    SECTION_KIND_EXCEPT,
    SECTION_KIND_NOTES,
    SECTION_KIND_THREAD,
    SECTION_KIND_COMMON,
    SECTION_KIND_STRINGS, /* that the pass has named */
    SECTION_KIND_UNUSUAL, /* by a name that lld has no group for; or a name that lld would define */
    SECTION_KIND_COUNT
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
    const struct object *left_out; /* a linked object with a definition that lld has dropped; NULL: none */
    bool needed;                   /* some reference to it is not weak */
    bool address_taken;            /* HOST: some word other than a PLT slot holds its address */
};

struct operation {
    const struct far_op *op;
    const char *name;
    uint64_t implementation; /* address in the final image, or STUB_NO_IMPLEMENTATION */
    const char *defined_by;  /* "kv.o" */
    bool neutral;
    const char *reason; /* not neutral: "kv_dump → log_line → open" */
};

/* An input section's place in the image, from lld's map. */
struct piece {
    uint64_t start, end;
    const char *file;    /* "kv.o", "libz.a(deflate.o)" */
    const char *section; /* ".text.kv_put" */
};

/* A section of a linked object: what calls and addresses lead from and to. */
struct node {
    const struct object *object;
    uint32_t next; /* the next section of a table that is found by its name (__start_NAME); 0: none */
};

#define NO_NODE UINT32_MAX

struct graph {
    struct object **objects; /* linked, in lld's order */
    size_t object_count;
    struct node *nodes; /* object->first_node + section */
    uint32_t node_count;
    uint8_t *marked;    /* what graph_mark() has found; NULL: not asked yet */
    const char **notes; /* by node: why its code is not neutral; NULL: not asked yet */
};

/* Where a relocation leads. */
struct target {
    uint32_t node;               /* or NO_NODE */
    const struct global *global; /* by this name; NULL: by a name of the object's own */
    uint32_t symbol;             /* in the object of the definition, if there is a node */
    uint64_t offset;             /* into the section, as far as known */
};

/* Code at which a function is known inside the segment whose own address differs between domains. */
struct thunk {
    const char *name;
    uint64_t code; /* address of FAR_STUB_SIZE bytes that jump through the word */
    uint64_t word; /* address of the word, in linkage */
};

/* An image written by lld, mapped: what is changed in its bytes is changed in its file. */
struct image {
    int fd; /* of its file, open for writing */
    uint8_t *bytes;
    size_t size;
    const Elf64_Ehdr *header;
    const Elf64_Phdr *programs;
    const Elf64_Shdr *sections;
    const char *section_names;
    const Elf64_Sym *symbols; /* .symtab */
    size_t symbol_count;
    const char *symbol_names;
    struct table exported; /* .dynsym: name → const Elf64_Sym, of what is defined */
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
    char *draft;        /* the output file until it gets its name; NULL: there is none */
    struct like *like;  /* --like, read: like.h; or NULL */

    const struct stub_machine *machine; /* NULL: the first object is for one that has no stubs */
    const char *machine_origin;         /* the file that decided it */
    struct input *inputs;
    size_t input_count;
    bitcode_reader *bitcode_reader; /* NULL until there is bitcode to read */
    bool has_bitcode, bitcode_prepared;
    bool awaits_bitcode; /* some input is bitcode, read or not */
    struct table notes;  /* "object function" → why its code is not neutral */
    bool has_notes;
    struct object **objects;
    size_t object_count;
    struct table globals;   /* struct global */
    struct global **wanted; /* names that some input has no definition of, in order of appearance */
    size_t wanted_count;
    bool has_section[SECTION_KIND_COUNT];
    size_t thunk_room;     /* thunks that may be needed */
    struct table versions; /* of symbols that inputs define (NAME@VERSION) */
    const char **version_names;
    size_t version_count;
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
    const struct operation **by_implementation;
    size_t trace_size;
    const char *trace;             /* what lld says it linked, a line an object */
    const char *unread;            /* a line of it that no object is for; NULL: none */
    const struct object *unlinked; /* an object of the command line that no line is for; NULL: none */
    struct graph graph;
    struct piece *pieces; /* by address; only with --map and --dump=plan */
    size_t piece_count;
    struct undefined *undefined; /* by name */
    size_t undefined_count;
    size_t unresolved_count; /* of them: nobody has these */
    struct table undefined_by_name;

    pid_t lld;         /* 0: it does not run */
    int lld_gate;      /* lld waits until something is written here; only while it runs and waits */
    const char *drawn; /* what lld writes: the draft, or a temporary file */
    struct image image;
    struct thunk *thunks;
    size_t thunk_count;
    struct table thunk_by_name; /* index + 1 */
    struct command *commands;   /* all but REBASE */
    size_t command_count;
    uint64_t *rebased;  /* words of REBASE */
    uint64_t unaligned; /* a word with an address that no command can be for; 0: none */
    uint64_t outside;   /* a word with an address outside of the image; 0: none */
    size_t rebased_count;
};

/* options.c */
int options_parse(struct link *link, int argc, char **argv);
void options_help(FILE *out);

/* inputs.c, record.c: first what there is, as much as lld must be told; then what is in it */
int inputs_find(struct link *link);
int inputs_read(struct link *link);
/* The members of an archive that `only` has, by the names that lld gives them; NULL: all. */
int inputs_add_members(struct link *link, const char *path, const struct table *only);
/* What lld compiled bitcode to. */
int inputs_add_compiled(struct link *link, const char *path);
int record_collect(struct link *link);
/* machine.c: which machine the inputs are for, and where its libraries are. */
void machine_decide(struct link *link);
const char *const *machine_library_folders(struct link *link); /* NULL at the end */
const char *machine_farseg(struct link *link);                 /* the allocator that segments get */
const char *machine_libgcc(struct link *link);                 /* or NULL */
int machine_check(struct link *link);                          /* whether the allocator is there */
/* bitcode.c: bitcode_open() gives the bytes of an object that stands for the module, or NULL after an error. */
bool bitcode_is(const void *bytes, size_t size);
const uint8_t *bitcode_open(struct link *link, const char *name, const void *bytes, size_t size, size_t *shadow_size);
int bitcode_prepare(struct link *link); /* for ld.lld, which compiles it */
/* notes.c */
void notes_collect(struct link *link);
const char *notes_find(struct link *link, uint32_t node); /* or NULL */
/* host.c: what the process's C library has. */
int host_read(struct link *link);
/* hostdata.c: which of its data a segment may have a copy of. */
bool hostdata_is_own(const char *name); /* segments have one value of their own, in libfarseg.a */
int hostdata_refuse(struct link *link); /* after symbols_resolve() */
/* prescan.c */
int inputs_prescan(struct link *link);
void object_scan_symbols(struct link *link, struct object *object);
/* names.c: while lld runs; and of an object that came later */
int names_read(struct link *link);
void names_of(struct link *link, struct object *object);

/* survey.c: while lld runs; and of an object that was not done then */
void survey_inputs(struct link *link);
void survey_object(struct link *link, struct object *object);

/* glue.c, script.c, lld.c */
int glue_write(struct link *link, const char *path);
int script_write(struct link *link, const char *path);
const char *exports_text(struct link *link, size_t *size);
const char *lld_place(struct link *link, const char *name); /* a temporary file's path */
/* As soon as the inputs' names are known: it takes its time to start, and then waits for lld_feed(). */
int lld_start(struct link *link);
int lld_feed(struct link *link); /* all files it is to read are there */
void lld_close_gate(struct link *link);
const char *lld_name(void);
/* lld_end.c: the image is complete; lld may still be about to end. */
int lld_finish(struct link *link);
int lld_end(struct link *link); /* once it has; before its image may become anybody's */
void lld_abandon(struct link *link);
const char *lld_inputs(struct link *link); /* "kv.o, libz.a", for messages */

/* image.c */
int image_read(struct link *link, struct image *image, const char *path);
const Elf64_Shdr *image_section(const struct image *image, const char *name);
const char *image_section_name(const struct image *image, const Elf64_Shdr *section);
const Elf64_Sym *image_symbol(const struct image *image, const char *name); /* a defined one; global before local */
/* The same among the symbols of one section: faster. */
const Elf64_Sym *image_symbol_of(const struct image *image, const char *section, const char *name);
const Elf64_Sym *image_exported(const struct image *image, const char *name); /* of .dynsym, defined; or NULL */
const char *image_symbol_name(const struct image *image, const Elf64_Sym *symbol);
uint8_t *image_at(const struct image *image, uint64_t address, size_t size); /* its file bytes, or NULL */
/* The name of the symbol of a dynamic relocation, "" for none; NULL if the section does not use the dynamic symbols. */
const char *image_dynamic_name(const struct image *image, const Elf64_Shdr *relocations, const Elf64_Rela *relocation);
const Elf64_Phdr *image_part(const struct image *image, enum far_part part); /* the part's PT_LOAD, or NULL */

/* linked.c */
int linked_read(struct link *link);
int linked_check(struct link *link); /* after a link that succeeded: is what was linked what was read? */
int linked_refuse_thread_locals(struct link *link);
const char *linked_other_relocations(const struct object *object, uint32_t section); /* their kind, or NULL */

/* refuse.c: all that stands in the way, named; nothing found: 0. After linked_read(). */
int refuse_explain(struct link *link);
int refuse_old_sections(struct link *link);
int refuse_alignment(struct link *link);
/* rights.c */
int rights_refuse(struct link *link);
bool rights_is_of_linkers(const char *name); /* of a section */
int refuse_unaligned(struct link *link);
int refuse_outside(struct link *link);

/* graph.c */
void graph_make(struct link *link);
uint32_t graph_section(const struct graph *graph, uint32_t node); /* the section's index in its object */
/* The relocations of a node. */
const unaligned_rela *graph_relocations(const struct graph *graph, uint32_t node, size_t *count);
/* Where they lead, each place once; made for walks over all of them. */
const uint32_t *graph_edges(const struct graph *graph, uint32_t node, size_t *count);
uint32_t graph_edge_node(const struct object *object, uint32_t edge);               /* or NO_NODE */
const struct global *graph_edge_global(const struct object *object, uint32_t edge); /* by this name; NULL: its own */
struct target graph_target(const struct object *object, const unaligned_rela *relocation);
struct target graph_definition(const struct global *global);
/* The function or object at a place, else "kv.o:(.text)". */
const char *graph_place_name(struct link *link, uint32_t node, uint64_t offset);
const char *graph_target_name(struct link *link, const struct target *target);
/* Where a relocation of the node stands in another function than the one that was come in by: that one; otherwise NULL. */
const char *graph_neighbour(struct link *link, const struct target *entered, const unaligned_rela *relocation);
const char *graph_section_name(const struct graph *graph, uint32_t node);
/* What operations, constructors and destructors reach; one byte a node. */
const uint8_t *graph_mark(struct link *link);

/* resolve.c, neutral.c */
int symbols_resolve(struct link *link);
/* An operation in the image, also where its object keeps it hidden; NULL: no input defines it, or which is not clear. */
const Elf64_Sym *operation_symbol(const struct link *link, const char *name);
const char *symbol_uses(struct link *link, const char *name); /* lines for the end of a message */
int neutrality_decide(struct link *link);

/* reasons.c: once neutrality is decided */
int reasons_record(struct link *link);

/* strays.c: once all code has its final bytes */
int strays_refuse(struct link *link);

/* plan.c, map.c */
void plan_dump(struct link *link, FILE *out);
int map_read(struct link *link, const char *path);
void map_print(struct link *link, FILE *out);

/* thunks.c */
/* The thunk for a name, made at its first use. *is_new: whoever asks must add the command for its word. NULL: error. */
const struct thunk *thunk_for(struct link *link, const char *name, bool *is_new);
int thunks_settle(struct link *link); /* the room that was not needed is given back */

/* commands.c, stream.c, write.c */
uint64_t heap_start(const struct link *link); /* relative to the image, like all addresses here */
int commands_make(struct link *link);
int commands_account(struct link *link); /* account.c: is each one asked for by a relocation that was read? */
int stream_encode(struct link *link, uint8_t **bytes, size_t *size); /* .far.reloc */
int draft_make(struct link *link); /* a name for it beside the output file, or none where that is no file */
int segment_write(struct link *link);

/* tail.c: the end of the file, behind what lld wrote and we keep */
struct blob {
    const char *name;
    uint32_t type;
    uint64_t align;
    const uint8_t *bytes;
    size_t size;
};
/*
 * *end: file offset behind the last blob. What link->image says of sections and symbols is gone afterwards. Of what is kept,
 * the signature has been started; NULL: not yet, after an error.
 */
struct signature;
int tail_write(struct link *link, const struct blob *blobs, size_t count, size_t *end, struct signature **signature);

#define GLUE_COPY_PREFIX ".far.copy."
#define GLUE_THUNKS      ".far.thunks"
#define GLUE_THUNK_WORDS ".far.linkage.thunks"
#define GLUE_DATA        ".data.far"
#define GLUE_HEAP_RANGE  "far_heap_range" /* two words: where the heap starts and ends */

#endif
