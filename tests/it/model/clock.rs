//! The wall clock: what a step of it does, by the definition.
//!
//! While the clock has run ahead and may yet be set back there are two models: this one, and one that
//! lives as if the clock had not. Where it is set back the other one takes over.

use streamgauge::config::ClockRule;
use streamgauge::config::limits;
use streamgauge::time::EpochMs;

use super::Model;
use super::minute;

/// Not in any bucket, and long before any time.
pub(super) const NOWHERE: i64 = -(1 << 50);

/// Wall and monotonic time, in milliseconds, at one moment.
type Reading = (i64, i64);

#[derive(Clone, Debug, Default)]
pub(super) struct Clocks {
    latest: Option<Reading>,
    /// What elapsed time is counted from.
    anchor: Reading,
    /// Since when it is behind, and since when without another step.
    behind_since: Option<(i64, i64)>,
    hold: Option<Hold>,
    /// How often the clock went back, and between which buckets.
    pub(super) rewinds: Vec<(i64, i64)>,
    minutes_owed: i64,
}

/// The clock has run ahead.
#[derive(Clone, Debug)]
struct Hold {
    other: Box<Model>,
    from: EpochMs,
    from_mono: i64,
    elapsed: EpochMs,
    until_mono: i64,
    /// The minute of elapsed time, by which sessions are idle.
    minute: i64,
}

impl Clocks {
    /// Where the clock would be had it not run ahead, while it may be set back there.
    pub(super) fn elapsed_now(&self) -> Option<EpochMs> {
        self.hold.as_ref().map(|hold| hold.other.now())
    }
}

impl Model {
    pub(crate) fn read_clocks(&mut self, wall: EpochMs, mono_ns: u64) {
        let mono = i64::try_from(mono_ns / 1_000_000).unwrap();
        let reading = (wall.ms(), mono);
        let Some(latest) = self.clocks.latest.replace(reading) else {
            self.clocks.anchor = reading;
            self.move_clock(wall);
            return;
        };
        let ahead_of = |before: Reading| (wall.ms() - before.0) - (mono - before.1);
        let step = ahead_of(latest);
        self.counters.clock_steps_forward += u64::from(step > limits::CLOCK_STEP_MS);
        self.counters.clock_steps_back += u64::from(step < -limits::CLOCK_STEP_MS);
        let hold_ms = i64::try_from(limits::CLOCK_HOLD_MS).unwrap();
        let is_ahead = ahead_of(self.clocks.anchor) > self.skew_ms();
        if is_ahead || mono - self.clocks.anchor.1 > hold_ms {
            self.clocks.anchor = reading;
        }
        if is_ahead {
            self.hold(wall, latest.1, mono + hold_ms);
        }
        self.follow(mono);
        let is_behind = self
            .clock
            .is_some_and(|now| now.ms() - wall.ms() > self.skew_ms());
        let rebase_ms = i64::try_from(limits::CLOCK_REBASE_MS).unwrap();
        let (first, since) = match self.clocks.behind_since.filter(|_| is_behind) {
            Some((first, _)) if step.abs() > limits::CLOCK_STEP_MS => (first, mono),
            Some(since) => since,
            None => (mono, mono),
        };
        self.clocks.behind_since = is_behind.then_some((first, since));
        let since = since.min(first + 2 * rebase_ms);
        if is_behind && mono - since >= rebase_ms {
            self.rebase(wall, mono - since, mono + hold_ms);
        } else {
            self.move_clock(wall);
        }
        let is_over = |hold: &Hold| hold.until_mono <= mono;
        if !is_behind && self.clocks.hold.as_ref().is_some_and(is_over) {
            self.release();
        }
    }

    pub(crate) fn is_on_hold(&self) -> bool {
        self.clocks.hold.is_some()
    }

    /// Where the clock would be had it not run ahead, while it may be set back there.
    pub(super) fn elapsed(&self) -> Option<EpochMs> {
        self.clocks.elapsed_now()
    }

    /// Whether rows may expire and groups be freed.
    pub(super) fn may_expire(&self) -> bool {
        !self.is_on_hold() && !self.is_other
    }

    /// The minute by which sessions are idle.
    pub(super) fn idle_minute(&self) -> i64 {
        let held = self.clocks.hold.as_ref().map(|hold| hold.minute);
        held.or(self.other_minute)
            .unwrap_or_else(|| minute(self.now()))
    }

    /// The model that lives as if the clock had not run ahead, told where this one's clock stands.
    pub(super) fn other(&mut self) -> Option<&mut Self> {
        let (now, minute) = (self.now(), self.idle_minute());
        let hold = self.clocks.hold.as_mut()?;
        hold.other.live_now = Some(now);
        hold.other.other_minute = Some(minute);
        Some(&mut hold.other)
    }

    /// An event moves the other model's clock, if it is ahead of elapsed time by no more than the skew.
    pub(super) fn lead(&mut self, time: EpochMs) {
        let (now, skew) = (self.now(), self.skew_ms());
        if let Some(hold) = &mut self.clocks.hold
            && time.ms() - hold.elapsed.ms() <= skew
        {
            hold.other.move_clock(time.min(now));
        }
    }

    pub(super) fn is_held(&self, time: EpochMs) -> bool {
        self.clocks.hold.as_ref().is_some_and(|hold| {
            let other = &hold.other;
            time <= other.now() && other.is_retained(other.bucket(time))
        })
    }

