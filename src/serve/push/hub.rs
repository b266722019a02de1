//! Who is subscribed to what: the same request of many clients is one topic, executed once a tick.
//!
//! One task owns the topics; subscribing is a message to it, so nothing is locked. A topic has feeds,
//! one for each phase in use: its interval is split into slices of 50 ms or more, and a feed writes to
//! its subscribers at its own slice. A feed takes 64 subscribers before the next one is begun, so that
//! few clients share one execution, and thousands are written to evenly over the interval instead of
//! all at once, which would keep the workers from everything else for that long.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use crate::serve::graphql::ServerError;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::feed::Feed;
use super::feed::Place;
use super::feed::Rhythm;
use super::seat::Seat;
use super::subscriber::Subscriber;
use super::works::Command;
use super::works::Works;
use crate::config::limits;
use crate::serve::graphql;
use crate::serve::graphql::GraphQl;
use crate::serve::graphql::ask::Ask;
use crate::serve::graphql::ask::Item;
use crate::serve::graphql::execute::Unfinished;
use crate::serve::push_counters::PushCounters;

/// Commands waiting for the hub's task; who sends more waits.
const COMMANDS_WAITING_MAX: usize = 1_024;

/// The code of an operation for which there is no room.
pub(super) const TOO_MANY: &str = "TOO_MANY_SUBSCRIPTIONS";

/// Why there is no subscription.
#[derive(Debug)]
pub(super) enum Declined {
    /// It cannot be executed.
    Refused(Vec<ServerError>),
    /// Its first answer was not done in time.
    Unfinished(Unfinished),
    /// There are as many subscriptions as may be.
    Full,
    /// The server stops.
    Stopping,
}

impl Declined {
    /// What the client is sent.
    pub(super) fn errors(self) -> Vec<ServerError> {
        let error = match self {
            Self::Refused(errors) => return errors,
            Self::Unfinished(why) => graphql::unfinished(why),
            Self::Full => {
                let message = "subscription: as many as this server takes already; ask later";
                graphql::error(message.to_owned(), TOO_MANY)
            }
            Self::Stopping => graphql::unfinished(Unfinished::Lost),
        };
        vec![error]
    }
}

/// Where subscriptions are asked for.
#[derive(Debug)]
pub(in crate::serve) struct Hub {
    works: Works,
    slots: Arc<Semaphore>,
    /// Begun with the first subscription, for which there is a runtime.
    commands: OnceLock<mpsc::Sender<Command>>,
    _ends: DropGuard,
}

impl Hub {
    /// A hub without topics, until `stop` or until it is dropped.
    pub(in crate::serve) fn new(
        graphql: Arc<GraphQl>,
        counters: PushCounters,
        stop: &CancellationToken,
    ) -> Self {
        let stop = stop.child_token();
        Self {
            works: Works {
                graphql,
                counters,
                stop: stop.clone(),
            },
            slots: Arc::new(Semaphore::new(limits::SUBSCRIPTIONS_MAX)),
            commands: OnceLock::new(),
            _ends: stop.drop_guard(),
        }
    }

    /// Subscribes. Who asks for what nobody else has asked for waits for its first execution; others
    /// get the latest answer, which is at most one interval old.
    pub(super) async fn subscribe(&self, ask: Ask) -> Result<Subscriber, Declined> {
        let slot = Arc::clone(&self.slots)
            .try_acquire_owned()
            .map_err(|_| Declined::Full)?;
        if let Some(seat) = self.ask(|reply| Command::Join(ask.clone(), reply)).await? {
            return Ok(self.subscriber(seat, slot));
        }
        let works = &self.works;
        let item = works.graphql.tick(&ask).await;
        let (interval, first) = match item.map_err(Declined::Unfinished)? {
            Item::Next { interval, body } => (interval, body),
            Item::Refused(errors) => return Err(Declined::Refused(errors)),
        };
        works.counters.executed();
        let open = |reply| Command::Open {
            ask,
            interval,
            first,
            reply,
        };
        match self.ask(open).await? {
            Some(seat) => Ok(self.subscriber(seat, slot)),
            None => Err(Declined::Full),
        }
    }

