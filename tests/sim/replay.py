#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What of the simulator's suite needs more than one run.

usage: replay.py range TORC_SIM SECONDS     fixed seeds, then fresh ones for so long
       replay.py golden TORC_SIM [--record] same seed, same hash: twice, and as golden.txt says
       replay.py same TORC_SIM TORC_SIM     same seed, same hash, whoever compiled it and how
       replay.py seeds TORC_SIM FOLDER      every FOLDER/*.seed, worlds that failed once
       replay.py refuse TORC_SIM            unknown names and numbers end with 2 and say which

A seed file is lines that begin with '#', then one line: SEED MINUTES NODES, nodes 0 if drawn.
"""
import json
import pathlib
import secrets
import subprocess
import sys
import time

# A line a world: seed, minutes, hash of all its packets and outcomes.
GOLDEN = pathlib.Path(__file__).parent / "golden.txt"
FIXED = (1, 40)
BATCH = 4


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def fail(text):
    print(text)
    sys.exit(1)


def worlds(sim, first, count, minutes):
    done = run(sim, "--seed", str(first), "--seeds", str(count), "--minutes", minutes)
    if done.returncode != 0:
        fail(f"{done.stdout}{done.stderr}\nexit {done.returncode}: seeds {first} to "
             f"{first + count - 1}, {minutes} minutes")
    return done.stdout


def check_range(sim, seconds):
    begun = time.monotonic()
    print("fixed seeds:", worlds(sim, FIXED[0], FIXED[1], "0.05").strip())
    start = secrets.randbits(48)
    seed = start
    print(f"fresh seeds from {start}")
    while time.monotonic() - begun < float(seconds):
        worlds(sim, seed, BATCH, "0.1")
        seed += BATCH
    print(f"fresh seeds {start} to {seed - 1} held, of 0.1 minutes each")


def hash_of(sim, seed, minutes):
    done = run(sim, "--seed", str(seed), "--minutes", minutes, "--json")
    result = json.loads(done.stdout)
    if not result["held"]:
        fail(done.stdout)
    return result["hash"]


def golden_worlds():
    lines = GOLDEN.read_text().splitlines()
    return [line.split() for line in lines if line and line[0] != "#"]


def check_golden(sim, record=""):
    header = [line for line in GOLDEN.read_text().splitlines() if line.startswith("#")]
    recorded, wrong = [], 0
    for seed, minutes, golden in golden_worlds():
        first, second = hash_of(sim, seed, minutes), hash_of(sim, seed, minutes)
        if first != second:
            fail(f"seed {seed} gave {first}, then {second}: a run depends on more than its seed")
        print(f"seed {seed}: {first}" + ("" if first == golden else f", was {golden}"))
        wrong += first != golden
        recorded.append(f"{seed} {minutes} {first}")
    if record == "--record":
        GOLDEN.write_text("\n".join(header + recorded) + "\n")
    elif wrong > 0:
        fail("These worlds went otherwise than before. If a change of the engine, the clients or the"
             " simulator meant that: tests/sim/replay.py golden build/tests/torc-sim --record")


def check_same(sim, other):
    for seed, minutes, _ in golden_worlds():
        one, two = hash_of(sim, seed, minutes), hash_of(other, seed, minutes)
        print(f"seed {seed}: {one}, {two}")
        if one != two:
            fail(f"seed {seed} differs between {sim} and {other}")


def check_seeds(sim, folder):
    files = sorted(pathlib.Path(folder).glob("*.seed"))
    for file in files:
        lines = [line for line in file.read_text().splitlines() if line and line[0] != "#"]
        seed, minutes, nodes = lines[0].split()
        options = ["--nodes", nodes] if nodes != "0" else []
        done = run(sim, "--seed", seed, "--minutes", minutes, *options)
        if done.returncode != 0:
            fail(f"{file.name}:\n{done.stdout}{done.stderr}")
        print(f"{file.name} holds")
    print(f"{len(files)} seed files")


def check_refuse(sim):
    for arguments in (["--sed", "1"], ["--seed", "x"], ["--seed", "-1"], ["--seeds", "0"],
                      ["--nodes", "0"], ["--nodes", "10"], ["--minutes", "0"],
                      ["--minutes", "soon"], ["--mutant", "no_such_bug"], ["--seed", "1", "more"]):
        done = run(sim, *arguments)
        named = arguments[-1] in done.stderr or arguments[0].lstrip("-") in done.stderr
        if done.returncode != 2 or not named:
            fail(f"{' '.join(arguments)}: exit {done.returncode}, says {done.stderr!r}")
        print(" ".join(arguments), "->", done.stderr.splitlines()[0])


CHECKS = {"range": check_range, "golden": check_golden, "same": check_same,
          "seeds": check_seeds, "refuse": check_refuse}

if __name__ == "__main__":
    CHECKS[sys.argv[1]](*sys.argv[2:])
