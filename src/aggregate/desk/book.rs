//! What was booked, by bucket, and the sums of every window over it.
//!
//! A booking is one entry in its bucket; what is taken back is an entry too. Windows add what is booked in
//! them and subtract what leaves. Only buckets in which something was booked take memory, and without
//! facts there are none.

use std::collections::BTreeMap;

use super::roll::Roll;
use super::sums::Place;
use super::sums::Window;
use crate::aggregate::image::Frames;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Scribe;
use crate::aggregate::image::Side;
use crate::aggregate::image::Stamp;
use crate::aggregate::legs::Booking;
use crate::aggregate::legs::Entry;
use crate::config::AggregateSettings;
use crate::config::limits;
use crate::snapshot::DeskWindow;
use crate::window::BucketIndex;
use crate::window::Width;

/// Buckets written for one piece of an image.
const BUCKETS_MAX: usize = 64;

/// Every bucket with a booking, and the windows.
#[derive(Clone, Debug)]
pub(super) struct Book {
    buckets: BTreeMap<BucketIndex, Bucket>,
    windows: Vec<Window>,
    width: Width,
    current: BucketIndex,
    /// Buckets before this are forgotten.
    oldest: BucketIndex,
    over_ms: u64,
    entries: usize,
    entries_max: usize,
    /// What was forgotten for want of room: bookings, and buckets before which they were.
    overflowed: u64,
    full_before: BucketIndex,
    scribe: Scribe,
    /// The next bucket to write of an image.
    next: BucketIndex,
}

/// What was booked in a bucket, in the order in which it was.
#[derive(Clone, Debug)]
struct Bucket {
    entries: Vec<Entry>,
    /// The image that it was written for.
    written: Stamp,
}

impl Book {
    pub(super) fn new(settings: &AggregateSettings, current: BucketIndex) -> Self {
        let windows = settings.windows.iter();
        let buckets = |ms: u32| i64::from(ms / settings.width.ms());
        Self {
            buckets: BTreeMap::new(),
            windows: windows
                .map(|length| Window {
                    length: buckets(length.ms()),
                    sums: BTreeMap::new(),
                })
                .collect(),
            width: settings.width,
            current,
            oldest: current,
            over_ms: settings.service_level_ms,
            entries: 0,
            entries_max: limits::BOOKINGS_MAX,
            overflowed: 0,
            full_before: BucketIndex(i64::MIN),
            scribe: Scribe::default(),
            next: BucketIndex(i64::MIN),
        }
    }

    /// Books something, or takes it back. What is older than every retained bucket, or after the clock,
    /// is left out; `changed` hears of every place in which something changes.
    pub(super) fn book(
        &mut self,
        booking: &Booking,
        is_taken_back: bool,
        [queues, agents]: &mut [Roll; 2],
        mut changed: impl FnMut(Place),
    ) {
        let bucket = self.width.bucket_of(booking.time);
        if bucket < self.oldest || bucket > self.current {
            return;
        }
        let entry = Entry {
            what: booking.what,
            is_taken_back,
            whose: booking.whose,
            ms: booking.ms,
        };
        queues.hold(entry.whose.queue);
        agents.hold(entry.whose.agent);
        self.write_before(bucket);
        let written = self.scribe.stamp();
        let of_bucket = self.buckets.entry(bucket).or_insert_with(|| Bucket {
            entries: Vec::new(),
            written,
        });
        of_bucket.entries.push(entry);
        self.entries += 1;
        let (current, over_ms) = (self.current, self.over_ms);
        for window in &mut self.windows {
            if bucket.0 > current.0 - window.length {
                window.apply(&entry, false, over_ms, &mut changed);
            }
        }
        while self.entries > self.entries_max {
            self.forget_oldest([queues, agents], &mut changed);
        }
    }

    /// There is no room for another booking: the oldest bucket leaves the windows before its time, and
    /// nothing is booked in it or before it any more.
    fn forget_oldest(&mut self, rolls: [&mut Roll; 2], changed: &mut impl FnMut(Place)) {
        let Some((&first, bucket)) = self.buckets.first_key_value() else {
            return;
        };
        for window in &mut self.windows {
            if first.0 > self.current.0 - window.length {
                for entry in bucket.entries.iter().rev() {
                    window.apply(entry, true, self.over_ms, changed);
                }
            }
        }
        self.overflowed += bucket.entries.len() as u64;
        self.full_before = BucketIndex(first.0 + 1);
        self.forget(self.oldest, rolls);
    }

    /// Bookings that were forgotten for want of room.
    pub(super) const fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// What was forgotten for want of room, as an image holds it: bookings, and before which bucket.
    pub(super) const fn full(&self) -> (u64, i64) {
        (self.overflowed, self.full_before.0)
    }

    /// Takes over what an image says of it.
    pub(super) const fn set_full(&mut self, (overflowed, before): (u64, i64)) {
        (self.overflowed, self.full_before) = (overflowed, BucketIndex(before));
    }

