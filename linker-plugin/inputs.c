/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Find and open what the command line names: objects, archives with their members, import libraries. */
#include "linker-plugin/archive.h"
#include "linker-plugin/farld.h"

#include <ar.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

/* Libraries that every process has: their functions become HOST commands. */
static bool is_host_library(const char *name)
{
    static const char *const names[] = {"c", "m", "pthread", "dl", "rt"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(names[i], name))
            return true;
    }
    return false;
}

static bool is_file(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* libelf reads the table of sections where it lies, so it must lie where its type may. */
static Elf_Data *section_data(Elf *elf, const char *name)
{
    const Elf64_Ehdr *about = elf64_getehdr(elf);
    Elf_Scn *section = NULL;
    size_t names;

    if (!about || about->e_shoff % _Alignof(Elf64_Shdr) || elf_getshdrstrndx(elf, &names))
        return NULL;
    while ((section = elf_nextscn(elf, section))) {
        const Elf64_Shdr *header = elf64_getshdr(section);
        const char *found = header ? elf_strptr(elf, names, header->sh_name) : NULL;

        if (found && !strcmp(found, name))
            return header->sh_type == SHT_NOBITS ? NULL : elf_rawdata(section, NULL);
    }
    return NULL;
}

static bool has_import_table(struct link *link, const char *path)
{
    struct errors unheard = {.arena = &link->arena};
    uint8_t *bytes;
    size_t size;
    Elf *elf;
    bool found;

    if (!is_file(path) || file_read(&link->arena, &unheard, path, &bytes, &size))
        return false;
    elf = elf_memory((char *)bytes, size);
    found = elf && elf_kind(elf) == ELF_K_ELF && section_data(elf, FAR_IMPORT_SECTION);
    elf_end(elf);
    return found;
}

/* libNAME in one directory: an import library first, so that -lkv means the service even where a libkv.a lies. */
static const char *library_in(struct link *link, const char *directory, const char *name)
{
    const char *shared = arena_format(&link->arena, "%s/lib%s.so", directory, name);
    const char *archive = arena_format(&link->arena, "%s/lib%s.a", directory, name);

    if (has_import_table(link, shared))
        return shared;
    return is_file(archive) ? archive : NULL;
}

static const char *library_find(struct link *link, const char *name)
{
    const char *path = NULL;

    for (size_t i = 0; i < link->options.library_count && !path; i++)
        path = library_in(link, link->options.libraries[i], name);
    if (!path && link->machine) {
        for (const char *const *folder = machine_library_folders(link); *folder && !path; folder++)
            path = library_in(link, *folder, name);
    }
    if (!path)
        error_add(&link->errors, EX_NOINPUT, "cannot find lib%s.so with an import table, or lib%s.a; say where with -L",
                  name, name);
    return path;
}

static int other_machine(struct link *link, const char *name, unsigned machine)
{
    const struct stub_machine *known = stub_machine_for_elf((uint16_t)machine);

    return error_add(&link->errors, EX_DATAERR, "%s is for %s, but %s is for %s; build all for one machine", name,
                     known ? known->name : arena_format(&link->arena, "ELF machine %u", machine), link->machine_origin,
                     link->machine->name);
}

static int unknown_machine(struct link *link, const char *name, unsigned machine)
{
    return error_add(&link->errors, EX_DATAERR, "%s is for ELF machine %u; stubs can be made for %s only", name,
                     machine, stub_machine_names());
}

static int refuse_object(struct link *link, const char *name, enum object_mistake mistake)
{
    if (mistake == OBJECT_OTHER_KIND)
        return error_add(&link->errors, EX_DATAERR,
                         "%s is not a 64-bit object file; give objects (.o), archives (.a) of them, "
                         "and import libraries made by far implib",
                         name);
    return error_add(&link->errors, EX_DATAERR, "%s is truncated or damaged: %s; build it again", name,
                     mistake == OBJECT_TRUNCATED ? "its sections lie outside the file"
                                                 : "its tables point outside of themselves");
}

/* `name` is for messages, `path` what lld calls it. */
static struct object *add_object(struct link *link, const char *name, const char *path, const uint8_t *bytes,
                                 size_t size)
{
    struct object *object = arena_allocate(&link->arena, sizeof *object);
    enum object_mistake mistake = object_open(object, bytes, size);

    object->name = name;
    object->path = path;
    if (mistake != OBJECT_SOUND)
        refuse_object(link, name, mistake);
    else if (!link->machine)
        unknown_machine(link, name, object->machine);
    else if (object->machine != link->machine->elf_machine)
        other_machine(link, name, object->machine);
    else
        return *LIST_ADD(&link->arena, link->objects, link->object_count) = object;
    return NULL;
}

static bool is_elf(const uint8_t *bytes, size_t size)
{
    return size >= SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG);
}

/* An object, or one that stands for a bitcode module. */
static struct object *add_any(struct link *link, const char *name, const char *path, const uint8_t *bytes, size_t size)
{
    bool is_bitcode = bitcode_is(bytes, size);
    struct object *object;

