# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The process that listens at FARCALL_SOCKET."""
import os
import socket
import struct

connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect(os.environ["FARCALL_SOCKET"])
print(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])
