/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "runtime/fard/child.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

void child_reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool is_among(const char *variable, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

void child_keep_environment(const char *const *names, size_t count, char **kept, size_t used, size_t room)
{
    for (char **variable = environ; *variable && used + 1 < room; variable++)
        if (is_among(*variable, names, count))
            kept[used++] = *variable;
    kept[used] = NULL;
}
