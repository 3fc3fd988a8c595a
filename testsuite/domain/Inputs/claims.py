# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""600 claims of a domain segment while the host that maps it is stopped."""
import json
import os
import signal
import struct
import subprocess

import fardclient
from fardclient import Fard, TRUSTED

far = os.environ["FAR"] + "/bin/far"
DOMAIN, TRUST = 7, 8


def trust(client, name, wanted):
    client.ask(TRUST, name.ljust(64, b"\0") + struct.pack("<II", wanted, 0))


manager = Fard()
manager.register(open(os.environ["SEGMENT"], "rb").read(), rules=[(0, 0, TRUSTED)])
fard = struct.unpack_from("<I", manager.ask(fardclient.STATUS)[0], 24)[0]
host = json.loads(subprocess.check_output([far, "describe", "kv", "--json"]))["host"]["pid"]

client = Fard()
body, fds = client.ask(DOMAIN, struct.pack("<QQ", 0, 0))
base = struct.unpack_from("<Q", body)[0]
os.close(fds[0])
trust(client, b"kv", 1)
print("trusted")
os.kill(host, signal.SIGSTOP)
before = len(os.listdir("/proc/%d/fd" % fard))
for _ in range(600):
    client.close()
    client = Fard()
    _, fds = client.ask(DOMAIN, struct.pack("<QQ", 0, base))
    os.close(fds[0])
now = len(os.listdir("/proc/%d/fd" % fard))
print("600 claims, descriptors", "as before" if now < before + 20 else "%d, were %d" % (now, before))
os.kill(host, signal.SIGCONT)
trust(client, b"kv", 0)
print("distrusted")
