#!/usr/bin/env bash
# A flame graph of a command of ours.
#
#   perf/flamegraph.sh OUT.svg COMMAND...      such as: perf/flamegraph.sh replay.svg replay events.ndjson
#
# Needs perf (Debian: linux-perf) and inferno (cargo install inferno), and the right to sample:
# sysctl kernel.perf_event_paranoid=1. The profiling profile is the release one with line tables; frames are found by DWARF.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$(realpath "$1")
shift
cd "$(dirname "$0")/.."

needed() {
    command -v "$1" >/dev/null || { echo "flamegraph: $1: not found; $2" >&2; exit 1; }
}
needed perf "install it (Debian: apt-get install linux-perf)"
needed inferno-collapse-perf "cargo install inferno"

cargo build --quiet --profile profiling --locked --bin streamgauge
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
perf record --quiet --freq 997 --call-graph dwarf,16384 --output "$work/data" -- \
    "${CARGO_TARGET_DIR:-target}/profiling/streamgauge" "$@" >/dev/null
perf script --no-inline --input "$work/data" 2>/dev/null | inferno-collapse-perf | inferno-flamegraph >"$out"
echo "flamegraph: $out"
