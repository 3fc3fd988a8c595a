#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""on_terminal.py PROGRAM ARGUMENTS: run it on a terminal of its own and print what it says there."""

import errno
import os
import pty
import sys

child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    try:
        said = os.read(terminal, 4096)
    except OSError as error:
        if error.errno == errno.EIO:  # the other side is closed
            break
        raise
    if not said:
        break
    os.write(1, said)
ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if ended < 0:
    sys.exit(f"{sys.argv[1]} was ended by signal {-ended}")
