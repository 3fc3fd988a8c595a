# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How lit runs a test here: within a time limit that holds, and leaving no process behind.

lit's own limit does not reach unit tests, nor a process whose parent ended before it; one of those that keeps lit's pipe
open holds up the whole run. Here a test's output goes to files, its orphans come to the lit worker (which makes itself
their reaper), and everything that is left when the test ends, or is out of time, is killed. What was still running
when the time was over is in the test's report, with its stacks where gdb can tell them.

    contain.use(seconds)    # in a lit.cfg.py: lit's tests run this way from now on
    config.test_format = contain.Programs()   # programs that are tests, in the environment that the configuration says
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

import lit.formats
import lit.Test
import lit.util
import psutil

PR_SET_CHILD_SUBREAPER = 36
REAPING_EVERY = 0.02  # seconds
LONGEST_STACKS = 12000  # characters a process


def stacks(process):
    """What a process that is stuck is doing."""
    try:
        name, words = process.name(), " ".join(process.cmdline())
    except psutil.Error:
        return ""
    head = f"still running: {process.pid} {words[:300]}\n"
    if name in ("sh", "bash") or not shutil.which("gdb"):
        return head
    try:
        command = ["gdb", "-p", str(process.pid), "-batch", "-nx", "-ex", "thread apply all bt 16"]
        said = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=30, stdin=subprocess.DEVNULL)
        wanted = [line for line in said.stdout.splitlines() if line.startswith(("#", "Thread "))]
        return head + "\n".join(wanted)[:LONGEST_STACKS] + "\n"
    except (OSError, subprocess.TimeoutExpired):
        return head


def reap(wanted=None):
    """Take up whoever has ended, as init does for orphans; the exit code of the one wanted, if it is among them."""
    code = None
    try:
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            if ended[0] == wanted:
                code = os.waitstatus_to_exitcode(ended[1])
    except ChildProcessError:
        pass
    return code


def kill_what_is_left():
    """The worker runs one test at a time: all that descends from it is that test's."""
    worker = psutil.Process()
    for _ in range(200):
        reap()
        left = worker.children(recursive=True)
        if not left:
            return
        for process in left:
            try:
                process.kill()
            except psutil.Error:
                pass
        time.sleep(0.01)


def wait_for(process, seconds):
    """Its exit code; None: the time is over. Orphans are reaped meanwhile: tests look whether somebody is gone."""
    end = time.monotonic() + seconds
    watch = select.poll()
    handle = os.pidfd_open(process.pid)
    watch.register(handle, select.POLLIN)
    try:
        while time.monotonic() < end:
            watch.poll(1000 * REAPING_EVERY)
            code = reap(process.pid)
            if code is not None:
                return code
    finally:
        os.close(handle)
    return None


def run(command, environment, directory, timeout):
    """Return what it printed, its errors, its exit code, and what was stuck when the time was over (None: it ended)."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    stuck = None
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        try:
            process.returncode = wait_for(process, timeout)
            if process.returncode is None:
                stuck = "".join(stacks(other) for other in psutil.Process().children(recursive=True))
                process.returncode = -signal.SIGKILL
        finally:
            kill_what_is_left()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(lit.util.to_string(file.read()))
    return texts[0], texts[1], process.returncode, stuck


def use(seconds):
    """seconds: what a test may take that has no limit of its own."""

    def execute(command, cwd=None, env=None, input=None, timeout=0, redirect_stderr=False):
        assert input is None and not redirect_stderr
        out, err, code, stuck = run(command, env, cwd, timeout or seconds)
        if stuck is None:
            return out, err, code
        message = f"Reached timeout of {timeout or seconds} seconds"
        if timeout:
            raise lit.util.ExecuteCommandTimeoutException(msg=message, out=out, err=err + stuck, exitCode=code)
        return out, f"{err}{message}\n{stuck}", code or 1

    lit.util.executeCommand = execute


class Programs(lit.formats.ExecutableTest):
    """lit's own runs them in lit's environment, whatever the configuration says: no sanitizer's options would reach them."""

    def execute(self, test, lit_config):
        if test.config.unsupported:
            return lit.Test.UNSUPPORTED
        out, err, code = lit.util.executeCommand(test.getSourcePath(), env=test.config.environment)
        return (lit.Test.FAIL, out + err) if code else (lit.Test.PASS, "")
