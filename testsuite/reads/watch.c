/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "testsuite/reads/watch.h"

#include "testsuite/reads/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct watched *watched;
static unsigned watched_count;
static const struct watch_exception *excepted;
static const void *published[4];
static unsigned publishers;

void watch_begin(struct watched *side, unsigned count, const struct watch_exception *exceptions)
{
    for (unsigned i = 0; i < count; i++)
        side[i].count = calloc(1, side[i].size);
    symbols_read();
    excepted = exceptions;
    watched = side;
    __atomic_store_n(&watched_count, count, __ATOMIC_RELEASE);
}

void watch_message(void)
{
    for (unsigned i = 0; i < __atomic_load_n(&watched_count, __ATOMIC_ACQUIRE); i++)
        memset(watched[i].count, 0, watched[i].size);
}

void watch_publishes(const void *word)
{
    published[publishers++] = word;
}

static bool is_excepted(const char *function)
{
    for (const struct watch_exception *exception = excepted; exception->function; exception++)
        if (strcmp(function, exception->function) == 0)
            return true;
    return false;
}

static void see(const void *address, uint64_t bytes, const void *from)
{
    for (unsigned i = 0; i < __atomic_load_n(&watched_count, __ATOMIC_ACQUIRE); i++) {
        struct watched *side = &watched[i];
        uint64_t offset = (uint64_t)((uintptr_t)address - (uintptr_t)side->memory);
        if (offset >= side->size)
            continue;
        const char *function = symbol_at(from);
        bool counts = !is_excepted(function), complained = false;
        for (uint64_t at = offset; at < offset + bytes && at < side->size; at++) {
            if (!counts || side->skip(at))
                continue;
            side->loads++;
            if (side->count[at]++ && !complained) {
                side->twice++;
                fprintf(stderr, "%s reads byte %#lx of the A-stack twice in one message, the second time in %s\n",
                        side->name, (unsigned long)at, function);
                complained = true;
            }
        }
    }
}

/* What a side has written itself it may read once more. */
static void see_store(const void *address, uint64_t bytes)
{
    for (unsigned i = 0; i < __atomic_load_n(&watched_count, __ATOMIC_ACQUIRE); i++) {
        uint64_t offset = (uint64_t)((uintptr_t)address - (uintptr_t)watched[i].memory);
        if (offset < watched[i].size)
            memset(watched[i].count + offset, 0, bytes < watched[i].size - offset ? bytes : watched[i].size - offset);
    }
    for (unsigned i = 0; i < publishers; i++)
        if (address == published[i])
            watch_message();
}

#define HERE __builtin_return_address(0)

/* What the compiler calls; each is declared where it is defined, since nobody else may call it. */
#define LOAD(name, bytes)           \
    void name(const void *address); \
    void name(const void *address)  \
    {                               \
        see(address, bytes, HERE);  \
    }
#define STORE(name, bytes)          \
    void name(const void *address); \
    void name(const void *address)  \
    {                               \
        see_store(address, bytes);  \
    }
