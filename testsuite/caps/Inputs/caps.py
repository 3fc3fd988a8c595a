# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of capabilities share: far's commands, and holders under other uids."""
import atexit
import json
import os
import re
import select
import subprocess
import sys
import time

BUILD = os.environ["FARCALL_BUILD"]
FAR = os.path.join(BUILD, "bin/far")
ALICE, BOB = 64001, 64002  # nobody else's
PATIENCE = 60
started = []  # processes that must not outlive the test


def run(*words, uid=None, input=None, code=0, env=None):
    """far WORDS…; its output. It must end with `code`."""
    ids = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    done = subprocess.run([FAR, *words], input=input, capture_output=True, text=True, timeout=PATIENCE,
                          env=dict(os.environ, **(env or {})), **ids)
    assert done.returncode == code, (words[:2], done.returncode, done.stdout, done.stderr)
    run.stderr = done.stderr
    return done.stdout.strip()


def grant(level="read", *options):
    return run("cap", "grant", "hold", "--level", level, *options)


def revoke(which, *options, **how):
    return json.loads(run("cap", "revoke", which, "--json", *options, **how))


def ids():
    return {entry["id"]: entry for entry in json.loads(run("cap", "ls", "--json"))["capabilities"]}


class Holder:
    """testsuite/caps/Inputs/holder.c under another uid."""

    def __init__(self, token=None, uid=ALICE):
        env = {key: value for key, value in os.environ.items() if key != "FARCALL_CAPABILITIES"}
        if token:
            env["FARCALL_CAPABILITIES"] = token
        self.process = subprocess.Popen(["./holder"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env,
                                        user=uid, group=uid, extra_groups=[])
        self.pid = self.process.pid
        started.append(self.process)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self, patience=PATIENCE):
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        return self.process.stdout.readline().strip() if ready else "no answer: it hangs"

    def ask(self, line):
        self.tell(line)
        return self.hear()

    def expect(self, line, answer):
        got = self.ask(line)
        assert got == answer, (line, got, answer)

    def bind(self, level):
        self.expect("bind ./libhold.so", "bind: " + level)

    def ended(self):
        return self.process.wait(PATIENCE)

    def quit(self):
        self.process.stdin.close()
        assert self.ended() == 0, self.process.returncode


@atexit.register
def leave_nobody():
    for process in started:
        if process.poll() is None:
            process.kill()


def alive(pid):
    try:
        return open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def maps_of(pid):
    return [line for line in open("/proc/%d/maps" % pid) if "far:hold:data" in line or "far:hold:image" in line]


def until(what, patience=PATIENCE):
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.01)


def message_numbers():
    """As runtime/protocol.h counts them: enumerators, one a comma, from ERROR = 1 on."""
    header = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../runtime/protocol.h")).read()
    body = re.sub(r"/\*.*?\*/", "", header.split("enum far_message_type {")[1].split("}")[0], flags=re.S)
    numbers, next_number = {}, 0
    for word in body.split(","):
        name, _, value = word.strip().partition(" = ")
        next_number = int(value, 0) if value else next_number + 1
        numbers[name] = next_number
    return " ".join(str(numbers["FAR_MSG_" + name]) for name in ("PRESENT", "REVOKED", "REVOKE_DONE"))


def main(scenarios, *options):
    os.environ["CAPS_MESSAGES"] = message_numbers()
    run("register", "hold.seg", *options)
    learn()
    scenarios[sys.argv[1]]()
    print(sys.argv[1] + ": fine")


def learn():
    """What raw_holder.py must know of the service."""
    for operation in json.loads(run("describe", "hold", "--json"))["operations"]:
        if operation["name"] == "hold_get":
            os.environ["CAPS_FINGERPRINT"] = operation["fingerprint"]
        if operation["name"] == "hold_slow":
            os.environ["CAPS_SLOW"] = str(operation["slot"])
