# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# lit's view of the tests: what a RUN line may use. Parameters come from `./dev test` or from `lit --param`:
#   build=DIR      the build tree under test (default: build/ beside testsuite/)
#   sanitize=1     that tree was built with -DFARCALL_SANITIZE=ON; thread: with -DFARCALL_SANITIZE_THREAD=ON
import os
import shutil
import subprocess
import sys

import lit.formats

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.abspath(lit_config.params.get("build", os.path.join(root, "build")))
sanitizers = {"0": None, "1": "address,undefined", "thread": "thread"}[lit_config.params.get("sanitize", "0")]
sanitize = sanitizers is not None
llvm = os.environ.get("FARCALL_LLVM", "/usr/lib/llvm-19/bin")
tools = os.path.join(build, "bin")

config.name = "farcall" + {None: "", "address,undefined": "-asan", "thread": "-tsan"}[sanitizers]
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".test", ".c", ".h", ".s", ".ll"]
config.excludes = ["Inputs", "unit", "fuzz", "bench", "model", "reads", "CMakeLists.txt", "support"]
config.test_source_root = os.path.join(root, "testsuite")
config.test_exec_root = os.path.join(build, "testsuite-output")

# Sources of Debian's packages, as upstream made them: upstream/fetch.py, which `./dev test` runs.
upstream = os.path.abspath(os.environ.get("FARCALL_UPSTREAM", os.path.join(root, "build", "upstream")))

clang = os.path.join(llvm, "clang")
san = f" -fsanitize={sanitizers} -fno-sanitize-recover=all" if sanitize else ""
config.substitutions += [
    ("%farcc", os.path.join(tools, "farcc")),
    ("%faridl", os.path.join(tools, "faridl")),
    ("%farld", os.path.join(tools, "farld")),
    ("%farhost", os.path.join(tools, "far-host")),
    ("%fard", os.path.join(tools, "fard")),
    ("%far", os.path.join(tools, "far")),
    # A client's compiler: programs that load libfarcall.so need the sanitizers that it was built with.
    ("%client-cc", clang + san),
    # archives/Inputs/archive.sh: from somebody's archive to calls of it. %archive WORK NAME FARLD-ARGUMENTS…
    ("%archive", f"{root}/testsuite/runtime/with-fard.sh {build} {root}/testsuite/archives/Inputs/archive.sh {build} '{clang}{san}'"),
    ("%agree", f"/usr/bin/python3 {root}/testsuite/archives/Inputs/agree.py {build}"),
    ("%clang", clang),
    ("%gcc", shutil.which("gcc") or "gcc"),
    ("%pku-vm", os.path.join(root, "testsuite/pku/Inputs/vm.sh")),
    ("%root", root),
    ("%build", build),
    ("%upstream", upstream),
    # net/Inputs/nodes.sh: a script with several nodes. %nodes COUNT [--loopback|--proxy] SCRIPT ARGUMENTS…
    ("%history-seconds", "15" if sanitize else "60"),
    ("%nodes", f"{root}/testsuite/net/Inputs/with-nodes.sh {build}"),
    ("%lit", os.path.join(os.path.dirname(os.path.dirname(lit.__file__)), "lit.py")),
    ("%with-fard", os.path.join(root, "testsuite", "runtime", "with-fard.sh") + " " + build),
]

# Debian's programs before others: a python3 of somebody's own may be another version, or a script that looks for one.
config.environment["PATH"] = os.pathsep.join([llvm, "/usr/bin", "/bin", "/usr/sbin", "/sbin", os.environ["PATH"]])
config.environment["FARCALL_BUILD"] = build
config.environment["LC_ALL"] = "C.UTF-8"
# More random structures, or others; how long clients come and go.
for name in ["FARCALL_LAYOUT_COUNT", "FARCALL_LAYOUT_SEED", "CLIENTS_SECONDS"]:
    if name in os.environ:
        config.environment[name] = os.environ[name]
# A sanitizer's report is a crash, so that `not` never takes it for an expected failure.
config.environment["ASAN_OPTIONS"] = "abort_on_error=1:detect_leaks=1:handle_abort=0:detect_stack_use_after_return=0"
config.environment["UBSAN_OPTIONS"] = "halt_on_error=1:abort_on_error=1:print_stacktrace=1"
config.environment["LSAN_OPTIONS"] = f"print_suppressions=0:suppressions={root}/testsuite/lsan.txt"
# Mutexes that lie in memory which several processes share, made by one and used by another, look misused to it.
config.environment["TSAN_OPTIONS"] = "halt_on_error=1:abort_on_error=1:report_mutex_bugs=0"
if sanitize:
    config.available_features.add("tsan" if sanitizers == "thread" else "asan")

