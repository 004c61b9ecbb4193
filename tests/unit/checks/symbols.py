#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks what the engine's archive asks of the outside.

The engine is sans-I/O: no system call, no clock, no random source, no allocation. What it links
is listed here symbol by symbol; anything else is an error. Sanitizers' and the compiler's own
symbols do not count.

usage: symbols.py NM ARCHIVE | symbols.py --self-test NM CC...
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ALLOWED = re.compile("|".join((
    r"mem(cpy|move|set|cmp|chr|mem)|bcmp",
    r"str(len|nlen|cmp|ncmp|chr)|bsearch",
    r"__mem(cpy|move|set)_chk|__stack_chk_fail",
    r"crc32_iscsi(_\w+)?",
    r"XXH\w+",
    r"SHA1(_\w+)?|EVP_\w+",
)))
# What the compiler, its runtime or a sanitizer adds by itself.
COMPILER = re.compile("|".join((
    r"_GLOBAL_OFFSET_TABLE_|__tls_get_addr|__cpu_model|__cpu_indicator_init",
    r"__u?(div|mod|divmod)ti[34]|__multi3|__popcount[ds]i2|__(clz|ctz)[dt]i2",
    r"__(asan|ubsan|tsan|msan|sanitizer|sancov|gcov|llvm)_\w+",
    r"__(start|stop)___(sancov|llvm)_\w+|__odr_asan\S+|Annotate\w+",
)))
# RCU is behind four calls in one file; liburcu's inline readers may wake a waiter by futex.
BY_MEMBER = {
    "ring_publish.c.o": re.compile(
        r"urcu_\w+|compat_futex_(no)?async|syscall|__errno_location|Annotate\w+"),
}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def undefined(nm, archive):
    """How many symbols were seen, and (member, symbol) for what no member defines."""
    line = re.compile(r"(?:.*[:/])?([^:/\s]+\.o):\s*(?:[0-9a-f]+\s+)?([A-Za-z])\s+(\S+)")
    found = [m.groups() for m in map(line.match, run(nm, "-A", str(archive)).splitlines()) if m]
    defined = {symbol for _, kind, symbol in found if kind not in "Uw"}
    return len(found), [(m, s) for m, kind, s in found if kind in "Uw" and s not in defined]


def permitted(member, symbol):
    if ALLOWED.fullmatch(symbol) or COMPILER.fullmatch(symbol):
        return True
    rule = BY_MEMBER.get(member)
    return bool(rule and rule.fullmatch(symbol))


def check(nm, archive):
    count, outside = undefined(nm, archive)
    return count, [f"{member}: {symbol} is not on the engine's list of symbols"
                   for member, symbol in outside if not permitted(member, symbol)]


def planted(nm, cc, folder, name, text):
    source = pathlib.Path(folder, name)
    source.write_text(text)
    run(*cc, "-O1", "-c", str(source), "-o", f"{source}.o")
    return check(nm, f"{source}.o")[1]


PLANTED_BAD = {
    "malloc": "void *malloc(unsigned long); void *f(void) { return malloc(8); }",
    "clock_gettime": "int clock_gettime(int, void *); int f(void *t) { return clock_gettime(1, t); }",
    "printf": "int printf(const char *, ...); int f(void) { return printf(\"%d\", 1); }",
    "rand": "int rand(void); int f(void) { return rand(); }",
    "urcu_qsbr_reader": "extern int urcu_qsbr_reader; int f(void) { return urcu_qsbr_reader; }",
}
PLANTED_GOOD = {
    "a.c": "int memcmp(const void *, const void *, unsigned long);\n"
           "int crc32_iscsi(const void *, int, unsigned);\n"
           "int g(void);\n"
           "int f(void *p, int n) { return memcmp(p, p, n) + crc32_iscsi(p, 8, n) + g(); }\n"
           "int g(void) { return 1; }",
    "ring_publish.c": PLANTED_BAD["urcu_qsbr_reader"],
}


def self_test(nm, *cc):
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for symbol, text in PLANTED_BAD.items():
            found = planted(nm, cc, folder, "a.c", text)
            if len(found) != 1 or symbol not in found[0]:
                wrong.append(f"accepted: {symbol}")
        for name, text in PLANTED_GOOD.items():
            wrong += planted(nm, cc, folder, name, text)
    return len(PLANTED_BAD) + len(PLANTED_GOOD), wrong


def main():
    arguments = sys.argv[1:]
    if len(arguments) < 2:
        sys.exit(__doc__)
    if arguments[0] == "--self-test":
        count, found = self_test(*arguments[1:])
    else:
        count, found = check(*arguments)
    print("\n".join(found), file=sys.stderr)
    print(f"{count} looked at, {len(found)} wrong")
    sys.exit(1 if found or count == 0 else 0)


main()
