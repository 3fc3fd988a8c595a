#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""large_source.py DIRECTORY writes large.c and large.h, 20,000 lines that are a service of 20 operations, and plain.c, of none."""
import os
import sys

FUNCTIONS = 1120
OPERATIONS = 20

FUNCTION = """
struct item_%(i)d {
    struct item_%(i)d *next;
    unsigned length, kind;
    char text[%(room)d];
};
static struct item_%(i)d *first_%(i)d;

static int step_%(i)d(const char *text, unsigned kind)
{
    for (struct item_%(i)d *at = first_%(i)d; at; at = at->next) {
        if (at->kind == kind && !strcmp(at->text, text))
            return (int)at->length;
    }
    if (kind > %(room)d)
        return -1;
    return %(next)s;
}
"""


def function(i):
    following = "step_%d(text, kind + 1)" % (i - 1) if i % 8 else "(int)(strlen(text) %% %du)" % (i + 3)
    return FUNCTION % {"i": i, "room": 16 + i % 48, "next": following}


def main(directory):
    operations = range(OPERATIONS)
    with open(os.path.join(directory, "large.h"), "w") as header:
        header.write("#include <farcall/annotate.h>\nfar_service(large, 1, 0);\n")
        for i in operations:
            header.write("far_op int large_%d(const char *__null_terminated text, unsigned kind);\n" % i)
    with open(os.path.join(directory, "large.c"), "w") as source:
        source.write('#include "large.h"\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n')
        source.writelines(function(i) for i in range(FUNCTIONS))
        for i in operations:
            calls = " + ".join("step_%d(text, kind)" % at for at in range(7 + 8 * i, FUNCTIONS, 8 * OPERATIONS))
            source.write("int large_%d(const char *text, unsigned kind)\n{\n    return %s;\n}\n" % (i, calls))
    with open(os.path.join(directory, "plain.c"), "w") as plain:
        plain.write("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n")
        plain.writelines(function(i) for i in range(8))
        plain.write("int plain(const char *text)\n{\n    return step_7(text, 1);\n}\n")


main(sys.argv[1])
