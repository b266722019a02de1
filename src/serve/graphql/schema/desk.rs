//! The numbers of legs by queue, by kind of channel and by agent: what a supervisor's board shows.

use std::sync::Arc;

use async_graphql::Enum;
use async_graphql::Object;
use async_graphql::Result;
use async_graphql::SimpleObject;

use super::groups::GROUP_OFFSET_MAX;
use super::groups::GROUPS_SHOWN_MAX;
use super::groups::GroupKind;
use super::order::greatest_first;
use super::range;
use super::scalar::Count;
use super::scalar::Number;
use super::scalar::float;
use super::scalar::signed_float;
use crate::histogram::Quantile;
use crate::metric::DeskMetric;
use crate::metric::DeskSource;
use crate::metric::DeskTime;
use crate::metric::desk_metrics;
use crate::snapshot;
use crate::snapshot::DeskDimension;
use crate::snapshot::DeskSpread;
use crate::snapshot::DeskWindow;
use crate::snapshot::Dimension;
use crate::snapshot::LongestWaiting;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

/// What legs are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "DeskDimension")]
pub(super) enum DeskBy {
    /// The queue of a leg.
    Queue,
    /// The kind of channel: `message`, `chat`, `voice`, `email`, `callback`, `video`.
    Media,
    /// The agent whose leg it is. Waits have none, so of an agent only their own legs are counted.
    Agent,
}

/// The numbers of legs, a cut made once a bucket (100 ms by default).
#[derive(Debug, SimpleObject)]
pub(super) struct Desk {
    /// Whether anything is known of legs since the start. While false there are no numbers, which does not
    /// mean that they are 0: a source of connects, messages and disconnects alone knows of none.
    known: bool,
    /// The engine clock of the cut, RFC 3339 in UTC with milliseconds.
    as_of: String,
    /// `asOf` in milliseconds since 1970-01-01T00:00:00Z.
    as_of_ms: f64,
    /// The length of the window in milliseconds.
    window_ms: Count,
    /// All legs together; null while none is known.
    total: Option<DeskGroup>,
    /// Groups of the dimension there are, shown here or not.
    count: Count,
    /// Groups that match `name` and `search`, shown here or not.
    found: Count,
    /// The groups asked for, in the order asked for.
    items: Vec<DeskGroup>,
    /// Conversations of which facts of legs are kept.
    conversations: Count,
    /// Conversations, facts and bookings that were forgotten for want of room.
    overflowed: Count,
}

/// One group, or all legs together.
#[derive(Debug, SimpleObject)]
pub(super) struct DeskGroup {
    /// Its name: text from the source, never markup; `(none)` and `other` for what has no name.
    name: String,
    /// What people read for it: of a queue its name from `names-file`, else `name`. Text, never markup.
    display_name: String,
    /// What the name means.
    kind: GroupKind,
    /// The conversation that has waited in a queue for longest, if its id is a UUID.
    longest_waiting_session: Option<String>,
    /// Its numbers of the present.
    #[graphql(flatten)]
    now: DeskNow,
    /// Its numbers over the window asked for.
    window: Numbers,
}

/// The numbers of the present.
#[derive(Debug)]
pub(super) struct DeskNow(Arc<snapshot::DeskGroup>, EpochMs);

/// The numbers over a window.
#[derive(Debug)]
pub(super) struct Numbers(Arc<snapshot::DeskGroup>, usize);

impl Numbers {
    fn window(&self) -> Option<&DeskWindow> {
        self.0.windows.get(self.1)
    }

    fn times(&self, time: DeskTime) -> Option<DeskTimes> {
        DeskTimes::new(self.window()?.time(time))
    }
}

