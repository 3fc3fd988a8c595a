/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the fuzzers of faridl share: C text, changed token by token (text_mutator.c). */
#ifndef FARCALL_FUZZ_TEXT_H
#define FARCALL_FUZZ_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry points, and what it offers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
                                 uint8_t *out, size_t max_size, unsigned seed);

#endif
