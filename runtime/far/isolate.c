/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/far/isolate.h"
#include "runtime/format/elf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define UNDER_DATA "/farcall/isolate"

char *isolate_library_folder(void)
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

static char *installed_folder(void)
{
    char *libraries = isolate_library_folder(), *folder = NULL;
    if (libraries && asprintf(&folder, "%s" UNDER_DATA, libraries) < 0)
        folder = NULL;
    free(libraries);
    return folder;
}

/* NULL without *failed: the user has none. */
static char *own_folder(bool *failed)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char *folder = NULL;
    int length = data && *data == '/'   ? asprintf(&folder, "%s" UNDER_DATA, data)
                 : home && *home == '/' ? asprintf(&folder, "%s/.local/share" UNDER_DATA, home)
                                        : 0;
    *failed = length < 0;
    return length > 0 ? folder : NULL;
}

static bool add_folder(struct isolate_folders *folders, char *folder)
{
    if (folder && folders->count < ISOLATE_FOLDERS_MAX)
        folders->folder[folders->count++] = folder;
    else
        free(folder);
    return folder != NULL;
}

/* Two places are kept for those that need no variable. */
static bool add_listed(struct isolate_folders *folders, const char *list)
{
    while (list && *list && folders->count + 2 < ISOLATE_FOLDERS_MAX) {
        size_t length = strcspn(list, ":");
        if (length && !add_folder(folders, strndup(list, length)))
            return false;
        list += length + (list[length] == ':');
    }
    return true;
}

bool isolate_folders(struct isolate_folders *folders)
{
    bool failed;
    *folders = (struct isolate_folders){.count = 0};
    bool listed = add_listed(folders, getenv(FAR_ENV_ISOLATE_PATH));
    char *own = own_folder(&failed);
    if (own)
        add_folder(folders, own);
    return add_folder(folders, installed_folder()) && listed && !failed;
}

void isolate_folders_free(struct isolate_folders *folders)
{
    for (size_t i = 0; i < folders->count; i++)
        free(folders->folder[i]);
    folders->count = 0;
}

/* A folder and those that it lies in. */
static int make_folders(char *path)
{
    for (char *at = path + 1;; at++) {
        if (*at && *at != '/')
            continue;
        char was = *at;
        *at = 0;
        int made = mkdir(path, 0777);
        *at = was;
        if (made != 0 && errno != EEXIST)
            return -errno;
        if (!was)
            return 0;
    }
}

static char *folder_for_new(void)
{
    const char *listed = getenv(FAR_ENV_ISOLATE_PATH);
    size_t length = listed ? strcspn(listed, ":") : 0;
    bool failed;
    if (length)
        return strndup(listed, length);
    return geteuid() == 0 ? installed_folder() : own_folder(&failed);
}

char *isolate_place(const char *soname)
{
    char *base = folder_for_new(), *folder = NULL, *file = NULL;
    if (!base) {
        fprintf(stderr, "far: implib: --isolate: no folder to put %s in: set HOME, or " FAR_ENV_ISOLATE_PATH "\n",
                soname);
        return NULL;
    }
    int err = asprintf(&folder, "%s/%s", base, soname) < 0 ? -ENOMEM : make_folders(folder);
    if (!err && asprintf(&file, "%s/%s", folder, soname) < 0)
        err = -ENOMEM;
    if (err)
        fprintf(stderr, "far: implib: --isolate: %s/%s: %s\n", base, soname, strerror(-err));
    free(folder);
    free(base);
    return err ? NULL : file;
}

/* An import library's service, from its table. */
static bool read_service(const char *file, char service[FAR_IMPORT_SERVICE])
{
    const struct complaint nobody = {NULL, 0};
    struct stat status;
    struct elf_view elf;
    const Elf64_Shdr *section;
    bool good = false;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    size_t size = (size_t)status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return false;
    if (elf_open(&elf, bytes, size, &nobody) == 0 &&
        elf_required(&elf, FAR_IMPORT_SECTION, 8, &section, &nobody) == 0) {
        const struct far_import_table *table = (const void *)elf_section_bytes(&elf, section);
        good = import_check(table, section->sh_size, NULL, 0) == 0;
        if (good)
            memcpy(service, table->service, FAR_IMPORT_SERVICE);
    }
    munmap(bytes, size);
    return good;
}

/* libz.so.1 is meant by libz.so.1, libz.so, libz and z. */
static bool means(const char *name, const char *soname)
{
    const char *end = strstr(soname, ".so");
    size_t length = strlen(name), stem = end ? (size_t)(end - soname) : strlen(soname);
    if (strcmp(name, soname) == 0)
        return true;
    if (length == stem + 3 && strncmp(name, soname, length) == 0)
        return end != NULL;
    if (length == stem && strncmp(name, soname, length) == 0)
        return true;
    return strncmp(soname, "lib", 3) == 0 && length + 3 == stem && strncmp(name, soname + 3, length) == 0;
}

/* The program may change its folder before it loads anything. NULL: there is no such folder. */
static char *whole_path(const char *folder, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return NULL;
    char *whole = realpath(path, NULL);
    free(path);
    return whole;
}

static int try_library(const char *name, const char *folder, const char *soname, struct isolated *found)
{
    struct isolated one = {.soname = strdup(soname), .folder = whole_path(folder, soname)};
    if (!one.folder || asprintf(&one.file, "%s/%s", one.folder, soname) < 0)
        one.file = NULL;
    bool right = one.soname && one.file && read_service(one.file, one.service) &&
                 (means(name, soname) || strcmp(name, one.service) == 0);
    if (!right || found->file) {
        int code = right ? EX_USAGE : 0;
        if (right)
            fprintf(stderr, "far: run: --isolate %s: %s and %s in %s; name one of them in full\n", name, found->soname,
                    soname, folder);
        isolated_free(&one);
        return code;
    }
    *found = one;
    return 0;
}

static int look_into(const char *name, const char *folder, struct isolated *found)
{
    DIR *entries = opendir(folder);
    int code = 0;
    for (struct dirent *entry; !code && entries && (entry = readdir(entries));) {
        if (entry->d_name[0] != '.')
            code = try_library(name, folder, entry->d_name, found);
    }
    if (entries)
        closedir(entries);
    return code;
}

static int not_found(const char *name, const struct isolate_folders *folders)
{
    fprintf(stderr,
            "far: run: --isolate %s: no service stands in the place of such a library; make its import library "
            "with `far implib FILE.seg --like LIBRARY --isolate`. Looked in",
            name);
    for (size_t i = 0; i < folders->count; i++)
        fprintf(stderr, "%s %s", i ? "," : "", folders->folder[i]);
    fputc('\n', stderr);
    return EX_UNAVAILABLE;
}

int isolate_find(const char *name, struct isolated *found)
{
    struct isolate_folders folders;
    *found = (struct isolated){.file = NULL};
    int code = isolate_folders(&folders) ? 0 : EX_OSERR;
    if (!code && (!*name || strchr(name, '/'))) {
        fprintf(stderr, "far: run: --isolate %s: name a library (libz.so.1, libz, z) or a service, not a path\n", name);
        code = EX_USAGE;
    }
    for (size_t i = 0; !code && !found->file && i < folders.count; i++)
        code = look_into(name, folders.folder[i], found);
    if (!code && !found->file)
        code = not_found(name, &folders);
    if (code)
        isolated_free(found);
    isolate_folders_free(&folders);
    return code;
}

void isolated_free(struct isolated *isolated)
{
    free(isolated->folder);
    free(isolated->file);
    free(isolated->soname);
    *isolated = (struct isolated){.file = NULL};
}
