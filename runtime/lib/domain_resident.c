/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What of the domain segment is in use, where its descriptor is not there to be asked: a program that closes all that it does not
 * know (closefrom) closes that too. Its mapping is left. mincore() tells which pages its file has, to whom might write to
 * it (fard sees to that; to others it says that there are all), and misses those that are swapped out; so that is asked as well,
 * before and after, and a copy that may lack something is none.
 *
 * Runs in a child of fork, with other threads' locks held: system calls only, and no memory but the stack.
 */
#include "runtime/lib/domain_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define PAGE   4096u
#define PAGES  8192u /* asked for at once */
#define FOLDER "/proc/self/"

/* Of a file of lines, the next one, cut at the buffer's end. */
struct lines {
    int fd;
    size_t at, filled;
    char bytes[2048];
    char line[256];
};

static bool next_byte(struct lines *lines, char *byte)
{
    if (lines->at == lines->filled) {
        ssize_t got = read(lines->fd, lines->bytes, sizeof lines->bytes);
        lines->at = 0;
        lines->filled = got > 0 ? (size_t)got : 0;
    }
    if (lines->at == lines->filled)
        return false;
    *byte = lines->bytes[lines->at++];
    return true;
}

static bool next_line(struct lines *lines)
{
    size_t used = 0;
    char byte = 0;
    while (next_byte(lines, &byte) && byte != '\n')
        if (used + 1 < sizeof lines->line)
            lines->line[used++] = byte;
    lines->line[used] = '\0';
    return used || byte == '\n';
}

/* "BASE-END rights …": is it about a mapping that lies in the segment? Other lines have a name and a colon. */
static bool begins_mapping(const char *line, const struct far_own_domain *domain, bool *ours)
{
    char *end;
    unsigned long long from = strtoull(line, &end, 16);
    if (end == line || *end != '-')
        return false;
    *ours = from - domain->base < domain->size;
    return true;
}

bool domain_nothing_swapped(const struct far_own_domain *domain)
{
    struct lines lines = {.fd = open(FOLDER "smaps", O_RDONLY | O_CLOEXEC)};
    bool ours = false, seen = false, swapped = false;
    if (lines.fd < 0)
        return false;
    while (next_line(&lines)) {
        if (begins_mapping(lines.line, domain, &ours) || !ours || strncmp(lines.line, "Swap:", 5) != 0)
            continue;
        seen = true;
        swapped |= strtoull(lines.line + 5, NULL, 10) != 0;
    }
    close(lines.fd);
    return seen && !swapped;
}

/* Without swap, or with none of it in use, there is nothing to be read. */
static bool nothing_swapped(const struct far_own_domain *domain)
{
    struct sysinfo system;
    return (sysinfo(&system) == 0 && system.freeswap == system.totalswap) || domain_nothing_swapped(domain);
}

static int copy_pages(const struct far_own_domain *domain, uint64_t from, uint64_t bytes, char *copy)
{
    unsigned char there[PAGES];
    char *place = (char *)domain->base + from;
    if (mincore(place, bytes, there) != 0)
        return -errno;
    for (uint64_t page = 0, run; page < bytes / PAGE; page += run) {
        for (run = 1; page + run < bytes / PAGE && (there[page + run] & 1) == (there[page] & 1); run++)
            ;
        if (there[page] & 1)
            memcpy(copy + from + page * PAGE, place + page * PAGE, run * PAGE);
    }
    return 0;
}

int domain_copy_resident(const struct far_own_domain *domain, char *copy)
{
    int failed = domain->tells_pages && nothing_swapped(domain) ? 0 : -ENODATA;
    for (uint64_t at = 0, bytes; !failed && at < domain->size; at += bytes) {
        bytes = domain->size - at < (uint64_t)PAGES * PAGE ? domain->size - at : (uint64_t)PAGES * PAGE;
        failed = copy_pages(domain, at, bytes, copy);
    }
    return failed ? failed : nothing_swapped(domain) ? 0 : -ENODATA;
}
