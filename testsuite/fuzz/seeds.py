#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
usage: seeds.py SOURCE BUILD

Seeds for the fuzzers, in BUILD/seeds/FUZZER. For those of faridl: every annotated header of the sources and their tests (also those
inside split files), preprocessed; a sample of the real headers in FARCALL_CORPUS (SOURCE/build/corpus); and the records that faridl
makes of them. For those of segments: what seed-segment writes, and the segments of SOURCE/build and of FARCALL_SEGMENTS (a folder).
For farld's reader of objects: one source, compiled by all compilers there are, in several ways, and archives of the objects.
Each file is named after its contents, so that a second run adds nothing.
"""
import binascii
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile

LIMIT = 3000  # bytes: small texts are tried often
CORPUS_FILES = 150
SEGMENT_LIMIT = 4 << 20


def annotated_files(source):
    for folder in ("docs", "testsuite"):
        for path, folders, files in os.walk(os.path.join(source, folder)):
            for name in sorted(files):
                file = os.path.join(path, name)
                if name.endswith((".h", ".c", ".test")):
                    text = open(file, errors="replace").read()
                    if "far_" in text or "farcall/annotate.h" in text:
                        yield file, text


def parts(file, text, folder):
    """The file itself, or what split-file would make of it, written into folder; headers and sources only."""
    pieces = re.split(r"^(?:#|//|/\*)--- (\S+).*\n", text, flags=re.M)
    if len(pieces) == 1:
        return [file] if file.endswith((".h", ".c")) else []
    made = []
    for name, body in zip(pieces[1::2], pieces[2::2]):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(body)
        made.append(path)
    return [path for path in made if path.endswith((".h", ".c"))]


def preprocessed(source, file, flags):
    command = ["clang-19", "-E", "-D__FARCALL_IDL__=1", "-I", os.path.join(source, "include"), *flags, "-xc", file]
    done = subprocess.run(command, capture_output=True, timeout=60)
    return done.stdout if done.returncode == 0 else b""


def keep(build, fuzzer, contents):
    folder = os.path.join(build, "seeds", fuzzer)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, hashlib.sha256(contents).hexdigest()[:20])
    if not os.path.exists(path):
        with open(path, "wb") as out:
            out.write(contents)


# What the system's headers would say, in short.
PRELUDE = b"""typedef unsigned long size_t; typedef long ssize_t; typedef unsigned char uint8_t; typedef unsigned short uint16_t;
typedef unsigned uint32_t; typedef unsigned long uint64_t; typedef int int32_t; typedef long int64_t;
typedef unsigned char Bytef; typedef unsigned uInt; typedef unsigned long uLong; typedef uLong uLongf;
"""


def own_text(output):
    """Without what came from the system's headers: the line markers say where each line is from."""
    lines, own = [], True
    for line in output.splitlines(keepends=True):
        marker = re.match(rb'# \d+ "([^"]*)"', line)
        if marker:
            own = not marker[1].startswith((b"/usr/", b"<"))
        elif own and line.strip():
            lines.append(line)
    return b"".join(lines)


def keep_text(build, text):
    text = text[:LIMIT]
    keep(build, "fuzz_parse", text)
    if b"farcall." in text:
        keep(build, "fuzz_rules", PRELUDE + text)


def keep_record(build, file, *flags):
    with tempfile.NamedTemporaryFile() as record:
        command = [os.path.join(build, "bin", "faridl"), file, "--record=" + record.name, *flags]
        if subprocess.run(command, capture_output=True, timeout=60).returncode == 0:
            keep(build, "fuzz_iface", open(record.name, "rb").read())


