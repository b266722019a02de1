//! Where views come from: the newest snapshot, and what belongs to the moment of asking.

use crate::serve::push::PushCounters;
use crate::serve::schema::View;
use crate::snapshot::Reader;
use crate::time::Clock;
use crate::time::EpochMs;

/// Makes the views that requests and feeds are answered from. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    reader: Reader,
    clock: Clock,
    started: EpochMs,
    started_ns: u64,
    push: PushCounters,
}

impl Viewer {
    /// A viewer whose server begins to listen now.
    pub(super) fn new(reader: Reader, clock: Clock, push: PushCounters) -> Self {
        Self {
            reader,
            started: clock.wall(),
            started_ns: clock.mono_ns(),
            clock,
            push,
        }
    }

    /// Nanoseconds by the clock that never steps.
    pub(super) fn mono_ns(&self) -> u64 {
        self.clock.mono_ns()
    }

    /// The newest snapshot and its moment, `now_ns`. One view a request: two may show two states.
    pub(super) fn view(&self, now_ns: u64) -> View {
        View {
            snapshot: self.reader.load(),
            wall: self.clock.wall(),
            started: self.started,
            uptime_ms: now_ns.saturating_sub(self.started_ns) / 1_000_000,
            push: self.push.now(),
        }
    }
}
