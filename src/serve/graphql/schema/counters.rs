//! What became of every event read.

use std::sync::Arc;

use async_graphql::Object;
use async_graphql::SimpleObject;

use super::scalar::Count;
use super::scalar::signed_float;
use crate::snapshot;
use crate::snapshot::DedupStats;
use crate::snapshot::Snapshot;

/// The counters of a snapshot.
#[derive(Debug)]
pub(super) struct Counters(pub(super) Arc<Snapshot>);

/// Counts since `countersSince` of `realTimeMetrics`. In every answer
/// `received = accepted + ignored + control + rejected.total` and
/// `events = shed + late + future + duplicates + repeated + carried + applied`. A payload of the
/// `events-stream` source is one event at most, so there `accepted` and `events` are equal.
#[Object]
impl Counters {
    /// Payloads read.
    async fn received(&self) -> Count {
        Count(self.0.counters.received)
    }

    /// Payloads that were read as events: none, one or several each.
    async fn accepted(&self) -> Count {
        Count(self.0.counters.accepted)
    }

    /// Events that the accepted payloads held.
    async fn events(&self) -> Count {
        Count(self.0.counters.events)
    }

    /// Payloads by which a peer speaks of the connection, such as heartbeats.
    async fn control(&self) -> Count {
        Count(self.0.counters.control)
    }

    /// Fate: payloads of a type the engine does not count.
    async fn ignored(&self) -> Count {
        Count(self.0.counters.ignored)
    }

    /// Fate: payloads that are no valid event.
    async fn rejected(&self) -> Rejected {
        Rejected::new(&self.0.counters)
    }

    /// Names of queues and deployments that were not taken, every fault there is. The events that named
    /// them count, but in no group of that name.
    async fn labels_refused(&self) -> Vec<LabelsRefused> {
        let by_fault = self.0.counters.labels_refused_by_fault();
        by_fault
            .map(|(fault, count)| LabelsRefused {
                fault,
                count: Count(count),
            })
            .collect()
    }

    /// Fate: events dropped because the ring was full and shedding was chosen.
    async fn shed(&self) -> Count {
        Count(self.0.counters.shed)
    }

    /// Fate: events older than every bucket the engine still keeps.
    async fn late(&self) -> Count {
        Count(self.0.counters.late)
    }

    /// Fate: events further ahead of the engine clock than the allowed skew.
    async fn future(&self) -> Count {
        Count(self.0.counters.future)
    }

    /// Fate: copies of events seen before.
    async fn duplicates(&self) -> Count {
        Count(self.0.counters.duplicates)
    }

    /// Fate: facts of a conversation that were known. Only sources that know of queues and agents send any.
    async fn repeated(&self) -> Count {
        Count(self.0.counters.repeated)
    }

    /// Fate: facts of a conversation that are older than everything retained and were not known: they say
    /// how things are, and count in no window.
    async fn carried(&self) -> Count {
        Count(self.0.counters.carried)
    }

    /// Fate: events that changed the state.
    async fn applied(&self) -> Count {
        Count(self.0.counters.applied)
    }

