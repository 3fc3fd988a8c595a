/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What is put in the place of an A-stack whose client must hear nothing more: memory that a worker may go on writing to, and
 * that nobody reads. All that are cut off write into the same: their first page is dead from the beginning, and a worker looks
 * at `stop` once more between reading a call's parameters and calling. So it needs no memory of its own, which a service with
 * --memory may not have left, and a client's A-stack may have any size.
 */
#include "runtime/host/host.h"

#include <errno.h>
#include <sys/mman.h>

#define SCRAP_BODY (2u << 20)

static char *scrap; /* FAR_ASTACK_AREA for the first page, SCRAP_BODY for the area, again and again */

static void make_dead(void *page)
{
    struct far_astack *astack = page;
    astack->fate.dead = FAR_FATE_REVOKED;
    astack->call.sequence = astack->reply.sequence = FAR_SEQUENCE_DEAD;
}

int scrap_prepare(void)
{
    if (scrap)
        return 0;
    void *place = mmap(NULL, FAR_ASTACK_AREA + SCRAP_BODY, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED)
        return -errno;
    make_dead(place);
    scrap = place;
    return 0;
}

/* The same memory in one more place: of a shared mapping, mremap with an old size of 0 makes another. */
static int put(char *from, size_t size, char *to)
{
    return mremap(from, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED ? -errno : 0;
}

static int put_scrap(char *astack, uint64_t size)
{
    int failed = put(scrap, FAR_ASTACK_AREA, astack);
    for (uint64_t at = FAR_ASTACK_AREA, piece; !failed && at < size; at += piece) {
        piece = size - at < SCRAP_BODY ? size - at : SCRAP_BODY;
        failed = put(scrap + FAR_ASTACK_AREA, piece, astack + at);
    }
    return failed;
}

/* Where there is no limit of memory there is no scrap either, and it gets memory of its own. */
static int put_own(struct far_astack *astack, uint64_t size)
{
    void *own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (own == MAP_FAILED)
        return -errno;
    make_dead(own);
    if (mremap(own, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, astack) == MAP_FAILED) {
        int failed = -errno;
        munmap(own, size);
        return failed;
    }
    return 0;
}

int scrap_put(struct far_astack *astack, uint64_t size)
{
    return scrap ? put_scrap((char *)astack, size) : put_own(astack, size);
}
