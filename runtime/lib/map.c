/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/map.h"

#include "runtime/lib/error.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

int fds_take(struct far_fds *fds, uint32_t mask, const int *fd, int count, struct far_error *error)
{
    int next = 0;
    for (int i = 0; i < FAR_FD_COUNT; i++)
        fds->fd[i] = mask >> i & 1 && next < count ? fd[next++] : -1;
    if (next == count && next == __builtin_popcount(mask) && mask < 1u << FAR_FD_COUNT)
        return 0;
    for (; next < count; next++)
        close(fd[next]);
    fds_close(fds);
    return far_fail(error, EPROTO, EX_PROTOCOL, "fard sent %d descriptors where it announced others (mask %#x)", count,
                    mask);
}

void fds_close(struct far_fds *fds)
{
    for (int i = 0; i < FAR_FD_COUNT; i++)
        if (fds->fd[i] >= 0)
            close(fds->fd[i]);
    memset(fds->fd, -1, sizeof fds->fd);
}

const void *map_file(int fd, size_t *size, const char *service, const char *what, struct far_error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size <= 0) {
        far_fail(error, EPROTO, EX_PROTOCOL, "service %s: fard sent no %s", service, what);
        return NULL;
    }
    void *address = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (address == MAP_FAILED) {
        far_fail(error, errno, EX_OSERR, "service %s: cannot map its %s: %s", service, what, strerror(errno));
        return NULL;
    }
    *size = (size_t)status.st_size;
    return address;
}

int map_check_parts(const struct far_mapping *mapping, struct far_error *error)
{
    uint64_t end = mapping->base;
    bool fine = mapping->base >= FAR_WINDOW_BEGIN && mapping->base < FAR_WINDOW_END &&
                mapping->base % FAR_PART_ALIGN == 0 && mapping->part[FAR_PART_FSTUBS].address == mapping->base;
    for (int i = 0; i < FAR_PART_COUNT && fine; i++) {
        const struct far_extent *part = &mapping->part[i];
        fine = (part->address % FAR_PART_ALIGN == 0 || part->size == 0) && part->address >= end &&
               part->address <= FAR_WINDOW_END && part->size <= FAR_WINDOW_END - part->address;
        end = part->address + part->size;
    }
    if (fine && mapping->part[FAR_PART_LINKAGE].size >= sizeof(struct far_linkage))
        return 0;
    return far_fail(error, EPROTO, EX_PROTOCOL, "service %s: fard sent parts that are no segment's", mapping->service);
}

/* One part: where from and with which rights. */
struct piece {
    enum far_part part;
    int fd; /* -1: anonymous */
    uint64_t offset;
    int protection;
    int flags;
};

static int explain(const struct far_mapping *mapping, const struct piece *piece, int code, struct far_error *error)
{
    static const char *const names[] = {
#define X(NAME, name, rights) #name,
        FAR_PARTS(X)
#undef X
    };
    const char *hint = code == EEXIST   ? "something else is mapped there already"
                       : code == ENOMEM ? "is there a limit on address space (ulimit -v)?"
                       : code == EPERM  ? "may files be mapped executable here?"
                       : code == EPROTO ? "the file that fard sent is too short"
                                        : strerror(code);
    return far_fail(error, code, EX_OSERR, "service %s: cannot map its %s at %#llx: %s", mapping->service,
                    names[piece->part], (unsigned long long)mapping->part[piece->part].address, hint);
}

/* A mapping beyond its file's end would be a SIGBUS waiting to happen. */
static bool file_covers(const struct piece *piece, uint64_t size)
{
    struct stat status;
    return piece->fd < 0 || (fstat(piece->fd, &status) == 0 && (uint64_t)status.st_size >= piece->offset &&
                             (uint64_t)status.st_size - piece->offset >= size);
}

static int map_piece(const struct far_mapping *mapping, const struct piece *piece, struct far_error *error)
{
    const struct far_extent *part = &mapping->part[piece->part];
    if (part->size == 0)
        return 0;
    if (!file_covers(piece, part->size))
        return explain(mapping, piece, EPROTO, error);
    void *want = (void *)part->address;
    void *got = mmap(want, part->size, piece->protection, piece->flags, piece->fd, (off_t)piece->offset);
    if (got == MAP_FAILED)
        return explain(mapping, piece, errno, error);
    if (got == want) {
        if (mapping->mapped)
            *mapping->mapped |= 1u << piece->part;
        return 0;
    }
    munmap(got, part->size); /* a kernel that takes the address for a mere wish */
    return explain(mapping, piece, EEXIST, error);
}

