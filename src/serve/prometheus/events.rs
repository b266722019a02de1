//! What became of every event read.

use super::family::Family;
use super::family::label;
use super::family::plain_counter;
use crate::snapshot::Counters;

/// The families of the counters.
pub(super) fn families(counters: &Counters) -> Vec<Family> {
    let mut fates = Family::counter(
        "streamgauge_events",
        "Payloads that became no event, and events, by their fate.",
    );
    for (fate, count) in [
        ("applied", counters.applied),
        ("carried", counters.carried),
        ("duplicate", counters.duplicates),
        ("future", counters.future),
        ("ignored", counters.ignored),
        ("late", counters.late),
        ("rejected", counters.rejected_total()),
        ("repeated", counters.repeated),
        ("shed", counters.shed),
    ] {
        fates = fates.count(label("fate", fate), count);
    }
    let mut rejected = Family::counter(
        "streamgauge_events_rejected",
        "Payloads that are no valid event, by reason.",
    );
    for (reason, count) in counters.rejected_by_reason() {
        rejected = rejected.count(label("reason", reason), count);
    }
    let mut fields = Family::counter(
        "streamgauge_events_rejected_field",
        "Payloads that are no valid event because of one field, by its name; each is in streamgauge_events_rejected_total too.",
    );
    for (field, count) in counters.rejected_by_field() {
        fields = fields.count(label("field", field), count);
    }
    let mut labels = Family::counter(
        "streamgauge_labels_refused",
        "Names of queues and deployments that were not taken, by fault; their events count all the same.",
    );
    for (fault, count) in counters.labels_refused_by_fault() {
        labels = labels.count(label("fault", fault), count);
    }
    let mut evicted = Family::counter(
        "streamgauge_sessions_evicted",
        "Sessions forgotten: idle ones after the idle timeout, uncertain ones after the uncertain timeout, others for want of room.",
    );
    for (kind, count) in [
        ("idle", counters.evicted_idle),
        ("uncertain", counters.evicted_uncertain),
        ("pending", counters.evicted_pending),
        ("closed", counters.evicted_closed),
        ("open", counters.evicted_open),
    ] {
        evicted = evicted.count(label("kind", kind), count);
    }
    let mut all = vec![
        plain_counter(
            "streamgauge_events_received",
            "Payloads read from the stream.",
            counters.received,
        ),
        plain_counter(
            "streamgauge_payloads_accepted",
            "Payloads that were read as events: none, one or several each.",
            counters.accepted,
        ),
        plain_counter(
            "streamgauge_payloads_control",
            "Payloads by which a peer speaks of the connection, such as heartbeats.",
            counters.control,
        ),
        plain_counter(
            "streamgauge_events_decoded",
            "Events that the accepted payloads held.",
            counters.events,
        ),
        fates,
        rejected,
        fields,
        labels,
        evicted,
    ];
    let further = [
        (
            "streamgauge_received_bytes",
            "Bytes of the payloads read.",
            counters.bytes,
        ),
        (
            "streamgauge_events_out_of_order",
            "Applied events in an older bucket than the newest event's.",
            counters.out_of_order,
        ),
        (
            "streamgauge_events_ahead",
            "Applied events ahead of the clock within the allowed skew.",
            counters.ahead,
        ),
        (
            "streamgauge_disconnects_orphaned",
            "Applied disconnects that closed no session.",
            counters.orphans,
        ),
        (
            "streamgauge_disconnects_skewed",
            "Applied disconnects a little before their connect; the session closed with duration 0.",
            counters.clock_skew,
        ),
        (
            "streamgauge_connects_restarting",
            "Applied connects of an open session, which restarted it.",
            counters.reconnects,
        ),
        (
            "streamgauge_connects_stale",
            "Applied connects older than what is known of their session.",
            counters.stale,
        ),
        (
            "streamgauge_sessions_recovered",
            "Disconnects without a connect that carried their own duration.",
            counters.recovered,
        ),
        (
            "streamgauge_clock_steps_back",
            "Steps back of the wall clock by more than a second.",
            counters.clock_steps_back,
        ),
        (
            "streamgauge_clock_steps_forward",
            "Steps ahead of the wall clock by more than a second.",
            counters.clock_steps_forward,
        ),
        (
            "streamgauge_clock_rebases",
            "Times that the engine clock was set back to the wall clock.",
            counters.clock_rebases,
        ),
    ];
    all.extend(further.map(|(name, help, count)| plain_counter(name, help, count)));
    all
}
