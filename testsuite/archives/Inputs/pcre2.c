/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * In the place of pcre2_jit_compile.o, which is one object with all of PCRE2's own compiler to machine code: that one
 * maps executable memory into one process. Without it matching touches nothing of a process, and trusted clients do it
 * themselves.
 */
#include <stddef.h>
#include <stdint.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct pcre2_memctl;

int pcre2_jit_compile_8(pcre2_code_8 *code, uint32_t options)
{
    (void)code;
    (void)options;
    return PCRE2_ERROR_JIT_BADOPTION;
}

int pcre2_jit_match_8(const pcre2_code_8 *code, PCRE2_SPTR8 subject, PCRE2_SIZE length, PCRE2_SIZE start,
                      uint32_t options, pcre2_match_data_8 *match_data, pcre2_match_context_8 *context)
{
    (void)code;
    (void)subject;
    (void)length;
    (void)start;
    (void)options;
    (void)match_data;
    (void)context;
    return PCRE2_ERROR_JIT_BADOPTION;
}

void _pcre2_jit_free_8(void *executable, struct pcre2_memctl *memctl);
void _pcre2_jit_free_8(void *executable, struct pcre2_memctl *memctl)
{
    (void)executable;
    (void)memctl;
}

void _pcre2_jit_free_rodata_8(void *current, void *allocator);
void _pcre2_jit_free_rodata_8(void *current, void *allocator)
{
    (void)current;
    (void)allocator;
}

size_t _pcre2_jit_get_size_8(void *executable);
size_t _pcre2_jit_get_size_8(void *executable)
{
    (void)executable;
    return 0;
}

const char *_pcre2_jit_get_target_8(void);
const char *_pcre2_jit_get_target_8(void)
{
    return "none";
}

int _pcre2_jit_check_exec_8(void);
int _pcre2_jit_check_exec_8(void)
{
    return 0;
}
