/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Finding a service by its name takes as many looks among 100,000 as among 100. What it takes in time is printed, and not judged: that
 * the larger table does not fit in a processor's cache is no fault of the lookup.
 */
#include "runtime/fard/registry.h"
#include "testsuite/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOKUPS 200000u

static void fill(struct registry *registry, uint32_t count)
{
    registry_init(registry);
    for (uint32_t i = 0; i < count; i++) {
        struct service *service = calloc(1, sizeof *service); /* no descriptors: 0 is not closed */
        if (!service)
            abort();
        service->id = i + 1;
        service->range = (struct range){FAR_WINDOW_BEGIN + (uint64_t)i * 2 * FAR_GRANULE, FAR_GRANULE};
        snprintf(service->name, sizeof service->name, "service_%u", i);
        CHECK(registry_add(registry, service) == 0);
    }
}

/* Not service_free(): these have no descriptors. */
static void drop(struct registry *registry)
{
    for (uint32_t i = 0; i < registry->count; i++)
        free(registry->service[i]);
    registry->count = 0;
    registry_free(registry);
}

static double looks(const struct registry *registry, uint32_t *longest)
{
    uint64_t looks = 0;
    *longest = 0;
    for (uint32_t i = 0; i < registry->names.bucket_count; i++) {
        uint32_t length = 0;
        for (const struct name_link *at = registry->names.bucket[i]; at; at = at->next)
            looks += ++length;
        *longest = length > *longest ? length : *longest;
    }
    return (double)looks / registry->count;
}

static double lookup_ns(const struct registry *registry)
{
    struct timespec start, end;
    char name[FAR_SERVICE_MAX];
    uint32_t found = 0, random = 1;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        random = random * 1664525u + 1013904223u;
        snprintf(name, sizeof name, "service_%u", (random >> 8) % registry->count);
        found += registry_find_major(registry, name, 0) != NULL;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    CHECK(found == LOOKUPS);
    return ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / LOOKUPS;
}

static void measure(uint32_t count, double limit)
{
    struct registry registry;
    uint32_t longest;
    fill(&registry, count);
    double mean = looks(&registry, &longest), ns = lookup_ns(&registry);
    printf("%u names: %.2f looks in the mean, %u at most, %.0f ns\n", count, mean, longest, ns);
    CHECK(mean < limit && longest < 16);
    CHECK(registry_find_address(&registry, FAR_WINDOW_BEGIN + (uint64_t)(count - 1) * 2 * FAR_GRANULE)->id == count);
    while (registry.count > count / 2) { /* taken out again, half are still found */
        struct service *last = registry.service[registry.count - 1];
        registry_remove(&registry, last);
        free(last);
    }
    CHECK(registry_find(&registry, "service_0") && !registry_find(&registry, "service_99999"));
    drop(&registry);
}

int main(void)
{
    measure(100, 2);
    measure(10000, 2);
    measure(100000, 2);
    return check_result();
}
