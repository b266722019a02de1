//! The stream of events that goes on whether somebody is subscribed or not.
//!
//! There is one [`Feed`], and whoever holds it generates: the subscribed connection, straight into its
//! write buffer, or the desk (see [`desk`](super::desk)), which lets events pass by as missed.

use std::sync::Arc;
use std::time::Duration;

use super::disorder::Disorder;
use super::event_json::EventWriter;
use super::outbox::Outbox;
use super::record::Recorder;
use super::schedule::Action;
use super::schedule::Schedule;
use super::settings::Rate;
use super::settings::SimulatorSettings;
use super::stats::Counters;
use super::subscription::Subscription;
use super::traffic::Traffic;
use crate::time::Clock;
use crate::time::EpochMs;

/// Events generated in one go, wanted or not, so that a task never runs for long.
const BURST_EVENTS_MAX: u32 = 50_000;

/// The simulator's own time: microseconds since its start.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    pub(super) clock: Clock,
    start_ns: u64,
}

impl Timeline {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            start_ns: clock.mono_ns(),
            clock,
        }
    }

    pub(super) fn now_us(&self) -> u64 {
        (self.clock.mono_ns() - self.start_ns) / 1_000
    }
}

/// The one stream of events.
#[derive(Debug)]
pub(super) struct Feed {
    traffic: Traffic,
    rate: Rate,
    writer: EventWriter,
    /// The written form of one event, kept for its memory.
    payload: Vec<u8>,
    disorder: Disorder,
    schedule: Schedule,
    timeline: Timeline,
    counters: Arc<Counters>,
    recorder: Option<Recorder>,
    /// No event is sent before this, in microseconds: a pause.
    resumes_us: u64,
    /// When the newest events were sent.
    sent_until: EpochMs,
}

/// What a connection has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Write the outbox.
    Write,
    /// Do something wrong.
    Fault(Action),
    /// Wait this long for the next event.
    Wait(Duration),
}

impl Feed {
    pub(super) fn new(
        settings: &SimulatorSettings,
        timeline: Timeline,
        counters: Arc<Counters>,
        recorder: Option<Recorder>,
    ) -> Self {
        Self {
            traffic: Traffic::new(settings.seed, settings.rate.model_per_s(), settings.curve),
            rate: settings.rate,
            writer: EventWriter::new(),
            payload: Vec::new(),
            disorder: Disorder::new(&settings.faults, settings.seed),
            schedule: Schedule::new(&settings.faults),
            timeline,
            counters,
            recorder,
            resumes_us: 0,
            sent_until: EpochMs::default(),
        }
    }

    /// Starts a subscription with a token that is valid until `token_ends_us`: what was due before
    /// counts as missed.
    pub(super) fn begin(&mut self, token_ends_us: u64) {
        while self.miss_due() {}
        self.schedule.begin(self.timeline.now_us(), token_ends_us);
    }

    /// Ends a subscription: events that were held back are missed.
    pub(super) fn end(&mut self) {
        self.schedule.end();
        self.resumes_us = 0;
        let held = self.disorder.abandon();
        self.counters.missed.add(held.len() as u64);
        if let Some(recorder) = &self.recorder {
            recorder.add(&held, self.timeline.clock.wall(), None);
        }
    }

    /// Does what is due for the subscribed connection: fires a fault, or fills `outbox` with events,
    /// stamped with the wall clock and counted as sent.
    pub(super) fn step(
        &mut self,
        subscription: Subscription,
        connection: u64,
        outbox: &mut Outbox,
    ) -> Step {
        let now_us = self.timeline.now_us();
        let sent = self.counters.sent.value();
        if let Some(action) = self.schedule.take_due(now_us, sent) {
            self.counters.faults.add(1);
            let Action::Pause { us } = action else {
                return Step::Fault(action);
            };
            self.resumes_us = now_us.saturating_add(us);
        }
        if now_us < self.resumes_us {
            return Step::Wait(self.wait(now_us, self.resumes_us));
        }
        outbox.clear();
        self.fill(now_us, sent, subscription, connection, outbox);
        if !outbox.bytes.is_empty() {
            return Step::Write;
        }
        Step::Wait(self.wait(now_us, self.next_us()))
    }

