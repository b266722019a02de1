//! A server whose file descriptors are few, and whose connections somebody takes all of.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use super::serve::StandIn;

/// Longer than anything here takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(60);

/// An operator's request, asked again while there is no answer to it: how often, and the answer.
fn ask(address: &str, path: &str) -> String {
    for _ in 0..600 {
        let mut read = String::new();
        if let Ok(mut stream) = TcpStream::connect(address) {
            stream.set_read_timeout(Some(HANG)).unwrap();
            let head =
                format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
            // A reset is no answer.
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.read_to_string(&mut read);
        }
        if read.starts_with("HTTP/1.1 200") {
            return read;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{path}: no answer");
}

/// Connections of all kinds that stay: silent ones, those that have asked, and subscribers.
fn fill(address: &str) -> Vec<TcpStream> {
    let subscription =
        "query=subscription%7Blive%28intervalMs%3A60000%29%7Bengine%7BsnapshotSequence%7D%7D%7D";
    let events = format!(
        "GET /graphql?{subscription} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n"
    );
    let asks = [
        "",
        "GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n",
        &events,
    ];
    let streams = (0..90).filter_map(|index| {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.write_all(asks[index % asks.len()].as_bytes()).ok()?;
        Some(stream)
    });
    streams.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_connections_taken_the_stream_comes_back_and_an_operator_is_answered() {
    for descriptors in [64, 40] {
        let stand_in = StandIn::start(&[]).await;
        let mut serve = stand_in.serve_with_descriptors(descriptors);
        serve.until_stderr("stream is live");
        let address = serve.address();
        let taken = fill(&address);
        assert!(taken.len() > 64, "{}", taken.len());
        assert!(ask(&address, "/readyz").contains("\"ready\":true"));
        let stand_in = stand_in.restart().await;
        serve.until_stderr("stream is live");
        let metrics = ask(&address, "/metrics");
        assert!(metrics.contains("streamgauge_"), "{metrics}");
        assert!(ask(&address, "/healthz").ends_with("ok\n"));
        drop((taken, stand_in));
    }
}
