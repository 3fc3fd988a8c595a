#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""apply_edits.py DIAGNOSTICS: make the edits that a document (JSON or SARIF) of faridl's offers, in place."""

import collections
import json
import sys
import urllib.parse


def edits_of_json(document):
    """File, line, first and last column in bytes, text."""
    for diagnostic in document:
        for edit in diagnostic["fixits"]:
            assert edit["line"] == edit["end"]["line"]
            yield edit["file"], edit["line"], edit["column"], edit["end"]["column"], edit["text"], bytes


def edits_of_sarif(document):
    """The same, with columns in code points."""
    for result in document["runs"][0]["results"]:
        for change in (change for fix in result.get("fixes", []) for change in fix["artifactChanges"]):
            uri = urllib.parse.urlparse(change["artifactLocation"]["uri"])
            for replacement in change["replacements"]:
                region = replacement["deletedRegion"]
                text = replacement["insertedContent"]["text"]
                name = urllib.parse.unquote(uri.path)
                yield name, region["startLine"], region["startColumn"], region["endColumn"], text, str


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    edits = edits_of_json(document) if isinstance(document, list) else edits_of_sarif(document)
    by_file = collections.defaultdict(set)
    for name, *edit in edits:
        by_file[name].add(tuple(edit))
    for name, found in by_file.items():
        with open(name, encoding="utf-8", newline="") as file:
            lines = file.read().split("\n")
        for line, begin, end, text, kind in sorted(found, key=lambda edit: edit[:3], reverse=True):
            old = lines[line - 1].encode() if kind is bytes else lines[line - 1]
            new = text.encode() if kind is bytes else text
            old = old[: begin - 1] + new + old[end - 1 :]
            lines[line - 1] = old.decode() if kind is bytes else old
        with open(name, "w", encoding="utf-8", newline="") as file:
            file.write("\n".join(lines))


main()
