/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* PCRE2 as a service, for text of 8-bit units. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <farcall/annotate.h>
#include <pcre2.h>

/* clang-format off */
far_service(pcre2, 10, 42);

far_op far_fails(NULL)
    pcre2_code_8 *far_handle far_nullable
    pcre2_compile_8(PCRE2_SPTR8 __sized_by(length) pattern, PCRE2_SIZE length, uint32_t options, int *far_out errorcode,
                    PCRE2_SIZE *far_out erroroffset, pcre2_compile_context_8 *far_handle far_nullable context);
far_op void pcre2_code_free_8(pcre2_code_8 *far_release far_nullable code);
far_op pcre2_match_data_8 *far_handle far_nullable
    pcre2_match_data_create_from_pattern_8(const pcre2_code_8 *far_handle code,
                                           pcre2_general_context_8 *far_handle far_nullable context);
far_op void pcre2_match_data_free_8(pcre2_match_data_8 *far_release far_nullable match_data);
far_op far_fails(PCRE2_ERROR_INTERNAL)
    int pcre2_match_8(const pcre2_code_8 *far_handle code, PCRE2_SPTR8 __sized_by(length) far_lifetime(match_data) subject,
                      PCRE2_SIZE length, PCRE2_SIZE startoffset, uint32_t options,
                      pcre2_match_data_8 *far_handle match_data, pcre2_match_context_8 *far_handle far_nullable context);
far_op uint32_t pcre2_get_ovector_count_8(pcre2_match_data_8 *far_handle match_data);
far_op PCRE2_SIZE *__counted_by(2) far_lifetime(match_data)
    pcre2_get_ovector_pointer_8(pcre2_match_data_8 *far_handle match_data);
far_op far_fails(PCRE2_ERROR_INTERNAL)
    int pcre2_substring_copy_bynumber_8(pcre2_match_data_8 *far_handle match_data, uint32_t number,
                                        PCRE2_UCHAR8 *far_out __sized_by(*length) buffer, PCRE2_SIZE *far_inout length);
far_op far_fails(PCRE2_ERROR_INTERNAL)
    int pcre2_get_error_message_8(int errorcode, PCRE2_UCHAR8 *far_out __sized_by(length) buffer, PCRE2_SIZE length);
