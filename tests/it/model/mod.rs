//! The slow, obvious reference model of what the numbers mean. It is written from the text of the
//! definitions and shares no code with `aggregate` beyond the words (`event`, `time`, `window`,
//! `config`) and the shape of a snapshot.
//!
//! It keeps everything that was ever booked in plain lists, runs the session table in arrival order
//! over a plain map, and scans the lists whenever it is asked. It must never be made fast.

mod clock;
pub(crate) mod groups;
pub(crate) mod legs;
mod longest;
mod numbers;
mod reply;
pub(crate) mod series;
mod stream;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use streamgauge::config::AggregateSettings;
use streamgauge::config::ClockRule;
use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::SessionKey;
use streamgauge::ring::Delta;
use streamgauge::snapshot::Counters;
use streamgauge::time::EpochMs;

use clock::Clocks;
use clock::NOWHERE;
use stream::Connection;
use table::Row;

/// A session that has ended, as it was booked.
#[derive(Clone, Copy, Debug)]
struct Ended {
    /// The bucket in which its connect was booked.
    connect_bucket: i64,
    /// The bucket in which its disconnect was booked.
    disconnect_bucket: i64,
    duration_ms: u64,
    /// Messages counted while it was open.
    messages: u64,
    /// Whether its guest waited for a reply, and never had one.
    left: [bool; 2],
    /// The bucket in which its duration is kept, and how often the clock had gone back by then.
    recorded: (i64, usize),
}

/// What the decisions before the table come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Applied,
    Duplicate,
}

/// The whole past, and the session table it has led to.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    settings: AggregateSettings,
    /// The engine clock; `None` before anything has set it.
    clock: Option<EpochMs>,
    clocks: Clocks,
    /// Whether this one lives as if the clock had not run ahead of elapsed time; where the other's
    /// clock stands then, and the minute by which sessions are idle.
    is_other: bool,
    live_now: Option<EpochMs>,
    other_minute: Option<i64>,
    /// The bucket of the clock by which rows expire.
    expiry: i64,
    /// The minute of the clock in which open sessions were let go last.
    lapsed_in: Option<i64>,
    /// Connections ever counted.
    total: u64,
    rows: BTreeMap<SessionKey, Row>,
    /// The bucket of every connect that counts in the total.
    connects: Vec<i64>,
    /// The bucket of every applied message.
    messages: Vec<i64>,
    /// Every session that has ended.
    ended: Vec<Ended>,
    /// Every reply to a guest who waited.
    replies: Vec<reply::Reply>,
    /// Bucket of event time and fingerprint of every message that carried one.
    fingerprints: BTreeSet<(i64, u64)>,
    /// The greatest event time applied so far.
    newest: Option<EpochMs>,
    counters: Counters,
    connection: Connection,
    groups: groups::Groups,
    series: series::Series,
}

impl Model {
    pub(crate) fn new(settings: AggregateSettings) -> Self {
        Self {
            settings,
            clock: None,
            clocks: Clocks::default(),
            is_other: false,
            live_now: None,
            other_minute: None,
            expiry: 0,
            lapsed_in: None,
            total: 0,
            rows: BTreeMap::new(),
            connects: Vec::new(),
            messages: Vec::new(),
            ended: Vec::new(),
            replies: Vec::new(),
            fingerprints: BTreeSet::new(),
            newest: None,
            counters: Counters::default(),
            connection: Connection::default(),
            groups: groups::Groups::default(),
            series: series::Series::default(),
        }
    }

    /// The engine clock; the epoch before anything has set it.
    pub(crate) fn now(&self) -> EpochMs {
        self.clock.unwrap_or_default()
    }

    /// Whether anything has set the clock.
    pub(crate) fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn advance(&mut self, now: EpochMs) {
        self.move_clock(now);
    }

    pub(crate) fn count(&mut self, delta: &Delta) {
        self.counters.received += delta.received;
        self.counters.accepted += delta.accepted;
        self.counters.events += delta.events;
        self.counters.ignored += delta.ignored;
        self.counters.control += delta.control;
        for (sum, more) in self.counters.rejected.iter_mut().zip(delta.rejected) {
            *sum += more;
        }
        self.counters.shed += delta.shed;
        self.counters.bytes += delta.bytes;
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        if self.is_future(event.time) {
            self.counters.future += 1;
            return;
        }
        if let ClockRule::Event { .. } = self.settings.clock {
            self.connection.begin(event.time);
            self.move_clock(event.time);
        }
        self.lead(event.time);
        if !self.is_retained(self.bucket(event.time)) && !self.is_held(event.time) {
            self.refuse_late(event);
            return;
        }
        if let Some(other) = self.other() {
            other.happen(event);
        }
        match self.happen(event) {
            Fate::Applied => self.count_applied(event.time),
            Fate::Duplicate => self.counters.duplicates += 1,
        }
    }

