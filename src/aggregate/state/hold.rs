//! What the engine clock does when the wall clock steps.
//!
//! It is `max(previous, wall clock)`, with two exceptions. A wall clock that runs ahead of elapsed
//! time by more than the skew is followed *on hold*: for a minute nothing expires, and a second
//! timeline goes on by elapsed time. A wall clock that is behind the engine clock by more than the
//! skew for five seconds is believed: the engine clock is set back to it, to the second timeline if
//! there is one, else to the buckets that are still held.

use super::State;
use super::clock::minute_of;
use crate::aggregate::image;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Side;
use crate::aggregate::sessions::Row;
use crate::aggregate::timeline::Timeline;
use crate::aggregate::timeline::TimelinePieces;
use crate::config::AggregateSettings;
use crate::config::limits;
use crate::snapshot::ClockStatus;
use crate::time::EpochMs;
use crate::window::BucketIndex;

/// A clock that has run ahead and may yet be set back.
#[derive(Debug)]
pub(super) struct Hold {
    /// As if the clock had not run ahead. Its clock may be ahead of elapsed time by the skew, as events
    /// are.
    pub(super) timeline: Timeline,
    /// The engine clock before it ran ahead, and when that was.
    from: EpochMs,
    from_ns: u64,
    /// `from` and the time that has passed since.
    elapsed: EpochMs,
    /// When the clock is believed.
    until_ns: u64,
}

/// Counts of what is worth a line of log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aggregate) struct ClockEvents {
    pub(in crate::aggregate) steps: u64,
    pub(in crate::aggregate) rebases: u64,
}

impl State {
    /// Takes a reading of the wall clock and of monotonic time: moves the engine clock by its rules.
    pub fn read_clocks(&mut self, wall: EpochMs, mono_ns: u64) {
        let wall = wall.clamp(EpochMs::from_ms(0), EpochMs::MAX);
        let found = self.wall.read(wall, mono_ns, self.now);
        if found.step_ms != 0 {
            self.count_step(found.step_ms);
        }
        if found.is_ahead {
            self.begin_hold(wall, found.before_ns, mono_ns);
        }
        let (open, awaiting) = self.standing();
        if let Some(hold) = &mut self.hold {
            hold.pass(mono_ns);
            let elapsed = hold.elapsed;
            hold.timeline
                .follow(elapsed, open, awaiting, &self.coverage);
            let minute = hold.timeline.now;
            self.set_minute(minute);
        }
        match found.behind_ms {
            Some(behind_ms) if behind_ms >= limits::CLOCK_REBASE_MS => {
                self.rebase(wall, behind_ms, mono_ns);
            }
            _ => self.move_clock(wall),
        }
        self.clock_status.behind_ms = self.clock().since(wall);
        self.clock_status.is_behind = self.clock_status.behind_ms > self.skew_ms();
        let is_over = |hold: &Hold| hold.until_ns <= mono_ns;
        // A clock that is being set right is given the time it takes.
        if found.behind_ms.is_none() && self.hold.as_deref().is_some_and(is_over) {
            self.release();
        }
        self.clock_status.is_on_hold = self.hold.is_some();
    }

    /// How often the wall clock has stepped, and the engine clock was set back.
    pub(in crate::aggregate) fn clock_events(&self) -> ClockEvents {
        let counters = &self.counters;
        ClockEvents {
            steps: counters.clock_steps_forward + counters.clock_steps_back,
            rebases: counters.clock_rebases,
        }
    }

    /// What is to be said of the clock.
    pub fn clock_status(&self) -> ClockStatus {
        self.clock_status
    }

    fn count_step(&mut self, step_ms: i64) {
        let counters = &mut self.counters;
        match step_ms > 0 {
            true => counters.clock_steps_forward += 1,
            false => counters.clock_steps_back += 1,
        }
        self.clock_status.step_ms = step_ms;
    }

    fn begin_hold(&mut self, wall: EpochMs, before_ns: u64, mono_ns: u64) {
        let until_ns = mono_ns.saturating_add(limits::CLOCK_HOLD_MS * 1_000_000);
        if let Some(hold) = &mut self.hold {
            hold.until_ns = until_ns;
            return;
        }
        let Some(now) = self.now.filter(|now| wall > *now) else {
            return;
        };
        self.complete_image();
        for groups in self.all_groups() {
            groups.hold(true);
        }
        self.hold = Some(Box::new(Hold {
            timeline: self.live.clone(),
            from: now,
            from_ns: before_ns,
            elapsed: now,
            until_ns,
        }));
        if let Some(until) = self.held_until() {
            self.dedup.hold(until);
        }
    }

