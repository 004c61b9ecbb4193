#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The command line without a cluster: what it computes, to the last digit, and what it refuses.

usage: client_cli.py TORC
"""
import hashlib
import json
import os
import struct
import subprocess
import sys

torc = sys.argv[1]
wrong = 0
STEP = 121791803110908576516973736059690251637994378581  # floor(2^160 / 12)
REFERENCE = ["--nodes", "3", "--partitions", "12", "--hash", "sha1", "--claim", "blocks"]


def run(*arguments, env=None, text=None):
    return subprocess.run([torc, *arguments], capture_output=True, text=True, input=text,
                          env={**os.environ, "TORC_SEED": "", **(env or {})}, timeout=20)


def same(what, found, wanted):
    global wrong
    if found == wanted:
        return
    wrong += 1
    print(f"WRONG: {what}: {found!r} is not {wanted!r}")


def answer(*arguments):
    done = run(*arguments, "--json")
    same(f"{arguments} exits", (done.returncode, done.stderr), (0, ""))
    return json.loads(done.stdout)


def fails(status, text, *arguments, env=None):
    done = run(*arguments, env=env)
    same(f"{arguments} exits", done.returncode, status)
    same(f"{arguments} says one line", done.stderr.count("\n"), 1)
    same(f"{arguments} says {text!r}: {done.stderr!r}", text in done.stderr, True)


def the_reference_ring():
    ring = answer("ring", *REFERENCE)
    same("step", STEP, 2**160 // 12)
    same("partitions", len(ring["partitions"]), 12)
    for index, partition in enumerate(ring["partitions"]):
        owner = index // 4 + 1
        same(f"partition {index}", partition, {
            "index": index, "point": str((index + 1) * STEP), "owner": owner,
            "chain": [(owner - 1 + i) % 3 + 1 for i in range(3)]})


def the_reference_object():
    found = answer("hash", "--hex", "836164", *REFERENCE)
    same("hash of 83 61 64", found, {
        "hash": "570ab2072f2310d795a1d27f03cce15ba02047ed",
        "hash_decimal": str(int("570ab2072f2310d795a1d27f03cce15ba02047ed", 16)),
        "partition": 4, "point": str(5 * STEP), "owner": 2, "replicas": [2, 3, 1]})
    found = answer("replicas", "--hex", "836164", *REFERENCE)
    same("replicas", found["replicas"], [2, 3, 1])
    same("roles", [(m["node"], m["role"]) for m in found["chain"]],
         [(2, "head"), (3, "middle"), (1, "tail")])


def a_few_of_the_twelve_thousand():
    for n in [1, 100, 255, 256, 4097, 12000]:
        key = b"\x83\x61" + bytes([n]) if n < 256 else b"\x83\x62" + struct.pack(">i", n)
        value = int.from_bytes(hashlib.sha1(key).digest(), "big")
        found = answer("hash", "--hex", key.hex(), *REFERENCE)
        same(f"partition of {n}", found["partition"], value // STEP % 12)


def other_rings():
    ring = answer("ring", "--nodes", "5")
    same("partitions", len(ring["partitions"]), 64)
    same("point 64", ring["partitions"][63]["point"], str(2**160))
    same("point 1", ring["partitions"][0]["point"],
         "22835963083295358096932575511191922182123945984")
    same("defaults", (ring["hash"], ring["claim"], ring["replicas"]), ("xxh3", "spread", 3))
    same("one node", answer("ring", "--nodes", "1", "--partitions", "1")["partitions"],
         [{"index": 0, "point": str(2**160), "owner": 1, "chain": [1]}])
    same("key and its hex are one", answer("hash", "abc", "--nodes", "4"),
         answer("hash", "--hex", "616263", "--nodes", "4"))
    peer = answer("peer", "2", *REFERENCE)
    same("peer", (peer["owned"], peer["replicas"], peer["heads"], peer["tails"]), (4, 12, 4, 4))


def the_picture():
    lines = run("ring", *REFERENCE).stdout.splitlines()
    rows = [line.split() for line in lines[3:]]
    same("rows", len(rows), 12)
    same("row 4", rows[4], ["4", str(5 * STEP), "2", "2", ">", "3", ">", "1", "T", "H", "m"])
    text = run("hash", "--hex", "836164", *REFERENCE).stdout
    same("hash in words", "replicas   2,3,1" in text and str(5 * STEP) in text, True)


def wrong_usage():
    fails(2, "unknown verb frobnicate", "frobnicate")
    fails(2, "unknown option --color", "ring", "--color", "red")
    fails(2, "unknown option --keys", "ring", "--keys", "3")
    fails(2, "--nodes x: must be a number from 1 to 1024", "ring", "--nodes", "x")
    fails(2, "--partitions 0", "ring", "--nodes", "3", "--partitions", "0")
    fails(2, "more replicas than nodes", "ring", "--nodes", "2", "--replicas", "3")
    fails(2, "--hash md5: must be xxh3 or sha1", "ring", "--nodes", "3", "--hash", "md5")
    fails(2, "--hex 83x: must be pairs", "hash", "--hex", "83x", "--nodes", "3")
    fails(2, "--nodes wants a value", "ring", "--nodes")
    fails(2, "--json takes no value", "ring", "--json=yes")
    fails(2, "something is missing", "put", "k")
    fails(2, "too many arguments", "get", "a", "b")
    fails(2, "a key has 1 to 1024 bytes", "get", "")
    fails(2, "a key has 1 to 1024 bytes", "get", "k" * 1025)
    fails(2, "the version must be a number", "cas", "k", "x", "v")
    fails(2, "is no IPv4 address", "get", "k", "--seed", "no such host")
    fails(2, "the port must be a number", "get", "k", "--seed", "127.0.0.1:x")
    fails(1, "there is no node 4", "peer", "4", *REFERENCE)
    same("no verb", run().returncode, 2)


def help_for_all():
    listed = run("--help")
    same("help exits", listed.returncode, 0)
    for verb in ["put", "get", "del", "cas", "ring", "hash", "replicas", "peer", "stats", "load"]:
        same(f"{verb} is listed", f"  {verb} " in listed.stdout, True)
        done = run(verb, "--help")
        same(f"{verb} --help", (done.returncode, done.stdout.startswith(f"usage: torc {verb} "),
                                "--json" in done.stdout), (0, True, True))


def nobody_there():
    # Port 9 of loopback: nobody listens, and if someone does, it is not torc.
    fails(4, "127.0.0.1:9: no node answered within 0.3 s", "get", "k", "--timeout", "0.3",
          "--seed", "127.0.0.1:9")
    fails(4, "--seed or TORC_SEED", "stats", "--timeout", "0.3", env={"TORC_SEED": "127.0.0.1:9"})


for check in [the_reference_ring, the_reference_object, a_few_of_the_twelve_thousand, other_rings,
              the_picture, wrong_usage, help_for_all, nobody_there]:
    before = wrong
    check()
    print(f"{'ok' if wrong == before else 'WRONG'}: {check.__name__.replace('_', ' ')}")
sys.exit(wrong != 0)
