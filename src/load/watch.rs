//! Watches what readers can see, on a thread of its own, and keeps the tally.

use std::thread;
use std::time::Duration;

use hyper::Uri;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Progress;
use super::Second;
use super::graphql::Client;
use super::graphql::Unanswered;
use super::tally::Sight;
use super::tally::Tally;
use crate::net::Connector;
use crate::simulate::Account;
use crate::snapshot::Reader;
use crate::snapshot::Snapshot;
use crate::stream::StreamState;
use crate::time::Clock;

/// Between two looks at a snapshot: it bounds the precision and costs a few percent of a core.
const LOOK: Duration = Duration::from_micros(100);
/// Between two questions to an engine elsewhere, beside the time of the answer.
const POLL: Duration = Duration::from_millis(1);
/// How long after its end a second is closed when nothing of it is pending.
const SECOND_CLOSES_NS: u64 = 50_000_000;

/// How often the progress of the run is reported.
const TELL_NS: u64 = 10_000_000;

/// What is asked of an engine elsewhere.
const QUESTION: &str = r#"{"query":"{ counters { received shed } stream { state gapsTotal gaps(last: 100) { start end } } engine { ringDepth ringCapacity } }"}"#;

/// Keeps the tally and tells of it.
#[derive(Debug)]
pub(super) struct Watch {
    tally: Tally,
    clock: Clock,
    accounts: mpsc::UnboundedReceiver<Account>,
    seconds: mpsc::UnboundedSender<Second>,
    last_second: Option<Second>,
    progress: watch::Sender<Progress>,
    told_ns: u64,
    stop: CancellationToken,
}

impl Watch {
    /// A watch that has not looked yet. Each second goes to `seconds` when it is complete.
    pub(super) const fn new(
        tally: Tally,
        clock: Clock,
        accounts: mpsc::UnboundedReceiver<Account>,
        seconds: mpsc::UnboundedSender<Second>,
        progress: watch::Sender<Progress>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            tally,
            clock,
            accounts,
            seconds,
            last_second: None,
            progress,
            told_ns: 0,
            stop,
        }
    }

    /// Looks at the snapshots of an engine in this process until it is stopped.
    pub(super) fn of_process(mut self, reader: &Reader) -> Tally {
        while !self.stop.is_cancelled() {
            let sight = Sight::of(&reader.load());
            self.look(sight);
            thread::sleep(LOOK);
        }
        self.tally
    }

    /// Asks an engine elsewhere until it is stopped.
    ///
    /// # Errors
    /// When it no longer answers.
    pub(super) async fn of_target(mut self, mut target: Target) -> Result<Tally, String> {
        while !self.stop.is_cancelled() {
            let look = target.look().await.map_err(|why| why.to_string())?;
            let sight = look.sight();
            self.look(sight);
            tokio::time::sleep(POLL).await;
        }
        Ok(self.tally)
    }

    fn look(&mut self, sight: Sight) {
        let now_ns = self.clock.mono_ns();
        // What became visible was reported before it was sent.
        while let Ok(account) = self.accounts.try_recv() {
            self.tally.sent(account);
        }
        let (seconds, last) = (&self.seconds, &mut self.last_second);
        let mut closed = |second| {
            *last = Some(second);
            // Nobody listens once the run is over.
            let _ = seconds.send(second);
        };
        self.tally.seen(sight, now_ns, &mut closed);
        if self.tally.is_second_over(now_ns, SECOND_CLOSES_NS) {
            closed(self.tally.close_second());
        }
        if now_ns.saturating_sub(self.told_ns) >= TELL_NS {
            self.told_ns = now_ns;
            let progress = Progress::of(&self.tally, self.last_second);
            self.progress.send_replace(progress);
        }
    }
}

impl Sight {
    /// What a snapshot shows.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        Self {
            // What was shed never reached the writer's state.
            received: snapshot.counters.received - snapshot.counters.shed,
            is_live: snapshot.stream.state == StreamState::Live,
            gaps: snapshot.stream.gaps_total,
            ring_share: share(snapshot.ring.depth, snapshot.ring.capacity),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}

/// An engine elsewhere.
#[derive(Debug)]
pub(super) struct Target {
    client: Client,
}

impl Target {
    /// Connects to the GraphQL endpoint under `base`.
    ///
    /// # Errors
    /// One line that says why not.
    pub(super) async fn connect(connector: &Connector, base: &Uri) -> Result<Self, String> {
        let client = Client::connect(connector, base).await?;
        Ok(Self { client })
    }

    /// Asks once.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) async fn look(&mut self) -> Result<Look, Unanswered> {
        let answer = self.client.ask(QUESTION).await?;
        let answer: Answer = serde_json::from_slice(&answer).map_err(|_| Unanswered::Other)?;
        Ok(answer.data)
    }
}

#[derive(Debug, Deserialize)]
struct Answer {
    data: Look,
}

/// What an engine elsewhere answers.
#[derive(Debug, Deserialize)]
pub(super) struct Look {
    counters: LookCounters,
    stream: LookStream,
    engine: LookEngine,
}

#[derive(Debug, Deserialize)]
struct LookCounters {
    received: u64,
    shed: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LookStream {
    state: String,
    gaps_total: u64,
    gaps: Vec<LookGap>,
}

#[derive(Debug, Deserialize)]
struct LookGap {
    start: String,
    end: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LookEngine {
    ring_depth: u64,
    ring_capacity: u64,
}

impl Look {
    pub(super) fn sight(&self) -> Sight {
        Sight {
            received: self.counters.received - self.counters.shed,
            is_live: self.stream.state == "LIVE",
            gaps: self.stream.gaps_total,
            ring_share: share(self.engine.ring_depth, self.engine.ring_capacity),
        }
    }

    /// Starts and ends of the latest gaps, in milliseconds since 1970.
    pub(super) fn gaps_ms(&self) -> Vec<(u64, u64)> {
        let ms = |text: &str| {
            let at = humantime::parse_rfc3339(text).ok()?;
            let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
            u64::try_from(since.as_millis()).ok()
        };
        let gap = |gap: &LookGap| {
            let end = gap.end.as_deref().map_or(Some(u64::MAX), ms);
            Some((ms(&gap.start)?, end?))
        };
        self.stream.gaps.iter().filter_map(gap).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_from_elsewhere_is_read() {
        let text = r#"{"data":{"counters":{"received":12,"shed":2},"stream":{"state":"LIVE","gapsTotal":1,
            "gaps":[{"start":"1970-01-01T00:00:01.500Z","end":"1970-01-01T00:00:02.000Z"},
                    {"start":"1970-01-01T00:00:03.000Z","end":null}]},
            "engine":{"ringDepth":5,"ringCapacity":20}}}"#;
        let answer: Answer = serde_json::from_str(text).unwrap();
        let expected = Sight {
            received: 10,
            is_live: true,
            gaps: 1,
            ring_share: 0.25,
        };
        assert_eq!(answer.data.sight(), expected);
        assert_eq!(answer.data.gaps_ms(), [(1_500, 2_000), (3_000, u64::MAX)]);
    }
}