#define PLAIN(bytes)                                \
    LOAD(__tsan_read##bytes, bytes)                 \
    LOAD(__tsan_unaligned_read##bytes, bytes)       \
    LOAD(__tsan_read_write##bytes, bytes)           \
    LOAD(__tsan_unaligned_read_write##bytes, bytes) \
    STORE(__tsan_write##bytes, bytes)               \
    STORE(__tsan_unaligned_write##bytes, bytes)
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_func_entry(const void *caller);
void __tsan_func_entry(const void *caller)
{
    (void)caller;
}

void __tsan_init(void);
void __tsan_init(void) {}

void __tsan_func_exit(void);
void __tsan_func_exit(void) {}

void *__tsan_memcpy(void *to, const void *from, size_t bytes);
void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
    see(from, bytes, HERE);
    see_store(to, bytes);
    return memcpy(to, from, bytes);
}

void *__tsan_memmove(void *to, const void *from, size_t bytes);
void *__tsan_memmove(void *to, const void *from, size_t bytes)
{
    see(from, bytes, HERE);
    see_store(to, bytes);
    return memmove(to, from, bytes);
}

void *__tsan_memset(void *to, int byte, size_t bytes);
void *__tsan_memset(void *to, int byte, size_t bytes)
{
    see_store(to, bytes);
    return memset(to, byte, bytes);
}

#define ATOMIC(bits, type)                                                                                            \
    type __tsan_atomic##bits##_load(const type *word, int order);                                                     \
    type __tsan_atomic##bits##_load(const type *word, int order)                                                      \
    {                                                                                                                 \
        (void)order;                                                                                                  \
        see(word, sizeof *word, HERE);                                                                                \
        return __atomic_load_n(word, __ATOMIC_SEQ_CST);                                                               \
    }                                                                                                                 \
    void __tsan_atomic##bits##_store(type *word, type value, int order);                                              \
    void __tsan_atomic##bits##_store(type *word, type value, int order)                                               \
    {                                                                                                                 \
        (void)order;                                                                                                  \
        see_store(word, sizeof *word);                                                                                \
        __atomic_store_n(word, value, __ATOMIC_SEQ_CST);                                                              \
    }                                                                                                                 \
    type __tsan_atomic##bits##_exchange(type *word, type value, int order);                                           \
    type __tsan_atomic##bits##_exchange(type *word, type value, int order)                                            \
    {                                                                                                                 \
        (void)order;                                                                                                  \
        see(word, sizeof *word, HERE);                                                                                \
        return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);                                                    \
    }                                                                                                                 \
    int __tsan_atomic##bits##_compare_exchange_strong(type *word, type *expected, type value, int order, int failed); \
    int __tsan_atomic##bits##_compare_exchange_strong(type *word, type *expected, type value, int order, int failed)  \
    {                                                                                                                 \
        (void)order;                                                                                                  \
        (void)failed;                                                                                                 \
        see(word, sizeof *word, HERE);                                                                                \
        return __atomic_compare_exchange_n(word, expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);             \
    }                                                                                                                 \
    int __tsan_atomic##bits##_compare_exchange_weak(type *word, type *expected, type value, int order, int failed);   \
    int __tsan_atomic##bits##_compare_exchange_weak(type *word, type *expected, type value, int order, int failed)    \
    {                                                                                                                 \
        return __tsan_atomic##bits##_compare_exchange_strong(word, expected, value, order, failed);                   \
    }
#define SWAP(bits, type)                                                                                           \
    type __tsan_atomic##bits##_compare_exchange_val(type *word, type expected, type value, int order, int failed); \
    type __tsan_atomic##bits##_compare_exchange_val(type *word, type expected, type value, int order, int failed)  \
    {                                                                                                              \
        __tsan_atomic##bits##_compare_exchange_strong(word, &expected, value, order, failed);                      \
        return expected;                                                                                           \
    }
#define CHANGE(bits, type, name)                                                \
    type __tsan_atomic##bits##_fetch_##name(type *word, type value, int order); \
    type __tsan_atomic##bits##_fetch_##name(type *word, type value, int order)  \
    {                                                                           \
        (void)order;                                                            \
        see(word, sizeof *word, HERE);                                          \
        return __atomic_fetch_##name(word, value, __ATOMIC_SEQ_CST);            \
    }
#define ATOMICS(bits)                 \
    ATOMIC(bits, uint##bits##_t)      \
    SWAP(bits, uint##bits##_t)        \
    CHANGE(bits, uint##bits##_t, add) \
    CHANGE(bits, uint##bits##_t, sub) \
    CHANGE(bits, uint##bits##_t, and) \
    CHANGE(bits, uint##bits##_t, or)  \
    CHANGE(bits, uint##bits##_t, xor)
ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    (void)order;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}

/* Functions of the C library's that read; the linker leads their calls here. */
int __real_memcmp(const void *one, const void *other, size_t bytes);
int __wrap_memcmp(const void *one, const void *other, size_t bytes);
int __wrap_memcmp(const void *one, const void *other, size_t bytes)
{
    see(one, bytes, HERE);
    see(other, bytes, HERE);
    return __real_memcmp(one, other, bytes);
}

size_t __real_strnlen(const char *text, size_t most);
size_t __wrap_strnlen(const char *text, size_t most);
size_t __wrap_strnlen(const char *text, size_t most)
{
    size_t length = __real_strnlen(text, most);
    see(text, length < most ? length + 1 : most, HERE);
    return length;
}
