/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/grant.h"

#include "runtime/lib/binding.h"
#include "runtime/lib/error.h"
#include "runtime/lib/hostfuncs.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static struct far_regions *all(void)
{
    return __atomic_load_n(&far_process.regions, __ATOMIC_ACQUIRE);
}

/* No malloc: it may be what asks. The pages of places that are never used cost nothing. */
static struct far_regions *make_table(void)
{
    struct far_regions *regions = all();
    if (regions)
        return regions;
    regions = mmap(NULL, sizeof *regions, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (regions == MAP_FAILED)
        return NULL;
    __atomic_store_n(&far_process.regions, regions, __ATOMIC_RELEASE);
    return regions;
}

static struct far_region *find(uint64_t address)
{
    struct far_regions *regions = all();
    for (uint32_t i = 0; regions && i < FAR_REGIONS_MAX; i++) {
        struct far_region *region = &regions->region[i];
        uint64_t base = __atomic_load_n(&region->base, __ATOMIC_ACQUIRE);
        if (base && address - base < region->size)
            return region;
    }
    return NULL;
}

static struct far_region_grant *find_grant(struct far_region *region, const char *service)
{
    for (uint32_t i = 0; i < FAR_REGION_GRANTS_MAX; i++) {
        struct far_region_grant *grant = &region->grant[i];
        if (__atomic_load_n(&grant->access, __ATOMIC_ACQUIRE) && strncmp(grant->service, service, FAR_SERVICE_MAX) == 0)
            return grant;
    }
    return NULL;
}

bool region_is_granted(const struct far_binding *binding, uint64_t address, bool written)
{
    struct far_region *region = binding->away ? NULL : find(address);
    const struct far_region_grant *grant = region && !region->unknown ? find_grant(region, binding->service) : NULL;
    return grant && (!written || grant->access == FAR_GRANT_WRITE);
}

/* --- what is said to fard --- */

static int ask_region(const struct far_region_request *request, struct far_domain_reply *reply, int *memory,
                      struct far_error *error)
{
    struct iovec body = {(void *)(uintptr_t)request, sizeof *request};
    struct far_answer answer = {.body = reply, .room = sizeof *reply};
    int failed = connection_request(&far_process.connection, FAR_MSG_REGION, &body, 1, &answer, error);
    if (failed)
        return failed;
    if (answer.size == sizeof *reply && answer.fd_count == 1 && reply->base >= FAR_WINDOW_BEGIN &&
        reply->base < FAR_WINDOW_END && reply->size > 0 && reply->size <= FAR_WINDOW_END - reply->base) {
        *memory = answer.fd[0];
        return 0;
    }
    answer_close_fds(&answer);
    return far_fail(error, EPROTO, EX_PROTOCOL, "fard sent no usable region");
}

static int tell_end(uint64_t base, struct far_error *error)
{
    struct far_region_request request = {.base = base, .flags = FAR_REGION_END};
    struct iovec body = {&request, sizeof request};
    struct far_answer answer = {0};
    return connection_request(&far_process.connection, FAR_MSG_REGION, &body, 1, &answer, error);
}

static int tell_grant(uint64_t base, const char *service, uint32_t access, struct far_error *error)
{
    struct far_grant_request request = {.base = base, .access = access};
    struct iovec body = {&request, sizeof request};
    struct far_answer answer = {0};
    memcpy(request.service, service, strnlen(service, sizeof request.service - 1));
    return connection_request(&far_process.connection, FAR_MSG_GRANT, &body, 1, &answer, error);
}

void regions_renew(void)
{
    struct far_regions *regions = all();
    for (uint32_t i = 0; regions && i < FAR_REGIONS_MAX; i++) {
        struct far_region *region = &regions->region[i];
        const struct far_region_request request = {.base = region->base, .flags = FAR_REGION_CLAIM};
        struct far_domain_reply reply;
        struct far_error ignored;
        int memory;
        if (!region->base || region->unknown || region->known_on == far_process.connection_number)
            continue;
        int failed = ask_region(&request, &reply, &memory, &ignored);
        region->unknown = failed == -ESTALE;
        if (failed)
            continue;
        close(memory);
        region->known_on = far_process.connection_number;
    }
}

void regions_after_fork(void)
{
    struct far_regions *regions = all();
    if (regions)
        memset(regions, 0, sizeof *regions);
}

/* --- what a program may ask: one try, with the lock held --- */

/* What is to be done, and to what. */
struct wish {
    size_t size;
    uint64_t address;
    const char *service; /* NULL: all */
    uint32_t access;
    void *made;
};
typedef int wish_function(struct wish *wish, struct far_error *error);

static int map_at(const struct far_domain_reply *reply, int memory, struct far_error *error)
{
    struct stat status;
    void *want = (void *)reply->base;
    if (fstat(memory, &status) != 0 || (uint64_t)status.st_size < reply->size)
        return far_fail(error, EPROTO, EX_PROTOCOL, "fard sent a region that is shorter than it says");
    void *got =
        mmap(want, reply->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, memory, 0);
    int code = got == MAP_FAILED ? errno : got == want ? 0 : EEXIST;
    if (got != MAP_FAILED && got != want)
        munmap(got, reply->size);
    if (code)
        return far_fail(error, code, EX_OSERR, "cannot map a region at %#llx: %s", (unsigned long long)reply->base,
                        strerror(code));
    /* Nobody grants it for a child, and what it wrote would be its parent's. */
    madvise(want, reply->size, MADV_DONTFORK);
    return 0;
}

static struct far_region *empty_place(const struct far_regions *regions, bool *first)
{
    struct far_region *empty = NULL;
    *first = !far_process.domain.base;
    for (uint32_t i = 0; i < FAR_REGIONS_MAX; i++) {
        const struct far_region *region = &regions->region[i];
        if (region->base)
            *first = false;
        else if (!empty)
            empty = (struct far_region *)(uintptr_t)region;
    }
    return empty;
}

static int make_region(struct wish *wish, struct far_error *error)
{
    struct far_domain_reply reply;
    int memory;
    bool first;
    struct far_regions *regions = make_table();
    if (!regions)
        return far_fail(error, ENOMEM, EX_OSERR, "no memory for the table of regions");
    struct far_region *region = empty_place(regions, &first);
    if (!region)
        return far_fail(error, EDQUOT, EX_TEMPFAIL, "this process has %u regions already", FAR_REGIONS_MAX);
    const struct far_region_request request = {.size = wish->size, .flags = first ? FAR_REGION_FIRST : 0};
    int failed = ask_region(&request, &reply, &memory, error);
    if (failed)
        return failed;
    failed = map_at(&reply, memory, error);
    close(memory);
    struct far_error ignored;
    if (failed) {
        tell_end(reply.base, &ignored);
        return failed;
    }
    memset(region, 0, sizeof *region);
    region->size = reply.size;
    region->known_on = far_process.connection_number;
    __atomic_store_n(&region->base, reply.base, __ATOMIC_RELEASE);
    wish->made = (void *)reply.base;
    return 0;
}

/* A fard that does not know it has nothing to give up. */
static int free_region(struct wish *wish, struct far_error *error)
{
    struct far_region *region = find(wish->address);
    if (!region)
        return far_fail(error, EINVAL, EX_USAGE, "no region of this process lies there");
    uint64_t base = region->base;
    int failed = region->unknown ? 0 : tell_end(base, error);
    if (failed && far_process.connection.fd < 0)
        return failed;
    __atomic_store_n(&region->base, 0, __ATOMIC_RELEASE);
    munmap((void *)base, region->size);
    return 0;
}

static int find_known(struct wish *wish, struct far_region **region, struct far_error *error)
{
    *region = find(wish->address);
    if (!*region)
        return far_fail(error, EINVAL, EX_USAGE, "no region of this process lies there");
    if ((*region)->unknown)
        return far_fail(error, ESTALE, EX_UNAVAILABLE, "fard was started anew and does not know the region any more");
    return 0;
}

/* First fard, then calls: an address goes over only after the host has mapped it. */
static int grant_region(struct wish *wish, struct far_error *error)
{
    struct far_region *region;
    int failed = find_known(wish, &region, error);
    failed = failed ? failed : tell_grant(region->base, wish->service, wish->access, error);
    if (failed)
        return failed;
    struct far_region_grant *grant = find_grant(region, wish->service);
    for (uint32_t i = 0; !grant && i < FAR_REGION_GRANTS_MAX; i++)
        grant = region->grant[i].access ? NULL : &region->grant[i];
    if (!grant) /* fard counts them too */
        return far_fail(error, ENOSPC, EX_UNAVAILABLE, "a region can be granted to %u services at most",
                        FAR_REGION_GRANTS_MAX);
    if (!grant->access)
        strncpy(grant->service, wish->service, sizeof grant->service - 1);
    __atomic_store_n(&grant->access, wish->access, __ATOMIC_RELEASE);
    return 0;
}

/* First calls, then fard: no new one begins with what is taken back. */
static int revoke_region(struct wish *wish, struct far_error *error)
{
    struct far_region *region;
    int failed = find_known(wish, &region, error);
    if (failed)
        return failed;
    for (uint32_t i = 0; i < FAR_REGION_GRANTS_MAX; i++) {
        struct far_region_grant *grant = &region->grant[i];
        if (!wish->service || strncmp(grant->service, wish->service, FAR_SERVICE_MAX) == 0) {
            __atomic_store_n(&grant->access, 0, __ATOMIC_RELEASE);
            memset(grant->service, 0, sizeof grant->service);
        }
    }
    return tell_grant(region->base, wish->service ? wish->service : "", 0, error);
}

/* A connection that broke is tried again: fard may have been started anew since it was used last. */
static int fulfil(struct wish *wish, wish_function *function)
{
    struct far_error error = {0};
    sigset_t saved;
    bool cut_off = true;
    int failed = 0;
    process_lock(&saved);
    for (int tries = 0; tries < PROCESS_TRIES && cut_off; tries++) {
        bool connected = far_process.connection.fd >= 0;
        failed = process_connect(&error);
        failed = failed ? failed : function(wish, &error);
        cut_off = failed && process_was_cut_off(connected, &error);
    }
    process_unlock(&saved);
    if (!failed)
        return 0;
    errno = -failed;
    return -1;
}

static bool is_name(const char *service)
{
    size_t length = service ? strnlen(service, FAR_SERVICE_MAX) : 0;
    return length > 0 && length < FAR_SERVICE_MAX;
}

static int say_wrong(void)
{
    errno = EINVAL;
    return -1;
}

void *far_region(size_t size)
{
    struct wish wish = {.size = size};
    if (size == 0 || size > FAR_REGION_MOST)
        say_wrong();
    else
        fulfil(&wish, make_region);
    return wish.made;
}

int far_region_free(void *address)
{
    struct wish wish = {.address = (uint64_t)(uintptr_t)address};
    return fulfil(&wish, free_region);
}

int far_grant(const void *address, const char *service, enum far_access access)
{
    struct wish wish = {.address = (uint64_t)(uintptr_t)address, .service = service, .access = access};
    if (!is_name(service) || (access != FAR_GRANT_READ && access != FAR_GRANT_WRITE))
        return say_wrong();
    return fulfil(&wish, grant_region);
}

int far_revoke(const void *address, const char *service)
{
    struct wish wish = {.address = (uint64_t)(uintptr_t)address, .service = service};
    return service && !is_name(service) ? say_wrong() : fulfil(&wish, revoke_region);
}

/* Who asks here runs on its caller's own thread; a host has another answer (runtime/host/grant.c). */
int far_was_granted(const void *address, size_t size, enum far_access access)
{
    return far_host_far_was_granted(address, size, access);
}
