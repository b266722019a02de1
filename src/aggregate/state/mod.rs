//! The aggregate: what every event does to buckets, rows and counters.
//!
//! One value, owned by one thread, without clocks, pointers into other threads or per-process
//! hashing: the same events in the same order with the same clock give the same state. Each event
//! costs the same whatever the windows' lengths and however many sessions are open.

mod table;

use std::hint::black_box;

use super::buckets::Buckets;
use super::coverage::Coverage;
use super::dedup::Dedup;
use super::durations::Durations;
use super::sessions::Hint;
use super::sessions::LookedUp;
use super::sessions::Phase;
use super::sessions::Sessions;
use crate::config::AggregateSettings;
use crate::config::ClockRule;
use crate::config::limits;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::IdKeys;
use crate::ring::Batch;
use crate::ring::Delta;
use crate::snapshot::Counters;
use crate::snapshot::DedupStats;
use crate::snapshot::SessionStats;
use crate::snapshot::Snapshot;
use crate::snapshot::WindowStats;
use crate::stream::StreamNote;
use crate::time::EpochMs;
use crate::window::BucketIndex;
use crate::window::Width;

/// Milliseconds in the wheel's minutes.
const MINUTE_MS: i64 = 60_000;

/// The state of the aggregate.
#[derive(Debug)]
pub struct State {
    settings: AggregateSettings,
    /// The engine clock: never goes back. `None` before the first advance or event.
    now: Option<EpochMs>,
    /// The wall clock at the latest advance, to see it step back.
    wall: EpochMs,
    started: EpochMs,
    buckets: Buckets,
    /// By the order of `settings.windows`.
    durations: Vec<Durations>,
    dedup: Dedup,
    sessions: Sessions,
    /// Where the rows of the events being applied are.
    looked_up: LookedUp,
    coverage: Coverage,
    counters: Counters,
    total_connections: u64,
    /// The minute of the clock since the epoch, and when the next one begins.
    minute: u32,
    minute_end: EpochMs,
    /// The greatest time of an applied event, and its bucket.
    newest: Option<(EpochMs, BucketIndex)>,
    /// Losses so far, modulo 2^16: rows that have seen fewer are uncertain.
    loss_epoch: u16,
    open_uncertain: u64,
}

/// What an event is once it is neither late nor future.
struct Placed {
    /// The bucket it is booked in: its own, or the clock's when it is ahead.
    booked: BucketIndex,
    /// How far it is ahead of the clock, in milliseconds.
    ahead_ms: u32,
}

impl State {
    /// An empty state. `keys` are those the events' ids were hashed with; `started` is what
    /// counters count from.
    pub fn new(settings: AggregateSettings, keys: IdKeys, started: EpochMs) -> Self {
        let current = settings.width.bucket_of(started);
        let buckets = Buckets::new(&settings, current);
        let durations = settings
            .windows
            .iter()
            .map(|&length| Durations::new(length, current))
            .collect();
        Self {
            now: None,
            wall: started,
            started,
            durations,
            dedup: Dedup::new(settings.dedup_bytes_max, buckets.oldest()),
            buckets,
            sessions: Sessions::new(&settings, keys),
            looked_up: LookedUp::new(),
            coverage: Coverage::new(),
            counters: Counters::default(),
            total_connections: 0,
            minute: minute_of(started),
            minute_end: minute_end(started),
            newest: None,
            loss_epoch: 0,
            open_uncertain: 0,
            settings,
        }
    }

    /// The engine clock; `None` before it was first set.
    pub fn now(&self) -> Option<EpochMs> {
        self.now
    }

    /// The bucket that holds the engine clock.
    pub fn current_bucket(&self) -> BucketIndex {
        self.buckets.current()
    }

    /// How long a bucket is.
    pub fn width(&self) -> Width {
        self.settings.width
    }

    /// When the next bucket begins.
    pub fn next_bucket_start(&self) -> EpochMs {
        self.settings
            .width
            .start_of(BucketIndex(self.current_bucket().0 + 1))
    }

