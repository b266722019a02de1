//! Readers beside the load: each asks one query after another on a connection of its own.

use hyper::Uri;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::graphql::Client;
use crate::latency::Histogram;
use crate::net::Connector;
use crate::time::Clock;

/// The four main numbers.
const QUERY: &str = r#"{"query":"{ realTimeMetrics { activeSessions totalConnections avgSessionDurationMs messagesPerMinute } }"}"#;

/// What readers have seen.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// How long answers took.
    pub(super) latency: Histogram,
    /// Requests without a good answer.
    pub(super) errors: u64,
}

/// Asks with `readers` at a time until `stop`.
pub(super) async fn ask(
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
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
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
