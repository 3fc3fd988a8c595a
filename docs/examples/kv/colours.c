/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The smallest client of kv: stores three values, reads them back, and says what its rights are. Any compiler builds it. */
#include "kv.h"

#include <errno.h>
#include <farcall/farcall.h>
#include <stdio.h>
#include <string.h>

static const char *const colours[][2] = {{"apple", "red"}, {"plum", "blue"}, {"pear", "green"}};

enum { COUNT = sizeof colours / sizeof *colours };

static int show(const char *key)
{
    char value[32];
    size_t size;
    if (kv_get(key, value, sizeof value, &size) != 0)
        return -1;
    printf("%s is %s\n", key, value);
    return 0;
}

int main(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (kv_put(colours[i][0], colours[i][1], strlen(colours[i][1]) + 1) != 0 || show(colours[i][0]) != 0) {
            fprintf(stderr, "colours: %s: %s\n", colours[i][0], strerror(errno));
            return 1;
        }
    }
    printf("%zu entries; rights: %s\n", kv_count(), far_level_name(far_level("kv")));
    return 0;
}