    /// Moves the engine clock to `max(previous, wall)`: windows slide and rows expire.
    pub fn advance(&mut self, wall: EpochMs) {
        if wall + limits::CLOCK_STEP_MS < self.wall {
            self.counters.clock_steps_back += 1;
        }
        self.wall = wall;
        self.move_clock(wall);
    }

    /// Applies a batch in its order: events, then counters, then what happened to the connection.
    pub fn apply_batch(&mut self, batch: &Batch) {
        self.apply_all(&batch.events);
        self.count(&batch.delta);
        if batch.delta.received > 0 {
            self.coverage
                .arrived(batch.arrival, batch.events.last().map(|event| event.time));
        }
        for note in &batch.notes {
            self.note(note);
        }
    }

    /// Applies events in their order: the same as [`State::apply`] one by one, in a fraction of the
    /// time once the rows do not fit the cache, because they are looked up many at a time.
    pub fn apply_all(&mut self, events: &[Event]) {
        for events in events.chunks(LookedUp::EVENTS_MAX) {
            self.sessions.look_up(events, &mut self.looked_up);
            let fingerprints = events
                .iter()
                .filter_map(|event| event.identity.fingerprint());
            black_box(fingerprints.fold(0, |seen, each| seen ^ self.dedup.first_word(each)));
            for (place, event) in events.iter().enumerate() {
                self.apply_at(event, self.looked_up.hint(place));
            }
        }
    }

    /// Adds what ingest counted.
    pub fn count(&mut self, delta: &Delta) {
        let counters = &mut self.counters;
        counters.received += delta.received;
        counters.ignored += delta.ignored;
        counters.shed += delta.shed;
        counters.bytes += delta.bytes;
        for (sum, count) in counters.rejected.iter_mut().zip(delta.rejected) {
            *sum += count;
        }
    }

    /// Takes a report of the connection.
    pub fn note(&mut self, note: &StreamNote) {
        if self.coverage.note(note) {
            self.loss_epoch = self.loss_epoch.wrapping_add(1);
            self.open_uncertain = self.sessions.open_count() as u64;
        }
    }

    /// Applies one event; it ends in exactly one of late, future, duplicates and applied. Under the
    /// wall clock's rule the clock must have been set by [`State::advance`] before.
    pub fn apply(&mut self, event: &Event) {
        let hint = self.sessions.hint(event.session);
        self.apply_at(event, hint);
    }

    fn apply_at(&mut self, event: &Event, hint: Hint) {
        if self.is_future(event.time) {
            self.counters.future += 1;
            return;
        }
        if let ClockRule::Event { .. } = self.settings.clock {
            self.coverage.begin(event.time);
            self.move_clock(event.time);
        }
        let bucket = self.buckets.bucket_of(event.time);
        if bucket < self.buckets.oldest() {
            self.apply_late(event, hint, bucket);
            return;
        }
        let placed = self.place(event.time, bucket);
        let is_new = match event.kind {
            EventKind::Message => self.message(event, hint, bucket, &placed),
            EventKind::Connected => self.connect(event, hint, &placed),
            EventKind::Disconnected => self.disconnect(event, hint, &placed),
        };
        if !is_new {
            self.counters.duplicates += 1;
            return;
        }
        self.counters.applied += 1;
        self.counters.ahead += u64::from(placed.ahead_ms > 0);
        match self.newest {
            Some((newest, newest_bucket)) if event.time <= newest => {
                self.counters.out_of_order += u64::from(bucket < newest_bucket);
            }
            _ => self.newest = Some((event.time, bucket)),
        }
    }

