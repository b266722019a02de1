//! The stream of events that goes on whether somebody is subscribed or not.
//!
//! There is one [`Feed`], and whoever holds it generates: the subscribed connection, straight into its
//! write buffer, or the desk (see [`desk`](super::desk)), which lets events pass by as missed.

use std::sync::Arc;
use std::time::Duration;

use super::disorder::Disorder;
use super::event_json::EventWriter;
use super::history::History;
use super::outbox::Outbox;
use super::pace::Account;
use super::pace::Pace;
use super::record::Recorder;
use super::schedule::Action;
use super::schedule::Schedule;
use super::settings::Rate;
use super::settings::SimulatorSettings;
use super::stats::Counters;
use super::subscription::Subscription;
use super::traffic::TrafficEvent;
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
    traffic: History,
    /// When the traffic's own time was 0, as far as that is known: before the first subscription a
    /// history has no place in time. Microseconds of the timeline, which it may lie before.
    origin_us: Option<i64>,
    rate: Rate,
    writer: EventWriter,
    /// The written form of one event, kept for its memory.
    payload: Vec<u8>,
    disorder: Disorder,
    schedule: Schedule,
    timeline: Timeline,
    counters: Arc<Counters>,
    recorder: Option<Recorder>,
    /// When events are due, where that is not the model's own time.
    pace: Option<Pace>,
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
        pace: Option<Pace>,
    ) -> Self {
        let traffic = History::new(settings);
        Self {
            origin_us: (traffic.length_us() == 0).then_some(0),
            traffic,
            rate: settings.rate,
            writer: EventWriter::new(),
            payload: Vec::new(),
            disorder: Disorder::new(&settings.faults, settings.seed),
            schedule: Schedule::new(&settings.faults),
            timeline,
            counters,
            recorder,
            pace,
            resumes_us: 0,
            sent_until: EpochMs::default(),
        }
    }

    /// Whether events are due by a plan.
    pub(super) const fn is_paced(&self) -> bool {
        self.pace.is_some()
    }

    /// Starts a subscription with a token that is valid until `token_ends_us`: what was due before
    /// counts as missed.
    pub(super) fn begin(&mut self, token_ends_us: u64) {
        let now_us = self.timeline.now_us();
        let history_us = i64::try_from(self.traffic.length_us()).unwrap_or(i64::MAX);
        self.origin_us
            .get_or_insert_with(|| i64::try_from(now_us).unwrap_or(i64::MAX) - history_us);
        while self.miss_due() {}
        if let Some(pace) = &self.pace {
            pace.report(Account::Subscribed);
        }
        self.schedule.begin(self.timeline.now_us(), token_ends_us);
    }

    /// Ends a subscription: events that were held back are missed.
    pub(super) fn end(&mut self) {
        self.schedule.end();
        self.resumes_us = 0;
        let held = self.disorder.abandon();
        self.counters.missed.add(held.len() as u64);
        self.tell_missed(held.len() as u64, self.timeline.clock.mono_ns());
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
        Step::Wait(self.wait_for_events(now_us))
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
        let mut told = Told::at(self.timeline.clock.mono_ns());
        let mut filtered = 0;
        let mut generated = 0;
        while let Some(due_ns) = self.due_ns(now_us, told.sent_ns)
            && !outbox.is_full()
            && (outbox.sequences.len() as u64) < until_fault
            // Nobody may want the events of this moment; there is no end to them at full rate.
            && generated < u64::from(BURST_EVENTS_MAX)
        {
            let event = self.take(told.sent_ns);
            generated += 1;
            if !subscription.wants(event.kind()) {
                filtered += 1;
                continue;
            }
            self.payload.clear();
            let happened = self.happened(&event, now_us, sent_at);
            self.writer.write(&event, happened, &mut self.payload);
            told.tell_before(due_ns, outbox, self.pace.as_ref());
            self.disorder
                .pass((event.offset_us, event.sequence), &self.payload, outbox);
        }
        if self.pace.as_ref().is_some_and(Pace::is_over) {
            // Nothing comes that would push out what is held back.
            self.disorder.drain(outbox);
        } else if self.due_ns(now_us, told.sent_ns).is_none() {
            self.disorder.pass_time(now_us, outbox);
        }
        told.tell_rest(outbox, self.pace.as_ref());
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
        if self.rate == Rate::Max || self.origin_us.is_none() || self.is_in_history() {
            return false;
        }
        let now_us = self.timeline.now_us();
        let now_ns = self.timeline.clock.mono_ns();
        let wall = self.timeline.clock.wall();
        for _ in 0..BURST_EVENTS_MAX {
            let Some(due_ns) = self.due_ns(now_us, now_ns) else {
                return false;
            };
            let event = self.take(now_ns);
            self.counters.generated.add(1);
            self.counters.missed.add(1);
            self.tell_missed(1, due_ns);
            if let Some(recorder) = &self.recorder {
                // By a plan the model's own time may be ahead.
                let ago_us = now_us.saturating_sub(self.due_us(event.offset_us));
                let due = wall - i64::try_from(ago_us / 1_000).unwrap_or(i64::MAX);
                // In its turn: not before an event ahead of it, which may have been sent late.
                recorder.add(&[event.sequence], due.max(self.sent_until), None);
            }
        }
        true
    }

    /// When the next event was due, in nanoseconds of the clock, if it is by now.
    fn due_ns(&mut self, now_us: u64, now_ns: u64) -> Option<u64> {
        if let Some(pace) = &mut self.pace {
            pace.look(now_ns);
            return pace.due(now_ns);
        }
        let is_due = self.rate == Rate::Max || self.due_us(self.traffic.next_us()) <= now_us;
        is_due.then_some(now_ns)
    }

    /// When an event of the model is due, in microseconds of the timeline; what is past, at once.
    fn due_us(&self, offset_us: u64) -> u64 {
        let origin_us = self.origin_us.unwrap_or_default();
        offset_us.saturating_add_signed(origin_us)
    }

    /// Whether the next event happened before the first subscription. It waits for whoever subscribes.
    fn is_in_history(&self) -> bool {
        self.traffic.next_us() < self.traffic.length_us()
    }

    /// The time that an event is stamped with: when it is sent, or when it happened if that was before
    /// the first subscription.
    fn happened(&self, event: &TrafficEvent, now_us: u64, sent_at: EpochMs) -> EpochMs {
        if event.offset_us >= self.traffic.length_us() {
            return sent_at;
        }
        let Some(origin_us) = self.origin_us else {
            return sent_at;
        };
        let offset_us = i64::try_from(event.offset_us).unwrap_or(i64::MAX);
        let now_us = i64::try_from(now_us).unwrap_or(i64::MAX);
        sent_at - (now_us - origin_us - offset_us) / 1_000
    }

    fn take(&mut self, now_ns: u64) -> TrafficEvent {
        if let Some(pace) = &mut self.pace {
            pace.take(now_ns);
        }
        self.traffic.take()
    }

    fn tell_missed(&self, events: u64, due_ns: u64) {
        if let Some(pace) = self.pace.as_ref().filter(|_| events > 0) {
            pace.report(Account::Missed { events, due_ns });
        }
    }

    /// How long until the next event is due or one that was held back is.
    fn wait_for_events(&self, now_us: u64) -> Duration {
        if let Some(pace) = &self.pace {
            let wait = pace.wait(self.timeline.clock.mono_ns());
            return wait.min(self.wait(now_us, u64::MAX));
        }
        match self.rate {
            Rate::Max => Duration::ZERO,
            Rate::PerSecond(_) => {
                let next_us = self.due_us(self.traffic.next_us());
                let held_us = self.disorder.next_us();
                self.wait(
                    now_us,
                    held_us.map_or(next_us, |held_us| held_us.min(next_us)),
                )
            }
        }
    }

    /// How long until `until_us` or the next fault, whichever comes first.
    fn wait(&self, now_us: u64, until_us: u64) -> Duration {
        let fault_us = self.schedule.next_us().unwrap_or(u64::MAX);
        Duration::from_micros(until_us.min(fault_us).saturating_sub(now_us))
    }
}

