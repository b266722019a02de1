//! Changes that wait to be sent, oldest first, and the attempts at the oldest: one at a time, with
//! growing random delays between them, until it is delivered or given up.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tracing::debug;
use tracing::info;
use tracing::warn;

use crate::alert::Outcome;
use crate::config::WebhookSettings;
use crate::config::limits;
use crate::net::Backoff;
use crate::ring::Mailbox;

use super::news::Change;
use super::post::Verdict;
use super::post::Webhook;

/// What waits, and what is being done about it.
pub(super) struct Outbox {
    webhook: Webhook,
    waiting: VecDeque<Change>,
    /// The attempt at the oldest; at most one, so that changes arrive in their order.
    in_flight: Option<Pin<Box<dyn Future<Output = Verdict> + Send>>>,
    /// Failed attempts at the oldest.
    attempts: u32,
    attempts_max: u32,
    /// No attempt before this moment.
    earliest: Instant,
    backoff: Backoff,
    outcomes: Mailbox<Outcome>,
}

impl Outbox {
    pub(super) fn new(
        settings: &WebhookSettings,
        webhook: Webhook,
        outcomes: Mailbox<Outcome>,
    ) -> Self {
        Self {
            webhook,
            waiting: VecDeque::new(),
            in_flight: None,
            attempts: 0,
            attempts_max: settings.attempts_max.max(1),
            earliest: Instant::now(),
            backoff: Backoff::new(settings.backoff_base, settings.backoff_cap),
            outcomes,
        }
    }

    /// Adds a change. When there is no room the oldest that is not being posted is given up: newer
    /// news is worth more.
    pub(super) fn put(&mut self, change: Change) {
        if self.waiting.len() >= limits::NOTIFICATIONS_WAITING_MAX {
            let oldest = usize::from(self.in_flight.is_some());
            if let Some(dropped) = self.waiting.remove(oldest) {
                if oldest == 0 {
                    self.begin_next();
                }
                self.give_up(&dropped, "webhook: too many notifications wait");
            }
        }
        self.waiting.push_back(change);
    }

    /// Whether there is anything to do.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Does one thing for the oldest change: waits for its time, then for the end of an attempt. May
    /// be dropped at any time; nothing is lost.
    pub(super) async fn progress(&mut self) {
        let Some(change) = self.waiting.front() else {
            return;
        };
        if self.in_flight.is_none() {
            sleep_until(self.earliest).await;
        }
        let in_flight = self.in_flight.get_or_insert_with(|| {
            let body = Bytes::from(change.json());
            Box::pin(self.webhook.clone().post(body))
        });
        let verdict = in_flight.as_mut().await;
        self.in_flight = None;
        self.settle(verdict);
    }

    fn settle(&mut self, verdict: Verdict) {
        self.attempts += 1;
        match verdict {
            Verdict::Delivered => {
                if let Some(change) = self.waiting.pop_front() {
                    info!(alert = change.alert, phase = change.phase, "notified");
                }
                self.outcomes.post(Outcome::Sent);
                self.begin_next();
            }
            Verdict::Later { why, after } if self.attempts < self.attempts_max => {
                let delay = self.backoff.next_delay();
                self.earliest = Instant::now() + after.map_or(delay, |after| after.max(delay));
                debug!(attempts = self.attempts, "{why}");
                self.outcomes.post(Outcome::Retried(why.into()));
            }
            Verdict::Later { why, after } => {
                self.earliest = Instant::now() + after.unwrap_or_default();
                self.give_up_oldest(&why);
            }
            Verdict::Never { why } => self.give_up_oldest(&why),
        }
    }

    fn give_up_oldest(&mut self, why: &str) {
        if let Some(change) = self.waiting.pop_front() {
            self.give_up(&change, why);
        }
        self.begin_next();
    }

    /// The next change has all its attempts before it; what the receiver asked to wait still holds.
    fn begin_next(&mut self) {
        self.attempts = 0;
        self.backoff.reset();
    }

    fn give_up(&self, change: &Change, why: &str) {
        warn!(
            alert = change.alert,
            phase = change.phase,
            "{why}; given up"
        );
        self.outcomes.post(Outcome::Failed(why.into()));
    }
}