    if (is_bitcode)
        bytes = bitcode_open(link, name, bytes, size, &size);
    object = bytes ? add_object(link, name, path, bytes, size) : NULL;
    if (object)
        object->is_shadow = is_bitcode;
    return object;
}

/* lld's list of what it linked is read by lines. */
static bool is_one_line(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (name[i] == '\n' || name[i] == '\r' || name[i] == '\0')
            return false;
    }
    return true;
}

struct archive_input {
    const char *title; /* for messages */
    const char *path;  /* what lld reads */
    const uint8_t *bytes;
    size_t size;
    const struct table *only; /* the members wanted, by what lld calls them; NULL: all */
};

/* What is no object is left out; lld ignores it too. */
static int add_member(struct link *link, const struct archive_input *archive, const struct archive_member *member)
{
    const struct table *only = archive->only;
    const char *own = arena_copy(&link->arena, member->name, member->name_size);
    const char *path = arena_format(&link->arena, "%s(%s)", archive->path, own);
    struct object *object;

    if ((only && !table_find(only, path)) ||
        (!is_elf(member->bytes, member->size) && !bitcode_is(member->bytes, member->size)))
        return 0;
    if (!is_one_line(member->name, member->name_size))
        return error_add(&link->errors, EX_DATAERR, "%s: a member's name holds a line's end or a zero byte; rename it",
                         archive->title);
    object = add_any(link, arena_format(&link->arena, "%s(%s)", path_base(archive->title), path_base(own)), path,
                     member->bytes, member->size);
    if (!object)
        return link->errors.status;
    object->in_archive = true;
    return 0;
}

static int add_members(struct link *link, const struct archive_input *input)
{
    struct archive archive = archive_open(input->bytes, input->size);
    struct archive_member member;
    const char *why;
    int status = 0;

    for (;;) {
        switch (archive_next(&archive, &member, &why)) {
        case ARCHIVE_END:
            return status;
        case ARCHIVE_DAMAGED:
            return error_add(&link->errors, EX_DATAERR, "%s: %s; the archive is damaged", input->title, why);
        case ARCHIVE_MEMBER:
            if ((status = add_member(link, input, &member)))
                return status;
        }
    }
}

int inputs_add_members(struct link *link, const char *path, const struct table *only)
{
    struct archive_input input = {.title = path, .path = path, .only = only};
    uint8_t *bytes;

    if (file_map(&link->errors, path, &bytes, &input.size))
        return link->errors.status;
    if (!archive_is(bytes, input.size))
        return error_add(&link->errors, EX_DATAERR, "%s is not an archive", path);
    input.bytes = bytes;
    return add_members(link, &input);
}

struct census {
    bool has_namesakes; /* two members have one name */
    bool has_bitcode;
};

static struct census count_members(struct link *link, const uint8_t *bytes, size_t size)
{
    struct archive archive = archive_open(bytes, size);
    struct archive_member member;
    struct census census = {0};
    struct table names = {0};
    const char *why;

    while (archive_next(&archive, &member, &why) == ARCHIVE_MEMBER) {
        void **place = table_place(&link->arena, &names, arena_copy(&link->arena, member.name, member.name_size));

        census.has_namesakes = census.has_namesakes || *place;
        census.has_bitcode = census.has_bitcode || bitcode_is(member.bytes, member.size);
        *place = link;
    }
    return census;
}

/* lld says by name which members it has linked. Where two have one name, it is given a copy in which they differ. */
static int number_members(struct link *link, struct input *input)
{
    size_t size;
    char *numbered = archive_numbered(input->bytes, input->size, &size);

    if (!numbered)
        return error_add(&link->errors, EX_OSERR, "no memory for a copy of %s", input->title);
    input->bytes = (const uint8_t *)arena_copy(&link->arena, numbered, size);
    input->size = size;
    input->path = lld_place(link, arena_format(&link->arena, "%zu.a", link->input_count));
    free(numbered);
    return file_write(&link->errors, input->path, input->bytes, size);
}

static int find_archive(struct link *link, struct input *input)
{
    struct census census = count_members(link, input->bytes, input->size);

    link->awaits_bitcode = link->awaits_bitcode || census.has_bitcode;
    return census.has_namesakes ? number_members(link, input) : 0;
}

static int open_archive(struct link *link, const struct input *input)
{
    struct archive_input archive = {
        .title = input->title, .path = input->path, .bytes = input->bytes, .size = input->size};

    return add_members(link, &archive);
}

static int add_service(struct link *link, const char *path, Elf *elf)
{
    const Elf_Data *data = section_data(elf, FAR_IMPORT_SECTION);
    const struct far_import_table *table;
    struct imported_service *service;
    char why[256];
    void *copy;

    if (!data)
        return error_add(&link->errors, EX_DATAERR,
                         "%s is an ordinary shared library: a segment takes nothing along at run "
                         "time; give its archive, or register it as a service and give the library of far implib",
                         path);
    copy = arena_copy(&link->arena, data->d_buf, data->d_size); /* aligned as its checker asks */
    if (import_check(copy, data->d_size, why, sizeof why))
        return error_add(&link->errors, EX_DATAERR, "%s: %s", path, why);
    table = copy;
    service = LIST_ADD(&link->arena, link->services, link->service_count);
    *service = (struct imported_service){.path = path, .table = table};
    return 0;
}

