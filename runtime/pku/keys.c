/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/pku/keys.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    int selector, parked;
    int free[PKU_KEYS];
    int free_count;
    struct pku_keyed *owner[PKU_KEYS];
    uint64_t uses;
} keys;

/* Raw: libfarcall runs with C libraries whose wrappers do more than that. */
static int key_allocate(void)
{
    return (int)syscall(SYS_pkey_alloc, 0UL, (unsigned long)PKEY_DISABLE_ACCESS);
}

static int protect(uint64_t address, uint64_t size, int protection, int key)
{
    return syscall(SYS_pkey_mprotect, address, size, protection, key) == 0 ? 0 : -errno;
}

static void give_all_back(void)
{
    while (keys.free_count)
        syscall(SYS_pkey_free, keys.free[--keys.free_count]);
}

static uint64_t control_page(int key)
{
    return (uint64_t)(uintptr_t)&far_pku_control[key];
}

/* Each page has its key for ever; only while it is written is it the caller's. */
static int write_control(int key, const struct pku_control *control)
{
    int failed = protect(control_page(key), PKU_CONTROL_SIZE, PROT_READ | PROT_WRITE, 0);
    if (failed)
        return failed;
    far_pku_control[key].control = *control;
    return protect(control_page(key), PKU_CONTROL_SIZE, PROT_READ | PROT_WRITE, key);
}

static int clear_controls(void)
{
    const struct pku_control nobody = {.rights = PKU_RIGHTS_NONE};
    int failed = 0;
    for (int key = 1; key < PKU_KEYS && !failed; key++)
        failed = write_control(key, &nobody);
    return failed;
}

int pku_keys_take(void)
{
    for (int key; keys.free_count < PKU_KEYS - 1 && (key = key_allocate()) > 0;)
        keys.free[keys.free_count++] = key;
    if (keys.free_count < PKU_KEYS - 1) {
        give_all_back();
        return -ENOSPC;
    }
    keys.selector = keys.free[--keys.free_count];
    keys.parked = keys.free[--keys.free_count];
    return clear_controls();
}

int pku_selector_key(void)
{
    return keys.selector;
}

/* Two bits a key: 1 no access, 2 no writing. */
static uint32_t and_read(uint32_t rights, int key)
{
    return (rights & ~(3u << 2 * key)) | 2u << 2 * key;
}

static uint32_t and_write(uint32_t rights, int key)
{
    return rights & ~(3u << 2 * key);
}

uint32_t pku_rights_outside(void)
{
    return and_read(PKU_RIGHTS_AT_START, keys.selector);
}

uint32_t pku_rights_opened(const struct pku_keyed *domain)
{
    return and_write(pku_rights_outside(), domain->key);
}

static uint32_t rights_inside(int key)
{
    return and_write(and_read(PKU_RIGHTS_NONE, keys.selector), key);
}

static int protect_ranges(const struct pku_keyed *domain, int key)
{
    int failed = 0;
    for (uint32_t i = 0; i < domain->range_count && !failed; i++)
        failed = protect(domain->range[i].address, domain->range[i].size, domain->range[i].protection, key);
    return failed;
}

/* Where the domain's control page is it says which rights are to it. */
static int introduce(struct pku_keyed *domain, int key)
{
    domain->control.rights = rights_inside(key);
    return write_control(key, &domain->control);
}

int pku_key_again(const struct pku_keyed *domain)
{
    return protect_ranges(domain, domain->key ? domain->key : keys.parked);
}

int pku_key_more(struct pku_keyed *domain)
{
    int failed = pku_key_again(domain);
    return failed || !domain->key ? failed : introduce(domain, domain->key);
}

int pku_key_for_all(const void *memory, uint64_t size)
{
    return protect((uint64_t)(uintptr_t)memory, size, PROT_READ, keys.selector);
}

int pku_key_park(struct pku_keyed *domain)
{
    int failed = protect_ranges(domain, keys.parked);
    if (!failed && domain->key) {
        keys.owner[domain->key] = NULL;
        keys.free[keys.free_count++] = domain->key;
        domain->key = 0;
    }
    return failed;
}

static int park_oldest(void)
{
    struct pku_keyed *oldest = NULL;
    for (int key = 0; key < PKU_KEYS; key++)
        if (keys.owner[key] && (!oldest || keys.owner[key]->used < oldest->used))
            oldest = keys.owner[key];
    return oldest ? pku_key_park(oldest) : -ENOSPC;
}

uint32_t pku_key_give(struct pku_keyed *domain)
{
    domain->used = ++keys.uses;
    if (domain->key)
        return rights_inside(domain->key);
    if (!keys.free_count && park_oldest() != 0)
        return 0;
    int key = keys.free[keys.free_count - 1];
    if (protect_ranges(domain, key) != 0 || introduce(domain, key) != 0) {
        pku_key_park(domain);
        return 0;
    }
    keys.free_count--;
    keys.owner[key] = domain;
    domain->key = key;
    return rights_inside(key);
}
