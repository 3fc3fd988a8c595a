# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# loaded.py MODULE LIBRARY: fails unless Python's MODULE brings the LIBRARY of the isolate, and not the system's as well. Tests that
# compare with the system's library would pass with nothing but that.
import importlib
import sys

importlib.import_module(sys.argv[1])
files = {line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if sys.argv[2] in line}
if not files or not all("/iso/" in file for file in files):
    sys.exit(f"{sys.argv[2]} is loaded from {sorted(files) or 'nowhere'}")
