/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Sorting and searching, for code in a domain. A heap sort: no memory of its own, and never worse than n log n. */
#include "runtime/pku/inside/inside.h"

typedef int compare_function(const void *one, const void *other, void *context);
typedef int compare_plainly(const void *one, const void *other);

struct sorting {
    char *base;
    size_t size;
    compare_function *compare;
    void *context;
};

static char *element(const struct sorting *sorting, size_t index)
{
    return sorting->base + index * sorting->size;
}

static void swap(const struct sorting *sorting, size_t one, size_t other)
{
    char *a = element(sorting, one), *b = element(sorting, other);
    for (size_t i = 0; i < sorting->size; i++) {
        char byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

static bool is_less(const struct sorting *sorting, size_t one, size_t other)
{
    return sorting->compare(element(sorting, one), element(sorting, other), sorting->context) < 0;
}

/* What stands at `root` goes down to where it belongs, among the first `count`. */
static void sift(const struct sorting *sorting, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && is_less(sorting, child, child + 1))
            child++;
        if (!is_less(sorting, root, child))
            return;
        swap(sorting, root, child);
    }
}

void far_pku_qsort_r(void *base, size_t count, size_t size, compare_function *compare, void *context)
{
    const struct sorting sorting = {base, size, compare, context};
    for (size_t i = count / 2; i--;)
        sift(&sorting, i, count);
    for (size_t end = count; end > 1; end--) {
        swap(&sorting, 0, end - 1);
        sift(&sorting, 0, end - 1);
    }
}

static int compare_by(const void *one, const void *other, void *function)
{
    return (*(compare_plainly **)function)(one, other);
}

void far_pku_qsort(void *base, size_t count, size_t size, compare_plainly *compare)
{
    far_pku_qsort_r(base, count, size, compare_by, &compare);
}

void *far_pku_bsearch(const void *key, const void *base, size_t count, size_t size, compare_plainly *compare)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *at = (const char *)base + middle * size;
        int order = compare(key, at);
        if (order == 0)
            return (void *)(uintptr_t)at;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