/// Makes the objects of the rows of the table.
macro_rules! desk_objects {
    (
        now { $($now:ident($now_field:ident: $now_kind:ty, $now_name:literal, $now_what:literal, $now_unit:expr, $now_from:expr, $now_family:literal, $now_alert:literal),)* }
        windows { $($metric:ident($field:ident: $kind:ty, $name:literal, $what:literal, $unit:expr, $from:expr, $family:literal, $alert:literal),)* }
    ) => {
        /// What is so now, over no window.
        #[Object]
        impl DeskNow {
            $(
                #[doc = $now_what]
                async fn $now_field(&self) -> $now_kind {
                    Number::of(self.0.number(DeskMetric::$now.source(), 0, self.1))
                }
            )*
        }

        /// The numbers of legs over one sliding window of the settings, each at its own edge's time: so
        /// `offered` need not equal the sum of what became of them. Times are in milliseconds; without any
        /// they are null.
        #[Object(name = "DeskWindow")]
        impl Numbers {
            $(
                #[doc = $what]
                async fn $field(&self) -> $kind {
                    let window = self.window();
                    Number::of(window.and_then(|window| window.number(DeskMetric::$metric.source())))
                }
            )*

            /// What `serviceLevel` divides: answers within the threshold.
            async fn within_service_level(&self) -> Count {
                Count(self.window().map_or(0, |window| window.service().0))
            }

            /// What `serviceLevel` is divided by: answered and abandoned.
            async fn counted_for_service_level(&self) -> Count {
                Count(self.window().map_or(0, |window| window.service().1))
            }

            /// The waits of the answered; null without any.
            async fn answer_times(&self) -> Option<DeskTimes> {
                self.times(DeskTime::Answer)
            }

            /// The waits of the abandoned; null without any.
            async fn abandon_times(&self) -> Option<DeskTimes> {
                self.times(DeskTime::Abandon)
            }

            /// How long agents and guests interacted, by leg; null without any.
            async fn talk_times(&self) -> Option<DeskTimes> {
                self.times(DeskTime::Talk)
            }

            /// How long guests were on hold, by leg with any; null without any.
            async fn held_times(&self) -> Option<DeskTimes> {
                self.times(DeskTime::Held)
            }

            /// The work after contacts; null without any.
            async fn after_work_times(&self) -> Option<DeskTimes> {
                self.times(DeskTime::AfterWork)
            }
        }
    };
}
desk_metrics!(desk_objects);

/// Times of legs, in milliseconds. A percentile is the upper bound of its histogram cell: at or above the
/// exact value, by at most 1 %.
#[derive(Debug, SimpleObject)]
pub(super) struct DeskTimes {
    /// How many there are.
    count: Count,
    /// Their mean, exact.
    mean_ms: f64,
    /// The median: half of them were no longer.
    p50_ms: f64,
    /// The 90th percentile.
    p90_ms: f64,
    /// The 99th percentile.
    p99_ms: f64,
    /// The longest, exact.
    max_ms: f64,
}

impl DeskTimes {
    fn new(spread: &DeskSpread) -> Option<Self> {
        let asked = [Quantile::P50, Quantile::P90, Quantile::P99];
        let [p50_ms, p90_ms, p99_ms] = spread.values.quantiles(asked).map(float);
        Some(Self {
            count: Count(spread.values.count()),
            mean_ms: spread.mean_ms()?,
            p50_ms,
            p90_ms,
            p99_ms,
            max_ms: float(spread.values.max()),
        })
    }
}

/// By what groups are ordered: all but NAME greatest first, equal ones by name. Groups without such a number
/// come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(super) enum DeskOrder {
    /// By `displayName`, ascending by its UTF-8 bytes.
    Name,
    /// By `waiting`.
    Waiting,
    /// By `longestWaitingMs`.
    LongestWaiting,
    /// By `interacting`.
    Interacting,
    /// By `offered`.
    Offered,
    /// By `answered`.
    Answered,
    /// By `abandoned`.
    Abandoned,
    /// By `handled`.
    Handled,
    /// By `serviceLevel`.
    ServiceLevel,
    /// By `answerMeanMs`.
    AnswerMean,
    /// By `handleMeanMs`.
    HandleMean,
}

impl DeskOrder {
    const fn metric(self) -> Option<DeskMetric> {
        Some(match self {
            Self::Name => return None,
            Self::Waiting => DeskMetric::Waiting,
            Self::LongestWaiting => DeskMetric::LongestWaitingMs,
            Self::Interacting => DeskMetric::Interacting,
            Self::Offered => DeskMetric::Offered,
            Self::Answered => DeskMetric::Answered,
            Self::Abandoned => DeskMetric::Abandoned,
            Self::Handled => DeskMetric::Handled,
            Self::ServiceLevel => DeskMetric::ServiceLevel,
            Self::AnswerMean => DeskMetric::AnswerMeanMs,
            Self::HandleMean => DeskMetric::HandleMeanMs,
        })
    }
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) by: DeskBy,
    pub(super) order: DeskOrder,
    pub(super) window_ms: Option<i32>,
    pub(super) first: i32,
    pub(super) offset: i32,
    pub(super) name: Option<String>,
    pub(super) search: Option<String>,
    pub(super) reverse: bool,
}

