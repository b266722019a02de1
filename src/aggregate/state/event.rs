//! The way of one event: refused as future or late, else placed by its time, given to the rule of its
//! kind, and counted by its fate.

use std::hint::black_box;

use super::State;
use crate::aggregate::sessions::Hint;
use crate::aggregate::sessions::LookedUp;
use crate::aggregate::timeline::Placed;
use crate::config::ClockRule;
use crate::event::Event;
use crate::event::EventKind;
use crate::event::Fact;
use crate::time::EpochMs;
use crate::window::BucketIndex;

impl State {
    /// Applies events in their order: the same as [`State::apply`] one by one, in a fraction of the
    /// time once the rows do not fit the cache, because they are looked up many at a time.
    pub fn apply_all(&mut self, events: &[Event]) {
        self.apply_with(events, &[]);
    }

    /// The same for events of which some have a fact among `facts`.
    pub fn apply_with(&mut self, events: &[Event], facts: &[Fact]) {
        for events in events.chunks(LookedUp::EVENTS_MAX) {
            self.sessions.look_up(events, &mut self.looked_up);
            let fingerprints = events
                .iter()
                .filter_map(|event| event.identity.fingerprint());
            black_box(fingerprints.fold(0, |seen, each| seen ^ self.dedup.first_word(each)));
            for (place, event) in events.iter().enumerate() {
                self.apply_at(event, self.looked_up.hint(place), facts);
            }
        }
    }

    /// Takes an event as late though its bucket is retained: in a replay events wait to be put in order,
    /// so that the newest one is ahead of the clock.
    pub fn refuse_late(&mut self, event: &Event, facts: &[Fact]) {
        self.apply_old(event, self.sessions.hint(event.session), facts);
    }

    /// Applies one event; it ends in exactly one of late, future, duplicates and applied. Under the
    /// wall clock's rule the clock must have been set by [`State::advance`] before.
    pub fn apply(&mut self, event: &Event) {
        let hint = self.sessions.hint(event.session);
        self.apply_at(event, hint, &[]);
    }

    fn apply_at(&mut self, event: &Event, hint: Hint, facts: &[Fact]) {
        if self.is_future(event.time) {
            self.counters.future += 1;
            return;
        }
        if let ClockRule::Event { .. } = self.settings.clock {
            self.coverage.begin(event.time);
            self.move_clock(event.time);
        }
        let bucket = self.live.buckets.bucket_of(event.time);
        if self.hold.is_some() {
            self.lead(event.time);
        }
        if bucket < self.live.buckets.oldest() && !self.is_held(event.time) {
            self.apply_old(event, hint, facts);
            return;
        }
        let placed = self.place(event.time, bucket);
        let is_new = match event.kind {
            EventKind::Message => self.message(event, hint, bucket, &placed),
            EventKind::Connected => self.connect(event, hint, &placed),
            EventKind::Disconnected => self.disconnect(event, hint, &placed),
            EventKind::Fact => {
                if !self.fact(event, hint, facts) {
                    self.counters.repeated += 1;
                    return;
                }
                true
            }
        };
        if !is_new {
            match event.is_of_conversation() {
                true => self.counters.repeated += 1,
                false => self.counters.duplicates += 1,
            }
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

    /// Whether a time is further ahead of the clock than is allowed.
    pub(super) fn is_future(&self, time: EpochMs) -> bool {
        let Some(now) = self.now else { return false };
        let allowed_ms = match self.settings.clock {
            ClockRule::Wall { skew_ms } => skew_ms,
            ClockRule::Event { max_jump_ms } => max_jump_ms,
        };
        time.since(now) > allowed_ms
    }

    /// Where an event is booked: at its own time, or at the clock when it is ahead of that.
    pub(super) fn place(&self, time: EpochMs, bucket: BucketIndex) -> Placed {
        let ahead_ms = self.now.map_or(0, |now| time.since(now));
        if ahead_ms == 0 {
            return Placed {
                booked: bucket,
                time,
                ahead_ms: 0,
            };
        }
        let ahead_ms = u32::try_from(ahead_ms).unwrap_or(u32::MAX);
        Placed {
            booked: self.live.buckets.current(),
            time: self.clock(),
            ahead_ms,
        }
    }
}
