//! What was published and is shown until it is made again, as an image holds it.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::ImageFault;
use super::fault::ensure;
use super::histogram::Histogram;
use crate::metric::Measure;
use crate::snapshot;
use crate::snapshot::GroupChange;
use crate::snapshot::GroupId;
use crate::snapshot::GroupKind;
use crate::snapshot::GroupRoom;
use crate::snapshot::GroupWindow;
use crate::snapshot::Measured;
use crate::snapshot::SecondOfGroups;
use crate::snapshot::WindowStats;
use crate::time::EpochMs;

/// A cut of groups, by the numbers of its chunks.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct GroupsOf {
    pub(in crate::aggregate) chunks: [Vec<u32>; 3],
    pub(in crate::aggregate) room: GroupRoom,
    pub(in crate::aggregate) as_of: EpochMs,
    pub(in crate::aggregate) counted_since: Option<EpochMs>,
    pub(in crate::aggregate) windows: [GroupWindow; 4],
}

/// A chunk of a table of groups.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Chunk {
    pub(in crate::aggregate) number: u32,
    pub(in crate::aggregate) groups: Vec<Group>,
}

/// A group as it was published.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Group {
    pub(in crate::aggregate) number: u16,
    pub(in crate::aggregate) name: Arc<str>,
    pub(in crate::aggregate) kind: GroupKind,
    pub(in crate::aggregate) open_sessions: u64,
    pub(in crate::aggregate) open_uncertain: u64,
    pub(in crate::aggregate) awaiting: u64,
    pub(in crate::aggregate) awaiting_since: Option<EpochMs>,
    pub(in crate::aggregate) windows: Vec<Window>,
}

/// A window of a group as it was published.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Window {
    pub(in crate::aggregate) length_ms: u32,
    pub(in crate::aggregate) start: EpochMs,
    pub(in crate::aggregate) sums: [u64; 13],
    /// A histogram of each measure.
    pub(in crate::aggregate) measured: Vec<Option<Histogram>>,
    pub(in crate::aggregate) pane_ms: u32,
    pub(in crate::aggregate) coverage_ms: u64,
}

/// A second of the total.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::aggregate) struct TotalSecond {
    /// Its number since the epoch.
    pub(in crate::aggregate) second: i64,
    /// Connections, disconnections, messages, open sessions, active sessions, guests who wait.
    pub(in crate::aggregate) counts: [u32; 6],
    /// The number of its durations.
    pub(in crate::aggregate) durations: Option<u32>,
}

/// A group, its counts, and the changes of what is so now.
type SecondOfGroup = (u16, [u32; 3], [i32; 2]);

/// A second of the groups.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Second {
    pub(in crate::aggregate) number: u32,
    pub(in crate::aggregate) start: EpochMs,
    /// By dimension: the group, its connections, disconnections, messages, those that opened less those
    /// that closed, and guests who began to wait less those who wait no more.
    pub(in crate::aggregate) groups: [Vec<SecondOfGroup>; 3],
}

/// A session on a list of those that have been open for longest.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct OpenSession {
    /// The list: the overall one, or a queue's of those that are published or being made.
    pub(in crate::aggregate) list: OpenList,
    /// Its place there.
    pub(in crate::aggregate) place: u32,
    pub(in crate::aggregate) session: snapshot::OpenSession,
}

/// A list of open sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::aggregate) enum OpenList {
    Overall,
    Queue(u16),
    Making(u16),
    /// The same of those whose guest waits for a reply.
    Awaiting,
    AwaitingOfQueue(u16),
    MakingAwaiting(u16),
}

impl Group {
    pub(in crate::aggregate) fn of(group: &snapshot::Group) -> Self {
        Self {
            number: group.id.0,
            name: Arc::clone(&group.name),
            kind: group.kind,
            open_sessions: group.open_sessions,
            open_uncertain: group.open_uncertain,
            awaiting: group.awaiting,
            awaiting_since: group.awaiting_since,
            windows: group.windows.iter().map(Window::of).collect(),
        }
    }

