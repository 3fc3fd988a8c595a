# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: upgrade.py BUILD WORK COMPILER…: a store of the schema before this one is opened, upgraded, killed while it is, and
kept as it was where that fails."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

from survive import HERE, Node, build_ledger

build, work, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
OLD = """
CREATE TABLE ranges (id INTEGER PRIMARY KEY AUTOINCREMENT, base INTEGER NOT NULL UNIQUE, size INTEGER NOT NULL,
 name TEXT NOT NULL);
CREATE TABLE services (id INTEGER PRIMARY KEY REFERENCES ranges, name TEXT NOT NULL UNIQUE, build_id BLOB NOT NULL,
 host_uid INTEGER NOT NULL);
CREATE TABLE rules (service INTEGER NOT NULL REFERENCES services ON DELETE CASCADE, who INTEGER NOT NULL,
 whose INTEGER NOT NULL, level INTEGER NOT NULL);
CREATE TABLE shippings (service INTEGER NOT NULL REFERENCES services ON DELETE CASCADE, op TEXT NOT NULL,
 data_shipped INTEGER NOT NULL);
CREATE TABLE executables (service INTEGER NOT NULL REFERENCES services ON DELETE CASCADE, build_id BLOB NOT NULL);
CREATE TABLE pending (id INTEGER PRIMARY KEY REFERENCES ranges, name TEXT NOT NULL UNIQUE, uid INTEGER NOT NULL);
CREATE TABLE pending_ops (pending INTEGER NOT NULL REFERENCES pending ON DELETE CASCADE, slot INTEGER NOT NULL,
 op TEXT NOT NULL, uid INTEGER NOT NULL, PRIMARY KEY (pending, slot), UNIQUE (pending, op));
PRAGMA application_id = 0x46415231;
PRAGMA user_version = 2;
"""
KEPT = {"ranges": "id, base, size, name", "services": "id, name, build_id, host_uid", "rules": "service, who, whose, level",
        "shippings": "service, op, data_shipped"}


def ask(path, sql):
    database = sqlite3.connect(path)
    rows = database.execute(sql).fetchall()
    database.close()
    return rows


def make_old(path):
    """The same rows in the tables of before, and a name that is not registered."""
    rows = {table: ask(path, f"SELECT {columns} FROM {table}") for table, columns in KEPT.items()}
    os.remove(path)
    database = sqlite3.connect(path)
    database.executescript(OLD)
    for table, columns in KEPT.items():
        for row in rows[table]:
            database.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})", row)
    last = max(rows["ranges"], key=lambda row: row[1])
    database.execute("INSERT INTO ranges VALUES (?, ?, ?, 'later')", (last[0] + 1, last[1] + last[2] + 0x400000, 0x200000))
    database.execute("INSERT INTO pending VALUES (?, 'later', 1234)", (last[0] + 1,))
    database.execute("INSERT INTO pending_ops VALUES (?, 1, 'later_op', 1234)", (last[0] + 1,))
    database.execute("INSERT INTO ranges VALUES (?, ?, ?, 'first')", (last[0] + 2, last[1] + last[2] + 0x800000, 0x200000))
    database.execute("INSERT INTO pending VALUES (?, 'first', 1234)", (last[0] + 2,))
    database.commit()
    database.close()


def seen(node):
    described = [json.loads(node.far("describe", name, "--json").stdout) for name in ("first", "second")]
    for row in described:
        row.pop("host"), row.pop("state")
    return described


build_ledger(build, work, compiler)
subprocess.run([*compiler[:1], "-O1", os.path.join(HERE, "kill-at.c"), "-o", work + "/kill-at"], check=True)
old = work + "/old"
with Node(build) as node:
    node.up()
    node.far("register", work + "/ledger.seg", "--name", "first", "--trust", "uid:4242", "--read", "all")
    node.far("register", work + "/ledger.seg", "--name", "second", "--function", "ledger_sum")
    before = seen(node)
    node.end_keeping(old)
    make_old(old + "/names.db")

with Node(build) as node:
    shutil.copytree(old, node.store)
    node.up()
    print("upgraded:", ask(node.store + "/names.db", "PRAGMA user_version"), "as before:", seen(node) == before)
    print("references:", ask(node.store + "/names.db", "PRAGMA foreign_key_check"))
    ranges = {row["name"]: row for row in json.loads(node.far("map", "--json").stdout)["ranges"]}
    print("a name that is not registered:", "later" in ranges)
    majors = dict(ask(node.store + "/names.db", "SELECT name, major FROM pending"))
    major = int(before[0]["version"].split(".")[0])
    print("their majors:", majors["later"] == -1, majors["first"] == major)
    node.far("unregister", "second")
    print("what belonged to a service goes with it:", ask(node.store + "/names.db", "SELECT count(*) FROM shippings"))
    node.end()

# A table of that name is there already: nothing is changed, not even the tables that came before it.
with Node(build) as node:
    shutil.copytree(old, node.store)
    path = node.store + "/names.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE hosts (of_somebody INTEGER)")
    database.commit()
    database.close()
    tables = ask(path, "SELECT name, sql FROM sqlite_master ORDER BY name")
    node.start()
    print("in the way: exit code", node.process.wait(timeout=20), node.log().strip().replace(node.folder, "FOLDER"))
    print("as it was:", ask(path, "PRAGMA user_version"), ask(path, "SELECT name, sql FROM sqlite_master ORDER BY name") == tables)

# Killed while it is upgraded.
n = count = 0  # one in three: they are many, most of them after the upgrade
listening = False
while not listening:
    n += 3
    with Node(build) as node:
        shutil.copytree(old, node.store)
        node.start(before=[work + "/kill-at", str(n)])
        try:
            node.wait_listening()
            listening = True
        except AssertionError:
            count += 1
            version = ask(node.store + "/names.db", "PRAGMA user_version")[0][0]
            assert version in (2, 3, 4, 5, 6), version
            node.up()
            assert seen(node) == before, n
            assert ask(node.store + "/names.db", "PRAGMA user_version") == [(6,)]
            assert node.end() == 0
print("killed at its writes:", count > 5)
