//! What `/readyz`, GraphQL and `/metrics` say of an engine that looks alive and is not: payloads that
//! come to nothing, a part of the pipeline that has stopped, a clock that is off, a second engine.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::StatusCode;
use hyper::Version;
use serde_json::Value;
use streamgauge::config::AuthSettings;
use streamgauge::config::EngineSettings;
use streamgauge::config::ServeSettings;
use streamgauge::config::StreamSettings;
use streamgauge::engine::Engine;
use streamgauge::input::InputId;
use streamgauge::pulse::Part;
use streamgauge::ring::Mailbox;
use streamgauge::serve::Server;
use streamgauge::simulate::Simulator;
use streamgauge::simulate::SimulatorSettings;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::channel;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::auth::TokenEndpoint;
use crate::engine::rig::ask;
use crate::http::Client;
use crate::http::HANG;
use crate::http::NOW;
use crate::source::peer::TEXT;
use crate::source::peer::event_at;
use crate::source::peer::frame;
use crate::source::peer::serve;

/// The status of `/readyz` and its reasons.
async fn readiness(addr: SocketAddr) -> (StatusCode, Vec<String>) {
    let mut client = Client::connect(addr, Version::HTTP_11).await;
    let answer = client.get(addr, "/readyz").await;
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    let reasons = body["reasons"].as_array().unwrap().iter();
    let reasons = reasons.map(|reason| reason.as_str().unwrap().to_owned());
    (answer.status(), reasons.collect())
}

