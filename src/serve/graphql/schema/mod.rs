//! The GraphQL schema: what a [`Snapshot`] looks like to a reader.
//!
//! Resolvers read the one snapshot that the request carries in its [`View`]. They do no I/O, wait
//! for nothing, take no lock and read no clock. A field whose answer changes while the snapshot stays
//! the same is marked `cache_control(no_cache)`, which makes the `max_age` of an answer that holds it
//! −1: a cache of answers can tell by that.

mod alert_history;
mod alerts;
mod counters;
mod desk;
mod engine;
mod groups;
mod latency;
mod metrics;
mod now;
mod order;
mod range;
mod scalar;
mod series;
mod sessions;
mod stream;
mod subscription;
mod waiting;
mod window;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use async_graphql::EmptyMutation;
use async_graphql::Object;
use async_graphql::Result;
use async_graphql::SchemaBuilder;

use self::desk::DeskBy;
use self::desk::DeskOrder;
use self::groups::GroupBy;
use self::groups::GroupKind;
use self::groups::GroupOrder;
use self::groups::GroupWindow;
use self::series::SeriesMetric;
use self::sessions::SessionList;
pub(in crate::serve) use self::subscription::Pace;
pub(in crate::serve) use self::subscription::Subscription;
use crate::config::WaitLevels;
use crate::config::limits;
use crate::pulse::Beat;
use crate::serve::health::Moment;
use crate::serve::health::Readiness;
use crate::serve::post_counters::PostCounters;
use crate::serve::push_counters::PushCounts;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

/// The schema of this server.
pub(in crate::serve) type Schema = async_graphql::Schema<Query, EmptyMutation, Subscription>;

/// The moment a request is answered at, and all that its answer is made of.
#[derive(Clone, Debug)]
pub(in crate::serve) struct View {
    /// The state that every field of the answer belongs to.
    pub(in crate::serve) snapshot: Arc<Snapshot>,
    /// Wall time of the request.
    pub(in crate::serve) wall: EpochMs,
    /// Wall time when the server was bound.
    pub(in crate::serve) started: EpochMs,
    /// Monotonic time since then, in milliseconds.
    pub(in crate::serve) uptime_ms: u64,
    /// What push did until then.
    pub(in crate::serve) push: PushCounts,
    /// What was posted to the endpoints for events.
    pub(in crate::serve) posts: PostCounters,
    /// The heartbeats of the pipeline at that moment.
    pub(in crate::serve) beats: [Beat; 4],
    /// How old the snapshot may be for the process to be ready.
    pub(in crate::serve) age_max: Duration,
    /// From when on a queue whose guests wait is in trouble.
    pub(in crate::serve) wait_levels: WaitLevels,
    /// Whether the server is about to stop.
    pub(in crate::serve) is_draining: bool,
}

impl View {
    /// Whether the process is ready, and why not.
    pub(in crate::serve) fn readiness(&self) -> Readiness {
        Readiness::of(&Moment {
            snapshot: &self.snapshot,
            beats: &self.beats,
            wall: self.wall,
            age_max: self.age_max,
            is_draining: self.is_draining,
        })
    }
}

/// Builds the schema, with the library's own limits behind those of `precheck`.
pub(in crate::serve) fn build(introspection: bool) -> Schema {
    let builder = builder()
        .limit_depth(limits::INTROSPECTION_DEPTH_MAX)
        .limit_recursive_depth(limits::QUERY_BRACKETS_MAX)
        .limit_complexity(limits::QUERY_COMPLEXITY_MAX)
        .limit_directives(limits::QUERY_DIRECTIVES_MAX);
    if introspection {
        return builder.finish();
    }
    builder
        .disable_introspection()
        .disable_suggestions()
        .finish()
}

/// The schema in the schema definition language, descriptions included.
pub fn schema_sdl() -> String {
    builder().finish().sdl()
}

fn builder() -> SchemaBuilder<Query, EmptyMutation, Subscription> {
    Schema::build(Query, EmptyMutation, Subscription)
}

/// The root of all queries.
#[derive(Debug)]
pub(in crate::serve) struct Query;

/// Everything that can be asked. All fields of one answer come from one snapshot: they belong to
/// the same set of applied events.
#[Object]
impl Query {
    /// The live numbers: sessions, connections, messages, over the main window and the further ones.
    async fn real_time_metrics(&self, context: &Context<'_>) -> Result<metrics::Metrics> {
        Ok(metrics::Metrics::new(snapshot(context)?))
    }

