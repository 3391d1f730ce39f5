"""Writes a C++ file with the text of other files: what report.html is made of.

    embed_files.py OUT.cc NAME=FILE...

Each NAME becomes a function of report/embedded_files.h. A file that would end the literal, or the
element of a page that it is put into, is refused.
"""

import pathlib
import sys

DELIMITER = "EMBEDDED"
FORBIDDEN = (f"){DELIMITER}\"", "</script", "</style", "]]>", "<!--")


def literal_of(path):
    text = pathlib.Path(path).read_text(encoding="utf-8").rstrip("\n")
    for forbidden in FORBIDDEN:
        if forbidden in text:
            raise SystemExit(f"{path}: contains {forbidden}, and cannot be put into a page")
    return f'R"{DELIMITER}({text}){DELIMITER}"'


def main():
    out, *pairs = sys.argv[1:]
    lines = ['#include "report/embedded_files.h"', "", "namespace pgring {", ""]
    for pair in pairs:
        name, path = pair.split("=", 1)
        lines += [f"std::string_view {name}() {{", f"  return {literal_of(path)};", "}", ""]
    lines.append("}  // namespace pgring")
    pathlib.Path(out).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
