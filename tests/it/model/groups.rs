//! The groups, counted again from plain lists of everything that was ever booked in one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use streamgauge::config::AggregateSettings;
use streamgauge::event::Direction;
use streamgauge::event::Event;
use streamgauge::event::LabelDefinition;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::GroupKind;
use streamgauge::snapshot::Measured;
use streamgauge::snapshot::WindowStats;
use streamgauge::time::EpochMs;

use super::Model;
use super::clock::NOWHERE;
use super::numbers::count;
use super::numbers::histogram;
use super::numbers::value_of;
use super::numbers::value_of_reply;
use super::reply::Reply;

/// What a group is called, and what stands behind that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Unnamed,
    Other,
    Named(String),
}

/// A group of each dimension; of a session only the first two count.
pub(super) type Names = [Name; 3];

/// The groups of a cut: by dimension and name, open sessions and windows.
pub(crate) type Cut = BTreeMap<(usize, Name), (u64, [WindowStats; 4])>;

/// The open sessions of a cut that are uncertain, by dimension and name.
pub(crate) type Uncertain = BTreeMap<(usize, Name), u64>;

/// How many guests wait for a reply in the groups of a cut, and since when the one who has waited for
/// longest.
pub(crate) type Awaiting = BTreeMap<(usize, Name), (u64, Option<EpochMs>)>;

/// The lengths of the windows, in milliseconds.
const LENGTHS_MS: [i64; 4] = [10_000, 60_000, 300_000, 3_600_000];

/// What was ever booked in groups. Times are those of booking, in milliseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    definitions: BTreeMap<u16, (Option<String>, Option<String>)>,
    /// Names that have a group, by dimension.
    named: [BTreeSet<String>; 2],
    pub(super) connects: Vec<(i64, Names)>,
    pub(super) messages: Vec<(i64, Names)>,
    pub(super) ended: Vec<Ended>,
    pub(super) replies: Vec<Reply>,
    /// When anything was booked in a group, and for when.
    touches: Vec<(usize, Name, i64)>,
    pub(super) overflowed: [u64; 3],
    /// What is before this was booked on a clock that was set back.
    begun: Option<EpochMs>,
    /// The latest cut, and what had overflowed by then.
    pub(super) cut: Cut,
    cut_uncertain: Uncertain,
    cut_awaiting: Awaiting,
    pub(super) cut_overflowed: [u64; 3],
}

#[derive(Clone, Debug)]
pub(super) struct Ended {
    connected_ms: i64,
    pub(super) disconnected_ms: i64,
    duration_ms: u64,
    messages: u64,
    left: [bool; 2],
    pub(super) home: Names,
}

/// The length of a cell of a window, in milliseconds: 100 ms, 1 s, 10 s, if the buckets fit.
fn cell_ms(settings: &AggregateSettings, window: usize) -> i64 {
    let width = i64::from(settings.width.ms());
    let fine = (100..=1_000)
        .find(|ms| ms % width == 0 && 1_000 % ms == 0)
        .unwrap_or(width);
    match window {
        0 | 1 => fine,
        2 => fine.max(1_000),
        _ => (10_000..).find(|ms| ms % fine.max(1_000) == 0).unwrap(),
    }
}

/// The first milliseconds of the oldest and the newest cell that a window covers.
fn covered(settings: &AggregateSettings, window: usize, now_ms: i64) -> (i64, i64) {
    let cell = cell_ms(settings, window);
    let newest = now_ms.div_euclid(cell) * cell;
    let starts = (0..).map(|back| newest - back * cell);
    let oldest = starts
        .take_while(|start| *start > newest - LENGTHS_MS[window])
        .last();
    (oldest.unwrap(), newest)
}

impl Model {
    pub(crate) fn define(&mut self, definition: &LabelDefinition<'_>) {
        if let Some(other) = self.other() {
            other.define(definition);
        }
        let name = |name: Option<&str>| name.map(str::to_owned);
        let names = (name(definition.queue), name(definition.deployment));
        self.groups
            .definitions
            .insert(definition.labels.number(), names);
    }

    pub(crate) fn cut(&self) -> (&Cut, [u64; 3]) {
        (&self.groups.cut, self.groups.cut_overflowed)
    }

    /// The uncertain sessions of the latest cut.
    pub(crate) fn cut_uncertain(&self) -> &Uncertain {
        &self.groups.cut_uncertain
    }

