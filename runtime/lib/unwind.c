/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/lib/unwind.h"

#include "runtime/lib/abi.h"
#include "runtime/lib/binding.h"
#include "runtime/lib/map.h"
#include "runtime/lib/references.h"

#include <dlfcn.h>
#include <string.h>

#define UNWINDER "libgcc_s.so.1"

#define CIE_SIZE 16 /* bytes after the length word */
#define FDE_SIZE 20

/*
 * In every instruction of a stub the stack is as its caller left it: abi_MACHINE.h says that in DWARF's words. A common
 * information entry of .eh_frame, version 1, without augmentation, so that addresses are absolute.
 */
static const uint8_t stub_cie[CIE_SIZE] = {0, 0, 0, 0, 1, 0, FAR_ABI_STUB_CIE};

static uint32_t *add_fde(uint32_t *start, uint32_t *at, const struct far_extent *part)
{
    if (part->size == 0)
        return at;
    *at++ = FDE_SIZE;
    *at = (uint32_t)((char *)at - (char *)start); /* distance back to the CIE */
    at++;
    memcpy(at, &part->address, sizeof part->address);
    memcpy(at + 2, &part->size, sizeof part->size);
    return at + FDE_SIZE / sizeof *at - 1;
}

static const void *frames_of_stubs(struct far_unwind *unwind, const struct far_extent part[FAR_PART_COUNT])
{
    uint32_t *start = unwind->own, *at = start;
    *at++ = CIE_SIZE;
    memcpy(at, stub_cie, CIE_SIZE);
    at = add_fde(start, at + CIE_SIZE / sizeof *at, &part[FAR_PART_FSTUBS]);
    at = add_fde(start, at, &part[FAR_PART_DSTUBS]);
    *at = 0;
    return start;
}

/* The linkage header says where, from the segment's first byte. */
static const void *frames_of_code(const struct far_extent part[FAR_PART_COUNT])
{
    const struct far_linkage *linkage = (const struct far_linkage *)part[FAR_PART_LINKAGE].address;
    uint64_t address = part[FAR_PART_FSTUBS].address + linkage->unwind;
    return far_inside(&part[FAR_PART_CONST], address, sizeof(uint32_t)) ? (const void *)address : NULL;
}

bool unwind_find(struct far_unwind *unwind, const struct far_extent part[FAR_PART_COUNT], bool has_code)
{
    const struct far_linkage *linkage = (const struct far_linkage *)part[FAR_PART_LINKAGE].address;
    unwind->frames = !has_code ? frames_of_stubs(unwind, part) : linkage->unwind ? frames_of_code(part) : NULL;
    return unwind->frames || (has_code && !linkage->unwind);
}

/* NULL if nobody has loaded it: then dlopen() would look for it in all folders first, which costs more than the rest of binding. */
static void *unwinder_open(void)
{
    return process_has_loaded(UNWINDER) ? dlopen(UNWINDER, RTLD_LAZY | RTLD_NOLOAD) : NULL;
}

typedef void tell_frames(const void *frames);

static void tell(const void *frames, void *function, bool *told)
{
    if (function && !__atomic_exchange_n(told, true, __ATOMIC_SEQ_CST))
        ((tell_frames *)(uintptr_t)function)(frames);
}

/* Two threads may link at once: only tell() decides, this saves the look. */
static bool was_told(const bool *told)
{
    return __atomic_load_n(told, __ATOMIC_RELAXED);
}

/* libgcc_s wherever it was loaded from; LLVM's libunwind by the one function that takes a whole section. */
void unwind_tell(struct far_unwind *unwind)
{
    if (!unwind->frames || (was_told(&unwind->told_gcc) && was_told(&unwind->told_llvm)))
        return;
    void *gcc = was_told(&unwind->told_gcc) ? NULL : unwinder_open();
    tell(unwind->frames, gcc ? dlsym(gcc, "__register_frame") : NULL, &unwind->told_gcc);
    tell(unwind->frames, dlsym(RTLD_DEFAULT, "__unw_add_dynamic_eh_frame_section"), &unwind->told_llvm);
    if (gcc)
        dlclose(gcc);
}

static void forget(const void *frames, void *function, bool *told)
{
    if (function && __atomic_exchange_n(told, false, __ATOMIC_SEQ_CST))
        ((tell_frames *)(uintptr_t)function)(frames);
}

void unwind_forget(struct far_unwind *unwind)
{
    const void *frames = __atomic_exchange_n(&unwind->frames, NULL, __ATOMIC_SEQ_CST);
    void *gcc = unwind->told_gcc ? unwinder_open() : NULL;
    forget(frames, gcc ? dlsym(gcc, "__deregister_frame") : NULL, &unwind->told_gcc);
    forget(frames, dlsym(RTLD_DEFAULT, "__unw_remove_dynamic_eh_frame_section"), &unwind->told_llvm);
    if (gcc)
        dlclose(gcc);
}

/* backtrace() loads libgcc_s at its first call, when nobody asks us any more: so it is loaded a little earlier. */
static void expect_backtrace(uint32_t binding_count)
{
    static bool looked;
    bool any = false;
    for (uint32_t i = 0; i < binding_count; i++)
        any |= far_process.binding[i]->level == FAR_LEVEL_TRUSTED;
    if (any && !__atomic_exchange_n(&looked, true, __ATOMIC_RELAXED) && !process_has_loaded(UNWINDER) &&
        process_calls("backtrace"))
        unwind_load();
}

void unwind_tell_all(void)
{
    uint32_t count = __atomic_load_n(&far_process.binding_count, __ATOMIC_ACQUIRE);
    expect_backtrace(count);
    for (uint32_t i = 0; i < count; i++)
        unwind_tell(&far_process.binding[i]->unwind);
}

void unwind_load(void)
{
    dlopen(UNWINDER, RTLD_LAZY);
}
