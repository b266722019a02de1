//! A running source, and everything it puts on its ring.

use std::net::SocketAddr;
use std::time::Duration;

use streamgauge::config::StreamSettings;
use streamgauge::event::Event;
use streamgauge::event::IdKeys;
use streamgauge::net::Connector;
use streamgauge::parse::Parser;
use streamgauge::pulse::Pulse;
use streamgauge::ring::Bell;
use streamgauge::ring::Consumer;
use streamgauge::ring::Delta;
use streamgauge::ring::ring;
use streamgauge::source::EventsStream;
use streamgauge::source::Exit;
use streamgauge::stream::LossCause;
use streamgauge::stream::StreamNote;
use streamgauge::stream::StreamState;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::auth::TokenEndpoint;

/// No test takes this long: it only keeps a broken one from hanging.
pub(crate) const HANG: Duration = Duration::from_secs(30);

/// A running source and everything it has put on its ring.
pub(crate) struct Rig {
    pub(crate) consumer: Consumer,
    pub(crate) shutdown: CancellationToken,
    pub(crate) source: JoinHandle<Exit>,
    pub(crate) events: Vec<Event>,
    pub(crate) delta: Delta,
    pub(crate) notes: Vec<StreamNote>,
    pub(crate) batches: usize,
    pulse: Pulse,
    clock: Clock,
}

/// Settings for a test: short delays, everything else as in production.
pub(crate) fn settings(address: SocketAddr) -> StreamSettings {
    let url = format!("ws://{address}/api/v2/analytics/events/stream");
    let mut settings = StreamSettings::new(url.parse().unwrap());
    settings.backoff_base = Duration::from_millis(10);
    settings.backoff_cap = Duration::from_millis(50);
    settings
}

impl Rig {
    /// Starts a source with a ring of 64 batches of 64 events.
    pub(crate) async fn start(settings: StreamSettings) -> Self {
        let endpoint = TokenEndpoint::granting().await;
        Self::with(settings, &endpoint, 64, 64)
    }

    pub(crate) fn with(
        settings: StreamSettings,
        endpoint: &TokenEndpoint,
        ring_batches: usize,
        batch_events: usize,
    ) -> Self {
        let size = (ring_batches, batch_events);
        Self::beating(settings, endpoint, size, &Pulse::default(), Clock::system())
    }

    /// The same with a heartbeat; `size` is that of the ring, in batches of so many events.
    pub(crate) fn beating(
        settings: StreamSettings,
        endpoint: &TokenEndpoint,
        size: (usize, usize),
        pulse: &Pulse,
        clock: Clock,
    ) -> Self {
        let connector = Connector::new(settings.ca_file.as_deref()).unwrap();
        Self::assemble(settings, endpoint, connector, size, pulse, clock)
    }

    pub(crate) fn with_connector(
        settings: StreamSettings,
        endpoint: &TokenEndpoint,
        connector: Connector,
        ring_batches: usize,
        batch_events: usize,
    ) -> Self {
        let (size, clock) = ((ring_batches, batch_events), Clock::system());
        Self::assemble(
            settings,
            endpoint,
            connector,
            size,
            &Pulse::default(),
            clock,
        )
    }

    fn assemble(
        settings: StreamSettings,
        endpoint: &TokenEndpoint,
        connector: Connector,
        (ring_batches, batch_events): (usize, usize),
        pulse: &Pulse,
        clock: Clock,
    ) -> Self {
        let (producer, consumer) = ring(ring_batches, batch_events, Bell::new());
        let parser = Parser::new(IdKeys::FIXED);
        let source_clock = clock.clone();
        let source = EventsStream::new(
            settings,
            connector,
            endpoint.tokens(),
            parser,
            producer,
            clock,
        )
        .unwrap()
        .with_pulse(pulse);
        let shutdown = CancellationToken::new();
        Self {
            consumer,
            source: tokio::spawn(source.run(shutdown.clone())),
            shutdown,
            events: Vec::new(),
            delta: Delta::default(),
            notes: Vec::new(),
            batches: 0,
            pulse: pulse.clone(),
            clock: source_clock,
        }
    }

    pub(crate) fn drain(&mut self) {
        while let Some(mut batch) = self.consumer.drain() {
            assert!(!batch.is_empty());
            assert!(batch.offered_ns >= batch.arrival_ns);
            self.batches += 1;
            self.pulse.taken(self.clock.mono_ns());
            self.events.append(&mut batch.events);
            self.notes.append(&mut batch.notes);
            self.delta.received += batch.delta.received;
            self.delta.accepted += batch.delta.accepted;
            self.delta.events += batch.delta.events;
            self.delta.ignored += batch.delta.ignored;
            self.delta.control += batch.delta.control;
            self.delta.shed += batch.delta.shed;
            self.delta.bytes += batch.delta.bytes;
            for (sum, count) in self.delta.rejected.iter_mut().zip(batch.delta.rejected) {
                *sum += count;
            }
            self.consumer.recycle(batch);
            // Holds at every batch, so in every snapshot.
            let rejected = self.delta.rejected.iter().sum::<u64>();
            let fates = self.delta.accepted + self.delta.ignored + self.delta.control + rejected;
            assert_eq!(self.delta.received, fates);
            let events = self.events.len() as u64 + self.delta.shed;
            assert_eq!(self.delta.events, events);
            assert_eq!(self.delta.accepted, events, "one event a payload");
        }
    }

    /// Drains until `done` holds.
    pub(crate) async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                self.drain();
                if done(self) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let outcome = timeout(HANG, waiting).await;
        assert!(outcome.is_ok(), "never: {what}; notes {:?}", self.notes);
    }

    pub(crate) async fn until_events(&mut self, count: usize) {
        self.until("events", |rig| rig.events.len() >= count).await;
    }

    pub(crate) async fn until_live(&mut self, times: usize) {
        self.until("live", |rig| rig.lives().len() >= times).await;
    }

    pub(crate) async fn until_losses(&mut self, times: usize) {
        self.until("lost", |rig| rig.losses().len() >= times).await;
    }

    /// Cancels, drains to the end and returns why the source ended.
    pub(crate) async fn stop(&mut self) -> Exit {
        self.shutdown.cancel();
        self.until("closed", |rig| {
            rig.notes.last() == Some(&StreamNote::State(StreamState::Closed))
        })
        .await;
        timeout(HANG, &mut self.source).await.unwrap().unwrap()
    }

    pub(crate) fn lives(&self) -> Vec<EpochMs> {
        let lives = self.notes.iter().filter_map(|note| match note {
            StreamNote::Live { at } => Some(*at),
            _ => None,
        });
        lives.collect()
    }

    /// Losses of open connections and failed tries, in order.
    pub(crate) fn losses(&self) -> Vec<(LossCause, String)> {
        let losses = self.notes.iter().filter_map(|note| match note {
            StreamNote::Lost { cause, detail, .. } | StreamNote::Failed { cause, detail } => {
                Some((*cause, detail.clone()))
            }
            _ => None,
        });
        losses.collect()
    }

    pub(crate) fn states(&self) -> Vec<StreamState> {
        let states = self.notes.iter().filter_map(|note| match note {
            StreamNote::State(state) => Some(*state),
            _ => None,
        });
        states.collect()
    }

    pub(crate) fn protocol_errors(&self) -> usize {
        let is_error = |note: &&StreamNote| **note == StreamNote::ProtocolError;
        self.notes.iter().filter(is_error).count()
    }
}