def corpus_headers(source):
    """A sample of the real headers that `dev corpus` fetched."""
    cache = os.environ.get("FARCALL_CORPUS", os.path.join(source, "build", "corpus"))
    include = os.path.join(cache, "root", "usr", "include")
    found = []
    for path, folders, files in os.walk(include):
        folders.sort()
        found += [os.path.join(path, name) for name in sorted(files) if name.endswith(".h")]
    return include, found[:: max(1, len(found) // CORPUS_FILES)]


def section_and_parts(segment):
    """.far.reloc, and the address and size of const, linkage and data, in the shape that fuzz_reloc.c takes."""
    offset, names_at = struct.unpack_from("<Q", segment, 40)[0], struct.unpack_from("<H", segment, 62)[0]
    count = struct.unpack_from("<H", segment, 60)[0]
    headers = [struct.unpack_from("<IIQQQQIIQQ", segment, offset + 64 * i) for i in range(count)]
    names = headers[names_at][4]
    found = [h for h in headers if segment[names + h[0] :].startswith(b".far.reloc\0")]
    first, programs = struct.unpack_from("<Q", segment, 32)[0], struct.unpack_from("<H", segment, 56)[0]
    loads = [struct.unpack_from("<IIQQQQQQ", segment, first + 56 * i) for i in range(programs)]
    loads = [load for load in loads if load[0] == 1]
    shape = b"".join(struct.pack("<II", load[3] // 512, load[6]) for load in loads[3:6])
    return shape + segment[found[0][4] : found[0][4] + found[0][5]]


def keep_segments(source, build):
    with tempfile.TemporaryDirectory() as scratch:
        for number, words in enumerate(([], ["changed"], ["aarch64"])):
            tool = os.path.join(build, "testsuite-tools", "seed-segment")
            subprocess.run([tool, os.path.join(scratch, f"{number}.seg"), *words], capture_output=True)
        folders = [scratch, os.path.join(source, "build"), os.environ.get("FARCALL_SEGMENTS", scratch)]
        files = [os.path.join(path, name) for folder in folders for path, _, names in os.walk(folder) for name in sorted(names)]
        for file in files:
            segment = open(file, "rb").read() if file.endswith(".seg") else b""
            if not segment.startswith(b"\x7fELF") or len(segment) >= SEGMENT_LIMIT:
                continue
            try:
                keep(build, "fuzz_reloc", section_and_parts(segment))
            except (struct.error, IndexError):
                pass  # one that a test has cut short
            if len(segment) < 65536:
                keep(build, "fuzz_segment", segment)


# What an object can hold: data of all kinds, constructors, thread-local variables, weak and common symbols, tables by name.
OBJECT = """
#ifdef __cplusplus
extern "C" {
#endif
int printf(const char *, ...); void *malloc(unsigned long); extern char **environ, *stdout; extern int __start_far_table[];
int kv_find(int), kv_put(int), far_weak(void) __attribute__((weak));
long calls; int shared[16] = {1, 2}; static long words[3]; const char *const table[] = {"one", "two", "three", 0};
static int entry __attribute__((section("far_table"), used)) = 4;
#ifdef THREAD
static __thread int own; __thread int others;
#endif
__attribute__((noinline)) static int helper(int by) { words[by % 3]++; return shared[by % 16] + far_weak(); }
__attribute__((constructor)) static void begin(void) { calls = (long)environ + *stdout; }
#ifdef THREAD
int kv_find(int by) { return own += by + others; }
#else
int kv_find(int by) { return helper(by) + printf("%s", table[by % 3]) + __start_far_table[by]; }
#endif
int kv_put(int by) { return malloc((unsigned long)by) ? kv_find(by) : helper(by); }
#ifdef CHOICE
static int (*choose(void))(int) { return kv_put; }
int kv_read(int) __attribute__((ifunc("choose")));
__asm__(".symver kv_put, kv_put@@KV_1");
#endif
#ifdef __cplusplus
}
#endif
"""
INTERFACE = """
#include <farcall/annotate.h>
far_service(kv, 1, 0);
far_op int kv_find(int by);
far_op far_data_shipped int kv_put(int by);
far_vouched(kv_put, "printf");
"""
COMPILERS = ("clang-19", "gcc", "clang-19 --target=aarch64-linux-gnu", "aarch64-linux-gnu-gcc", "clang-19 -xc++", "g++ -xc++")
WAYS = ("-O2 -fPIC", "-O0 -g", "-Os -fPIC -ffunction-sections -fdata-sections -DCHOICE", "-O2 -fPIC -DTHREAD -fcommon")


def run(*command):
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def make_objects(folder):
    """Those that the compilers here can make."""
    source, made = os.path.join(folder, "seed.c"), []
    with open(source, "w") as out:
        out.write(OBJECT)
    for compiler in COMPILERS:
        for way in WAYS:
            output = os.path.join(folder, f"{len(made)}.o")
            try:
                if run(*compiler.split(), *way.split(), "-c", source, "-o", output):
                    made.append(output)
            except FileNotFoundError:
                break
    return made


def add_record(source, build, folder, objects):
    """The first of them once more, with an interface record."""
    header, record = os.path.join(folder, "kv.h"), os.path.join(folder, "record.o")
    with open(header, "w") as out:
        out.write(INTERFACE)
    if run(os.path.join(build, "bin", "faridl"), "-I", os.path.join(source, "include"), header, "-o", record):
        both = os.path.join(folder, "both.o")
        if run("ld.lld-19", "-r", "-o", both, objects[0], record):
            objects.append(both)
        objects.append(record)


def keep_objects(source, build):
    with tempfile.TemporaryDirectory() as folder:
        objects = make_objects(folder)
        add_record(source, build, folder, objects)
        for file in objects:
            keep(build, "fuzz_object", open(file, "rb").read())
        long_name = os.path.join(folder, "a_member_with_a_long_name.o")
        os.link(objects[0], long_name)
        for number, members in enumerate(([objects[0]], [objects[2], long_name], objects[3:4] + objects[-2:])):
            archive = os.path.join(folder, f"{number}.a")
            if run("llvm-ar-19", "rc", archive, *members):
                keep(build, "fuzz_object", open(archive, "rb").read())
    for path, _, names in os.walk(os.path.join(source, "build", "examples")):
        for file in (os.path.join(path, name) for name in names if name.endswith(".so")):
            library = open(file, "rb").read(65536)
            if b".far.import" in library and len(library) < 65536:
                keep(build, "fuzz_object", library)


def message_numbers(source):
    """Of runtime/protocol.h's enum far_message_type."""
    body = open(os.path.join(source, "runtime", "protocol.h")).read().split("enum far_message_type {")[1].split("}")[0]
    numbers, number = {}, 0
    for word in re.sub(r"/\*.*?\*/", "", body, flags=re.S).split(","):
        name, _, value = word.strip().partition(" = ")
        number = int(value, 0) if value else number + 1
        numbers[name.removeprefix("FAR_MSG_")] = number
    return numbers


def token(service, letter):
    """A sound one: no fuzzer finds the checksum (runtime/format/token.c)."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    text = "farcap1:%s:%s" % (service, letter * 32)
    total = binascii.crc32(text.encode())
    return (text + "".join(letters[total >> 5 * i & 31] for i in range(4))).encode().ljust(128, b"\0")


def keep_packets(source, build):
    """One of each kind that has a body, as manage.h and protocol.h lay it out."""
    numbers = message_numbers(source)
    kv, other = token("kv", "a"), token("a_longer_name", "q")
    rights = b"".ljust(64, b"\0") + struct.pack("<qII", 2000, 1, 0)
    bodies = [
        ("PRESENT", kv), ("PRESENT", other), ("REVOKE_DONE", struct.pack("<II", 1, 0)),
        ("CAPABILITY_GRANT", b"".ljust(128, b"\0") + b"kv".ljust(64, b"\0") + rights + b"kv_find\nkv_put\n".ljust(1024, b"\0")),
        ("CAPABILITY_NARROW", kv + b"".ljust(64, b"\0") + rights + b"kv_find\n".ljust(1024, b"\0")),
        ("CAPABILITY_NARROW", kv + b"".ljust(64, b"\0") + rights + b"".ljust(1024, b"\0")),
        ("CAPABILITY_REVOKE", kv + other + struct.pack("<II", 0, 0)),
        ("CAPABILITY_REVOKE", kv + b"".ljust(128, b"\0") + struct.pack("<II", 7, 0)),
    ]
    name, groups, program = b"kv".ljust(64, b"\0"), struct.pack("<II", 4, 24), b"/usr/bin/viewer\0"
    channel = struct.pack("<IIIIQQIIII", 1, 2, 1000, 77, 1 << 16, 5, 0, 0, 3, 0)
    limited = struct.pack("<IIIIQQIIIIII", 2, 2, 1000, 77, 1 << 16, 5, 1, 2, 3, 0, 1, 3)
    bodies += [
        ("LINK", struct.pack("<Q", 0x300000000010)), ("LINK", struct.pack("<Q", 0x300000010010)),
        ("DOMAIN", struct.pack("<QQ", 0, 0)), ("DOMAIN", struct.pack("<QQ", 1 << 26, 0x400000000000)),
        ("TRUST", name + struct.pack("<II", 1, 0)), ("TRUST", name + struct.pack("<II", 0, 0)),
        ("HOST_CHANNELS", struct.pack("<IIII", 1, 1, 1, 1) + channel), ("HOST_CHANNELS", struct.pack("<IIII", 1, 1, 1, 1) + limited),
        ("HOST_CHANNELS", struct.pack("<IIII", 2, 0, 1, 1) + 2 * channel),
        ("HOST_MAP", struct.pack("<Ii", 1, 0)), ("HOST_FAILED", struct.pack("<ii", 2, 69) + b"why".ljust(1016, b"\0")),
        ("OPEN_CHANNEL", struct.pack("<IIQ", 1, 0, 1 << 16)), ("CLOSE_CHANNEL", struct.pack("<II", 1, 0)),
        ("SEGMENT", name + struct.pack("<II", 62, 2)), ("DESCRIBE", name + struct.pack("<II", 2, 0)),
        ("POLICY", struct.pack("<II", 1500, 0)), ("LIST", struct.pack("<II", 3, 0)), ("CAPABILITY_LIST", struct.pack("<II", 3, 0)),
        ("EXPLAIN", name + struct.pack("<8I", 2, 9, 1000, 1000, 0, 62, 2, 16) + groups + program),
        ("EXPLAIN", name + struct.pack("<8I", 0, 4, 0, 0, 77, 0, 0, 0)),
    ]
    bodies += [(kind, struct.pack("<II", what, after)) for kind in ("TOP", "TRACE") for what in (0, 1) for after in (0, 5)]
    bodies += [(kind, name + struct.pack("<II", 0, 0)) for kind in ("TOP", "TRACE")]
    for name, body in bodies:
        keep(build, "fuzz_protocol", struct.pack("<4sIHHI", b"FAR1", 16 + len(body), numbers[name], 1, 1) + body)


def frame(kind, body=b"", sequence=0):
    return struct.pack("<IHHII", len(body), kind, 0, sequence, 0) + body


def keep_wire(build):
    """What two nodes say to each other (runtime/net/wire.h): the first byte is the fuzzer's, for what follows."""
    magic = b"FARCALL\n"
    base = 0x500000000000
    page = lambda number, version, before, heard, kind, content: struct.pack("<4Q2I", base + number * 4096, version, before, heard, kind, len(content)) + content
    body = lambda *pages: struct.pack("<2Q2I", base, 8 * 4096, len(pages), 0) + b"".join(pages)
    bodies = [body(page(1, 1, 0, 0, 3, bytes(4096)), page(3, 2, 0, 0, 3, bytes(range(256)) * 16)), body(page(1, 3, 1, 1, 2, struct.pack("<2H", 7, 3) + b"abc"), page(3, 2, 2, 2, 1, b"")), body()]
    keep(build, "fuzz_bundle", b"".join(struct.pack("<H", len(each)) + each for each in bodies))
    keep(build, "fuzz_wire", b"\0" + magic + struct.pack("<HHHH", 1, 2, 1, 0) + bytes(range(1, 17)) + bytes(32))
    keep(build, "fuzz_wire", b"\0" + magic + struct.pack("<HHHH", 1, 1, 0, 0) + bytes(48))
    keep(build, "fuzz_wire", b"\1" + magic + struct.pack("<HHI", 1, 0, 0) + bytes(240))
    keep(build, "fuzz_wire", b"\1" + magic + struct.pack("<HHI", 2, 1, 0) + b"of another version".ljust(240, b"\0"))
    keep(build, "fuzz_wire", b"\2" + struct.pack("<6Q", 30, 4096, 0, 10, 16, 20))
    extents = struct.pack("<4Q", 0, 5, 16, 3) + b"hellofar"
    call = struct.pack("<IIII6Q", 9, 2, 1000, 0, 1, 2, 3, 4, 5, 6) + extents
    wide = struct.pack("<IIII6Q", 9, 2, 0, 1, 1, 2, 3, 4, 5, 6) + bytes(192) + extents
    answer = struct.pack("<IiIIQQ", 0, 0, 2, 0, 42, 0) + extents
    both = (frame(1, struct.pack("<IIIIQ", 7, 1, 0, 3, 64 << 10)) + frame(2, call, 1) + frame(7) + frame(2, wide, 2) +
            frame(3, answer, 2) + frame(5, sequence=2) + frame(4, struct.pack("<IIII", 0, 2, 1, 0)) + frame(6))
    keep(build, "fuzz_wire", b"\3" + both)
    keep(build, "fuzz_wire", b"\4" + both)
    window = struct.pack("<2Q", 0x300000000000, 0x500000000000)
    keep(build, "fuzz_wire", b"\5\0\0" + struct.pack("<II272s", 2, 0, b"10.0.0.1:7327") + window + bytes(8))
    keep(build, "fuzz_wire", b"\5\x09\1" + struct.pack("<64sIIQQIIIIIIQQ", b"kv", 1, 2, 1 << 20, 1, 1000, 1000, 1, 0, 2, 0, 0, 0))
    keep(build, "fuzz_wire", b"\5\x0d\2" + struct.pack("<4I", 2, 1, 7, 8))
    keep(build, "fuzz_wire", b"\5\x11\3" + struct.pack("<3Q", 1, 0x300000000000, 1 << 21))


def main():
    source, build = sys.argv[1:]
    keep_packets(source, build)
    keep_wire(build)
    keep_objects(source, build)
    with tempfile.TemporaryDirectory() as scratch:
        for number, (file, text) in enumerate(annotated_files(source)):
            for part in parts(file, text, os.path.join(scratch, str(number))):
                own = own_text(preprocessed(source, part, []))
                if own:
                    keep_text(build, own)
                if part.endswith(".h"):
                    keep_record(build, part, "-I", os.path.join(source, "include"))
    for folder in (os.path.join(source, "testsuite", "fuzz", "seeds", "text"), os.path.join(build, "seeds", "fuzz_rules")):
        for name in sorted(os.listdir(folder)):
            keep_record(build, os.path.join(folder, name), "--preprocessed")
    keep_segments(source, build)
    include, headers = corpus_headers(source)
    for header in headers:
        flags = ["-idirafter", os.path.dirname(header), "-idirafter", include]
        own = own_text(preprocessed(source, header, flags))
        if own:
            keep_text(build, own)


main()