if os.geteuid() == 0:
    config.available_features.add("root")
machine = os.uname().machine
config.available_features.add(machine.replace("_", "-"))
for tool in [
    "spin", "setpriv", "gdb", "perf", "chromium", "qemu-aarch64", "promtool", "systemd-analyze",
    "systemd-socket-activate", "git", "curl", "file", "sqlite3", "zsh", "fish", "etcd",
]:
    if shutil.which(tool):
        config.available_features.add(tool)
# Programs that link these libraries dynamically, and CPython's own tests of its modules for them (libpython3.11-testsuite).
for module in ["zlib", "gzip", "pyexpat"]:
    if os.path.exists(f"/usr/lib/python3.11/test/test_{module}.py"):
        config.available_features.add(f"cpython-test-{module}")
# Debian packs the tests without those of sqlite3. PyPy's are CPython 3.9's (pypy3-lib-testsuite); CPython 3.11's, if somebody
# has them: --param cpython-tests=FOLDER, where test_sqlite3 is.
if os.path.exists("/usr/lib/pypy3.9/sqlite3/test"):
    config.available_features.add("pypy-test-sqlite3")
cpython_tests = lit_config.params.get("cpython-tests", "/usr/lib/python3.11/test")
config.substitutions.append(("%cpython-tests", cpython_tests))
if os.path.exists(os.path.join(cpython_tests, "test_sqlite3")):
    config.available_features.add("cpython-test-sqlite3")
# Whole modules that take minutes: --param python=whole.
if lit_config.params.get("python") == "whole":
    config.available_features.add("python-whole")
# The header that probes are made by (systemtap-sdt-dev).
if any(os.path.exists(os.path.join(folder, "sys/sdt.h")) for folder in ["/usr/include", f"/usr/include/{machine}-linux-gnu"]):
    config.available_features.add("sys-sdt")
# What Debian's cross compilers for aarch64 bring along: headers, the C library, libgcc.a.
if os.path.exists("/usr/aarch64-linux-gnu/lib/libc.so.6") and os.path.isdir("/usr/lib/gcc-cross/aarch64-linux-gnu"):
    config.available_features.add("aarch64-cross")
if all(os.path.isdir(os.path.join(upstream, package)) for package in ["zlib", "sqlite3", "expat"]):
    config.available_features.add("upstream-source")
# farcall's own libraries for aarch64, which the build makes where it finds those.
if os.path.exists(os.path.join(build, "lib/farcall/aarch64-linux-gnu/libfarseg.a")):
    config.available_features.add("farcall-aarch64")
for library in [
    "libz.a", "libbz2.a", "libpng.a", "libpng16.a", "libsqlite3.a", "libexpat.a", "liblz4.a", "liblzma.a", "libzstd.a",
    "libyaml.a", "libjansson.a", "libpcre2-8.a", "liblua5.4.a",
]:
    if os.path.exists(os.path.join("/usr/lib", machine + "-linux-gnu", library)):
        config.available_features.add(library)

# A machine with protection keys: QEMU's, with Debian's cloud kernel (pku/Inputs/vm.sh). Sanitizers are too slow in it: such
# tests are UNSUPPORTED with them.
vm_kernels = os.listdir("/boot") if os.path.isdir("/boot") else []
if (
    machine == "x86_64" and shutil.which("qemu-system-x86_64") and shutil.which("cpio")
    and any(name.startswith("vmlinuz-") and name.endswith("-cloud-amd64") for name in vm_kernels)
):
    config.available_features.add("pku-vm")


def succeeds(*command):
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def network_namespaces():
    """Tried: it takes a right, a kernel, and a place where they may be mounted."""
    name = f"far-try-{os.getpid()}"
    made = succeeds("ip", "netns", "add", name)
    wired = made and succeeds("ip", "link", "add", "to1", "netns", name, "type", "veth", "peer", "name", "to2", "netns", name)
    return succeeds("ip", "netns", "del", name) and wired


if network_namespaces() and shutil.which("nsenter"):
    config.available_features.add("netns")

# A hung test is a failed test.
lit_config.maxIndividualTestTime = 300 if sanitize else 120
sys.dont_write_bytecode = True  # a test run leaves the sources as they are
sys.path.insert(0, config.test_source_root)
import contain  # noqa: E402

contain.use(lit_config.maxIndividualTestTime)
