//! The session table: an index over a slab of rows, and the lists by which rows expire.
//!
//! It keeps rows; what an event means for a row is decided in `state`. Nothing here scans: finding,
//! opening and closing a row touch the index, the row and its neighbours in a list.

mod frozen;
mod index;
mod lists;
mod open;
mod relist;
mod restore;
mod row;
mod slab;

use std::hint::black_box;

use crate::config::AggregateSettings;
use crate::config::ClockRule;
use crate::config::limits;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::IdKeys;
use crate::event::SessionKey;
use crate::time::EpochMs;
use crate::window::BucketIndex;
use crate::window::Width;

use index::Index;
use lists::Lists;
use open::OpenRows;
use slab::Slab;

pub(super) use index::Slot;
pub(super) use open::Lapse;
pub(super) use row::Phase;
pub(super) use row::Row;

/// Where a row probably is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hint {
    hash: u32,
    slot: Option<Slot>,
}

/// The hints for a stretch of events.
#[derive(Debug)]
pub(super) struct LookedUp {
    hints: [Hint; Self::EVENTS_MAX],
}

impl LookedUp {
    /// Events looked up at once: their rows and index lines fill a quarter of a first-level cache.
    pub(super) const EVENTS_MAX: usize = 64;

    pub(super) const fn new() -> Self {
        let hint = Hint {
            hash: 0,
            slot: None,
        };
        Self {
            hints: [hint; Self::EVENTS_MAX],
        }
    }

    /// The hint for an event by its place in the stretch.
    #[inline]
    pub(super) fn hint(&self, place: usize) -> Hint {
        self.hints[place]
    }
}

/// Every known session.
#[derive(Debug)]
pub(super) struct Sessions {
    keys: [u64; 2],
    index: Index,
    slab: Slab,
    open: OpenRows,
    /// Closed rows by the bucket of their disconnect.
    closed: Lists,
    /// Pending rows by the bucket of their disconnect.
    pending: Lists,
    /// Rows by phase.
    counts: [usize; 3],
    width: Width,
    /// The bucket of the clock by which rows expire.
    current: BucketIndex,
    lateness_buckets: i64,
    /// How many buckets ahead of the clock a disconnect may be.
    skew_buckets: i64,
    rows_max: usize,
    pending_max: usize,
}

impl Sessions {
    pub(super) fn new(settings: &AggregateSettings, keys: IdKeys) -> Self {
        let lateness_buckets = settings.width.buckets_in(settings.lateness_ms);
        let skew_ms = match settings.clock {
            ClockRule::Wall { skew_ms } => skew_ms,
            ClockRule::Event { .. } => 0,
        };
        let ring = |length: u64| usize::try_from(length + 2).unwrap_or(usize::MAX);
        let skew_buckets = settings.width.buckets_in(skew_ms);
        let expiry = ring(lateness_buckets + skew_buckets);
        let open = OpenRows::new(settings, 0);
        let closed = Lists::new(open.end(), expiry);
        Self {
            keys: [keys.0[0], keys.0[1]],
            index: Index::new(),
            slab: Slab::new(),
            pending: Lists::new(closed.end(), expiry),
            open,
            closed,
            counts: [0; 3],
            width: settings.width,
            current: BucketIndex::default(),
            lateness_buckets: i64::try_from(lateness_buckets).unwrap_or(i64::MAX),
            skew_buckets: i64::try_from(skew_buckets).unwrap_or(i64::MAX),
            rows_max: settings.sessions_max.max(1),
            pending_max: (settings.sessions_max / limits::PENDING_SHARE).max(1),
        }
    }

    pub(super) fn open_count(&self) -> usize {
        self.counts[Phase::Open as usize]
    }

    pub(super) fn closed_count(&self) -> usize {
        self.counts[Phase::Closed as usize]
    }

    pub(super) fn pending_count(&self) -> usize {
        self.counts[Phase::Pending as usize]
    }

    pub(super) fn is_full(&self) -> bool {
        self.counts.iter().sum::<usize>() >= self.rows_max
    }

    pub(super) fn is_full_of_pending(&self) -> bool {
        self.pending_count() >= self.pending_max
    }

    pub(super) fn bytes(&self) -> usize {
        self.index.bytes() + self.slab.bytes()
    }

    /// Looks for the rows of all these events at once. Within each loop no read waits for another,
    /// so the cache misses overlap; one by one they would be most of an event's cost.
    pub(super) fn look_up(&self, events: &[Event], found: &mut LookedUp) {
        let mut seen = 0;
        for (hint, event) in found.hints.iter_mut().zip(events) {
            hint.hash = self.hash(event.session);
            seen ^= self.index.first_entry(hint.hash);
        }
        for hint in &mut found.hints[..events.len()] {
            hint.slot = self.index.find(hint.hash, |_| true);
            seen ^= hint.slot.map_or(0, |slot| self.slab.row(slot).key_lo);
        }
        for (hint, event) in found.hints.iter().zip(events) {
            if let Some(slot) = hint.slot
                && event.kind == EventKind::Disconnected
            {
                seen ^= self.slab.neighbours(slot);
            }
        }
        black_box(seen);
    }

