//! The tutorial's `Metrics`: the numbers of the main window, and those of no window.

use std::sync::Arc;

use async_graphql::MergedObject;
use async_graphql::Object;

use super::now::Now;
use super::scalar::float;
use super::scalar::saturating_int;
use super::scalar::signed_float;
use super::window::Window;
use crate::snapshot::Snapshot;

/// The live numbers. What is counted over a window is counted over the main one here; `windows`
/// has the same for every configured window.
#[derive(Debug, MergedObject)]
pub(super) struct Metrics(Window, Now, Totals);

impl Metrics {
    pub(super) fn new(snapshot: Arc<Snapshot>) -> Self {
        let now = Now::new(|gauge| snapshot.gauge(gauge));
        Self(Window::main(Arc::clone(&snapshot)), now, Totals(snapshot))
    }
}

/// What belongs to no window.
#[derive(Debug)]
pub(super) struct Totals(Arc<Snapshot>);

#[Object]
impl Totals {
    /// Connections since `countersSince`; never shrinks. Stops at 2147483647, where
    /// `totalConnectionsExact` goes on.
    async fn total_connections(&self) -> i32 {
        saturating_int(self.0.total_connections)
    }

    /// Connections since `countersSince`; never shrinks. Exact up to 9007199254740992.
    async fn total_connections_exact(&self) -> f64 {
        float(self.0.total_connections)
    }

    /// Since when open sessions are known: when the stream was first live, RFC 3339 in UTC with
    /// milliseconds, null before that. An open session that connected earlier is missing from
    /// `openSessions` unless its connect came later, as in a history.
    async fn open_since(&self) -> Option<String> {
        self.0.sessions.open_since.map(|since| since.to_string())
    }

    /// `openSince` in milliseconds since 1970-01-01T00:00:00Z.
    async fn open_since_ms(&self) -> Option<f64> {
        let since = self.0.sessions.open_since;
        since.map(|since| signed_float(since.ms()))
    }

    /// Whether that is longer ago than the setting `idle-timeout`, so that open sessions from before
    /// no longer count in any case. While it is false, `openSessions` is too low by those from before.
    async fn open_complete(&self) -> bool {
        self.0.sessions.is_open_complete
    }

    /// The engine clock that all these numbers are of, RFC 3339 in UTC with milliseconds.
    async fn as_of(&self) -> String {
        self.0.now.to_string()
    }

    /// `asOf` in milliseconds since 1970-01-01T00:00:00Z.
    async fn as_of_ms(&self) -> f64 {
        signed_float(self.0.now.ms())
    }

    /// Since when totals and counters count, RFC 3339 in UTC with milliseconds.
    async fn counters_since(&self) -> String {
        self.0.counters_since.to_string()
    }

    /// `countersSince` in milliseconds since 1970-01-01T00:00:00Z.
    async fn counters_since_ms(&self) -> f64 {
        signed_float(self.0.counters_since.ms())
    }

    /// Every configured window: the main one first, then the others by length.
    async fn windows(&self) -> Vec<Window> {
        Window::all(&self.0)
    }
}