    /// What a late event does.
    pub(crate) fn refuse_late(&mut self, event: &Event) {
        self.counters.late += 1;
        if event.kind == EventKind::Disconnected {
            self.late_disconnect(event);
            if let Some(other) = self.other() {
                other.late_disconnect(event);
            }
        }
    }

    /// What an event does that is neither late nor future.
    fn happen(&mut self, event: &Event) -> Fate {
        let fate = match event.kind {
            EventKind::Connected => self.connect(event),
            EventKind::Disconnected => self.disconnect(event),
            EventKind::Message => self.message(event),
            EventKind::Fact => unreachable!("facts have a model of their own: legs.rs"),
        };
        self.touch(event.session);
        fate
    }

    fn is_future(&self, time: EpochMs) -> bool {
        let Some(now) = self.clock else {
            return false;
        };
        let allowed = match self.settings.clock {
            ClockRule::Wall { skew_ms } => skew_ms,
            ClockRule::Event { max_jump_ms } => max_jump_ms,
        };
        time.since(now) > allowed
    }

    /// `now` becomes `max(previous, time)`, and what has had its time leaves.
    fn move_clock(&mut self, time: EpochMs) {
        let before = self.clock;
        let now = before.map_or(time, |now| now.max(time));
        match before {
            Some(before) => self.pass_seconds(before, now),
            None => self.begin_series(now),
        }
        let from = self.clock;
        self.clock = Some(now);
        if self.settings.groups_max == 0 {
            // Without groups nothing is cut, by the definition of the setting.
            self.expire_if_moved(from);
            return;
        }
        if self.is_new_cut(before, now) {
            self.cut_groups();
        }
        let second = |time: EpochMs| time.ms().div_euclid(1_000);
        if before.map(second) != Some(second(now)) {
            self.cut_series();
        }
        self.expire_if_moved(from);
    }

    /// Rows expire once the clock, which stood at `from`, is in another bucket or minute.
    fn expire_if_moved(&mut self, from: Option<EpochMs>) {
        let grid = |time: EpochMs| (self.bucket(time), minute(time));
        if self.may_expire() && from.map(grid) != Some(grid(self.now())) {
            self.expire_rows();
        }
    }

    fn count_applied(&mut self, time: EpochMs) {
        self.counters.applied += 1;
        if time > self.now() {
            self.counters.ahead += 1;
        }
        if let Some(newest) = self.newest
            && self.bucket(time) < self.bucket(newest)
        {
            self.counters.out_of_order += 1;
        }
        self.newest = self.newest.max(Some(time));
    }

    fn message(&mut self, event: &Event) -> Fate {
        if let Some(fingerprint) = event.identity.fingerprint() {
            let fresh = self
                .fingerprints
                .insert((self.bucket(event.time), fingerprint));
            if !fresh {
                return Fate::Duplicate;
            }
        }
        self.messages.extend(self.booked_in(event.time));
        let mut home = None;
        if let Some(Row::Open(open)) = self.rows.get_mut(&event.session) {
            open.messages += 1;
            home = Some(open.home.clone());
        }
        self.heed_message(event);
        self.group_message(event, home);
        Fate::Applied
    }

    fn bucket(&self, time: EpochMs) -> i64 {
        time.ms().div_euclid(i64::from(self.settings.width.ms()))
    }

    /// Where what happened at `time` is booked: in its own bucket, or in the clock's if it is ahead.
    fn booked(&self, time: EpochMs) -> i64 {
        self.booked_in(time).unwrap_or(NOWHERE)
    }

    /// The same; `None` for what the other model alone has.
    fn booked_in(&self, time: EpochMs) -> Option<i64> {
        let at = time.min(self.live_now.unwrap_or_else(|| self.now()));
        (at <= self.now()).then(|| self.bucket(at))
    }

    /// Buckets are retained in `(b(now) − R, b(now)]`; what is ahead of the clock is, too.
    fn is_retained(&self, bucket: i64) -> bool {
        bucket > self.bucket(self.now()) - self.retained()
    }

    fn retained(&self) -> i64 {
        i64::try_from(self.settings.retained_buckets()).unwrap()
    }
}

/// The minute of the clock that idle sessions are measured by.
fn minute(time: EpochMs) -> i64 {
    time.ms().div_euclid(60_000)
}
