/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a library's versions depend on. No dynamic linker looks at it, but a library that stands in another's place should be
 * no different to look at, and lld leaves it out. So the table is written anew, in the room that lld has made for more
 * versions than there are.
 */
#include "runtime/far/implib_like.h"
#include "runtime/format/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* As lld has written it: the library's own name first, then the versions. */
struct definition {
    Elf64_Verdef head;
    Elf64_Verdaux name;
};
_Static_assert(sizeof(struct definition) == LIKE_ROOM_OF_VERSION, "the two follow each other");

static int take_definitions(const uint8_t *bytes, uint64_t size, struct definition *definition, size_t count)
{
    if (size < count * sizeof *definition)
        return -EINVAL;
    memcpy(definition, bytes, count * sizeof *definition);
    for (size_t i = 0; i < count; i++) {
        if (definition[i].head.vd_cnt != 1 || definition[i].head.vd_aux != sizeof definition[i].head)
            return -EINVAL;
    }
    return 0;
}

static Elf64_Word name_of(const struct original *original, const struct definition *definition, const char *version)
{
    size_t i = 0;
    while (strcmp(original->versions[i].name, version) != 0)
        i++;
    return definition[i + 1].name.vda_name;
}

/* One definition with its dependencies; returns its end. */
static uint8_t *put_definition(uint8_t *to, const struct original *original, const struct definition *all, size_t index)
{
    struct definition made = all[index];
    const struct original_version *version = index ? &original->versions[index - 1] : NULL;
    uint32_t parents = version ? version->parent_count : 0;
    made.head.vd_cnt = (Elf64_Half)(1 + parents);
    made.head.vd_next =
        index == original->version_count ? 0 : (Elf64_Word)(sizeof made + parents * sizeof(Elf64_Verdaux));
    made.name.vda_next = parents ? sizeof made.name : 0;
    to = (uint8_t *)mempcpy(to, &made, sizeof made);
    for (uint32_t i = 0; i < parents; i++) {
        const Elf64_Verdaux parent = {name_of(original, all, version->parent[i]),
                                      i + 1 < parents ? sizeof made.name : 0};
        to = (uint8_t *)mempcpy(to, &parent, sizeof parent);
    }
    return to;
}

static int set_count(uint8_t *bytes, const struct elf_view *elf, Elf64_Xword count)
{
    const Elf64_Shdr *dynamic = elf_section(elf, ".dynamic");
    Elf64_Dyn entry;
    for (uint64_t at = 0; dynamic && at + sizeof entry <= dynamic->sh_size; at += sizeof entry) {
        uint8_t *place = bytes + dynamic->sh_offset + at;
        memcpy(&entry, place, sizeof entry);
        if (entry.d_tag != DT_VERDEFNUM)
            continue;
        entry.d_un.d_val = count;
        memcpy(place, &entry, sizeof entry);
        return 0;
    }
    return -EINVAL;
}

static int rewrite(const struct original *original, uint8_t *bytes, size_t size, struct definition *definition)
{
    const struct complaint nobody = {NULL, 0};
    struct elf_view elf;
    size_t count = original->version_count + 1;
    const Elf64_Shdr *section;
    if (elf_open(&elf, bytes, size, &nobody) != 0 || elf_required(&elf, ".gnu.version_d", 4, &section, &nobody) != 0 ||
        take_definitions(bytes + section->sh_offset, section->sh_size, definition, count) != 0 ||
        set_count(bytes, &elf, count) != 0)
        return -EINVAL;
    uint8_t *begin = bytes + section->sh_offset, *end = begin;
    for (size_t i = 0; i < count; i++)
        end = put_definition(end, original, definition, i);
    memset(end, 0, (size_t)(begin + section->sh_size - end));
    Elf64_Shdr *header = (Elf64_Shdr *)(bytes + ((const uint8_t *)section - bytes));
    header->sh_size = (Elf64_Xword)(end - begin);
    header->sh_info = (Elf64_Word)count;
    return 0;
}

int like_finish_versions(const struct implib_like *like, const char *file)
{
    const struct original *original = &like->original;
    struct stat status;
    if (!like_has_versions(like))
        return 0;
    struct definition *definition = calloc(original->version_count + 1, sizeof *definition);
    int fd = open(file, O_RDWR | O_CLOEXEC);
    int err = !definition ? -ENOMEM : fd < 0 || fstat(fd, &status) != 0 ? -errno : 0;
    void *bytes = err ? MAP_FAILED : mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!err)
        err = bytes == MAP_FAILED ? -errno : rewrite(original, bytes, (size_t)status.st_size, definition);
    if (bytes != MAP_FAILED)
        munmap(bytes, (size_t)status.st_size);
    if (fd >= 0)
        close(fd);
    free(definition);
    return err;
}
