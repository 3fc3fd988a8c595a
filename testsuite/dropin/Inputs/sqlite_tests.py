# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# sqlite_tests.py [FOLDER [NAME…]]: runs CPython's tests of its sqlite3 module with this python: the package test_sqlite3 in FOLDER; or,
# since Debian packs CPython's own without it, those of CPython 3.9 that come with pypy3-lib-testsuite. They are older than this
# python, so not all of them pass. What has a NAME is left out.
import importlib
import sys
import test
import unittest
import warnings

MODULES = "backup dbapi dump factory hooks regression transactions types userfunctions".split()


def of_this_release(folder):
    test.__path__.append(folder)
    for module in MODULES:
        yield unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module("test.test_sqlite3.test_" + module))


# What moved since from test.support into modules below it.
def of_an_older_release():
    import sqlite3
    import test.support
    from test.support import os_helper, threading_helper
    for module in [os_helper, threading_helper]:
        for name in [name for name in vars(module) if not name.startswith("_") and not hasattr(test.support, name)]:
            setattr(test.support, name, getattr(module, name))
    sqlite3.__path__.append("/usr/lib/pypy3.9/sqlite3")
    for module in MODULES:
        yield importlib.import_module("sqlite3.test." + module).suite()


def each(tests):
    for one in tests:
        yield from each(one) if isinstance(one, unittest.TestSuite) else [one]


warnings.simplefilter("ignore")
suite = unittest.TestSuite(of_this_release(sys.argv[1]) if sys.argv[1:] else of_an_older_release())
left = [one for one in each(suite) if not any(name in one.id() for name in sys.argv[2:])]
result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(left))
sys.exit(0 if result.wasSuccessful() else 1)
