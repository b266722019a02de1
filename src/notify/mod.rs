//! Notifications: one JSON object is posted to a webhook when an alert begins to fire, and one when it
//! ends.
//!
//! ```text
//!  news        snapshots → what has changed
//!  outbox      a bounded queue, the attempts at its oldest, when to try again
//!  post        one attempt: connection, request, verdict
//! ```
//!
//! A task of the engine's runtime reads snapshots like any reader, a few times a second, and never
//! waits for the writer, nor the writer for it: what became of each attempt goes into a mailbox that
//! the writer empties when it looks at the alerts. A change that is over before it was seen is no news.

mod news;
mod outbox;
mod post;

use std::time::Duration;

use tokio::select;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::alert::Outcome;
use crate::config::WebhookSettings;
use crate::net::Connector;
use crate::net::NetError;
use crate::ring::Mailbox;
use crate::snapshot::Reader;
use crate::time::Clock;

use news::News;
use outbox::Outbox;
use post::Webhook;

/// How often snapshots are looked at; alerts change once a second.
const LOOK: Duration = Duration::from_millis(200);

/// A running task that tells of alerts.
#[derive(Debug)]
pub struct Notifier {
    stop: CancellationToken,
    task: JoinHandle<()>,
    drain: Duration,
}

impl Notifier {
    /// Starts the task; must be called inside a runtime. What becomes of each attempt goes into
    /// `outcomes`.
    ///
    /// # Errors
    /// When the URL cannot be posted to.
    pub fn start(
        settings: &WebhookSettings,
        connector: Connector,
        reader: Reader,
        outcomes: Mailbox<Outcome>,
        clock: Clock,
    ) -> Result<Self, NetError> {
        let webhook = Webhook::new(settings, connector, clock)?;
        let stop = CancellationToken::new();
        let outbox = Outbox::new(settings, webhook, outcomes);
        let task = tokio::spawn(watch(reader, outbox, stop.clone()));
        Ok(Self {
            stop,
            task,
            drain: settings.drain,
        })
    }

    /// Looks once more, tries for a moment to deliver what waits, and drops the rest.
    pub async fn stop(self) {
        self.stop.cancel();
        let abort = self.task.abort_handle();
        if timeout(self.drain, self.task).await.is_err() {
            abort.abort();
            warn!("notify: notifications dropped at the end");
        }
    }
}

/// Looks for news and delivers them, until asked to stop; then delivers what waits.
async fn watch(reader: Reader, mut outbox: Outbox, stop: CancellationToken) {
    let mut news = News::default();
    let mut look_at = Instant::now();
    loop {
        select! {
            () = stop.cancelled() => break,
            () = sleep_until(look_at) => {
                look_at = Instant::now() + LOOK;
                for change in news.of(&reader.load()) {
                    outbox.put(change);
                }
            }
            () = outbox.progress(), if outbox.is_waiting() => {}
        }
    }
    for change in news.of(&reader.load()) {
        outbox.put(change);
    }
    while outbox.is_waiting() {
        outbox.progress().await;
    }
}