    /// Who waits for a reply in the latest cut.
    pub(crate) fn cut_awaiting(&self) -> &Awaiting {
        &self.groups.cut_awaiting
    }

    /// The groups that an event names; a name that finds no room goes to the others.
    fn own_names(&mut self, event: &Event) -> [Option<Name>; 2] {
        let groups = &mut self.groups;
        let (queue, deployment) = groups
            .definitions
            .get(&event.labels.number())
            .cloned()
            .unwrap_or_default();
        let mut dimension = 0;
        [queue, deployment].map(|name| {
            let named = &mut groups.named[dimension];
            dimension += 1;
            let name = name?;
            if !named.contains(&name) && named.len() == self.settings.groups_max {
                return Some(Name::Other);
            }
            named.insert(name.clone());
            Some(Name::Named(name))
        })
    }

    /// The groups of a session that begins with this event.
    pub(super) fn home(&mut self, event: &Event) -> Names {
        let [queue, deployment] = self.own_names(event);
        let or_none = |name: Option<Name>| name.unwrap_or(Name::Unnamed);
        [or_none(queue), or_none(deployment), Name::Unnamed]
    }

    pub(super) fn group_message(&mut self, event: &Event, session: Option<Names>) {
        let [queue, deployment] = self.own_names(event);
        let session = session.unwrap_or([Name::Unnamed, Name::Unnamed, Name::Unnamed]);
        let direction = match event.direction() {
            None => Name::Unnamed,
            Some(Direction::Inbound) => Name::Named("inbound".to_owned()),
            Some(Direction::Outbound) => Name::Named("outbound".to_owned()),
        };
        let names = [
            queue.unwrap_or_else(|| session[0].clone()),
            deployment.unwrap_or_else(|| session[1].clone()),
            direction,
        ];
        let at = self.booked_ms(event.time);
        if at == NOWHERE {
            return;
        }
        self.reach_second(at);
        self.touch_groups(&names, 3, at);
        self.overflow(&names, 3);
        self.groups.messages.push((at, names));
    }

    pub(super) fn group_connect(&mut self, time: EpochMs, home: &Names) {
        let at = self.booked_ms(time);
        if at == NOWHERE {
            return;
        }
        self.reach_second(at);
        self.touch_groups(home, 2, at);
        self.overflow(home, 2);
        self.groups.connects.push((at, home.clone()));
    }

    /// A session is over: its connect was booked at one time, its disconnect is now booked at another.
    pub(super) fn group_end(
        &mut self,
        home: &Names,
        connected_ms: i64,
        disconnected: EpochMs,
        ended: &super::Ended,
    ) {
        let disconnected_ms = self.booked_ms(disconnected);
        if disconnected_ms != NOWHERE {
            self.reach_second(disconnected_ms);
        }
        self.touch_groups(home, 2, disconnected_ms);
        self.touch_groups(home, 2, connected_ms);
        self.overflow(home, 2);
        self.groups.ended.push(Ended {
            connected_ms,
            disconnected_ms,
            duration_ms: ended.duration_ms,
            messages: ended.messages,
            left: ended.left,
            home: home.clone(),
        });
    }

    /// Something is booked in groups, at a time and by the clock.
    pub(super) fn touch_groups(&mut self, names: &Names, dimensions: usize, at_ms: i64) {
        for (dimension, name) in names.iter().enumerate().take(dimensions) {
            for at in [at_ms, self.now().ms()] {
                if at == NOWHERE {
                    continue;
                }
                self.groups.touches.push((dimension, name.clone(), at));
            }
        }
    }

    fn overflow(&mut self, names: &Names, dimensions: usize) {
        for (dimension, name) in names.iter().enumerate().take(dimensions) {
            self.groups.overflowed[dimension] += u64::from(*name == Name::Other);
        }
    }

    /// When what happened at `time` is booked.
    pub(super) fn booked_ms(&self, time: EpochMs) -> i64 {
        let at = time.min(self.live_now.unwrap_or_else(|| self.now()));
        if at > self.now() { NOWHERE } else { at.ms() }
    }

    /// The clock was set back: windows and series start again, what is open stays.
    pub(super) fn groups_begin_anew(&mut self, to: EpochMs) {
        let groups = &mut self.groups;
        groups.connects.clear();
        groups.messages.clear();
        groups.ended.clear();
        groups.replies.clear();
        groups.touches.clear();
        groups.begun = Some(to);
        self.series = super::series::Series::default();
        self.begin_series(to);
        self.cut_groups();
        self.cut_series();
    }

