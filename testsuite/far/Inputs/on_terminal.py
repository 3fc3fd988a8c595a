# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command on a terminal of so many columns, and prints what it writes there: on_terminal.py COLUMNS COMMAND ARGS…"""
import fcntl
import os
import pty
import struct
import sys
import termios

columns = int(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
text = b""
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:  # the other end has been closed
        break
    if not piece:
        break
    text += piece
text = text.decode().replace("\r\n", "\n")
sys.stdout.write(text)
widest = max((len(line) for line in text.splitlines()), default=0)
print("widest:", widest if widest > columns else "fits")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
