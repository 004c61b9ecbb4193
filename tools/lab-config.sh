# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Part of tools/lab: the options of up, and the configuration files made from them.

lab_nodes=3 lab_net=auto lab_workers=1 lab_queues= lab_partitions=64 lab_replicas=
lab_hash=xxh3 lab_claim=spread lab_kv=128MiB lab_log=16MiB lab_hugepages=false lab_idle=adaptive
lab_build=$root/build
lab_patience_s=${TORC_LAB_PATIENCE:-30}
lab_ports=()

# want_number OPTION TEXT LEAST MOST
want_number() {
    is_number "$2" "$3" "$4" || die_usage "up: $1 wants a number from $3 to $4, not '$2'"
}

# want_one OPTION TEXT WORD...
want_one() {
    local option=$1 text=$2 word
    shift 2
    for word in "$@"; do
        [ "$text" = "$word" ] && return 0
    done
    die_usage "up: $option wants one of: $*; not '$text'"
}

want_size() {
    [[ $2 =~ ^[1-9][0-9]*(KiB|MiB|GiB)$ ]] || die_usage "up: $1 wants a size such as 64MiB, not '$2'"
}

set_option() {
    case $1 in
    --nodes) want_number "$1" "$2" 1 200 && lab_nodes=$2 ;;
    --net) want_one "$1" "$2" dpdk socket && lab_net=$2 ;;
    --workers) want_number "$1" "$2" 1 64 && lab_workers=$2 ;;
    --queues) want_number "$1" "$2" 1 64 && lab_queues=$2 ;;
    --partitions) want_number "$1" "$2" 1 65536 && lab_partitions=$2 ;;
    --replicas) want_number "$1" "$2" 1 8 && lab_replicas=$2 ;;
    --hash) want_one "$1" "$2" xxh3 sha1 && lab_hash=$2 ;;
    --claim) want_one "$1" "$2" spread blocks && lab_claim=$2 ;;
    --kv) want_size "$1" "$2" && lab_kv=$2 ;;
    --log) want_size "$1" "$2" && lab_log=$2 ;;
    --idle) want_one "$1" "$2" adaptive poll && lab_idle=$2 ;;
    --build) lab_build=$(realpath -m "${2:-.}") ;;
    *) die_usage "up: unknown option $1" ;;
    esac
}

parse_up() {
    while [ $# -gt 0 ]; do
        case $1 in
        --hugepages) lab_hugepages=true && shift && continue ;;
        --*=*) set_option "${1%%=*}" "${1#*=}" && shift && continue ;;
        --*) ;;
        *) die_usage "up: unknown argument '$1'" ;;
        esac
        set_option "$1" "${2:-}"
        shift $(($# > 1 ? 2 : 1))
    done
    : "${lab_replicas:=$((lab_nodes < 3 ? lab_nodes : 3))}"
    ((lab_replicas <= lab_nodes)) ||
        die_usage "up: --replicas $lab_replicas wants at least as many nodes, not $lab_nodes"
    ((${lab_queues:-1} <= lab_workers)) ||
        die_usage "up: --queues $lab_queues wants at least as many workers, not $lab_workers"
    local name
    for name in torcd torc; do
        [ -x "$lab_build/tools/$name" ] ||
            die "$lab_build/tools/$name is not there: meson setup build && ninja -C build makes it"
    done
}

# What later commands need to know of the lab.
save_lab() {
    local name
    for name in lab_nodes lab_net lab_workers lab_build lab_tag lab_ports; do
        declare -p "$name"
    done | sed 's/^declare -\(.\) /declare -g\1 /; s/^declare -g- /declare -g /' >"$lab_dir/lab.env"
}

node_ip() {
    if [ "$lab_net" = dpdk ]; then echo "$lab_subnet.$1"; else echo 127.0.0.1; fi
}

node_address() {
    echo "$(node_ip "$1"):${lab_ports[$1 - 1]}"
}

config_members() {
    local node
    for ((node = 1; node <= lab_nodes; node++)); do
        printf '    - {id: %d, name: n%d, address: %s, port: %d, workers: %d}\n' \
            "$node" "$node" "$(node_ip "$node")" "${lab_ports[node - 1]}" "$lab_workers"
    done
}

config_net() {
    if [ "$lab_net" = socket ]; then
        printf 'net:\n  driver: socket\n'
        [ -z "$lab_queues" ] || printf '  queues: %d\n' "$lab_queues"
        return
    fi
    local pairs=
    ((${lab_queues:-1} > 1)) && pairs=,qpairs=$lab_queues
    cat <<END
net:
  driver: dpdk
  queues: ${lab_queues:-1}
  dpdk:
    device: "net_af_packet0,iface=eth0$pairs"
    hugepages: $lab_hugepages
    prefix: 24
END
}

config_write() {
    cat >"$lab_dir/n$1.yaml" <<END
node: $1
cluster:
  name: lab
  partitions: $lab_partitions
  replicas: $lab_replicas
  hash: $lab_hash
  claim: $lab_claim
  members:
$(config_members)
memory:
  kv: $lab_kv
  log: $lab_log
$(config_net)
idle: $lab_idle
END
}

config_write_all() {
    local node
    for ((node = 1; node <= lab_nodes; node++)); do
        config_write "$node"
    done
}
