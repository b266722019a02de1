//! Posting by the clock: what has happened is posted, and what is to come waited for.

use std::time::Duration;

use hyper::Uri;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::body::BodyForm;
use super::conveyor::Conveyor;
use super::conveyor::Element;
use super::credential::SenderCredential;
use super::sender::PostFailure;
use super::sender::Sender;
use super::tally::PostTally;
use crate::config::Dialect;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::NetError;
use crate::simulate::centre::CentrePlan;
use crate::simulate::centre::Speed;
use crate::simulate::fault::Fault;
use crate::simulate::ledger::Ledger;
use crate::time::Clock;

/// How long what has happened may wait for more of the same request.
const GATHER: Duration = Duration::from_millis(50);
/// How often somebody who asks is answered while nothing happens.
const LOOK: Duration = Duration::from_millis(200);

/// What is posted where, and how.
#[derive(Clone, Debug)]
pub struct PostingSettings {
    /// The endpoint.
    pub url: Uri,
    /// What it asks for.
    pub credential: SenderCredential,
    /// The dialect of the endpoint; no mapping.
    pub dialect: Dialect,
    /// How requests are put together.
    pub form: BodyForm,
    /// Events in a request at the most, at least 1.
    pub batch: usize,
    /// The centre. What happened before now is posted at once.
    pub plan: CentrePlan,
    /// How many times as fast as real time, from the plan's start on.
    pub speed: Speed,
    /// Faults of events, bodies and answers.
    pub faults: Vec<Fault>,
    /// How long to go on without an answer.
    pub patience: Duration,
    /// After how many events it ends; `None` for never.
    pub events: Option<u64>,
    /// Which abandons are short, in milliseconds.
    pub short_abandon_ms: u64,
}

impl PostingSettings {
    /// How long to go on without an answer.
    pub const PATIENCE: Duration = Duration::from_secs(60);
    /// Events in a request at the most.
    pub const BATCH: usize = 100;
}

/// A centre that posts.
#[derive(Debug)]
pub struct Posting {
    conveyor: Conveyor,
    sender: Sender,
    clock: Clock,
    batch: usize,
    events: Option<u64>,
    waiting: Vec<Element>,
}

impl Posting {
    /// Makes one; it connects to nothing yet.
    ///
    /// # Errors
    /// The URL is none that secrets may be sent to, or the dialect is a mapping.
    pub fn new(
        settings: PostingSettings,
        connector: Connector,
        clock: Clock,
    ) -> Result<Self, PostingFault> {
        let endpoint = Endpoint::new(&settings.url)?;
        let seed = settings.plan.seed;
        let conveyor = Conveyor::new(
            settings.plan,
            settings.speed,
            settings.dialect.clone(),
            &settings.faults,
            settings.short_abandon_ms,
        );
        let sender = Sender::new(
            endpoint,
            connector,
            settings.credential,
            (settings.dialect, settings.form),
            (&settings.faults, seed),
            settings.patience,
            clock.clone(),
        );
        Ok(Self {
            conveyor: conveyor.ok_or(PostingFault::Mapping)?,
            sender,
            clock,
            batch: settings.batch.max(1),
            events: settings.events,
            waiting: Vec::new(),
        })
    }

    /// Posts until it is asked to stop, has posted all it is to, or cannot go on. `look` sees what was
    /// posted a few times a second. What was taken from the centre is posted before it ends, within
    /// [`Posting::LAST_POSTS`].
    ///
    /// # Errors
    /// Why it cannot go on.
    pub async fn run(
        &mut self,
        stop: &CancellationToken,
        mut look: impl FnMut(&PostTally, &Ledger),
    ) -> Result<(), PostFailure> {
        while !stop.is_cancelled() && !self.is_done() {
            self.gather();
            if self.waiting.is_empty() {
                look(&self.sender.tally, self.conveyor.ledger());
                let wait = Duration::from_millis(self.conveyor.next_at().since(self.clock.wall()));
                tokio::select! {
                    () = sleep(wait.max(GATHER).min(LOOK)) => {}
                    () = stop.cancelled() => {}
                }
                continue;
            }
            self.post_waiting(stop).await?;
            look(&self.sender.tally, self.conveyor.ledger());
        }
        self.conveyor.drain(&mut self.waiting);
        self.post_waiting(stop).await?;
        look(&self.sender.tally, self.conveyor.ledger());
        Ok(())
    }

    /// How long what was taken is still posted after it was asked to stop.
    pub const LAST_POSTS: Duration = Duration::from_secs(3);

    /// What was posted.
    pub const fn tally(&self) -> &PostTally {
        &self.sender.tally
    }

    /// What an engine must show of it.
    pub const fn ledger(&self) -> &Ledger {
        self.conveyor.ledger()
    }

    /// In which dialect it posts.
    pub const fn dialect(&self) -> &Dialect {
        &self.sender.dialect
    }

    /// Takes what has happened by now, up to what fills a request.
    fn gather(&mut self) {
        let now = self.clock.wall();
        self.conveyor.release(now, &mut self.waiting);
        while self.waiting.len() < self.batch && !self.is_done() && self.conveyor.next_at() <= now {
            self.conveyor.take(&mut self.waiting);
        }
    }

    fn is_done(&self) -> bool {
        self.events
            .is_some_and(|events| self.conveyor.sequence() >= events)
    }

    async fn post_waiting(&mut self, stop: &CancellationToken) -> Result<(), PostFailure> {
        let given_up = async {
            stop.cancelled().await;
            sleep(Self::LAST_POSTS).await;
        };
        tokio::pin!(given_up);
        while !self.waiting.is_empty() {
            let rest = self.waiting.split_off(self.waiting.len().min(self.batch));
            let elements = std::mem::replace(&mut self.waiting, rest);
            tokio::select! {
                biased;
                posted = self.sender.post(elements) => posted?,
                () = &mut given_up => self.waiting.clear(),
            }
        }
        Ok(())
    }
}

/// Why nothing can be posted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostingFault {
    /// The URL is none that secrets may be sent to.
    #[error(transparent)]
    Url(#[from] NetError),
    /// Only its author knows what a mapping reads.
    #[error("a mapping cannot be written; choose a preset")]
    Mapping,
}