    /// The connection to the event stream and its gaps.
    async fn stream(&self, context: &Context<'_>) -> Result<stream::Stream> {
        Ok(stream::Stream(snapshot(context)?))
    }

    /// What became of every event read.
    async fn counters(&self, context: &Context<'_>) -> Result<counters::Counters> {
        Ok(counters::Counters(snapshot(context)?))
    }

    /// How long each stage takes, in flow order; updated once a second.
    async fn latency(&self, context: &Context<'_>) -> Result<Vec<latency::StageLatency>> {
        Ok(latency::stages(&snapshot(context)?.latency))
    }

    /// Every configured window: the main one first, then the others by length. The same as
    /// `realTimeMetrics.windows`.
    async fn windows(&self, context: &Context<'_>) -> Result<Vec<window::Window>> {
        Ok(window::Window::all(&snapshot(context)?))
    }

    /// The numbers by queue, by deployment or by direction. A session belongs to the queue and the
    /// deployment of its connect; a message to those it names itself, else to its session's, else to
    /// `(none)`. The totals elsewhere hold every group.
    #[graphql(
        complexity = "1 + range::bounded(first, groups::GROUPS_SHOWN_MAX) * child_complexity"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the field's arguments")]
    async fn groups(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the groups are.")] by: GroupBy,
        #[graphql(
            default_with = "GroupOrder::Messages",
            desc = "What comes first: the greatest number, or the least name."
        )]
        order_by: GroupOrder,
        #[graphql(default = 20, desc = "How many groups at the most, from 0 to 500.")] first: i32,
        #[graphql(
            default = 0,
            desc = "How many groups of the order to leave out before those: the next page of 500 has \
                    offset 500. Pages of one request are of one snapshot and fit together; between \
                    requests groups change places, least of all by NAME. From 0 to 65535."
        )]
        offset: i32,
        #[graphql(
            default_with = "GroupWindow::OneMinute",
            desc = "The span that the numbers are taken over."
        )]
        window: GroupWindow,
        #[graphql(
            desc = "Only the group of exactly this name. Where a name from the stream equals one of ours, \
                    as (none) or other, it is the stream's unless kind says which."
        )]
        name: Option<String>,
        #[graphql(desc = "Only groups of this kind: UNNAMED is what carries no name.")]
        kind: Option<GroupKind>,
        #[graphql(
            desc = "Only groups whose `name` or `displayName` holds this text, upper and lower case alike."
        )]
        search: Option<String>,
        #[graphql(
            default = false,
            desc = "The other way round: the least number, or the greatest name, first."
        )]
        reverse: bool,
    ) -> Result<groups::Groups> {
        let wanted = groups::Wanted {
            by,
            order: order_by,
            first,
            offset,
            window,
            name,
            kind,
            search,
            reverse,
            levels: context.data::<View>()?.wait_levels,
        };
        let snapshot = snapshot(context)?;
        groups::Groups::new(&snapshot, &wanted)
    }

    /// What sources know of the legs of conversations, which are the stints of queues and agents in them: who
    /// waits, who is answered and how soon, by queue, by kind of channel or by agent.
    #[graphql(
        complexity = "1 + (1 + range::bounded(first, groups::GROUPS_SHOWN_MAX)) * child_complexity"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the field's arguments")]
    async fn desk(
        &self,
        context: &Context<'_>,
        #[graphql(default_with = "DeskBy::Queue", desc = "What the groups are.")] by: DeskBy,
        #[graphql(
            default_with = "DeskOrder::Waiting",
            desc = "What comes first: the greatest number, or the least name."
        )]
        order_by: DeskOrder,
        #[graphql(
            desc = "The length of the window, in milliseconds: one of the settings `window` and `windows`. \
                    Without it the main one."
        )]
        window_ms: Option<i32>,
        #[graphql(default = 20, desc = "How many groups at the most, from 0 to 500.")] first: i32,
        #[graphql(
            default = 0,
            desc = "How many groups of the order to leave out before those. From 0 to 65535."
        )]
        offset: i32,
        #[graphql(desc = "Only groups of exactly this name.")] name: Option<String>,
        #[graphql(
            desc = "Only groups whose `name` or `displayName` holds this text, upper and lower case alike."
        )]
        search: Option<String>,
        #[graphql(
            default = false,
            desc = "The other way round: the least number, or the greatest name, first."
        )]
        reverse: bool,
    ) -> Result<desk::Desk> {
        let wanted = desk::Wanted {
            by,
            order: order_by,
            window_ms,
            first,
            offset,
            name,
            search,
            reverse,
        };
        desk::Desk::new(&*snapshot(context)?, &wanted)
    }

    /// A metric over time, in steps of whole seconds: an hour of the total, or five minutes of every
    /// group. Updated once a second.
    #[graphql(complexity = "1 + child_complexity + series::cost(by, last, step, first)")]
    #[expect(clippy::too_many_arguments, reason = "they are the field's arguments")]
    async fn time_series(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the values are.")] metric: SeriesMetric,
        #[graphql(desc = "A series for each of these groups; one of the total without it.")]
        by: Option<GroupBy>,
        #[graphql(
            desc = "Only the group of exactly this name; without it the busiest groups, by messages of \
                    the last minute."
        )]
        name: Option<String>,
        #[graphql(desc = "Only groups of this kind: UNNAMED is what carries no name.")]
        kind: Option<GroupKind>,
        #[graphql(
            default = 300,
            desc = "How far back, in seconds: from 1 to 3600 for the total, to 300 for groups."
        )]
        last: i32,
        #[graphql(default = 1, desc = "The length of a step in seconds, from 1 to last.")]
        step: i32,
        #[graphql(default = 10, desc = "How many groups at the most, from 0 to 50.")] first: i32,
    ) -> Result<Vec<series::Series>> {
        let wanted = series::Wanted {
            metric,
            by,
            name,
            kind,
            last,
            step,
            first,
        };
        let snapshot = snapshot(context)?;
        series::series(&snapshot, &wanted)
    }

    /// The longest-open sessions with their ids, or those whose guest has waited for a reply for longest,
    /// for drilling down; updated once a second.
    #[graphql(
        complexity = "1 + range::bounded(first, sessions::SESSIONS_SHOWN_MAX) * child_complexity"
    )]
    async fn sessions(
        &self,
        context: &Context<'_>,
        #[graphql(default = 20, desc = "How many sessions at the most, from 0 to 100.")] first: i32,
        #[graphql(desc = "Only sessions that match it.")] filter: Option<sessions::SessionFilter>,
        #[graphql(default_with = "SessionList::LongestOpen", desc = "Which sessions.")]
        list: SessionList,
        #[graphql(
            default = 5,
            desc = "After how many minutes without any event a session is silent, from 1 to 1440."
        )]
        silent_after: i32,
        #[graphql(
            default = false,
            desc = "Leaves the silent ones out, so that the longest of which something is heard are listed: \
                    chosen among the thousand longest overall, or what is listed of a queue."
        )]
        leave_out_silent: bool,
    ) -> Result<sessions::OpenSessions> {
        let wanted = sessions::Wanted {
            list,
            first,
            filter: filter.unwrap_or_default(),
            silent_after,
            leave_out_silent,
        };
        let snapshot = snapshot(context)?;
        sessions::OpenSessions::new(&snapshot, &wanted)
    }

    /// The state of every alert of the settings; updated once a second.
    async fn alerts(&self, context: &Context<'_>) -> Result<alerts::Alerts> {
        let snapshot = snapshot(context)?;
        Ok(alerts::Alerts::new(&snapshot))
    }

    /// The latest changes of alerts, newest first: which began to fire, which ended and how. The latest
    /// 100 are kept. Without a webhook too, and also over a reload of the settings.
    #[graphql(
        complexity = "1 + range::bounded(first, alert_history::CHANGES_SHOWN_MAX) * child_complexity"
    )]
    async fn alert_history(
        &self,
        context: &Context<'_>,
        #[graphql(default = 20, desc = "How many changes at the most, from 0 to 100.")] first: i32,
        #[graphql(desc = "Only changes of the alert of exactly this name.")] name: Option<String>,
    ) -> Result<alert_history::AlertHistory> {
        let snapshot = snapshot(context)?;
        alert_history::AlertHistory::new(&snapshot, first, name.as_deref())
    }

    /// The process: its version, its age, its ring and its session table.
    async fn engine(&self, context: &Context<'_>) -> Result<engine::Engine> {
        Ok(engine::Engine(context.data::<View>()?.clone()))
    }
}

fn snapshot(context: &Context<'_>) -> Result<Arc<Snapshot>> {
    Ok(Arc::clone(&context.data::<View>()?.snapshot))
}

#[cfg(test)]
pub(in crate::serve) mod tests;
