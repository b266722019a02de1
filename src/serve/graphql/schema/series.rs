//! Numbers by the second, or by steps of several.

use std::borrow::Cow;

use async_graphql::ComplexObject;
use async_graphql::Context;
use async_graphql::ContextSelectionSet;
use async_graphql::Enum;
use async_graphql::Error;
use async_graphql::OutputType;
use async_graphql::Positioned;
use async_graphql::Result;
use async_graphql::ServerResult;
use async_graphql::SimpleObject;
use async_graphql::Value;
use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;

use super::groups;
use super::groups::GroupBy;
use super::range;
use super::scalar::signed_float;
use crate::histogram::Quantile;
use crate::snapshot;
use crate::snapshot::Dimension;
use crate::snapshot::GROUP_SECONDS;
use crate::snapshot::Group;
use crate::snapshot::GroupSecond;
use crate::snapshot::Snapshot;
use crate::snapshot::TOTAL_SECONDS;
use crate::snapshot::TotalSecond;

/// Series in one answer, at most.
pub(super) const SERIES_SHOWN_MAX: i32 = 50;
/// Seconds that can be asked for of the total.
pub(super) const TOTAL_LAST_MAX: i32 = 3_600;
/// Seconds that can be asked for of a group.
pub(super) const GROUP_LAST_MAX: i32 = 300;
/// Values that cost as much as one field of a query.
const VALUES_A_FIELD: usize = 16;

/// What a series shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(super) enum SeriesMetric {
    /// Messages in the step, by their event time.
    Messages,
    /// Connections in the step, by their event time.
    Connections,
    /// Disconnects in the step that closed a session, by their event time.
    Disconnections,
    /// Sessions open at the end of the step, whenever they connected.
    OpenSessions,
    /// Sessions whose guest waited for a reply at the end of the step.
    AwaitingReply,
    /// Active sessions of the main window at the end of the step. For the total only.
    ActiveSessions,
    /// Median of the durations in the main window at the end of the step, in milliseconds. For the
    /// total only.
    DurationP50,
    /// 90th percentile of the durations in the main window at the end of the step, in milliseconds.
    /// For the total only.
    DurationP90,
    /// 99th percentile of the durations in the main window at the end of the step, in milliseconds.
    /// For the total only.
    DurationP99,
}

/// One metric over time: steps of `stepMs` on the grid of whole multiples of `stepMs` since
/// 1970-01-01T00:00:00Z, all of them complete.
#[derive(Debug, SimpleObject)]
pub(super) struct Series {
    /// The group's name; null for the total.
    name: Option<String>,
    /// What people read for the group: its name from `names-file`, else `name`; null for the total.
    display_name: Option<String>,
    /// What the values are.
    metric: SeriesMetric,
    /// The beginning of the first step, in milliseconds since 1970-01-01T00:00:00Z.
    start_ms: f64,
    /// The length of a step, in milliseconds.
    step_ms: f64,
    /// A value a step, oldest first: the sum over the step for counts, else what was at its end. Null
    /// where there is none: before the engine began, and for percentiles of no sessions. Of a step that
    /// is known in part a count is that of the part: `coverage` says how much.
    values: Values,
    /// Of each step the share of its seconds that is known, from 0 to 1: less than 1 at the oldest end
    /// only, where the engine began or keeps no more.
    coverage: Values,
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) metric: SeriesMetric,
    pub(super) by: Option<GroupBy>,
    pub(super) name: Option<String>,
    pub(super) kind: Option<groups::GroupKind>,
    pub(super) last: i32,
    pub(super) step: i32,
    pub(super) first: i32,
}

/// What a field of series costs beside what is selected of each: the values it gives.
pub(super) fn cost(by: Option<GroupBy>, last: i32, step: i32, first: i32) -> usize {
    let (series, last_max) = match by {
        Some(_) => (range::bounded(first, SERIES_SHOWN_MAX), GROUP_LAST_MAX),
        None => (1, TOTAL_LAST_MAX),
    };
    let values = range::bounded(last, last_max) / range::bounded(step, TOTAL_LAST_MAX).max(1);
    series * (1 + values / VALUES_A_FIELD)
}

