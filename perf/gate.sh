#!/usr/bin/env bash
# Counts the instructions of every stage under valgrind and compares them with perf/baseline.tsv.
#
#   perf/gate.sh             fails when a case executes over 3 % more than its baseline
#   perf/gate.sh --update    rewrites the baseline, to be committed with the change that explains it
#
# Counts repeat to a fraction of a percent for one compiler and one allocator; the baseline names the
# compiler. Needs valgrind (Debian: valgrind) and python3; the runner is installed below target/ when it
# is not on the path.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.0
for program in valgrind python3; do
    command -v "$program" >/dev/null || {
        echo "gate: $program: not found; install it (Debian: apt-get install $program)" >&2
        exit 1
    }
done
if ! gungraun-runner --version 2>/dev/null | grep -q "$version"; then
    export PATH="$PWD/target/tools/bin:$PATH"
    gungraun-runner --version 2>/dev/null | grep -q "$version" ||
        cargo install --locked --root target/tools --version "$version" gungraun-runner
fi

counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
cargo bench --locked --bench instructions -- --output-format=json >"$counts"
python3 perf/gate.py "$counts" "$@"
