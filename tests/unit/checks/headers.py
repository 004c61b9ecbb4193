#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compiles each header alone, the public ones as C++ too.

usage: headers.py ROOT [--dpdk] -- CC... | headers.py --self-test -- CC...
Without --dpdk the headers that include DPDK's are left out.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

WARNINGS = ("-Wall", "-Wextra", "-Wstrict-prototypes", "-Wshadow", "-Werror", "-fsyntax-only")
CXX_WARNINGS = ("-Wall", "-Wextra", "-Werror", "-fsyntax-only")


def compiles(root, header, command, name, flags):
    """Empty, or what the compiler said. `name` decides the language."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, name)
        # Twice: the guard works.
        source.write_text(f'#include "{header}"\n' * 2 + "extern int torc_header_check;\n")
        done = subprocess.run([*command, *flags, f"-I{root}", f"-I{root}/include", str(source)],
                              capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{header} does not compile alone:\n{done.stderr}"


def dpdk_flags():
    done = subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True, text=True,
                          check=True)
    # DPDK's own headers are not ours to warn about.
    return [flag.replace("-I", "-isystem", 1) for flag in done.stdout.split()]


def needs_dpdk(path):
    return "<rte_" in path.read_text(encoding="utf-8")


def jobs(root, dpdk, cc, cxx):
    c_flags = ["-std=gnu17", *WARNINGS, *(dpdk_flags() if dpdk else [])]
    for top in ("include", "engine", "drivers"):
        for path in sorted((root / top).rglob("*.h")):
            if needs_dpdk(path) and not dpdk:
                continue
            yield path, cc, "alone.c", c_flags
            if top == "include" and cxx:
                yield path, cxx, "alone.cpp", ["-std=c++17", *CXX_WARNINGS]


def check(root, dpdk, cc):
    root = pathlib.Path(root).resolve()
    cxx = next(([c] for c in ("g++", "clang++", "c++") if shutil.which(c)), None)
    if not cxx:
        print("no C++ compiler: public headers are compiled as C only")
    work = list(jobs(root, dpdk, cc, cxx))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(lambda job: compiles(root, *job), work)
        return len(work), [text for text in said if text]


PLANTED_BAD = {
    "engine/base/a.h": "struct a { uint32_t unknown_type; };",
    "engine/base/b.h": "struct b { int no_guard; };",
    "include/torc/c.h": "#ifndef C_H\n#define C_H\nint torc_c(int class, int new);\n#endif",
    "drivers/net/d.h": '#ifndef D_H\n#define D_H\n#include "engine/base/missing.h"\n#endif',
}
GOOD = "#ifndef X_H\n#define X_H\n#include <stdint.h>\nstruct x { uint32_t x; };\n#endif"


def planted(header, text, cc):
    with tempfile.TemporaryDirectory() as root:
        path = pathlib.Path(root, header)
        path.parent.mkdir(parents=True)
        path.write_text(text + "\n")
        return check(root, False, cc)[1]


def self_test(cc):
    wrong = [f"accepted: {h}" for h, text in PLANTED_BAD.items()
             if not planted(h, text, cc) and not ("torc/" in h and not shutil.which("g++"))]
    wrong += planted("include/torc/x.h", GOOD, cc)
    return len(PLANTED_BAD) + 1, wrong


def main():
    if "--" not in sys.argv:
        sys.exit(__doc__)
    split = sys.argv.index("--")
    options, cc = sys.argv[1:split], sys.argv[split + 1:]
    if options and options[0] == "--self-test":
        count, found = self_test(cc)
    else:
        count, found = check(options[0], "--dpdk" in options, cc)
    print("\n".join(found), file=sys.stderr)
    print(f"{count} compiled, {len(found)} wrong")
    sys.exit(1 if found or count == 0 else 0)


main()