/// The series asked for: of the total, of one group, or of the busiest groups.
pub(super) fn series(snapshot: &Snapshot, wanted: &Wanted) -> Result<Vec<Series>> {
    let last_max = match wanted.by {
        Some(_) => GROUP_LAST_MAX,
        None => TOTAL_LAST_MAX,
    };
    let last = range::within("last", wanted.last, 1..=last_max)?;
    let step = range::within("step", wanted.step, 1..=wanted.last)?;
    let first = range::within("first", wanted.first, 0..=SERIES_SHOWN_MAX)?;
    let grid = Grid::new(snapshot, last, step);
    let Some(by) = wanted.by else {
        if wanted.name.is_some() {
            return Err(range::bad_input(String::from(
                "name: there is no name without by; give by",
            )));
        }
        let seconds: Vec<&TotalSecond> = snapshot.series.total().rev().take(grid.reach).collect();
        let values = grid.values(&seconds, wanted.metric.is_count(), |second| {
            wanted.metric.of_total(second)
        });
        return Ok(vec![grid.series(None, wanted.metric, values)]);
    };
    if !wanted.metric.is_of_groups() {
        return Err(not_of_groups());
    }
    let dimension = Dimension::from(by);
    let kind = wanted.kind.map(snapshot::GroupKind::from);
    let found = match &wanted.name {
        Some(name) => snapshot
            .groups
            .by(dimension)
            .find(name, kind)
            .into_iter()
            .collect(),
        None => groups::busiest(snapshot, dimension, kind, first),
    };
    let of_group = |group| grid.of_group(snapshot, dimension, group, wanted.metric);
    Ok(found.into_iter().map(of_group).collect())
}

#[ComplexObject]
impl groups::Group {
    /// A metric of the group over time, as `timeSeries` gives it for groups; null when the group has
    /// gone since.
    #[graphql(complexity = "1 + child_complexity + cost(Some(GroupBy::Queue), last, step, 1)")]
    async fn time_series(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the values are.")] metric: SeriesMetric,
        #[graphql(default = 300, desc = "How far back, in seconds: from 1 to 300.")] last: i32,
        #[graphql(default = 1, desc = "The length of a step in seconds, from 1 to last.")]
        step: i32,
    ) -> Result<Option<Series>> {
        if !metric.is_of_groups() {
            return Err(not_of_groups());
        }
        let reach = range::within("last", last, 1..=GROUP_LAST_MAX)?;
        let step = range::within("step", step, 1..=last)?;
        let snapshot = super::snapshot(context)?;
        let (dimension, id) = self.place;
        let group = snapshot.groups.by(dimension).by_id(id);
        Ok(group.map(|group| {
            Grid::new(&snapshot, reach, step).of_group(&snapshot, dimension, group, metric)
        }))
    }
}

fn not_of_groups() -> Error {
    range::bad_input(String::from(
        "metric: kept for the total only; leave by out, or choose MESSAGES, CONNECTIONS, \
         DISCONNECTIONS, OPEN_SESSIONS or AWAITING_REPLY",
    ))
}

/// The steps of an answer: the newest that are complete.
#[derive(Debug)]
struct Grid {
    /// Seconds in a step.
    step: usize,
    /// Steps.
    count: usize,
    /// Seconds past the end of the newest step that are kept already: the step they begin is not
    /// complete.
    ahead: usize,
    /// Seconds, back from the newest, that the steps lie in.
    reach: usize,
    /// The first millisecond of the oldest step.
    start_ms: i64,
}

impl Grid {
    fn new(snapshot: &Snapshot, last: usize, step: usize) -> Self {
        // Before the first second there is only the clock to go by.
        let end = snapshot.series.end().unwrap_or(snapshot.now);
        let end_s = end.second();
        let (step_s, count) = (signed(step), last / step);
        let ahead = end_s.rem_euclid(step_s);
        let start_s = end_s - ahead - step_s * signed(count);
        let ahead = usize::try_from(ahead).unwrap_or(0);
        Self {
            step,
            count,
            ahead,
            reach: ahead + step * count,
            start_ms: start_s * 1_000,
        }
    }

