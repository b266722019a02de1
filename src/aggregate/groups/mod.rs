//! The same metrics by queue, by deployment and by direction.
//!
//! An event leaves a note in a journal, an entry a dimension, a message a count. When the clock enters
//! the next tick, the journal is set aside and worked off in small pieces between batches: its changes
//! are booked, windows slide, and the chunks in which something changed are rebuilt. So what is
//! published is one cut, that of the tick's beginning, and no single piece of work is long, however
//! many groups there are.

mod cells;
mod change;
mod grid;
mod hold;
mod journal;
mod labels;
mod membership;
mod moving;
mod names;
mod panes;
mod publication;
mod read;
mod reply;
mod restore;
mod seconds;
mod shared;
mod table;
mod total;
mod touched;
mod values;
mod work;

use std::sync::Arc;

use crate::aggregate::measures::Ended;
use crate::aggregate::measures::Measurements;
use crate::config::AggregateSettings;
use crate::event::Direction;
use crate::event::LabelsId;
use crate::snapshot;
use crate::snapshot::Dimension;
use crate::snapshot::GroupId;
use crate::snapshot::GroupRoom;
use crate::snapshot::GroupWindow;
use crate::time::EpochMs;

use change::Change;
use grid::Grid;
use journal::Journal;
use labels::LabelsByInput;
use publication::Publication;
use seconds::Seconds;
use shared::Writing;
use table::OTHER;
use table::Table;
use table::UNNAMED;
use total::Total;
use work::Work;

pub(in crate::aggregate) use membership::Membership;
pub(in crate::aggregate) use restore::GroupsPieces;

/// A session that ends, as far as groups are concerned. Times are those at which it is booked.
#[derive(Clone, Copy, Debug)]
pub(in crate::aggregate) struct SessionEnd {
    pub(in crate::aggregate) connected: EpochMs,
    pub(in crate::aggregate) ended: EpochMs,
    pub(in crate::aggregate) duration_ms: u64,
    pub(in crate::aggregate) messages: u32,
    pub(in crate::aggregate) is_unanswered: bool,
    pub(in crate::aggregate) is_never_answered: bool,
    pub(in crate::aggregate) was_open: bool,
    /// Whether something was heard of it since the latest gap began.
    pub(in crate::aggregate) was_certain: bool,
    /// Whether its connect is booked.
    pub(in crate::aggregate) is_connect_booked: bool,
    /// Whether its end is to be booked: it is not after the clock.
    pub(in crate::aggregate) is_end_booked: bool,
}

/// Every group.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct Groups {
    grid: Grid,
    /// By [`Dimension::index`].
    tables: [Table; 3],
    definitions: LabelsByInput,
    /// Where events leave their notes.
    journal: Journal,
    /// The journal of the tick before, as it is worked off.
    to_book: Journal,
    work: Work,
    /// The cut that is being made.
    cut: Cut,
    overflowed: [u64; 3],
    /// Memory, as counted when the clock entered its coarse cell.
    bytes: u64,
    publication: Publication,
    total: Total,
    seconds: Seconds,
    /// Whether no group is freed: two copies number new ones alike while neither frees any.
    is_holding: bool,
    /// What is before it was booked on a clock that was set back, and is not in the windows.
    begun: Option<EpochMs>,
    /// While an image is made.
    writing: Option<Box<Writing>>,
}

/// What is the same for all groups of a cut.
#[derive(Clone, Copy, Debug, Default)]
struct Cut {
    as_of: EpochMs,
    counted_since: Option<EpochMs>,
    windows: [GroupWindow; 4],
    room: GroupRoom,
    /// Whether a second has passed since the cut before.
    is_second: bool,
    /// Whether its tick began while groups may be freed: when its work is done changes nothing.
    may_free: bool,
}

/// Dimensions that sessions have.
const OF_SESSIONS: [Dimension; 2] = [Dimension::Queue, Dimension::Deployment];

impl Groups {
    pub(in crate::aggregate) fn new(settings: &AggregateSettings, started: EpochMs) -> Self {
        let grid = Grid::new(settings.width);
        let table = |named_max| Table::new(&grid, named_max, started.ms());
        let mut directions = table(Direction::ALL.len());
        for direction in Direction::ALL {
            directions.add(&Arc::from(direction.label()), None);
        }
        let mut groups = Self {
            grid,
            tables: [
                table(settings.groups_max),
                table(settings.groups_max),
                directions,
            ],
            definitions: LabelsByInput::new(),
            journal: Journal::default(),
            to_book: Journal::default(),
            work: Work::Nothing,
            cut: Cut::default(),
            overflowed: [0; 3],
            bytes: 0,
            publication: Publication::new(),
            total: Total::new(started),
            seconds: Seconds::new(),
            is_holding: false,
            begun: None,
            writing: None,
        };
        groups.journal.begin(groups.tick_of(started));
        groups
    }

