#!/bin/sh
# The source `push` over real sockets: requests of one event a second, and events a second in batches of
# 1000, by wrk on one connection pool, in turns in one run; then nanoseconds of the engine's processor
# time an event (Linux). Sender and engine share the machine.
#
#   perf/posts.sh [ROUNDS] [SECONDS]     default: 5 rounds of 3 seconds each
#
# Fails where an event that was answered 200 is not in the numbers. Needs wrk (Debian: apt-get install wrk).
set -eu
cd "$(dirname "$0")/.."

rounds=${1:-5}
seconds=${2:-3}
command -v wrk >/dev/null || { echo "wrk: not found; install it (Debian: apt-get install wrk)" >&2; exit 1; }
cargo build --quiet --release --bin streamgauge

. perf/processes.sh

cat >"$work/post.lua" <<'LUA'
local batch = tonumber(os.getenv("BATCH"))
local function event(number)
    return string.format(
        '{"eventType":"webchat:message","timestamp":%d000,"data":{"sessionId":"guest-%d","queueId":"queue-%d","direction":"inbound"}}',
        os.time(), number, number % 20)
end
local requests, at = {}, 0
function init()
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/x-ndjson"
    wrk.headers["Authorization"] = "Bearer a-secret-of-the-bench"
    for number = 1, batch == 1 and 1000 or 1 do
        local lines = {}
        for line = 1, batch do lines[line] = event(number + line - 1) end
        requests[number] = wrk.format(nil, nil, nil, table.concat(lines, "\n"))
    end
end
function request()
    at = at % #requests + 1
    return requests[at]
end
LUA
cat >"$work/push.toml" <<'TOML'
source = "push"
[[push]]
name = "bench"
path = "/push/bench"
bearer.secret = "a-secret-of-the-bench"
TOML
chmod 600 "$work/push.toml"

"$target/streamgauge" serve --config "$work/push.toml" --listen 127.0.0.1:0 >"$work/engine" 2>&1 &
engine_pid=$!
running=$engine_pid
url=$(found_in "$work/engine" 'http://127[^ /]*')

# Events per second in batches of $1 over $2 seconds; fails on any answer that is no success.
rate() {
    BATCH=$1 wrk -t1 -c16 -d"$2"s -s "$work/post.lua" "$url/push/bench" >"$work/wrk"
    if grep -q -e 'Non-2xx' -e 'Socket errors' "$work/wrk"; then
        cat "$work/wrk" >&2
        return 1
    fi
    awk -v batch="$1" '/^Requests\/sec:/ { printf "%.0f\n", $2 * batch }' "$work/wrk"
}
# Nanoseconds of processor time of the engine so far.
used() {
    for task in /proc/"$engine_pid"/task/*; do
        read -r ns _ <"$task/schedstat" || continue
        echo "$ns"
    done | awk '{ ns += $1 } END { printf "%.0f\n", ns }'
}
# One turn of $1 events a request.
turn() {
    before=$(used)
    rate "$1" "$seconds" >>"$work/$1.rates"
    after=$(used)
    requests=$(awk '/ requests in / { print $1 }' "$work/wrk")
    awk -v ns="$((after - before))" -v events="$((requests * $1))" 'BEGIN { print ns / events }' >>"$work/$1.cpu"
}
median() {
    sort -n "$1" | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

rate 1 1 >/dev/null
rate 1000 1 >/dev/null
for _ in $(seq "$rounds"); do
    turn 1
    turn 1000
done

# What was under way when wrk ended is done by now; it was taken, and wrk did not wait for its answer.
sleep 1
curl -s "$url/graphql" -H 'Content-Type: application/json' \
    -d '{"query":"{ counters { accountingGap applied } engine { pushEndpoints { elements } } }"}' >"$work/counted"
of() {
    grep -o "\"$1\":[0-9]*" "$work/counted" | grep -o '[0-9]*$'
}
if [ "$(of accountingGap)" != 0 ] || [ "$(of applied)" -lt "$(of elements)" ]; then
    echo "events are missing: $(cat "$work/counted")" >&2
    exit 1
fi

echo "one      $(median "$work/1.rates") requests/s of one event"
echo "batches  $(median "$work/1000.rates") events/s in batches of 1000"
echo "cpu one $(median "$work/1.cpu")"
echo "cpu batches $(median "$work/1000.cpu")"
