//! The page at `/` of a program that was built without the dashboard: why, how to get it, and what
//! works all the same.

use std::net::SocketAddr;

/// The page of a server at `bound` that has no dashboard for the reason `why`.
pub(in crate::serve) fn render(bound: SocketAddr, is_tls: bool, why: &str) -> String {
    // A wildcard address is none that a client can ask.
    let address = match bound.ip().is_unspecified() {
        true => format!("localhost:{}", bound.port()),
        false => bound.to_string(),
    };
    let scheme = if is_tls { "https" } else { "http" };
    PAGE.replace("{scheme}", scheme)
        .replace("{address}", &address)
        .replace("{why}", &escaped(why))
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Plain HTML without script, style or anything to load.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>streamgauge</title>
<h1>streamgauge</h1>
<p>Live numbers of web-messaging sessions, read from memory.</p>
<h2>The dashboard is not in this program</h2>
<p>It was built without: <code>{why}</code>. To have it here, install Node.js 20.19 or newer with npm, and build again:</p>
<pre>STREAMGAUGE_UI=build cargo run --release --locked -- demo</pre>
<p>That fails with the reason when the page cannot be built. Everything below works without it.</p>
<h2>What is here</h2>
<ul>
<li><code>/graphql</code>: GraphQL over HTTP, by POST and GET</li>
<li><code>/healthz</code>: the process is alive</li>
<li><code>/readyz</code>: the stream is live and the numbers are fresh</li>
<li><code>/metrics</code>: all numbers for Prometheus</li>
<li><code>/latency/visible.hgrm</code>: how long events take until they are seen; for <code>parse</code>, <code>ring</code>, <code>aggregate</code>, <code>publish</code> and <code>query</code> too</li>
</ul>
<p>A first query:
<a href="graphql?query=%7BrealTimeMetrics%7BactiveSessions%20totalConnections%20avgSessionDurationMs%20messagesPerMinute%7D%7D">the four main numbers</a>,
or from a terminal (with a token, add <code>-H "Authorization: Bearer $TOKEN"</code>):</p>
<pre>curl {scheme}://{address}/graphql -H 'Content-Type: application/json' \
  -d '{"query":"{ realTimeMetrics { activeSessions totalConnections avgSessionDurationMs messagesPerMinute } }"}'</pre>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_why_there_is_no_dashboard_and_what_to_ask_instead() {
        let why = "npm ci: <none> & none";
        let page = render(([0, 0, 0, 0], 4000).into(), false, why);
        assert!(page.contains("npm ci: &lt;none&gt; &amp; none"), "{page}");
        assert!(page.contains("STREAMGAUGE_UI=build"), "{page}");
        assert!(
            page.contains("curl http://localhost:4000/graphql"),
            "{page}"
        );
        let page = render(([127, 0, 0, 1], 4000).into(), false, why);
        assert!(
            page.contains("curl http://127.0.0.1:4000/graphql"),
            "{page}"
        );
        assert!(!page.contains("{address}") && !page.contains("{why}"));
    }
}
