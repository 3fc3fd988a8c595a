/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Where the libraries of a machine are: farld links for every machine that stubs can be made for, whichever it runs on.
 * Debian keeps what belongs to another machine in a folder named after that, in one of two ways: /usr/lib/TRIPLET
 * (packages of that architecture) and /usr/TRIPLET/lib (packages for cross compilers).
 */
#include "linker-plugin/archive.h"
#include "linker-plugin/farld.h"

#include <ar.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "runtime/machine.h"

#define FOLDERS_MAX 9 /* and the NULL behind them */

static bool is_native(const struct link *link)
{
    return link->machine->elf_machine == FAR_MACHINE_NATIVE;
}

static bool is_readable_file(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

const char *const *machine_library_folders(struct link *link)
{
    const char **folders = arena_allocate(&link->arena, FOLDERS_MAX * sizeof *folders), **next = folders;
    const char *triplet = link->machine->multiarch;

    *next++ = arena_format(&link->arena, "/usr/local/lib/%s", triplet);
    if (is_native(link))
        *next++ = "/usr/local/lib";
    *next++ = arena_format(&link->arena, "/lib/%s", triplet);
    *next++ = arena_format(&link->arena, "/usr/lib/%s", triplet);
    *next++ = arena_format(&link->arena, "/usr/%s/lib", triplet);
    if (is_native(link)) {
        *next++ = "/lib64";
        *next++ = "/usr/lib64";
        *next++ = "/usr/lib";
    }
    return folders;
}

const char *machine_farseg(struct link *link)
{
    return is_native(link)
               ? arena_format(&link->arena, "%s/lib/libfarseg.a", link->prefix)
               : arena_format(&link->arena, "%s/lib/farcall/%s/libfarseg.a", link->prefix, link->machine->multiarch);
}

int machine_check(struct link *link)
{
    const char *path = machine_farseg(link);

    if (is_readable_file(path))
        return 0;
    return error_add(
        &link->errors, EX_UNAVAILABLE,
        "cannot read '%s', the allocator of segments for %s; install farcall whole, built with that machine's C "
        "library at hand",
        path, link->machine->name);
}

/* The last of what a pattern finds, in the order of names; NULL if it finds nothing. */
static const char *last_match(struct link *link, const char *pattern)
{
    const char *path = NULL;
    glob_t found;

    if (glob(pattern, 0, NULL, &found))
        return NULL;
    if (found.gl_pathc)
        path = arena_format(&link->arena, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return path;
}

const char *machine_libgcc(struct link *link)
{
    static const char *const patterns[] = {"/usr/lib/gcc/%s/*/libgcc.a", "/usr/lib/gcc-cross/%s/*/libgcc.a"};
    const char *path = NULL;

    if (is_native(link) && is_readable_file(FAR_LIBGCC))
        return FAR_LIBGCC;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns && !path; i++) {
        char pattern[256];

        snprintf(pattern, sizeof pattern, patterns[i], link->machine->multiarch);
        path = last_match(link, pattern);
    }
    return path;
}

/* The machine in an ELF file's first bytes, 0 if these are no such. */
static unsigned machine_in(const unsigned char *bytes, size_t size)
{
    if (size < 20 || memcmp(bytes, ELFMAG, SELFMAG) || bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB)
        return 0;
    return bytes[18] | (unsigned)bytes[19] << 8;
}

/* Of an object, or of bitcode: its shadow has the machine that it is to be compiled for. */
static unsigned machine_in_object(struct link *link, const char *name, const uint8_t *bytes, size_t size)
{
    size_t shadow_size = 0;
    const uint8_t *shadow;

    if (!bitcode_is(bytes, size))
        return machine_in(bytes, size);
    shadow = bitcode_open(link, name, bytes, size, &shadow_size);
    return shadow ? machine_in(shadow, shadow_size) : 0;
}

static unsigned machine_in_archive(struct link *link, const char *name, const uint8_t *bytes, size_t size)
{
    struct archive archive = archive_open(bytes, size);
    struct archive_member member;
    unsigned machine = 0;
    const char *why;

    while (!machine && archive_next(&archive, &member, &why) == ARCHIVE_MEMBER)
        machine = machine_in_object(link, name, member.bytes, member.size);
    return machine;
}

static unsigned machine_of_file(struct link *link, const char *path)
{
    struct errors unheard = {.arena = &link->arena}; /* whoever reads the file complains */
    uint8_t *bytes;
    size_t size;

    if (!is_readable_file(path) || file_map(&unheard, path, &bytes, &size))
        return 0;
    return archive_is(bytes, size) ? machine_in_archive(link, path, bytes, size)
                                   : machine_in_object(link, path, bytes, size);
}

/*
 * Before the inputs are read, as a library may be named before the first object. A machine that has no stubs is left for
 * the reader of that object to complain about.
 */
void machine_decide(struct link *link)
{
    unsigned machine = 0;

    for (size_t i = 0; i < link->options.argument_count && !machine; i++) {
        if (link->options.arguments[i].is_library)
            continue;
        link->machine_origin = path_base(link->options.arguments[i].text);
        machine = machine_of_file(link, link->options.arguments[i].text);
    }
    link->machine = stub_machine_for_elf((uint16_t)(machine ? machine : FAR_MACHINE_NATIVE));
}