/* After all are read, as adding to the list moves it. */
static void name_imported_ops(struct link *link)
{
    for (size_t s = 0; s < link->service_count; s++) {
        const struct far_import_table *table = link->services[s].table;

        for (uint32_t i = 0; i < table->op_count; i++) {
            struct imported_op *op = arena_allocate(&link->arena, sizeof *op);

            *op = (struct imported_op){
                .service = &link->services[s], .op = import_op(table, i), .name = import_op_name(table, i)};
            if (!table_find(&link->imported_ops, op->name)) /* as with libraries: the first one given has it */
                table_set(&link->arena, &link->imported_ops, op->name, op);
        }
    }
}

int inputs_add_compiled(struct link *link, const char *path)
{
    uint8_t *bytes;
    size_t size;

    if (file_map(&link->errors, path, &bytes, &size))
        return link->errors.status;
    return add_object(link, "bitcode, compiled", path, bytes, size) ? 0 : link->errors.status;
}

static int open_library(struct link *link, const struct input *input)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)input->bytes;
    Elf *elf;
    int status;

    if (!link->machine)
        return unknown_machine(link, path_base(input->path), header->e_machine);
    if (header->e_machine != link->machine->elf_machine)
        return other_machine(link, path_base(input->path), header->e_machine);
    elf = elf_memory((char *)(uintptr_t)input->bytes, input->size);
    status = elf ? add_service(link, input->path, elf)
                 : error_add(&link->errors, EX_DATAERR, "%s: %s", input->path, elf_errmsg(-1));
    elf_end(elf);
    return status;
}

static bool is_library(const uint8_t *bytes, size_t size)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;

    return size >= sizeof *header && is_elf(bytes, size) && header->e_ident[EI_CLASS] == ELFCLASS64 &&
           header->e_type == ET_DYN;
}

/* It would be replaced. */
static bool is_output(const struct link *link, const char *path)
{
    struct stat input, output;

    return link->options.output && !stat(path, &input) && !stat(link->options.output, &output) &&
           input.st_dev == output.st_dev && input.st_ino == output.st_ino && S_ISREG(input.st_mode);
}

static int find_kind(struct link *link, struct input *input)
{
    if (input->size >= SARMAG && !memcmp(input->bytes, "!<thin>\n", SARMAG))
        return error_add(&link->errors, EX_DATAERR,
                         "%s is a thin archive, which only points at its objects; make it without "
                         "ar's T",
                         input->path);
    if (archive_is(input->bytes, input->size))
        return find_archive(link, input);
    if (is_library(input->bytes, input->size))
        input->passed_to_lld = false;
    else if (bitcode_is(input->bytes, input->size))
        link->awaits_bitcode = true;
    else if (!is_elf(input->bytes, input->size))
        return error_add(&link->errors, EX_DATAERR, "%s is neither an object nor an archive nor an import library",
                         input->path);
    return 0;
}

static int find_input(struct link *link, const char *given)
{
    struct input *input = LIST_ADD(&link->arena, link->inputs, link->input_count);
    const char *path = path_plain(&link->arena, given); /* lld reads it, too */
    uint8_t *bytes;

    *input = (struct input){.path = path, .title = path, .passed_to_lld = true};
    if (!is_one_line(path, strlen(path)))
        return error_add(&link->errors, EX_DATAERR, "the name of input '%s' holds a line's end; rename it", path);
    if (is_output(link, path))
        return error_add(&link->errors, EX_USAGE, "the output file '%s' is an input, too; give it another name",
                         link->options.output);
    if (file_map(&link->errors, path, &bytes, &input->size))
        return link->errors.status;
    input->bytes = bytes;
    if (find_kind(link, input))
        input->bytes = NULL;
    return input->bytes ? 0 : link->errors.status;
}

int inputs_find(struct link *link)
{
    if (elf_version(EV_CURRENT) == EV_NONE)
        return error_add(&link->errors, EX_SOFTWARE, "libelf is too old: %s", elf_errmsg(-1));
    machine_decide(link);
    for (size_t i = 0; i < link->options.argument_count; i++) {
        const struct input_argument *argument = &link->options.arguments[i];
        const char *path = argument->text;

        if (argument->is_library && is_host_library(path))
            continue;
        if (argument->is_library)
            path = library_find(link, path);
        if (path)
            find_input(link, path); /* go on after an error: the next file may have one too */
    }
    return link->errors.status;
}

static int open_input(struct link *link, const struct input *input)
{
    if (!input->bytes)
        return link->errors.status;
    if (archive_is(input->bytes, input->size))
        return open_archive(link, input);
    if (is_library(input->bytes, input->size))
        return open_library(link, input);
    return add_any(link, path_base(input->path), input->path, input->bytes, input->size) ? 0 : link->errors.status;
}

int inputs_read(struct link *link)
{
    for (size_t i = 0; i < link->input_count; i++)
        open_input(link, &link->inputs[i]);
    name_imported_ops(link);
    return link->errors.status;
}
