/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a file may put on somebody's terminal: letters of any script, no control characters in any encoding. */
#include "runtime/format/complain.h"
#include "testsuite/unit/check.h"

int main(void)
{
    CHECK(text_is_printable("const char *key", 64));
    CHECK(text_is_printable("Schl\xc3\xbcssel \xe2\x80\x94 \xe2\x82\xac", 64));
    CHECK(!text_is_printable("\x1b[31m", 64));
    CHECK(!text_is_printable("a\x7f", 64));
    CHECK(!text_is_printable("a\x9b"
                             "31m",
                             64)); /* CSI as one byte */
    CHECK(!text_is_printable("a\xc2\x9b"
                             "31m",
                             64)); /* and in UTF-8 */
    CHECK(!text_is_printable("not ended", 9));
    return check_result();
}
