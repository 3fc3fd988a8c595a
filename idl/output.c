/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/output.h"

#include "runtime/iface.h"
#include "runtime/segment.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static int complain(int code, const char *path, const char *what)
{
    fprintf(stderr, "faridl: %s: %s: %s\n", path, what, strerror(errno));
    return code;
}

static int open_beside(char *name)
{
    int file = mkstemp(name);
    mode_t mask = umask(0);
    umask(mask);
    if (file >= 0)
        fchmod(file, 0666 & ~mask); /* mkstemp's 0600 is for secrets */
    return file;
}

static int close_and_rename(int file, const char *name, const char *path)
{
    if (close(file) != 0)
        return complain(EX_IOERR, path, "cannot write");
    if (rename(name, path) != 0)
        return complain(EX_CANTCREAT, path, "cannot create");
    return 0;
}

static int write_all(int file, const char *path, const void *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t count = write(file, (const char *)bytes + at, size - at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return complain(EX_IOERR, path, "cannot write");
        at += (size_t)count;
    }
    return 0;
}

/* A pipe, a terminal or /dev/null is written to; putting a file in its place would destroy it. */
static int write_device(const char *path, const void *bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return complain(EX_CANTCREAT, path, "cannot open");
    int code = write_all(file, path, bytes, size);
    if (close(file) != 0 && !code)
        code = complain(EX_IOERR, path, "cannot write");
    return code;
}

static int write_beside(const char *path, char *name, const void *bytes, size_t size)
{
    int file = open_beside(name);
    if (file < 0)
        return complain(EX_CANTCREAT, path, "cannot create");
    int code = write_all(file, path, bytes, size);
    if (code)
        close(file);
    else
        code = close_and_rename(file, name, path);
    if (code)
        unlink(name);
    return code;
}

int output_bytes(const char *path, const void *bytes, size_t size)
{
    struct stat there;
    char *name = NULL;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return write_device(path, bytes, size);
    if (asprintf(&name, "%s.XXXXXX", path) < 0)
        return complain(EX_OSERR, path, "cannot create");
    int code = write_beside(path, name, bytes, size);
    free(name);
    return code;
}

/* --- the object --- */

/* Section names, in the order of the section headers. */
#define NAMES      "\0" FAR_SECTION_IFACE "\0.note.GNU-stack\0.shstrtab"
#define NAME_IFACE 1
#define NAME_STACK (NAME_IFACE + sizeof FAR_SECTION_IFACE)
#define NAME_NAMES (NAME_STACK + sizeof ".note.GNU-stack")

static int add_section(Elf *elf, size_t name, unsigned type, const void *bytes, size_t size, unsigned align)
{
    Elf_Scn *section = elf_newscn(elf);
    Elf_Data *data = section ? elf_newdata(section) : NULL;
    Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;
    if (!data || !header)
        return -1;
    data->d_buf = (void *)(uintptr_t)bytes; /* libelf only reads what is written out */
    data->d_size = size;
    data->d_align = align;
    data->d_type = ELF_T_BYTE;
    header->sh_name = (Elf64_Word)name;
    header->sh_type = type;
    header->sh_addralign = align;
    return 0;
}

static int describe(Elf *elf, const void *record, size_t size)
{
    Elf64_Ehdr *header = elf64_newehdr(elf);
    if (!header)
        return -1;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_type = ET_REL;
    header->e_machine = (Elf64_Half)((const struct far_iface *)record)->machine;
    header->e_version = EV_CURRENT;
    if (add_section(elf, NAME_IFACE, SHT_PROGBITS, record, size, 8) != 0 ||
        add_section(elf, NAME_STACK, SHT_PROGBITS, "", 0, 1) != 0 ||
        add_section(elf, NAME_NAMES, SHT_STRTAB, NAMES, sizeof NAMES, 1) != 0)
        return -1;
    header->e_shstrndx = 3;
    return elf_update(elf, ELF_C_WRITE) < 0 ? -1 : 0;
}

/* libelf writes to files only, so the object is made in one that has no name. */
static int make_object(int file, const void *record, size_t size)
{
    Elf *elf = elf_version(EV_CURRENT) == EV_NONE ? NULL : elf_begin(file, ELF_C_WRITE, NULL);
    int failed = elf ? describe(elf, record, size) : -1;
    if (failed)
        fprintf(stderr, "faridl: cannot make an object: %s\n", elf_errmsg(-1));
    if (elf)
        elf_end(elf);
    return failed ? EX_SOFTWARE : 0;
}

static int copy_object(int file, const char *path)
{
    struct stat made;
    if (fstat(file, &made) != 0)
        return complain(EX_OSERR, path, "cannot create");
    void *bytes = mmap(NULL, (size_t)made.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED)
        return complain(EX_OSERR, path, "cannot create");
    int code = output_bytes(path, bytes, (size_t)made.st_size);
    munmap(bytes, (size_t)made.st_size);
    return code;
}

int output_object(const char *path, const void *record, size_t size)
{
    int file = memfd_create("faridl", MFD_CLOEXEC);
    if (file < 0)
        return complain(EX_OSERR, path, "cannot create");
    int code = make_object(file, record, size);
    if (!code)
        code = copy_object(file, path);
    close(file);
    return code;
}
