/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "client.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

int main(void)
{
    static const char subject[] = "from 2023-06-15 on";
    int error;
    PCRE2_SIZE at, length;
    char text[128];

    show(pcre2_compile);
    show(pcre2_match);
    must(!pcre2_compile((PCRE2_SPTR) "a(b", 3, 0, &error, &at, NULL));
    pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
    printf("pcre2: at %zu: %s\n", (size_t)at, text);

    pcre2_code *code = pcre2_compile((PCRE2_SPTR) "(?<year>\\d{4})-(\\d\\d)-(\\d\\d)", PCRE2_ZERO_TERMINATED, PCRE2_UTF,
                                     &error, &at, NULL);
    must(code != NULL);
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
    must(pcre2_match(code, (PCRE2_SPTR)subject, strlen(subject), 0, 0, match, NULL) == 4);
    must(pcre2_get_ovector_pointer(match)[0] == 5 && pcre2_get_ovector_pointer(match)[1] == 15);
    length = sizeof text;
    must(pcre2_substring_copy_bynumber(match, 2, (PCRE2_UCHAR *)text, &length) == 0 && length == 2);
    printf("pcre2: month %s\n", text);
    must(pcre2_match(code, (PCRE2_SPTR) "no date", 7, 0, 0, match, NULL) == PCRE2_ERROR_NOMATCH);
    pcre2_match_data_free(match);
    pcre2_code_free(code);
    return 0;
}