/* What is never written is mapped private: kernels before 6.7 refuse shared mappings of a sealed memfd, gdb likes it.
 */
static struct piece piece_at(const struct far_mapping *mapping, enum far_part part, enum far_bind_fd file,
                             int protection, int sharing)
{
    uint64_t origin = file == FAR_FD_DATA ? mapping->part[FAR_PART_DATA].address : mapping->base;
    return (struct piece){part, mapping->fds->fd[file], mapping->part[part].address - origin, protection,
                          sharing | MAP_FIXED_NOREPLACE};
}

static int map_data(const struct far_mapping *mapping, enum far_level level, int replace, struct far_error *error)
{
    int protection = level == FAR_LEVEL_TRUSTED ? PROT_READ | PROT_WRITE : PROT_READ;
    struct piece data = piece_at(mapping, FAR_PART_DATA, FAR_FD_DATA, protection, MAP_SHARED);
    struct piece heap = piece_at(mapping, FAR_PART_HEAP, FAR_FD_DATA, protection, MAP_SHARED);
    if (replace)
        data.flags = heap.flags = MAP_SHARED | MAP_FIXED;
    int failed = map_piece(mapping, &data, error);
    return failed ? failed : map_piece(mapping, &heap, error);
}

int map_data_again(const struct far_mapping *mapping, enum far_level level, struct far_error *error)
{
    return map_data(mapping, level, 1, error);
}

static int map_trusted(const struct far_mapping *mapping, struct far_error *error)
{
    const struct piece pieces[] = {
        piece_at(mapping, FAR_PART_CODE, FAR_FD_IMAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE),
        piece_at(mapping, FAR_PART_CONST, FAR_FD_IMAGE, PROT_READ, MAP_PRIVATE),
        piece_at(mapping, FAR_PART_LINKAGE, FAR_FD_IMAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE),
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces && !failed; i++)
        failed = map_piece(mapping, &pieces[i], error);
    return failed;
}

static int map_bare_linkage(const struct far_mapping *mapping, struct far_error *error)
{
    const struct piece linkage = {FAR_PART_LINKAGE, -1, 0, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE};
    return map_piece(mapping, &linkage, error);
}

int map_parts(const struct far_mapping *mapping, enum far_level level, struct far_error *error)
{
    const struct piece stubs[] = {
        piece_at(mapping, FAR_PART_FSTUBS, FAR_FD_STUBS, PROT_READ | PROT_EXEC, MAP_PRIVATE),
        piece_at(mapping, FAR_PART_DSTUBS, FAR_FD_STUBS, PROT_READ | PROT_EXEC, MAP_PRIVATE),
    };
    int failed = map_piece(mapping, &stubs[0], error);
    if (!failed)
        failed = map_piece(mapping, &stubs[1], error);
    if (!failed)
        failed = level == FAR_LEVEL_TRUSTED ? map_trusted(mapping, error) : map_bare_linkage(mapping, error);
    if (!failed && level != FAR_LEVEL_NONE)
        failed = map_data(mapping, level, 0, error);
    return failed;
}

void map_undo(const struct far_mapping *mapping)
{
    for (int i = 0; i < FAR_PART_COUNT; i++)
        if (*mapping->mapped >> i & 1)
            munmap((void *)mapping->part[i].address, mapping->part[i].size);
    *mapping->mapped = 0;
}

int map_seal_linkage(const struct far_mapping *mapping, struct far_error *error)
{
    const struct far_extent *linkage = &mapping->part[FAR_PART_LINKAGE];
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size = (linkage->size + page - 1) & ~(page - 1);
    if (mprotect((void *)linkage->address, size, PROT_READ) == 0)
        return 0;
    return far_fail(error, errno, EX_OSERR, "service %s: cannot make its linkage read-only: %s", mapping->service,
                    strerror(errno));
}
