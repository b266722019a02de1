#!/bin/sh
# GraphQL over real sockets beside a constant: requests per second of the engine's `realTimeMetrics`
# and of hyper answering ready bytes, in turn in one run, and the ratio of their medians; then, on lines
# that begin with `cpu`, nanoseconds of processor time a request by thread (Linux).
#
#   perf/graphql.sh [ROUNDS] [SECONDS]     default: 5 rounds of 3 seconds each
#
# The engine is `demo`: it ingests and publishes meanwhile. Needs wrk (Debian: apt-get install wrk).
set -eu
cd "$(dirname "$0")/.."

rounds=${1:-5}
seconds=${2:-3}
command -v wrk >/dev/null || { echo "wrk: not found; install it (Debian: apt-get install wrk)" >&2; exit 1; }
cargo build --quiet --release --bin streamgauge --example graphql_constant

. perf/processes.sh

cat >"$work/query.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"query":"{ realTimeMetrics { activeSessions totalConnections avgSessionDurationMs messagesPerMinute } }"}'
LUA

"$target/examples/graphql_constant" >"$work/constant" &
constant_pid=$!
running=$constant_pid
"$target/streamgauge" demo --listen 127.0.0.1:0 >"$work/engine" 2>&1 &
engine_pid=$!
running="$engine_pid $running"

# The address each of them says it listens at.
engine_url=$(found_in "$work/engine" 'http://[^ ]*/graphql')
constant_url=$(found_in "$work/constant" 'http://[^ ]*/graphql')

# Requests per second of $1 over $2 seconds; fails on any answer that is no success.
rate() {
    wrk -t1 -c16 -d"$2"s -s "$work/query.lua" "$1" >"$work/wrk"
    if grep -q -e 'Non-2xx' -e 'Socket errors' "$work/wrk"; then
        cat "$work/wrk" >&2
        return 1
    fi
    awk '/^Requests\/sec:/ { print $2 }' "$work/wrk"
}
# Nanoseconds so far by thread of the process $1, as `name ns` lines.
threads() {
    for task in /proc/"$1"/task/*; do
        read -r ns _ <"$task/schedstat" || continue
        echo "$(tr ' ' '-' <"$task/comm") $ns"
    done | awk '{ ns[$1] += $2 } END { for (name in ns) print name, ns[name] }'
}
# Adds what the threads of $2 used since $work/before, and the requests of $work/wrk, to what $1 used.
account() {
    threads "$2" >"$work/after"
    requests=$(awk '/ requests in / { print $1 }' "$work/wrk")
    awk -v requests="$requests" 'NR == FNR { before[$1] = $2; next } { print $1, $2 - before[$1], requests }' \
        "$work/before" "$work/after" >>"$work/$1.cpu"
}
per_request() {
    awk -v whose="$1" '{ ns[$1] += $2; requests[$1] += $3 }
        END { for (name in ns) if (ns[name] > 0) printf "cpu %s %s %.1f\n", whose, name, ns[name] / requests[name] }' \
        "$work/$2.cpu"
}
median() {
    sort -n "$1" | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

rate "$engine_url" 1 >/dev/null
rate "$constant_url" 1 >/dev/null
for _ in $(seq "$rounds"); do
    threads "$constant_pid" >"$work/before"
    rate "$constant_url" "$seconds" >>"$work/constant.rates"
    account constant "$constant_pid"
    threads "$engine_pid" >"$work/before"
    rate "$engine_url" "$seconds" >>"$work/engine.rates"
    account engine "$engine_pid"
done
of_constant=$(median "$work/constant.rates")
of_engine=$(median "$work/engine.rates")
echo "constant $of_constant requests/s"
echo "graphql  $of_engine requests/s"
awk -v a="$of_engine" -v b="$of_constant" 'BEGIN { printf "ratio    %.3f\n", a / b }'
per_request constant constant
per_request graphql engine
