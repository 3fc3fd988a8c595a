# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What revoking a capability takes away, from whom, and what it leaves."""
import os
import signal
import sqlite3
import subprocess
import sys
import time

from caps import ALICE, BOB, Holder, alive, grant, ids, main, maps_of, revoke, run, started, until


def computing():
    """Who computes on the memory and calls nothing loses it all the same, and knows by SIGSEGV."""
    token = grant("read")
    holder = Holder(token)
    holder.bind("read")
    holder.expect("where", "where: there")
    holder.expect("compute", "compute: begun")
    assert maps_of(holder.pid)
    result = revoke(token)
    assert not maps_of(holder.pid), maps_of(holder.pid)
    assert result == {"capabilities": 1, "holders": 1, "killed": 0, "kept": 0, "unseen": 0, "finished": True}, result
    assert holder.hear() == "compute: SIGSEGV"
    holder.expect("get", "get: -1, Permission denied")
    holder.expect("level", "level: unset")
    holder.expect("touch", "touch: SIGSEGV")
    holder.quit()


def trusted():
    """A branch becomes a trap that fails; code and data are gone; the policy's own clients go on."""
    token = grant("trusted")
    holder = Holder(token)
    holder.bind("trusted")
    holder.expect("stub", "stub: branch")
    holder.expect("where", "where: there")
    holder.expect("get", "get: 41")
    other = Holder(None, BOB)
    other.bind("none")
    result = revoke(token)
    assert (result["holders"], result["killed"]) == (1, 0), result
    assert not maps_of(holder.pid), maps_of(holder.pid)
    holder.expect("stub", "stub: trap")
    holder.expect("get", "get: -1, Permission denied")
    holder.expect("set 3", "set: -1, Permission denied")
    holder.expect("touch", "touch: SIGSEGV")
    holder.expect("bind ./libhold.so", "bind: unset")
    other.expect("get", "get: 41")
    holder.quit()
    other.quit()


def calling():
    """A call in progress ends as failed at once, and nothing of its result arrives."""
    token = grant("read")
    holder = Holder(token)
    holder.bind("read")
    holder.expect("slow", "slow: begun")
    time.sleep(0.2)
    before = time.monotonic()
    result = revoke(token)
    assert result["holders"] == 1 and result["killed"] == 0, result
    assert holder.hear() == "slow: -1, Permission denied; nothing came"
    assert time.monotonic() - before < 1.2, "it waited for the call's end"
    holder.expect("get", "get: -1, Permission denied")
    plain = Holder()
    plain.bind("none")
    plain.expect("get", "get: 41")
    plain.quit()
    holder.quit()


def descendants():
    """What was narrowed goes with what it was narrowed from; its siblings and its parent stay."""
    root = grant("read")
    left = run("cap", "narrow", root, uid=ALICE)
    right = run("cap", "narrow", root, uid=ALICE)
    below = run("cap", "narrow", left, "--operation", "hold_get", uid=BOB)
    holders = [Holder(token) for token in (root, left, right, below)]
    for holder in holders:
        holder.bind("read")
        if holder is not holders[3]:
            holder.expect("where", "where: there")
    # Not its own, not a sibling, not upwards; what is below what one has, yes.
    run("cap", "revoke", left, "--by", left, uid=ALICE, code=77)
    run("cap", "revoke", right, "--by", left, uid=ALICE, code=77)
    run("cap", "revoke", "1", "--by", left, uid=ALICE, code=77)
    run("cap", "revoke", "2", uid=ALICE, code=77)
    assert len(ids()) == 4
    result = revoke("2", "--by", root, uid=ALICE)
    assert (result["capabilities"], result["holders"], result["killed"]) == (2, 2, 0), result
    assert sorted(ids()) == [1, 3]
    for holder, there in zip(holders, (True, False, True, False)):
        holder.expect("get", "get: 41" if there else "get: -1, Permission denied")
        assert bool(maps_of(holder.pid)) == there
    result = revoke("1")
    assert (result["capabilities"], result["holders"]) == (2, 2), result
    for holder in holders:
        holder.expect("get", "get: -1, Permission denied")
        holder.quit()
    assert not ids()


def kept_by_policy():
    """Who has as much by the policy loses nothing."""
    token = grant("read")
    holder = Holder(token, BOB)
    holder.bind("read")
    holder.expect("where", "where: there")
    other = Holder(token, ALICE)
    other.bind("read")
    result = revoke(token)
    assert (result["holders"], result["killed"]) == (1, 0), result
    holder.expect("touch", "touch: 41")
    holder.expect("get", "get: 41")
    other.expect("get", "get: -1, Permission denied")
    holder.quit()
    other.quit()


