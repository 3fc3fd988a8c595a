/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A packet of another fard's, as it is taken off a link: answered, refused in words, or not understood; nothing is believed. */
#ifndef FARCALL_FUZZ_LINK_H
#define FARCALL_FUZZ_LINK_H

#include <stddef.h>
#include <stdint.h>

void try_link(const uint8_t *data, size_t size);

#endif
