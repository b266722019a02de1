//! An engine and the stand-in it is connected to, and the account of both at the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::Response;
use hyper::Version;
use serde_json::Value;
use serde_json::json;
use streamgauge::aggregate::Image;
use streamgauge::config::AggregateSettings;
use streamgauge::config::AuthSettings;
use streamgauge::config::EngineSettings;
use streamgauge::config::ServeSettings;
use streamgauge::config::StreamSettings;
use streamgauge::engine::Engine;
use streamgauge::simulate::Emission;
use streamgauge::simulate::Observer;
use streamgauge::simulate::Rate;
use streamgauge::simulate::Simulator;
use streamgauge::simulate::SimulatorSettings;
use streamgauge::simulate::SimulatorStats;
use streamgauge::snapshot::Snapshot;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;
use streamgauge::window::Width;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;
use crate::http::Client;
use crate::http::request;

/// Longer than anything here takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(60);
/// Longer than any test: nothing leaves the window while one runs.
const WINDOW_MS: u32 = 600_000;

/// The stand-in, 2,000 events a second, recorded, with these faults.
pub(crate) fn simulator(faults: &[&str]) -> SimulatorSettings {
    let mut settings = SimulatorSettings::new("127.0.0.1:0".parse().unwrap());
    settings.rate = Rate::PerSecond(2_000.0);
    settings.record = true;
    settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    settings
}

/// The answer of a running engine to a query.
pub(crate) async fn ask(addr: SocketAddr, query: &str) -> Value {
    let body = json!({ "query": query }).to_string();
    let mut post = request(addr, Method::POST, "/graphql", &body);
    let json = "application/json".parse().unwrap();
    post.headers_mut().insert("content-type", json);
    let mut client = Client::connect(addr, Version::HTTP_11).await;
    let answer = client.send(post).await;
    assert_eq!(answer.status(), 200);
    serde_json::from_slice(answer.body()).unwrap()
}

/// A running engine and its stand-in.
pub(crate) struct Rig {
    engine: Engine,
    engine_settings: EngineSettings,
    settings: SimulatorSettings,
    observer: Observer,
    stop_simulator: CancellationToken,
    simulator: JoinHandle<()>,
    /// The engine and the sequence of the newest snapshot looked at.
    seen: (u64, u64),
}

/// Both have ended.
pub(crate) struct Ended {
    pub(super) last: Arc<Snapshot>,
    pub(super) stats: SimulatorStats,
    pub(super) record: Vec<Emission>,
    settings: SimulatorSettings,
}

impl Rig {
    /// Starts both, with short delays between tries.
    pub(super) async fn start(simulator: SimulatorSettings) -> Self {
        Self::start_with(simulator, |_| {}).await
    }

    /// The same, with other changes to the stream's settings.
    pub(super) async fn start_with(
        settings: SimulatorSettings,
        change: impl FnOnce(&mut StreamSettings),
    ) -> Self {
        Self::start_engine(settings, |engine| change(&mut engine.stream)).await
    }

    /// The same, with other changes to any of the engine's settings.
    pub(crate) async fn start_engine(
        settings: SimulatorSettings,
        change: impl FnOnce(&mut EngineSettings),
    ) -> Self {
        let clock = Clock::system();
        let simulator = Simulator::bind(settings.clone(), clock.clone())
            .await
            .unwrap();
        let auth = AuthSettings::new(
            simulator.token_url().parse().unwrap(),
            settings.client_id.clone(),
            settings.client_secret.clone(),
        );
        let mut stream = StreamSettings::new(simulator.stream_url().parse().unwrap());
        stream.backoff_base = Duration::from_millis(200);
        stream.backoff_cap = Duration::from_millis(200);
        let serve = ServeSettings::new("127.0.0.1:0".parse().unwrap());
        let mut engine = EngineSettings::new(auth, stream, serve);
        engine.aggregate = AggregateSettings::new(Width::DEFAULT, WINDOW_MS, &[60_000]).unwrap();
        change(&mut engine);
        let stop_simulator = CancellationToken::new();
        let observer = simulator.observer();
        let simulator = tokio::spawn(simulator.run(stop_simulator.clone()));
        let engine_settings = engine.clone();
        let engine = Engine::start(engine, clock).await.unwrap();
        let seen = (engine.reader().load().engine_id, 0);
        Self {
            engine,
            engine_settings,
            settings,
            observer,
            stop_simulator,
            simulator,
            seen,
        }
    }

    /// Ends the engine, and starts another from an image of it.
    pub(super) async fn go_on_from(&mut self, image: Image) {
        let settings = self.engine_settings.clone();
        let next = Engine::start_from(Some(image), settings, Clock::system());
        let next = next.await.unwrap();
        let before = std::mem::replace(&mut self.engine, next);
        timeout(HANG, before.shutdown()).await.unwrap().unwrap();
        self.seen = (self.engine.reader().load().engine_id, 0);
    }

