/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/binding.h"

#include "runtime/lib/domain_api.h"
#include "runtime/lib/error.h"
#include "runtime/lib/map.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static struct far_own_domain *own(void)
{
    return &far_process.domain;
}

/* Out of the way of programs that choose numbers themselves: the first three are streams, shells have 3 to 9. */
static int keep_high(int fd)
{
    static const int from[] = {512, 64, 3};
    for (int i = 0; i < 3; i++) {
        int high = fcntl(fd, F_DUPFD_CLOEXEC, from[i]);
        if (high >= 0) {
            close(fd);
            return high;
        }
    }
    return fd;
}

static int ask(uint64_t size, uint64_t claim, struct far_domain_reply *reply, int *memory, struct far_error *error)
{
    struct far_domain_request request = {.size = size, .claim = claim};
    struct iovec body = {&request, sizeof request};
    struct far_answer answer = {.body = reply, .room = sizeof *reply};
    int failed = connection_request(&far_process.connection, FAR_MSG_DOMAIN, &body, 1, &answer, error);
    if (failed)
        return failed;
    struct stat status;
    if (answer.size == sizeof *reply && answer.fd_count == 1 && reply->base >= FAR_WINDOW_BEGIN &&
        reply->base < FAR_WINDOW_END && reply->size <= FAR_WINDOW_END - reply->base &&
        fstat(answer.fd[0], &status) == 0 && (uint64_t)status.st_size >= reply->size) {
        *memory = keep_high(answer.fd[0]);
        return 0;
    }
    answer_close_fds(&answer);
    return far_fail(error, EPROTO, EX_PROTOCOL, "fard sent no usable domain segment");
}

static int map_at(const struct far_domain_reply *reply, int memory, struct far_error *error)
{
    void *want = (void *)reply->base;
    void *got =
        mmap(want, reply->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, memory, 0);
    int code = got == MAP_FAILED ? errno : got == want ? 0 : EEXIST;
    if (code == EEXIST && got != MAP_FAILED)
        munmap(got, reply->size);
    if (code)
        return far_fail(error, code, EX_OSERR, "cannot map the domain segment, %llu bytes at %#llx: %s",
                        (unsigned long long)reply->size, (unsigned long long)reply->base,
                        code == EEXIST   ? "something else is mapped there already"
                        : code == ENOMEM ? "is there a limit on address space (ulimit -v)?"
                                         : strerror(code));
    /* A child that was not made by fork() has no copy of its own: it must not write into its parent's. */
    madvise(want, reply->size, MADV_DONTFORK);
    return 0;
}

static int tell_trust(const char *service, bool on, struct far_error *error)
{
    struct far_trust_request request = {.on = on};
    struct iovec body = {&request, sizeof request};
    struct far_answer answer = {0};
    memcpy(request.service, service, strnlen(service, sizeof request.service - 1));
    return connection_request(&far_process.connection, FAR_MSG_TRUST, &body, 1, &answer, error);
}

static char *find_trusted(const char *service)
{
    struct far_own_domain *domain = own();
    for (uint32_t i = 0; i < domain->trusted_count; i++)
        if (strncmp(domain->trusted[i], service, FAR_SERVICE_MAX) == 0)
            return domain->trusted[i];
    return NULL;
}

static int remember_trusted(const char *service, struct far_error *error)
{
    struct far_own_domain *domain = own();
    char *place = find_trusted(service);
    if (place)
        return 0;
    place = find_trusted("");
    if (!place && domain->trusted_count == FAR_TRUSTED_MAX)
        return far_fail(error, ENOSPC, EX_UNAVAILABLE, "a domain segment can be shared with %d services at most",
                        FAR_TRUSTED_MAX);
    strncpy(place ? place : domain->trusted[domain->trusted_count], service, FAR_SERVICE_MAX - 1);
    if (!place)
        domain->trusted_count++;
    domain_tell_all();
    return 0;
}

/* First fard, then calls: an address goes over only after the host has mapped it. */
static int trust(const char *service, struct far_error *error)
{
    int failed = tell_trust(service, true, error);
    return failed ? failed : remember_trusted(service, error);
}

static int distrust(const char *service, struct far_error *error)
{
    char *place = find_trusted(service);
    if (place)
        memset(place, 0, FAR_SERVICE_MAX);
    domain_tell_all();
    return tell_trust(service, false, error);
}

/* Those that the environment names. */
static int trust_listed(const char *list, struct far_error *error)
{
    int failed = 0;
    while (*list && !failed) {
        char name[FAR_SERVICE_MAX] = "";
        size_t length = strcspn(list, ",");
        if (length && length < sizeof name) {
            memcpy(name, list, length);
            failed = trust(name, error);
        } else if (length) {
            failed = far_fail(error, EINVAL, EX_USAGE, "%s names a service of more than %zu bytes",
                              FAR_ENV_TRUST_SERVERS, sizeof name - 1);
        }
        list += length + (list[length] == ',');
    }
    return failed;
}

static void remember(const struct far_domain_reply *reply, int memory)
{
    struct far_own_domain *domain = own();
    struct stat status = {0};
    fstat(memory, &status);
    domain->tells_pages = status.st_mode & S_IWOTH;
    domain->device = status.st_dev;
    domain->inode = status.st_ino;
    domain->memory = memory;
    domain->size = reply->size;
    domain->known_on = far_process.connection_number;
    __atomic_store_n(&domain->base, reply->base, __ATOMIC_RELEASE);
}

