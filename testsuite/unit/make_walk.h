/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Both roles of the walk: a call without processes. Each has a copy of the area, and what one has written, by its own word, is copied to
 * the other, as between nodes. The interface is C text, compiled by faridl's own code.
 */
#ifndef FARCALL_MAKE_WALK_H
#define FARCALL_MAKE_WALK_H

#include "idl/model.h"
#include "runtime/lib/away_extents.h"
#include "runtime/walk/inside.h"
#include "testsuite/unit/check.h"

#include <stdlib.h>

#define AREA_SIZE (16u << 20)

struct pair {
    struct arena arena;
    struct diagnostics diagnostics;
    struct model model;
    const struct far_iface *iface;
    struct walk_memory memory[2], for_results;
    struct walk_results results;
    struct walk_kept *kept[2]; /* caller's, callee's */
    struct walk caller, callee;
    struct walk_hooks caller_hooks, callee_hooks;
    char *area, *callee_area;
    struct away_extents wrote;
    uint64_t lie; /* not 0: the callee's first word of object `lie_object`, instead of what is true */
    uint32_t lie_object;
};

typedef uint64_t walk_function(struct pair *pair, uint64_t *word);

static void pair_open(struct pair *pair, const char *text)
{
    size_t size;
    bool defines;
    struct unit *unit = calloc(1, sizeof *unit);
    memset(pair, 0, sizeof *pair);
    pair->diagnostics.arena = &pair->arena;
    unit_init(unit, &pair->arena, &pair->diagnostics);
    unit_parse(unit, text, strlen(text), "t.h");
    if (!model_from_unit(unit, false, &pair->model, &defines)) {
        diag_print(&pair->diagnostics, stderr, text, strlen(text));
        exit(1);
    }
    pair->iface = record_from_model(&pair->model, &pair->arena, &size);
    char why[256] = "";
    CHECK(iface_check(pair->iface, size, why, sizeof why) == 0);
    free(unit);
    pair->area = malloc(AREA_SIZE);
    pair->callee_area = malloc(AREA_SIZE);
    pair->kept[0] = walk_kept_new((struct walk_charge){0});
    pair->kept[1] = walk_kept_new((struct walk_charge){0});
    pair->results = (struct walk_results){&pair->for_results, walk_store_new()};
}

__attribute__((unused)) static void pair_close(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        walk_memory_free(&pair->memory[i]);
        walk_kept_free(pair->kept[i]);
    }
    walk_memory_free(&pair->for_results);
    walk_store_free(pair->results.store);
    free(pair->area);
    free(pair->callee_area);
    arena_free(&pair->arena);
}

static struct walk_signature signature_of(const struct pair *pair, const char *name)
{
    const struct far_op *op = iface_op_by_name(pair->iface, name);
    if (!op) {
        fprintf(stderr, "no operation %s\n", name);
        exit(1);
    }
    return (struct walk_signature){pair->iface, iface_result(pair->iface, op), op->param_count};
}

static void pair_wrote(void *context, uint64_t at, uint64_t bytes)
{
    extents_add(&((struct pair *)context)->wrote, at, bytes);
}

static void pair_carry(struct pair *pair, char *to, const char *from)
{
    for (uint32_t i = 0; i < pair->wrote.count; i++)
        memcpy(to + pair->wrote.item[i].offset, from + pair->wrote.item[i].offset, pair->wrote.item[i].bytes);
    pair->wrote.count = 0;
}

static void pair_begin(struct pair *pair, const char *name, const uint64_t *arguments)
{
    walk_memory_reset(&pair->memory[0]);
    walk_memory_reset(&pair->memory[1]);
    pair->caller = (struct walk){.of = signature_of(pair, name),
                                 .hooks = &pair->caller_hooks,
                                 .context = pair,
                                 .memory = &pair->memory[0],
                                 .kept = pair->kept[0],
                                 .results = &pair->results};
    pair->callee = (struct walk){.of = pair->caller.of,
                                 .hooks = &pair->callee_hooks,
                                 .context = pair,
                                 .memory = &pair->memory[1],
                                 .kept = pair->kept[1],
                                 .capacity = AREA_SIZE};
    pair->caller.notes = pair->callee.notes = true;
    pair->caller_hooks.wrote = pair->callee_hooks.wrote = pair_wrote;
    for (uint32_t i = 0; i < pair->caller.of.count; i++)
        pair->caller.word[i] = arguments[i];
}

static unsigned pair_send_begun(struct pair *pair)
{
    unsigned status = walk_send(&pair->caller);
    if (status)
        return status;
    uint64_t used = pair->caller.end + 4096 < AREA_SIZE ? pair->caller.end + 4096 : AREA_SIZE;
    memset(pair->area, 0xa5, used);
    memset(pair->callee_area, 0x5a, used);
    walk_put(&pair->caller, pair->area);
    pair_carry(pair, pair->callee_area, pair->area);
    memcpy(pair->callee.line, pair->caller.line, sizeof pair->callee.line);
    return FAR_CALL_DONE;
}

/* Up to where the function would run. */
__attribute__((unused)) static unsigned pair_send(struct pair *pair, const char *name, const uint64_t *arguments)
{
    pair_begin(pair, name, arguments);
    return pair_send_begun(pair);
}

/* What is left of a whole call after pair_begin(). */
static unsigned pair_call_begun(struct pair *pair, walk_function *function, uint64_t *result)
{
    uint64_t word = 0;
    unsigned status = pair_send_begun(pair);
    if (status)
        return status;
    status = walk_receive(&pair->callee, pair->callee_area);
    if (!status) {
        pair->callee.result = function(pair, pair->callee.word);
        status = walk_reply(&pair->callee, pair->callee_area, &word);
        pair_carry(pair, pair->area, pair->callee_area);
        walk_end(&pair->callee, true);
    } else {
        walk_end(&pair->callee, false);
    }
    if (status)
        return status;
    if (pair->lie)
        walk_store(pair->area + pair->caller.object[pair->lie_object].offset, pair->lie);
    pair->caller.capacity = AREA_SIZE;
    status = walk_accept(&pair->caller, pair->area, word);
    if (!status)
        walk_settle(&pair->caller);
    *result = pair->caller.result;
    return status;
}

/* A whole call. */
__attribute__((unused)) static unsigned pair_call(struct pair *pair, const char *name, walk_function *function,
                                                  const uint64_t *arguments, uint64_t *result)
{
    pair_begin(pair, name, arguments);
    return pair_call_begun(pair, function, result);
}

#define ARGUMENTS(...) \
    (const uint64_t[]) \
    {                  \
        __VA_ARGS__    \
    }
#define ADDRESS(x)     ((uint64_t)(uintptr_t)(x))
#define AT(type, word) ((type *)(uintptr_t)(word))

/* The test's INTERFACE, defined before this file is included: as text for faridl, then as C for the test itself. */
#define __FARCALL_IDL__
#include "include/farcall/annotate.h"

static const char walk_text[] = FAR_TEXT(far_service(t, 1, 0); typedef unsigned long size_t; INTERFACE);

#undef FAR_ANNOTATE
#undef FAR_ANNOTATE_WITH
#define FAR_ANNOTATE(name)
#define FAR_ANNOTATE_WITH(name, argument)

#endif
