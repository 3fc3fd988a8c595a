/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Write the segment: lld's image with its stubs and thunks filled in, its section headers, and five more sections. The
 * bytes are checked as any reader will check them before the file gets its name.
 */
#include "linker-plugin/farld.h"
#include "linker-plugin/like.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "runtime/format/digest.h"

#define NOTE_NAME "farcall"

struct blob {
    const char *name;
    uint32_t type;
    uint64_t align;
    uint8_t *bytes;
    size_t size;
};

/* The file as it grows. Capacity is computed once. */
struct file {
    uint8_t *bytes;
    size_t size;
};

static uint64_t address_of_part(const struct link *link, enum far_part part)
{
    return image_part(&link->image, part)->p_vaddr;
}

static int stubs_do_not_reach(struct link *link)
{
    return error_add(&link->errors, EX_DATAERR, "the segment is too large: its stubs cannot reach its code (2 GiB)");
}

static int encode_stubs(struct link *link, enum stub_variant variant, enum far_part part, uint8_t *code)
{
    uint64_t *implementations = arena_allocate(&link->arena, link->slot_count * sizeof *implementations);
    struct stub_part stubs = {.base = address_of_part(link, part),
                              .linkage = address_of_part(link, FAR_PART_LINKAGE),
                              .slot_count = link->slot_count,
                              .implementations = implementations};

    for (uint32_t i = 0; i < link->slot_count; i++)
        implementations[i] = STUB_NO_SLOT;
    for (uint32_t i = 0; i < link->iface->ops.count; i++)
        implementations[link->operations[i].op->slot] = link->operations[i].implementation;
    return stubs_encode_part(link->machine, variant, &stubs, code) ? stubs_do_not_reach(link) : 0;
}

static int fill_stub_parts(struct link *link)
{
    size_t size = (size_t)link->slot_count * FAR_STUB_SIZE;

    for (enum far_part part = FAR_PART_FSTUBS; part <= FAR_PART_DSTUBS; part++) {
        uint8_t *code = image_at(&link->image, address_of_part(link, part), size);

        if (!code)
            return error_add(&link->errors, EX_SOFTWARE, "part %s is not where the linker script puts it",
                             far_part_name(part));
        if (encode_stubs(link, STUB_BRANCH, part, code))
            return link->errors.status;
    }
    return 0;
}

static int fill_thunks(struct link *link)
{
    for (size_t i = 0; i < link->undefined_count; i++) {
        const struct undefined *undefined = &link->undefined[i];
        const Elf64_Sym *thunk, *word;
        uint8_t *code;

        if (!undefined->thunk)
            continue;
        thunk = image_symbol(&link->image, arena_format(&link->arena, "far_thunk.%s", undefined->name));
        word = image_symbol(&link->image, arena_format(&link->arena, "far_host.%s", undefined->name));
        code = thunk ? image_at(&link->image, thunk->st_value, FAR_STUB_SIZE) : NULL;
        if (!code || !word)
            return error_add(&link->errors, EX_SOFTWARE, "the thunk for '%s' is missing", undefined->name);
        if (link->machine->encode_thunk(code, thunk->st_value, word->st_value))
            return stubs_do_not_reach(link);
    }
    return 0;
}

static struct blob make_note(struct link *link)
{
    Elf64_Nhdr header = {.n_namesz = sizeof NOTE_NAME, .n_descsz = sizeof(struct far_note), .n_type = FAR_NOTE_TYPE};
    struct far_note note = {.format = FAR_FORMAT_VERSION,
                            .machine = link->machine->elf_machine,
                            .image_size = heap_start(link) + link->options.heap_size,
                            .heap_size = link->options.heap_size,
                            .slot_count = link->slot_count,
                            .flags = link->options.allow_wrpkru ? FAR_NOTE_STRAY : 0};
    size_t size = sizeof header + sizeof NOTE_NAME + sizeof note;
    uint8_t *bytes = arena_allocate(&link->arena, size);

