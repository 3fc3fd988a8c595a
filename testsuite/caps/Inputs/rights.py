# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a token gives, and what it does not."""
import json
import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../runtime/Inputs"))
from fardclient import Fard, import_table  # noqa: E402

from caps import ALICE, BOB, Holder, grant, ids, main, revoke, run


def works():
    """A token raises what the policy gives, for whoever has it, in whichever way it is presented."""
    token = grant("read")
    plain = Holder()
    plain.bind("none")
    plain.expect("where", "where: there")
    plain.expect("touch", "touch: SIGSEGV")
    plain.expect("read", "read: -1, Bad address")
    for uid in ALICE, BOB:
        holder = Holder(token, uid)
        holder.bind("read")
        holder.expect("where", "where: there")
        holder.expect("touch", "touch: 41")
        holder.expect("read", "read: 41")
        holder.expect("stub", "stub: trap")
        holder.quit()
    trusted = Holder(grant("trusted"))
    trusted.bind("trusted")
    trusted.expect("stub", "stub: branch")
    trusted.quit()
    plain.quit()


def by_call():
    """far_present before the first use; what is bound already stays as it is."""
    token = grant("read")
    early = Holder()
    early.expect("present " + token, "present: 0")
    early.bind("read")
    early.expect("where", "where: there")
    early.expect("touch", "touch: 41")
    late = Holder()
    late.bind("none")
    late.expect("present " + token, "present: 0")
    late.expect("level", "level: none")
    late.expect("where", "where: there")
    late.expect("touch", "touch: SIGSEGV")
    late.expect("get", "get: 41")
    early.quit()
    late.quit()


def wrong():
    """A token that was never granted; a slip; and whoever guesses is not listened to any more."""
    token = grant("read")
    secret = token.split(":")[2]
    holder = Holder()
    holder.expect("present " + token[:-1] + ("a" if token[-1] != "a" else "b"), "present: -1, Invalid argument")
    holder.expect("present nonsense", "present: -1, Invalid argument")
    other = forged(secret)
    holder.expect("present " + other, "present: -1, Permission denied")
    for _ in range(9):
        holder.expect("present " + other, "present: -1, Permission denied")
    holder.expect("present " + token, "present: -1, Resource temporarily unavailable")
    holder.bind("none")
    bob = Holder(token, BOB)
    bob.bind("read")
    holder.quit()
    bob.quit()


def forged(secret):
    """Another one, with the checksum that belongs to it: docs/capabilities.md says how."""
    import binascii
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    text = "farcap1:hold:" + ("b" if secret[0] == "a" else "a") + secret[1:32]
    total = binascii.crc32(text.encode())
    return text + "".join(letters[total >> 5 * i & 31] for i in range(4))


def narrowed():
    """What was narrowed has the operations that it names and no others, and cannot be made to have more."""
    token = grant("read", "--expires", "1d")
    narrow = run("cap", "narrow", token, "--operation", "hold_get", "--operation", "hold_where", uid=ALICE)
    holder = Holder(narrow, BOB)
    holder.bind("read")
    holder.expect("get", "get: 41")
    holder.expect("set 5", "set: -1, Permission denied")
    holder.expect("where", "where: there")
    holder.expect("read", "read: -1, Permission denied")
    holder.expect("touch", "touch: 41")
    for options, word in [(["--operation", "hold_set"], "does not grant operation hold_set"),
                          (["--level", "trusted"], "no more than read"),
                          (["--expires", "2d"], "expires earlier")]:
        run("cap", "narrow", narrow, *options, uid=BOB, code=77)
        assert word in run.stderr, run.stderr
    none = run("cap", "narrow", narrow, "--level", "none", uid=BOB)
    assert {i: (e["parent"], e["level"], e["operations"]) for i, e in ids().items()} == {
        1: (0, "read", ""), 2: (1, "read", "hold_get,hold_where"), 3: (2, "none", "hold_get,hold_where")}, ids()
    run("cap", "grant", "hold", "--level", "trusted", "--operation", "hold_get", code=64)
    assert "held by no list" in run.stderr
    run("cap", "grant", "hold", "--operation", "nobody", code=65)
    run("cap", "grant", "hold", uid=ALICE, code=77)
    library = Holder(token)
    answer = library.ask("narrow " + token).split()
    assert answer[:2] == ["narrow:", "0"], answer
    assert ids()[4]["note"] == "from C" and ids()[4]["uid"] == ALICE
    library.quit()
    holder.quit()
    assert none


