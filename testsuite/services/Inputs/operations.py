# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The operations of a segment, sorted: operations.py < what far dump --json says."""
import json
import sys

print("\n".join(sorted(operation["name"] for operation in json.load(sys.stdin)["operations"])))
