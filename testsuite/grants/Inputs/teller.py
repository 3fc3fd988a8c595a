# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# teller.c and the service's host, as tests see them.
import json, os, subprocess, time


def host(far):
    listing = json.loads(subprocess.run([far, "ls", "--json"], capture_output=True, text=True, check=True).stdout)
    service = (listing if isinstance(listing, list) else listing["services"])[0]
    return service["host_pid"] if "host_pid" in service else service["host"]["pid"]


def mapped(far, wanted):
    """How many regions the host has mapped; waits for the number that is expected."""
    count = -1
    for _ in range(800):
        try:
            with open(f"/proc/{host(far)}/maps") as maps:
                count = sum("far:region" in line for line in maps)
        except (FileNotFoundError, ProcessLookupError):
            count = -1
        if count == wanted:
            break
        time.sleep(0.025)
    return count


class Client:
    def __init__(self, far, uid, *options):
        command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if uid else []
        command += [far, "run", *(options or ("--level", "none")), "./client"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        self.process.kill()
        self.process.wait()
