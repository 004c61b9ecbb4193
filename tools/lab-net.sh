# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Part of tools/lab: the networks.
#
#   socket   loopback; node i has a block of free UDP ports, one a worker
#
#   dpdk     namespace TAG         bridge br0 with a port for each node (n1, n2, ...) and one for
#                                  clients (client)
#            namespace TAG-nI      eth0, without a kernel address: the engine owns 10.77.0.I
#            namespace TAG-client  eth0 with 10.77.0.250, where exec runs
#
# A kernel address or IPv6 on a node's veth would answer beside the engine; and the kernel leaves
# the checksums of what it sends over veth to hardware that is not there, hence tx off.

lab_subnet=10.77.0
lab_client_ip=$lab_subnet.250
lab_dpdk_port=7400

# Runs a command in a network namespace, with files and processes as they are here.
in_namespace() {
    local name=$1
    shift
    nsenter --net="/run/netns/$name" -- "$@"
}

namespace_names() {
    [ -d /run/netns ] && find /run/netns -maxdepth 1 -printf '%f\n' |
        grep -xE "$lab_tag(-client|-n[0-9]+)?"
}

add_namespace() {
    ip netns add "$1" || return 1
    # Before there is any interface, so that none ever has an IPv6 address.
    [ ! -d /proc/sys/net/ipv6 ] || in_namespace "$1" sh -c '
        echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 &&
        echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
}

# add_port NAME NAMESPACE: a veth between the bridge and eth0 of a namespace.
add_port() {
    in_namespace "$lab_tag" ip link add "$1" type veth peer name eth0 netns "$2" &&
        in_namespace "$lab_tag" ip link set "$1" master br0 up &&
        in_namespace "$2" ip link set eth0 up
}

add_bridge() {
    add_namespace "$lab_tag" &&
        in_namespace "$lab_tag" ip link add br0 type bridge stp_state 0 mcast_snooping 0 &&
        in_namespace "$lab_tag" ip link set br0 up
}

add_client() {
    add_namespace "$lab_tag-client" &&
        add_port client "$lab_tag-client" &&
        in_namespace "$lab_tag-client" ethtool -K eth0 tx off >/dev/null &&
        in_namespace "$lab_tag-client" ip link set lo up &&
        in_namespace "$lab_tag-client" ip address add "$lab_client_ip/24" dev eth0
}

dpdk_create() {
    local node
    add_bridge && add_client || return 1
    for ((node = 1; node <= lab_nodes; node++)); do
        add_namespace "$lab_tag-n$node" && add_port "n$node" "$lab_tag-n$node" || return 1
    done
}

# Why there can be no dpdk lab here; empty where there can.
dpdk_obstacle() {
    local name
    [ "$(id -u)" -eq 0 ] || { echo "not root"; return; }
    for name in ip ethtool nsenter; do
        command -v "$name" >/dev/null || { echo "$name is missing: tools/deps installs it"; return; }
    done
    "$lab_build/tools/torcd" --help | grep -q 'Drivers of this build:.*dpdk' ||
        { echo "torcd was built without DPDK"; return; }
    unshare --net true 2>/dev/null || echo "no rights for network namespaces"
}

free_ports() {
    python3 - "$1" "$2" <<'END'
import random, socket, sys
nodes, workers = int(sys.argv[1]), int(sys.argv[2])
held, bases = [], []

def free(base):
    taken = []
    for port in range(base, base + workers):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
        taken.append(s)
    held.extend(taken)
    return True

# Below the range from which the kernel gives ports to those who ask for any.
for _ in range(10000):
    base = random.randrange(20000, 32000 - workers)
    if len(bases) < nodes and free(base):
        bases.append(base)
if len(bases) < nodes:
    sys.exit(1)
print("\n".join(map(str, bases)))
END
}

socket_create() {
    mapfile -t lab_ports < <(free_ports "$lab_nodes" "$lab_workers")
    [ ${#lab_ports[@]} -eq "$lab_nodes" ] ||
        die "found no $((lab_nodes * lab_workers)) free UDP ports from 20000 to 32000 on loopback"
}

# Sets lab_net to what it became, and lab_ports.
net_create() {
    local why node
    if [ "$lab_net" != socket ]; then
        why=$(dpdk_obstacle)
        if [ -z "$why" ]; then
            if dpdk_create 2>"$lab_dir/network.log"; then
                lab_net=dpdk
                for ((node = 0; node < lab_nodes; node++)); do
                    lab_ports[node]=$lab_dpdk_port
                done
                return
            fi
            why=$(tail -n 1 "$lab_dir/network.log")
            net_remove
        fi
        say "no dpdk lab here ($why): a socket lab serves instead"
    fi
    lab_net=socket
    socket_create
}

net_remove() {
    local name pids
    for name in $(namespace_names); do
        pids=$(ip netns pids "$name" 2>/dev/null)
        # shellcheck disable=SC2086 # one word a process
        [ -n "$pids" ] && kill -KILL $pids 2>/dev/null
        ip netns delete "$name" 2>/dev/null
    done
    return 0
}

# Replaces this script by a command that can reach the cluster.
net_enter_client() {
    if [ "$lab_net" = dpdk ]; then
        exec nsenter --net="/run/netns/$lab_tag-client" -- "$@"
    fi
    exec "$@"
}

# The same, and comes back.
in_client() {
    (net_enter_client "$@")
}