    // Events. Every time is at which something is booked: never after the clock.

    /// What the labels of events stand for, by input.
    pub(in crate::aggregate) fn labels(&mut self) -> &mut LabelsByInput {
        &mut self.definitions
    }

    /// The membership that a session has by its labels.
    #[inline]
    pub(in crate::aggregate) fn membership(&mut self, labels: LabelsId) -> Membership {
        let [queue, deployment] = self.definitions.groups(labels, &mut self.tables);
        Membership {
            queue: queue.unwrap_or(UNNAMED),
            deployment: deployment.unwrap_or(UNNAMED),
        }
    }

    /// A message counts under its own fields, else its open session's.
    #[inline]
    pub(in crate::aggregate) fn message(
        &mut self,
        labels: LabelsId,
        direction: Option<Direction>,
        session: Option<Membership>,
        time: EpochMs,
    ) {
        let own = self.definitions.groups(labels, &mut self.tables);
        let session = session.unwrap_or(Membership::NONE);
        for (own, dimension) in own.into_iter().zip(OF_SESSIONS) {
            let group = own.unwrap_or_else(|| session.of(dimension));
            self.count_message(dimension, group, time);
        }
        let direction = match direction {
            None => UNNAMED,
            // In the order in which they were added.
            Some(Direction::Inbound) => GroupId(2),
            Some(Direction::Outbound) => GroupId(3),
        };
        self.count_message(Dimension::Direction, direction, time);
        self.total.change(time, |second| {
            second.messages = second.messages.wrapping_add(1)
        });
    }

    /// A connect that counts in the total.
    pub(in crate::aggregate) fn connection(&mut self, membership: Membership, time: EpochMs) {
        self.change(membership, time, |change| {
            change.connections = change.connections.wrapping_add(1);
        });
        self.total.change(time, |second| {
            second.connections = second.connections.wrapping_add(1);
        });
        self.count_other(membership);
    }

    /// A session opens.
    pub(in crate::aggregate) fn open(
        &mut self,
        membership: Membership,
        connected: Option<EpochMs>,
        now: EpochMs,
    ) {
        if let Some(connected) = connected {
            self.change(membership, connected, |change| {
                change.active = change.active.wrapping_add(1);
            });
        }
        self.change(membership, now, |change| {
            change.opened += 1;
            change.certain += 1;
        });
    }

    /// Something is heard of an open session for the first time since the latest gap began.
    pub(in crate::aggregate) fn assure(&mut self, membership: Membership, now: EpochMs) {
        self.change(membership, now, |change| change.certain += 1);
    }

    /// A gap begins: no open session is certain any more.
    pub(in crate::aggregate) fn doubt(&mut self) {
        self.journal.doubt();
    }

    /// A session is no longer open, without an end: it was restarted or evicted. `connected` is the
    /// time at which its connect is booked, if it is.
    pub(in crate::aggregate) fn drop_open(
        &mut self,
        membership: Membership,
        connected: Option<EpochMs>,
        was_certain: bool,
        now: EpochMs,
    ) {
        if let Some(connected) = connected {
            self.change(membership, connected, |change| {
                change.active = change.active.wrapping_sub(1);
            });
        }
        self.change(membership, now, |change| {
            change.opened -= 1;
            change.certain -= i32::from(was_certain);
        });
    }

