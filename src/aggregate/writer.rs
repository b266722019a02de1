//! The writer thread: drains the rings, applies what it finds, publishes.
//!
//! It publishes at once when it was idle, at most once a millisecond while events flow, and at least
//! once a bucket, so that windows slide in silence. Nothing in it waits for a reader.

mod own;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::warn;

use super::State;
use super::image::FrameSink;
use super::imaging::Imaging;
use crate::alert::Watch;
use crate::config::Directory;
use crate::config::WaitStrategy;
use crate::config::limits;
use crate::latency::Latencies;
use crate::latency::Recorder;
use crate::latency::Stage;
use crate::reloadable::Reloadable;
use crate::ring::Batch;
use crate::ring::Bell;
use crate::ring::Mailbox;
use crate::ring::Rings;
use crate::ring::Waiter;
use crate::snapshot::Publisher;
use crate::snapshot::RingStats;
use crate::time::Clock;
use crate::time::EpochMs;
use crate::window::BucketIndex;

use own::Own;

/// Batches applied between two snapshots at the most; a snapshot is published when they are reached.
const UNSEEN_MAX: usize = 4_096;

/// The longest wait: how far into a pause of the process the first alarm may lie.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// What the writer thread owns.
#[derive(Debug)]
pub struct Writer {
    state: State,
    /// One ring per input, polled in turn.
    rings: Rings,
    publisher: Publisher,
    clock: Clock,
    /// Latency of GraphQL requests in nanoseconds, from readers.
    samples: Mailbox<u64>,
    recorder: Recorder,
    latencies: Arc<Latencies>,
    alerts: Watch,
    directory: Reloadable<Directory>,
    imaging: Imaging,
    /// What elapsed time is ahead of the clock's count, wrapping: it goes on from that of an image.
    elapsed_from_ns: u64,
    engine_id: u64,
    sequence: u64,
    high_water: usize,
    /// Batches applied since the last snapshot.
    unseen: Vec<Stamps>,
    published_ns: u64,
    published_bucket: Option<BucketIndex>,
    /// The cut of groups in the latest snapshot.
    published_cut: EpochMs,
    /// Whether something is left to do for groups.
    is_working: bool,
    summarised_ns: u64,
    clock_logged_ns: u64,
}

/// When the events of one batch arrived and were applied.
#[derive(Clone, Copy, Debug)]
struct Stamps {
    arrival_ns: u64,
    applied_ns: u64,
    events: u64,
}

impl Writer {
    /// A writer over its rings; `engine_id` goes into every snapshot.
    pub fn new(
        state: State,
        rings: Rings,
        publisher: Publisher,
        samples: Mailbox<u64>,
        clock: Clock,
        engine_id: u64,
    ) -> Self {
        Self {
            state,
            rings,
            publisher,
            clock,
            samples,
            recorder: Recorder::new(),
            latencies: Arc::default(),
            alerts: Watch::none(),
            directory: Reloadable::new(Directory::default()),
            imaging: Imaging::new(Mailbox::new(1)),
            elapsed_from_ns: 0,
            engine_id,
            sequence: 0,
            high_water: 0,
            unseen: Vec::with_capacity(UNSEEN_MAX),
            published_ns: 0,
            published_bucket: None,
            published_cut: EpochMs::default(),
            is_working: false,
            summarised_ns: 0,
            clock_logged_ns: 0,
        }
    }

    /// The same writer with alerts to look at.
    pub fn with_alerts(mut self, alerts: Watch) -> Self {
        self.alerts = alerts;
        self
    }

    /// The same writer with names and links that go into every snapshot.
    pub fn with_directory(mut self, directory: Reloadable<Directory>) -> Self {
        self.directory = directory;
        self
    }

    /// The same writer, which makes the images that are asked for.
    pub fn with_images(mut self, requests: Mailbox<Box<dyn FrameSink>>) -> Self {
        self.imaging = Imaging::new(requests);
        self
    }

    /// The same writer, whose elapsed time goes on from that of the image that its state was made of: time
    /// while no process runs does not count.
    pub fn going_on_from(mut self, elapsed_ns: u64) -> Self {
        self.elapsed_from_ns = elapsed_ns.wrapping_sub(self.clock.mono_ns());
        self
    }

