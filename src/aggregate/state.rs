//! The aggregate: what every event does to buckets, rows and counters.
//!
//! One value, owned by one thread, without clocks, pointers into other threads or per-process
//! hashing: the same events in the same order with the same clock give the same state. Each event
//! costs the same whatever the windows' lengths and however many sessions are open.

use super::buckets::Buckets;
use super::coverage::Coverage;
use super::dedup::Dedup;
use super::durations::Durations;
use super::sessions::Phase;
use super::sessions::Row;
use super::sessions::Sessions;
use super::sessions::Slot;
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
    coverage: Coverage,
    counters: Counters,
    total_connections: u64,
    /// The greatest time of an applied event.
    newest: Option<EpochMs>,
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

/// A session that ends: what is booked.
struct Ending {
    /// The bucket of the connect.
    connect: BucketIndex,
    /// The bucket of the disconnect.
    disconnect: BucketIndex,
    duration_ms: u64,
    messages: u32,
    /// Whether it was counted as active.
    was_open: bool,
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
            coverage: Coverage::new(),
            counters: Counters::default(),
            total_connections: 0,
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
        for event in &batch.events {
            self.apply(event);
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

    /// Applies one event; it ends in exactly one of late, future, duplicates and applied.
    pub fn apply(&mut self, event: &Event) {
        if self.is_future(event.time) {
            self.counters.future += 1;
            return;
        }
        if let ClockRule::Event { .. } = self.settings.clock {
            self.coverage.begin(event.time);
            self.move_clock(event.time);
        }
        let bucket = self.settings.width.bucket_of(event.time);
        if bucket < self.buckets.oldest() {
            self.apply_late(event, bucket);
            return;
        }
        let placed = self.place(event.time, bucket);
        let is_new = match event.kind {
            EventKind::Message => self.message(event, bucket, &placed),
            EventKind::Connected => self.connect(event, &placed),
            EventKind::Disconnected => self.disconnect(event, &placed),
        };
        if !is_new {
            self.counters.duplicates += 1;
            return;
        }
        self.counters.applied += 1;
        self.counters.ahead += u64::from(placed.ahead_ms > 0);
        match self.newest {
            Some(newest) if event.time <= newest => {
                let is_behind = bucket < self.settings.width.bucket_of(newest);
                self.counters.out_of_order += u64::from(is_behind);
            }
            _ => self.newest = Some(event.time),
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
        let forgotten = self.dedup.forgotten_before();
        snapshot.dedup = DedupStats {
            fingerprints: self.dedup.fingerprints(),
            bytes: self.dedup.bytes(),
            forgotten_before: forgotten.map(|bucket| self.settings.width.start_of(bucket)),
        };
        self.coverage.fill(&mut snapshot.stream, self.newest);
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
        let bucket = self.settings.width.bucket_of(to);
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
        let minute = to.ms().div_euclid(MINUTE_MS);
        if previous.is_none_or(|now| now.ms().div_euclid(MINUTE_MS) != minute) {
            while let Some(slot) = self.sessions.next_idle(minute) {
                self.counters.evicted_idle += 1;
                self.evict_open(slot);
            }
        }
    }

    fn minute(&self) -> u32 {
        let minute = self.now.unwrap_or(self.started).ms().div_euclid(MINUTE_MS);
        u32::try_from(minute).unwrap_or(0)
    }

    // The table of sessions. Each answers whether the event is new: `false` is a duplicate.

    fn message(&mut self, event: &Event, bucket: BucketIndex, placed: &Placed) -> bool {
        let found = self.sessions.find(event.session);
        if let Some(slot) = found {
            self.touch(slot);
        }
        if let Some(fingerprint) = event.identity.fingerprint()
            && !self.dedup.insert(bucket, fingerprint)
        {
            return false;
        }
        self.buckets.change(placed.booked, |sums| {
            sums.messages = sums.messages.wrapping_add(1)
        });
        if let Some(slot) = found {
            let row = self.sessions.row_mut(slot);
            if row.phase == Phase::Open {
                row.messages = row.messages.saturating_add(1);
            }
        }
        true
    }

    fn connect(&mut self, event: &Event, placed: &Placed) -> bool {
        let Some(slot) = self.sessions.find(event.session) else {
            self.count_connection(placed.booked);
            self.open_new(event, placed);
            return true;
        };
        self.touch(slot);
        let row = *self.sessions.row(slot);
        let time = event.time;
        match row.phase {
            Phase::Open | Phase::Closed if time == row.connected => return false,
            Phase::Open if time > row.connected => {
                self.counters.reconnects += 1;
                self.count_connection(placed.booked);
                self.deactivate(&row);
                self.reopen(slot, event, placed);
            }
            Phase::Closed if time >= row.ended => {
                self.count_connection(placed.booked);
                self.reopen(slot, event, placed);
            }
            Phase::Open | Phase::Closed => {
                self.counters.stale += 1;
                self.count_connection(placed.booked);
            }
            Phase::Pending if time <= row.ended => {
                self.count_connection(placed.booked);
                self.book(&Ending {
                    connect: placed.booked,
                    disconnect: self.booked_bucket(row.ended),
                    duration_ms: row.ended.since(time),
                    messages: 0,
                    was_open: false,
                });
                self.sessions.refill(slot, |row| {
                    row.phase = Phase::Closed;
                    row.connected = time;
                });
            }
            Phase::Pending => {
                self.counters.orphans += 1;
                self.count_connection(placed.booked);
                self.reopen(slot, event, placed);
            }
        }
        true
    }

    fn disconnect(&mut self, event: &Event, placed: &Placed) -> bool {
        let Some(slot) = self.sessions.find(event.session) else {
            self.disconnect_unknown(event, placed);
            return true;
        };
        self.touch(slot);
        let row = *self.sessions.row(slot);
        match row.phase {
            Phase::Open => self.disconnect_open(slot, &row, event.time, placed.booked),
            Phase::Closed | Phase::Pending if event.time == row.ended => return false,
            Phase::Closed | Phase::Pending => self.counters.orphans += 1,
        }
        true
    }

    fn disconnect_open(&mut self, slot: Slot, row: &Row, ended: EpochMs, booked: BucketIndex) {
        if row.connected.since(ended) > limits::DISCONNECT_SKEW_MS.unsigned_abs() {
            self.counters.orphans += 1;
            return;
        }
        self.counters.clock_skew += u64::from(ended < row.connected);
        self.close(slot, row, ended, booked);
    }

    /// A disconnect of a session that has no row: it waits for its connect, unless it says itself
    /// how long the session was.
    fn disconnect_unknown(&mut self, event: &Event, placed: &Placed) {
        let ended = event.time;
        let is_expired = self.sessions.is_expired(ended, self.buckets.current());
        if let Some(duration_ms) = event.own_duration_ms() {
            self.counters.recovered += 1;
            let connected = EpochMs::from_ms((ended - i64::from(duration_ms)).ms().max(0));
            self.book(&Ending {
                connect: self.booked_bucket(connected),
                disconnect: placed.booked,
                duration_ms: ended.since(connected),
                messages: 0,
                was_open: false,
            });
            if !is_expired {
                self.make_room();
                self.sessions.add(event.session, |row| {
                    row.phase = Phase::Closed;
                    row.connected = connected;
                    row.ended = ended;
                });
            }
        } else if is_expired || !self.make_room_for_pending() {
            self.counters.orphans += 1;
        } else {
            self.sessions.add(event.session, |row| {
                row.phase = Phase::Pending;
                row.ended = ended;
            });
        }
    }

    /// A late event changes nothing, except that a disconnect still closes the open session it fits.
    fn apply_late(&mut self, event: &Event, bucket: BucketIndex) {
        self.counters.late += 1;
        if event.kind != EventKind::Disconnected {
            return;
        }
        let Some(slot) = self.sessions.find(event.session) else {
            return;
        };
        let row = *self.sessions.row(slot);
        let skew_ms = row.connected.since(event.time);
        if row.phase == Phase::Open && skew_ms <= limits::DISCONNECT_SKEW_MS.unsigned_abs() {
            self.close(slot, &row, event.time, bucket);
        }
    }

    // Rows.

    fn open_new(&mut self, event: &Event, placed: &Placed) {
        self.make_room();
        let (minute, epoch) = (self.minute(), self.loss_epoch);
        self.sessions.add(event.session, |row| {
            open(row, event.time, placed, minute, epoch)
        });
        self.activate(placed.booked);
    }

    /// Begins a new session in a row that holds another of the same key.
    fn reopen(&mut self, slot: Slot, event: &Event, placed: &Placed) {
        let (minute, epoch) = (self.minute(), self.loss_epoch);
        self.sessions
            .refill(slot, |row| open(row, event.time, placed, minute, epoch));
        self.activate(placed.booked);
    }

    fn close(&mut self, slot: Slot, row: &Row, ended: EpochMs, booked: BucketIndex) {
        self.book(&Ending {
            connect: self.settings.width.bucket_of(row.booked()),
            disconnect: booked,
            duration_ms: ended.since(row.connected),
            messages: row.messages,
            was_open: true,
        });
        self.settle(row);
        if self.sessions.is_expired(ended, self.buckets.current()) {
            self.sessions.remove(slot);
        } else {
            self.sessions.refill(slot, |row| {
                row.phase = Phase::Closed;
                row.ended = ended;
            });
        }
    }

    fn evict_open(&mut self, slot: Slot) {
        let row = *self.sessions.row(slot);
        self.deactivate(&row);
        self.settle(&row);
        self.sessions.remove(slot);
    }

    /// Lets a row go when the table is full.
    fn make_room(&mut self) {
        while self.sessions.is_full() {
            let Some(slot) = self.sessions.victim() else {
                return;
            };
            match self.sessions.row(slot).phase {
                Phase::Open => {
                    self.counters.evicted_open += 1;
                    self.evict_open(slot);
                }
                Phase::Closed => {
                    self.counters.evicted_closed += 1;
                    self.sessions.remove(slot);
                }
                Phase::Pending => self.evict_pending(slot),
            }
        }
    }

    /// Makes room for a pending row among the pending ones only: a flood of disconnects without
    /// connects evicts nobody else. `false` when that is not enough.
    fn make_room_for_pending(&mut self) -> bool {
        while self.sessions.is_full_of_pending() || self.sessions.is_full() {
            let Some(slot) = self.sessions.pending_victim() else {
                self.counters.evicted_pending += 1;
                return false;
            };
            self.evict_pending(slot);
        }
        true
    }

    fn evict_pending(&mut self, slot: Slot) {
        self.counters.evicted_pending += 1;
        self.counters.orphans += 1;
        self.sessions.remove(slot);
    }

    /// Notes that something of this session was seen now.
    fn touch(&mut self, slot: Slot) {
        let (minute, epoch) = (self.minute(), self.loss_epoch);
        let row = self.sessions.row_mut(slot);
        row.seen_minute = minute;
        if row.phase == Phase::Open && row.loss_epoch != epoch {
            row.loss_epoch = epoch;
            self.open_uncertain -= 1;
        }
    }

    /// Takes an open row that is about to go out of the uncertain ones.
    fn settle(&mut self, row: &Row) {
        self.open_uncertain -= u64::from(row.loss_epoch != self.loss_epoch);
    }

    // Sums.

    fn count_connection(&mut self, booked: BucketIndex) {
        self.total_connections += 1;
        self.buckets.change(booked, |sums| {
            sums.connections = sums.connections.wrapping_add(1)
        });
    }

    fn activate(&mut self, booked: BucketIndex) {
        self.buckets
            .change(booked, |sums| sums.active = sums.active.wrapping_add(1));
    }

    fn deactivate(&mut self, row: &Row) {
        let booked = self.settings.width.bucket_of(row.booked());
        self.buckets
            .change(booked, |sums| sums.active = sums.active.wrapping_sub(1));
    }

    fn book(&mut self, ending: &Ending) {
        let (duration_ms, active) = (ending.duration_ms, u64::from(ending.was_open));
        self.buckets.change(ending.connect, |sums| {
            sums.active = sums.active.wrapping_sub(active);
            sums.closed = sums.closed.wrapping_add(1);
            sums.closed_duration_ms = sums.closed_duration_ms.wrapping_add(duration_ms);
        });
        if ending.disconnect < self.buckets.oldest() {
            return;
        }
        let messages = u64::from(ending.messages);
        self.buckets.change(ending.disconnect, |sums| {
            sums.disconnections = sums.disconnections.wrapping_add(1);
            sums.ended_messages = sums.ended_messages.wrapping_add(messages);
        });
        for durations in &mut self.durations {
            durations.record(ending.disconnect, duration_ms);
        }
    }

    /// The bucket in which a time is booked: the clock's when it is ahead.
    fn booked_bucket(&self, time: EpochMs) -> BucketIndex {
        self.settings
            .width
            .bucket_of(time)
            .min(self.buckets.current())
    }
}

/// Makes a row an open session.
fn open(row: &mut Row, connected: EpochMs, placed: &Placed, minute: u32, loss_epoch: u16) {
    row.phase = Phase::Open;
    row.connected = connected;
    row.messages = 0;
    row.seen_minute = minute;
    row.booked_back_ms = placed.ahead_ms;
    row.loss_epoch = loss_epoch;
}

#[cfg(test)]
mod tests;
