# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Debian's -dev packages, unpacked into a directory of our own: nothing is installed, no privilege is needed."""
import json
import os
import re
import shutil
import subprocess
import tarfile

BRINGS_HEADERS = re.compile(r".*-(multi)?dev$|.*-headers$")
KEPT = re.compile(r"\./usr/(include/.*|.*\.h|.*\.pc)$")
CROSS = "libc6-dev-arm64-cross", "linux-libc-dev-arm64-cross"
ALWAYS = "libc6-dev", "linux-libc-dev", *CROSS


class NoNetwork(Exception):
    pass


def last_line(text):
    return (text.strip().splitlines() or ["no reason given"])[-1]


class Packages:
    """build/corpus: debs/ as downloaded, root/ unpacked, packages.json what is in it."""

    def __init__(self, directory):
        self.directory = directory
        self.root = os.path.join(directory, "root")
        self.debs = os.path.join(directory, "debs")
        self.index_path = os.path.join(directory, "packages.json")
        self.private = False  # use package lists of our own, because the system's are missing or stale
        os.makedirs(self.debs, exist_ok=True)
        try:
            self.index = json.load(open(self.index_path))
        except (OSError, ValueError):
            shutil.rmtree(self.root, ignore_errors=True)
            self.index = {}

    def apt(self, *arguments):
        options = ["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3", "-q"]
        if self.private:
            state = os.path.join(self.directory, "apt")
            os.makedirs(os.path.join(state, "lists", "partial"), exist_ok=True)
            open(os.path.join(state, "status"), "a").close()
            options += ["-o", f"Dir::State={state}", "-o", f"Dir::State::lists={state}/lists",
                        "-o", f"Dir::State::status={state}/status", "-o", f"Dir::Cache={state}"]
        command = [arguments[0], *options, *arguments[1:]]
        return subprocess.run(command, cwd=self.debs, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})

    def use_private_lists(self):
        self.private = True
        result = self.apt("apt-get", "update")
        if result.returncode or len(self.existing(ALWAYS)) < len(ALWAYS):
            raise NoNetwork("the list of packages cannot be fetched: " + last_line(result.stderr))

    def needs(self, packages):
        """What each depends on that brings headers: the first of alternatives, or the first that provides it."""
        found = {name: [] for name in packages}
        flags = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
        current, skip, virtual = None, False, False
        for line in self.apt("apt-cache", "depends", *flags, *packages).stdout.splitlines():
            depends = re.match(r" ([ |])(?:Pre)?Depends: (<?)([^>\s]+)", line)
            name = None
            if depends:
                name = depends.group(3) if not skip and not depends.group(2) else None
                virtual = bool(depends.group(2)) and not skip
                skip = depends.group(1) == "|"
            elif not line.startswith(" "):
                current, skip, virtual = line.strip(), False, False
            elif virtual:
                name = line.strip()
            if name and BRINGS_HEADERS.match(name):
                found[current].append(name)
                virtual = False
        return found

    def closure(self, packages):
        wanted, todo, depends = [], list(packages), {}
        while todo:
            fresh = [name for name in dict.fromkeys(todo) if name not in depends]
            depends.update(self.needs(fresh) if fresh else {})
            wanted += fresh
            todo = [name for one in fresh for name in depends[one]]
        return wanted, depends

    def download(self, names):
        have = {name.split("_", 1)[0]: name for name in os.listdir(self.debs) if name.endswith(".deb")}
        missing = [name for name in names if name not in have]
        if missing:
            result = self.apt("apt-get", "download", *missing)
            if result.returncode and not self.private:
                self.use_private_lists()
                result = self.apt("apt-get", "download", *missing)
            if result.returncode:
                raise NoNetwork("packages cannot be fetched: " + last_line(result.stderr))
        return {name.split("_", 1)[0]: name for name in os.listdir(self.debs) if name.endswith(".deb")}

    def unpack_entry(self, archive, entry):
        target = os.path.join(self.root, self.place(entry.name))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(target):
            os.unlink(target)
        if entry.issym():
            absolute = entry.linkname.startswith("/")
            os.symlink(os.path.join(self.root, entry.linkname[1:]) if absolute else entry.linkname, target)
        else:
            with open(target, "wb") as out:
                shutil.copyfileobj(archive.extractfile(entry), out)

    def unpack(self, deb):
        """Headers and .pc files into root/; the paths of both."""
        path = os.path.join(self.debs, deb)
        tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE)
        found = {"headers": [], "pc": []}
        try:
            with tarfile.open(fileobj=tar.stdout, mode="r|") as archive:
                for entry in archive:
                    if not KEPT.match(entry.name) or not (entry.isfile() or entry.issym()):
                        continue
                    self.unpack_entry(archive, entry)
                    if entry.name.endswith(".h") and entry.isfile():
                        found["headers"].append(self.place(entry.name))
                    if entry.name.endswith(".pc"):
                        found["pc"].append(self.place(entry.name))
            damaged = tar.wait() != 0
        except tarfile.TarError:
            damaged = True
        if damaged:
            os.unlink(path)
            raise NoNetwork(f"{deb} was damaged and is removed; try again")
        return {kind: sorted(names) for kind, names in found.items()}

    @staticmethod
    def place(name):
        """The C library's headers for aarch64 go where those of an aarch64 Debian are."""
        return re.sub(r"^usr/aarch64-linux-gnu/include/", "usr/include/aarch64-linux-gnu/", name[2:])

    def provide(self, packages):
        """Have them all in root/, with what they need. Raises NoNetwork."""
        if all(name in self.index for name in [*ALWAYS, *packages]):
            return
        for tool in ("apt-get", "dpkg-deb", "pkg-config"):
            if not shutil.which(tool):
                raise NoNetwork(f"{tool} is not installed")
        if len(self.existing(ALWAYS)) < len(ALWAYS):
            self.use_private_lists()
        names, depends = self.closure([*ALWAYS, *packages])
        real = self.existing(names)
        files = self.download([name for name in real if name not in self.index])
        for name in real:
            if name in self.index:
                continue
            self.index[name] = {"deb": files[name], "needs": depends[name], **self.unpack(files[name])}
        for name in packages:
            self.index.setdefault(name, {"deb": None, "headers": [], "needs": []})
        with open(self.index_path + ".new", "w") as out:
            json.dump(self.index, out, indent=1, sort_keys=True)
        os.rename(self.index_path + ".new", self.index_path)

    def existing(self, names):
        """Those that can be fetched: what is only installed has no Filename, and a package may have left Debian."""
        shown = self.apt("apt-cache", "show", "--no-all-versions", *names).stdout.split("\n\n")
        found = {stanza.partition("\n")[0] for stanza in shown if "\nFilename: " in stanza}
        return [name for name in names if f"Package: {name}" in found]