    /// A session ends.
    pub(in crate::aggregate) fn end(
        &mut self,
        membership: Membership,
        end: &SessionEnd,
        now: EpochMs,
    ) {
        let was_open = u32::from(end.was_open);
        if end.is_connect_booked {
            self.change(membership, end.connected, |change| {
                change.active = change.active.wrapping_sub(was_open);
                change.closed = change.closed.wrapping_add(1);
                change.closed_duration_ms = change.closed_duration_ms.wrapping_add(end.duration_ms);
            });
        }
        self.change(membership, now, |change| {
            change.opened -= i32::from(end.was_open);
            change.certain -= i32::from(end.was_certain);
        });
        self.count_other(membership);
        if !end.is_end_booked {
            return;
        }
        let unanswered = u32::from(end.is_unanswered);
        let never_answered = u32::from(end.is_never_answered);
        self.change(membership, end.ended, |change| {
            change.disconnections = change.disconnections.wrapping_add(1);
            change.ended_messages = change.ended_messages.wrapping_add(end.messages);
            change.unanswered = change.unanswered.wrapping_add(unanswered);
            change.never_answered = change.never_answered.wrapping_add(never_answered);
        });
        self.total.change(end.ended, |second| {
            second.disconnections = second.disconnections.wrapping_add(1);
        });
        let ending = Ended {
            duration_ms: end.duration_ms,
            messages: end.messages,
        };
        self.record(membership, end.ended, &ending);
    }

    fn record(&mut self, membership: Membership, time: EpochMs, values: &impl Measurements) {
        for dimension in OF_SESSIONS {
            let group = membership.of(dimension);
            self.journal.record(dimension, group, time.ms(), values);
        }
    }

    #[inline]
    fn change(&mut self, membership: Membership, time: EpochMs, change: impl Fn(&mut Change)) {
        for dimension in OF_SESSIONS {
            self.journal
                .change(dimension, membership.of(dimension), time.ms(), &change);
        }
    }

    #[inline]
    fn count_message(&mut self, dimension: Dimension, group: GroupId, time: EpochMs) {
        self.overflowed[dimension.index()] += u64::from(group == OTHER);
        self.journal.message(dimension, group, time.ms());
    }

    fn count_other(&mut self, membership: Membership) {
        for dimension in OF_SESSIONS {
            self.overflowed[dimension.index()] += u64::from(membership.of(dimension) == OTHER);
        }
    }

    // Time.

    /// Whether a time is past the tick that holds the clock.
    #[inline]
    pub(in crate::aggregate) fn is_past_tick(&self, time: EpochMs) -> bool {
        time.ms() - self.journal.start_ms >= self.grid.tick_ms
    }

    /// Begins the tick that holds `now` without a cut, if nothing happened in the one before.
    pub(in crate::aggregate) fn pass_tick(&mut self, now: EpochMs) -> bool {
        let is_quiet = self.journal.is_empty();
        if is_quiet {
            self.journal.start_ms = self.tick_of(now);
        }
        is_quiet
    }

    /// Begins the tick that holds `now`: what was noted so far is the next cut. Whatever is left of
    /// the cut before is done at once. `coverage_ms` tells of a window from a time on, so many
    /// milliseconds long, how much of it the stream was live.
    pub(in crate::aggregate) fn begin_tick(
        &mut self,
        now: EpochMs,
        coverage_ms: impl Fn(EpochMs, u32) -> u64,
    ) {
        self.work(usize::MAX);
        std::mem::swap(&mut self.journal, &mut self.to_book);
        if self.to_book.is_doubted {
            // What the changes hold of certain sessions is from after that.
            self.tables.iter_mut().for_each(Table::doubt);
        }
        self.journal.begin(self.tick_of(now));
        let window = |(index, length_ms): (usize, u32)| {
            let start = self.grid.windows[index].start(now);
            GroupWindow::new(start, length_ms, self.begun, &coverage_ms)
        };
        let mut windows = [GroupWindow::default(); 4];
        let lengths = snapshot::GROUP_WINDOWS_MS.into_iter().enumerate();
        for (own, found) in windows.iter_mut().zip(lengths.map(window)) {
            *own = found;
        }
        if now.ms().div_euclid(self.grid.coarse_ms)
            != self.cut.as_of.ms().div_euclid(self.grid.coarse_ms)
        {
            self.bytes = self.count_bytes() as u64;
        }
        let second = now.second();
        let is_second = second != self.cut.as_of.second();
        if is_second {
            self.seconds.begin(second, self.total.make());
        }
        self.cut = Cut {
            as_of: now,
            is_second,
            may_free: !self.is_holding,
            counted_since: self.begun,
            windows,
            room: GroupRoom {
                capacity: self.tables[0].capacity() as u64,
                overflowed: self.overflowed,
                bytes: self.bytes,
            },
        };
        self.work = Work::Reach { dimension: 0 };
    }

    fn tick_of(&self, time: EpochMs) -> i64 {
        time.ms().div_euclid(self.grid.tick_ms) * self.grid.tick_ms
    }
}