impl Desk {
    pub(super) fn new(snapshot: &Snapshot, wanted: &Wanted) -> Result<Self> {
        let first = range::within("first", wanted.first, 0..=GROUPS_SHOWN_MAX)?;
        let offset = range::within("offset", wanted.offset, 0..=GROUP_OFFSET_MAX)?;
        let desk = &snapshot.desk;
        let window = place_of(&desk.windows_ms, wanted.window_ms)?;
        let dimension = DeskDimension::from(wanted.by);
        let groups = desk.by(dimension);
        let shown = |group: &Arc<snapshot::DeskGroup>| display_name(snapshot, dimension, group);
        let search = wanted.search.as_ref().map(|text| text.to_lowercase());
        let matches = |group: &&Arc<snapshot::DeskGroup>| {
            let is_named = wanted
                .name
                .as_deref()
                .is_none_or(|name| name == &*group.name);
            let holds = |text: &String| {
                group.name.to_lowercase().contains(text)
                    || shown(group).to_lowercase().contains(text)
            };
            is_named && search.as_ref().is_none_or(holds)
        };
        let number = |group: &snapshot::DeskGroup| {
            let from: DeskSource = wanted.order.metric()?.source();
            group.number(from, window, desk.as_of)
        };
        let mut found: Vec<_> = groups
            .iter()
            .filter(matches)
            .map(|group| (number(group), shown(group), group))
            .collect();
        found.sort_by(|(a, a_name, a_group), (b, b_name, b_group)| {
            let by_id = || snapshot::desk_order(a_group).cmp(&snapshot::desk_order(b_group));
            greatest_first(wanted.reverse, (*a, *b), || {
                a_name.cmp(b_name).then_with(by_id)
            })
        });
        let of = |group: &Arc<snapshot::DeskGroup>, name: String| {
            DeskGroup::new(group, name, window, desk.as_of)
        };
        Ok(Self {
            known: desk.total.is_some(),
            as_of: desk.as_of.to_string(),
            as_of_ms: signed_float(desk.as_of.ms()),
            window_ms: Count(desk.windows_ms.get(window).map_or(0, |ms| u64::from(*ms))),
            total: desk
                .total
                .as_ref()
                .map(|total| of(total, total.name.to_string())),
            count: Count(groups.len() as u64),
            found: Count(found.len() as u64),
            items: found
                .into_iter()
                .skip(offset)
                .take(first)
                .map(|(_, name, group)| of(group, name))
                .collect(),
            conversations: Count(desk.size.conversations),
            overflowed: Count(desk.size.overflowed),
        })
    }
}

impl DeskGroup {
    fn new(
        group: &Arc<snapshot::DeskGroup>,
        display_name: String,
        window: usize,
        as_of: EpochMs,
    ) -> Self {
        Self {
            name: group.name.to_string(),
            display_name,
            kind: group.kind.into(),
            longest_waiting_session: group.longest_waiting.and_then(LongestWaiting::session_id),
            now: DeskNow(Arc::clone(group), as_of),
            window: Numbers(Arc::clone(group), window),
        }
    }
}

/// The place of a window of the settings; the main one without a length.
fn place_of(windows_ms: &[u32], wanted_ms: Option<i32>) -> Result<usize> {
    let Some(wanted_ms) = wanted_ms else {
        return Ok(0);
    };
    let same = |ms: &u32| i64::from(*ms) == i64::from(wanted_ms);
    windows_ms.iter().position(same).ok_or_else(|| {
        let known: Vec<String> = windows_ms.iter().map(u32::to_string).collect();
        range::bad_input(format!(
            "windowMs: {wanted_ms} is no window of the settings; choose {}",
            known.join(" or ")
        ))
    })
}

fn display_name(
    snapshot: &Snapshot,
    dimension: DeskDimension,
    group: &snapshot::DeskGroup,
) -> String {
    match (dimension, group.kind) {
        (DeskDimension::Queue, snapshot::GroupKind::Named) => {
            snapshot.shown(Dimension::Queue, &group.name).into_owned()
        }
        _ => group.name.to_string(),
    }
}
