"""Prints "N passed, N failed" for the `meson test` run whose logs lie in a build folder.

A GoogleTest program counts as its single cases (Meson leaves <test>.xml in the build folder), any
other test as one. The verdict of Meson is the one that counts: a program that crashed or ran out
of time is at least one failure, whatever its cases say. Exits 1 when a test failed or none ran.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree

GOOD = {"OK", "EXPECTEDFAIL"}


def count_cases(path):
    """Returns [passed, failed, skipped] of a GoogleTest report, or None when there is none."""
    try:
        cases = xml.etree.ElementTree.parse(path).iter("testcase")
    except (OSError, xml.etree.ElementTree.ParseError):
        return None
    counts = [0, 0, 0]
    for case in cases:
        if case.find("failure") is not None:
            counts[1] += 1
        elif case.find("skipped") is not None:
            counts[2] += 1
        elif case.get("status") != "notrun":
            counts[0] += 1
    return counts


def count_test(directory, entry):
    """Returns [passed, failed, skipped] for one line of Meson's testlog.json."""
    counts = count_cases(directory / (entry["name"].split(" / ")[-1] + ".xml"))
    good = entry["result"] in GOOD
    if entry["result"] == "SKIP":
        return counts if counts and sum(counts) else [0, 0, 1]
    if counts is None or sum(counts) == 0:
        return [1, 0, 0] if good else [0, 1, 0]
    if not good and counts[1] == 0:
        counts[1] = 1
    return counts


def main():
    directory = pathlib.Path(sys.argv[1])
    total = [0, 0, 0]
    try:
        lines = (directory / "meson-logs" / "testlog.json").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        for index, count in enumerate(count_test(directory, json.loads(line))):
            total[index] += count
    passed, failed, skipped = total
    if passed + failed == 0:
        print("no test ran", file=sys.stderr)
    suffix = f", {skipped} skipped" if skipped else ""
    print(f"{passed} passed, {failed} failed{suffix}")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