    _Static_assert((sizeof(Elf64_Nhdr) + sizeof NOTE_NAME) % 4 == 0, "a note's descriptor is aligned to 4");
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, NOTE_NAME, sizeof NOTE_NAME);
    memcpy(bytes + sizeof header + sizeof NOTE_NAME, &note, sizeof note);
    return (struct blob){FAR_SECTION_NOTE, SHT_NOTE, 4, bytes, size};
}

static int make_traps(struct link *link, enum far_part part, const char *name, struct blob *blob)
{
    size_t size = (size_t)link->slot_count * FAR_STUB_SIZE;

    *blob = (struct blob){name, SHT_PROGBITS, 16, arena_allocate(&link->arena, size), size};
    return encode_stubs(link, STUB_TRAP, part, blob->bytes);
}

/* Append bytes at an alignment; returns their offset. */
static size_t append(struct file *file, const void *bytes, size_t size, uint64_t align)
{
    size_t offset = file->size;

    if (align > 1)
        offset = (offset + align - 1) & ~((size_t)align - 1);
    if (size)
        memcpy(file->bytes + offset, bytes, size);
    file->size = offset + size;
    return offset;
}

/* Where the mapped bytes end; up to there the file stays as lld laid it out. */
static size_t end_of_mapped(const struct image *image)
{
    size_t end = sizeof(Elf64_Ehdr) + image->header->e_phnum * sizeof(Elf64_Phdr);

    for (size_t i = 0; i < image->header->e_phnum; i++) {
        const Elf64_Phdr *program = &image->programs[i];

        if (program->p_type == PT_LOAD && program->p_offset + program->p_filesz > end)
            end = program->p_offset + program->p_filesz;
    }
    return end;
}

static struct blob make_section_names(struct link *link, const struct blob *blobs, size_t count)
{
    const Elf64_Shdr *old = &link->image.sections[link->image.header->e_shstrndx];
    size_t size = old->sh_size;
    uint8_t *bytes;

    for (size_t i = 0; i < count; i++)
        size += strlen(blobs[i].name) + 1;
    bytes = arena_allocate(&link->arena, size);
    memcpy(bytes, link->image.section_names, old->sh_size);
    size = old->sh_size;
    for (size_t i = 0; i < count; i++)
        size += (size_t)(stpcpy((char *)bytes + size, blobs[i].name) + 1 - ((char *)bytes + size));
    return (struct blob){"", SHT_STRTAB, 1, bytes, size};
}

/* Returns the file offset of the note's build id. */
static size_t lay_out(struct link *link, struct file *file, const struct blob *blobs, size_t count)
{
    const struct image *image = &link->image;
    size_t old_count = image->header->e_shnum, build_id = 0;
    Elf64_Shdr *headers = arena_allocate(&link->arena, (old_count + count) * sizeof *headers);
    struct blob names = make_section_names(link, blobs, count);
    uint32_t name = (uint32_t)image->sections[image->header->e_shstrndx].sh_size;
    Elf64_Ehdr *header = (Elf64_Ehdr *)file->bytes;

    append(file, image->bytes, end_of_mapped(image), 1);
    for (size_t i = 1; i < old_count; i++) {
        bool is_names = i == image->header->e_shstrndx;

        headers[i] = image->sections[i];
        if (is_names)
            headers[i].sh_size = names.size;
        if (!(headers[i].sh_flags & SHF_ALLOC) && headers[i].sh_type != SHT_NOBITS)
            headers[i].sh_offset = append(file, is_names ? names.bytes : image->bytes + image->sections[i].sh_offset,
                                          headers[i].sh_size, headers[i].sh_addralign);
    }
    for (size_t i = 0; i < count; i++) {
        Elf64_Shdr *section = &headers[old_count + i];

        *section = (Elf64_Shdr){
            .sh_name = name, .sh_type = blobs[i].type, .sh_size = blobs[i].size, .sh_addralign = blobs[i].align};
        section->sh_offset = append(file, blobs[i].bytes, blobs[i].size, blobs[i].align);
        name += (uint32_t)strlen(blobs[i].name) + 1;
        if (blobs[i].type == SHT_NOTE)
            build_id = section->sh_offset + blobs[i].size - sizeof(((struct far_note *)0)->build_id);
    }
    header->e_shoff = append(file, headers, (old_count + count) * sizeof *headers, 8);
    header->e_shnum = (Elf64_Half)(old_count + count);
    return build_id;
}

