/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* probe-client OPERATION [ARGUMENT]…: each result on a line of its own. */
#include "probe.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int call(const char *name, const char *argument)
{
    int number = atoi(argument);
    return strcmp(name, "read") == 0     ? probe_read(argument)
           : strcmp(name, "write") == 0  ? probe_write(argument)
           : strcmp(name, "socket") == 0 ? probe_socket(number)
           : strcmp(name, "execve") == 0 ? probe_execve()
           : strcmp(name, "fork") == 0   ? probe_fork(number)
           : strcmp(name, "ptrace") == 0 ? probe_ptrace(number)
           : strcmp(name, "kill") == 0   ? probe_kill(number)
           : strcmp(name, "mount") == 0  ? probe_mount()
           : strcmp(name, "memory") == 0 ? probe_memory(number)
           : strcmp(name, "files") == 0  ? probe_files(number)
           : strcmp(name, "burn") == 0   ? probe_burn()
           : strcmp(name, "mode") == 0   ? probe_mode(argument)
           : strcmp(name, "nice") == 0   ? probe_nice(number)
           : strcmp(name, "shared") == 0 ? probe_shared(number)
           : strcmp(name, "manage") == 0 ? probe_manage(argument)
                                         : probe_works();
}

int main(int argc, char **argv)
{
    const char *argument = argc > 2 ? argv[2] : "";
    errno = 0;
    int result = call(argv[1], argument);
    const char *said = result == -1000 ? "the host is gone" : result < 0 ? strerror(-result) : "fine";
    printf("%s%s%s: %d %s\n", argv[1], argument[0] ? " " : "", argument, result, said);
    return argc < 2;
}
