# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""As uid 64001: all the connections that it may have, and then far and a client, often enough to be early and late."""
import os
import socket
import subprocess
import sys

os.setgroups([]), os.setresgid(*[64001] * 3), os.setresuid(*[64001] * 3)
held = []
for _ in range(1100):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.connect(os.environ["FARCALL_SOCKET"])
    held.append(one)

for command in [[os.environ["FAR"] + "/bin/far", "ls"], [sys.argv[1]]]:
    answers = set()
    for _ in range(20):
        done = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False)
        answers.add(done.stderr + str(done.returncode))
    print("\n".join(sorted(answers)))