    /// A value a step, oldest first, from seconds that stand newest first.
    fn values<T>(&self, seconds: &[&T], sums: bool, value: impl Fn(&T) -> Option<f64>) -> Steps {
        let known = |place: usize| {
            let newest = self.ahead + self.step * (self.count - 1 - place);
            let end = seconds.len().min(newest + self.step);
            seconds.get(newest..end).unwrap_or_default()
        };
        let of_step = |place: usize| {
            let known = known(place);
            match sums {
                false => known.first().and_then(|second| value(second)),
                true if known.is_empty() => None,
                true => known.iter().map(|second| value(second)).sum(),
            }
        };
        let share = |place: usize| {
            let known = signed(known(place).len());
            Some(signed_float(known) / signed_float(signed(self.step)))
        };
        Steps {
            values: Values((0..self.count).map(of_step).collect()),
            coverage: Values((0..self.count).map(share).collect()),
        }
    }

    /// The series of one group.
    fn of_group(
        &self,
        snapshot: &Snapshot,
        dimension: Dimension,
        group: &Group,
        metric: SeriesMetric,
    ) -> Series {
        let series = &snapshot.series;
        let at_end = series.at_end(dimension, group);
        let kept = series.group(dimension, group.id, at_end, self.reach);
        let seconds: Vec<&GroupSecond> = kept.iter().rev().collect();
        let steps = self.values(&seconds, metric.is_count(), |second| {
            metric.of_group(second)
        });
        let name = Some(group.name.as_ref().to_owned());
        let mut series = self.series(name, metric, steps);
        series.display_name = Some(groups::display_name(snapshot, dimension, group).into_owned());
        series
    }

    fn series(&self, name: Option<String>, metric: SeriesMetric, steps: Steps) -> Series {
        Series {
            name,
            display_name: None,
            metric,
            start_ms: signed_float(self.start_ms),
            step_ms: signed_float(1_000 * signed(self.step)),
            values: steps.values,
            coverage: steps.coverage,
        }
    }
}

fn signed(small: usize) -> i64 {
    i64::try_from(small).unwrap_or(i64::MAX)
}

impl SeriesMetric {
    /// Whether a step's value is the sum over its seconds.
    const fn is_count(self) -> bool {
        matches!(
            self,
            Self::Messages | Self::Connections | Self::Disconnections
        )
    }

    /// Whether groups have it.
    const fn is_of_groups(self) -> bool {
        self.is_count() || matches!(self, Self::OpenSessions | Self::AwaitingReply)
    }

    fn of_total(self, second: &TotalSecond) -> Option<f64> {
        let count = |count: u32| Some(f64::from(count));
        let quantile = |quantile| {
            let durations = second.durations.as_deref()?;
            Some(super::scalar::float(durations.quantile(quantile)))
        };
        match self {
            Self::Messages => count(second.messages),
            Self::Connections => count(second.connections),
            Self::Disconnections => count(second.disconnections),
            Self::OpenSessions => count(second.open_sessions),
            Self::AwaitingReply => count(second.awaiting),
            Self::ActiveSessions => count(second.active_sessions),
            Self::DurationP50 => quantile(Quantile::P50),
            Self::DurationP90 => quantile(Quantile::P90),
            Self::DurationP99 => quantile(Quantile::P99),
        }
    }

    fn of_group(self, second: &GroupSecond) -> Option<f64> {
        let count = match self {
            Self::Messages => second.messages,
            Self::Connections => second.connections,
            Self::Disconnections => second.disconnections,
            Self::OpenSessions => second.open_sessions,
            Self::AwaitingReply => second.awaiting,
            _ => return None,
        };
        Some(f64::from(count))
    }
}

/// What is known of each step.
#[derive(Debug, PartialEq)]
struct Steps {
    values: Values,
    coverage: Values,
}

/// Values of a series, null where there is none. It is a type of its own because the library would
/// make a future for every value of a plain list.
#[derive(Debug, PartialEq)]
struct Values(Vec<Option<f64>>);

impl OutputType for Values {
    fn type_name() -> Cow<'static, str> {
        <Vec<Option<f64>> as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<Option<f64>> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<Option<f64>> as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        _context: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let value = |value: &Option<f64>| value.map_or(Value::Null, Value::from);
        Ok(Value::List(self.0.iter().map(value).collect()))
    }
}

const _: () = assert!(
    TOTAL_LAST_MAX as usize == TOTAL_SECONDS && GROUP_LAST_MAX as usize == GROUP_SECONDS,
    "what can be asked for is what is kept"
);

#[cfg(test)]
mod tests;
