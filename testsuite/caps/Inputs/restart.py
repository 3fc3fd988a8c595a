# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fard is killed and started again on its store: tokens are what they were, what was revoked stays so, and who held by one
before can lose it after."""
import os
import shutil
import subprocess
import tempfile

from caps import ALICE, BUILD, Holder, grant, ids, maps_of, revoke, run, until

work = tempfile.mkdtemp(prefix="caps.", dir="/tmp")
os.chmod(work, 0o755)
os.environ["FARCALL_SOCKET"] = work + "/socket"


def start():
    log = open("log", "w")
    options = {key: value for key, value in os.environ.items() if key != "FARCALL_SOCKET"}
    fard = subprocess.Popen([BUILD + "/bin/fard", "--foreground", "--socket", work + "/socket", "--store", work + "/store"],
                            stderr=log, stdin=subprocess.DEVNULL, env=options)
    until(lambda: "listening" in open("log").read())
    return fard


def check(fards):
    fard = fards[0]
    run("register", "hold.seg")
    token, other = grant("read"), grant("read")
    narrow = run("cap", "narrow", token, "--operation", "hold_get", uid=ALICE)
    revoke(other)
    before = ids()
    holder = Holder(token)
    holder.bind("read")
    holder.expect("where", "where: there")
    fard.kill()
    fard.wait()
    fards.append(start())
    after = ids()
    for entry in list(before.values()) + list(after.values()):
        entry.pop("holders")
    assert before == after and sorted(after) == [1, 3], (before, after)
    # The library has presented it anew, though the program calls nothing.
    until(lambda: ids()[1]["holders"] == 1)
    holder.expect("get", "get: 41")
    limited = Holder(narrow)
    limited.bind("read")
    limited.expect("set 1", "set: -1, Permission denied")
    refused = Holder()
    refused.expect("present " + other, "present: -1, Permission denied")
    result = revoke(token)
    assert (result["capabilities"], result["holders"], result["killed"], result["finished"]) == (2, 2, 0, True), result
    assert not maps_of(holder.pid), maps_of(holder.pid)
    holder.expect("touch", "touch: SIGSEGV")
    holder.expect("get", "get: -1, Permission denied")
    for each in holder, limited, refused:
        each.quit()


def main():
    fards = [start()]
    try:
        check(fards)
        print("restart: fine")
    finally:
        fards[-1].terminate()
        fards[-1].wait()
        shutil.rmtree(work)


main()
