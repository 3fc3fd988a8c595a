/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the files of iface_check() share. The tables' bounds are checked first; everything after relies on that. */
#ifndef FARCALL_IFACE_WALK_H
#define FARCALL_IFACE_WALK_H

#include "runtime/format/complain.h"
#include "runtime/iface.h"

#define IFACE_IDENTIFIER_LIMIT 512  /* bytes of a C name, NUL included */
#define IFACE_TEXT_LIMIT       8192 /* bytes of any string, NUL included */

/* What iface_check_types() finds out about a type, for the checks of values. */
#define IFACE_TYPE_OPEN      0x1u /* being looked at */
#define IFACE_TYPE_DONE      0x2u
#define IFACE_TYPE_PLAIN     0x4u  /* all its bytes mean the same on both sides */
#define IFACE_TYPE_DESCRIBED 0x8u  /* structure or union: each member that is not plain says how it crosses */
#define IFACE_TYPE_CASES     0x10u /* union: some member has cases or is the default */

struct iface_walk {
    const struct far_iface *iface;
    struct complaint to;
    uint8_t *facts; /* by type: IFACE_TYPE_… */
    uint8_t *nests; /* by callback: how many callbacks deep its parameters lead, itself included */
};

/* What a value's expressions and lifetime may refer to, and where the value stands. */
enum iface_role { ROLE_RESULT, ROLE_PARAM, ROLE_MEMBER };

struct iface_scope {
    enum iface_role role;
    const struct far_param *function; /* its result, then its parameters; NULL: a member, which knows none */
    uint32_t param_count;
    const struct far_type *holder; /* ROLE_MEMBER: the structure or union */
    bool comes_out;                /* expressions may use the result */
    bool made_there;               /* by the function called: expressions see the parameters after the call */
};

/* Strings: 0 for what is missing, and otherwise inside the strings table, whose text is known to be sound. */
bool walk_text(const struct iface_walk *walk, uint32_t offset);       /* may be 0 */
bool walk_identifier(const struct iface_walk *walk, uint32_t offset); /* a C name, may not be 0 */

/* In this order: each relies on those before it. 0, or -EINVAL after complaining. */
int iface_check_types(const struct iface_walk *walk);
int iface_check_values(const struct iface_walk *walk);
int iface_check_members(const struct iface_walk *walk);
int iface_check_callbacks(const struct iface_walk *walk);
int iface_check_ops(const struct iface_walk *walk);
int iface_check_data(const struct iface_walk *walk);

/* What is wrong, in words, or NULL. */

/* Of a value by itself: its type, width, flags, what it leads to. */
const char *iface_value_mistake(const struct iface_walk *walk, const struct far_value *value);
/* Of a value, and all it leads to by `inside`, where it stands; the function's values are sound by themselves. */
const char *iface_place_mistake(const struct iface_walk *walk, const struct iface_scope *scope,
                                const struct far_value *value);
/* Of a function's result and parameters; *at says which, 0 for the result. */
const char *iface_function_mistake(const struct iface_walk *walk, const struct far_param *function, uint32_t count,
                                   uint32_t *at);
/* Of an expression of `count` nodes, 1 … FAR_EXPR_MAX that exist. `what` names it: "size", "selector". */
const char *iface_expr_mistake(const struct iface_walk *walk, const struct iface_scope *scope, uint32_t first,
                               uint32_t count);

/* Is it the same C type? Two entries may stand for one that is a pointer, if only one of them is followed. */
bool iface_same_type(const struct far_iface *iface, uint32_t one, uint32_t other);
/* The same, or a pointer to void that is described as one to what lies there (far_elements). */
bool iface_describes_type(const struct far_iface *iface, uint32_t said_type, uint32_t written);

static inline bool iface_has_members(const struct far_type *type)
{
    return type->kind == FAR_TYPE_STRUCT || type->kind == FAR_TYPE_UNION;
}

static inline bool iface_is_width(uint64_t bytes)
{
    return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

#endif
