# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: changed.py DIRECTORY: the products of a build that were written since the last call, one a line, or "nothing".
import os
import sys


def products(folder):
    for path, folders, files in os.walk(folder):
        # What CMake itself compiles to know the compiler.
        folders[:] = [name for name in folders if name not in ("CompilerIdC", "CMakeTmp", "meson-private")]
        for name in files:
            file = os.path.join(path, name)
            is_product = name.endswith((".o", ".a", ".seg", ".so")) or "." not in name and os.access(file, os.X_OK)
            if is_product:
                yield os.path.relpath(file, folder), os.stat(file).st_mtime_ns


def main():
    state = sys.argv[1].rstrip("/") + ".times"
    before = {}
    if os.path.exists(state):
        before = dict(line.rsplit("\t", 1) for line in open(state).read().splitlines())
    now = {name: str(time) for name, time in products(sys.argv[1])}
    with open(state, "w") as out:
        out.writelines(f"{name}\t{time}\n" for name, time in now.items())
    changed = {os.path.basename(name) for name in now if now[name] != before.get(name)}
    print("\n".join(sorted(changed)) or "nothing")


main()
