//! Every event read by its fate, and what the applied ones were.

use serde::Deserialize;
use serde::Serialize;

use crate::event::{Field, LabelFault, Reject};

/// Every payload read and every event it held ends in exactly one of the fates. Two equations hold:
/// `received = accepted + ignored + control + sum(rejected)` and
/// `events = shed + late + future + duplicates + repeated + carried + applied`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Payloads read.
    pub received: u64,
    /// Payloads that were read as events: none, one or several each.
    pub accepted: u64,
    /// What the accepted payloads held.
    pub events: u64,
    /// Fate: of a type nobody asked for.
    pub ignored: u64,
    /// Payloads by which a peer speaks of the connection.
    pub control: u64,
    /// Fate: refused, by [`Reject::index`].
    pub rejected: [u64; Reject::COUNT],
    /// Of the refused ones: those refused for a field, by [`Field::index`].
    pub rejected_fields: [u64; Field::COUNT],
    /// Names of queues and deployments that were not taken, by [`LabelFault::index`].
    pub labels_refused: [u64; LabelFault::COUNT],
    /// Fate: dropped because the ring was full and shedding was chosen.
    pub shed: u64,
    /// Fate: older than every retained bucket.
    pub late: u64,
    /// Fate: further ahead of the clock than the allowed skew.
    pub future: u64,
    /// Fate: a copy of an event seen before.
    pub duplicates: u64,
    /// Fate: a fact of a conversation that was known.
    pub repeated: u64,
    /// Fate: a fact older than every retained bucket that was not known: it says how things are, and
    /// counts in no window.
    pub carried: u64,
    /// Fate: changed the state.
    pub applied: u64,

    /// Applied disconnects that closed nothing, and ends of waits whose beginning never came.
    pub orphans: u64,
    /// Applied disconnects a little before their connect: the session closed with duration 0.
    pub clock_skew: u64,
    /// Applied connects of an open session that restarted it.
    pub reconnects: u64,
    /// Applied connects older than what is known of their session.
    pub stale: u64,
    /// Applied events in a bucket older than the newest event's.
    pub out_of_order: u64,
    /// Applied events ahead of the clock, booked at the clock.
    pub ahead: u64,
    /// Applied disconnects without a connect, and ends of waits without a beginning, that carried their own
    /// duration.
    pub recovered: u64,

    /// Sessions evicted after the idle timeout.
    pub evicted_idle: u64,
    /// Sessions let go after the uncertain timeout: nothing came from them since the last gap began.
    pub evicted_uncertain: u64,
    /// Waiting disconnects evicted for want of room; each is also an orphan.
    pub evicted_pending: u64,
    /// Closed sessions forgotten early for want of room.
    pub evicted_closed: u64,
    /// Open sessions evicted for want of room.
    pub evicted_open: u64,
    /// Steps back of the wall clock by more than a second.
    pub clock_steps_back: u64,
    /// Steps ahead of the wall clock by more than a second, a sleep of the machine among them.
    pub clock_steps_forward: u64,
    /// Times that the engine clock was set back to the wall clock.
    pub clock_rebases: u64,
    /// Payload bytes read.
    pub bytes: u64,
}

impl Counters {
    /// Adds the counts of another engine.
    pub fn add(&mut self, other: &Self) {
        // Every field by name, so that a new one does not compile until somebody adds it up.
        let Self {
            received,
            accepted,
            events,
            ignored,
            control,
            rejected,
            rejected_fields,
            labels_refused,
            shed,
            late,
            future,
            duplicates,
            repeated,
            carried,
            applied,
            orphans,
            clock_skew,
            reconnects,
            stale,
            out_of_order,
            ahead,
            recovered,
            evicted_idle,
            evicted_uncertain,
            evicted_pending,
            evicted_closed,
            evicted_open,
            clock_steps_back,
            clock_steps_forward,
            clock_rebases,
            bytes,
        } = other;
        self.received += received;
        self.accepted += accepted;
        self.events += events;
        self.ignored += ignored;
        self.control += control;
        add_each(&mut self.rejected, rejected);
        add_each(&mut self.rejected_fields, rejected_fields);
        add_each(&mut self.labels_refused, labels_refused);
        self.shed += shed;
        self.late += late;
        self.future += future;
        self.duplicates += duplicates;
        self.repeated += repeated;
        self.carried += carried;
        self.applied += applied;
        self.orphans += orphans;
        self.clock_skew += clock_skew;
        self.reconnects += reconnects;
        self.stale += stale;
        self.out_of_order += out_of_order;
        self.ahead += ahead;
        self.recovered += recovered;
        self.evicted_idle += evicted_idle;
        self.evicted_uncertain += evicted_uncertain;
        self.evicted_pending += evicted_pending;
        self.evicted_closed += evicted_closed;
        self.evicted_open += evicted_open;
        self.clock_steps_back += clock_steps_back;
        self.clock_steps_forward += clock_steps_forward;
        self.clock_rebases += clock_rebases;
        self.bytes += bytes;
    }

    /// Refused payloads, all reasons together.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.iter().sum()
    }

    /// Refused payloads by the name of the reason; every reason, also without a case.
    pub fn rejected_by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Reject::ALL
            .iter()
            .map(|reason| reason.label())
            .zip(self.rejected)
    }

    /// Refused payloads by the field that made them so; every field, also without a case.
    pub fn rejected_by_field(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Field::ALL
            .iter()
            .map(|field| field.label())
            .zip(self.rejected_fields)
    }

    /// Names that were not taken by the name of the fault; every fault, also without a case.
    pub fn labels_refused_by_fault(&self) -> impl Iterator<Item = (&'static str, u64)> {
        LabelFault::ALL
            .iter()
            .map(|fault| fault.label())
            .zip(self.labels_refused)
    }

    /// `received` minus the fates of payloads: 0 in every snapshot.
    pub fn payload_gap(&self) -> i128 {
        let fates = [
            self.accepted,
            self.ignored,
            self.control,
            self.rejected_total(),
        ];
        missing(self.received, &fates)
    }

    /// `events` minus the fates of events: 0 in every snapshot.
    pub fn event_gap(&self) -> i128 {
        let fates = [
            self.shed,
            self.late,
            self.future,
            self.duplicates,
            self.repeated,
            self.carried,
            self.applied,
        ];
        missing(self.events, &fates)
    }

    /// What both equations lack together, without a difference in one hiding one in the other: 0 in
    /// every snapshot.
    pub fn accounting_gap(&self) -> i128 {
        let (payloads, events) = (self.payload_gap(), self.event_gap());
        match payloads.signum() * events.signum() {
            -1 => payloads.abs() + events.abs(),
            _ => payloads + events,
        }
    }
}

fn add_each(own: &mut [u64], more: &[u64]) {
    for (own, more) in own.iter_mut().zip(more) {
        *own += more;
    }
}

fn missing(of: u64, fates: &[u64]) -> i128 {
    i128::from(of) - fates.iter().map(|&count| i128::from(count)).sum::<i128>()
}