    /// Writes everything this state knows into a snapshot, except what the writer knows: engine id,
    /// sequence, time of publishing, rings and latency.
    pub fn fill(&self, snapshot: &mut Snapshot) {
        snapshot.now = self.now.unwrap_or(self.started);
        snapshot.counters_since = self.started;
        snapshot.total_connections = self.total_connections;
        snapshot.counters = self.counters;
        snapshot.sessions = SessionStats {
            open: self.sessions.open_count() as u64,
            open_uncertain: self.open_uncertain,
            pending: self.sessions.pending_count() as u64,
            closed: self.sessions.closed_count() as u64,
            bytes: self.sessions.bytes() as u64,
        };
        let forgotten = self.dedup.forgotten_before(self.buckets.current());
        snapshot.dedup = DedupStats {
            fingerprints: self.dedup.fingerprints(),
            bytes: self.dedup.bytes(),
            forgotten_before: forgotten.map(|bucket| self.settings.width.start_of(bucket)),
        };
        let newest = self.newest.map(|(time, _)| time);
        self.coverage.fill(&mut snapshot.stream, newest);
        snapshot
            .windows
            .resize_with(self.settings.windows.len(), WindowStats::default);
        for (index, stats) in snapshot.windows.iter_mut().enumerate() {
            self.fill_window(index, stats);
        }
    }

    fn fill_window(&self, index: usize, stats: &mut WindowStats) {
        let length = self.settings.windows[index];
        let sums = self.buckets.window(length);
        let start = self
            .settings
            .width
            .start_of(length.first_bucket(self.buckets.current()));
        *stats = WindowStats {
            length_ms: length.ms(),
            start,
            active_sessions: sums.active,
            connections: sums.connections,
            disconnections: sums.disconnections,
            messages: sums.messages,
            closed_sessions: sums.closed,
            closed_duration_ms: sums.closed_duration_ms,
            ended_messages: sums.ended_messages,
            durations: self.durations[index].quantiles(),
            pane_ms: length.pane_buckets() * self.settings.width.ms(),
            coverage_ms: self.coverage.covered_ms(start, length.ms()),
        };
    }

    // Time.

    fn is_future(&self, time: EpochMs) -> bool {
        let Some(now) = self.now else { return false };
        let allowed_ms = match self.settings.clock {
            ClockRule::Wall { skew_ms } => skew_ms,
            ClockRule::Event { max_jump_ms } => max_jump_ms,
        };
        time.since(now) > allowed_ms
    }

    fn place(&self, time: EpochMs, bucket: BucketIndex) -> Placed {
        let ahead_ms = self.now.map_or(0, |now| time.since(now));
        if ahead_ms == 0 {
            return Placed {
                booked: bucket,
                ahead_ms: 0,
            };
        }
        let ahead_ms = u32::try_from(ahead_ms).unwrap_or(u32::MAX);
        Placed {
            booked: self.buckets.current(),
            ahead_ms,
        }
    }

    /// Moves the clock forward. What expires is taken out before anything new is put in.
    fn move_clock(&mut self, to: EpochMs) {
        let previous = self.now;
        if previous.is_some_and(|now| to <= now) {
            return;
        }
        self.now = Some(to);
        let bucket = self.buckets.bucket_of(to);
        if previous.is_none() || bucket != self.buckets.current() {
            self.buckets.advance(bucket);
            for durations in &mut self.durations {
                durations.advance(bucket);
            }
            self.dedup.advance(self.buckets.oldest());
            while let Some(slot) = self.sessions.next_expired(bucket) {
                self.counters.orphans += u64::from(self.sessions.row(slot).phase == Phase::Pending);
                self.sessions.remove(slot);
            }
        }
        if previous.is_none() || to >= self.minute_end {
            self.minute = minute_of(to);
            self.minute_end = minute_end(to);
            while let Some(slot) = self.sessions.next_idle(self.minute) {
                self.counters.evicted_idle += 1;
                self.evict_open(slot);
            }
        }
    }
}

/// The minute since the epoch that holds a time.
fn minute_of(time: EpochMs) -> u32 {
    u32::try_from(time.ms().div_euclid(MINUTE_MS)).unwrap_or(0)
}

/// The first millisecond after the minute that holds a time.
fn minute_end(time: EpochMs) -> EpochMs {
    time + (MINUTE_MS - time.ms().rem_euclid(MINUTE_MS))
}

#[cfg(test)]
mod tests;