    fn fill(
        &mut self,
        now_us: u64,
        sent: u64,
        subscription: Subscription,
        connection: u64,
        outbox: &mut Outbox,
    ) {
        let sent_at = self.timeline.clock.wall();
        let until_fault = self.schedule.next_events().saturating_sub(sent);
        let mut filtered = 0;
        let mut generated = 0;
        while self.is_due(now_us)
            && !outbox.is_full()
            && (outbox.sequences.len() as u64) < until_fault
            // Nobody may want the events of this moment; there is no end to them at full rate.
            && generated < u64::from(BURST_EVENTS_MAX)
        {
            let event = self.traffic.take();
            generated += 1;
            if !subscription.wants(event.kind()) {
                filtered += 1;
                continue;
            }
            self.payload.clear();
            self.writer.write(&event, sent_at, &mut self.payload);
            self.disorder.pass(&event, &self.payload, outbox);
        }
        if !self.is_due(now_us) {
            self.disorder.pass_time(now_us, outbox);
        }
        self.counters.generated.add(generated);
        self.counters.filtered.add(filtered);
        self.counters.sent.add(outbox.sequences.len() as u64);
        self.counters.copies.add(outbox.copies);
        self.counters.malformed.add(outbox.malformed);
        if !outbox.sequences.is_empty() {
            self.sent_until = sent_at;
        }
        if let Some(recorder) = &self.recorder {
            recorder.add(&outbox.sequences, sent_at, Some(connection));
        }
    }

    /// Lets events that are due pass by unsent; `true` when there are more. At full rate events wait
    /// for a reader instead.
    pub(super) fn miss_due(&mut self) -> bool {
        if self.rate == Rate::Max {
            return false;
        }
        let now_us = self.timeline.now_us();
        let wall = self.timeline.clock.wall();
        for _ in 0..BURST_EVENTS_MAX {
            if !self.is_due(now_us) {
                return false;
            }
            let event = self.traffic.take();
            self.counters.generated.add(1);
            self.counters.missed.add(1);
            if let Some(recorder) = &self.recorder {
                let ago_ms = (now_us - event.offset_us) / 1_000;
                let due = wall - i64::try_from(ago_ms).unwrap_or(i64::MAX);
                // In its turn: not before an event ahead of it, which may have been sent late.
                recorder.add(&[event.sequence], due.max(self.sent_until), None);
            }
        }
        true
    }

    fn is_due(&self, now_us: u64) -> bool {
        self.rate == Rate::Max || self.traffic.next_us() <= now_us
    }

    /// When the next event is due or one that was held back is.
    fn next_us(&self) -> u64 {
        match self.rate {
            Rate::Max => 0,
            Rate::PerSecond(_) => {
                let next_us = self.traffic.next_us();
                self.disorder
                    .next_us()
                    .map_or(next_us, |held_us| held_us.min(next_us))
            }
        }
    }

    /// How long until `until_us` or the next fault, whichever comes first.
    fn wait(&self, now_us: u64, until_us: u64) -> Duration {
        let fault_us = self.schedule.next_us().unwrap_or(u64::MAX);
        Duration::from_micros(until_us.min(fault_us).saturating_sub(now_us))
    }
}

#[cfg(test)]
mod tests {
    use super::super::outbox::Form;
    use super::*;

    const ALL: &[u8] = br#"{"subscription":{"eventTypes":["webchat:connected","webchat:disconnected","webchat:message"],"filter":{"channel":"webchat"}}}"#;

    #[tokio::test]
    async fn what_a_fault_held_back_was_not_missed_before_what_was_sent() {
        let mut settings = SimulatorSettings::new(SimulatorSettings::LISTEN);
        settings.rate = Rate::PerSecond(2_000.0);
        settings.faults = vec!["close@10ev".parse().unwrap()];
        let start = EpochMs::from_ms(1_000_000);
        let (clock, hands) = Clock::manual(start);
        let recorder = Recorder::spawn();
        let mut feed = Feed::new(
            &settings,
            Timeline::new(clock),
            Arc::default(),
            Some(recorder.clone()),
        );
        let subscription = Subscription::parse(ALL).unwrap();
        let mut outbox = Outbox::new(Form::Frames);
        feed.begin(u64::MAX);
        // Some two hundred events are due at once, of which ten are sent, late.
        hands.advance_ms(100);
        assert_eq!(feed.step(subscription, 1, &mut outbox), Step::Write);
        let fault = feed.step(subscription, 1, &mut outbox);
        assert_eq!(fault, Step::Fault(Action::Close(1000)));
        feed.end();
        hands.advance_ms(100);
        assert!(!feed.miss_due());
        let record = recorder.read().await;
        assert!(record.len() > 100, "{}", record.len());
        assert!(record.is_sorted_by_key(|emission| (emission.sent_at, emission.sequence)));
        let sent = record
            .iter()
            .filter(|emission| emission.connection.is_some());
        assert_eq!(sent.count(), 10);
        assert_eq!(record[10].sent_at, start + 100);
    }
}
