/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What C++ code without exceptions and without run-time type information asks of its run-time library: operator new and
 * delete on the segment's heap, and the ends of calls that no program may make. The names are those of the Itanium C++
 * ABI. Weak: a program that replaces them has its own.
 */
#include <stddef.h>
#include <stdlib.h>

/* operator NAME in the ABI's spelling, as a C function */
#define CXX(mangled) __asm__(mangled) __attribute__((weak, visibility("hidden")))

void *cxx_new(size_t size) CXX("_Znwm");
void *cxx_new_array(size_t size) CXX("_Znam");
void *cxx_new_nothrow(size_t size, const void *nothrow) CXX("_ZnwmRKSt9nothrow_t");
void *cxx_new_array_nothrow(size_t size, const void *nothrow) CXX("_ZnamRKSt9nothrow_t");
void *cxx_new_aligned(size_t size, size_t alignment) CXX("_ZnwmSt11align_val_t");
void *cxx_new_array_aligned(size_t size, size_t alignment) CXX("_ZnamSt11align_val_t");
void *cxx_new_aligned_nothrow(size_t size, size_t alignment, const void *nothrow)
    CXX("_ZnwmSt11align_val_tRKSt9nothrow_t");
void *cxx_new_array_aligned_nothrow(size_t size, size_t alignment, const void *nothrow)
    CXX("_ZnamSt11align_val_tRKSt9nothrow_t");
void cxx_delete(void *memory) CXX("_ZdlPv");
void cxx_delete_array(void *memory) CXX("_ZdaPv");
void cxx_delete_sized(void *memory, size_t size) CXX("_ZdlPvm");
void cxx_delete_array_sized(void *memory, size_t size) CXX("_ZdaPvm");
void cxx_delete_nothrow(void *memory, const void *nothrow) CXX("_ZdlPvRKSt9nothrow_t");
void cxx_delete_array_nothrow(void *memory, const void *nothrow) CXX("_ZdaPvRKSt9nothrow_t");
void cxx_delete_aligned(void *memory, size_t alignment) CXX("_ZdlPvSt11align_val_t");
void cxx_delete_array_aligned(void *memory, size_t alignment) CXX("_ZdaPvSt11align_val_t");
void cxx_delete_sized_aligned(void *memory, size_t size, size_t alignment) CXX("_ZdlPvmSt11align_val_t");
void cxx_delete_array_sized_aligned(void *memory, size_t size, size_t alignment) CXX("_ZdaPvmSt11align_val_t");
void cxx_delete_aligned_nothrow(void *memory, size_t alignment, const void *nothrow)
    CXX("_ZdlPvSt11align_val_tRKSt9nothrow_t");
void cxx_delete_array_aligned_nothrow(void *memory, size_t alignment, const void *nothrow)
    CXX("_ZdaPvSt11align_val_tRKSt9nothrow_t");
_Noreturn void cxx_pure_virtual(void) CXX("__cxa_pure_virtual");
_Noreturn void cxx_deleted_virtual(void) CXX("__cxa_deleted_virtual");

/* std::nothrow: its address only. */
extern const char cxx_nothrow CXX("_ZSt7nothrow");
const char cxx_nothrow = 0;

void *cxx_new_nothrow(size_t size, const void *nothrow)
{
    (void)nothrow;
    return malloc(size ? size : 1);
}

void *cxx_new_array_nothrow(size_t size, const void *nothrow)
{
    return cxx_new_nothrow(size, nothrow);
}

/* There is nothing to throw: code built without exceptions expects memory or no return. */
static void *or_abort(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void *cxx_new(size_t size)
{
    return or_abort(malloc(size ? size : 1));
}

void *cxx_new_array(size_t size)
{
    return or_abort(malloc(size ? size : 1));
}

void *cxx_new_aligned_nothrow(size_t size, size_t alignment, const void *nothrow)
{
    (void)nothrow;
    return aligned_alloc(alignment, size ? (size + alignment - 1) & ~(alignment - 1) : alignment);
}

void *cxx_new_array_aligned_nothrow(size_t size, size_t alignment, const void *nothrow)
{
    return cxx_new_aligned_nothrow(size, alignment, nothrow);
}

void *cxx_new_aligned(size_t size, size_t alignment)
{
    return or_abort(cxx_new_aligned_nothrow(size, alignment, NULL));
}

void *cxx_new_array_aligned(size_t size, size_t alignment)
{
    return or_abort(cxx_new_aligned_nothrow(size, alignment, NULL));
}

void cxx_delete(void *memory)
{
    free(memory);
}

void cxx_delete_array(void *memory)
{
    free(memory);
}

void cxx_delete_sized(void *memory, size_t size)
{
    (void)size;
    free(memory);
}

void cxx_delete_array_sized(void *memory, size_t size)
{
    (void)size;
    free(memory);
}

void cxx_delete_nothrow(void *memory, const void *nothrow)
{
    (void)nothrow;
    free(memory);
}

void cxx_delete_array_nothrow(void *memory, const void *nothrow)
{
    (void)nothrow;
    free(memory);
}

void cxx_delete_aligned(void *memory, size_t alignment)
{
    (void)alignment;
    free(memory);
}

void cxx_delete_array_aligned(void *memory, size_t alignment)
{
    (void)alignment;
    free(memory);
}

void cxx_delete_sized_aligned(void *memory, size_t size, size_t alignment)
{
    (void)size;
    (void)alignment;
    free(memory);
}

void cxx_delete_array_sized_aligned(void *memory, size_t size, size_t alignment)
{
    (void)size;
    (void)alignment;
    free(memory);
}

void cxx_delete_aligned_nothrow(void *memory, size_t alignment, const void *nothrow)
{
    (void)alignment;
    (void)nothrow;
    free(memory);
}

void cxx_delete_array_aligned_nothrow(void *memory, size_t alignment, const void *nothrow)
{
    (void)alignment;
    (void)nothrow;
    free(memory);
}

_Noreturn void cxx_pure_virtual(void)
{
    abort();
}

_Noreturn void cxx_deleted_virtual(void)
{
    abort();
}
