#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Nothing of the planted bugs is in the engine as it is shipped: no symbol and no text of theirs.

usage: no_mutants.py NM ARCHIVE
"""
import subprocess
import sys

nm, archive = sys.argv[1:]
symbols = subprocess.run([nm, archive], check=True, capture_output=True, text=True).stdout
found = [line for line in symbols.splitlines() if "mutant" in line.lower()]
if len(symbols.splitlines()) < 100:
    sys.exit(f"{archive} has hardly any symbols: the check is blind")
if found:
    sys.exit("\n".join(found))
print("no symbol of a mutant")
