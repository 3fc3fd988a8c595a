/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* AddressSanitizer's eyes on the arena, where it is built in: what lies between two pieces must not be touched. */
#ifndef FARLD_REDZONE_H
#define FARLD_REDZONE_H

#ifdef __SANITIZE_ADDRESS__ /* gcc says it so */
#define HAS_REDZONES 1
#elif defined(__has_feature)
#define HAS_REDZONES __has_feature(address_sanitizer)
#else
#define HAS_REDZONES 0
#endif

#if HAS_REDZONES
#include <sanitizer/asan_interface.h>
#define REDZONE_SIZE            ((size_t)16)
#define memory_forbid(at, size) __asan_poison_memory_region(at, size)
#define memory_allow(at, size)  __asan_unpoison_memory_region(at, size)
#else
#define REDZONE_SIZE            ((size_t)0)
#define memory_forbid(at, size) ((void)(at), (void)(size))
#define memory_allow(at, size)  ((void)(at), (void)(size))
#endif

#endif
