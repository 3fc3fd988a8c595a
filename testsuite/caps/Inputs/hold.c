/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "hold.h"

#include <string.h>
#include <time.h>

static struct hold_cell cell = {41};

const struct hold_cell *hold_where(void)
{
    return &cell;
}

int hold_get(void)
{
    return cell.value;
}

int hold_set(int value)
{
    cell.value = value;
    return 0;
}

int hold_read(const struct hold_cell *from)
{
    return from->value;
}

int hold_slow(int ms, char *secret)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&time, 0);
    memcpy(secret, "it-was-a-secret", 16);
    return 0;
}