static size_t capacity_for(const struct link *link, const struct blob *blobs, size_t count)
{
    size_t size = 2 * link->image.size + 65536; /* the image, its padding and headers, its names once more */

    for (size_t i = 0; i < count; i++)
        size += blobs[i].size + blobs[i].align + strlen(blobs[i].name) + sizeof(Elf64_Shdr);
    for (size_t i = 0; i < link->image.header->e_shnum; i++)
        size += link->image.sections[i].sh_addralign;
    return size;
}

/* segment_check() is what every reader does first; a segment it refuses must not get its name. */
static int check_own_output(struct link *link, const struct file *file)
{
    struct far_segment segment;
    char why[512] = "";

    if (segment_check(file->bytes, file->size, 0, &segment, why, sizeof why))
        return error_add(&link->errors, EX_SOFTWARE, "the segment just linked is not sound: %s", why);
    return like_verify(link, &segment);
}

static int put_in_place(struct link *link, const struct file *file)
{
    const char *output = link->options.output;
    char *temporary = arena_format(&link->arena, "%s.XXXXXX", output);
    struct stat there;
    mode_t mask;
    int fd;

    /* A pipe or /dev/null is written to; putting a file in its place would destroy it. */
    if (!stat(output, &there) && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
        return file_write(&link->errors, output, file->bytes, file->size);
    fd = mkstemp(temporary);
    mask = umask(0);
    umask(mask);
    if (fd < 0)
        return error_add(&link->errors, EX_CANTCREAT, "cannot create '%s': %s", output, strerror(errno));
    fchmod(fd, 0666 & ~mask);
    close(fd);
    if (!file_write(&link->errors, temporary, file->bytes, file->size) && rename(temporary, output))
        error_add(&link->errors, EX_CANTCREAT, "cannot create '%s': %s", output, strerror(errno));
    if (link->errors.status)
        unlink(temporary);
    return link->errors.status;
}

/* Where unwinders find the frames: clients have no section headers to look it up in. */
static int record_unwind(struct link *link)
{
    const Elf64_Shdr *frames = image_section(&link->image, ".eh_frame");
    struct far_linkage *linkage =
        (struct far_linkage *)image_at(&link->image, address_of_part(link, FAR_PART_LINKAGE), sizeof *linkage);

    if (!linkage)
        return error_add(&link->errors, EX_SOFTWARE, "the linkage header is not where the linker script puts it");
    linkage->unwind = frames && frames->sh_size ? frames->sh_addr : 0;
    return 0;
}

int segment_write(struct link *link)
{
    struct blob blobs[5];
    struct file file = {0};
    size_t count = 0, build_id;

    if (fill_stub_parts(link) || fill_thunks(link) || record_unwind(link) || strays_refuse(link))
        return link->errors.status;
    blobs[count++] = (struct blob){FAR_SECTION_IFACE, SHT_PROGBITS, 8, (uint8_t *)link->iface, link->record_size};
    blobs[count] = (struct blob){FAR_SECTION_RELOC, SHT_PROGBITS, 8, NULL, 0};
    if (stream_encode(link, &blobs[count].bytes, &blobs[count].size))
        return link->errors.status;
    count++;
    if (make_traps(link, FAR_PART_FSTUBS, FAR_SECTION_TRAPS_F, &blobs[count++]) ||
        make_traps(link, FAR_PART_DSTUBS, FAR_SECTION_TRAPS_D, &blobs[count++]))
        return link->errors.status;
    blobs[count++] = make_note(link);
    file.bytes = arena_allocate(&link->arena, capacity_for(link, blobs, count));
    build_id = lay_out(link, &file, blobs, count);
    if (segment_digest(file.bytes, file.size, build_id, file.bytes + build_id))
        return error_add(&link->errors, EX_SOFTWARE, "libcrypto cannot compute a SHA-256");
    if (link->errors.status || check_own_output(link, &file))
        return link->errors.status;
    return put_in_place(link, &file);
}
