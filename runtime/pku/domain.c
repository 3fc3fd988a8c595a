/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/pku/domain.h"

#include "runtime/lib/error.h"
#include "runtime/pku/support.h"
#include "runtime/pku/sweep.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

union pku_control_page far_pku_control[PKU_KEYS] __attribute__((aligned(PKU_CONTROL_SIZE)));

#define PAGE PKU_CONTROL_SIZE

static void *map_memory(uint64_t size, int protection, int flags, int fd)
{
    void *memory = mmap(NULL, size, protection, flags, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* A child of fork has neither: two processes would write to it. */
int pku_map_twice(uint64_t size, void **outside, void **inside)
{
    int fd = memfd_create("farcall-pku", MFD_CLOEXEC);
    *outside = *inside = NULL;
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)size) == 0) {
        *outside = map_memory(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
        *inside = map_memory(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    }
    close(fd);
    if (*outside && *inside && madvise(*outside, size, MADV_DONTFORK) == 0 &&
        madvise(*inside, size, MADV_DONTFORK) == 0)
        return 0;
    if (*outside)
        munmap(*outside, size);
    if (*inside)
        munmap(*inside, size);
    return -ENOMEM;
}

static void add_range(struct pku_keyed *keyed, uint64_t address, uint64_t size)
{
    keyed->range[keyed->range_count++] = (struct pku_range){address, size, PROT_READ | PROT_WRITE};
}

static uint64_t whole_pages(uint64_t size)
{
    return (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* In address order: the guard, the stack, the stack for signals, the thread. */
static int map_stacks(struct pku_domain *domain, struct pku_context *context, struct pku_place *place)
{
    uint64_t used = PKU_STACK_SIZE + PKU_SIGNAL_STACK + PAGE, size = PKU_STACK_GUARD + used;
    char *memory = map_memory(size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    if (!memory)
        return -errno;
    char *stack = memory + PKU_STACK_GUARD, *others = stack + PKU_STACK_SIZE;
    if (mprotect(stack, used, PROT_READ | PROT_WRITE) != 0) {
        munmap(memory, size);
        return -ENOMEM;
    }
    add_range(&domain->keyed, (uint64_t)(uintptr_t)stack, used);
    context->signal_stack = (uint64_t)(uintptr_t)others;
    place->stack = (uint64_t)(uintptr_t)others;
    context->thread = place->thread = (uint64_t)(uintptr_t)(others + PKU_SIGNAL_STACK);
    return 0;
}

static int map_area(struct pku_domain *domain, struct pku_context *context, struct pku_place *place)
{
    void *outside, *inside;
    int failed = pku_map_twice(domain->area_size, &outside, &inside);
    if (failed)
        return failed;
    context->area = outside;
    context->area_inside = place->area = (uint64_t)(uintptr_t)inside;
    add_range(&domain->keyed, context->area_inside, domain->area_size);
    return 0;
}

/* As domains see it, while it is not theirs yet. */
static void fill_thread(const struct pku_domain *domain, const struct pku_context *context)
{
    struct pku_thread *thread = (struct pku_thread *)(uintptr_t)context->thread;
    *thread = (struct pku_thread){
        .self = thread,
        .self_again = thread,
        .leaving = pku_rights_outside(),
        .canary = domain->canary,
        .area = (struct pku_arguments *)(uintptr_t)context->area_inside,
        .inside = (struct pku_inside *)(uintptr_t)domain->inside,
        .robust = {.first = &thread->robust, .to_word = PKU_ROBUST_TO_WORD},
    };
}

static int map_context(struct pku_domain *domain)
{
    struct pku_control *control = &domain->keyed.control;
    uint32_t number = control->context_count;
    struct pku_context *context = &domain->context[number];
    if (number == PKU_CONTEXTS || domain->keyed.range_count + 2 > PKU_RANGE_MAX)
        return -ENOSPC;
    *context = (struct pku_context){.number = number, .busy = 1};
    int failed = map_stacks(domain, context, &control->place[number]);
    failed = failed ? failed : map_area(domain, context, &control->place[number]);
    if (failed)
        return failed;
    fill_thread(domain, context);
    __atomic_store_n(&control->context_count, number + 1, __ATOMIC_RELEASE);
    return 0;
}

int pku_context_make(struct pku_domain *domain)
{
    int failed = map_context(domain);
    return failed ? failed : pku_key_more(&domain->keyed);
}

/* Functions by slot. */
static int map_entries(struct pku_domain *domain, const struct pku_plan *plan)
{
    uint64_t size = whole_pages(plan->slot_count * sizeof *plan->entry + 1);
    char *memory = map_memory(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (!memory)
        return -errno;
    memcpy(memory, plan->entry, plan->slot_count * sizeof *plan->entry);
    add_range(&domain->keyed, (uint64_t)(uintptr_t)memory, size);
    domain->keyed.control.entries = (uint64_t)(uintptr_t)memory;
    return 0;
}

static void fill(struct pku_domain *domain, const struct pku_plan *plan)
{
    domain->keyed.control.slot_count = plan->slot_count;
    domain->keyed.control.vectors = pku_vectors();
    domain->area_size = plan->area_size;
    domain->inside = plan->inside;
    domain->locks = plan->locks;
    if (getrandom(&domain->canary, sizeof domain->canary, GRND_NONBLOCK) < 0)
        domain->canary = (uint64_t)(uintptr_t)domain;
    domain->canary &= ~UINT64_C(0xff); /* a string that runs over it ends there */
}

static int take_ranges(struct pku_domain *domain, const struct pku_plan *plan, struct far_error *error)
{
    for (uint32_t i = 0; i < plan->range_count; i++) {
        const struct pku_range *range = &plan->range[i];
        if (range->address % PAGE || range->size % PAGE || range->size == 0 ||
            (range->protection & PROT_WRITE && range->protection & PROT_EXEC))
            return far_fail(error, EINVAL, EX_SOFTWARE, "a protection domain of %llu bytes at %#llx is none",
                            (unsigned long long)range->size, (unsigned long long)range->address);
        domain->keyed.range[domain->keyed.range_count++] = *range;
    }
    return 0;
}

static int no_memory(int failed, struct far_error *error)
{
    return far_fail(error, -failed, EX_OSERR, "a protection domain cannot be made: %s", strerror(-failed));
}

bool pku_is_domains(uint64_t begin, uint64_t end)
{
    for (const struct pku_domain *domain = pku_process.domains; domain; domain = domain->next)
        for (uint32_t i = 0; i < domain->keyed.range_count; i++) {
            const struct pku_range *range = &domain->keyed.range[i];
            if (begin >= range->address && end <= range->address + range->size)
                return true;
        }
    return false;
}

/* From here on nobody can read its code to look at it. */
static int hide(struct pku_domain *domain, struct far_error *error)
{
    int failed = pku_sweep(error);
    if (failed)
        return failed;
    failed = pku_key_park(&domain->keyed);
    if (failed)
        return no_memory(failed, error);
    domain->next = pku_process.domains;
    __atomic_store_n(&pku_process.domains, domain, __ATOMIC_RELEASE);
    return 0;
}

/* A domain is never taken back, as a binding is not: what was mapped for one that could not be made stays with it. */
int pku_domain_make(const struct pku_plan *plan, struct pku_domain **result, struct far_error *error)
{
    int failed = pku_start(error);
    if (failed)
        return failed;
    if (plan->range_count > PKU_RANGE_MAX - 3 || plan->slot_count == 0)
        return far_fail(error, E2BIG, EX_SOFTWARE, "a protection domain of %u ranges", plan->range_count);
    struct pku_domain *domain =
        map_memory(whole_pages(sizeof *domain), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (!domain)
        return no_memory(-ENOMEM, error);
    failed = take_ranges(domain, plan, error);
    if (failed)
        return failed;
    fill(domain, plan);
    failed = map_entries(domain, plan);
    failed = failed ? failed : map_context(domain);
    if (failed)
        return no_memory(failed, error);
    domain->context[0].busy = 0;
    *result = domain;
    return hide(domain, error);
}

int pku_domain_protect(struct pku_domain *domain)
{
    return pku_key_again(&domain->keyed);
}
