# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What the scripts of this folder share. Source it; it sets `root`, the top of the source tree.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$(basename "$0")
export LC_ALL=C
# What only root finds there is wanted by scripts that run as root without its PATH.
export PATH=$PATH:/usr/sbin:/sbin

say() { printf '%s: %s\n' "$program" "$*"; }
complain() { printf '%s: %s\n' "$program" "$*" >&2; }

# One line that names what is wrong and what would be right.
die() {
    complain "$*"
    exit 1
}

# The same for a mistake in the arguments.
die_usage() {
    complain "$* (see tools/$program --help)"
    exit 2
}

# is_number TEXT LEAST MOST
is_number() {
    [[ $1 =~ ^(0|[1-9][0-9]{0,8})$ ]] && (($1 >= $2 && $1 <= $3))
}

# configure_build FOLDER MESON-OPTION...: makes the build folder or sets its options.
configure_build() {
    local folder=$1
    shift
    if [ -f "$folder/build.ninja" ] && meson configure "$folder" "$@" >/dev/null 2>&1; then
        return 0
    fi
    rm -rf "$folder"
    meson setup "$folder" "$root" "$@" >"$folder.setup.log" 2>&1 || {
        tail -n 20 "$folder.setup.log" >&2
        complain "meson could not set up $folder (all of it: $folder.setup.log)"
        return 1
    }
    mv "$folder.setup.log" "$folder/setup.log"
}
