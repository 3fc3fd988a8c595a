/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#ifndef FARCALL_SAME_CALLBACK_H
#define FARCALL_SAME_CALLBACK_H

#include "runtime/iface.h"

#include <stdbool.h>

/* Does a function that is called as the one says take and return what the other says? Indices; the record is checked. */
bool same_callback(const struct far_iface *iface, uint32_t one, uint32_t other);
/* The first of those that are the same as this one. */
uint32_t same_callback_first(const struct far_iface *iface, uint32_t index);

#endif
