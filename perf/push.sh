#!/bin/sh
# What subscribers cost: arrival to visible, p99, with and without them in one run, while events are
# ingested, and the ratio.
#
#   perf/push.sh [COUNT] [RATE] [INTERVAL_MS] [ROUNDS]
#
# Default: 5000 subscribers, 100000 events a second, 1000 ms, 1 round of two minutes and a bit.
# Three processes share the machine: the stand-in that sends the events, the engine, the subscribers.
set -eu
cd "$(dirname "$0")/.."

count=${1:-5000}
rate=${2:-100000}
interval=${3:-1000}
rounds=${4:-1}
cargo build --quiet --release --bin streamgauge --example subscribers

. perf/processes.sh

"$target/streamgauge" simulate --listen 127.0.0.1:0 --rate "$rate" >"$work/sender" 2>&1 &
running=$!
token_url=$(found_in "$work/sender" 'http://[^ ]*/oauth/token')
stream_url=$(found_in "$work/sender" 'ws://[^ ]*')
GENESYS_CLIENT_ID=demo GENESYS_CLIENT_SECRET=demo "$target/streamgauge" serve --listen 127.0.0.1:0 \
    --token-url "$token_url" --stream-url "$stream_url" >"$work/engine" 2>&1 &
running="$! $running"
url=$(found_in "$work/engine" 'http://127[^ /]*')
"$target/examples/subscribers" "${url#http://}" "$count" "$interval" "$rounds"
