#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks what the house asks of each source file and a compiler does not.

The licence in the first lines, an include guard named for folder and file, files of at most 600
lines, functions of at most 80, no typedef of a struct.

usage: house.py ROOT | house.py --self-test
"""
import pathlib
import re
import sys
import tempfile

TOPS = ("include", "engine", "drivers", "tools", "bench", "tests")
LINES_MAX = 600
FUNCTION_LINES_MAX = 80


def guard_names(source):
    """tests/cluster/net.h may say CLUSTER_NET_H or TESTS_CLUSTER_NET_H."""
    parts = [re.sub(r"\W", "_", part) for part in source.upper().split("/")]
    return {"_".join(parts[i:]) for i in range(len(parts) - 1)}


def long_functions(lines):
    """A function's body opens with a { in the first column and closes with a } there."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.startswith("}") and start is not None:
            if number - start - 1 > FUNCTION_LINES_MAX:
                yield start, number - start - 1
            start = None


def check_text(source, text):
    lines = text.splitlines()
    if "SPDX-License-Identifier: BSD-3-Clause" not in "\n".join(lines[:2]):
        yield f"{source}:1: names no licence"
    if len(lines) > LINES_MAX:
        yield f"{source}: has {len(lines)} lines, more than {LINES_MAX}"
    if not source.endswith((".c", ".h")):
        return
    for line, count in long_functions(lines):
        yield f"{source}:{line}: a function of {count} lines, more than {FUNCTION_LINES_MAX}"
    for match in re.finditer(r"^\s*typedef\s+(struct|union)\b(?![^;{]*\()", text, re.M):
        yield f"{source}:{text.count(chr(10), 0, match.end()) + 1}: typedef of a {match.group(1)}"
    if source.endswith(".h"):
        guard = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text, re.M)
        if not guard or guard.group(1) not in guard_names(source):
            yield f"{source}: the include guard is not FOLDER_FILE_H"


def wanted(path):
    if path.suffix in (".c", ".h", ".cpp", ".py", ".sh") or path.name == "meson.build":
        return True
    return path.suffix == "" and path.is_file() and path.read_bytes()[:2] == b"#!"


def check(root):
    root = pathlib.Path(root)
    found, files = [], 0
    for path in sorted(p for top in TOPS for p in (root / top).rglob("*")):
        if path.is_file() and wanted(path):
            files += 1
            found += check_text(path.relative_to(root).as_posix(),
                                path.read_text(encoding="utf-8"))
    return files, found


SPDX = "/* SPDX-License-Identifier: BSD-3-Clause */\n"
PLANTED_BAD = {
    "engine/base/a.c": "int x;\n",
    "engine/base/b.c": SPDX + "int x;\n" * 600,
    "engine/base/c.c": SPDX + "void f(void)\n{\n" + "    g();\n" * 81 + "}\n",
    "engine/base/d.c": SPDX + "typedef struct d {\n    int x;\n} d;\n",
    "engine/base/e.h": SPDX + "#ifndef OTHER_H\n#define OTHER_H\n#endif\n",
    "engine/base/f.h": SPDX + "int f(void);\n",
    "tools/g": "#!/bin/sh\nexit 0\n",
}
PLANTED_GOOD = {
    "engine/base/a.h": SPDX + "#ifndef BASE_A_H\n#define BASE_A_H\n#endif\n",
    "engine/base/b.c": SPDX + "void f(void)\n{\n" + "    g();\n" * 80 + "}\n",
    "engine/base/c.c": SPDX + "typedef void (*release_fn)(struct ring *ring);\n",
    "include/torc/d.h": SPDX + "#ifndef TORC_D_H\n#define TORC_D_H\n#endif\n",
    "tools/g": "#!/bin/sh\n# SPDX-License-Identifier: BSD-3-Clause\nexit 0\n",
}


def planted(source, text):
    with tempfile.TemporaryDirectory() as root:
        path = pathlib.Path(root, source)
        path.parent.mkdir(parents=True)
        path.write_text(text)
        return check(root)[1]


def self_test():
    wrong = [f"accepted: {s}" for s, text in PLANTED_BAD.items() if len(planted(s, text)) != 1]
    wrong += [found for s, text in PLANTED_GOOD.items() for found in planted(s, text)]
    return len(PLANTED_BAD) + len(PLANTED_GOOD), wrong


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    count, found = self_test() if sys.argv[1] == "--self-test" else check(sys.argv[1])
    print("\n".join(found), file=sys.stderr)
    print(f"{count} looked at, {len(found)} wrong")
    sys.exit(1 if found or count == 0 else 0)


main()
