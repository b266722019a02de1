//! Time buckets and the running sums of every window over them.
//!
//! Each change costs the same whatever the windows' lengths: the sum over all retained buckets is
//! kept, and per window the sum over the retained buckets that are older than the window; a window's
//! sum is their difference. A change to a recent bucket therefore touches the bucket, the total, and
//! only those windows that are shorter than the bucket is old. Sums are invertible, so sliding
//! subtracts what leaves. Memory: 104 bytes a retained bucket.
//!
//! An image holds sums as they are, so it says what they are.

mod restore;

use std::ops::AddAssign;
use std::ops::SubAssign;

use crate::config::AggregateSettings;
use crate::time::EpochMs;
use crate::window::BucketIndex;
use crate::window::Width;
use crate::window::WindowLength;

pub(super) use crate::aggregate::image::Sums;
use restore::Writing;

macro_rules! each_field {
    ($left:ident, $right:ident, $method:ident) => {{
        $left.connections = $left.connections.$method($right.connections);
        $left.active = $left.active.$method($right.active);
        $left.closed = $left.closed.$method($right.closed);
        $left.closed_duration_ms = $left.closed_duration_ms.$method($right.closed_duration_ms);
        $left.disconnections = $left.disconnections.$method($right.disconnections);
        $left.ended_messages = $left.ended_messages.$method($right.ended_messages);
        $left.messages = $left.messages.$method($right.messages);
        $left.responses = $left.responses.$method($right.responses);
        $left.response_ms = $left.response_ms.$method($right.response_ms);
        $left.first_responses = $left.first_responses.$method($right.first_responses);
        $left.first_response_ms = $left.first_response_ms.$method($right.first_response_ms);
        $left.unanswered = $left.unanswered.$method($right.unanswered);
        $left.never_answered = $left.never_answered.$method($right.never_answered);
    }};
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        each_field!(self, other, wrapping_add);
    }
}

impl SubAssign for Sums {
    fn sub_assign(&mut self, other: Self) {
        each_field!(self, other, wrapping_sub);
    }
}

/// The retained buckets.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    /// One cell a bucket, at its index modulo the length, a power of two.
    cells: Vec<Sums>,
    /// How many buckets are retained: `retained <= cells.len()`.
    retained: i64,
    /// The bucket that holds the clock; retained are `(current - retained, current]`.
    current: BucketIndex,
    width: Width,
    /// The first millisecond of `current`.
    current_start: EpochMs,
    /// Buckets from here on are changed without a further look: the retained ones, none while an image is
    /// made.
    plain_from: BucketIndex,
    /// While an image is made.
    writing: Option<Box<Writing>>,
    /// Sum over all retained buckets.
    total: Sums,
    /// By length, shortest first.
    windows: Vec<Tail>,
}

/// A window, and what is retained but older than it.
#[derive(Clone, Debug)]
struct Tail {
    length: WindowLength,
    older: Sums,
}

impl Buckets {
    pub(super) fn new(settings: &AggregateSettings, current: BucketIndex) -> Self {
        let retained = settings.retained_buckets();
        let length = usize::try_from(retained)
            .unwrap_or(usize::MAX)
            .next_power_of_two();
        let mut windows: Vec<Tail> = settings
            .windows
            .iter()
            .map(|&length| Tail {
                length,
                older: Sums::default(),
            })
            .collect();
        windows.sort_by_key(|tail| tail.length);
        let mut buckets = Self {
            cells: vec![Sums::default(); length],
            retained: i64::try_from(retained).unwrap_or(i64::MAX),
            current,
            width: settings.width,
            current_start: settings.width.start_of(current),
            plain_from: current,
            writing: None,
            total: Sums::default(),
            windows,
        };
        buckets.watch();
        buckets
    }

    /// The bucket that holds the clock.
    pub(super) fn current(&self) -> BucketIndex {
        self.current
    }

    /// The bucket that holds a time. Most events are in the clock's own, which costs no division.
    #[inline]
    pub(super) fn bucket_of(&self, time: EpochMs) -> BucketIndex {
        let offset_ms = time.ms().wrapping_sub(self.current_start.ms());
        if (0..i64::from(self.width.ms())).contains(&offset_ms) {
            return self.current;
        }
        self.width.bucket_of(time)
    }

    /// The oldest bucket that is retained.
    pub(super) fn oldest(&self) -> BucketIndex {
        BucketIndex(self.current.0 - self.retained + 1)
    }

    /// Changes one retained bucket and every sum it is in. A bucket that is not retained is left
    /// alone: no window can see it.
    #[inline]
    pub(super) fn change(&mut self, bucket: BucketIndex, change: impl Fn(&mut Sums)) {
        debug_assert!(
            bucket <= self.current,
            "nothing is booked ahead of the clock"
        );
        if bucket < self.plain_from {
            if bucket < self.oldest() {
                return;
            }
            self.write_before(bucket);
        }
        let cell = self.cell_of(bucket);
        change(&mut self.cells[cell]);
        change(&mut self.total);
        for tail in &mut self.windows {
            if bucket >= tail.length.first_bucket(self.current) {
                break;
            }
            change(&mut tail.older);
        }
    }

    /// Moves the clock to a later bucket: windows slide, and buckets past retention are emptied. To an
    /// earlier one only before anything was booked.
    pub(super) fn advance(&mut self, to: BucketIndex) {
        let steps = to.0 - self.current.0;
        debug_assert!(steps >= 0 || self.total == Sums::default(), "time goes on");
        if !(0..self.retained).contains(&steps) {
            self.write_all();
            self.cells.fill(Sums::default());
            self.total = Sums::default();
            for tail in &mut self.windows {
                tail.older = Sums::default();
            }
            self.current = to;
        } else {
            for _ in 0..steps {
                self.step();
            }
        }
        self.current_start = self.width.start_of(self.current);
        self.watch();
    }

