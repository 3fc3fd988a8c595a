/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Each operation in turn, by trap; what becomes of it, and whether the host is the same afterwards. */
#include "dbg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void report(const char *what, int result)
{
    printf("%s: %d%s%s\n", what, result, result == -1 ? " " : "", result == -1 ? strerror(errno) : "");
}

int main(int argc, char **argv)
{
    int host = dbg_pid(1);
    report("inside", dbg_inside(3));
    report("jump before set", dbg_jump());
    report("set", dbg_set());
    report("jump", dbg_jump());
    report("jump with text", dbg_jump_with("text"));
    if (argc < 2)
        return printf("same host: %d\n", dbg_pid(1) == host) < 0;
    report("throw", dbg_throw(argv[1]));
    report("throw again", dbg_throw_plain(1));
    report("throw again", dbg_throw_plain(2));
    report("end thread", dbg_end_thread(0));
    report("twice", dbg_twice(4));
    report("cancel", dbg_end_thread(1));
    report("inside", dbg_inside(100));
    printf("same host: %d\n", dbg_pid(1) == host);
    report("exit", dbg_exit(3));
    report("twice", dbg_twice(5));
    printf("same host: %d\n", dbg_pid(1) == host);
    return 0;
}
