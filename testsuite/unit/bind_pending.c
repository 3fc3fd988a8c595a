/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Pending ranges in a process: what is reserved, what each slot leads to once the service is bound, and what is believed of
 * fard's answers. Calls through them are testsuite/e2e/pending-*.test.
 */
#include "runtime/import.h"
#include "runtime/lib/pending.h"
#include "testsuite/unit/check.h"
#include "testsuite/unit/make_segment.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define RANGE (FAR_WINDOW_BEGIN + 0x100 * FAR_GRANULE)

static struct far_error error;

struct table {
    struct far_import_table header;
    struct far_import_op op[3];
    char strings[32];
};

/* kv_find as it is, kv_gone which nobody has, kv_put with another fingerprint. */
static struct table make_table(const struct far_iface *iface)
{
    uint32_t at = offsetof(struct table, strings);
    return (struct table){
        .header = {.magic = FAR_IMPORT_MAGIC,
                   .version = FAR_IMPORT_VERSION,
                   .size = sizeof(struct table),
                   .service = "kv",
                   .major = iface->major,
                   .minor = iface->minor,
                   .op_count = 3},
        .op = {{.fingerprint = iface_op_by_name(iface, "kv_find")->fingerprint, .name = at},
               {.fingerprint = 1, .name = at + 8},
               {.fingerprint = 2, .name = at + 16}},
        .strings = "kv_find\0kv_gone\0kv_put",
    };
}

static struct far_binding make_binding(const struct far_iface *iface)
{
    uint64_t base = RANGE + 2 * FAR_GRANULE;
    struct far_binding binding = {.iface = iface, .base = base, .service = "kv"};
    binding.part[FAR_PART_FSTUBS] = (struct far_extent){base, 64};
    binding.part[FAR_PART_DSTUBS] = (struct far_extent){base + FAR_PART_ALIGN, 64};
    return binding;
}

static uint64_t stub_of(const struct far_binding *binding, const char *name)
{
    const struct far_op *op = iface_op_by_name(binding->iface, name);
    enum far_part part = op->flags & FAR_OP_DATA_SHIPPED ? FAR_PART_DSTUBS : FAR_PART_FSTUBS;
    return binding->part[part].address + op->slot * FAR_STUB_SIZE;
}

static uint64_t target_of(uint64_t slot)
{
    return pending_target(RANGE + slot * FAR_STUB_SIZE);
}

static void refused(const struct table *table, uint64_t base, const uint64_t stub[3], const char *why)
{
    error.text[0] = '\0';
    CHECK(pending_add(&table->header, base, stub, &error) == -EPROTO && strstr(error.text, why));
}

static void answers(const struct table *table)
{
    static const uint64_t below[] = {RANGE, RANGE + 16, RANGE + 32}, odd[] = {RANGE + 8, RANGE + 16, RANGE + 32},
                          beyond[] = {RANGE + 16, RANGE + FAR_PENDING_SPAN, RANGE + 32};
    refused(table, FAR_WINDOW_BEGIN - FAR_GRANULE, below, "no range's");
    refused(table, FAR_WINDOW_END, below, "no range's");
    refused(table, RANGE + 4096, below, "no range's");
    refused(table, RANGE, below, "outside their range");
    refused(table, RANGE, odd, "outside their range");
    refused(table, RANGE, beyond, "outside their range");
    void *there = mmap((void *)(RANGE + FAR_GRANULE), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(pending_add(&table->header, RANGE + FAR_GRANULE, below, &error) == -EEXIST &&
          strstr(error.text, "something else"));
    munmap(there, 4096);
}

static void reserved(const struct table *table)
{
    static const uint64_t stub[] = {RANGE + 16, RANGE + 32, RANGE + 48};
    CHECK(pending_add(&table->header, RANGE, stub, &error) == 0);
    CHECK(pending_add(&table->header, RANGE, stub, &error) == 0); /* twice is once */
    const struct far_pending *pending = pending_at(RANGE + 20);
    CHECK(pending && pending->tables && !pending->tables->next && !strcmp(pending->service, "kv"));
    CHECK(pending_at(RANGE - 1) == NULL && pending_at(RANGE + FAR_PENDING_SIZE) == NULL);
    CHECK(pending_is_slot(RANGE + 16) && !pending_is_slot(RANGE + 17) && !pending_is_slot(RANGE + FAR_PENDING_SPAN));
    CHECK(pending_is_slot(RANGE + 2 * FAR_PENDING_SPAN + 16));
    CHECK(target_of(1) == RANGE + 16);
}

static void linked(const struct far_binding *binding)
{
    /* Slot 4 is of another process: kv_read. Slot 5 would lead out of the service, slot 6 between two stubs. */
    const uint64_t word[] = {0,     binding->base + 16, 0, stub_of(binding, "kv_put"), stub_of(binding, "kv_read"),
                             RANGE, binding->base};
    CHECK(pending_link(binding, RANGE, word, 7, &error) == 0);
    CHECK(target_of(1) == stub_of(binding, "kv_find")); /* by what this process knows, whatever fard says */
    CHECK(target_of(2) == RANGE + 32);                  /* there is no such operation */
    CHECK(target_of(3) == RANGE + 48);                  /* it is not what was linked against */
    CHECK(target_of(4) == stub_of(binding, "kv_read"));
    CHECK(target_of(5) == RANGE + 80 && target_of(6) == RANGE + 96 && target_of(7) == RANGE + 112);
    const uint64_t *words = (const uint64_t *)(RANGE + FAR_PENDING_SPAN);
    CHECK(words[2 * 1] == stub_of(binding, "kv_find") && words[2 * 2] == RANGE + 2 * FAR_PENDING_SPAN + 32);
    CHECK(memcmp((const void *)(RANGE + 48), far_pending_jump, FAR_STUB_SIZE) == 0);
    CHECK(mprotect((void *)RANGE, 4096, PROT_READ | PROT_EXEC) == 0);
}

static void linked_by_others(const struct far_binding *binding)
{
    uint64_t base = RANGE + 4 * FAR_GRANULE;
    const uint64_t word[] = {0, stub_of(binding, "kv_read")};
    CHECK(pending_link(binding, base, word, FAR_PENDING_SLOTS + 1, &error) == -EPROTO);
    CHECK(pending_link(binding, base, word, 2, &error) == 0); /* nobody here had asked for it */
    CHECK(pending_target(base + 16) == stub_of(binding, "kv_read"));
    /* Given up by fard: what this process knows is enough. */
    CHECK(pending_link(binding, 0, NULL, 0, &error) == 0);
    CHECK(target_of(1) == stub_of(binding, "kv_find") && target_of(2) == RANGE + 32);
    CHECK(target_of(4) == stub_of(binding, "kv_read") && pending_target(base + 16) == stub_of(binding, "kv_read"));
    struct far_binding other = *binding;
    strcpy(other.service, "other");
    CHECK(pending_link(&other, RANGE, word, 2, &error) == -EPROTO && strstr(error.text, "another service's"));
}

int main(void)
{
    struct made made = make_record(MAKE_PLAIN);
    const struct far_iface *iface = (const struct far_iface *)made.bytes;
    const struct table table = make_table(iface);
    const struct far_binding binding = make_binding(iface);
    answers(&table);
    reserved(&table);
    linked(&binding);
    linked_by_others(&binding);
    free(made.bytes);
    return check_result();
}