    /// Moves the clock on; what is before `oldest` is forgotten.
    pub(super) fn advance(
        &mut self,
        to: BucketIndex,
        oldest: BucketIndex,
        rolls: &mut [Roll; 2],
        mut changed: impl FnMut(Place),
    ) {
        for window in &mut self.windows {
            let (from, until) = (self.current.0 - window.length, to.0 - window.length);
            if until <= from {
                continue;
            }
            let leaving = BucketIndex(from + 1)..=BucketIndex(until);
            // Backwards, so that what was taken back is there again when it leaves.
            let leaving = self.buckets.range(leaving).rev();
            for entry in leaving.flat_map(|(_, bucket)| bucket.entries.iter().rev()) {
                window.apply(entry, true, self.over_ms, &mut changed);
            }
        }
        self.current = to;
        self.forget(oldest, rolls.each_mut());
    }

    fn forget(&mut self, oldest: BucketIndex, [queues, agents]: [&mut Roll; 2]) {
        self.oldest = oldest.max(self.full_before);
        while let Some((&first, _)) = self.buckets.first_key_value()
            && first < self.oldest
        {
            self.write_before(first);
            let Some(bucket) = self.buckets.remove(&first) else {
                break;
            };
            self.entries -= bucket.entries.len();
            for entry in bucket.entries {
                queues.release(entry.whose.queue);
                agents.release(entry.whose.agent);
            }
        }
    }

    /// Sets the clock back, or begins at an image's: windows are what is held up to there.
    pub(super) fn rewind(&mut self, to: BucketIndex, oldest: BucketIndex, rolls: &mut [Roll; 2]) {
        let ahead = self.buckets.split_off(&BucketIndex(to.0 + 1));
        for entry in ahead.values().flat_map(|bucket| &bucket.entries) {
            rolls[0].release(entry.whose.queue);
            rolls[1].release(entry.whose.agent);
        }
        self.entries -= ahead
            .values()
            .map(|bucket| bucket.entries.len())
            .sum::<usize>();
        self.current = to;
        self.forget(oldest, rolls.each_mut());
        for window in &mut self.windows {
            window.sums.clear();
            let held = self.buckets.range(BucketIndex(to.0 - window.length + 1)..);
            for entry in held.flat_map(|(_, bucket)| &bucket.entries) {
                window.apply(entry, false, self.over_ms, &mut |_| {});
            }
        }
    }

    /// The sums of a place in every window, with the greatest times; `None` where there is nothing.
    pub(super) fn windows_of(&mut self, place: Place) -> Option<Vec<DeskWindow>> {
        let mut is_any = false;
        let mut all = Vec::with_capacity(self.windows.len());
        for window in &mut self.windows {
            let from = BucketIndex(self.current.0 - window.length + 1);
            let held = self.buckets.range(from..);
            let held = held.flat_map(|(_, bucket)| bucket.entries.iter().copied());
            match window.sums.get_mut(&place) {
                Some(sums) => {
                    is_any = true;
                    sums.find_greatest(place, held);
                    all.push(sums.window.clone());
                }
                None => all.push(DeskWindow::default()),
            }
        }
        is_any.then_some(all)
    }

    // Images.

    /// Cuts: the buckets of an image are those of now.
    pub(super) fn cut(&mut self, side: Side) {
        self.scribe.cut(side);
        self.next = BucketIndex(i64::MIN);
    }

    /// Writes some of the buckets at the cut; whether there are more.
    pub(super) fn write_some(&mut self, to: &mut Frames) -> bool {
        if !self.scribe.is_busy() {
            return false;
        }
        let some = self.buckets.range(self.next..).take(BUCKETS_MAX);
        let some: Vec<BucketIndex> = some.map(|(bucket, _)| *bucket).collect();
        for bucket in &some {
            self.write_before(*bucket);
            self.next = BucketIndex(bucket.0 + 1);
        }
        match some.is_empty() {
            true => self.scribe.finish(to),
            false => self.scribe.hand_on(to),
        }
        !some.is_empty()
    }

    /// Writes no more of an image that nobody wants.
    pub(super) fn write_none(&mut self) {
        self.scribe.give_up();
    }

    /// Writes a bucket of the cut before it changes.
    fn write_before(&mut self, number: BucketIndex) {
        if let Some(bucket) = self.buckets.get_mut(&number)
            && self.scribe.is_due(&mut bucket.written)
        {
            let entries = &bucket.entries;
            self.scribe.write(|_| Piece::Booked {
                bucket: number.0,
                entries: entries.clone(),
            });
        }
    }

    /// Puts entries back into a bucket, which is not there; [`Book::rewind`] makes the windows of them.
    pub(super) fn restore(
        &mut self,
        bucket: BucketIndex,
        entries: Vec<Entry>,
        [queues, agents]: &mut [Roll; 2],
    ) -> bool {
        for entry in &entries {
            queues.hold(entry.whose.queue);
            agents.hold(entry.whose.agent);
        }
        self.entries += entries.len();
        let written = Stamp::default();
        self.buckets
            .insert(bucket, Bucket { entries, written })
            .is_none()
    }

    pub(super) fn bytes(&self) -> usize {
        let groups: usize = self.windows.iter().map(|window| window.sums.len()).sum();
        self.entries * size_of::<Entry>() + groups * Window::GROUP_BYTES
    }
}
