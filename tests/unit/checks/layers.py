#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks who includes whom, as docs/ARCHITECTURE.md draws it.

    node -> {control, vnode, client} -> {chain, raft, services} -> {link, log, ring} -> wire -> base
    drivers -> {include, engine/base}; drivers/host -> engine; tools, bench, tests -> all

A file includes only what stands to the right, or in its own folder. Folders within one pair of
braces do not include each other, except where EXCEPTIONS says why. The engine includes no driver
and no system header outside ENGINE_SYSTEM; worker and control code never include each other.

usage: layers.py ROOT | layers.py --self-test
"""
import pathlib
import re
import sys
import tempfile

RANK = {"base": 0, "wire": 1, "ring": 2, "log": 2, "link": 2, "chain": 3, "raft": 3,
        "services": 3, "control": 4, "vnode": 4, "client": 4, "node": 5}
WORKER = {"link", "chain", "vnode"}
CONTROL = {"raft", "control"}

# (folder, file it may include): why. Keep it short; each line is a debt.
EXCEPTIONS = {
}

FREESTANDING = {"assert.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h",
                "stddef.h", "stdint.h", "stdatomic.h", "stdnoreturn.h"}
ENGINE_SYSTEM = FREESTANDING | {"string.h", "endian.h", "immintrin.h", "x86intrin.h",
                                "nmmintrin.h", "xxhash.h", "isa-l/crc.h", "isa-l.h", "crc.h",
                                "openssl/sha.h", "openssl/evp.h"}
# RCU is behind four calls in one file.
RCU_FILES = {"engine/ring/publish.c"}
RCU_HEADER = re.compile(r"(urcu|urcu[-/].*|sanitizer/tsan_interface)\.h")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)
TOPS = ("include", "engine", "drivers", "tools", "bench", "tests")


def engine_folder(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "engine" and len(parts) > 2 else None


def engine_to_engine(source, target):
    """Why a file of the engine may not include another one of it; None where it may."""
    mine, theirs = engine_folder(source), engine_folder(target)
    for folder in (mine, theirs):
        if folder not in RANK:
            return f"engine/{folder} has no place in the layers"
    if mine == theirs or (mine, target) in EXCEPTIONS:
        return None
    if {mine, theirs} & WORKER and {mine, theirs} & CONTROL:
        if mine != "node":
            return "worker and control code never include each other"
    if RANK[theirs] >= RANK[mine]:
        return f"{theirs} does not stand below {mine}"
    return None


def engine_system(source, header):
    if header.startswith("torc/") or header in ENGINE_SYSTEM:
        return None
    if source in RCU_FILES and RCU_HEADER.fullmatch(header):
        return None
    return "the engine is sans-I/O and may not include this header"


def quoted(source, target):
    """Why `source` may not #include "target"; None where it may."""
    top = target.split("/")[0]
    mine = source.split("/")[0]
    if top not in TOPS or "/" not in target:
        return 'write the path from the root, as "engine/base/arena.h"'
    if top == "include":
        return "write public headers as <torc/NAME.h>"
    if mine == "engine":
        if top != "engine":
            return f"the engine never includes {top}"
        return engine_to_engine(source, target)
    if mine == "include":
        return "public headers include only public headers"
    if mine == "drivers":
        return driver(source, target)
    return None


def driver(source, target):
    host = source.startswith("drivers/host/")
    if target.startswith("engine/base/") or (host and target.startswith("engine/")):
        return None
    if target.startswith("engine/"):
        return "drivers include only include/ and engine/base; drivers/host alone more"
    if not target.startswith("drivers/"):
        return "drivers include nothing of " + target.split("/")[0]
    if target.startswith("drivers/host/") and not host:
        return "no driver includes drivers/host"
    return None


def angled(source, header):
    top = source.split("/")[0]
    if top == "engine":
        return engine_system(source, header)
    if top == "include" and not header.startswith("torc/") and header not in FREESTANDING:
        return "public headers include only public and freestanding headers"
    return None


