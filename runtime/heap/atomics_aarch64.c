/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Objects of other people's archives may leave atomic operations to functions of libgcc.a, which ask this variable whether
 * the processor has instructions of one step for them. libgcc's own is set by a constructor, in the data that all domains
 * and both machines' builds share. In a segment it is a constant: the answer "no" is right on every processor.
 */
#include <stdbool.h>

extern const bool __aarch64_have_lse_atomics;
const bool __aarch64_have_lse_atomics = false;
