//! The aggregate: what every event does to buckets, rows and counters.
//!
//! One value, owned by one thread, without clocks, pointers into other threads or per-process
//! hashing: the same events in the same order with the same clock give the same state. Each event
//! costs the same whatever the windows' lengths and however many sessions are open.

mod clock;
mod fill;
mod table;

use std::hint::black_box;

use super::buckets::Buckets;
use super::coverage::Coverage;
use super::dedup::Dedup;
use super::durations::Durations;
use super::groups::Groups;
use super::longest::LongestOpen;
use super::sessions::Hint;
use super::sessions::LookedUp;
use super::sessions::Phase;
use super::sessions::Sessions;
use crate::config::AggregateSettings;
use crate::config::ClockRule;
use crate::config::limits;
use crate::event::Definition;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::IdKeys;
use crate::ring::Batch;
use crate::ring::Delta;
use crate::snapshot::Counters;
use crate::stream::StreamNote;
use crate::time::EpochMs;
use crate::window::BucketIndex;
use crate::window::Width;

use clock::minute_end;
use clock::minute_of;

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
    /// `None` when nobody wants them; likewise the longest-open sessions.
    groups: Option<Groups>,
    longest: Option<LongestOpen>,
}

/// What an event is once it is neither late nor future.
struct Placed {
    /// The bucket it is booked in: its own, or the clock's when it is ahead.
    booked: BucketIndex,
    /// The time at which it is booked, likewise.
    time: EpochMs,
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
            groups: (settings.groups_max > 0).then(|| Groups::new(&settings, started)),
            longest: (settings.groups_max > 0).then(LongestOpen::new),
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

    /// Whether an event of a time is late: older than every retained bucket.
    pub fn is_late(&self, time: EpochMs) -> bool {
        self.buckets.bucket_of(time) < self.buckets.oldest()
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
        if let Some(groups) = &mut self.groups {
            groups.choose_ring(&batch.position);
        }
        let mut applied = 0;
        for definition in batch.texts.definitions() {
            let from = definition.from.min(batch.events.len());
            self.apply_all(&batch.events[applied..from]);
            applied = from;
            self.define(&definition);
        }
        self.apply_all(&batch.events[applied..]);
        for (place, id) in batch.texts.ids() {
            if let Some(event) = batch.events.get(place) {
                self.keep_id(event, id);
            }
        }
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

    /// Takes what labels stand for from now on.
    pub fn define(&mut self, definition: &Definition<'_>) {
        if let Some(groups) = &mut self.groups {
            groups.define(definition);
        }
    }

    /// Does up to about so many small pieces of what is left to do for groups; whether there is
    /// more. Whatever is left when the next bucket begins is done then, at once.
    pub fn work(&mut self, pieces: usize) -> bool {
        let (Some(groups), Some(longest)) = (&mut self.groups, &mut self.longest) else {
            return false;
        };
        groups.work(pieces) || longest.work(pieces, &self.sessions, groups)
    }

    /// Keeps the id of a session that has connected, while it is open: its key cannot be printed back.
    pub fn keep_id(&mut self, connect: &Event, id: &str) {
        let hint = self.sessions.hint(connect.session);
        if let (Some(longest), Some(slot)) =
            (&mut self.longest, self.sessions.find(connect.session, hint))
            && self.sessions.row(slot).phase == Phase::Open
        {
            longest.keep_id(slot, id);
        }
    }

    /// The clock of the latest cut of groups that is done; the epoch while there is none.
    pub fn cut(&self) -> EpochMs {
        let groups = self.groups.as_ref();
        groups.map_or_else(EpochMs::default, |groups| groups.published().as_of)
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
            self.apply_late(event, hint);
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
}

#[cfg(test)]
mod tests;
