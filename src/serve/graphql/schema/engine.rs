//! The process itself.

use std::time::Duration;

use async_graphql::Enum;
use async_graphql::Object;
use async_graphql::SimpleObject;

use super::View;
use super::scalar::Count;
use crate::config::WaitLevels;
use crate::config::duration::millis;
use crate::post::Outcome;
use crate::pulse::Beat;
use crate::pulse::Part;
use crate::serve::post_counters::PostCounts;
use crate::serve::push_counters::PushCounts;
use crate::snapshot::SessionStats;
use crate::stderr;

/// The engine at the moment of a request.
#[derive(Debug)]
pub(super) struct Engine(pub(super) View);

/// The process that answers.
#[Object]
impl Engine {
    /// The program's version.
    async fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// A random number drawn at the start, 16 hexadecimal digits: answers with different ones come
    /// from different processes, and their sequences do not compare.
    async fn engine_id(&self) -> String {
        format!("{:016x}", self.0.snapshot.engine_id)
    }

    /// When the server of this process began to listen, RFC 3339 in UTC with milliseconds.
    async fn started_at(&self) -> String {
        self.0.started.to_string()
    }

    /// Milliseconds since `startedAt`, by a clock that never steps. Depends on the moment of asking.
    #[graphql(cache_control(no_cache))]
    async fn uptime_ms(&self) -> Count {
        Count(self.0.uptime_ms)
    }

    /// How far the machine's clock is behind the engine clock, in milliseconds: 0 unless it was set
    /// back. Beyond the allowed skew the engine clock is set back to it after 5 s.
    async fn clock_behind_ms(&self) -> Count {
        Count(self.0.snapshot.clock.behind_ms)
    }

    /// Whether the machine's clock ran ahead of elapsed time by more than the allowed skew within the
    /// last minute (it was set, or the machine slept): it is followed, but nothing expires and no
    /// session is evicted meanwhile.
    async fn clock_on_hold(&self) -> bool {
        self.0.snapshot.clock.is_on_hold
    }

    /// Events waiting in the ring when the snapshot was published.
    async fn ring_depth(&self) -> Count {
        Count(self.0.snapshot.ring.depth)
    }

    /// Events the ring has room for.
    async fn ring_capacity(&self) -> Count {
        Count(self.0.snapshot.ring.capacity)
    }

    /// The most events the writer ever saw waiting in the ring.
    async fn ring_high_water(&self) -> Count {
        Count(self.0.snapshot.ring.high_water)
    }

    /// Rows of the session table: open sessions, closed ones still remembered, and disconnects
    /// waiting for their connect.
    async fn sessions_tracked(&self) -> Count {
        let SessionStats {
            open,
            pending,
            closed,
            ..
        } = self.0.snapshot.sessions;
        Count(open + pending + closed)
    }

    /// Memory of the session table, rows and index, in bytes.
    async fn session_bytes(&self) -> Count {
        Count(self.0.snapshot.sessions.bytes)
    }

    /// The snapshot's place in the order of publishing; never goes back within one `engineId`.
    async fn snapshot_sequence(&self) -> Count {
        Count(self.0.snapshot.sequence)
    }

    /// Milliseconds since the snapshot was published, by the wall clock. Depends on the moment of
    /// asking.
    #[graphql(cache_control(no_cache))]
    async fn snapshot_age_ms(&self) -> Count {
        Count(self.0.wall.since(self.0.snapshot.published))
    }

    /// Lines of the log that were dropped since the start because nobody read standard error, or it
    /// could not be written. Depends on the moment of asking.
    #[graphql(cache_control(no_cache))]
    async fn log_dropped(&self) -> Count {
        Count(stderr::dropped())
    }

    /// From when on the page colours a group whose guests wait for a reply: the settings
    /// `awaiting-warning` and those after it.
    async fn wait_levels(&self) -> WaitingLevels {
        WaitingLevels::new(self.0.wait_levels)
    }

    /// Why `/readyz` would answer 503, one line for each reason; empty while it would answer 200.
    /// Depends on the moment of asking.
    #[graphql(cache_control(no_cache))]
    async fn not_ready(&self) -> Vec<String> {
        self.0.readiness().reasons
    }

    /// How the parts of the pipeline do, in flow order, reported by themselves and not by the snapshot.
    /// Depends on the moment of asking.
    #[graphql(cache_control(no_cache))]
    async fn pipeline(&self) -> Vec<PartBeat> {
        self.0.beats.iter().map(PartBeat::new).collect()
    }

    /// What is pushed to subscribers, in numbers. Depends on the moment of asking.
    #[graphql(cache_control(no_cache))]
    async fn push(&self) -> Push {
        Push::new(self.0.push)
    }

    /// What was posted to the endpoints for events, in the order of the settings; empty without any.
    /// Depends on the moment of asking.
    #[graphql(cache_control(no_cache))]
    async fn push_endpoints(&self) -> Vec<PushEndpoint> {
        let counts = self.0.posts.now().into_iter();
        counts.map(PushEndpoint::new).collect()
    }
}