    /// Whether the clock, once at `now`, is in another bucket of the groups' than at `before`.
    pub(super) fn is_new_cut(&self, before: Option<EpochMs>, now: EpochMs) -> bool {
        let cell = cell_ms(&self.settings, 0).min(1_000);
        before.is_none_or(|before| now.ms().div_euclid(cell) != before.ms().div_euclid(cell))
    }

    /// Counts all groups again, as they stand when the clock enters a bucket, and frees the empty ones.
    pub(super) fn cut_groups(&mut self) {
        let now = self.now().ms();
        let (oldest, newest) = covered(&self.settings, 3, now);
        let cell = cell_ms(&self.settings, 3);
        let is_retained = |at: i64| oldest <= at && at < newest + cell;
        let mut listed: BTreeSet<(usize, Name)> = BTreeSet::new();
        for (dimension, name, at) in &self.groups.touches {
            if is_retained(*at) {
                listed.insert((*dimension, name.clone()));
            }
        }
        for open in self.open_rows() {
            for (dimension, name) in open.home.iter().enumerate().take(2) {
                listed.insert((dimension, name.clone()));
            }
        }
        let cut = listed.iter().map(|(dimension, name)| {
            let windows = [0, 1, 2, 3].map(|window| self.group_window(*dimension, name, window));
            let is_open =
                |open: &&super::table::Open| *dimension < 2 && open.home[*dimension] == *name;
            let open = count(self.open_rows().filter(is_open));
            ((*dimension, name.clone()), (open, windows))
        });
        let cut = cut.collect();
        let uncertain = listed.iter().map(|(dimension, name)| {
            let is_own = |open: &&super::table::Open| {
                *dimension < 2 && open.home[*dimension] == *name && !open.certain
            };
            let uncertain = count(self.open_rows().filter(is_own));
            ((*dimension, name.clone()), uncertain)
        });
        let uncertain = uncertain.collect();
        let awaiting = listed.iter().map(|(dimension, name)| {
            let own = self
                .open_rows()
                .filter(|open| *dimension < 2 && open.home[*dimension] == *name);
            let since: Vec<EpochMs> = own.filter_map(|open| open.waiting.since).collect();
            let oldest = since.iter().min().copied();
            ((*dimension, name.clone()), (count(since), oldest))
        });
        self.groups.cut_awaiting = awaiting.collect();
        self.groups.cut = cut;
        self.groups.cut_uncertain = uncertain;
        self.groups.cut_overflowed = self.groups.overflowed;
        if !self.may_expire() {
            return;
        }
        for (dimension, named) in self.groups.named.iter_mut().enumerate() {
            named.retain(|name| listed.contains(&(dimension, Name::Named(name.clone()))));
        }
    }

    fn group_window(&self, dimension: usize, name: &Name, window: usize) -> WindowStats {
        let now = self.now().ms();
        let (oldest, newest) = covered(&self.settings, window, now);
        let end = newest + cell_ms(&self.settings, window);
        let covers = |at: i64| oldest <= at && at < end;
        let is_own = |names: &Names| names[dimension] == *name;
        let groups = &self.groups;
        let of_session = dimension < 2;
        let own = |end: &&Ended| of_session && is_own(&end.home);
        let connected = groups
            .ended
            .iter()
            .filter(own)
            .filter(|end| covers(end.connected_ms));
        let ended = groups
            .ended
            .iter()
            .filter(own)
            .filter(|end| covers(end.disconnected_ms));
        let open = self
            .open_rows()
            .filter(|open| of_session && is_own(&open.home));
        let replies = groups
            .replies
            .iter()
            .filter(|reply| of_session && is_own(&reply.home) && covers(reply.at_ms));
        let first = replies.clone().filter(|reply| reply.is_first);
        let length = LENGTHS_MS[window];
        let start = EpochMs::from_ms(oldest);
        let (measured, pane_ms) = self.group_measured(dimension, name, window);
        WindowStats {
            length_ms: u32::try_from(length).unwrap(),
            start,
            active_sessions: count(open.filter(|open| covers(open.connect_booked_ms))),
            connections: count(
                groups
                    .connects
                    .iter()
                    .filter(|(at, names)| of_session && is_own(names) && covers(*at)),
            ),
            disconnections: count(ended.clone()),
            messages: count(
                groups
                    .messages
                    .iter()
                    .filter(|(at, names)| is_own(names) && covers(*at)),
            ),
            closed_sessions: count(connected.clone()),
            closed_duration_ms: connected.map(|end| end.duration_ms).sum(),
            ended_messages: ended.clone().map(|end| end.messages).sum(),
            responses: count(replies.clone()),
            response_ms: replies.map(|reply| reply.waited_ms).sum(),
            first_responses: count(first.clone()),
            first_response_ms: first.map(|reply| reply.waited_ms).sum(),
            unanswered: count(ended.clone().filter(|end| end.left[0])),
            never_answered: count(ended.filter(|end| end.left[1])),
            measured,
            pane_ms: u32::try_from(pane_ms).unwrap(),
            coverage_ms: {
                let begun = self.groups.begun.unwrap_or(start).max(start);
                let end = start + length;
                self.coverage_ms(begun.min(end), end)
            },
        }
    }

