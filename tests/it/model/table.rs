//! The session table: a session is a connect and the first disconnect at or after it.

use streamgauge::config::limits;
use streamgauge::event::Event;
use streamgauge::event::SessionKey;
use streamgauge::time::EpochMs;

use super::Ended;
use super::Fate;
use super::Model;
use super::groups::Names;
use super::minute;
use super::reply::Waiting;

/// What is known of a session id; no row at all is the fourth state.
#[derive(Clone, Debug)]
pub(super) enum Row {
    Open(Open),
    /// A disconnect that waits for its connect.
    Pending {
        disconnect: EpochMs,
        /// The bucket from which on it is remembered for the lateness.
        kept: i64,
    },
    Closed {
        connect: EpochMs,
        disconnect: EpochMs,
        kept: i64,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) connect: EpochMs,
    /// The bucket in which the connect was booked.
    pub(super) connect_bucket: i64,
    /// The same as a time, in milliseconds.
    pub(super) connect_booked_ms: i64,
    /// The groups of its connect.
    pub(super) home: Names,
    /// Messages since the connect.
    pub(super) messages: u64,
    pub(super) waiting: Waiting,
    /// The clock's minute when an event of the session was last applied or recognised.
    pub(super) minute: i64,
    /// Whether an event of it came since the last gap began.
    pub(super) certain: bool,
}

impl Model {
    pub(super) fn connect(&mut self, event: &Event) -> Fate {
        let (key, t) = (event.session, event.time);
        let row = self.rows.get(&key).cloned();
        let known = match &row {
            Some(Row::Open(open)) => Some(open.connect),
            Some(Row::Closed { connect, .. }) => Some(*connect),
            Some(Row::Pending { .. }) | None => None,
        };
        if known == Some(t) {
            return Fate::Duplicate;
        }
        let home = self.home(event);
        match row {
            None => self.open(key, t, home.clone()),
            Some(Row::Pending { disconnect, .. }) if t <= disconnect => {
                let ended = Ended {
                    connect_bucket: self.booked(t),
                    disconnect_bucket: self.booked(disconnect),
                    duration_ms: disconnect.since(t),
                    messages: 0,
                    left: [false; 2],
                    recorded: self.recorded(disconnect),
                };
                self.group_end(&home, self.booked_ms(t), disconnect, &ended);
                self.close(key, t, disconnect, ended);
            }
            Some(Row::Pending { .. }) => {
                self.counters.orphans += 1;
                self.open(key, t, home.clone());
            }
            Some(Row::Open(open)) if t > open.connect => {
                self.counters.reconnects += 1;
                self.forget_open(&open);
                self.open(key, t, home.clone());
            }
            Some(Row::Closed { disconnect, .. }) if t >= disconnect => {
                self.open(key, t, home.clone());
            }
            Some(Row::Open(_) | Row::Closed { .. }) => self.counters.stale += 1,
        }
        self.total += 1;
        self.connects.extend(self.booked_in(t));
        self.group_connect(t, &home);
        Fate::Applied
    }

    pub(super) fn disconnect(&mut self, event: &Event) -> Fate {
        let (key, d) = (event.session, event.time);
        match self.rows.get(&key).cloned() {
            None => self.disconnect_unknown(event),
            Some(Row::Open(open)) if d >= open.connect => self.close_open(key, open, d),
            Some(Row::Open(open)) if within_skew(open.connect, d) => {
                self.counters.clock_skew += 1;
                self.close_open(key, open, d);
            }
            Some(Row::Open(_)) => self.counters.orphans += 1,
            Some(Row::Pending { disconnect, .. } | Row::Closed { disconnect, .. }) => {
                if d == disconnect {
                    return Fate::Duplicate;
                }
                self.counters.orphans += 1;
            }
        }
        Fate::Applied
    }

    /// A late disconnect changes nothing, except that it closes the open session it fits. That it
    /// fits by clock skew alone is an attribute of applied events, which it is not.
    pub(super) fn late_disconnect(&mut self, event: &Event) {
        let (key, d) = (event.session, event.time);
        if let Some(Row::Open(open)) = self.rows.get(&key).cloned()
            && (d >= open.connect || within_skew(open.connect, d))
        {
            self.close_open(key, open, d);
        }
    }

    fn disconnect_unknown(&mut self, event: &Event) {
        let (key, d) = (event.session, event.time);
        if let Some(own) = event.own_duration_ms() {
            let connect = (d - i64::from(own)).max(EpochMs::from_ms(0));
            let ended = Ended {
                connect_bucket: self.booked(connect),
                disconnect_bucket: self.booked(d),
                duration_ms: d.since(connect),
                messages: 0,
                left: [false; 2],
                recorded: self.recorded(d),
            };
            self.counters.recovered += 1;
            let home = self.home(event);
            self.group_end(&home, self.booked_ms(connect), d, &ended);
            self.close(key, connect, d, ended);
        } else if self.has_expired(d) {
            self.counters.orphans += 1;
        } else {
            let kept = self.kept(d);
            let row = Row::Pending {
                disconnect: d,
                kept,
            };
            self.rows.insert(key, row);
        }
    }

