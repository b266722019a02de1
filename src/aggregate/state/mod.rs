//! The aggregate: what every event does to buckets, rows and counters.
//!
//! One value, owned by one thread, without clocks, pointers into other threads or per-process
//! hashing: the same events in the same order with the same clock give the same state. Each event
//! costs the same whatever the windows' lengths and however many sessions are open.

mod booking;
mod clock;
mod event;
mod facts;
mod fill;
mod hold;
mod image;
mod rows;
mod rules;

use super::awaiting::Awaiting;
use super::coverage::Coverage;
use super::dedup::Dedup;
use super::desk::Desk;
use super::groups::Groups;
use super::longest::LongestOpen;
use super::sessions::LookedUp;
use super::sessions::Phase;
use super::sessions::Sessions;
use super::timeline::Timeline;
use super::wall::Wall;
use crate::config::AggregateSettings;
use crate::config::ClockRule;
use crate::event::AgentDefinition;
use crate::event::Event;
use crate::event::IdKeys;
use crate::event::LabelDefinition;
use crate::input::InputId;
use crate::ring::Batch;
use crate::ring::Delta;
use crate::snapshot::ClockStatus;
use crate::snapshot::Counters;
use crate::stream::StreamNote;
use crate::time::EpochMs;
use crate::window::BucketIndex;
use crate::window::Width;

use clock::minute_end;
use clock::minute_of;
use hold::Hold;
use image::Writing;

/// The state of the aggregate.
#[derive(Debug)]
pub struct State {
    settings: AggregateSettings,
    /// Those that the events' ids were hashed with.
    keys: IdKeys,
    /// The engine clock: goes back only where the wall clock was ahead and has been set right. `None`
    /// before the first advance or event.
    now: Option<EpochMs>,
    /// What the wall clock does beside elapsed time.
    wall: Wall,
    started: EpochMs,
    live: Timeline,
    /// While the clock has run ahead and may yet be set back.
    hold: Option<Box<Hold>>,
    clock_status: ClockStatus,
    dedup: Dedup,
    sessions: Sessions,
    /// Where the rows of the events being applied are.
    looked_up: LookedUp,
    coverage: Coverage,
    counters: Counters,
    total_connections: u64,
    /// The minute of the clock since the epoch, and when the next one begins.
    minute: u32,
    minute_end: EpochMs,
    /// Minutes by which idle sessions were made to look younger as the clock went back.
    minutes_owed: u32,
    /// The greatest time of an applied event, and its bucket.
    newest: Option<(EpochMs, BucketIndex)>,
    /// Losses so far, modulo 2^16: rows that have seen fewer are uncertain.
    loss_epoch: u16,
    open_uncertain: u64,
    /// The open sessions whose guest waits for a reply.
    awaiting: Awaiting,
    /// `None` when nobody wants them, nor groups.
    longest: Option<LongestOpen>,
    /// What is known of legs of conversations; `None` when nobody wants groups.
    desk: Option<Box<Desk>>,
    /// While an image is made.
    writing: Option<Box<Writing>>,
}

impl State {
    /// An empty state. `keys` are those the events' ids were hashed with; `started` is what
    /// counters count from.
    pub fn new(settings: AggregateSettings, keys: IdKeys, started: EpochMs) -> Self {
        let live = Timeline::new(&settings, started);
        let skew_ms = match settings.clock {
            ClockRule::Wall { skew_ms } => skew_ms,
            ClockRule::Event { .. } => 0,
        };
        Self {
            keys,
            writing: None,
            now: None,
            wall: Wall::new(skew_ms),
            started,
            dedup: Dedup::new(settings.dedup_bytes_max, live.buckets.oldest()),
            live,
            hold: None,
            clock_status: ClockStatus::default(),
            sessions: Sessions::new(&settings, keys),
            looked_up: LookedUp::new(),
            coverage: Coverage::new(),
            counters: Counters::default(),
            total_connections: 0,
            minute: minute_of(started),
            minute_end: minute_end(started),
            minutes_owed: 0,
            newest: None,
            loss_epoch: 0,
            open_uncertain: 0,
            awaiting: Awaiting::new(settings.groups_max > 0),
            longest: (settings.groups_max > 0).then(LongestOpen::new),
            desk: settings
                .keeps_legs()
                .then(|| Box::new(Desk::new(&settings, started, rules::legs))),
            settings,
        }
    }

    /// The engine clock; `None` before it was first set.
    pub fn now(&self) -> Option<EpochMs> {
        self.now
    }

    /// The engine clock, once it is set.
    pub(super) fn clock(&self) -> EpochMs {
        self.now.unwrap_or(self.started)
    }

    /// The bucket that holds the engine clock.
    pub fn current_bucket(&self) -> BucketIndex {
        self.live.buckets.current()
    }

    /// How long a bucket is.
    pub fn width(&self) -> Width {
        self.settings.width
    }

    /// When the next bucket begins.
    pub fn next_bucket_start(&self) -> EpochMs {
        self.settings
            .width
            .start_of(BucketIndex(self.current_bucket().0 + 1))
    }

    /// Moves the engine clock to `max(previous, to)`: windows slide and rows expire. For a live stream
    /// [`State::read_clocks`] does it, which heeds what the wall clock does.
    pub fn advance(&mut self, to: EpochMs) {
        self.move_clock(to);
    }

