/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the files of iface_check() share. The tables' bounds are checked first; everything after relies on that. */
#ifndef FARCALL_IFACE_WALK_H
#define FARCALL_IFACE_WALK_H

#include "runtime/format/complain.h"
#include "runtime/iface.h"

#define IFACE_IDENTIFIER_LIMIT 512  /* bytes of a C name, NUL included */
#define IFACE_TEXT_LIMIT       8192 /* bytes of a signature, description or type name, NUL included */

struct iface_walk {
    const struct far_iface *iface;
    struct complaint to;
};

/* Strings: 0 for what is missing, and otherwise inside the strings table and terminated there. */
bool walk_text(const struct iface_walk *walk, uint32_t offset);       /* printable, may be 0 */
bool walk_identifier(const struct iface_walk *walk, uint32_t offset); /* a C name, may not be 0 */

int iface_check_types(const struct iface_walk *walk);
int iface_check_ops(const struct iface_walk *walk);
/* What is wrong with the size expression of parameter `index` of an operation, or NULL. All its parameters are sound. */
const char *iface_size_mistake(const struct iface_walk *walk, const struct far_op *op, uint32_t index);

#endif
