#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_sarif.py DOCUMENT: is it SARIF 2.1.0 as the standard asks for? Print its results, one a line."""

import json
import re
import sys

RELATIVE = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=@/%-]+")


def place(location):
    physical = location["physicalLocation"]
    uri, region = physical["artifactLocation"]["uri"], physical["region"]
    assert RELATIVE.fullmatch(uri) and not uri.startswith("/"), uri
    assert region["startLine"] >= 1 and region["startColumn"] >= 1 and region["endColumn"] >= region["startColumn"]
    assert region["endLine"] == region["startLine"]
    return f"{uri}:{region['startLine']}:{region['startColumn']}-{region['endColumn']}"


def check_fix(fix):
    assert fix["artifactChanges"] and fix["description"]["text"]
    for change in fix["artifactChanges"]:
        assert RELATIVE.fullmatch(change["artifactLocation"]["uri"]) and change["replacements"]
        for replacement in change["replacements"]:
            assert replacement["deletedRegion"]["startLine"] >= 1
            assert isinstance(replacement["insertedContent"]["text"], str)


def check_rules(rules):
    assert len({rule["id"] for rule in rules}) == len(rules) > 40
    for rule in rules:
        assert re.fullmatch(r"FC-\d{4}", rule["id"]) and rule["name"] and rule["shortDescription"]["text"]
        assert "Mistake:" in rule["help"]["text"] and "Cure:" in rule["help"]["text"]
        assert "helpUri" not in rule


def print_result(result, rules):
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] and result["message"]["text"]
    assert result["level"] in ("error", "warning", "note")
    related = "".join(f" ({at['message']['text']} {place(at)})" for at in result.get("relatedLocations", []))
    for fix in result.get("fixes", []):
        check_fix(fix)
    assert len(result["locations"]) == 1
    print(result["level"], result["ruleId"], place(result["locations"][0]) + related)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    assert document["version"] == "2.1.0" and document["$schema"].endswith("sarif-schema-2.1.0.json")
    assert set(document) <= {"$schema", "version", "runs"} and len(document["runs"]) == 1
    run = document["runs"][0]
    assert run["columnKind"] == "unicodeCodePoints" and run["tool"]["driver"]["name"] == "faridl"
    invocation = run["invocations"][0]
    assert invocation["executionSuccessful"] is True
    assert invocation["exitCode"] == (65 if run["results"] else 0)
    check_rules(run["tool"]["driver"]["rules"])
    for result in run["results"]:
        print_result(result, run["tool"]["driver"]["rules"])
    print(len(run["results"]), "results")


main()
