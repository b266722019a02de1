//! A process that was stopped and goes on: a paused container, a closed laptop, a debugger.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use streamgauge::simulate::SimulatorSettings;
use tokio::time::sleep;
use tokio::time::timeout;

use super::serve::StandIn;
use crate::engine::rig::ask;

/// Longer than anything here takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(60);
/// Longer than the peer may be silent.
const STOP: Duration = Duration::from_millis(3_500);

/// The stream and the counters, once as many payloads as wanted have been received.
async fn until_received(addr: SocketAddr, wanted: u64) -> Value {
    let asking = async {
        loop {
            let query = "{ stream { state gapsTotal reconnects lastError } counters { received } }";
            let data = ask(addr, query).await["data"].clone();
            if data["counters"]["received"].as_f64() >= Some(wanted as f64) {
                return data;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(HANG, asking).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_while_the_process_was_stopped_is_read_and_the_peer_is_not_dead() {
    let stand_in = StandIn::start(&[]).await;
    let more = ["--dead-after", "2s", "--ping-interval", "1s"];
    let mut serve = stand_in.serve_with(SimulatorSettings::CLIENT, &more);
    let addr: SocketAddr = serve.address().parse().unwrap();
    until_received(addr, 1).await;
    serve.signal(&["STOP"]);
    sleep(STOP).await;
    let sent = stand_in.observer.stats().sent;
    serve.signal(&["CONT"]);
    let data = until_received(addr, sent).await;
    assert_eq!(data["stream"]["state"], "LIVE", "{data}");
    assert_eq!(data["stream"]["gapsTotal"].as_f64(), Some(0.0), "{data}");
    assert_eq!(stand_in.observer.stats().connections, 1);
    serve.signal(&["TERM"]);
    assert_eq!(serve.wait().code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_payloads_stand_in_the_log_with_their_beginning() {
    let stand_in = StandIn::start(&["malformed=50%"]).await;
    let mut serve = stand_in.serve(SimulatorSettings::CLIENT);
    let line = serve.until_stderr("payload refused: ");
    for part in ["WARN", "reason=", "field=", "count="] {
        assert!(line.contains(part), "{line}");
    }
    serve.signal(&["TERM"]);
    assert_eq!(serve.wait().code, Some(0));
}