    /// Runs until `stop` is set and the rings are empty, publishes once more, and gives the state
    /// back. Set `stop` when no producer offers any more, then ring the bell.
    pub fn run(mut self, bell: &Bell, strategy: WaitStrategy, stop: &AtomicBool) -> State {
        let mut waiter = bell.waiter(strategy);
        let mut was_idle = true;
        loop {
            // Acquire: pairs with the Release of whoever stops us; what was offered before is seen.
            let is_stopping = stop.load(Ordering::Acquire);
            let applied = self.do_work(was_idle);
            if applied > 0 {
                was_idle = false;
                waiter.found_work();
                continue;
            }
            if is_stopping {
                self.publish();
                return self.state;
            }
            was_idle = self.unseen.is_empty();
            if !self.is_working {
                self.wait(&mut waiter);
            }
        }
    }

    /// One duty cycle: advances the clock, drains a quota of batches from each ring, publishes when
    /// that is due, does a little of what is left to do for groups, and answers how many batches it applied.
    pub fn do_work(&mut self, was_idle: bool) -> usize {
        self.publisher.pulse().writer(self.clock.mono_ns());
        self.read_clocks();
        let state = &mut self.state;
        self.rings.admit(|input| state.open_input(input));
        let applied = self.drain();
        let state = &mut self.state;
        self.rings.dismiss(|input| state.end_input(input));
        self.is_working = self.state.work(limits::WORK_PIECES);
        let elapsed_ns = self.elapsed_ns();
        let (imaging, state) = (&mut self.imaging, &mut self.state);
        self.is_working |= imaging.work(state, &self.alerts, &self.clock, elapsed_ns);
        if self.is_due(was_idle) {
            self.publish();
        }
        applied
    }

    /// Takes up to a quota of batches from each ring; how many.
    fn drain(&mut self) -> usize {
        let mut drained = 0;
        for place in 0..self.rings.len() {
            self.high_water = self.high_water.max(self.rings.at(place).depth_events());
            for _ in 0..limits::DRAIN_QUOTA_BATCHES {
                let Some(batch) = self.rings.at(place).drain() else {
                    break;
                };
                self.apply(&batch);
                self.rings.at(place).recycle(batch);
                drained += 1;
            }
        }
        drained
    }

    fn read_clocks(&mut self) {
        let (wall, before) = (self.clock.wall(), self.state.clock_events());
        self.state.read_clocks(wall, self.elapsed_ns());
        let after = self.state.clock_events();
        if after != before {
            self.log_clock(wall, after.rebases > before.rebases);
        }
    }

    /// Elapsed time, as the state and the alerts are given it.
    fn elapsed_ns(&self) -> u64 {
        self.clock.mono_ns().wrapping_add(self.elapsed_from_ns)
    }

    /// Says what the wall clock did. A clock that steps all the time is not logged every time.
    #[cold]
    fn log_clock(&mut self, wall: EpochMs, is_rebased: bool) {
        let now_ns = self.clock.mono_ns();
        if now_ns.saturating_sub(self.clock_logged_ns) < limits::CLOCK_LOG_NS && !is_rebased {
            return;
        }
        self.clock_logged_ns = now_ns;
        let status = self.state.clock_status();
        if is_rebased {
            let gap = "windows go on from there; what was booked ahead has left them";
            warn!("clock: set back to {wall}, where the machine's clock has been for 5 s; {gap}");
        } else if status.is_on_hold {
            let step_ms = status.step_ms;
            warn!(
                "clock: the machine's clock is now {wall}, a step of {step_ms} ms; followed, and \
                 nothing expires for 60 s in case it is set right"
            );
        } else {
            let (step_ms, behind_ms) = (status.step_ms, status.behind_ms);
            warn!(
                "clock: the machine's clock is now {wall}, a step of {step_ms} ms; it is {behind_ms} ms \
                 behind the numbers"
            );
        }
    }

    fn apply(&mut self, batch: &Batch) {
        let drained_ns = self.clock.mono_ns();
        self.state.apply_batch(batch);
        let applied_ns = self.clock.mono_ns();
        self.publisher.pulse().taken(applied_ns);
        let events = batch.events.len() as u64;
        let recorder = &mut self.recorder;
        recorder.record(
            Stage::Parse,
            batch.offered_ns.saturating_sub(batch.arrival_ns),
            events,
        );
        recorder.record(
            Stage::Ring,
            drained_ns.saturating_sub(batch.offered_ns),
            events,
        );
        recorder.record(Stage::Aggregate, applied_ns - drained_ns, events);
        self.unseen.push(Stamps {
            arrival_ns: batch.arrival_ns,
            applied_ns,
            events,
        });
    }

