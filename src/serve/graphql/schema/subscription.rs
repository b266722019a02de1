//! What is pushed: the same fields as those of a query, again and again.
//!
//! A stream here ends after one item. The hub asks for the next one at the next tick with a newer
//! snapshot, so that all fields of an item are of one cut and many clients share one execution.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use async_graphql::Context;
use async_graphql::Result;
use async_graphql::Subscription;
use futures_util::Stream;
use futures_util::stream;

use super::Query;
use super::metrics::Metrics;
use super::range;
use super::snapshot;

/// The shortest and the longest interval, in milliseconds.
const INTERVAL_MS: std::ops::RangeInclusive<i32> = 100..=60_000;

/// Where a subscription says how often it wants an answer; in the data of its request.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct Pace(Arc<OnceLock<Duration>>);

impl Pace {
    /// The interval asked for; `None` when no valid one was.
    pub(in crate::serve) fn interval(&self) -> Option<Duration> {
        self.0.get().copied()
    }

    fn set(&self, interval_ms: i32) -> Result<()> {
        let ms = range::within("intervalMs", interval_ms, INTERVAL_MS)?;
        // Every execution of a request says the same, so the first word counts.
        self.0.get_or_init(|| Duration::from_millis(ms as u64));
        Ok(())
    }
}

/// The root of all subscriptions.
#[derive(Debug)]
pub(in crate::serve) struct Subscription;

/// Everything that is pushed, over `graphql-transport-ws` or server-sent events. The first answer
/// comes at once, and then one each interval from the newest state. A client that reads too slowly gets the
/// newest answer and misses those in between.
#[Subscription]
impl Subscription {
    /// Every field of a query, again and again; all fields of one answer come from one snapshot.
    async fn live(
        &self,
        context: &Context<'_>,
        #[graphql(
            default = 1000,
            desc = "How often, in milliseconds, from 100 to 60000."
        )]
        interval_ms: i32,
    ) -> Result<impl Stream<Item = Query>> {
        context.data::<Pace>()?.set(interval_ms)?;
        Ok(stream::iter([Query]))
    }

    /// The live numbers, again and again.
    async fn real_time_metrics(
        &self,
        context: &Context<'_>,
        #[graphql(
            default = 1000,
            desc = "How often, in milliseconds, from 100 to 60000."
        )]
        interval_ms: i32,
    ) -> Result<impl Stream<Item = Metrics>> {
        context.data::<Pace>()?.set(interval_ms)?;
        let metrics = Metrics::new(snapshot(context)?);
        Ok(stream::iter([metrics]))
    }
}
