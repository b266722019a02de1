# Programs that run beside a measurement; sourced by the scripts of this folder, from the project's root.
#
# Sets `target`, where cargo builds, and `work`, a folder of this run. What is in `running` is ended when
# the script ends, and `work` is removed.

# Built wherever cargo builds.
target=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
running=
stop() {
    for pid in $running; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

# The first text like $2 in the file $1, once it stands there.
found_in() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        text=$(grep -o "$2" "$1" | head -n 1) || true
        [ -z "$text" ] || { echo "$text"; return; }
        sleep 0.5
    done
    cat "$1" >&2
    return 1
}