def two():
    """Who presented another one that gives as much goes on by that."""
    first, second = grant("read"), grant("read")
    holder = Holder(first + "," + second)
    holder.bind("read")
    holder.expect("where", "where: there")
    assert revoke(first)["holders"] == 0
    holder.expect("touch", "touch: 41")
    holder.expect("get", "get: 41")
    assert revoke(second)["holders"] == 1
    holder.expect("touch", "touch: SIGSEGV")
    holder.quit()


def spare():
    """One that it does not need is taken away: not even the call in progress notices."""
    operations = ["--operation", "hold_get", "--operation", "hold_slow", "--operation", "hold_where"]
    used, other = grant("read", *operations), grant("read", *operations)
    holder = Holder(used + "," + other)
    holder.bind("read")
    holder.expect("where", "where: there")
    holder.expect("slow", "slow: begun")
    time.sleep(0.2)
    result = revoke(other)
    assert (result["holders"], result["killed"]) == (0, 0), result
    heard = holder.hear()
    assert heard.startswith("slow: ") and "Permission" not in heard, heard
    holder.expect("touch", "touch: 41")
    holder.expect("get", "get: 41")
    holder.quit()


def full():
    """A store that cannot be written keeps nobody his right; the row goes when there is room again."""
    store = os.environ["FARD_STORE"]
    token = grant("read")
    holder = Holder(token)
    holder.bind("read")
    holder.expect("where", "where: there")
    with open(store + "/fill", "wb", buffering=0) as fill:
        try:
            while True:
                fill.write(bytes(4096))
        except OSError:
            pass
    run("cap", "revoke", token, code=75)
    assert "the right is taken away, but the store cannot be written" in run.stderr, run.stderr
    assert not maps_of(holder.pid) and not ids()
    holder.expect("get", "get: -1, Permission denied")
    os.unlink(store + "/fill")
    rows = lambda: sqlite3.connect("file:" + store + "/names.db?mode=ro", uri=True).execute(
        "select count(*) from capabilities").fetchone()[0]
    until(lambda: rows() == 0)
    holder.quit()


def forked():
    """A child that has the mapping from fork lets go as its parent does."""
    token = grant("read")
    holder = Holder(token)
    holder.bind("read")
    holder.expect("where", "where: there")
    child = int(holder.ask("fork").split()[1])
    assert maps_of(child)
    result = revoke(token)
    assert not maps_of(holder.pid)
    assert not alive(child) or not maps_of(child)
    if alive(child):
        os.kill(child, signal.SIGKILL)
    holder.expect("touch", "touch: SIGSEGV")
    holder.quit()
    assert result["kept"] == 0


def raw(how, token):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "raw_holder.py")
    process = subprocess.Popen([sys.executable, script, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               user=ALICE, group=ALICE, extra_groups=[])
    started.append(process)
    process.stdin.write(token + "\n")
    process.stdin.flush()
    return process


def answers():
    """What a call in progress would have answered is not in the A-stack either, which the holder keeps mapped."""
    for how in "calls", "closes":
        token = grant("read")
        process = raw(how, token)
        assert process.stdout.readline() == "held 0\n"
        result = revoke(token)
        assert result["holders"] == 1 and result["killed"] == 0 and result["finished"], result
        assert process.stdout.readline() == "nothing arrived\n", how
        assert process.wait(10) == 0


def hostile(how, killed_parent, killed_child):
    token = grant("read")
    polite = Holder(token, BOB)
    polite.bind("read")
    polite.expect("where", "where: there")
    process = raw(how, token)
    words = process.stdout.readline().split()
    assert words[:1] == ["held"], words
    child = int(words[1])
    result = revoke(token)
    assert result["holders"] == 2, result
    assert result["killed"] == killed_parent + killed_child, (how, result)
    assert (result["kept"], result["unseen"], result["finished"]) == (0, 0, True), result
    if killed_parent:
        assert process.wait(10) == -signal.SIGKILL
    else:
        assert process.poll() is None
        process.kill()
        process.wait()
    if child:
        until(lambda: not alive(child), 10)
    polite.expect("touch", "touch: SIGSEGV")
    polite.quit()


def ignores():
    """Who does not do as it is told is killed after a second."""
    hostile("ignores", 1, 0)


def lies():
    """Who says that it has unmapped and has not is killed."""
    hostile("lies", 1, 0)


def descriptor():
    """Nor may it keep the descriptor."""
    hostile("descriptor", 1, 0)


def child():
    """Nor its child the mapping."""
    hostile("child", 0, 1)


def thread():
    """Nor a thread of its, behind a first one that has ended."""
    hostile("thread", 1, 0)


if sys.argv[1] == "kept_by_policy":
    OPTIONS = ["--read", "uid:%d" % BOB]
else:
    OPTIONS = []
main({name: function for name, function in globals().items() if callable(function) and function.__module__ == "__main__"},
     *OPTIONS)
