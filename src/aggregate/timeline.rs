//! What is counted by the time of events, up to one clock: buckets, durations, groups and series.
//!
//! A state has one, and a second one while its clock has run ahead and may yet be set back: the second
//! goes on as if the clock had not, and is booked in as well. What is booked after a timeline's own
//! clock is not in it.

mod moving;
mod restore;

use std::sync::Arc;

use super::awaiting::Awaiting;
use super::awaiting::DIMENSIONS;
use super::awaiting::OldestChanged;
use super::buckets::Buckets;
use super::coverage::Coverage;
use super::durations::Durations;
use super::groups::Groups;
use super::groups::Membership;
use super::groups::SessionEnd;
use super::measures::Ended;
use super::measures::Measurements;
use super::measures::Replied;
use crate::config::AggregateSettings;
use crate::event::Event;
use crate::histogram::Histogram;
use crate::metric::Measure;
use crate::snapshot::TOTAL_SECONDS;
use crate::time::EpochMs;
use crate::time::SECOND_MS;
use crate::window::BucketIndex;
use crate::window::WindowLength;

pub(super) use restore::TimelinePieces;

/// Everything that stands on one clock.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// The clock; without meaning before it is set.
    pub(super) now: EpochMs,
    pub(super) buckets: Buckets,
    /// By the order of the configured windows.
    pub(super) durations: Vec<Durations>,
    /// `None` when nobody wants them.
    pub(super) groups: Option<Groups>,
    main: WindowLength,
}

/// What an event is once it is neither late nor future.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// The bucket it is booked in: its own, or the clock's when it is ahead.
    pub(super) booked: BucketIndex,
    /// The time at which it is booked, likewise.
    pub(super) time: EpochMs,
    /// How far it is ahead of the clock, in milliseconds.
    pub(super) ahead_ms: u32,
}

/// Where the connect of a session is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Booking {
    /// Its time there.
    pub(super) time: EpochMs,
    /// Whether buckets have it.
    pub(super) in_buckets: bool,
    /// Whether groups have it.
    pub(super) in_groups: bool,
}

/// A session that ends: what is booked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// The groups of its connect.
    pub(super) membership: Membership,
    pub(super) connected: Booking,
    /// Whether that was booked ahead of elapsed time.
    pub(super) is_stray: bool,
    /// When the disconnect is booked.
    pub(super) ended: EpochMs,
    pub(super) duration_ms: u64,
    pub(super) messages: u32,
    /// Whether its guest waited for a reply.
    pub(super) is_unanswered: bool,
    /// Whether it waited and never had one.
    pub(super) is_never_answered: bool,
    /// Whether it was counted as active.
    pub(super) was_open: bool,
    /// Whether something was heard of it since the latest gap began.
    pub(super) was_certain: bool,
}

impl Timeline {
    pub(super) fn new(settings: &AggregateSettings, started: EpochMs) -> Self {
        let current = settings.width.bucket_of(started);
        let windows = settings.windows.iter();
        Self {
            now: started,
            buckets: Buckets::new(settings, current),
            durations: windows
                .flat_map(|&length| {
                    Measure::ALL.map(|_| Durations::new(length, settings.width, current))
                })
                .collect(),
            groups: (settings.groups_max > 0).then(|| Groups::new(settings, started)),
            main: settings.main_window(),
        }
    }

    // Time.

    /// Moves the clock to a time that is not before it; says whether it is in another bucket there. A
    /// clock that only passes by makes no cut of groups in which nothing happened.
    pub(super) fn step(
        &mut self,
        to: EpochMs,
        is_first: bool,
        is_passing: bool,
        coverage: &Coverage,
    ) -> bool {
        self.now = to;
        if let Some(groups) = &mut self.groups {
            if is_first {
                groups.begin(to);
            }
            if (is_first || groups.is_past_tick(to)) && !(is_passing && groups.pass_tick(to)) {
                groups.begin_tick(to, |start, length_ms| coverage.covered_ms(start, length_ms));
            }
        }
        let bucket = self.buckets.bucket_of(to);
        let is_new = is_first || bucket != self.buckets.current();
        if is_new {
            self.buckets.advance(bucket);
            for durations in &mut self.durations {
                durations.advance(bucket);
            }
        }
        is_new
    }