    /// Applies a batch in its order: events, then counters, then what happened to the connection.
    pub fn apply_batch(&mut self, batch: &Batch) {
        for groups in self.all_groups() {
            groups.labels().choose(batch.input);
        }
        if let Some(desk) = &mut self.desk {
            desk.choose(batch.input);
        }
        let usable_before = self.usable();
        let mut applied = 0;
        let mut agents = batch.definitions.agents().peekable();
        for definition in batch.definitions.labels() {
            while let Some(agent) = agents.next_if(|agent| agent.from <= definition.from) {
                applied = self.apply_up_to(batch, applied, agent.from);
                self.define_agent(&agent);
            }
            applied = self.apply_up_to(batch, applied, definition.from);
            self.define(&definition);
        }
        for agent in agents {
            applied = self.apply_up_to(batch, applied, agent.from);
            self.define_agent(&agent);
        }
        self.apply_up_to(batch, applied, batch.events.len());
        for (place, id) in batch.definitions.session_ids() {
            if let Some(event) = batch.events.get(place) {
                self.keep_id(event, id);
            }
        }
        self.count(&batch.delta);
        let clock = self.clock();
        self.coverage.reached(batch.input, batch.position, clock);
        if batch.delta.received > 0 {
            let is_usable = self.usable() != usable_before;
            let is_future = |event: &Event| self.is_future(event.time);
            let is_future = !is_usable && batch.events.last().is_some_and(is_future);
            self.coverage.arrived(batch, is_usable, is_future, clock);
        }
        for note in &batch.notes {
            self.note(batch.input, note);
        }
    }

    /// Applies the events of a batch between two places; the place that it came to.
    fn apply_up_to(&mut self, batch: &Batch, from: usize, to: usize) -> usize {
        let to = to.clamp(from, batch.events.len());
        self.apply_with(&batch.events[from..to], &batch.facts);
        to
    }

    /// An input is there, and is needed from now on.
    pub fn open_input(&mut self, input: InputId) {
        self.coverage.open(input, self.clock());
    }

    /// An input's ring is gone: nothing more comes from it.
    pub fn end_input(&mut self, input: InputId) {
        for groups in self.all_groups() {
            groups.labels().remove(input);
        }
        if let Some(desk) = &mut self.desk {
            desk.remove_input(input);
        }
        if self.coverage.end(input, self.clock()) {
            self.doubt_sessions();
        }
    }

    /// Takes what labels stand for from now on.
    pub fn define(&mut self, definition: &LabelDefinition<'_>) {
        for groups in self.all_groups() {
            groups.labels().define(definition);
        }
    }

    /// Takes what the number of an agent stands for from now on.
    pub fn define_agent(&mut self, definition: &AgentDefinition<'_>) {
        if let Some(desk) = &mut self.desk {
            desk.define_agent(definition.agent, definition.name);
        }
    }

    /// Does up to about so many small pieces of what is left to do for groups; whether there is
    /// more. Whatever is left when the next bucket begins is done then, at once.
    pub fn work(&mut self, pieces: usize) -> bool {
        let (Some(groups), Some(longest)) = (&mut self.live.groups, &mut self.longest) else {
            return false;
        };
        groups.work(pieces) || longest.work(pieces, &self.sessions, groups, &self.awaiting)
    }

    /// Keeps the id of a session that has connected, while it is open: its key cannot be printed back.
    pub fn keep_id(&mut self, connect: &Event, id: &str) {
        let hint = self.sessions.hint(connect.session);
        if let (Some(longest), Some(slot)) =
            (&mut self.longest, self.sessions.find(connect.session, hint))
            && self.sessions.row(slot).phase == Phase::Open
        {
            longest.keep_id(slot, id);
        }
    }

    /// The clock of the latest cut of groups that is done; the epoch while there is none.
    pub fn cut(&self) -> EpochMs {
        let groups = self.live.groups.as_ref();
        groups.map_or_else(EpochMs::default, |groups| groups.published().as_of)
    }

    /// Events that came to something: a copy shows that its original did.
    fn usable(&self) -> u64 {
        let counters = &self.counters;
        counters.applied + counters.duplicates + counters.repeated + counters.carried
    }

    /// Adds what ingest counted.
    pub fn count(&mut self, delta: &Delta) {
        let counters = &mut self.counters;
        counters.received += delta.received;
        counters.accepted += delta.accepted;
        counters.events += delta.events;
        counters.ignored += delta.ignored;
        counters.control += delta.control;
        counters.shed += delta.shed;
        counters.bytes += delta.bytes;
        let sums = [
            (&mut counters.rejected[..], &delta.rejected[..]),
            (&mut counters.rejected_fields, &delta.rejected_fields),
            (&mut counters.labels_refused, &delta.labels_refused),
        ];
        for (sums, counts) in sums {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
    }

    /// Takes a report of an input.
    pub fn note(&mut self, input: InputId, note: &StreamNote) {
        if self.coverage.note(input, note, self.clock()) {
            self.doubt_sessions();
        }
    }

    /// A gap began: of every open session something may have been missed.
    fn doubt_sessions(&mut self) {
        self.loss_epoch = self.loss_epoch.wrapping_add(1);
        self.open_uncertain = self.sessions.open_count() as u64;
        self.sessions.doubt();
        self.all_groups().for_each(Groups::doubt);
        if let Some(longest) = &mut self.longest {
            longest.doubt(self.loss_epoch);
        }
    }

    /// The groups of every timeline.
    fn all_groups(&mut self) -> impl Iterator<Item = &mut Groups> {
        let held = self.hold.as_mut().map(|hold| &mut hold.timeline);
        let timelines = [Some(&mut self.live), held].into_iter().flatten();
        timelines.filter_map(|timeline| timeline.groups.as_mut())
    }
}

#[cfg(test)]
mod tests;
