//! Faults: what the stand-in does wrong on purpose.
//!
//! This file knows the words only; `fault_flag` reads them, `schedule` fires those that cut or stall a stream, `refusals` those
//! that answer a request with an error, and `disorder` those that touch single events.

use std::time::Duration;

use hyper::StatusCode;

/// One fault: what, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// When it does.
    pub when: When,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultKind {
    /// The stream is closed with this code.
    Close(u16),
    /// The connection is reset without a close frame: the client sees 1006.
    Drop,
    /// Nothing is sent or read any more, but the connection stays open.
    HalfOpen,
    /// No event is sent for this long; pings are answered, and what became due follows at once.
    Pause(Duration),
    /// The token is no longer valid and the stream is closed with 4401.
    ExpireToken,
    /// An endpoint answers with an error.
    Refuse(Refusal),
    /// This share of the events, in `(0, 1]`, is sent a second time, at most 100 events later.
    Duplicate(f64),
    /// Events change places.
    Reorder(Bound),
    /// After this share of the events, in `(0, 1]`, a frame follows that is no event.
    Malformed(f64),
    /// Of posts, this share, in `(0, 1]`, has a body that comes in small pieces.
    SlowBody(f64),
    /// Of posts, this share, in `(0, 1]`, is sent again because its answer was not read.
    LostAnswer(f64),
}

impl FaultKind {
    /// Whether it is one of single events, wherever they go.
    pub const fn is_of_events(self) -> bool {
        matches!(
            self,
            Self::Duplicate(_) | Self::Reorder(_) | Self::Malformed(_)
        )
    }

    /// Whether it is one of requests that are posted.
    pub const fn is_of_posts(self) -> bool {
        matches!(self, Self::SlowBody(_) | Self::LostAnswer(_))
    }
}

/// How far an event may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At most this many places.
    Events(u64),
    /// At most this much later than it was due.
    Time(Duration),
}

impl Bound {
    /// Events held back at the most.
    pub(super) const EVENTS_MAX: u64 = 100_000;
    /// How long an event is held back at the most.
    pub(super) const TIME_MAX: Duration = Duration::from_secs(10);
}

/// An endpoint's answer instead of the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Who answers.
    pub endpoint: Endpoint,
    /// The status, 400 to 599.
    pub status: StatusCode,
    /// How many requests are answered so each time the fault fires.
    pub times: u64,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u64>,
}

/// What can refuse a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /oauth/token`.
    Token,
    /// The WebSocket's handshake.
    Handshake,
}

/// When a fault fires. Lengths of time count from the subscription for faults of the stream, from the
/// start of the simulator for all others; events are those sent since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// From the start; a token expires when its lifetime ends.
    FromStart,
    /// Once, after this long.
    After(Duration),
    /// Once, after this many events.
    AfterEvents(u64),
    /// Each time this much has passed.
    Every(Duration),
    /// Each time this many events have been sent.
    EveryEvents(u64),
}

impl When {
    /// How often a fault that counts from the start has fired by now.
    pub(super) fn firings(self, elapsed_us: u64, events_sent: u64) -> u64 {
        match self {
            Self::FromStart => 1,
            Self::After(wait) => u64::from(elapsed_us >= micros(wait)),
            Self::AfterEvents(count) => u64::from(events_sent >= count),
            Self::Every(period) => elapsed_us / micros(period).max(1),
            Self::EveryEvents(count) => events_sent / count.max(1),
        }
    }
}

/// Whole microseconds of a length of time; saturates.
pub(super) fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firings_count_from_the_start() {
        let check = |when: When, expected: [u64; 3]| {
            let counts = [(0, 0), (10_000_000, 100), (25_000_000, 250)]
                .map(|(elapsed_us, sent)| when.firings(elapsed_us, sent));
            assert_eq!(counts, expected, "{when:?}");
        };
        check(When::FromStart, [1, 1, 1]);
        check(When::After(Duration::from_secs(10)), [0, 1, 1]);
        check(When::AfterEvents(101), [0, 0, 1]);
        check(When::Every(Duration::from_secs(10)), [0, 1, 2]);
        check(When::EveryEvents(50), [0, 2, 5]);
    }
}
