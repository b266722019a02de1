//! What push does, in numbers: for the API and for `/metrics`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Counts of push at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushCounts {
    /// WebSockets open now.
    pub sockets: u64,
    /// Subscriptions open now, over WebSockets and server-sent events.
    pub subscribers: u64,
    /// Feeds running now: one for each different request, interval and phase.
    pub feeds: u64,
    /// Executions by feeds since the start; each serves every subscriber of its feed.
    pub executed: u64,
    /// Ticks since the start at which a feed's execution was not done within the deadline.
    pub failed: u64,
    /// Answers handed to subscribers since the start.
    pub sent: u64,
    /// Answers that a subscriber missed since the start, because it had not read the one before.
    pub skipped: u64,
    /// WebSockets cut since the start because their client did not read or did not answer.
    pub cut: u64,
}

/// The counters themselves. Cheap to clone; clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct PushCounters(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    sockets: AtomicU64,
    subscribers: AtomicU64,
    feeds: AtomicU64,
    executed: AtomicU64,
    failed: AtomicU64,
    sent: AtomicU64,
    skipped: AtomicU64,
    cut: AtomicU64,
}

/// What there is some of now. Counted until it is dropped.
#[derive(Debug)]
pub(super) struct Present(PushCounters, Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Socket,
    Subscriber,
    Feed,
}

// Relaxed throughout: the numbers are for people and order nothing.
impl PushCounters {
    /// The counts as they stand.
    pub(super) fn now(&self) -> PushCounts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counters {
            sockets,
            subscribers,
            feeds,
            executed,
            failed,
            sent,
            skipped,
            cut,
        } = &*self.0;
        PushCounts {
            sockets: load(sockets),
            subscribers: load(subscribers),
            feeds: load(feeds),
            executed: load(executed),
            failed: load(failed),
            sent: load(sent),
            skipped: load(skipped),
            cut: load(cut),
        }
    }

    /// Counts a WebSocket.
    pub(super) fn socket(&self) -> Present {
        self.present(Kind::Socket)
    }

    /// Counts a subscription.
    pub(super) fn subscriber(&self) -> Present {
        self.present(Kind::Subscriber)
    }

    /// Counts a feed.
    pub(super) fn feed(&self) -> Present {
        self.present(Kind::Feed)
    }

    /// A feed has executed its request.
    pub(super) fn executed(&self) {
        self.0.executed.fetch_add(1, Ordering::Relaxed);
    }

    /// A feed's request was not done within the deadline.
    pub(super) fn failed(&self) {
        self.0.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// A subscriber has been handed an answer.
    pub(super) fn sent(&self) {
        self.0.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// A subscriber has missed answers.
    pub(super) fn skipped(&self, answers: u64) {
        self.0.skipped.fetch_add(answers, Ordering::Relaxed);
    }

    /// A client has been cut.
    pub(super) fn cut(&self) {
        self.0.cut.fetch_add(1, Ordering::Relaxed);
    }

    fn present(&self, kind: Kind) -> Present {
        self.gauge(kind).fetch_add(1, Ordering::Relaxed);
        Present(self.clone(), kind)
    }

    fn gauge(&self, kind: Kind) -> &AtomicU64 {
        match kind {
            Kind::Socket => &self.0.sockets,
            Kind::Subscriber => &self.0.subscribers,
            Kind::Feed => &self.0.feeds,
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let Self(counters, kind) = self;
        counters.gauge(*kind).fetch_sub(1, Ordering::Relaxed);
    }
}