    pub(in crate::aggregate) fn made(self) -> Result<snapshot::Group, ImageFault> {
        let windows = self.windows.into_iter().map(Window::made);
        let windows: Result<Vec<WindowStats>, ImageFault> = windows.collect();
        let windows = windows?.try_into();
        Ok(snapshot::Group {
            id: GroupId(self.number),
            name: self.name,
            kind: self.kind,
            open_sessions: self.open_sessions,
            open_uncertain: self.open_uncertain,
            awaiting: self.awaiting,
            awaiting_since: self.awaiting_since,
            windows: windows.map_err(|_| ImageFault::damaged("a group without its windows"))?,
        })
    }
}

impl Window {
    fn of(window: &WindowStats) -> Self {
        // Every field by name: a new one is part of an image.
        let WindowStats {
            length_ms,
            start,
            active_sessions,
            connections,
            disconnections,
            messages,
            closed_sessions,
            closed_duration_ms,
            ended_messages,
            responses,
            response_ms,
            first_responses,
            first_response_ms,
            unanswered,
            never_answered,
            measured,
            pane_ms,
            coverage_ms,
        } = window;
        let measured = |measure| measured.get(measure).map(|values| Histogram::of(values));
        Self {
            length_ms: *length_ms,
            start: *start,
            sums: [
                *active_sessions,
                *connections,
                *disconnections,
                *messages,
                *closed_sessions,
                *closed_duration_ms,
                *ended_messages,
                *responses,
                *response_ms,
                *first_responses,
                *first_response_ms,
                *unanswered,
                *never_answered,
            ],
            measured: Measure::ALL.into_iter().map(measured).collect(),
            pane_ms: *pane_ms,
            coverage_ms: *coverage_ms,
        }
    }

    fn made(self) -> Result<WindowStats, ImageFault> {
        let [
            active_sessions,
            connections,
            disconnections,
            messages,
            closed_sessions,
            closed_duration_ms,
            ended_messages,
            responses,
            response_ms,
            first_responses,
            first_response_ms,
            unanswered,
            never_answered,
        ] = self.sums;
        ensure(
            self.measured.len() == Measure::ALL.len(),
            "a window without its measures",
        )?;
        let mut measured = Measured::default();
        for (measure, plain) in Measure::ALL.into_iter().zip(self.measured) {
            let values = plain.map(|plain| plain.restore(Default::default()));
            measured.put(measure, values.transpose()?.map(Arc::new));
        }
        Ok(WindowStats {
            length_ms: self.length_ms,
            start: self.start,
            active_sessions,
            connections,
            disconnections,
            messages,
            closed_sessions,
            closed_duration_ms,
            ended_messages,
            responses,
            response_ms,
            first_responses,
            first_response_ms,
            unanswered,
            never_answered,
            measured,
            pane_ms: self.pane_ms,
            coverage_ms: self.coverage_ms,
        })
    }
}

impl TotalSecond {
    pub(in crate::aggregate) fn of(second: &snapshot::TotalSecond, durations: Option<u32>) -> Self {
        Self {
            second: second.start.second(),
            counts: [
                second.connections,
                second.disconnections,
                second.messages,
                second.open_sessions,
                second.active_sessions,
                second.awaiting,
            ],
            durations,
        }
    }
}

impl Second {
    pub(in crate::aggregate) fn of(number: usize, second: &SecondOfGroups) -> Self {
        let change = |(group, change): &(GroupId, GroupChange)| {
            let counts = [change.connections, change.disconnections, change.messages];
            (group.0, counts, [change.opened, change.awaiting])
        };
        let changes = |groups: &Vec<_>| groups.iter().map(change).collect();
        Self {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            start: second.start,
            groups: second.groups.each_ref().map(changes),
        }
    }

    pub(in crate::aggregate) fn made(self) -> SecondOfGroups {
        let change = |(group, counts, [opened, awaiting]): SecondOfGroup| {
            let [connections, disconnections, messages] = counts;
            let change = GroupChange {
                connections,
                disconnections,
                messages,
                opened,
                awaiting,
            };
            (GroupId(group), change)
        };
        SecondOfGroups {
            start: self.start,
            groups: self
                .groups
                .map(|changes| changes.into_iter().map(change).collect()),
        }
    }
}