    fn is_due(&self, was_idle: bool) -> bool {
        if self.published_bucket != Some(self.state.current_bucket())
            || self.published_cut != self.state.cut()
        {
            return true;
        }
        let since_ns = || self.clock.mono_ns().saturating_sub(self.published_ns);
        if self.unseen.is_empty() {
            // After a step back of the wall clock no bucket begins until it has caught up.
            return since_ns() >= u64::from(self.idle_ms()) * 1_000_000;
        }
        was_idle
            || self.unseen.len() + limits::DRAIN_QUOTA_BATCHES * self.rings.len() > UNSEEN_MAX
            || since_ns() >= limits::PUBLISH_INTERVAL_NS
    }

    /// How long nothing is published while nothing comes: a bucket, or a second where those are
    /// longer, so that who looks at the snapshot's age knows that it is fresh.
    fn idle_ms(&self) -> u32 {
        self.state.width().ms().min(1_000)
    }

    fn publish(&mut self) {
        self.publisher.pulse().publishing(self.clock.mono_ns());
        self.summarise();
        self.sequence += 1;
        let (state, clock) = (&self.state, &self.clock);
        let (depth, capacity) = self.rings.depth_and_capacity();
        let own = Own {
            engine_id: self.engine_id,
            sequence: self.sequence,
            ring: RingStats {
                depth,
                capacity,
                high_water: self.high_water as u64,
            },
            latency: &self.latencies,
            directory: &self.directory,
        };
        let elapsed_ns = self.elapsed_ns();
        let alerts = &mut self.alerts;
        self.publisher.publish(|snapshot| {
            state.fill(snapshot);
            own.fill(snapshot, clock.wall());
            // Last: it looks at the numbers above.
            alerts.fill(snapshot, elapsed_ns);
        });
        let visible_ns = self.clock.mono_ns();
        self.publisher.pulse().published(visible_ns);
        for stamps in self.unseen.drain(..) {
            let since = |ns: u64| visible_ns.saturating_sub(ns);
            self.recorder
                .record(Stage::Publish, since(stamps.applied_ns), stamps.events);
            self.recorder
                .record(Stage::Visible, since(stamps.arrival_ns), stamps.events);
        }
        self.published_ns = visible_ns;
        self.published_bucket = Some(self.state.current_bucket());
        self.published_cut = self.state.cut();
    }

    /// Copies the latencies for readers, once a second.
    fn summarise(&mut self) {
        let now_ns = self.clock.mono_ns();
        if now_ns.saturating_sub(self.summarised_ns) < limits::LATENCY_INTERVAL_NS {
            return;
        }
        while let Some(ns) = self.samples.take() {
            self.recorder.record(Stage::Query, ns, 1);
        }
        self.recorder.slide(now_ns);
        self.latencies = Arc::new(self.recorder.latencies());
        self.summarised_ns = now_ns;
    }

    /// Waits for work, until the next bucket begins or the next snapshot is due.
    fn wait(&mut self, waiter: &mut Waiter) {
        let timeout = self.timeout().min(WAIT_MAX);
        let alarm_ns = self.alarm_ns(timeout);
        let rings = &self.rings;
        waiter.wait(timeout, || rings.is_ready());
        self.note_waking(alarm_ns);
    }

    fn alarm_ns(&self, timeout: Duration) -> u64 {
        let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        self.clock.mono_ns().saturating_add(timeout_ns)
    }

    /// Who was woken before the alarm does not know whether there was a pause.
    fn note_waking(&mut self, alarm_ns: u64) {
        if let Some(late_ns) = self.clock.mono_ns().checked_sub(alarm_ns) {
            self.recorder.record(Stage::Pause, late_ns, 1);
        }
    }

