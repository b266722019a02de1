//! Readers beside the load: each asks one query after another on a connection of its own.

use std::time::Duration;

use hyper::Uri;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::LoadError;
use super::engine::Engine;
use super::graphql::Client;
use super::rig::on_own_runtime;
use crate::latency::Histogram;
use crate::net::Connector;
use crate::time::Clock;

/// The four main numbers.
const QUERY: &str = r#"{"query":"{ realTimeMetrics { activeSessions totalConnections avgSessionDurationMs messagesPerMinute } }"}"#;

/// How long a reader waits that cannot connect.
const RETRY: Duration = Duration::from_millis(100);

/// What readers have seen.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// How long answers took.
    pub(super) latency: Histogram,
    /// Requests without a good answer.
    pub(super) errors: u64,
}

/// The readers beside the load.
#[derive(Debug)]
pub(super) struct Asking(Option<(DropGuard, oneshot::Receiver<Asked>)>);

impl Asking {
    /// Starts `readers` of them on a thread of their own.
    pub(super) fn start(readers: usize, engine: &Engine, clock: Clock) -> Result<Self, LoadError> {
        if readers == 0 {
            return Ok(Self(None));
        }
        let (connector, base) = engine.graphql()?;
        let stop = CancellationToken::new();
        let until = stop.clone();
        let (done, asked) = oneshot::channel();
        on_own_runtime("load-readers", async move {
            let asked = ask(readers, connector, base, clock, until).await;
            // Nobody waits for it when the run was given up.
            let _ = done.send(asked);
        })?;
        Ok(Self(Some((stop.drop_guard(), asked))))
    }

    /// Ends them; `None` when there were none.
    pub(super) async fn end(self) -> Option<Asked> {
        let (stop, asked) = self.0?;
        drop(stop);
        asked.await.ok()
    }
}

/// Asks with `readers` at a time until `stop`.
async fn ask(
    readers: usize,
    connector: Connector,
    base: Uri,
    clock: Clock,
    stop: CancellationToken,
) -> Asked {
    let mut tasks = JoinSet::new();
    for _ in 0..readers {
        let (connector, base, clock) = (connector.clone(), base.clone(), clock.clone());
        let stop = stop.clone();
        tasks.spawn(async move {
            let mut asked = Asked::default();
            // Asking can be dropped at any moment; the answer under way does not count.
            stop.run_until_cancelled(reader(&connector, &base, &clock, &mut asked))
                .await;
            asked
        });
    }
    let mut all = Asked::default();
    while let Some(done) = tasks.join_next().await {
        let Ok(asked) = done else {
            all.errors += 1;
            continue;
        };
        all.latency.add(&asked.latency);
        all.errors += asked.errors;
    }
    all
}

async fn reader(connector: &Connector, base: &Uri, clock: &Clock, asked: &mut Asked) {
    loop {
        let Ok(mut client) = Client::connect(connector, base).await else {
            asked.errors += 1;
            sleep(RETRY).await;
            continue;
        };
        loop {
            let since_ns = clock.mono_ns();
            if client.ask(QUERY).await.is_err() {
                asked.errors += 1;
                break;
            }
            let took_ns = clock.mono_ns().saturating_sub(since_ns);
            asked.latency.record(took_ns, 1);
        }
    }
}