    /// What is known of a key that was not looked up: its hash.
    pub(super) fn hint(&self, key: SessionKey) -> Hint {
        Hint {
            hash: self.hash(key),
            slot: None,
        }
    }

    /// The row of a key. A hint may be out of date, or of another key with the same hash.
    #[inline]
    pub(super) fn find(&self, key: SessionKey, hint: Hint) -> Option<Slot> {
        match hint.slot {
            Some(slot) if self.slab.row(slot).is(key) => Some(slot),
            _ => self
                .index
                .find(hint.hash, |slot| self.slab.row(slot).is(key)),
        }
    }

    #[inline]
    pub(super) fn row(&self, slot: Slot) -> &Row {
        self.slab.row(slot)
    }

    #[inline]
    pub(super) fn row_mut(&mut self, slot: Slot) -> &mut Row {
        self.slab.at(slot.0)
    }

    /// Adds a row for a key that has none, in `phase`, and puts it into its list.
    pub(super) fn add(&mut self, key: SessionKey, fill: impl FnOnce(&mut Row)) -> Slot {
        let slot = self.slab.take();
        let row = self.slab.at(slot.0);
        *row = Row::new(key);
        fill(row);
        self.index.insert(self.hash(key), slot);
        self.enlist(slot);
        slot
    }

    /// Changes a row so that it belongs to another list.
    pub(super) fn refill(&mut self, slot: Slot, fill: impl FnOnce(&mut Row)) {
        self.delist(slot);
        fill(self.slab.at(slot.0));
        self.enlist(slot);
    }

    /// Forgets a row.
    pub(super) fn remove(&mut self, slot: Slot) {
        self.delist(slot);
        let hash = self.hash(self.slab.row(slot).key());
        self.index.remove(hash, slot);
        self.slab.give_back(slot);
    }

    /// Whether a disconnect at `ended` is already past the time it would be remembered.
    pub(super) fn is_expired(&self, ended: EpochMs) -> bool {
        self.current.0 > self.width.bucket_of(ended).0 + self.lateness_buckets
    }

    /// The next closed or pending row that expires when the clock moves from one bucket to a later
    /// one. Call it until it answers `None`, removing each row.
    pub(super) fn next_expired(&mut self, to: BucketIndex) -> Option<Slot> {
        self.current = to;
        let last = to.0 - self.lateness_buckets - 1;
        let expired = |lists: &mut Lists| lists.oldest(last).map(|(_, slot)| slot);
        expired(&mut self.pending).or_else(|| expired(&mut self.closed))
    }

    /// The next open row to let go at `minute`, and why; rows that have heard of fewer losses than
    /// `loss_epoch` are uncertain. Call it until it answers `None`, removing each row.
    pub(super) fn next_lapsed(&mut self, minute: u32, loss_epoch: u16) -> Option<(Slot, Lapse)> {
        let minute = i64::from(minute);
        self.open.next_lapsed(&mut self.slab, minute, loss_epoch)
    }

    /// A gap began: every open row is uncertain.
    pub(super) fn doubt(&mut self) {
        self.open.doubt();
    }

    /// The row to let go when there is no room: pending before closed before open ones, the open ones
    /// from the oldest idle minute.
    pub(super) fn victim(&mut self) -> Option<Slot> {
        self.pending_victim()
            .or_else(|| self.closed.oldest(i64::MAX - 1).map(|(_, slot)| slot))
            .or_else(|| self.open.longest_silent(&mut self.slab))
    }

    /// The oldest pending row.
    pub(super) fn pending_victim(&mut self) -> Option<Slot> {
        self.pending.oldest(i64::MAX - 1).map(|(_, slot)| slot)
    }

    fn enlist(&mut self, slot: Slot) {
        let row = self.slab.row(slot);
        let (phase, ended) = (row.phase, self.kept(row));
        self.counts[phase as usize] += 1;
        match phase {
            Phase::Open => self.open.push(&mut self.slab, slot),
            Phase::Closed => self.closed.push(&mut self.slab, ended, slot),
            Phase::Pending => self.pending.push(&mut self.slab, ended, slot),
        }
    }

    fn delist(&mut self, slot: Slot) {
        let phase = self.slab.row(slot).phase;
        self.counts[phase as usize] -= 1;
        match phase {
            Phase::Open => self.open.remove(&mut self.slab, slot),
            Phase::Closed => self.closed.remove(&mut self.slab, slot),
            Phase::Pending => self.pending.remove(&mut self.slab, slot),
        }
    }

    /// A keyed hash, so that nobody can choose keys that collide. Folded multiplication, as wyhash
    /// and its kin do it.
    fn hash(&self, key: SessionKey) -> u32 {
        let [k0, k1] = self.keys;
        let product =
            u128::from(key.lo ^ k0) * u128::from((key.hi ^ k1).wrapping_add(key.kind as u64));
        #[expect(clippy::cast_possible_truncation, reason = "both halves are folded in")]
        let folded = product as u64 ^ (product >> 64) as u64;
        #[expect(clippy::cast_possible_truncation, reason = "a 32-bit hash is wanted")]
        let hash = (folded ^ folded >> 32) as u32;
        hash
    }
}