    fn timeout(&self) -> Duration {
        if !self.unseen.is_empty() {
            let since_ns = self.clock.mono_ns().saturating_sub(self.published_ns);
            return Duration::from_nanos(limits::PUBLISH_INTERVAL_NS.saturating_sub(since_ns));
        }
        let (now, next) = (self.clock.wall(), self.state.next_bucket_start());
        // Far ahead after a step back of the wall clock.
        Duration::from_millis(next.since(now).clamp(1, u64::from(self.idle_ms())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AggregateSettings;
    use crate::event::Actor;
    use crate::event::Event;
    use crate::event::EventKind;
    use crate::event::IdKeys;
    use crate::event::IdKind;
    use crate::event::Identity;
    use crate::event::LabelsId;
    use crate::event::SessionKey;
    use crate::ring;
    use crate::snapshot;
    use crate::snapshot::Reader;
    use crate::snapshot::Snapshot;
    use crate::time::ManualClock;
    use crate::window::Width;

    const START: EpochMs = EpochMs::from_ms(1_768_478_400_000);

    struct Bench {
        writer: Writer,
        producer: ring::Producer,
        reader: Reader,
        hand: ManualClock,
    }

    fn bench() -> Bench {
        bench_with(AggregateSettings::new(Width::DEFAULT, 60_000, &[]).unwrap())
    }

    fn bench_with(settings: AggregateSettings) -> Bench {
        let (clock, hand) = Clock::manual(START);
        let (producer, consumer) = ring::ring(8, 4, Bell::new());
        let (publisher, reader) = snapshot::channel(Snapshot::default());
        let state = State::new(settings, IdKeys::FIXED, START);
        let mailbox = Mailbox::new(16);
        let writer = Writer::new(state, consumer.into(), publisher, mailbox, clock, 9);
        Bench {
            writer,
            producer,
            reader,
            hand,
        }
    }

    fn offer(bench: &mut Bench, number: u64) {
        let mut batch = bench.producer.lease();
        batch.events.push(Event {
            time: START,
            session: SessionKey {
                hi: 1,
                lo: number,
                kind: IdKind::Uuid,
            },
            identity: Identity::NONE,
            detail: Event::NO_DETAIL,
            kind: EventKind::Connected,
            labels: LabelsId::NONE,
            actor: Actor::Unknown,
        });
        batch.delta.received = 1;
        batch.delta.accept(1);
        bench.producer.offer(batch).unwrap();
    }

    #[test]
    fn publishes_at_once_when_idle_and_once_a_millisecond_under_load() {
        let mut bench = bench();
        offer(&mut bench, 1);
        assert_eq!(bench.writer.do_work(true), 1);
        let first = bench.reader.load();
        assert_eq!(
            (first.sequence, first.counters.applied, first.engine_id),
            (1, 1, 9)
        );
        offer(&mut bench, 2);
        bench.writer.do_work(false);
        assert_eq!(bench.reader.load().sequence, 1, "not a millisecond later");
        bench.hand.advance_ms(1);
        bench.writer.do_work(false);
        let second = bench.reader.load();
        assert_eq!((second.sequence, second.counters.applied), (2, 2));
        assert_eq!(second.counters.accounting_gap(), 0);
    }

    #[test]
    fn windows_slide_in_silence() {
        let mut bench = bench();
        bench.writer.do_work(true);
        let first = bench.reader.load();
        bench.hand.advance_ms(99);
        bench.writer.do_work(true);
        assert_eq!(bench.reader.load().sequence, first.sequence);
        bench.hand.advance_ms(1);
        bench.writer.do_work(true);
        let second = bench.reader.load();
        assert_eq!(second.sequence, first.sequence + 1);
        assert_eq!(second.main().start, first.main().start + 100);
    }

    #[test]
    fn a_step_back_of_the_wall_clock_silences_the_writer_for_five_seconds_at_most() {
        let mut bench = bench();
        bench.writer.do_work(true);
        let first = bench.reader.load();
        let width = Duration::from_millis(100);
        bench.hand.set_wall(START - 3_600_000);
        bench.writer.do_work(true);
        assert_eq!(bench.reader.load().sequence, first.sequence);
        assert!(bench.writer.timeout() <= width);
        bench.hand.advance_ms(100);
        bench.writer.do_work(true);
        let second = bench.reader.load();
        assert_eq!(second.sequence, first.sequence + 1);
        assert_eq!(second.main().start, first.main().start, "time stands");
        assert_eq!(second.counters.clock_steps_back, 1);
        assert!(second.clock.is_behind);
        // Five seconds after the step it is followed, and the sequence goes on.
        bench.hand.advance_ms(4_899);
        bench.writer.do_work(true);
        assert_eq!(bench.reader.load().main().start, first.main().start);
        bench.hand.advance_ms(1);
        bench.writer.do_work(true);
        let third = bench.reader.load();
        assert!(third.sequence > second.sequence);
        assert_eq!(third.now, START - 3_600_000 + 5_000);
        assert_eq!(third.counters.clock_rebases, 1);
    }

    #[test]
    fn the_latency_of_every_stage_is_summed_up_once_a_second() {
        let mut bench = bench();
        offer(&mut bench, 1);
        bench.writer.do_work(true);
        bench.writer.samples.post(2_000);
        let alarm_ns = bench.writer.alarm_ns(Duration::from_millis(100));
        bench.hand.advance_ms(99);
        bench.writer.note_waking(alarm_ns);
        bench.hand.advance_ms(701);
        bench.writer.note_waking(alarm_ns);
        bench.hand.advance_ms(200);
        bench.writer.do_work(true);
        let latency = &bench.reader.load().latency;
        for stage in Stage::ALL {
            assert_eq!(
                latency.last_minute[stage.index()].count(),
                1,
                "{}",
                stage.label()
            );
        }
        // Stopped for 0.8 s, of which 0.1 s would have been slept anyway.
        let pause = &latency.last_minute[Stage::Pause.index()];
        assert!(
            (700_000_000..710_000_000).contains(&pause.max()),
            "{pause:?}"
        );
        let visible = &latency.last_minute[Stage::Visible.index()];
        assert!(visible.max() < 1_000_000, "{visible:?}");
    }

    #[test]
    fn a_running_writer_looks_for_pauses_whatever_its_bucket() {
        let (clock, hand) = Clock::manual(START);
        let width = Width::from_ms(10_000).unwrap();
        let settings = AggregateSettings::new(width, 60_000, &[]).unwrap();
        let (publisher, _reader) = snapshot::channel(Snapshot::default());
        let state = State::new(settings, IdKeys::FIXED, START);
        let mut writer = Writer::new(
            state,
            Rings::default(),
            publisher,
            Mailbox::new(16),
            clock,
            9,
        );
        writer.do_work(true);
        let bell = Bell::new();
        let mut waiter = bell.waiter(WaitStrategy::Park);
        assert!(writer.timeout() > WAIT_MAX);
        // The hand stands still while it waits, so the alarm is never reached.
        writer.wait(&mut waiter);
        assert_eq!(pauses(&writer), 0);
        let alarm_ns = writer.alarm_ns(WAIT_MAX);
        hand.advance_ms(100);
        writer.note_waking(alarm_ns);
        assert_eq!(pauses(&writer), 1);
    }

    fn pauses(writer: &Writer) -> u64 {
        writer.recorder.latencies().since_start[Stage::Pause.index()].count()
    }

    /// The parts that are late so many milliseconds from now, without the hand being moved.
    fn late(bench: &Bench, in_ms: u64) -> Vec<&'static str> {
        let now_ns = bench.writer.clock.mono_ns() + in_ms * 1_000_000;
        let beats = bench.reader.pulse().look(now_ns);
        let late = beats.iter().filter(|beat| beat.is_late);
        late.map(|beat| beat.part.label()).collect()
    }

    #[test]
    fn every_turn_is_a_beat_and_a_stopped_writer_is_late() {
        let mut bench = bench();
        bench.hand.advance_ms(1);
        bench.writer.do_work(true);
        assert_eq!(late(&bench, 5_000), [""; 0]);
        assert_eq!(late(&bench, 5_001), ["writer"]);
        bench.hand.advance_ms(6_000);
        bench.writer.do_work(true);
        assert_eq!(late(&bench, 0), [""; 0]);
    }

    #[test]
    fn a_publication_that_does_not_end_is_the_publishers() {
        let mut bench = bench();
        bench.hand.advance_ms(1);
        let pulse = bench.writer.publisher.pulse().clone();
        bench.writer.do_work(true);
        pulse.publishing(bench.writer.clock.mono_ns());
        assert_eq!(late(&bench, 5_001), ["publisher"]);
        bench.writer.publish();
        assert_eq!(late(&bench, 5_000), [""; 0]);
    }

    #[test]
    fn a_batch_that_nobody_takes_makes_the_ring_late() {
        let mut bench = bench();
        bench.hand.advance_ms(1);
        let pulse = bench.reader.pulse().clone();
        pulse.offered(bench.writer.clock.mono_ns());
        bench.hand.advance_ms(6_000);
        bench.writer.do_work(true);
        assert_eq!(late(&bench, 0), ["ring"]);
        offer(&mut bench, 1);
        bench.writer.do_work(true);
        assert_eq!(late(&bench, 0), [""; 0]);
    }

    #[test]
    fn wide_buckets_do_not_make_the_snapshot_old() {
        let settings = AggregateSettings::new(Width::from_ms(3_600_000).unwrap(), 3_600_000, &[]);
        let mut bench = bench_with(settings.unwrap());
        bench.writer.do_work(true);
        for _ in 0..5 {
            bench.hand.advance_ms(1_000);
            assert!(bench.writer.timeout() <= Duration::from_secs(1));
            bench.writer.do_work(true);
            assert_eq!(bench.reader.load().published, bench.writer.clock.wall());
        }
    }

    #[test]
    fn stops_when_the_rings_are_empty() {
        let mut bench = bench();
        for number in 0..8 {
            offer(&mut bench, number);
        }
        let stop = AtomicBool::new(true);
        bench.writer.run(&Bell::new(), WaitStrategy::Park, &stop);
        assert_eq!(bench.reader.load().counters.applied, 8);
    }
}
