# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What the tests of the two labs share: a lab of the test's own, and checks that say what they
# found. TORC_BUILD names the build folder.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${TORC_BUILD:-$root/build}
export TORC_LAB_PATIENCE=${TORC_LAB_PATIENCE:-60}
TORC_LAB_DIR=$(mktemp -d /tmp/torc-lab-test-XXXXXX) || exit 1
export TORC_LAB_DIR
wrong=0

lab() {
    "$root/tools/lab" "$@"
}

up() {
    lab up --build "$build" "$@"
}

torc() {
    lab exec torc "$@"
}

finish() {
    lab down >/dev/null
    rmdir "$TORC_LAB_DIR" 2>/dev/null
}
trap finish EXIT
trap 'exit 1' INT TERM

# holds WHAT COMMAND...: the command succeeds. Everything a failing one said is shown.
holds() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok: $what"
        return 0
    fi
    echo "WRONG: $what: $*"
    printf '%s\n' "$output"
    wrong=$((wrong + 1))
    return 1
}

# says TEXT COMMAND...: the command prints exactly this.
says() {
    local expected=$1 output
    shift
    output=$("$@") || { echo "$* failed with $?"; return 1; }
    [ "$output" = "$expected" ] || { echo "$* said '$output', not '$expected'"; return 1; }
}

# refuses PATTERN COMMAND...: the command fails with one line that matches.
refuses() {
    local pattern=$1 output
    shift
    output=$("$@" 2>&1) && { echo "$* was accepted: $output"; return 1; }
    [ "$(wc -l <<<"$output")" -eq 1 ] && [[ $output =~ $pattern ]] && return 0
    echo "$* said '$output', not one line with '$pattern'"
    return 1
}

end() {
    if ((wrong > 0)); then
        echo "$wrong wrong"
        exit 1
    fi
    exit 0
}

# A key is written, read, removed, and gone.
one_key() {
    torc put "$1" "value of $1" &&
        says "value of $1" torc get "$1" &&
        torc del "$1" &&
        ! torc get "$1"
}

load() {
    torc load --keys "$1" --value 64 --verify
}

# A client that dies in the middle of its work takes nothing with it.
client_dies() {
    local pid
    lab exec torc load --keys 1000000 --value 64 >/dev/null 2>&1 &
    pid=$!
    sleep 1
    # lab exec becomes the client itself.
    kill -KILL "$pid" 2>/dev/null || { echo "the client had ended before"; return 1; }
    wait "$pid" 2>/dev/null
    load 500 && lab_runs 3
}

# lab_runs N: so many nodes are running.
lab_runs() {
    local count
    count=$(lab status | grep -c ' running ')
    [ "$count" -eq "$1" ] || { lab status; return 1; }
}

pause_and_resume() {
    lab pause 2 && lab resume 2 && load 200
}

wrong_input() {
    refuses 'unknown command' lab frobnicate &&
        refuses 'wants a number from 1 to 200' up --nodes 0 &&
        refuses 'wants one of: dpdk socket' up --net tcp &&
        refuses 'at least as many nodes' up --nodes 2 --replicas 3 &&
        refuses 'unknown option --color' up --color red &&
        refuses 'is no node of this lab' lab kill 4 &&
        refuses 'node 1 is running already' lab start 1 &&
        refuses 'node 1 is running' lab resume 1 &&
        refuses 'wants a command' lab exec &&
        refuses 'a lab is up already' up
}

# A member that was killed is another one when it returns: until the whole cluster restarts, its
# chains refuse what would need it.
kill_and_start() {
    lab kill 2 && lab_runs 2 && lab start 2 && lab_runs 3
    sleep 1
    refuses 'restarted' torc put k v
}

down_leaves_nothing() {
    lab down || return 1
    [ ! -e "$TORC_LAB_DIR" ] || { echo "$TORC_LAB_DIR is still there"; return 1; }
    ! grep -lzsx "$TORC_LAB_DIR/n[0-9]*\.yaml" /proc/[0-9]*/cmdline ||
        { echo "processes are still there"; return 1; }
    if ip netns list 2>/dev/null | grep -q "$(namespace_tag)"; then
        echo "namespaces are still there"
        return 1
    fi
    lab down
}

namespace_tag() {
    printf 'torc-lab-%08x' "$(printf '%s' "$(realpath -m "$TORC_LAB_DIR")" | cksum | cut -d' ' -f1)"
}

# Whatever a crash left, the next up and the next down clear it.
after_a_crash() {
    local arguments=("$@")
    up "${arguments[@]}" && lab kill all && up "${arguments[@]}" && one_key again || return 1
    # The lab's own files are gone, its processes are not.
    rm -rf "$TORC_LAB_DIR"
    down_leaves_nothing
}
