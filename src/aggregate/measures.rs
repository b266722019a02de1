//! What is recorded of each measure of the table of metrics. A new measure of ended sessions, or of
//! replies, is a line here; one of something else is recorded where that happens.

use crate::metric::Measure;

/// Something that measures have values of.
pub(super) trait Measurements {
    /// The values, each with its measure.
    fn each(&self) -> impl Iterator<Item = (Measure, u64)>;
}

/// What is known of a session that ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) duration_ms: u64,
    pub(super) messages: u32,
}

/// A reply to a guest who waited for one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replied {
    /// How long the guest had waited, in milliseconds.
    pub(super) response_ms: u64,
    /// Whether it is the first of its session.
    pub(super) is_first: bool,
}

impl Measurements for Ended {
    #[inline]
    fn each(&self) -> impl Iterator<Item = (Measure, u64)> {
        let Self {
            duration_ms,
            messages,
        } = *self;
        let messages = u64::from(messages);
        [
            (Measure::Duration, duration_ms),
            (Measure::Messages, messages),
        ]
        .into_iter()
    }
}

impl Measurements for Replied {
    #[inline]
    fn each(&self) -> impl Iterator<Item = (Measure, u64)> {
        let first = self.is_first.then_some(Measure::FirstResponse);
        let measures = [Some(Measure::Response), first].into_iter().flatten();
        measures.map(|measure| (measure, self.response_ms))
    }
}