    /// Looks at snapshots until one is as wanted. Every one on the way must be in order.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        wanted: impl Fn(&Snapshot) -> bool,
    ) -> Arc<Snapshot> {
        let reader = self.engine.reader();
        let looking = async {
            loop {
                let snapshot = reader.load();
                self.check(&snapshot);
                if wanted(&snapshot) {
                    return snapshot;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        match timeout(HANG, looking).await {
            Ok(snapshot) => snapshot,
            Err(_) => panic!("never: {what}; {:#?}", reader.load()),
        }
    }

    pub(super) async fn until_received(&mut self, count: u64) -> Arc<Snapshot> {
        self.until("received", |snapshot| snapshot.counters.received >= count)
            .await
    }

    /// Waits until the stream is live again after so many losses, and events come after that.
    pub(super) async fn until_reconnected(&mut self, times: u64) {
        let back = |snapshot: &Snapshot| {
            snapshot.stream.reconnects >= times && snapshot.stream.state == StreamState::Live
        };
        let received = self.until("reconnected", back).await.counters.received;
        self.until_received(received + 100).await;
    }

    /// What must hold in every snapshot.
    fn check(&mut self, snapshot: &Snapshot) {
        assert_eq!(
            snapshot.counters.accounting_gap(),
            0,
            "{:?}",
            snapshot.counters
        );
        let (engine_id, sequence) = self.seen;
        assert_eq!(snapshot.engine_id, engine_id);
        assert!(
            snapshot.sequence >= sequence,
            "{} after {sequence}",
            snapshot.sequence
        );
        self.seen.1 = snapshot.sequence;
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn observer(&self) -> Observer {
        self.observer.clone()
    }

    /// The answer to a query, over HTTP.
    pub(super) async fn ask(&self, query: &str) -> Value {
        ask(self.engine.local_addr(), query).await
    }

    /// Whether the engine says it is ready.
    pub(super) async fn readiness(&self) -> Response<Bytes> {
        let addr = self.engine.local_addr();
        let mut client = Client::connect(addr, Version::HTTP_11).await;
        client.get(addr, "/readyz").await
    }

    /// Ends the engine, then the stand-in.
    pub(crate) async fn stop(mut self) -> Ended {
        let reader = self.engine.reader();
        self.check(&reader.load());
        let (engine_id, sequence) = self.seen;
        timeout(HANG, self.engine.shutdown())
            .await
            .unwrap()
            .unwrap();
        self.stop_simulator.cancel();
        timeout(HANG, self.simulator).await.unwrap().unwrap();
        let last = reader.load();
        assert_eq!(last.stream.state, StreamState::Closed);
        assert_eq!(last.counters.accounting_gap(), 0, "{:?}", last.counters);
        assert_eq!(last.engine_id, engine_id);
        assert!(last.sequence > sequence);
        assert_eq!(last.ring.depth, 0);
        Ended {
            last,
            stats: self.observer.stats(),
            record: self.observer.record().await,
            settings: self.settings,
        }
    }
}

impl Ended {
    /// Events that were given to a connection and never came out of it.
    pub(super) fn lost_on_the_way(&self) -> u64 {
        let SimulatorStats {
            sent,
            copies,
            malformed,
            ..
        } = self.stats;
        sent + copies + malformed - self.last.counters.received
    }

    /// Everything that was sent while connected has arrived, and its numbers are published.
    pub(super) fn assert_all_arrived(&self) {
        let (stats, counters) = (&self.stats, &self.last.counters);
        let sent = self
            .record
            .iter()
            .filter(|emission| emission.connection.is_some());
        assert_eq!(sent.count() as u64, stats.sent);
        assert_eq!(self.lost_on_the_way(), 0, "{stats:?} {counters:?}");
        assert_eq!(counters.rejected_total(), stats.malformed);
        assert_eq!(counters.duplicates, stats.copies);
        assert_eq!(counters.applied, stats.sent);
        let window = self.last.main();
        let published = Ledger {
            connections: window.connections,
            messages: window.messages,
            closed: window.closed_sessions,
            open: window.active_sessions,
        };
        assert_eq!(published, Ledger::new(&self.record, &self.settings));
        assert_eq!(self.last.total_connections, window.connections);
        assert_eq!(self.last.sessions.open, window.active_sessions);
    }

    /// Every event that is missing was sent, or due, inside a recorded gap. Events before the first
    /// and after the last connection are nobody's loss. What was lost on the way was the end of the
    /// connection `broken`, because TCP keeps order.
    pub(super) fn assert_gaps_cover(&self, broken: u64) {
        let is_sent = |emission: &Emission| emission.connection.is_some();
        let first = self.record.iter().position(is_sent).unwrap();
        let last = self.record.iter().rposition(is_sent).unwrap();
        let missed = self.record[first..last]
            .iter()
            .filter(|emission| !is_sent(emission));
        let lost = usize::try_from(self.lost_on_the_way()).unwrap();
        let of_broken = |emission: &&Emission| emission.connection == Some(broken);
        let ends = self.record.iter().rev().filter(of_broken).take(lost);
        let missing: Vec<&Emission> = missed.chain(ends).collect();
        assert!(
            !missing.is_empty(),
            "a loss that loses nothing proves nothing"
        );
        let gaps = &self.last.stream.gaps;
        for emission in missing {
            let covered = gaps.iter().any(|gap| {
                gap.start <= emission.sent_at && gap.end.is_none_or(|end| emission.sent_at <= end)
            });
            assert!(covered, "{emission:?} is in none of {gaps:?}");
        }
    }
}
