#!/usr/bin/env bash
# Counts the instructions of each stage under valgrind and compares them with the counts of the last
# run on this machine. Fails when a stage executes over 5 % more. Needs valgrind (Debian: valgrind)
# and the runner, which is installed below target/ when it is not on the path.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.0
command -v valgrind >/dev/null || { echo "instructions: valgrind: not found; install it first" >&2; exit 1; }
if ! command -v gungraun-runner >/dev/null; then
    export PATH="$PWD/target/tools/bin:$PATH"
    command -v gungraun-runner >/dev/null ||
        cargo install --locked --root target/tools --version "$version" gungraun-runner
fi
exec cargo bench --locked --no-default-features --features instructions --bench instructions -- \
    --callgrind-limits='ir=5%' "$@"
