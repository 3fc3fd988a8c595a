/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Make a segment of lld's image: stubs and thunks filled in where it lies, its end written anew (tail.c). The bytes are
 * checked as any reader will check them before the file gets its name.
 */
#include "linker-plugin/farld.h"
#include "linker-plugin/like.h"
#include "linker-plugin/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define NOTE_NAME "farcall"

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
    uint8_t *bytes = arena_allocate(&link->arena, size);

    *blob = (struct blob){name, SHT_PROGBITS, 16, bytes, size};
    return encode_stubs(link, STUB_TRAP, part, bytes);
}

/* The file as it is now, mapped anew. */
static int map_output(struct link *link, uint8_t **bytes, size_t *size)
{
    struct stat about;

    if (fstat(link->image.fd, &about))
        return error_add(&link->errors, EX_IOERR, "cannot read the segment: %s", strerror(errno));
    *size = (size_t)about.st_size;
    *bytes = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, link->image.fd, 0);
    return *bytes == MAP_FAILED ? error_add(&link->errors, EX_IOERR, "cannot map the segment: %s", strerror(errno)) : 0;
}

/*
 * segment_check() is what every reader does first; a segment it refuses must not get its name. The digest it would only
 * compute again.
 */
static int check_own_output(struct link *link, const uint8_t *bytes, size_t size)
{
    struct far_segment segment;
    char why[512] = "";

    if (segment_check(bytes, size, SEGMENT_SKIP_DIGEST, &segment, why, sizeof why))
        return error_add(&link->errors, EX_SOFTWARE, "the segment just linked (of %s) is not sound: %s",
                         lld_inputs(link), why);
    return like_verify(link, &segment);
}

/* A pipe or /dev/null is written to; putting a file in its place would destroy it. */
static bool is_written_to(const char *output)
{
    struct stat there;

    return !stat(output, &there) && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode);
}

int draft_make(struct link *link)
{
    const char *output = link->options.output;
    char *draft;
    int fd;

    if (!output || is_written_to(output))
        return 0;
    draft = arena_format(&link->arena, "%s.XXXXXX", path_plain(&link->arena, output));
    fd = mkstemp(draft);
    if (fd < 0)
        return error_add(&link->errors, EX_CANTCREAT, "cannot create '%s': %s", output, strerror(errno));
    close(fd);
    unlink(draft); /* only its name is wanted: a file system may write out at once what replaces a file */
    link->draft = draft;
    return 0;
}

/*
 * Where a file is replaced by rename(), a file system may first bring all of the new one to disk (ext4 does), which takes
 * longer than a link. Exchanged they need not be; the old one then has the draft's name, and goes with it.
 */
static bool exchange(const struct link *link, const char *output)
{
    struct stat old;

    return !lstat(output, &old) && S_ISREG(old.st_mode) &&
           !renameat2(AT_FDCWD, link->draft, AT_FDCWD, output, RENAME_EXCHANGE);
}

static int put_in_place(struct link *link, const uint8_t *bytes, size_t size)
{
    const char *output = link->options.output;
    mode_t mask;

    if (!link->draft)
        return file_write(&link->errors, output, bytes, size);
    mask = umask(0);
    umask(mask);
    if (!fchmod(link->image.fd, 0666 & ~mask) && exchange(link, output))
        return 0;
    if (fchmod(link->image.fd, 0666 & ~mask) || rename(link->draft, output))
        return error_add(&link->errors, EX_CANTCREAT, "cannot create '%s': %s", output, strerror(errno));
    link->draft = NULL;
    return 0;
}

/* The note is the last blob, and the build id the last in it. While the rest is digested, the segment is checked. */
static int finish(struct link *link, struct signature *signature, size_t note_end)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    int status = map_output(link, &bytes, &size);

    status = status ? status : check_own_output(link, bytes, size);
    if (status)
        sign_abandon(signature);
    else
        status = sign_finish(link, signature, bytes, size, note_end - sizeof(((struct far_note *)0)->build_id));
    status = status ? status : lld_end(link);
    return status ? status : put_in_place(link, bytes, size);
}

/* The last one, of thread-local variables, is there if an input has any; it is empty if they were not linked. */
static void drop_empty_header(struct link *link)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)link->image.bytes;
    Elf64_Phdr *last = (Elf64_Phdr *)(uintptr_t)&link->image.programs[header->e_phnum - 1];

    if (last->p_type != PT_TLS || last->p_memsz)
        return;
    *last = (Elf64_Phdr){.p_type = PT_NULL};
    header->e_phnum--;
}

static int make_relocations(struct link *link, struct blob *blob)
{
    uint8_t *bytes;

    *blob = (struct blob){FAR_SECTION_RELOC, SHT_PROGBITS, 8, NULL, 0};
    if (stream_encode(link, &bytes, &blob->size))
        return link->errors.status;
    blob->bytes = bytes;
    return 0;
}

int segment_write(struct link *link)
{
    struct blob blobs[5];
    struct signature *signature = NULL;
    size_t count = 0, note_end = 0;

    if (fill_stub_parts(link) || record_unwind(link) || strays_refuse(link))
        return link->errors.status;
    drop_empty_header(link);
    blobs[count++] = (struct blob){FAR_SECTION_IFACE, SHT_PROGBITS, 8, (uint8_t *)link->iface, link->record_size};
    if (make_relocations(link, &blobs[count++]) ||
        make_traps(link, FAR_PART_FSTUBS, FAR_SECTION_TRAPS_F, &blobs[count++]) ||
        make_traps(link, FAR_PART_DSTUBS, FAR_SECTION_TRAPS_D, &blobs[count++]))
        return link->errors.status;
    blobs[count++] = make_note(link);
    if (!tail_write(link, blobs, count, &note_end, &signature))
        return finish(link, signature, note_end);
    if (signature)
        sign_abandon(signature);
    return link->errors.status;
}
