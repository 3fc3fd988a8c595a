/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What a call into a protection domain costs, in cycles of the time-stamp counter: the median of many, of the whole call and
 * of its parts. On a machine that is translated in software the numbers mean nothing, and this says so.
 */
#include "inside.h"

#include "runtime/pku/domain.h"
#include "runtime/pku/signals.h"
#include "runtime/pku/support.h"

#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#define TIMES 20001

static struct pku_domain *domain;

static uint64_t now(void)
{
    unsigned processor;
    return __rdtscp(&processor);
}

static int by_size(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void measure(const char *what, void (*once)(void))
{
    static uint64_t took[TIMES];
    for (int i = 0; i < TIMES; i++) {
        uint64_t begin = now();
        once();
        took[i] = now() - begin;
    }
    qsort(took, TIMES, sizeof *took, by_size);
    printf("%-32s %8llu cycles\n", what, (unsigned long long)took[TIMES / 2]);
}

static void nothing(void)
{
    __asm__ volatile("" : : : "memory");
}

static void system_call(void)
{
    getppid();
}

static void whole_call(void)
{
    struct pku_outcome outcome;
    struct pku_context *context = pku_begin(domain, false);
    memset(context->area, 0, offsetof(struct pku_arguments, walked));
    if (pku_run(domain, context, SLOT_inside_registers, false, NULL, &outcome) != PKU_RETURNED)
        abort();
    pku_end_call(context);
}

/* Without what needs the kernel: signals wait, and are to stay away, while this is measured. */
static void gate_alone(void)
{
    domain->context[0].area->ticket = 1;
    far_pku_enter(pku_key_give(&domain->keyed), SLOT_inside_registers, 0);
}

static void measure_gate(void)
{
    struct pku_signals saved;
    if (!pku_signals_hold(&saved, domain->context[0].signal_stack))
        abort();
    pku_calls_forbid();
    measure("the gate, there and back", gate_alone);
    pku_calls_allow();
    pku_signals_back(&saved);
}

static bool is_translated(void)
{
    unsigned a, b[4] = {0};
    __cpuid(0x40000000, a, b[0], b[1], b[2]);
    return strcmp((const char *)b, "TCGTCGTCGTCG") == 0;
}

static void make_domain(void)
{
    struct far_error error;
    uint64_t entry[SLOT_COUNT] = {0};
    entry[SLOT_inside_registers] = (uint64_t)(uintptr_t)inside_registers;
    const struct pku_plan plan = {NULL, 0, entry, SLOT_COUNT, 4096, 0, false};
    if (pku_domain_make(&plan, &domain, &error) == 0)
        return;
    printf("not measured: %s\n", error.text);
    exit(0);
}

int check_all(int argc, char **argv);
int check_all(int argc, char **argv)
{
    (void)argc, (void)argv;
    make_domain();
    if (is_translated())
        printf("unmeasured: this processor is QEMU's, translated in software\n");
    whole_call();
    measure("nothing", nothing);
    measure("a system call", system_call);
    measure_gate();
    measure("a null call", whole_call);
    return 0;
}