    /// Past every bucket that an event of elapsed time is booked in within a minute or two.
    fn held_until(&self) -> Option<BucketIndex> {
        let buckets = &self.hold.as_ref()?.timeline.buckets;
        let reach_ms = 3 * limits::CLOCK_HOLD_MS + self.wall.skew_ms();
        let reach = i64::try_from(self.settings.width.buckets_in(reach_ms)).unwrap_or(i64::MAX);
        Some(BucketIndex(buckets.current().0.saturating_add(reach)))
    }

    /// Moves the second timeline's clock up to an event that is ahead of it by no more than the skew.
    #[cold]
    pub(super) fn lead(&mut self, time: EpochMs) {
        let (now, skew_ms) = (self.clock(), self.skew_ms());
        let (open, awaiting) = self.standing();
        if let Some(hold) = &mut self.hold
            && time.since(hold.elapsed) <= skew_ms
        {
            let coverage = &self.coverage;
            hold.timeline
                .follow(time.min(now), open, awaiting, coverage);
        }
    }

    /// Whether a time is in a bucket that the second timeline retains.
    #[cold]
    pub(super) fn is_held(&self, time: EpochMs) -> bool {
        self.hold.as_ref().is_some_and(|hold| {
            let buckets = &hold.timeline.buckets;
            time <= hold.timeline.now && buckets.bucket_of(time) >= buckets.oldest()
        })
    }

    /// The clock was right: what has had its time by it goes.
    fn release(&mut self) {
        self.complete_image();
        let Some(hold) = self.hold.take() else { return };
        let now = self.clock();
        if let Some(groups) = &mut self.live.groups {
            groups.hold(false);
        }
        self.dedup.release(self.live.buckets.oldest());
        let jump = minute_of(now).saturating_sub(minute_of(hold.elapsed));
        let (younger, minute) = (jump.min(self.minutes_owed), minute_of(now));
        // Who was heard of by the clock that is believed now, was so by that clock.
        let since = minute_of(hold.from);
        self.minutes_owed = 0;
        let bucket = self.live.buckets.current();
        self.sessions.relist(bucket, minute, |row| {
            let was_heard_of = row.seen_minute >= since;
            let seen = row.seen_minute.saturating_add(younger).min(minute);
            row.seen_minute = if was_heard_of { minute } else { seen };
            row.set(Row::IS_STRAY, false);
        });
        if let Some(longest) = &mut self.longest {
            longest.touch_all();
        }
        self.expire(now, true, true);
    }

