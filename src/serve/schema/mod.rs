//! The GraphQL schema: what a [`Snapshot`] looks like to a reader.
//!
//! Resolvers read the one snapshot that the request carries in its [`View`]. They do no I/O, wait
//! for nothing, take no lock and read no clock. A field whose answer changes while the snapshot stays
//! the same is marked `cache_control(no_cache)`, which makes the `max_age` of an answer that holds it
//! −1: a cache of answers can tell by that.

mod counters;
mod engine;
mod latency;
mod metrics;
mod scalar;
mod stream;
mod window;

use std::sync::Arc;

use async_graphql::Context;
use async_graphql::EmptyMutation;
use async_graphql::EmptySubscription;
use async_graphql::Object;
use async_graphql::Result;
use async_graphql::SchemaBuilder;

use crate::config::limits;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

/// The schema of this server.
pub(super) type Schema = async_graphql::Schema<Query, EmptyMutation, EmptySubscription>;

/// The moment a request is answered at, and all that its answer is made of.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The state that every field of the answer belongs to.
    pub(super) snapshot: Arc<Snapshot>,
    /// Wall time of the request.
    pub(super) wall: EpochMs,
    /// Wall time when the server was bound.
    pub(super) started: EpochMs,
    /// Monotonic time since then, in milliseconds.
    pub(super) uptime_ms: u64,
}

/// Builds the schema, with the library's own limits behind those of `precheck`.
pub(super) fn build(introspection: bool) -> Schema {
    let builder = builder()
        .limit_depth(limits::INTROSPECTION_DEPTH_MAX)
        .limit_recursive_depth(limits::QUERY_BRACKETS_MAX)
        .limit_complexity(limits::QUERY_EXPANDED_MAX)
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

fn builder() -> SchemaBuilder<Query, EmptyMutation, EmptySubscription> {
    Schema::build(Query, EmptyMutation, EmptySubscription)
}

/// The root of all queries.
#[derive(Debug)]
pub(super) struct Query;

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

    /// How long each stage takes, in flow order; brought up to date once a second.
    async fn latency(&self, context: &Context<'_>) -> Result<Vec<latency::StageLatency>> {
        Ok(latency::stages(&snapshot(context)?.latency))
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
mod tests;