    /// Moves the clock back: the buckets past it are emptied, those still held count again.
    pub(super) fn rewind(&mut self, to: BucketIndex) {
        self.write_all();
        let first = self.oldest().0.max(to.0 + 1);
        for bucket in first..=self.current.0 {
            let cell = self.cell_of(BucketIndex(bucket));
            self.cells[cell] = Sums::default();
        }
        self.current = to;
        self.current_start = self.width.start_of(to);
        self.watch();
        self.sum_up();
    }

    /// Sums all retained buckets up again.
    fn sum_up(&mut self) {
        let to = self.current;
        self.total = Sums::default();
        for tail in &mut self.windows {
            tail.older = Sums::default();
        }
        // The places of what is no longer held are empty: they held buckets past the clock.
        for bucket in self.oldest().0..=to.0 {
            let sums = self.cells[self.cell_of(BucketIndex(bucket))];
            self.total += sums;
            for tail in &mut self.windows {
                if BucketIndex(bucket) < tail.length.first_bucket(to) {
                    tail.older += sums;
                }
            }
        }
    }

    /// Says which buckets are changed without a further look.
    fn watch(&mut self) {
        self.plain_from = match self.writing {
            Some(_) => BucketIndex(i64::MAX),
            None => self.oldest(),
        };
    }

    /// The sum over one of the configured windows.
    pub(super) fn window(&self, length: WindowLength) -> Sums {
        let mut sums = self.total;
        if let Some(tail) = self.windows.iter().find(|tail| tail.length == length) {
            sums -= tail.older;
        }
        sums
    }

    fn step(&mut self) {
        let mask = self.cells.len() - 1;
        for tail in &mut self.windows {
            let leaving = tail.length.first_bucket(self.current);
            tail.older += self.cells[position(leaving, mask)];
        }
        self.write_before(self.oldest());
        let cell = self.cell_of(self.oldest());
        let gone = std::mem::take(&mut self.cells[cell]);
        self.total -= gone;
        for tail in &mut self.windows {
            tail.older -= gone;
        }
        self.current.0 += 1;
    }

    fn cell_of(&self, bucket: BucketIndex) -> usize {
        position(bucket, self.cells.len() - 1)
    }
}

/// A bucket's place in a ring of `mask + 1` cells.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "masked to the ring"
)]
fn position(bucket: BucketIndex, mask: usize) -> usize {
    bucket.0 as usize & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(lateness_ms: u64) -> Buckets {
        let mut settings =
            AggregateSettings::new(Width::from_ms(100).unwrap(), 1_000, &[300, 500]).unwrap();
        settings.lateness_ms = lateness_ms;
        Buckets::new(&settings, BucketIndex(50))
    }

    fn messages(buckets: &Buckets) -> Vec<u64> {
        buckets
            .windows
            .iter()
            .map(|tail| buckets.window(tail.length).messages)
            .collect()
    }

    #[test]
    fn windows_slide_and_forget() {
        let mut buckets = buckets(0);
        let message = |sums: &mut Sums| sums.messages += 1;
        buckets.change(BucketIndex(50), message);
        buckets.change(BucketIndex(46), message);
        buckets.change(BucketIndex(41), message);
        buckets.change(BucketIndex(40), message);
        assert_eq!(messages(&buckets), [1, 2, 3]);
        buckets.advance(BucketIndex(51));
        assert_eq!(messages(&buckets), [1, 1, 2]);
        buckets.advance(BucketIndex(59));
        assert_eq!(messages(&buckets), [0, 0, 1]);
        buckets.advance(BucketIndex(60));
        assert_eq!(messages(&buckets), [0, 0, 0]);
        assert_eq!(buckets.total, Sums::default());
    }

    #[test]
    fn a_clock_that_goes_back_goes_on_from_what_is_held() {
        let mut buckets = buckets(200);
        let message = |sums: &mut Sums| sums.messages += 1;
        for bucket in 50..=100 {
            buckets.advance(BucketIndex(bucket));
            buckets.change(BucketIndex(bucket), message);
        }
        // Twelve are retained, of windows of 3, 5 and 10: 89 to 100.
        buckets.rewind(BucketIndex(94));
        assert_eq!(messages(&buckets), [3, 5, 6]);
        buckets.advance(BucketIndex(96));
        assert_eq!(messages(&buckets), [1, 3, 6]);
        buckets.advance(BucketIndex(100));
        assert_eq!(
            messages(&buckets),
            [0, 0, 4],
            "what was past the clock is gone"
        );
        buckets.rewind(BucketIndex(20));
        assert_eq!(messages(&buckets), [0, 0, 0]);
        buckets.change(BucketIndex(20), message);
        assert_eq!(messages(&buckets), [1, 1, 1]);
        assert_eq!(buckets.total, buckets.cells[20 & (buckets.cells.len() - 1)]);
    }

    #[test]
    fn a_jump_past_retention_empties() {
        let mut buckets = buckets(200);
        buckets.change(BucketIndex(50), |sums| sums.active += 1);
        buckets.advance(BucketIndex(5_000));
        assert_eq!(buckets.total, Sums::default());
        assert_eq!(buckets.oldest(), BucketIndex(4_989));
    }

    #[test]
    fn a_change_to_an_old_bucket_reaches_only_the_windows_that_hold_it() {
        let mut buckets = buckets(0);
        buckets.change(BucketIndex(46), |sums| sums.active += 1);
        buckets.advance(BucketIndex(51));
        buckets.change(BucketIndex(46), |sums| {
            sums.active = sums.active.wrapping_sub(1)
        });
        for tail in &buckets.windows {
            assert_eq!(buckets.window(tail.length).active, 0);
        }
    }
}
