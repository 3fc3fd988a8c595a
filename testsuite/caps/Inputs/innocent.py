# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whom revoking a capability must leave alone, and what a holder can do to others by it: nothing."""
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import caps
from caps import ALICE, BOB, BUILD, Holder, alive, grant, ids, main, maps_of, revoke, run, started, until

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../survive/Inputs"))
from survive import Node  # noqa: E402


def raw(token, uid, *words, keep=()):
    """raw_holder.py; what it says first has been heard."""
    process = subprocess.Popen([sys.executable, HERE + "/raw_holder.py", *words], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, user=uid, group=uid, extra_groups=[], pass_fds=keep)
    started.append(process)
    process.stdin.write(token + "\n")
    process.stdin.flush()
    return process


def used(uid, level="read"):
    """A capability by which a process of that uid had the memory: who revokes it makes fard look at all processes."""
    token = grant(level)
    assert raw(token, uid, "leaves").wait(caps.PATIENCE) == 0
    return token


def binding():
    """Who binds by another capability while fard looks."""
    token, stop, ended = grant("read"), threading.Event(), []

    def bind_on():
        while not stop.is_set():
            holder = Holder(token, BOB)
            answers = [holder.ask(line) for line in ("bind ./libhold.so", "where", "touch")]
            holder.process.stdin.close()
            ended.append((holder.process.wait(caps.PATIENCE), *answers))
            holder.process.stdout.close()

    threads = [threading.Thread(target=bind_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(12):
            result = revoke(used(BOB))
            assert result["killed"] == 0 and result["finished"], result
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(ended) > 4 and set(ended) == {(0, "bind: read", "where: there", "touch: 41")}, ended


def child_of_told():
    """Who has a right of its own, and was started by one that lost its right."""
    first, second = grant("read"), grant("read")
    parent = raw(first, ALICE, "parent", "./holder", second)
    assert parent.stdout.readline() == "held 0\n"

    def expect(line, answer):
        parent.stdin.write(line + "\n")
        parent.stdin.flush()
        assert parent.stdout.readline().strip() == answer, line

    expect("bind ./libhold.so", "bind: read")
    expect("where", "where: there")
    result = revoke(first)
    assert (result["killed"], result["kept"]) == (0, 0), result
    expect("touch", "touch: 41")
    expect("get", "get: 41")
    assert parent.poll() is None
    run("cap", "revoke", second)
    expect("touch", "touch: SIGSEGV")
    parent.stdin.close()


def stranger():
    """A process of another user that was passed a descriptor: it is reported, whatever the holder does."""
    here, there = socket.socketpair()
    token = grant("read")
    narrow = run("cap", "narrow", token, uid=ALICE)
    holder = raw(narrow, ALICE, "hands", str(there.fileno()), keep=(there.fileno(),))
    assert holder.stdout.readline() == "held 0\n"
    daemon = os.fork()
    if daemon == 0:
        try:
            os.setgroups([])
            os.setgid(BOB)
            os.setuid(BOB)
            socket.recv_fds(here, 1, 4)
            print("taken", flush=True)
            time.sleep(1000)
        finally:
            os._exit(1)
    until(lambda: any("far:hold:data" in os.readlink("/proc/%d/fd/%s" % (daemon, fd)) for fd in links(daemon)))
    far = subprocess.run([caps.FAR, "cap", "revoke", narrow, "--by", token], capture_output=True, text=True, user=ALICE,
                         group=ALICE, extra_groups=[])
    assert far.returncode == 75 and "0 processes were killed" in far.stdout, far
    assert "1 process holds the service's memory still" in far.stderr, far.stderr
    assert alive(daemon) and holder.poll() is None
    os.kill(daemon, 9)
    os.waitpid(daemon, 0)


def links(pid):
    return [fd for fd in os.listdir("/proc/%d/fd" % pid) if os.path.islink("/proc/%d/fd/%s" % (pid, fd))]


def friend():
    """The same under the holder's own uid is ended: he could have done it himself."""
    here, there = socket.socketpair()
    token = grant("read")
    holder = raw(token, ALICE, "hands", str(there.fileno()), keep=(there.fileno(),))
    assert holder.stdout.readline() == "held 0\n"
    friend = subprocess.Popen([sys.executable, "-c", "import socket, time, sys\n"
                               "socket.recv_fds(socket.socket(fileno=%d), 1, 4)\nprint('taken', flush=True)\n"
                               "time.sleep(1000)" % here.fileno()], stdout=subprocess.PIPE, text=True,
                              pass_fds=(here.fileno(),), user=ALICE, group=ALICE, extra_groups=[])
    started.append(friend)
    assert friend.stdout.readline() == "taken\n"
    result = revoke(token)
    assert (result["killed"], result["kept"]) == (1, 0), result
    assert friend.wait(caps.PATIENCE) == -9 and holder.poll() is None


def unused():
    """What nobody ever used is revoked without a look at anybody; a burst of it is soon done."""
    tokens = [run("cap", "narrow", grant("read"), uid=ALICE) for _ in range(3)]
    for token in tokens:
        assert revoke(token)["finished"]
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and comm(pid) == "fard-revoke"]


def comm(pid):
    try:
        return open("/proc/%s/comm" % pid).read().strip()
    except OSError:
        return ""


def expiring():
    """Many that end at once end at once; those of others do not wait for them."""
    root = grant("read")
    end = int(time.time()) + 6
    for _ in range(40):
        run("cap", "narrow", root, "--expires", str(max(1, end - int(time.time()))) + "s", uid=ALICE)
    last = grant("read", "--expires", str(max(1, end - int(time.time()))) + "s")
    holder = Holder(last, BOB)
    holder.bind("read")
    holder.expect("where", "where: there")
    until(lambda: time.time() > end + 1)
    until(lambda: sorted(ids()) == [1], 4)
    holder.expect("touch", "touch: SIGSEGV")
    holder.quit()


def old_code():
    """Who keeps nothing but the code of before an upgrade is found all the same."""
    token = grant("trusted")
    process = raw(token, ALICE, "image")
    assert process.stdout.readline() == "held 0\n"
    run("register", "new.seg", "--upgrade")
    result = revoke(token)
    assert result["killed"] == 1 and process.wait(caps.PATIENCE) == -9, result


def node(*options):
    made = Node(BUILD, options)
    made.up()
    os.environ["FARCALL_SOCKET"] = made.socket
    return made


def register(*options):
    run("register", "hold.seg", *options)
    caps.learn()


def by_program():
    """Who is trusted by its executable: after fard was started anew, and as a child whose parent has ended."""
    with node() as fard:
        register("--trust", "exe:" + os.path.realpath("holder"))
        holder = Holder()
        holder.bind("trusted")
        holder.expect("where", "where: there")
        child = int(holder.ask("fork").split()[1])
        holder.quit()
        second = Holder()
        second.bind("trusted")
        second.expect("where", "where: there")
        fard.kill()
        fard.up()
        result = revoke(used(ALICE))
        assert (result["killed"], result["kept"]) == (0, 0), result
        assert alive(child)
        second.expect("touch", "touch: 41")
        os.kill(child, 9)
        second.quit()


def keeper():
    """Who keeps fard's descriptors while fard's own binary is replaced."""
    shutil.rmtree("installed", ignore_errors=True)
    for folder in "bin", "lib":
        os.makedirs("installed/" + folder)
        subprocess.run("cp -a %s/%s/*far* installed/%s" % (BUILD, folder, folder), shell=True, check=True)
    made = Node(os.path.join(os.getcwd(), "installed"))
    with made as fard:
        fard.up()
        os.environ["FARCALL_SOCKET"] = fard.socket
        register()
        before = fard.keeper_pid()
        fard.kill()
        shutil.copy2("installed/bin/fard", "installed/bin/fard.new")
        os.rename("installed/bin/fard.new", "installed/bin/fard")
        fard.up()
        token = grant("read")
        assert raw(token, 0, "leaves").wait(caps.PATIENCE) == 0
        result = revoke(token)
        assert (result["killed"], result["kept"]) == (0, 0), result
        assert alive(before) and fard.keeper_pid() == before


if __name__ == "__main__":
    alone = {"by_program": by_program, "keeper": keeper}
    if sys.argv[1] in alone:
        os.environ["CAPS_MESSAGES"] = caps.message_numbers()
        alone[sys.argv[1]]()
        print(sys.argv[1] + ": fine")
    else:
        main({name: value for name, value in globals().items() if callable(value)})