def explained():
    """far explain about a holder says what its calls do, and no more when the right has gone."""
    token = grant("read", "--operation", "hold_get")
    holder = Holder(token)
    holder.bind("read")

    def ask(*options):
        said = json.loads(run("explain", "hold", "--json", *options))
        return said, {op["name"]: (op["call"], op["because"]) for op in said["operations"]}

    about = "--as", "pid:%d" % holder.pid
    said, operations = ask(*about)
    assert said["level"] == said["bound"] == said["channel"] == "read", said
    assert operations.pop("hold_get")[0] == "trap", operations
    assert len(operations) > 1, operations
    assert set(operations.values()) == {("fails", "the capability does not name it")}, operations
    assert set(ask(*about, "--machine", "aarch64")[1].values()) == {("fails", "there is no executable for that machine")}
    twice = Fard()  # what was handed out is not taken back by wanting less
    twice.ask(int(os.environ["CAPS_MESSAGES"].split()[0]), grant("read").encode().ljust(128, b"\0"))
    table = import_table("hold", ops={"hold_get": int(os.environ["CAPS_FINGERPRINT"], 16)})
    twice.bind(table, want=2)
    twice.bind(table, want=1)
    revoke(token)
    said = ask("--as", "pid:%d" % os.getpid())[0]
    assert said["bound"] == "read" and said["channel"] == "none", said
    said, operations = ask(*about)
    assert said["level"] == "none" and said["bound"] is None, said
    assert operations["hold_get"][0] == "trap", operations


def expires():
    """A capability that has expired is not valid; what was bound by it is taken away."""
    token = grant("read", "--expires", "3s")
    holder = Holder(token)
    holder.bind("read")
    holder.expect("where", "where: there")
    holder.expect("compute", "compute: begun")
    assert holder.hear() == "compute: SIGSEGV"
    holder.expect("get", "get: -1, Permission denied")
    assert ids() == {}
    late = Holder()
    late.expect("present " + token, "present: -1, Permission denied")
    run("cap", "grant", "hold", "--expires", "2001-01-01T00:00:00Z", code=64)
    holder.quit()
    late.quit()


def hidden():
    """The token is in no log, no audit log, no listing, no other user's ps, not in the store, and in fard's memory no longer."""
    token = grant("read")
    narrow = run("cap", "narrow", "@-", "--note", "for bob", input=token, uid=ALICE)
    holder = Holder(narrow)
    holder.bind("read")
    secrets = [text.split(":")[2] for text in (token, narrow)]
    here = run("cap", "ls") + run("cap", "ls", "--json") + run("describe", "hold")
    store = os.environ["FARD_STORE"]
    for folder, _, names in os.walk(store):
        for name in names:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                here += open(path, "rb").read().decode("latin-1")
    here += open(os.environ["FARD_LOG"]).read()
    assert all('"%s"' % event in here for event in ("capability-grant", "capability-narrow", "capability-present")), here
    pids = [entry for entry in os.listdir("/proc") if entry.isdigit()]
    for pid in pids:
        try:
            here += open("/proc/%s/cmdline" % pid).read()
        except OSError:
            pass
    assert not any(secret in here for secret in secrets)
    status = int(run("cap", "ls", "--json", uid=BOB).count('"id"'))
    assert status == 0
    assert [e["id"] for e in __import__("json").loads(run("cap", "ls", "--json", uid=ALICE))["capabilities"]] == [2]
    holder.quit()


main({name: function for name, function in globals().items() if callable(function) and function.__module__ == "__main__"})