    /// Percentiles of the windows of a minute and an hour, on the panes of the total's.
    fn group_measured(&self, dimension: usize, name: &Name, window: usize) -> (Measured, i64) {
        if ![1, 3].contains(&window) {
            return (Measured::default(), 0);
        }
        let length = LENGTHS_MS[window];
        let width = i64::from(self.settings.width.ms());
        let pane = (1..)
            .map(|n| n * width)
            .find(|pane| pane * 60 >= length)
            .unwrap();
        let length = (length / pane).max(1) * pane;
        let newest = self.now().ms().div_euclid(pane) * pane;
        let covers = |at: i64| {
            let start = at.div_euclid(pane) * pane;
            newest - length < start && start <= newest
        };
        let own = self.groups.ended.iter().filter(|end| {
            dimension < 2 && end.home[dimension] == *name && covers(end.disconnected_ms)
        });
        let replies =
            self.groups.replies.iter().filter(|reply| {
                dimension < 2 && reply.home[dimension] == *name && covers(reply.at_ms)
            });
        let measured = Measured::from_fn(|measure| {
            let of_end = |end: &Ended| value_of(measure, end.duration_ms, end.messages);
            let of_reply = |reply: &Reply| value_of_reply(measure, reply);
            let ends = own.clone().filter_map(of_end);
            histogram(ends.chain(replies.clone().filter_map(of_reply)).collect())
        });
        (measured, pane)
    }
}

/// The name of a published group.
pub(crate) fn name_of(kind: GroupKind, name: &str) -> Name {
    match kind {
        GroupKind::Unnamed => Name::Unnamed,
        GroupKind::Other => Name::Other,
        GroupKind::Named => Name::Named(name.to_owned()),
    }
}

/// A published table as the model has it.
pub(crate) fn cut_of(groups: &streamgauge::snapshot::Groups) -> Cut {
    let mut cut = Cut::new();
    for dimension in Dimension::ALL {
        for group in groups.by(dimension).iter() {
            let windows = [0, 1, 2, 3].map(|window| groups.window(group, window));
            let key = (dimension.index(), name_of(group.kind, &group.name));
            let twice = cut.insert(key, (group.open_sessions, windows));
            assert_eq!(twice, None, "{} is listed twice", group.name);
        }
    }
    cut
}

/// Who waits for a reply in a published table.
pub(crate) fn awaiting_of(groups: &streamgauge::snapshot::Groups) -> Awaiting {
    let of = |dimension: Dimension| {
        let groups = groups.by(dimension).iter();
        groups.map(move |group| {
            let key = (dimension.index(), name_of(group.kind, &group.name));
            (key, (group.awaiting, group.awaiting_since))
        })
    };
    Dimension::ALL.into_iter().flat_map(of).collect()
}

/// The uncertain sessions of a published table.
pub(crate) fn uncertain_of(groups: &streamgauge::snapshot::Groups) -> Uncertain {
    let of = |dimension: Dimension| {
        let groups = groups.by(dimension).iter();
        groups.map(move |group| {
            let key = (dimension.index(), name_of(group.kind, &group.name));
            (key, group.open_uncertain)
        })
    };
    Dimension::ALL.into_iter().flat_map(of).collect()
}