    /// The seconds between the clock and a time to whose last millisecond it goes on its way: those of
    /// the last hour.
    pub(super) fn passing(&mut self, to: EpochMs) -> std::ops::Range<i64> {
        let Some(groups) = &mut self.groups else {
            return 0..0;
        };
        let last = to.second();
        let first = self.now.second().max(last - TOTAL_SECONDS as i64);
        if first > self.now.second() {
            groups.skip_seconds(first);
        }
        first..last
    }

    /// Says how things stand now that the second of the clock has passed.
    pub(super) fn pass_second(&mut self, open_sessions: u64, awaiting: u64) {
        let active = self.buckets.window(self.main).active;
        // The main window stands first.
        let durations = self.measured(0, Measure::Duration);
        if let Some(groups) = &mut self.groups {
            groups.pass_second([open_sessions, active, awaiting], durations);
        }
    }

    /// The histogram of a measure over a window, by its place in the settings; `None` without a value.
    pub(super) fn measured(&self, window: usize, measure: Measure) -> Option<Arc<Histogram>> {
        self.durations[window * Measure::ALL.len() + measure.index()].shared()
    }

    /// Moves the clock on as time passes, if that is later, while nobody expires.
    pub(super) fn follow(
        &mut self,
        to: EpochMs,
        open_sessions: u64,
        awaiting: u64,
        coverage: &Coverage,
    ) {
        if to <= self.now {
            return;
        }
        for second in self.passing(to) {
            self.step(end_of(second), false, true, coverage);
            self.pass_second(open_sessions, awaiting);
        }
        self.step(to, false, false, coverage);
    }

    /// Cuts the groups where the clock is: what was known of coverage when it came there holds no more.
    pub(super) fn cut_again(&mut self, coverage: &Coverage) {
        let now = self.now;
        if let Some(groups) = &mut self.groups {
            groups.begin_tick(now, |start, length_ms| {
                coverage.covered_ms(start, length_ms)
            });
        }
    }

    /// Sets the clock back: windows go on from the buckets that are still held there. Groups and
    /// series start again.
    pub(super) fn rewind(&mut self, to: EpochMs, coverage: &Coverage) {
        let bucket = self.buckets.bucket_of(to);
        self.buckets.rewind(bucket);
        for durations in &mut self.durations {
            durations.rewind(bucket);
        }
        if let Some(groups) = &mut self.groups {
            groups.begin_anew(self.now, to, |start, length_ms| {
                coverage.covered_ms(start, length_ms)
            });
        }
        self.now = to;
    }

    // Bookings. What is after the clock is left out.

    #[inline]
    pub(super) fn message(&mut self, event: &Event, session: Option<Membership>, placed: &Placed) {
        if placed.time > self.now {
            self.membership(event);
            return;
        }
        self.buckets.change(placed.booked, |sums| {
            sums.messages = sums.messages.wrapping_add(1)
        });
        if let Some(groups) = &mut self.groups {
            groups.message(event.labels, event.direction(), session, placed.time);
        }
    }

    /// The groups that an event names.
    pub(super) fn membership(&mut self, event: &Event) -> Membership {
        match &mut self.groups {
            Some(groups) => groups.membership(event.labels),
            None => Membership::NONE,
        }
    }

    /// A connect that counts in the total.
    pub(super) fn connection(&mut self, membership: Membership, placed: &Placed) {
        if placed.time > self.now {
            return;
        }
        self.buckets.change(placed.booked, |sums| {
            sums.connections = sums.connections.wrapping_add(1)
        });
        if let Some(groups) = &mut self.groups {
            groups.connection(membership, placed.time);
        }
    }

    /// A session opens.
    pub(super) fn open(&mut self, membership: Membership, placed: &Placed) {
        let is_booked = placed.time <= self.now;
        if is_booked {
            self.buckets.change(placed.booked, |sums| {
                sums.active = sums.active.wrapping_add(1)
            });
        }
        if let Some(groups) = &mut self.groups {
            groups.open(membership, is_booked.then_some(placed.time), self.now);
        }
    }

    /// Something is heard of an open session for the first time since the latest gap began.
    pub(super) fn assure(&mut self, membership: Membership) {
        if let Some(groups) = &mut self.groups {
            groups.assure(membership, self.now);
        }
    }

