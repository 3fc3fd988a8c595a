/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Which of a client's handles end with which (far_lifetime of a handle): a tree, for handles.c alone. Only a handle that has a
 * parent or children has a node. Nothing here recurses: how deep a tree is, clients decide.
 */
#ifndef FARCALL_KIN_H
#define FARCALL_KIN_H

#include "runtime/host/host.h"

struct kin {
    struct handle_name name;
    struct kin *parent, *first, *next; /* first: of its children; next: of its parent's */
    struct kin **from;                 /* what leads here among its parent's children; NULL: no parent */
};

/* Paid for by the user. NULL: no memory. */
struct kin *kin_new(struct host_user *user, struct handle_name name);
/* It, and all that ends with it. */
void kin_free(struct host_user *user, struct kin *kin);
/* It ends with that one from now on, and with no other. Nothing happens where that one would end with itself. */
void kin_join(struct kin *kin, struct kin *parent);
/* What comes after `at` among root and all that ends with it, parents before their children; NULL: nothing. */
struct kin *kin_next(const struct kin *root, struct kin *at);
struct kin *kin_root(struct kin *kin);

#endif
