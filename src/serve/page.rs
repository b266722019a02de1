//! The page at `/`: what is here, and a first query.

/// Plain HTML without script, style or anything to load.
pub(super) const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>streamgauge</title>
<h1>streamgauge</h1>
<p>Live numbers of web-messaging sessions, read from memory.</p>
<ul>
<li><code>/graphql</code>: GraphQL over HTTP, by POST and GET</li>
<li><code>/healthz</code>: the process is alive</li>
<li><code>/readyz</code>: the stream is live and the numbers are fresh</li>
</ul>
<p>A first query:
<a href="/graphql?query=%7BrealTimeMetrics%7BactiveSessions%20totalConnections%20avgSessionDurationMs%20messagesPerMinute%7D%7D">the four main numbers</a>,
or from a terminal (with a token, add <code>-H "Authorization: Bearer $TOKEN"</code>):</p>
<pre>curl http://localhost:4000/graphql -H 'Content-Type: application/json' \
  -d '{"query":"{ realTimeMetrics { activeSessions totalConnections avgSessionDurationMs messagesPerMinute } }"}'</pre>
"#;