/// What a paced feed has reported of one outbox.
#[derive(Debug)]
struct Told {
    sent_ns: u64,
    /// The moment that what is not yet reported was due at.
    due_ns: u64,
    frames: u64,
    events: u64,
    bytes: u64,
}

impl Told {
    fn at(sent_ns: u64) -> Self {
        Self {
            sent_ns,
            due_ns: sent_ns,
            frames: 0,
            events: 0,
            bytes: 0,
        }
    }

    /// Tells of what is in the outbox when something that was due at another moment follows.
    fn tell_before(&mut self, due_ns: u64, outbox: &Outbox, pace: Option<&Pace>) {
        if due_ns != self.due_ns {
            self.tell_rest(outbox, pace);
            self.due_ns = due_ns;
        }
    }

    fn tell_rest(&mut self, outbox: &Outbox, pace: Option<&Pace>) {
        let Some(pace) = pace else { return };
        let events = outbox.sequences.len() as u64;
        let frames = events + outbox.copies + outbox.malformed;
        let bytes = outbox.bytes.len() as u64;
        if frames > self.frames {
            pace.report(Account::Sent {
                frames: frames - self.frames,
                events: events - self.events,
                bytes: bytes - self.bytes,
                due_ns: self.due_ns,
                sent_ns: self.sent_ns,
            });
        }
        (self.frames, self.events, self.bytes) = (frames, events, bytes);
    }
}

#[cfg(test)]
mod tests;
