//! A feed: one request at one rhythm, executed once a tick for all who sit at it.
//!
//! A tick executes the request on the newest snapshot and leaves the answer where every subscriber
//! finds it. The latest answer wins: who has not fetched the one before has missed it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::select;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::seat::Seat;
use super::seat::Tally;
use super::seat::Tick;
use super::works::Command;
use super::works::Works;
use crate::serve::graphql::ask::Ask;
use crate::serve::graphql::ask::Item;

/// When a feed ticks: at whole multiples of `interval` since `began`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    pub(super) began: Instant,
    pub(super) interval: Duration,
}

/// Where a feed stands in the hub.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) hub: mpsc::Sender<Command>,
    pub(super) phase: usize,
}

/// A running feed, as the hub holds it. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Feed {
    ticks: Arc<watch::Sender<Tick>>,
    tally: Tally,
    _ends: DropGuard,
}

impl Feed {
    /// Starts a feed with an answer to begin with.
    pub(super) fn start(
        ask: Ask,
        rhythm: Rhythm,
        first: Bytes,
        works: Works,
        place: Place,
    ) -> Self {
        let ticks = Arc::new(watch::Sender::new(Tick {
            number: 0,
            body: first,
            at: Instant::now(),
        }));
        let (stop, tally) = (works.stop.child_token(), Tally::default());
        let run = Run {
            ask,
            rhythm,
            ticks: Arc::clone(&ticks),
            works,
            place,
        };
        let (ending, skipped) = (stop.clone(), tally.clone());
        tokio::spawn(async move {
            let executed = run.until(&ending).await;
            let skipped = skipped.so_far();
            tracing::debug!(executed, skipped, "push: a feed has ended");
        });
        Self {
            ticks,
            tally,
            _ends: stop.drop_guard(),
        }
    }

    /// A place for one more subscriber.
    pub(super) fn seat(&self) -> Seat {
        Seat {
            ticks: self.ticks.subscribe(),
            tally: self.tally.clone(),
        }
    }

    /// How many sit at it.
    pub(super) fn subscribers(&self) -> usize {
        self.ticks.receiver_count()
    }

    /// Whether nobody sits at it.
    pub(super) fn is_deserted(&self) -> bool {
        self.ticks.is_closed()
    }

    /// Its latest answer.
    pub(super) fn latest(&self) -> Bytes {
        self.ticks.borrow().body.clone()
    }

    /// When that was made.
    pub(super) fn latest_at(&self) -> Instant {
        self.ticks.borrow().at
    }
}

impl Rhythm {
    /// The first tick after a moment.
    fn after(self, now: Instant) -> Instant {
        let since = now.saturating_duration_since(self.began).as_nanos();
        let interval = self.interval.as_nanos().max(1);
        let ticks = match now < self.began {
            true => 0,
            false => u32::try_from(since / interval + 1).unwrap_or(u32::MAX),
        };
        self.began + self.interval * ticks
    }
}

/// A feed's task.
struct Run {
    ask: Ask,
    rhythm: Rhythm,
    ticks: Arc<watch::Sender<Tick>>,
    works: Works,
    place: Place,
}

impl Run {
    /// Ticks until the feed ends; gives how often it did.
    async fn until(self, stop: &CancellationToken) -> u64 {
        let Self {
            ask,
            rhythm,
            ticks,
            works,
            place,
        } = self;
        let _counted = works.counters.feed();
        let mut number = 0;
        loop {
            select! {
                () = stop.cancelled() => return number,
                () = sleep_until(rhythm.after(Instant::now())) => {}
            }
            if ticks.is_closed() {
                // The hub decides, because it may be seating somebody at this moment.
                let word = Command::Deserted(ask.clone(), place.phase);
                if place.hub.send(word).await.is_err() {
                    return number;
                }
                continue;
            }
            match works.graphql.tick(&ask).await {
                Ok(Item::Next { body, .. }) => {
                    works.counters.executed();
                    number += 1;
                    ticks.send_replace(Tick {
                        number,
                        body,
                        at: Instant::now(),
                    });
                }
                // What was executed once is refused only when the server fails.
                Ok(Item::Refused(_)) | Err(_) => works.counters.failed(),
            }
        }
    }
}