    fn open(&mut self, key: SessionKey, connect: EpochMs, home: Names) {
        let open = Open {
            connect,
            connect_bucket: self.booked(connect),
            connect_booked_ms: self.booked_ms(connect),
            home,
            messages: 0,
            waiting: Waiting::default(),
            minute: self.idle_minute(),
            certain: true,
        };
        self.opened(&open.home, 1);
        self.rows.insert(key, Row::Open(open));
    }

    /// An open session is no longer that, without having ended.
    fn forget_open(&mut self, open: &Open) {
        self.touch_groups(&open.home, 2, open.connect_booked_ms);
        self.stop_waiting(open.waiting, &open.home);
        self.opened(&open.home, -1);
    }

    fn close_open(&mut self, key: SessionKey, open: Open, d: EpochMs) {
        let ended = Ended {
            connect_bucket: open.connect_bucket,
            disconnect_bucket: self.booked(d),
            // 0 when the disconnect is before its connect by clock skew.
            duration_ms: d.since(open.connect),
            messages: open.messages,
            left: open.waiting.left(),
            recorded: self.recorded(d),
        };
        self.group_end(&open.home, open.connect_booked_ms, d, &ended);
        self.stop_waiting(open.waiting, &open.home);
        self.opened(&open.home, -1);
        self.close(key, open.connect, d, ended);
    }

    fn close(&mut self, key: SessionKey, connect: EpochMs, disconnect: EpochMs, ended: Ended) {
        self.ended.push(ended);
        if self.has_expired(disconnect) {
            self.rows.remove(&key);
        } else {
            let row = Row::Closed {
                connect,
                disconnect,
                kept: self.kept(disconnect),
            };
            self.rows.insert(key, row);
        }
    }

    /// An event of the session was applied, or recognised as a copy.
    pub(super) fn touch(&mut self, key: SessionKey) {
        let now_minute = self.idle_minute();
        if let Some(Row::Open(open)) = self.rows.get_mut(&key) {
            open.minute = now_minute;
            open.certain = true;
        }
    }

    /// Pending and closed rows expire one allowed lateness after their disconnect, on the grid.
    fn has_expired(&self, disconnect: EpochMs) -> bool {
        self.expiry > self.bucket(disconnect) + self.lateness()
    }

    fn lateness(&self) -> i64 {
        let lateness = self.settings.width.buckets_in(self.settings.lateness_ms);
        i64::try_from(lateness).unwrap()
    }

    /// A disconnect that is further ahead than the skew, while the clock may be wrong, is remembered
    /// no longer than one that is not.
    fn kept(&self, disconnect: EpochMs) -> i64 {
        let skew_ms = u64::try_from(self.skew_ms()).unwrap();
        let skew = i64::try_from(self.settings.width.buckets_in(skew_ms)).unwrap();
        self.bucket(disconnect).min(self.expiry + skew)
    }

    pub(super) fn recorded(&self, disconnect: EpochMs) -> (i64, usize) {
        (self.booked(disconnect), self.clocks.rewinds.len())
    }

    /// The clock by which rows expire stands elsewhere.
    pub(super) fn relist(&mut self, change: impl Fn(&mut Open)) {
        let elapsed = self.clocks.elapsed_now();
        self.expiry = self.bucket(elapsed.unwrap_or_else(|| self.now()));
        let mut rows = std::mem::take(&mut self.rows);
        for row in rows.values_mut() {
            match row {
                Row::Open(open) => change(open),
                Row::Pending { disconnect, kept }
                | Row::Closed {
                    disconnect, kept, ..
                } => {
                    *kept = self.kept(*disconnect);
                }
            }
        }
        self.rows = rows;
    }

    pub(super) fn expire_rows(&mut self) {
        self.expiry = self.bucket(self.now());
        let now_minute = minute(self.now());
        // Open sessions are let go when the clock enters a minute.
        let is_new_minute = self.lapsed_in.replace(now_minute) != Some(now_minute);
        let minutes = |ms: u64| i64::try_from(ms.div_ceil(60_000)).unwrap();
        let idle = minutes(self.settings.idle_timeout_ms);
        let uncertain = minutes(self.settings.uncertain_timeout_ms);
        let lapses_uncertain =
            |open: &Open| uncertain < idle && !open.certain && now_minute > open.minute + uncertain;
        let gone: Vec<(SessionKey, Row)> = self
            .rows
            .iter()
            .filter(|(_, row)| match row {
                Row::Open(open) => {
                    is_new_minute && (now_minute > open.minute + idle || lapses_uncertain(open))
                }
                Row::Pending { kept, .. } | Row::Closed { kept, .. } => {
                    self.expiry > kept + self.lateness()
                }
            })
            .map(|(key, row)| (*key, row.clone()))
            .collect();
        for (key, row) in gone {
            self.rows.remove(&key);
            match row {
                Row::Open(open) => {
                    match lapses_uncertain(&open) {
                        true => self.counters.evicted_uncertain += 1,
                        false => self.counters.evicted_idle += 1,
                    }
                    self.forget_open(&open);
                }
                Row::Pending { .. } => self.counters.orphans += 1,
                Row::Closed { .. } => {}
            }
        }
    }
}

fn within_skew(connect: EpochMs, disconnect: EpochMs) -> bool {
    connect.ms() - disconnect.ms() <= limits::DISCONNECT_SKEW_MS
}
