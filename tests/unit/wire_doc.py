#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Do the tables of docs/PROTOCOL.md agree with the structs and reasons in the headers?

usage: wire_doc.py ROOT

Every struct of the headers below has a section whose heading names it and whose table has a row
for each field, at its place and of its size. A struct that begins with the frame's head is
described from 16 on.
"""
import re
import sys
from pathlib import Path

HEADERS = ["engine/wire/messages.h", "engine/ring/image.h"]
PARTS = {"wire_session", "ring_image_replica"}  # described where they are used
NUMBERS = {"uint8_t": 1, "char": 1, "uint16_t": 2, "uint32_t": 4, "uint64_t": 8}


def structs(text):
    """{name: [(offset, bytes, field)]} of packed structs, in the order of the file."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    found, size = {}, {}
    for name, body in re.findall(r"struct \w+_PACKED (\w+) \{(.*?)\n\};", text, flags=re.S):
        at, fields = 0, []
        for kind, field, count in re.findall(r"([\w ]+?)\s+(\w+)\s*(\[\w*\])?;", body):
            kind = kind.strip()
            one = size[kind.split()[1]] if kind.startswith("struct ") else NUMBERS[kind]
            total = one * int(count[1:-1] or 0) if count else one
            if total and field != "frame":
                fields.append((at, total, field))
            at += total
        found[name], size[name] = fields, at
    return found


def tables(text):
    """{struct: [(offset, bytes, field)]} from the sections that name one."""
    found = {}
    for section in re.split(r"^#+ ", text, flags=re.M)[1:]:
        heading = re.search(r"`struct (\w+)`", section.splitlines()[0])
        if heading:
            rows = re.findall(r"^\| (\d+) \| (\d+) \| (\w+) \|", section, flags=re.M)
            found[heading[1]] = [(int(at), int(count), field) for at, count, field in rows]
    return found


def compare(what, real, told):
    faults = [f"{what}: {row} is in the header, not in the document" for row in real if row not in told]
    faults += [f"{what}: {row} is in the document, not in the header" for row in told if row not in real]
    return faults


def main():
    root = Path(sys.argv[1])
    document = (root / "docs/PROTOCOL.md").read_text()
    told = tables(document)
    faults, count = [], 0
    for header in HEADERS:
        for name, fields in structs((root / header).read_text()).items():
            if name in PARTS:
                continue
            count += 1
            if name not in told:
                faults.append(f"{name}: no section names it")
            else:
                faults += compare(name, fields, told[name])
    reasons = re.findall(r"^ +X\((\w+), \"", (root / "engine/wire/wire.h").read_text(), flags=re.M)
    listed = re.findall(r"^\| (\w+) \| .*\|$", document.split("## 5.")[1].split("## 6.")[0], flags=re.M)
    if reasons != [name for name in listed if name != "reason"]:
        faults.append(f"reasons: the header has {reasons}, the document {listed}")
    if count < 17 or len(reasons) < 14:
        faults.append(f"found only {count} structs and {len(reasons)} reasons: has this test gone blind?")
    print("\n".join(faults) or f"{count} structs and {len(reasons)} reasons agree")
    return 1 if faults else 0


sys.exit(main())