/// Asks until the reasons are as wanted; the status must agree with them.
async fn until(addr: SocketAddr, what: &str, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut latest = Vec::new();
    let asking = async {
        loop {
            let (status, reasons) = readiness(addr).await;
            assert_eq!(status == StatusCode::OK, reasons.is_empty(), "{reasons:?}");
            latest.clone_from(&reasons);
            if wanted(&reasons) {
                return reasons;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match timeout(HANG, asking).await {
        Ok(reasons) => reasons,
        Err(_) => panic!("never: {what}; {latest:?}"),
    }
}

fn engine_settings(
    token_url: &str,
    stream_url: &str,
    client: (&str, &str),
    change: impl FnOnce(&mut EngineSettings),
) -> EngineSettings {
    let auth = AuthSettings::new(
        token_url.parse().unwrap(),
        client.0.to_owned(),
        client.1.into(),
    );
    let mut stream = StreamSettings::new(stream_url.parse().unwrap());
    stream.backoff_base = Duration::from_millis(10);
    stream.backoff_cap = Duration::from_millis(50);
    let mut serve = ServeSettings::new("127.0.0.1:0".parse().unwrap());
    serve.ready_max_age = Duration::from_secs(1);
    let mut settings = EngineSettings::new(auth, stream, serve);
    change(&mut settings);
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_that_come_to_nothing_are_said_until_usable_ones_come() {
    // By the connection's number: what comes, until the test has seen what is said of it.
    let fates = ["not_json", "late", "future"];
    let seen: [CancellationToken; 3] = Default::default();
    let told = seen.clone();
    let server = serve(move |number, mut peer| {
        let seen = seen.get(number).cloned();
        async move {
            peer.open().await;
            let mut count = 0;
            loop {
                count += 1;
                let now = Clock::system().wall();
                let bytes = match number {
                    _ if seen.as_ref().is_none_or(CancellationToken::is_cancelled) => {
                        event_at(count, now)
                    }
                    0 => frame(0x80 | TEXT, b"{\"oops"),
                    1 => event_at(count, now - 86_400_000),
                    _ => event_at(count, now + 3_600_000),
                };
                peer.write(&bytes).await;
                let pause = tokio::time::sleep(Duration::from_millis(20));
                tokio::select! {
                    () = pause => {}
                    _ = peer.until_close() => return,
                }
            }
        }
    })
    .await;
    for (fate, seen) in fates.iter().zip(told) {
        let endpoint = TokenEndpoint::granting().await;
        let settings = engine_settings(
            &format!("http://{}/oauth/token", endpoint.address),
            &format!("ws://{}/api/v2/analytics/events/stream", server.address),
            ("client-1", crate::auth::SECRET),
            |_| {},
        );
        let engine = Engine::start(settings, Clock::system()).await.unwrap();
        let addr = engine.local_addr();
        let is_said = |reasons: &[String]| {
            reasons.iter().any(|reason| {
                reason.starts_with("stream: live, but nothing usable since 20")
                    && reason.contains(&format!("the latest payload is {fate}; "))
            })
        };
        until(addr, fate, is_said).await;
        let query = "{ stream { state nothingUsableSince unusablePayloads } engine { notReady } \
                     counters { rejected { byField { field count } } } }";
        let data = ask(addr, query).await["data"].clone();
        assert_eq!(data["stream"]["state"], "LIVE");
        assert!(data["stream"]["nothingUsableSince"].is_string(), "{data}");
        assert!(
            data["stream"]["unusablePayloads"].as_u64() >= Some(2),
            "{data}"
        );
        assert_eq!(data["engine"]["notReady"].as_array().unwrap().len(), 1);
        seen.cancel();
        until(addr, "usable again", <[String]>::is_empty).await;
        let data = ask(addr, query).await["data"].clone();
        assert!(data["stream"]["nothingUsableSince"].is_null(), "{data}");
        engine.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn the_part_that_is_late_is_named_everywhere_and_alone() {
    let mut snapshot = Snapshot {
        published: NOW,
        windows: vec![Default::default()],
        ..Snapshot::default()
    };
    snapshot.stream.state = StreamState::Live;
    let (publisher, reader) = channel(snapshot);
    let (clock, hands) = Clock::manual(NOW);
    let settings = ServeSettings::new("127.0.0.1:0".parse().unwrap());
    let server = Server::bind(settings, reader, Mailbox::new(4), clock.clone())
        .await
        .unwrap();
    let addr = server.local_addr();
    let shutdown = CancellationToken::new();
    let run = tokio::spawn(server.run(shutdown.clone()));
    let pulse = publisher.pulse();
    let heart = pulse.input(InputId::default(), clock.mono_ns());
    hands.advance_ms(1);
    for part in Part::ALL {
        pulse.begin(clock.mono_ns());
        heart.beat(clock.mono_ns());
        assert_eq!(readiness(addr).await, (StatusCode::OK, Vec::new()));
        if part == Part::Ring {
            pulse.offered(clock.mono_ns());
        }
        hands.advance_ms(5_001);
        hands.set_wall(NOW);
        let now_ns = clock.mono_ns();
        if part != Part::Ingest {
            heart.beat(now_ns);
        }
        if part != Part::Writer {
            pulse.writer(now_ns);
        }
        match part {
            Part::Publisher => pulse.publishing(now_ns - 5_001_000_000),
            Part::Writer => {}
            Part::Ingest | Part::Ring => pulse.published(now_ns),
        }
        let (status, reasons) = readiness(addr).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        let named = match part {
            Part::Ingest => format!("ingest of {}: late: ", InputId::default()),
            _ => format!("{}: late: ", part.label()),
        };
        assert!(reasons[0].starts_with(&named), "{reasons:?}");

        let query = "{ engine { notReady pipeline { part lastBeatMs deadlineMs late } } }";
        let data = ask(addr, query).await["data"]["engine"].clone();
        assert_eq!(data["notReady"][0], reasons[0]);
        for beat in data["pipeline"].as_array().unwrap() {
            let is_this = beat["part"] == part.label().to_uppercase();
            assert_eq!(beat["late"], is_this, "{part:?}: {data}");
            assert_eq!(beat["deadlineMs"].as_f64(), Some(5_000.0));
            if is_this {
                assert_eq!(beat["lastBeatMs"].as_f64(), Some(5_001.0), "{data}");
            }
        }
        let mut client = Client::connect(addr, Version::HTTP_11).await;
        let metrics = client.get(addr, "/metrics").await;
        let metrics = std::str::from_utf8(metrics.body()).unwrap();
        for other in Part::ALL {
            let line = format!(
                "\nstreamgauge_pipeline_late{{part=\"{}\"}} {}\n",
                other.label(),
                u8::from(other == part)
            );
            assert!(metrics.contains(&line), "{part:?}: {metrics}");
        }
        assert!(metrics.contains("\nstreamgauge_ready 0\n"));
        if part == Part::Ring {
            pulse.taken(now_ns);
        }
    }
    shutdown.cancel();
    run.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_running_engine_beats() {
    let clock = Clock::system();
    let mut settings = SimulatorSettings::new("127.0.0.1:0".parse().unwrap());
    settings.client_id = "client".to_owned();
    let simulator = Simulator::bind(settings, clock.clone()).await.unwrap();
    let client = ("client", SimulatorSettings::CLIENT);
    let (token_url, stream_url) = (simulator.token_url(), simulator.stream_url());
    let settings = engine_settings(&token_url, &stream_url, client, |_| {});
    let stop = CancellationToken::new();
    let running = tokio::spawn(simulator.run(stop.clone()));
    let engine = Engine::start(settings, clock.clone()).await.unwrap();
    until(engine.local_addr(), "ready", <[String]>::is_empty).await;
    let pulse = engine.reader().pulse().clone();
    let ages = || pulse.look(clock.mono_ns()).map(|beat| beat.age.unwrap());
    // Each is younger at some later moment than it would be by standing still.
    let before = clock.mono_ns();
    for (index, part) in Part::ALL.iter().enumerate() {
        let looking = async {
            while ages()[index] >= Duration::from_nanos(clock.mono_ns() - before) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(timeout(HANG, looking).await.is_ok(), "{part:?}");
    }
    engine.shutdown().await.unwrap();
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_engines_on_one_stream_say_so_and_the_survivor_recovers() {
    let clock = Clock::system();
    let settings = SimulatorSettings::new("127.0.0.1:0".parse().unwrap());
    let simulator = Simulator::bind(settings, clock.clone()).await.unwrap();
    let observer = simulator.observer();
    let client = (SimulatorSettings::CLIENT, SimulatorSettings::CLIENT);
    let (token_url, stream_url) = (simulator.token_url(), simulator.stream_url());
    let start = async || {
        let settings = engine_settings(&token_url, &stream_url, client, |settings| {
            settings.stream.displaced_retry = Duration::from_secs(2);
        });
        Engine::start(settings, Clock::system()).await.unwrap()
    };
    let stop = CancellationToken::new();
    let running = tokio::spawn(simulator.run(stop.clone()));
    let (first, second) = (start().await, start().await);
    let is_said = |reasons: &[String]| {
        reasons.iter().any(|reason| {
            reason.starts_with("stream: displaced, not live; ")
                && reason.contains("another engine uses this client's stream; stop one of them")
        })
    };
    // Which of them is displaced a third time first is up to their backoffs.
    let (displaced, other) = tokio::select! {
        _ = until(first.local_addr(), "displaced", is_said) => (first, second),
        _ = until(second.local_addr(), "displaced", is_said) => (second, first),
    };
    let connections = observer.stats().connections;
    assert!(connections <= 12, "{connections}");
    other.shutdown().await.unwrap();
    until(displaced.local_addr(), "live again", <[String]>::is_empty).await;
    displaced.shutdown().await.unwrap();
    stop.cancel();
    running.await.unwrap();
}
