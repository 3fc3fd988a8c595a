# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How long fard takes to answer for a name when there are many.

names.py fill STORE COUNT    adds names that have pending addresses to the store of a fard that is not running
names.py ask COUNT           asks for some of them, over the socket; prints the times in microseconds
"""
import os
import random
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../runtime/Inputs"))
from fardclient import RESOLVE, Fard, import_table  # noqa: E402


def fill(store, count):
    database = sqlite3.connect(os.path.join(store, "names.db"))
    last, end = database.execute("SELECT coalesce(max(id), 0), coalesce(max(base + size), 0x300000000000) FROM ranges").fetchone()
    base = (end + (1 << 25) - 1) >> 24 << 24
    ids = range(last + 1, last + 1 + count)
    database.executemany("INSERT INTO ranges (id, base, size, name) VALUES (?, ?, ?, ?)",
                         ((id, base + (id - last) * (1 << 25), 1 << 24, "name_%d" % (id - last - 1)) for id in ids))
    database.executemany("INSERT INTO pending (id, name, major, uid) VALUES (?, ?, 1, 0)",
                         ((id, "name_%d" % (id - last - 1)) for id in ids))
    database.executemany("INSERT INTO pending_ops VALUES (?, 1, 'f', 0)", ((id,) for id in ids))
    database.commit()


def ask(count):
    fard, us = Fard(), []
    random.seed(1)
    for _ in range(3000):
        table = import_table("name_%d" % random.randrange(count), ops={"f": 1})
        start = time.perf_counter()
        answer = fard.bind(table, kind=RESOLVE)
        us.append((time.perf_counter() - start) * 1e6)
        assert answer["flags"] == 1 and len(answer["stubs"]) == 1
    us.sort()
    print("%d names: least %.0f, median %.0f, 99%% %.0f microseconds" % (count, us[0], us[1500], us[2970]))


if sys.argv[1] == "fill":
    fill(sys.argv[2], int(sys.argv[3]))
else:
    ask(int(sys.argv[2]))
