/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Does what its arguments say, in their order. The same source on both machines, and so the same output. */
#include "pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show_integers(void)
{
    printf("widths %lld\n", (long long)widths(-1, 255, -2, 65535, -3, 4000000000u, -5, 6));
    printf("widths %lld\n",
           (long long)widths(-128, 0, -32768, 0, INT32_MIN, UINT32_MAX, INT64_MIN / 100, UINT64_MAX / 100));
    printf("narrow %d %u %d %u %d %u\n", narrow_schar(0x1ff80), narrow_uchar(0x1ffff), narrow_short(0x7fff8000),
           narrow_ushort(-1), narrow_int(0x1ffffffffll), narrow_uint(-2));
    printf("negate %d %d\n", negate(1), negate(0));
    printf("many %lld\n", (long long)many(-1, -2, -3, -4, -5, -6, -7, -8, -9, -10));
}

static void show_floats(void)
{
    printf("thirds %.9g\n", (double)thirds(1));
    printf("mix %.17g\n", mix(1.5, 2, 3, 4, 5.25f, 6, 7, 8, 9, 10, -11, 12, -13, 14));
}

static void show_memory(void)
{
    char text[32] = "";
    uint32_t values[1000];
    uint64_t all = 0;
    for (uint32_t i = 0; i < 1000; i++)
        all += values[i] = i * 4000001u;
    printf("join %d %s\n", join("left", "right", text, sizeof text), text);
    printf("total %d\n", total(values, 1000) == all);
}

static void show_list(void)
{
    for (const struct node *node = head(); node; node = node->next)
        printf("node %p %llu\n", (const void *)node, (unsigned long long)node->value);
}

static void show_host(void)
{
    char text[16];
    printf("host %s\n", where(text, sizeof text) > 0 ? text : strerror(errno));
}

static void fault(void)
{
    fflush(stdout);
    *(volatile int *)8 = 1;
}

static void show_addresses(void)
{
    printf("addresses %p %p %p\n", (void *)push, (void *)twice, (void *)widths);
}

static void show_sum(void)
{
    printf("count %llu sum %llu\n", (unsigned long long)count(), (unsigned long long)sum());
}

static void show_hook(void)
{
    printf("hook(5) %llu\n", (unsigned long long)call_hook(5));
}

static void show_machine(void)
{
    printf("code %s\n", machine());
}

static void push_one(void)
{
    printf("push %p\n", (void *)push(count() + 1));
}

static void churn_some(void)
{
    printf("churned, %d broken\n", churn(20000));
}

/* For whoever kills it under way. */
static void churn_for_ever(void)
{
    puts("churning");
    fflush(stdout);
    for (;;)
        churn(1000);
}

static void hook_twice(void)
{
    set_hook(2);
}

static void hook_thrice(void)
{
    set_hook(3);
}

static const struct {
    const char *word;
    void (*act)(void);
} acts[] = {
    {"integers", show_integers},   {"floats", show_floats}, {"memory", show_memory},
    {"list", show_list},           {"host", show_host},     {"fault", fault},
    {"addresses", show_addresses}, {"sum", show_sum},       {"hook", show_hook},
    {"code", show_machine},        {"push", push_one},      {"twice", hook_twice},
    {"thrice", hook_thrice},       {"churn", churn_some},   {"forever", churn_for_ever},
};

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        for (size_t j = 0; j < sizeof acts / sizeof *acts; j++)
            if (strcmp(argv[i], acts[j].word) == 0)
                acts[j].act();
    return 0;
}