    /// The clock was wrong: it goes on at `to`, which it was behind of for `behind_ms`.
    fn rebase(&mut self, to: EpochMs, behind_ms: u64, mono_ns: u64) {
        self.complete_image();
        let skew_ms = self.skew_ms();
        let behind_ms = i64::try_from(behind_ms).unwrap_or(i64::MAX);
        let hold = self.hold.take();
        let since = hold.as_ref().map_or(to - behind_ms, |hold| hold.from);
        let before = match &hold {
            Some(hold) => hold.timeline.now,
            None => self.clock(),
        };
        // Within the skew time stands, as it always does.
        let is_back = before.since(to) > skew_ms;
        let to = if is_back { to } else { to.max(before) };
        let floor = match &hold {
            Some(hold) => hold.timeline.buckets.oldest(),
            None => self.live.buckets.oldest(),
        };
        let held_from = is_back.then(|| self.settings.width.start_of(floor));
        self.coverage.rebase(since, to, held_from);
        if let Some(mut hold) = hold {
            if let (Some(other), Some(groups)) = (&mut hold.timeline.groups, &self.live.groups) {
                other.keep_counts(groups);
            }
            self.live = match to.since(hold.elapsed) > skew_ms {
                true => {
                    // Still ahead: it may yet be set back further.
                    let timeline = hold.timeline.clone();
                    hold.until_ns = mono_ns.saturating_add(limits::CLOCK_HOLD_MS * 1_000_000);
                    self.hold = Some(hold);
                    timeline
                }
                false => hold.timeline,
            };
        }
        if is_back {
            self.live.rewind(to, &self.coverage);
        } else {
            let (open, awaiting) = self.standing();
            self.live.follow(to, open, awaiting, &self.coverage);
        }
        self.now = Some(to);
        self.started = self.started.min(to);
        self.newest = self.newest.filter(|(time, _)| *time <= to);
        self.counters.clock_rebases += 1;
        self.wall.rebased();
        self.reach_rows(is_back.then_some(floor));
        self.rewind_desk(floor);
        self.doubt_sessions();
        if let Some(longest) = &mut self.longest {
            longest.touch_all();
            longest.begin_round(to);
        }
        let newest = self.live.buckets.current();
        match (self.held_until(), &self.hold) {
            (Some(until), Some(hold)) => {
                let oldest = hold.timeline.buckets.oldest();
                self.dedup.rewind_on_hold(floor, oldest, until, newest);
                self.dedup.advance(self.live.buckets.oldest());
            }
            _ => {
                if let Some(groups) = &mut self.live.groups {
                    groups.hold(false);
                }
                let oldest = self.live.buckets.oldest();
                self.dedup.rewind(floor, oldest, newest);
                self.expire(to, true, true);
            }
        }
        if !is_back {
            self.live.cut_again(&self.coverage);
        }
    }

    /// Says in every row what of it is still booked: not what a hold booked ahead, and of a clock that
    /// went back only what is held from `floor` on. Groups have nothing then.
    fn reach_rows(&mut self, floor: Option<BucketIndex>) {
        // While the clock is on hold rows expire by elapsed time, so by none.
        let expiry = self.hold.as_deref().map(|hold| &hold.timeline);
        let expiry = expiry.unwrap_or(&self.live);
        let (minute, expired_at) = (minute_of(expiry.now), expiry.buckets.current());
        if floor.is_some() {
            let younger = self.minute.saturating_sub(minute);
            self.minutes_owed = self.minutes_owed.saturating_add(younger);
        }
        let (buckets, current) = (&self.live.buckets, self.live.buckets.current());
        let now = self.live.now;
        self.sessions.relist(expired_at, minute, |row| {
            let booked = buckets.bucket_of(row.booked());
            let is_stray = row.has(Row::IS_STRAY);
            row.set(Row::IS_STRAY, false);
            let is_held = floor.is_none_or(|floor| (floor..=current).contains(&booked));
            if is_stray || !is_held {
                row.set(Row::IN_BUCKETS, false);
            }
            if is_stray || floor.is_some() {
                row.set(Row::IN_GROUPS, false);
            }
            if row.has(Row::IN_BUCKETS) && row.booked() > now {
                // In the bucket that holds the clock, which was after it.
                let ahead_ms = row.connected.since(now);
                row.booked_back_ms = u32::try_from(ahead_ms).unwrap_or(u32::MAX);
            }
            row.seen_minute = row.seen_minute.min(minute);
        });
    }

    fn skew_ms(&self) -> u64 {
        self.wall.skew_ms()
    }
}

impl Hold {
    /// Cuts: the second timeline of an image is that of now.
    pub(super) fn cut(&mut self) -> image::Hold {
        image::Hold {
            timeline: self.timeline.cut(Side::Held),
            from: self.from,
            from_ns: self.from_ns,
            elapsed: self.elapsed,
            until_ns: self.until_ns,
        }
    }

    /// The hold of an image.
    pub(super) fn restore(
        settings: &AggregateSettings,
        plain: image::Hold,
        pieces: TimelinePieces,
    ) -> Result<Self, ImageFault> {
        Ok(Self {
            timeline: Timeline::restore(settings, plain.timeline, pieces)?,
            from: plain.from,
            from_ns: plain.from_ns,
            elapsed: plain.elapsed,
            until_ns: plain.until_ns,
        })
    }

    fn pass(&mut self, mono_ns: u64) {
        let passed_ms = mono_ns.saturating_sub(self.from_ns) / 1_000_000;
        self.elapsed = self.from + i64::try_from(passed_ms).unwrap_or(i64::MAX);
    }
}