int domain_make(struct far_error *error)
{
    struct far_domain_reply reply;
    int memory;
    if (own()->base)
        return 0;
    int failed = process_connect(error);
    failed = failed ? failed : ask(process_settings()->heap_size, 0, &reply, &memory, error);
    if (failed)
        return failed;
    failed = map_at(&reply, memory, error);
    if (failed) {
        close(memory);
        return failed;
    }
    remember(&reply, memory);
    domain_watch_forks();
    return trust_listed(process_settings()->trusted, error);
}

/* A connection that broke is tried again: fard may have been started anew since it was used last. */
static int make_patiently(struct far_error *error)
{
    bool cut_off = true;
    int failed = 0;
    for (int tries = 0; tries < PROCESS_TRIES && cut_off; tries++) {
        bool connected = far_process.connection.fd >= 0;
        failed = domain_make(error);
        cut_off = failed && process_was_cut_off(connected, error);
    }
    return failed;
}

int far_domain_make(struct far_error *error)
{
    sigset_t saved;
    if (process_lock_is_mine()) /* the program's first malloc of all is libfarcall's own, when it binds */
        return domain_make(error);
    process_lock(&saved);
    int failed = make_patiently(error);
    process_unlock(&saved);
    return failed;
}

/* The program may have closed ours, or put something else in its place. */
bool domain_memory_is_ours(const struct far_own_domain *domain)
{
    struct stat status;
    return fstat(domain->memory, &status) == 0 && status.st_dev == domain->device && status.st_ino == domain->inode;
}

static void take_memory(int memory)
{
    if (domain_memory_is_ours(own()))
        close(memory);
    else
        own()->memory = memory;
}

void domain_renew(void)
{
    struct far_own_domain *domain = own();
    struct far_domain_reply reply;
    struct far_error ignored;
    int memory;
    if (!domain->base || domain->is_private || domain->unknown || domain->known_on == far_process.connection_number)
        return;
    int failed = ask(0, domain->base, &reply, &memory, &ignored);
    if (failed) {
        domain->unknown = failed == -ESTALE;
        domain_tell_all();
        return;
    }
    take_memory(memory);
    domain->known_on = far_process.connection_number;
    for (uint32_t i = 0; i < domain->trusted_count; i++)
        if (domain->trusted[i][0])
            tell_trust(domain->trusted[i], true, &ignored);
}

/* The address never changes once there is one, so who reads the size first has both. */
void domain_tell(struct far_binding *binding)
{
    const struct far_own_domain *domain = own();
    bool shared = domain->base && (binding->level == FAR_LEVEL_TRUSTED || binding->away) && !domain->is_private &&
                  !domain->unknown && find_trusted(binding->service);
    if (shared)
        __atomic_store_n(&binding->shared.address, domain->base, __ATOMIC_RELAXED);
    __atomic_store_n(&binding->shared.size, shared ? domain->size : 0, __ATOMIC_RELEASE);
}

void domain_tell_all(void)
{
    for (uint32_t i = 0; i < far_process.binding_count; i++)
        domain_tell(far_process.binding[i]);
}

bool domain_shares(const struct far_binding *binding, uint64_t address, uint64_t size)
{
    const uint64_t bytes = __atomic_load_n(&binding->shared.size, __ATOMIC_ACQUIRE);
    const struct far_extent range = {__atomic_load_n(&binding->shared.address, __ATOMIC_RELAXED), bytes};
    return bytes && far_inside(&range, address, size);
}

/* --- what a program may ask --- */

static int change_trust(const char *service, bool on, struct far_error *error)
{
    if (own()->is_private)
        return far_fail(error, ENOTSUP, EX_UNAVAILABLE, "a child of fork has a private copy of its domain segment");
    if (!on && !own()->base)
        return 0;
    int failed = make_patiently(error);
    failed = failed ? failed : process_connect(error);
    if (!failed && own()->unknown)
        failed =
            far_fail(error, ESTALE, EX_UNAVAILABLE, "fard was started anew and does not know the segment any more");
    return failed ? failed : on ? trust(service, error) : distrust(service, error);
}

static int change_trust_patiently(const char *service, bool on, struct far_error *error)
{
    bool cut_off = true;
    int failed = 0;
    for (int tries = 0; tries < PROCESS_TRIES && cut_off; tries++) {
        bool connected = far_process.connection.fd >= 0;
        failed = change_trust(service, on, error);
        cut_off = failed && process_was_cut_off(connected, error);
    }
    return failed;
}

static int change_trust_locked(const char *service, bool on)
{
    struct far_error error;
    sigset_t saved;
    size_t length = service ? strnlen(service, FAR_SERVICE_MAX) : 0;
    if (length == 0 || length == FAR_SERVICE_MAX) {
        errno = EINVAL;
        return -1;
    }
    process_lock(&saved);
    int failed = change_trust_patiently(service, on, &error);
    process_unlock(&saved);
    if (!failed)
        return 0;
    errno = -failed;
    return -1;
}

int far_trust(const char *service)
{
    return change_trust_locked(service, true);
}

int far_distrust(const char *service)
{
    return change_trust_locked(service, false);
}

struct far_range far_domain(void)
{
    const struct far_own_domain *domain = own();
    void *base = (void *)__atomic_load_n(&domain->base, __ATOMIC_ACQUIRE);
    return (struct far_range){base, base ? domain->size : 0};
}
