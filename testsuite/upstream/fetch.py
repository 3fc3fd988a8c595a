#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
Source packages of this machine's Debian, as upstream made them: fetch.py FOLDER PACKAGE… unpacks each into FOLDER/PACKAGE.

They come from where the machine's packages come from: its own apt sources, asked for source packages, with lists of
our own. Nothing is installed, no privilege is needed, and the machine's lists stay as they are.
"""
import os
import re
import shutil
import subprocess
import sys
import tarfile


class CannotFetch(Exception):
    pass


def stanza_for_sources(stanza):
    """A stanza of a .sources file, asked for source packages; nothing if it is switched off or no part of Debian's own."""
    lines = [line for line in stanza.splitlines() if line and not line.startswith("#")]
    text = "\n".join(lines)
    if re.search(r"(?im)^Enabled:\s*(no|false)", text) or not re.search(r"(?im)^Components:.*\bmain\b", text):
        return ""
    return re.sub(r"(?im)^Types:.*$", "Types: deb-src", text) + "\n\n"


def line_for_sources(line):
    found = re.match(r"\s*deb(-src)?\s+(.*\smain\b.*)", line)
    return f"deb-src {found.group(2)}\n" if found else ""


def write_sources(folder):
    """The machine's apt sources into a folder of our own."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    place, found = "/etc/apt", 0
    parts = f"{place}/sources.list.d"
    names = ["sources.list", *(f"sources.list.d/{name}" for name in sorted(os.listdir(parts) if os.path.isdir(parts) else []))]
    for number, name in enumerate(names):
        if not name.endswith((".list", ".sources")) or not os.path.exists(f"{place}/{name}"):
            continue
        text = open(f"{place}/{name}").read()
        new = "".join(map(stanza_for_sources, re.split(r"\n\s*\n", text)) if name.endswith(".sources")
                      else map(line_for_sources, text.splitlines()))
        found += bool(new)
        with open(f"{folder}/{number}{os.path.splitext(name)[1]}", "w") as out:
            out.write(new)
    if not found:
        raise CannotFetch("no apt source of Debian's is configured here")


def last_line(text):
    return (text.strip().splitlines() or ["no reason given"])[-1]


def apt(folder, *arguments):
    state = os.path.join(folder, "apt")
    os.makedirs(os.path.join(state, "lists", "partial"), exist_ok=True)
    options = {"APT::Sandbox::User": "root", "Acquire::Retries": "3", "Dir::State": state, "Dir::State::lists": f"{state}/lists",
               "Dir::Cache": state, "Dir::Etc::sourcelist": "/dev/null", "Dir::Etc::sourceparts": f"{state}/sources"}
    command = ["apt-get", "-q", *(word for name, value in options.items() for word in ("-o", f"{name}={value}")), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise CannotFetch(last_line(done.stderr))


def unpack(folder, package):
    """Upstream's own archive, without Debian's changes, its first folder left out."""
    archives = [name for name in os.listdir(folder) if re.match(re.escape(package) + r"_[^_]*\.orig\.tar\.\w+$", name)]
    if len(archives) != 1:
        raise CannotFetch(f"{package}: {len(archives)} archives of upstream's source, not one")
    new = os.path.join(folder, package + ".new")
    shutil.rmtree(new, ignore_errors=True)
    with tarfile.open(os.path.join(folder, archives[0])) as archive:
        members = [member for member in archive.getmembers() if (member.isfile() or member.isdir()) and "/" in member.name]
        for member in members:
            member.name = member.name.lstrip("./").partition("/")[2] or "."
            if ".." in member.name.split("/"):
                raise CannotFetch(f"{package}: {member.name} leads out of the archive")
            archive.extract(member, new)
    os.rename(new, os.path.join(folder, package))


def main():
    folder, packages = os.path.abspath(sys.argv[1]), sys.argv[2:]
    missing = [name for name in packages if not os.path.isdir(os.path.join(folder, name))]
    if not missing:
        return 0
    try:
        if not shutil.which("apt-get"):
            raise CannotFetch("apt-get is not installed")
        os.makedirs(folder, exist_ok=True)
        write_sources(os.path.join(folder, "apt", "sources"))
        apt(folder, "update")
        apt(folder, "source", "--download-only", "--tar-only", *missing)
        for name in missing:
            unpack(folder, name)
        shutil.rmtree(os.path.join(folder, "apt"))
    except (CannotFetch, OSError, tarfile.TarError) as error:
        print(f"upstream: {' '.join(missing)} cannot be fetched: {error}", file=sys.stderr)
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