def check_file(root, path):
    source = path.relative_to(root).as_posix()
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        name, system = match.groups()
        why = quoted(source, name) if name else angled(source, system)
        if why:
            line = text.count("\n", 0, match.start()) + 1 + match.group(0).count("\n")
            yield f"{source}:{line}: includes {name or system}: {why}"


def check(root):
    root = pathlib.Path(root)
    found, files = [], 0
    for top in ("include", "engine", "drivers"):
        for path in sorted((root / top).rglob("*.[ch]")):
            files += 1
            found += check_file(root, path)
    return files, found


PLANTED_BAD = [
    ("engine/base/a.c", '#include "engine/wire/wire.h"'),
    ("engine/wire/a.c", '#include "engine/link/link.h"'),
    ("engine/ring/a.c", '#include "engine/log/log.h"'),
    ("engine/chain/a.c", '#include "engine/vnode/vnode.h"'),
    ("engine/control/a.c", '#include "engine/chain/chain.h"'),
    ("engine/control/a.c", '#include "engine/vnode/vnode.h"'),
    ("engine/vnode/a.c", '#include "engine/raft/raft.h"'),
    ("engine/node/a.c", '#include "drivers/net/net.h"'),
    ("engine/node/a.c", '#include "node.h"'),
    ("engine/chain/a.c", '#include "engine/shelf/shelf.h"'),
    ("engine/base/a.c", "#include <stdlib.h>"),
    ("engine/base/a.c", "#include <stdio.h>"),
    ("engine/base/a.c", "#  include  <time.h>"),
    ("engine/node/a.c", "#include <pthread.h>"),
    ("engine/node/a.c", "#include <sys/socket.h>"),
    ("engine/wire/a.h", "#include <rte_byteorder.h>"),
    ("engine/vnode/a.c", "#include <urcu-qsbr.h>"),
    ("drivers/net/a.c", '#include "engine/wire/wire.h"'),
    ("drivers/net/a.c", '#include "drivers/host/config.h"'),
    ("drivers/host/a.c", '#include "tools/torcd.h"'),
    ("include/torc/a.h", '#include "engine/base/arena.h"'),
    ("include/torc/a.h", "#include <sys/uio.h>"),
]
PLANTED_GOOD = [
    ("engine/node/a.c", '#include "engine/control/control.h"'),
    ("engine/node/a.c", '#include "engine/vnode/vnode.h"'),
    ("engine/vnode/a.c", '#include "engine/chain/chain.h"'),
    ("engine/link/a.c", '#include "engine/wire/wire.h"'),
    ("engine/ring/publish.c", "#include <urcu/urcu-qsbr.h>"),
    ("engine/base/a.c", "#include <torc/types.h>\n#include <string.h>"),
    ("drivers/net/a.c", '#include "engine/base/arena.h"\n#include <sys/socket.h>'),
    ("drivers/host/a.c", '#include "engine/node/node.h"\n#include "drivers/net/net.h"'),
    ("tools/a.c", '#include "engine/ring/ring.h"'),
]


def planted(source, text):
    with tempfile.TemporaryDirectory() as root:
        path = pathlib.Path(root, source)
        path.parent.mkdir(parents=True)
        path.write_text("/* first line */\n" + text + "\n")
        return check(root)[1]


def self_test():
    wrong = [f"accepted: {s}: {t}" for s, t in PLANTED_BAD if not planted(s, t)]
    wrong += [f"refused: {found}" for s, t in PLANTED_GOOD for found in planted(s, t)]
    if "engine/base/a.c:2:" not in planted(*PLANTED_BAD[0])[0]:
        wrong.append("a violation does not name its file and line")
    return len(PLANTED_BAD) + len(PLANTED_GOOD), wrong


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    count, found = self_test() if sys.argv[1] == "--self-test" else check(sys.argv[1])
    print("\n".join(found), file=sys.stderr)
    print(f"{count} looked at, {len(found)} wrong")
    sys.exit(1 if found or count == 0 else 0)


main()
