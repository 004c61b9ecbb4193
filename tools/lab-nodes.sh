# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Part of tools/lab: the processes. A node's pid file holds its pid and when that process started,
# so that a number that was given out again is not mistaken for the node.

# process_field PID FIELD: 3 is the state, 22 the start, as proc(5) counts.
process_field() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The name, in parentheses, may hold anything: count from its end.
    awk -v field="$2" '{ print $(field - 2) }' <<<"${stat##*) }"
}

node_pid() {
    local pid started
    [ -f "$lab_dir/n$1.pid" ] || return 1
    read -r pid started <"$lab_dir/n$1.pid"
    [ "$(process_field "$pid" 22)" = "$started" ] || return 1
    [ "$(process_field "$pid" 3)" != Z ] && echo "$pid"
}

node_state() {
    local pid
    pid=$(node_pid "$1") || { echo dead; return; }
    case $(process_field "$pid" 3) in
    T | t) echo paused ;;
    '' | X) echo dead ;;
    *) echo running ;;
    esac
}

node_start() {
    local node=$1 log=$lab_dir/n$1.log launch=() pid
    [ "$lab_net" = dpdk ] && launch=(nsenter --net="/run/netns/$lab_tag-n$node" --)
    setsid "${launch[@]}" "$lab_build/tools/torcd" --config "$lab_dir/n$node.yaml" \
        {lock_fd}>&- </dev/null >>"$log" 2>&1 &
    pid=$!
    echo "$pid $(process_field "$pid" 22)" >"$lab_dir/n$node.pid"
    disown "$pid"
}

# node_signal NODE SIGNAL STATE: sends it and waits until the node is in that state.
node_signal() {
    local pid tries
    pid=$(node_pid "$1") || return 1
    kill "-$2" "$pid" || return 1
    for ((tries = 0; tries < 100; tries++)); do
        [ "$(node_state "$1")" = "$3" ] && return 0
        sleep 0.02
    done
    return 1
}

# Gives nodes that fail at once the time to do so.
nodes_settle() {
    local node tries
    for ((tries = 0; tries < 10; tries++)); do
        for node in "$@"; do
            [ "$(node_state "$node")" = dead ] && return 1
        done
        sleep 0.05
    done
    for node in "$@"; do
        say "node $node is running"
    done
}

# Every torcd that was started for this lab, also where the pid files are gone.
lab_processes() {
    local folder
    # shellcheck disable=SC2001,SC2016 # sed's, not the shell's
    folder=$(sed 's/[][\.*^$+?(){}|]/\\&/g' <<<"$lab_dir")
    comm -12 <(processes_with "$folder/n[0-9]+\\.yaml") <(processes_with '(.*/)?torcd')
}

# processes_with REGEX: those of this user with such an argument.
processes_with() {
    local file
    grep -lszxE -e "$1" /proc/[0-9]*/cmdline | while read -r file; do
        file=${file%/cmdline}
        [ -O "$file" ] && echo "${file#/proc/}"
    done | sort
}

# A node that is told to end drains first; one that does not end is ended.
nodes_stop_all() {
    local pids tries
    pids=$(lab_processes)
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086 # one word a process
    kill -TERM $pids 2>/dev/null
    # shellcheck disable=SC2086
    kill -CONT $pids 2>/dev/null
    for ((tries = 0; tries < 50; tries++)); do
        pids=$(lab_processes)
        [ -n "$pids" ] || return 0
        sleep 0.1
    done
    complain "ended what did not end within 5 s of SIGTERM: $(echo "$pids" | tr '\n' ' ')"
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null
    sleep 0.2
}

# The address of a node that answers; the first one's where none does.
live_address() {
    local node
    for ((node = 1; node <= lab_nodes; node++)); do
        [ "$(node_state "$node")" = running ] && node_address "$node" && return 0
    done
    node_address 1
}

ask() { # SEED TORC-ARGUMENT...
    local seed=$1
    shift
    TORC_SEED=$seed in_client timeout 3 "$lab_build/tools/torc" "$@" >/dev/null 2>&1
}

all_nodes_answer() {
    local node
    for ((node = 1; node <= lab_nodes; node++)); do
        ask "$(node_address "$node")" ring --json || return 1
    done
}

# Deleting what is not there is done, too, but exits as not found.
writes() { # SEED
    TORC_SEED=$1 in_client timeout 3 "$lab_build/tools/torc" del torc-lab-ready --json 2>/dev/null |
        grep -q '"outcome": "done"'
}

# A cluster serves once each node has given its ring and a write went down a chain.
wait_until_serving() {
    local deadline=$((EPOCHSECONDS + lab_patience_s)) node
    while ((EPOCHSECONDS < deadline)); do
        for ((node = 1; node <= lab_nodes; node++)); do
            if [ "$(node_state "$node")" = dead ]; then
                abandon "node $node ended at its start; what it said is above"
            fi
        done
        all_nodes_answer && writes "$(node_address 1)" && return 0
        sleep 0.1
    done
    return 1
}

show_logs() {
    local node
    for ((node = 1; node <= lab_nodes; node++)); do
        [ -s "$lab_dir/n$node.log" ] || continue
        echo "--- node $node, last lines"
        tail -n "$1" "$lab_dir/n$node.log"
    done
}

status_table() {
    local node
    printf '%-5s %-8s %-8s %-22s %s\n' node state pid address log
    for ((node = 1; node <= lab_nodes; node++)); do
        printf '%-5d %-8s %-8s %-22s %s\n' "$node" "$(node_state "$node")" \
            "$(node_pid "$node" || echo -)" "$(node_address "$node")" "$lab_dir/n$node.log"
    done
}

status_json() {
    local node separator= namespace=null
    [ "$lab_net" = dpdk ] && namespace=\"$lab_tag\"
    printf '{"net":"%s","namespace":%s,"nodes":[' "$lab_net" "$namespace"
    for ((node = 1; node <= lab_nodes; node++)); do
        printf '%s{"node":%d,"state":"%s","pid":%s,"address":"%s","log":"%s"}' "$separator" \
            "$node" "$(node_state "$node")" "$(node_pid "$node" || echo null)" \
            "$(node_address "$node")" "$lab_dir/n$node.log"
        separator=,
    done
    printf ']}\n'
}
