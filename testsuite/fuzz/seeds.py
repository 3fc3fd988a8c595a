#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
usage: seeds.py SOURCE BUILD

Seeds for the fuzzers of faridl, in BUILD/seeds/FUZZER: every annotated header of the sources and their tests (also those
inside split files), preprocessed; a sample of the real headers in FARCALL_CORPUS (SOURCE/build/corpus); and the records that faridl
makes of them. Each file is named after its contents, so that a second run adds nothing.
"""
import hashlib
import os
import re
import subprocess
import sys
import tempfile

LIMIT = 3000  # bytes: small texts are tried often
CORPUS_FILES = 150


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


def main():
    source, build = sys.argv[1:]
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
    include, headers = corpus_headers(source)
    for header in headers:
        flags = ["-idirafter", os.path.dirname(header), "-idirafter", include]
        own = own_text(preprocessed(source, header, flags))
        if own:
            keep_text(build, own)


main()
