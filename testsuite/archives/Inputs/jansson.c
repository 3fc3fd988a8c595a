/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "jansson_far.h"

#include <stdlib.h>

void jansson_far_free(void *memory)
{
    free(memory);
}
