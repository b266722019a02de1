//! Images of the state: cut at once, written piece by piece while events go on, and gone on from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::State;
use super::hold::Hold;
use super::rules::legs;
use crate::aggregate::awaiting::Awaiting;
use crate::aggregate::dedup::Dedup;
use crate::aggregate::desk::Desk;
use crate::aggregate::desk::DeskPieces;
use crate::aggregate::groups::Groups;
use crate::aggregate::image::Frames;
use crate::aggregate::image::Head;
use crate::aggregate::image::Image;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::OpenList;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Row;
use crate::aggregate::image::Settings;
use crate::aggregate::image::Side;
use crate::aggregate::image::end_frame;
use crate::aggregate::image::ensure;
use crate::aggregate::image::head_frame;
use crate::aggregate::longest::LongestOpen;
use crate::aggregate::sessions::LookedUp;
use crate::aggregate::sessions::Sessions;
use crate::aggregate::timeline::Timeline;
use crate::aggregate::timeline::TimelinePieces;
use crate::config::AggregateSettings;
use crate::config::ClockRule;
use crate::event::IdKeys;
use crate::snapshot::OpenSession;

/// An image that is being made.
#[derive(Debug, Default)]
pub(super) struct Writing {
    frames: Frames,
    /// Frames that were taken.
    taken: u64,
    is_written: bool,
}

impl State {
    /// Cuts an image: it holds the state as it is now, whatever is applied from now on. `elapsed_ns` is the
    /// monotonic time that this state is given. An image that was under way is given up.
    ///
    /// Cost: what is small is copied; of rows, fingerprints, buckets and groups only that they are to be
    /// written is noted. [`State::write_image`] does the rest.
    pub fn cut_image(&mut self, elapsed_ns: u64) {
        self.give_up_image();
        let head = Head {
            settings: Settings::of(&self.settings),
            elapsed_ns,
            keys: self.keys,
            now: self.now,
            started: self.started,
            wall: self.wall.clone(),
            clock_status: self.clock_status,
            counters: self.counters,
            total_connections: self.total_connections,
            minute: self.minute,
            minute_end: self.minute_end,
            minutes_owed: self.minutes_owed,
            newest: self.newest,
            loss_epoch: self.loss_epoch,
            coverage: self.coverage.clone(),
            sessions: self.sessions.cut(),
            dedup: self.dedup.cut(),
            longest: self.longest.as_mut().map(LongestOpen::cut),
            desk: self.desk.as_mut().map(|desk| desk.cut()),
            live: self.live.cut(Side::Live),
            hold: self.hold.as_mut().map(|hold| hold.cut()),
        };
        let mut writing = Writing::default();
        writing.frames.push_back(head_frame(&head));
        self.writing = Some(Box::new(writing));
    }

    /// Writes a small piece of the image that is under way; whether there is more to write. Without one
    /// there is nothing.
    pub fn write_image(&mut self) -> bool {
        let Some(mut writing) = self.writing.take() else {
            return false;
        };
        if !writing.is_written {
            let to = &mut writing.frames;
            let hold = self.hold.as_mut();
            let is_more = self.sessions.write_some(to)
                || self.live.write_some(to)
                || hold.is_some_and(|hold| hold.timeline.write_some(to))
                || self.dedup.write_some(to)
                || self.desk.as_mut().is_some_and(|desk| desk.write_some(to))
                || self
                    .longest
                    .as_mut()
                    .is_some_and(|longest| longest.write_some(to));
            if !is_more {
                let frames = writing.taken + writing.frames.len() as u64;
                writing.frames.push_back(end_frame(frames));
                writing.is_written = true;
            }
        }
        let is_more = !writing.is_written;
        self.writing = Some(writing);
        is_more
    }

    /// Takes the next frame of the image that is under way. `None` while none is full, and once the last
    /// one was taken.
    pub fn take_image_frame(&mut self) -> Option<Vec<u8>> {
        let writing = self.writing.as_mut()?;
        let frame = writing.frames.pop_front()?;
        writing.taken += 1;
        if writing.is_written && writing.frames.is_empty() {
            self.writing = None;
        }
        Some(frame)
    }

