/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Find and open what the command line names: objects, archives with their members, import libraries. */
#include "linker-plugin/farld.h"

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

static Elf_Data *section_data(Elf *elf, const char *name)
{
    size_t names;
    Elf_Scn *section = NULL;

    if (elf_getshdrstrndx(elf, &names))
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

/* libelf shows an object without sections where the table lies outside the file. */
static bool is_truncated(Elf *elf, const Elf64_Ehdr *header)
{
    size_t size = 0;

    return !elf_rawfile(elf, &size) || header->e_shoff == 0 || header->e_shoff % 8 || header->e_shoff > size ||
           (uint64_t)header->e_shnum * sizeof(Elf64_Shdr) > size - header->e_shoff;
}

static int other_machine(struct link *link, const char *name, unsigned machine)
{
    const struct stub_machine *known = stub_machine_for_elf((uint16_t)machine);

    return error_add(&link->errors, EX_DATAERR, "%s is for %s, but %s is for %s; build all for one machine", name,
                     known ? known->name : arena_format(&link->arena, "ELF machine %u", machine), link->machine_origin,
                     link->machine->name);
}

static int add_object(struct link *link, const char *name, bool in_archive, Elf *elf)
{
    const Elf64_Ehdr *header = elf64_getehdr(elf);

    if (!header || header->e_type != ET_REL)
        return error_add(&link->errors, EX_DATAERR,
                         "%s is not a 64-bit object file; give objects (.o), archives (.a) of them, "
                         "and import libraries made by far implib",
                         name);
    if (is_truncated(elf, header))
        return error_add(&link->errors, EX_DATAERR,
                         "%s is truncated or damaged: its sections lie outside the file; build it again", name);
    if (!link->machine)
        return error_add(&link->errors, EX_DATAERR, "%s is for ELF machine %u; stubs can be made for %s only", name,
                         header->e_machine, stub_machine_names());
    if (header->e_machine != link->machine->elf_machine)
        return other_machine(link, name, header->e_machine);
    *LIST_ADD(&link->arena, link->objects, link->object_count) =
        (struct object){.name = name, .in_archive = in_archive, .elf = elf};
    return 0;
}

/* What is no object, the archive's own tables or text, is left out; lld ignores it too. */
static int add_member(struct link *link, const char *archive, Elf *member)
{
    const Elf_Arhdr *about = elf_getarhdr(member);
    size_t size = 0;
    const char *bytes = elf_rawfile(member, &size), *name;
    Elf *object;

    if (!about || !about->ar_name || about->ar_name[0] == '/' || !bytes)
        return 0;
    name = arena_format(&link->arena, "%s(%s)", path_base(archive), path_base(about->ar_name));
    if (bitcode_is(bytes, size)) {
        object = bitcode_open(link, name, bytes, size);
        return object ? add_object(link, name, true, object) : link->errors.status;
    }
    if (elf_kind(member) != ELF_K_ELF)
        return 0;
    /* Members lie at even addresses only; libelf would read their structures there. */
    object = elf_memory(arena_copy(&link->arena, bytes, size), size);
    if (!object || !add_object(link, name, true, object))
        return 0;
    elf_end(object);
    return link->errors.status;
}

static int open_archive(struct link *link, const char *path, Elf *archive)
{
    Elf_Cmd command = ELF_C_READ_MMAP; /* the one that lets members share an archive in memory */
    Elf *member;
    int status = 0;

    while (!status && command != ELF_C_NULL && (member = elf_begin(-1, command, archive))) {
        status = add_member(link, path, member); /* before elf_next(): the header read is the archive's current one */
        command = elf_next(member);
        elf_end(member);
    }
    if (!status && command != ELF_C_NULL)
        status = error_add(&link->errors, EX_DATAERR, "%s: %s; the archive is damaged", path, elf_errmsg(-1));
    return status;
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

static int open_elf(struct link *link, struct input *input)
{
    const Elf64_Ehdr *header = elf64_getehdr(input->elf);

    if (header && header->e_type == ET_DYN) {
        input->passed_to_lld = false;
        if (link->machine && header->e_machine != link->machine->elf_machine)
            return other_machine(link, path_base(input->path), header->e_machine);
        return add_service(link, input->path, input->elf);
    }
    return add_object(link, path_base(input->path), false, input->elf);
}

static int open_input(struct link *link, const char *path)
{
    struct input *input = LIST_ADD(&link->arena, link->inputs, link->input_count);
    uint8_t *bytes;
    size_t size;
    int status = file_read(&link->arena, &link->errors, path, &bytes, &size);

    *input = (struct input){.path = path, .passed_to_lld = true};
    if (status)
        return status;
    if (size >= 8 && !memcmp(bytes, "!<thin>\n", 8))
        return error_add(&link->errors, EX_DATAERR,
                         "%s is a thin archive, which only points at its objects; make it without "
                         "ar's T",
                         path);
    input->elf = elf_memory((char *)bytes, size);
    if (input->elf && elf_kind(input->elf) == ELF_K_AR)
        return open_archive(link, path, input->elf);
    if (input->elf && elf_kind(input->elf) == ELF_K_ELF)
        return open_elf(link, input);
    if (bitcode_is(bytes, size)) {
        input->elf = bitcode_open(link, path_base(path), bytes, size);
        return input->elf ? add_object(link, path_base(path), false, input->elf) : link->errors.status;
    }
    return error_add(&link->errors, EX_DATAERR, "%s is neither an object nor an archive nor an import library", path);
}

int inputs_read(struct link *link)
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
            open_input(link, path); /* go on after an error: the next file may have one too */
    }
    name_imported_ops(link);
    return link->errors.status;
}
