/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A copy of what is in use of shared memory, without its descriptor: all that anybody ever wrote, and no page is made by looking. */
#include "runtime/lib/domain_copy.h"
#include "testsuite/unit/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE ((uint64_t)256 << 20)
#define PAGE 4096

static const uint64_t places[] = {0, 3 * PAGE, 4 * PAGE, 5 * PAGE, SIZE / 2, SIZE - PAGE};
#define PLACES (sizeof places / sizeof *places)

static long blocks(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? (long)status.st_blocks : -1;
}

static char *map(int fd, int how)
{
    char *place = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, how | MAP_NORESERVE, fd, 0);
    if (place == MAP_FAILED)
        abort();
    return place;
}

int main(void)
{
    int fd = memfd_create("domain", MFD_CLOEXEC);
    CHECK(ftruncate(fd, (off_t)SIZE) == 0);
    struct far_own_domain domain = {.base = (uint64_t)map(fd, MAP_SHARED), .size = SIZE, .tells_pages = true};
    for (size_t i = 0; i < PLACES; i++) /* by somebody else: not a page of it is mapped here */
        CHECK(pwrite(fd, &(char){(char)('a' + i)}, 1, (off_t)places[i] + 7) == 1);
    long before = blocks(fd);
    char *copy = map(-1, MAP_PRIVATE | MAP_ANONYMOUS);
    CHECK(domain_copy_resident(&domain, copy) == 0);
    for (size_t i = 0; i < PLACES; i++)
        CHECK(copy[places[i] + 7] == (char)('a' + i) && copy[places[i]] == 0);
    CHECK(blocks(fd) == before);
    CHECK(domain_nothing_swapped(&domain));
    munmap((char *)domain.base, SIZE);
    CHECK(!domain_nothing_swapped(&domain)); /* what is not there is not known to be whole */
    domain.base = (uint64_t)map(fd, MAP_SHARED);
    domain.tells_pages = false;
    CHECK(domain_copy_resident(&domain, copy) == -ENODATA);
    return check_result();
}
