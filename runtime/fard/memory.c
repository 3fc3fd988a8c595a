/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

/* Code is mapped executable from memfds; where vm.memfd_noexec is set, that must be asked for. Older kernels refuse to
 * be. */
static int create_memfd(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

int memory_create(const char *name, uint64_t size, int *out)
{
    int fd = create_memfd(name);
    if (fd < 0)
        return -errno;
    if (fchmod(fd, 0600) < 0 || size > INT64_MAX || ftruncate(fd, (off_t)size) < 0) {
        int result = size > INT64_MAX ? -EFBIG : -errno;
        close(fd);
        return result;
    }
    *out = fd;
    return 0;
}

int memory_seal_size(int fd)
{
    return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int memory_seal_all(int fd)
{
    return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int memory_write(int fd, uint64_t at, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, (const uint8_t *)bytes + done, size - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return 0;
}

int memory_clear(int fd, uint64_t at, uint64_t size)
{
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    while (size && fallocate(fd, mode, (off_t)at, (off_t)size) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return 0;
}

int memory_create_sealed(const char *name, const void *bytes, size_t size, int *out)
{
    int fd;
    int result = memory_create(name, size, &fd);
    if (result)
        return result;
    result = memory_write(fd, 0, bytes, size);
    result = result ? result : memory_seal_all(fd);
    if (result) {
        close(fd);
        return result;
    }
    *out = fd;
    return 0;
}

int memory_reopen_read_only(int fd, int *out)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, O_RDONLY | O_CLOEXEC);
    if (again < 0)
        return -errno;
    *out = again;
    return 0;
}

int memory_is_immutable(int fd, uint64_t *size)
{
    struct stat status;
    int needed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & needed) != needed || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return -EPERM;
    *size = (uint64_t)status.st_size;
    return 0;
}

int memory_map(int fd, size_t size, int protection, void **out)
{
    void *bytes = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    *out = bytes;
    return 0;
}

void memory_populate(void *bytes, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)bytes / page * page;
    if (size)
        madvise((void *)first, (uintptr_t)bytes + size - first, MADV_POPULATE_WRITE);
}

void memory_unmap(void *bytes, size_t size)
{
    if (bytes)
        munmap(bytes, size);
}
