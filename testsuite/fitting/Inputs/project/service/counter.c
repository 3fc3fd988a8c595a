/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "counter.h"
#include "private.h"
#include "squares.h"
#include <steps.h>

static int value = COUNTER_START;

int counter_add(const struct counter_step *step)
{
    return value = stepped(value, helped(step->by)) + square(0);
}