    /// Puts a frame of somebody else's into the image that is under way.
    pub(in crate::aggregate) fn add_image_frame(&mut self, frame: Vec<u8>) {
        if let Some(writing) = &mut self.writing
            && !writing.is_written
        {
            writing.frames.push_back(frame);
        }
    }

    /// Whether an image is under way: not all of it was written and taken.
    pub const fn is_writing_image(&self) -> bool {
        self.writing.is_some()
    }

    /// Writes and forgets nothing more of an image that nobody wants.
    pub fn give_up_image(&mut self) {
        if self.writing.take().is_none() {
            return;
        }
        self.sessions.write_none();
        self.live.write_none();
        if let Some(hold) = &mut self.hold {
            hold.timeline.write_none();
        }
        self.dedup.write_none();
        if let Some(desk) = &mut self.desk {
            desk.write_none();
        }
        if let Some(longest) = &mut self.longest {
            longest.write_none();
        }
    }

    /// An image of the state as it is now, at once.
    pub fn image(&mut self, elapsed_ns: u64) -> Vec<u8> {
        self.cut_image(elapsed_ns);
        self.complete_image();
        let mut bytes = Vec::new();
        while let Some(frame) = self.take_image_frame() {
            bytes.extend(frame);
        }
        bytes
    }

    /// Writes all that is left of an image: where the clock is set, whole parts of the state change places.
    pub(super) fn complete_image(&mut self) {
        while self.write_image() {}
    }

    /// The state that an image holds: whatever it is given from now on, it publishes what the one would
    /// have published that the image was made of. Memory it takes by itself.
    ///
    /// # Errors
    /// [`ImageFault`] where the image was made under settings that give numbers another meaning, or says
    /// something that cannot be.
    pub fn restore(settings: AggregateSettings, image: Image) -> Result<Self, ImageFault> {
        let Image {
            head,
            rows,
            fingerprints,
            pieces,
            alerts: _,
        } = image;
        head.settings.check(&settings)?;
        let parts = Parts::new(pieces)?;
        let skew_ms = match settings.clock {
            ClockRule::Wall { skew_ms } => skew_ms,
            ClockRule::Event { .. } => 0,
        };
        ensure(head.wall.skew_ms() == skew_ms, "a clock of another skew")?;
        let clock = head.now.unwrap_or(head.started);
        ensure(clock == head.live.now, "two clocks")?;
        let live = Timeline::restore(&settings, head.live, parts.live)?;
        let hold = head
            .hold
            .map(|hold| Hold::restore(&settings, hold, parts.held));
        let hold = hold.transpose()?.map(Box::new);
        check_groups(&rows, live.groups.as_ref())?;
        if let Some(hold) = &hold {
            check_groups(&rows, hold.timeline.groups.as_ref())?;
        }
        let sessions = Sessions::restore(&settings, head.keys, &head.sessions, &rows)?;
        let loss_epoch = head.loss_epoch;
        let is_uncertain = |row: &&Row| row.is_open() && row.loss_epoch != loss_epoch;
        let open_uncertain = rows.iter().filter(is_uncertain).count() as u64;
        ensure(
            head.longest.is_some() == (settings.groups_max > 0),
            "lists that nobody wanted",
        )?;
        let longest = head
            .longest
            .map(|plain| LongestOpen::restore(&plain, parts.ids, parts.listed, &sessions));
        ensure(
            head.desk.is_some() == settings.keeps_legs(),
            "legs that nobody wanted",
        )?;
        let held = hold.as_deref().map(|hold| hold.timeline.buckets.oldest());
        let oldest = live.buckets.oldest();
        let oldest = held.map_or(oldest, |held| held.min(oldest));
        let desk = head
            .desk
            .map(|plain| Desk::restore(&settings, plain, parts.desk, legs, (clock, oldest)));
        let mut awaiting = Awaiting::new(settings.groups_max > 0);
        awaiting.begin(clock);
        for (slot, row) in sessions.open_rows() {
            if let Some(since) = row.awaiting_since() {
                awaiting.insert(row.membership, since, slot);
            }
        }
        let mut dedup = Dedup::restore(&settings, &head.dedup, fingerprints)?;
        dedup.advance(live.buckets.oldest());
        let coverage = head.coverage.restored();
        Ok(Self {
            keys: head.keys,
            now: head.now,
            wall: head.wall,
            started: head.started,
            live,
            hold,
            clock_status: head.clock_status,
            dedup,
            sessions,
            looked_up: LookedUp::new(),
            coverage: coverage.ok_or(ImageFault::damaged("more gaps than are kept"))?,
            counters: head.counters,
            total_connections: head.total_connections,
            minute: head.minute,
            minute_end: head.minute_end,
            minutes_owed: head.minutes_owed,
            newest: head.newest,
            loss_epoch,
            open_uncertain,
            awaiting,
            longest: longest.transpose()?,
            desk: desk.transpose()?.map(Box::new),
            writing: None,
            settings,
        })
    }

