/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Digests of the single parts of an interface: what an import library keeps of the one that its client was linked against, so that
 * a fingerprint that does not fit can be explained. A structure's members are not in the digests of what refers to it: they
 * have their own. Names of parameters are in none.
 */
#ifndef FARCALL_DETAIL_H
#define FARCALL_DETAIL_H

#include "runtime/iface.h"

uint32_t detail_of_annotations(const struct far_iface *iface, const struct far_op *op);
uint32_t detail_of_param(const struct far_iface *iface, const struct far_op *op, uint32_t at); /* 0: the result */
uint32_t detail_of_type(const struct far_iface *iface, const struct far_type *type);           /* without its members */
uint32_t detail_of_member(const struct far_iface *iface, const struct far_member *member);

/* Has a type details of its own: a structure or union that has a name and members? */
bool detail_has_members(const struct far_iface *iface, const struct far_type *type);

/*
 * The types that an operation reaches, through pointers and members: reached[iface->types.count] gets 1 for each. Returns 0 or
 * -ENOMEM.
 */
int detail_reach(const struct far_iface *iface, const struct far_op *op, uint8_t *reached);

#endif
