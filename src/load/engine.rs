//! The engine under load, in this process or elsewhere, as a run needs it.

use std::time::Duration;

use hyper::Uri;
use tokio::time::sleep;
use tokio::time::timeout;

use super::LoadError;
use super::LoadSettings;
use super::rig::Sender;
use super::standby;
use super::tally::Sight;
use super::watch::Target;
use crate::engine;
use crate::histogram::FineHistogram;
use crate::latency::Stage;
use crate::net::Connector;
use crate::snapshot::Reader;
use crate::time::Clock;

/// How long an engine in this process may take to be live.
const LIVE_WITHIN: Duration = Duration::from_secs(15);
/// How often it is looked at until then.
const LOOK: Duration = Duration::from_millis(20);

/// How long the engine's own latencies may take to hold the last events: it sums up once a second.
const ARRIVAL_WITHIN: Duration = Duration::from_secs(5);

/// How far a loss may lie outside a gap. Times of day have milliseconds, and four of them meet: that of
/// the start, the way from there to the loss, an event's time and a read's.
const GAP_TOLERANCE_MS: u64 = 4;

/// The engine under load.
#[derive(Debug)]
pub(super) enum Engine {
    /// In this process.
    Here(Box<engine::Engine>),
    /// Elsewhere, by its base URL.
    Elsewhere(Connector, Uri),
}

/// The books of an engine at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Books {
    /// Starts and ends of the latest gaps, in milliseconds since 1970.
    pub(super) gaps_ms: Vec<(u64, u64)>,
    /// Gaps so far.
    pub(super) gaps: u64,
    /// Events in none or several of its counters; 0 unless it is defective.
    pub(super) accounting_gap: i128,
    /// From arrival to visible as it measured it, where it can be read.
    pub(super) arrival: Option<FineHistogram>,
}

impl Books {
    /// Whether a gap covers a moment, in milliseconds since 1970. Before the oldest gap that is still
    /// known nothing is held against an engine that has had more of them.
    pub(super) fn is_in_gap(&self, at_ms: u64) -> bool {
        let oldest_ms = self.gaps_ms.iter().map(|(start, _)| *start).min();
        if self.gaps > self.gaps_ms.len() as u64 && oldest_ms.is_none_or(|start| at_ms < start) {
            return true;
        }
        self.gaps_ms.iter().any(|(start, end)| {
            *start <= at_ms + GAP_TOLERANCE_MS && at_ms <= end.saturating_add(GAP_TOLERANCE_MS)
        })
    }
}

impl Engine {
    /// Starts one in this process, or says how to start the one elsewhere.
    pub(super) async fn start(
        settings: &LoadSettings,
        sender: &Sender,
        clock: Clock,
        announce: &mut impl FnMut(&str),
    ) -> Result<Self, LoadError> {
        let Some(base) = &settings.target else {
            let engine = sender.engine(settings.profile, clock).await?;
            return Ok(Self::Here(Box::new(engine)));
        };
        announce(&format!("token   {}", sender.token_url));
        announce(&format!("stream  {}", sender.stream_url));
        announce(&format!(
            "waiting for {base} to be live on it: streamgauge serve --token-url {} --stream-url {}",
            sender.token_url, sender.stream_url
        ));
        Ok(Self::Elsewhere(connector()?, base.clone()))
    }

    /// Waits until its stream is live; one elsewhere may take `target_wait`, because somebody has yet to
    /// start it.
    pub(super) async fn live(&self, target_wait: Duration) -> Result<(), LoadError> {
        match self {
            Self::Here(engine) => {
                let reader = engine.reader();
                let is_live = async {
                    while !Sight::of(&reader.load()).is_live {
                        sleep(LOOK).await;
                    }
                };
                timeout(LIVE_WITHIN, is_live).await.map_err(|_| {
                    let why = reader.load().stream.last_error.clone();
                    let why = why.as_deref().unwrap_or("no reason given").to_owned();
                    LoadError::Failed("engine", format!("not live: {why}"))
                })
            }
            Self::Elsewhere(connector, base) => {
                let live = standby::live(connector, base, target_wait).await;
                live.map_err(elsewhere)
            }
        }
    }