    /// Another process goes on from here: the inputs of the one before are gone, and what its readings of
    /// the wall clock were is no measure for ours.
    pub fn begin_again(&mut self) {
        for input in self.coverage.running() {
            self.end_input(input);
        }
        self.wall.begin_again();
    }

    /// The keys that the events' ids were hashed with.
    pub const fn keys(&self) -> IdKeys {
        self.keys
    }
}

/// Every session is in groups that there are.
fn check_groups(rows: &[Row], groups: Option<&Groups>) -> Result<(), ImageFault> {
    let is_there = |row: &Row| match groups {
        Some(groups) => groups.is_membership([row.queue, row.deployment]),
        None => (row.queue, row.deployment) == (0, 0),
    };
    ensure(
        rows.iter().all(is_there),
        "a session of a group that is not there",
    )
}

/// The pieces of an image by where they belong.
#[derive(Default)]
struct Parts {
    live: TimelinePieces,
    held: TimelinePieces,
    ids: BTreeMap<u32, Arc<str>>,
    listed: BTreeMap<(OpenList, u32), OpenSession>,
    desk: DeskPieces,
}

impl Parts {
    fn new(pieces: Vec<Piece>) -> Result<Self, ImageFault> {
        let mut parts = Self::default();
        for piece in pieces {
            let side = match &piece {
                Piece::Bucket { side, .. }
                | Piece::Durations { side, .. }
                | Piece::Name { side, .. }
                | Piece::Group { side, .. }
                | Piece::Change { side, .. }
                | Piece::GroupDurations { side, .. }
                | Piece::TotalSecond { side, .. }
                | Piece::SecondDurations { side, .. }
                | Piece::Second { side, .. }
                | Piece::Chunk { side, .. } => Some(*side),
                Piece::SessionId { .. }
                | Piece::OpenSession(_)
                | Piece::Conversation(_)
                | Piece::Booked { .. }
                | Piece::DeskGroup(_) => None,
            };
            let taken = match (side, piece) {
                (Some(Side::Live), piece) => parts.live.take(piece),
                (Some(Side::Held), piece) => parts.held.take(piece),
                (None, Piece::SessionId { slot, id }) => {
                    parts.ids.insert(slot, id);
                    Some(())
                }
                (None, Piece::OpenSession(listed)) => {
                    let place = (listed.list, listed.place);
                    parts.listed.insert(place, listed.session);
                    Some(())
                }
                (None, piece) => parts.desk.take(piece),
            };
            ensure(taken.is_some(), "a piece of something that is not there")?;
        }
        Ok(parts)
    }
}

impl Row {
    /// Whether its session is open.
    const fn is_open(&self) -> bool {
        self.flags & Self::PHASE == 0
    }
}