    pub(super) fn skew_ms(&self) -> i64 {
        match self.settings.clock {
            ClockRule::Wall { skew_ms } => i64::try_from(skew_ms).unwrap(),
            ClockRule::Event { .. } => 0,
        }
    }

    fn hold(&mut self, wall: EpochMs, before_mono: i64, until_mono: i64) {
        if let Some(hold) = &mut self.clocks.hold {
            hold.until_mono = until_mono;
            return;
        }
        let Some(from) = self.clock.filter(|now| wall > *now) else {
            return;
        };
        let mut other = self.clone();
        other.is_other = true;
        self.clocks.hold = Some(Hold {
            other: Box::new(other),
            from,
            from_mono: before_mono,
            elapsed: from,
            until_mono,
            minute: minute(from),
        });
    }

    /// Time goes on for the other model.
    fn follow(&mut self, mono: i64) {
        if let Some(hold) = &mut self.clocks.hold {
            hold.elapsed = hold.from + (mono - hold.from_mono);
            hold.other.move_clock(hold.elapsed);
            hold.minute = minute(hold.other.now());
        }
    }

    fn release(&mut self) {
        let Some(hold) = self.clocks.hold.take() else {
            return;
        };
        let jump = (minute(self.now()) - minute(hold.elapsed)).max(0);
        let younger = jump.min(std::mem::take(&mut self.clocks.minutes_owed));
        let (now, since) = (minute(self.now()), minute(hold.from));
        self.relist(|open| {
            let was_heard_of = open.minute >= since;
            let seen = (open.minute + younger).min(now);
            open.minute = if was_heard_of { now } else { seen };
        });
        self.lapsed_in = None;
        self.expire_rows();
    }

    fn rebase(&mut self, wall: EpochMs, behind_ms: i64, until_mono: i64) {
        let skew = self.skew_ms();
        let hold = self.clocks.hold.take();
        let since = hold.as_ref().map_or(wall - behind_ms, |hold| hold.from);
        let before = hold
            .as_ref()
            .map_or_else(|| self.now(), |hold| hold.other.now());
        let minute_before = hold
            .as_ref()
            .map_or_else(|| minute(self.now()), |hold| hold.minute);
        let is_back = before.ms() - wall.ms() > skew;
        let to = if is_back { wall } else { wall.max(before) };
        if let Some(mut hold) = hold {
            let mut other = Self::clone(&hold.other);
            other.counters = self.counters;
            other.total = self.total;
            other.connection = self.connection.clone();
            other.clocks = self.clocks.clone();
            other.newest = self.newest;
            other.groups.overflowed = self.groups.overflowed;
            other.live_now = None;
            other.is_other = false;
            other.other_minute = None;
            *self = other;
            if to.ms() - hold.elapsed.ms() > skew {
                hold.until_mono = until_mono;
                self.clocks.hold = Some(hold);
            }
        }
        let oldest = self.bucket(before) - self.retained() + 1;
        let held_from = EpochMs::from_ms(oldest * i64::from(self.settings.width.ms()));
        self.connection
            .rebase(since, to, is_back.then_some(held_from));
        if is_back {
            self.clocks
                .rewinds
                .push((self.bucket(before), self.bucket(to)));
            self.clocks.minutes_owed += (minute_before - minute(to)).max(0);
            self.rewind(oldest, to);
        } else {
            self.move_on(to);
        }
        self.newest = self.newest.filter(|newest| *newest <= to);
        self.counters.clock_rebases += 1;
        self.clocks.anchor = self.clocks.latest.unwrap();
        self.clocks.behind_since = None;
        let now = minute(self.clocks.elapsed_now().unwrap_or(to));
        self.relist(|open| open.minute = open.minute.min(now));
        self.doubt_open_sessions();
        let newest = self.bucket(to);
        self.fingerprints
            .retain(|(bucket, _)| (oldest..=newest).contains(bucket));
        if let Some(hold) = &mut self.clocks.hold {
            let fingerprints = &mut hold.other.fingerprints;
            fingerprints.retain(|(bucket, _)| *bucket <= newest);
        }
        if self.may_expire() {
            self.lapsed_in = None;
            self.expire_rows();
        }
        if !is_back && self.settings.groups_max > 0 {
            self.cut_groups();
        }
    }

    /// The clock goes on to where it may be already.
    fn move_on(&mut self, to: EpochMs) {
        let (latest, is_other) = (self.now(), self.is_other);
        if to > latest {
            self.is_other = true;
            self.move_clock(to);
            self.is_other = is_other;
        }
    }

    /// Windows go on from the buckets from `oldest` on that are not after `to`; the rest is nowhere.
    fn rewind(&mut self, oldest: i64, to: EpochMs) {
        self.clock = Some(to);
        let kept = oldest..=self.bucket(to);
        self.connects.retain(|bucket| kept.contains(bucket));
        self.messages.retain(|bucket| kept.contains(bucket));
        self.fingerprints
            .retain(|(bucket, _)| kept.contains(bucket));
        let reach = |bucket: &mut i64| {
            if !kept.contains(bucket) {
                *bucket = NOWHERE;
            }
        };
        for end in &mut self.ended {
            reach(&mut end.connect_bucket);
            reach(&mut end.disconnect_bucket);
        }
        for reply in &mut self.replies {
            reach(&mut reply.bucket);
        }
        for row in self.rows.values_mut() {
            if let super::table::Row::Open(open) = row {
                reach(&mut open.connect_bucket);
                open.connect_booked_ms = NOWHERE;
            }
        }
        self.groups_begin_anew(to);
    }
}