    /// What a reader sees of it now.
    pub(super) async fn sight(&self) -> Result<Sight, LoadError> {
        match self {
            Self::Here(engine) => Ok(Sight::of(&engine.reader().load())),
            Self::Elsewhere(connector, base) => {
                let mut target = target(connector, base).await?;
                let look = target
                    .look()
                    .await
                    .map_err(|why| elsewhere(why.to_string()))?;
                Ok(look.sight())
            }
        }
    }

    /// Its snapshots, where they can be read.
    pub(super) fn reader(&self) -> Option<Reader> {
        match self {
            Self::Here(engine) => Some(engine.reader()),
            Self::Elsewhere(..) => None,
        }
    }

    /// How to connect to it, and its base URL.
    pub(super) fn graphql(&self) -> Result<(Connector, Uri), LoadError> {
        match self {
            Self::Here(engine) => {
                let base = format!("http://{}", engine.local_addr());
                let base = base
                    .parse()
                    .map_err(|_| LoadError::Failed("engine", format!("no URL: {base}")))?;
                Ok((connector()?, base))
            }
            Self::Elsewhere(connector, base) => Ok((connector.clone(), base.clone())),
        }
    }

    /// Its books.
    pub(super) async fn books(&self) -> Result<Books, LoadError> {
        match self {
            Self::Here(engine) => {
                let reader = engine.reader();
                // A summary that never holds them all is shown as it is.
                let _ = timeout(ARRIVAL_WITHIN, summed_up(&reader)).await;
                let snapshot = reader.load();
                let ms = |ms: i64| u64::try_from(ms).unwrap_or_default();
                let gaps = snapshot.stream.gaps.iter().map(|gap| {
                    let end = gap.end.map_or(u64::MAX, |end| ms(end.ms()));
                    (ms(gap.start.ms()), end)
                });
                Ok(Books {
                    gaps_ms: gaps.collect(),
                    gaps: snapshot.stream.gaps_total,
                    accounting_gap: snapshot.counters.accounting_gap(),
                    arrival: Some(snapshot.latency.since_start[Stage::Visible.index()].clone()),
                })
            }
            Self::Elsewhere(connector, base) => {
                let mut target = target(connector, base).await?;
                let look = target
                    .look()
                    .await
                    .map_err(|why| elsewhere(why.to_string()))?;
                Ok(Books {
                    gaps_ms: look.gaps_ms(),
                    gaps: look.sight().gaps,
                    accounting_gap: 0,
                    arrival: None,
                })
            }
        }
    }

    /// Ends it, if it is ours.
    pub(super) async fn stop(self) -> Result<(), LoadError> {
        match self {
            Self::Here(engine) => {
                let ended = engine.shutdown().await;
                ended.map_err(|error| LoadError::failed("engine", error))
            }
            Self::Elsewhere(..) => Ok(()),
        }
    }
}

/// Waits until the engine's own latencies hold every event that it has taken.
async fn summed_up(reader: &Reader) {
    loop {
        let snapshot = reader.load();
        let counters = &snapshot.counters;
        let taken = counters.applied + counters.duplicates + counters.late + counters.future;
        if snapshot.latency.since_start[Stage::Visible.index()].count() >= taken {
            return;
        }
        drop(snapshot);
        sleep(LOOK).await;
    }
}

fn connector() -> Result<Connector, LoadError> {
    Connector::new(None).map_err(|error| LoadError::failed("engine", error))
}

async fn target(connector: &Connector, base: &Uri) -> Result<Target, LoadError> {
    Target::connect(connector, base).await.map_err(elsewhere)
}

fn elsewhere(why: String) -> LoadError {
    LoadError::Failed("engine", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_excuses_what_lies_in_it_and_nothing_else() {
        let books = Books {
            gaps_ms: vec![(100, 200), (500, u64::MAX)],
            gaps: 2,
            accounting_gap: 0,
            arrival: None,
        };
        for (at_ms, expected) in [
            (95, false),
            (96, true),
            (204, true),
            (205, false),
            (900, true),
        ] {
            assert_eq!(books.is_in_gap(at_ms), expected, "{at_ms}");
        }
        // Of three gaps two are still known: what lies before them may have been in the third.
        let more = Books { gaps: 3, ..books };
        for (at_ms, expected) in [(99, true), (50, true), (300, false)] {
            assert_eq!(more.is_in_gap(at_ms), expected, "{at_ms}");
        }
    }
}