    /// What the two equations above lack, together. It is 0; anything else is a defect of the engine.
    async fn accounting_gap(&self) -> f64 {
        let gap = self.0.counters.accounting_gap();
        signed_float(i64::try_from(gap).unwrap_or(if gap < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Of the applied events: disconnects that closed no session, because none was open or because
    /// they are more than five seconds before its connect.
    async fn orphans(&self) -> Count {
        Count(self.0.counters.orphans)
    }

    /// Of the applied events: disconnects up to five seconds before their connect, whose session
    /// was closed with duration 0. Only where the connect arrived first: one that arrives before its
    /// connect is an orphan, because the guest may as well have come back.
    async fn clock_skew(&self) -> Count {
        Count(self.0.counters.clock_skew)
    }

    /// Of the applied events: connects of an open session, which restarted it. Reconnects of the
    /// stream itself are in `stream`.
    async fn reconnects(&self) -> Count {
        Count(self.0.counters.reconnects)
    }

    /// Of the applied events: connects older than what is known of their session; they count in the
    /// total and change nothing else.
    async fn stale(&self) -> Count {
        Count(self.0.counters.stale)
    }

    /// Of the applied events: those in an older bucket than the newest event's.
    async fn out_of_order(&self) -> Count {
        Count(self.0.counters.out_of_order)
    }

    /// Of the applied events: those ahead of the engine clock within the allowed skew, booked at the
    /// clock.
    async fn ahead(&self) -> Count {
        Count(self.0.counters.ahead)
    }

    /// Of the applied events: disconnects without a connect that carried their own duration, so that
    /// a closed session was booked.
    async fn recovered(&self) -> Count {
        Count(self.0.counters.recovered)
    }

    /// Sessions forgotten because nothing came from them for the idle timeout.
    async fn evicted_idle(&self) -> Count {
        Count(self.0.counters.evicted_idle)
    }

    /// Sessions let go because nothing came from them since the last gap began and for the uncertain
    /// timeout: their disconnect may lie in a gap.
    async fn evicted_uncertain(&self) -> Count {
        Count(self.0.counters.evicted_uncertain)
    }

    /// Disconnects waiting for their connect that were forgotten for want of room; each is also an
    /// orphan.
    async fn evicted_pending(&self) -> Count {
        Count(self.0.counters.evicted_pending)
    }

    /// Closed sessions forgotten early for want of room.
    async fn evicted_closed(&self) -> Count {
        Count(self.0.counters.evicted_closed)
    }

    /// Open sessions forgotten for want of room.
    async fn evicted_open(&self) -> Count {
        Count(self.0.counters.evicted_open)
    }

    /// Steps back of the wall clock by more than a second.
    async fn clock_steps_back(&self) -> Count {
        Count(self.0.counters.clock_steps_back)
    }

    /// Steps ahead of the wall clock by more than a second; a sleep of the machine is one.
    async fn clock_steps_forward(&self) -> Count {
        Count(self.0.counters.clock_steps_forward)
    }

    /// Times that the engine clock was set back, because the wall clock had been ahead and was set
    /// right: each is a gap of cause `CLOCK`.
    async fn clock_rebases(&self) -> Count {
        Count(self.0.counters.clock_rebases)
    }

    /// Bytes of the payloads read.
    async fn bytes(&self) -> Count {
        Count(self.0.counters.bytes)
    }

    /// What recognising copies of messages takes.
    async fn dedup(&self) -> Dedup {
        Dedup::new(self.0.dedup)
    }
}

/// Payloads that are no valid event.
#[derive(Debug, SimpleObject)]
pub(super) struct Rejected {
    /// All reasons together.
    total: Count,
    /// Every reason there is, those without a case included.
    by_reason: Vec<RejectedFor>,
    /// Those refused for a field, by its name; every field there is, those without a case included.
    by_field: Vec<RejectedField>,
}

/// Payloads refused for one field: it was missing, of the wrong type or form, or appeared twice.
#[derive(Debug, SimpleObject)]
pub(super) struct RejectedField {
    /// The field: `eventType`, `timestamp`, `data`, `metadata`, `data.sessionId`, `data.id`,
    /// `data.messageId`, `data.durationMs`, `data.queueId`, `data.deploymentId`, `data.direction` or
    /// `metadata.seq`.
    field: &'static str,
    /// Payloads refused for it.
    count: Count,
}

/// Names that were not taken for one fault.
#[derive(Debug, SimpleObject)]
pub(super) struct LabelsRefused {
    /// The fault: `too_long`, `control` (the name holds a control character), or `table_full` (all names
    /// were forgotten and the table started again, counted once each time).
    fault: &'static str,
    /// How often.
    count: Count,
}

/// Payloads refused for one reason.
#[derive(Debug, SimpleObject)]
pub(super) struct RejectedFor {
    /// The name of the reason: `not_json`, `utf8`, `shape`, `binary`, `too_big`, `depth`,
    /// `number_range`, `duplicate_key`, `field` or `timestamp`.
    reason: &'static str,
    /// Payloads refused for it.
    count: Count,
}

impl Rejected {
    fn new(counters: &snapshot::Counters) -> Self {
        let by_reason = counters.rejected_by_reason();
        Self {
            total: Count(counters.rejected_total()),
            by_reason: by_reason
                .map(|(reason, count)| RejectedFor {
                    reason,
                    count: Count(count),
                })
                .collect(),
            by_field: counters
                .rejected_by_field()
                .map(|(field, count)| RejectedField {
                    field,
                    count: Count(count),
                })
                .collect(),
        }
    }
}

/// The memory for recognising copies of messages.
#[derive(Debug, SimpleObject)]
pub(super) struct Dedup {
    /// Fingerprints of messages kept.
    fingerprints: Count,
    /// Memory for them, in bytes.
    bytes: Count,
    /// Copies of messages older than this are no longer recognised, because the byte limit took their
    /// fingerprints: RFC 3339 in UTC with milliseconds, null while that has not happened.
    forgotten_before: Option<String>,
}

impl Dedup {
    fn new(stats: DedupStats) -> Self {
        Self {
            fingerprints: Count(stats.fingerprints),
            bytes: Count(stats.bytes),
            forgotten_before: stats.forgotten_before.map(|at| at.to_string()),
        }
    }
}