    fn subscriber(&self, seat: Seat, slot: OwnedSemaphorePermit) -> Subscriber {
        Subscriber::new(seat, self.works.counters.clone(), slot)
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Declined> {
        let commands = self.commands.get_or_init(|| {
            let (commands, waiting) = mpsc::channel(COMMANDS_WAITING_MAX);
            let topics = Topics::new(self.works.clone(), commands.clone());
            tokio::spawn(topics.run(waiting));
            commands
        });
        let (reply, answer) = oneshot::channel();
        let sent = commands.send(command(reply)).await;
        sent.map_err(|_| Declined::Stopping)?;
        answer.await.map_err(|_| Declined::Stopping)
    }
}

/// The hub's task and all it owns.
struct Topics {
    works: Works,
    /// For the feeds, to say that they are deserted.
    commands: mpsc::Sender<Command>,
    topics: HashMap<Ask, Topic>,
    /// Spreads topics of one interval over it.
    spread: RandomState,
    began: Instant,
}

struct Topic {
    interval: Duration,
    /// Where in the interval the first phase lies.
    offset: Duration,
    /// By phase.
    feeds: Vec<Option<Feed>>,
}

impl Topics {
    fn new(works: Works, commands: mpsc::Sender<Command>) -> Self {
        Self {
            works,
            commands,
            topics: HashMap::new(),
            spread: RandomState::new(),
            began: Instant::now(),
        }
    }

    async fn run(mut self, mut waiting: mpsc::Receiver<Command>) {
        let stop = self.works.stop.clone();
        while let Some(Some(command)) = stop.run_until_cancelled(waiting.recv()).await {
            match command {
                // Who does not wait for a reply any more drops the seat, which is as well.
                Command::Join(ask, reply) => drop(reply.send(self.join(&ask, None))),
                Command::Open {
                    ask,
                    interval,
                    first,
                    reply,
                } => drop(reply.send(self.open(ask, interval, first))),
                Command::Deserted(ask, phase) => self.close(&ask, phase),
            }
        }
    }

    fn open(&mut self, ask: Ask, interval: Duration, first: Bytes) -> Option<Seat> {
        if !self.topics.contains_key(&ask) {
            if self.topics.len() >= limits::TOPICS_MAX {
                return None;
            }
            let topic = Topic::new(interval, self.spread.hash_one(&ask));
            self.topics.insert(ask.clone(), topic);
        }
        self.join(&ask, Some(first))
    }

    /// A seat at a topic, if it is known: at a feed that has room, else at a new one, else at the one
    /// with the fewest subscribers.
    fn join(&mut self, ask: &Ask, first: Option<Bytes>) -> Option<Seat> {
        let topic = self.topics.get_mut(ask)?;
        let first = first.or_else(|| topic.latest())?;
        let phase = topic.choose();
        let rhythm = topic.rhythm(self.began, phase);
        let feed = topic.feeds[phase].get_or_insert_with(|| {
            let place = Place {
                hub: self.commands.clone(),
                phase,
            };
            Feed::start(ask.clone(), rhythm, first, self.works.clone(), place)
        });
        Some(feed.seat())
    }

    /// Ends a feed unless somebody has come meanwhile. Nobody comes but through here.
    fn close(&mut self, ask: &Ask, phase: usize) {
        let Some(topic) = self.topics.get_mut(ask) else {
            return;
        };
        topic.feeds[phase].take_if(|feed| feed.is_deserted());
        if topic.feeds.iter().all(Option::is_none) {
            self.topics.remove(ask);
        }
    }
}

impl Topic {
    fn new(interval: Duration, hash: u64) -> Self {
        let ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        let slices = usize::try_from(ms / limits::FEED_SLICE_MS).unwrap_or(usize::MAX);
        let phases = slices.clamp(1, limits::FEED_PHASES_MAX);
        Self {
            interval,
            offset: Duration::from_millis(hash % ms.max(1)),
            feeds: (0..phases).map(|_| None).collect(),
        }
    }

    /// The phase for the next subscriber.
    fn choose(&self) -> usize {
        let running = |phase: &usize| self.feeds[*phase].is_some();
        let subscribers = |phase: &usize| self.feeds[*phase].as_ref().map_or(0, Feed::subscribers);
        let has_room = |phase: &usize| subscribers(phase) < limits::FEED_SUBSCRIBERS_FULL;
        let phases = 0..self.feeds.len();
        let with_room = phases
            .clone()
            .find(|phase| running(phase) && has_room(phase));
        with_room
            .or_else(|| phases.clone().find(|phase| !running(phase)))
            .or_else(|| phases.clone().min_by_key(subscribers))
            .unwrap_or(0)
    }

    fn rhythm(&self, began: Instant, phase: usize) -> Rhythm {
        let phases = u32::try_from(self.feeds.len()).unwrap_or(u32::MAX);
        let slices = u32::try_from(phase).unwrap_or(u32::MAX);
        // Within one interval of the beginning, so that nobody waits for longer.
        let mut into = self.offset + self.interval / phases * slices;
        if into >= self.interval {
            into -= self.interval;
        }
        Rhythm {
            began: began + into,
            interval: self.interval,
        }
    }

    /// The newest answer of any feed.
    fn latest(&self) -> Option<Bytes> {
        let feeds = self.feeds.iter().flatten();
        feeds.max_by_key(|feed| feed.latest_at()).map(Feed::latest)
    }
}

#[cfg(test)]
mod tests;