/// From when on a group whose guests wait for a reply is in trouble; null where a level is off. The number
/// of guests counts while the group is silent: while nobody in it got a reply in the last minute.
#[derive(Debug, SimpleObject)]
pub(super) struct WaitingLevels {
    /// Guests waiting in a silent group: a warning from here on.
    awaiting_warning: Option<Count>,
    /// Guests waiting in a silent group: critical from here on.
    awaiting_critical: Option<Count>,
    /// How long a guest has waited, in milliseconds: a warning from here on.
    longest_warning_ms: Option<Count>,
    /// How long a guest has waited, in milliseconds: critical from here on.
    longest_critical_ms: Option<Count>,
}

impl WaitingLevels {
    fn new(levels: WaitLevels) -> Self {
        let level = |number: u64| (number > 0).then_some(Count(number));
        Self {
            awaiting_warning: level(levels.awaiting_warning),
            awaiting_critical: level(levels.awaiting_critical),
            longest_warning_ms: level(millis(levels.longest_warning)),
            longest_critical_ms: level(millis(levels.longest_critical)),
        }
    }
}

/// The heartbeat of a part of the pipeline.
#[derive(Debug, SimpleObject)]
pub(super) struct PartBeat {
    /// Which part.
    part: PipelinePart,
    /// Of ingest: the input that beat longest ago, as `source/shard#instance`; null for the other parts,
    /// and while no input has to beat.
    input: Option<String>,
    /// Milliseconds since its last sign of life; of the ring, for how long batches have waited and none
    /// was taken, 0 while none waits. Null before it has begun.
    last_beat_ms: Option<Count>,
    /// How long that may be, in milliseconds.
    deadline_ms: Count,
    /// Whether it is longer, and no other part is the reason.
    late: bool,
}

impl PartBeat {
    fn new(beat: &Beat) -> Self {
        let ms = |length: Duration| Count(u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
        Self {
            part: beat.part.into(),
            input: beat.input.map(|id| id.to_string()),
            last_beat_ms: beat.age.map(ms),
            deadline_ms: ms(beat.deadline),
            late: beat.is_late,
        }
    }
}

/// A part of the pipeline, in flow order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Part")]
pub(super) enum PipelinePart {
    /// Reads the stream and fills the ring. It is not late while it waits for a full ring.
    Ingest,
    /// Batches of events between ingest and the writer.
    Ring,
    /// Takes batches and applies them.
    Writer,
    /// Publishes snapshots.
    Publisher,
}

/// What is pushed to subscribers. The same request in the same interval is executed and serialised
/// once a tick for all who ask for it; where they are many, they are spread over the interval, and
/// each part is a feed of its own.
#[derive(Debug, SimpleObject)]
pub(super) struct Push {
    /// WebSockets open now.
    sockets: Count,
    /// Subscriptions open now, over WebSockets and server-sent events.
    subscribers: Count,
    /// Feeds running now: one for each different request, interval and part of the interval.
    feeds: Count,
    /// Executions by feeds since `startedAt`.
    executed: Count,
    /// Ticks of feeds since `startedAt` at which the execution was not done within the deadline.
    failed: Count,
    /// Answers handed to subscribers since `startedAt`.
    sent: Count,
    /// Answers that a subscriber missed since `startedAt` because it had not read the one before.
    skipped: Count,
    /// WebSockets cut since `startedAt` because their client did not read or did not answer.
    cut: Count,
}

impl Push {
    const fn new(counts: PushCounts) -> Self {
        Self {
            sockets: Count(counts.sockets),
            subscribers: Count(counts.subscribers),
            feeds: Count(counts.feeds),
            executed: Count(counts.executed),
            failed: Count(counts.failed),
            sent: Count(counts.sent),
            skipped: Count(counts.skipped),
            cut: Count(counts.cut),
        }
    }
}

/// An endpoint for events.
#[derive(Debug, SimpleObject)]
pub(super) struct PushEndpoint {
    /// Its name in the settings.
    name: String,
    /// Where it is.
    path: String,
    /// Requests since `startedAt`, by what became of them.
    requests: Vec<PushRequests>,
    /// Bytes of bodies since `startedAt`, as they were sent.
    bytes: Count,
    /// Elements of the bodies that were taken: events, and what is ignored.
    elements: Count,
    /// Those of them that were ignored, because they are of a type that nobody counts. Where it grows as
    /// fast as `elements`, the dialect or mapping does not fit the sender.
    ignored: Count,
}

/// Requests that came to the same.
#[derive(Debug, SimpleObject)]
pub(super) struct PushRequests {
    /// What became of them: `taken`; `greeted` (a question before the first post); `gone` (the sender
    /// left before its answer, and what it sent may have been taken); else the reason why they were
    /// refused.
    outcome: &'static str,
    /// The status that they were answered with; 0 where they were not.
    status: i32,
    /// How many.
    count: Count,
}

impl PushEndpoint {
    fn new(counts: PostCounts) -> Self {
        let requests = Outcome::ALL.into_iter().zip(counts.requests);
        Self {
            name: counts.name.as_ref().to_owned(),
            path: counts.path.as_ref().to_owned(),
            requests: requests
                .map(|(outcome, count)| PushRequests {
                    outcome: outcome.label(),
                    status: match outcome {
                        Outcome::Gone => 0,
                        answered => answered.status().as_u16().into(),
                    },
                    count: Count(count),
                })
                .collect(),
            bytes: Count(counts.bytes),
            elements: Count(counts.elements),
            ignored: Count(counts.ignored),
        }
    }
}
