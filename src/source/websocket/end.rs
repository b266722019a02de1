//! The end of a connection: asked for or a loss, and what the connection was before.

use std::time::Duration;

use super::frames::Violation;
use super::loss::Loss;
use crate::time::EpochMs;

/// How a connection ended.
#[derive(Debug)]
pub(in crate::source) enum End {
    /// As asked.
    Shutdown,
    /// Otherwise.
    Lost {
        /// Why.
        loss: Loss,
        /// What it was before; `None` when it never became live.
        lived: Option<Lived>,
    },
}

/// A connection that was live.
#[derive(Clone, Copy, Debug)]
pub(in crate::source) struct Lived {
    /// Up to here nothing can be missing.
    pub(in crate::source) covered_until: EpochMs,
    /// How long it was live.
    pub(in crate::source) duration: Duration,
}

/// The end of the loop inside a connection.
pub(in crate::source) enum Stop {
    /// As asked.
    Shutdown,
    /// Otherwise.
    Lost(Loss),
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self::Lost(Loss::protocol(&violation.to_string()))
    }
}
