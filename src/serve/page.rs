//! The page at `/`: what is here, and a first query.

use std::net::SocketAddr;

/// The page of a server at `bound`.
pub(super) fn render(bound: SocketAddr) -> String {
    // A wildcard address is none that a client can ask.
    let address = match bound.ip().is_unspecified() {
        true => format!("localhost:{}", bound.port()),
        false => bound.to_string(),
    };
    PAGE.replace("{address}", &address)
}

/// Plain HTML without script, style or anything to load.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>streamgauge</title>
<h1>streamgauge</h1>
<p>Live numbers of web-messaging sessions, read from memory.</p>
<ul>
<li><code>/graphql</code>: GraphQL over HTTP, by POST and GET</li>
<li><code>/healthz</code>: the process is alive</li>
<li><code>/readyz</code>: the stream is live and the numbers are fresh</li>
<li><code>/metrics</code>: all numbers for Prometheus</li>
<li><code>/latency/visible.hgrm</code>: how long events take until they are seen; for <code>parse</code>, <code>ring</code>, <code>aggregate</code>, <code>publish</code> and <code>query</code> too</li>
</ul>
<p>A first query:
<a href="/graphql?query=%7BrealTimeMetrics%7BactiveSessions%20totalConnections%20avgSessionDurationMs%20messagesPerMinute%7D%7D">the four main numbers</a>,
or from a terminal (with a token, add <code>-H "Authorization: Bearer $TOKEN"</code>):</p>
<pre>curl http://{address}/graphql -H 'Content-Type: application/json' \
  -d '{"query":"{ realTimeMetrics { activeSessions totalConnections avgSessionDurationMs messagesPerMinute } }"}'</pre>
"#;