    /// A session is no longer open, without an end.
    pub(super) fn drop_open(
        &mut self,
        membership: Membership,
        connected: Booking,
        was_certain: bool,
    ) {
        if connected.in_buckets {
            let bucket = self.buckets.bucket_of(connected.time);
            self.buckets
                .change(bucket, |sums| sums.active = sums.active.wrapping_sub(1));
        }
        if let Some(groups) = &mut self.groups {
            let connected = connected.in_groups.then_some(connected.time);
            groups.drop_open(membership, connected, was_certain, self.now);
        }
    }

    /// A session ends.
    pub(super) fn end(&mut self, ending: &Ending) {
        let (duration_ms, active) = (ending.duration_ms, u64::from(ending.was_open));
        let connected = ending.connected;
        if connected.in_buckets && connected.time <= self.now {
            let bucket = self.buckets.bucket_of(connected.time);
            self.buckets.change(bucket, |sums| {
                sums.active = sums.active.wrapping_sub(active);
                sums.closed = sums.closed.wrapping_add(1);
                sums.closed_duration_ms = sums.closed_duration_ms.wrapping_add(duration_ms);
            });
        }
        let is_end_booked = ending.ended <= self.now;
        if let Some(groups) = &mut self.groups {
            let end = SessionEnd {
                connected: connected.time,
                ended: ending.ended,
                duration_ms,
                messages: ending.messages,
                is_unanswered: ending.is_unanswered,
                is_never_answered: ending.is_never_answered,
                was_open: ending.was_open,
                was_certain: ending.was_certain,
                is_connect_booked: connected.in_groups && connected.time <= self.now,
                is_end_booked,
            };
            groups.end(ending.membership, &end, self.now);
        }
        let ended = self.buckets.bucket_of(ending.ended);
        if !is_end_booked || ended < self.buckets.oldest() {
            return;
        }
        let messages = u64::from(ending.messages);
        let unanswered = u64::from(ending.is_unanswered);
        let never_answered = u64::from(ending.is_never_answered);
        self.buckets.change(ended, |sums| {
            sums.disconnections = sums.disconnections.wrapping_add(1);
            sums.ended_messages = sums.ended_messages.wrapping_add(messages);
            sums.unanswered = sums.unanswered.wrapping_add(unanswered);
            sums.never_answered = sums.never_answered.wrapping_add(never_answered);
        });
        let ending = Ended {
            duration_ms,
            messages: ending.messages,
        };
        self.record(ended, &ending);
    }

    fn record(&mut self, bucket: BucketIndex, values: &impl Measurements) {
        for (measure, value) in values.each() {
            let of_windows = self.durations.iter_mut().skip(measure.index());
            for durations in of_windows.step_by(Measure::ALL.len()) {
                durations.record(bucket, value);
            }
        }
    }

    // Waiting for a reply.

    /// So many more guests of a group wait for a reply; `oldest_changed` says where it is another one who
    /// has waited for longest, which `awaiting` knows.
    pub(super) fn wait(
        &mut self,
        membership: Membership,
        more: i32,
        oldest_changed: OldestChanged,
        awaiting: &Awaiting,
    ) {
        let Some(groups) = &mut self.groups else {
            return;
        };
        groups.wait(membership, more, self.now);
        for (dimension, is_changed) in DIMENSIONS.into_iter().zip(oldest_changed) {
            if is_changed {
                let group = membership.of(dimension);
                groups.put_oldest(dimension, group, awaiting.since_of(dimension, group));
            }
        }
    }

    /// A guest who waited has a reply.
    pub(super) fn reply(&mut self, membership: Membership, reply: &Replied, placed: &Placed) {
        if placed.time > self.now {
            return;
        }
        let (ms, first) = (reply.response_ms, u64::from(reply.is_first));
        self.buckets.change(placed.booked, |sums| {
            sums.responses = sums.responses.wrapping_add(1);
            sums.response_ms = sums.response_ms.wrapping_add(ms);
            sums.first_responses = sums.first_responses.wrapping_add(first);
            sums.first_response_ms = sums.first_response_ms.wrapping_add(first * ms);
        });
        if let Some(groups) = &mut self.groups {
            groups.reply(membership, reply, placed.time);
        }
        self.record(placed.booked, reply);
    }
}

/// The last millisecond of a second.
pub(super) fn end_of(second: i64) -> EpochMs {
    EpochMs::from_ms((second + 1) * SECOND_MS - 1)
}
