//! What happened in one group within one cell.

use crate::aggregate::buckets::Sums;
use crate::aggregate::image;

/// Counts of one cell, or what is to be added to it. Arithmetic wraps, so that a count may be taken
/// back; a cell holds up to 2^31 of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::aggregate) struct Change {
    /// Of connects, by their own time.
    pub connections: u32,
    /// Open sessions by the time of their connect.
    pub active: u32,
    /// Closed sessions by the time of their connect.
    pub closed: u32,
    /// Disconnects that closed a session, by their own time.
    pub disconnections: u32,
    /// Messages of those sessions.
    pub ended_messages: u32,
    /// Messages by their own time.
    pub messages: u32,
    /// Sessions that opened less those that are no longer open, by the clock.
    pub opened: i32,
    /// Open sessions of which something was heard since the latest gap began: those that became so less
    /// those that are no longer open, by the clock.
    pub certain: i32,
    /// Durations of closed sessions in milliseconds, by the time of their connect.
    pub closed_duration_ms: u64,
}

impl Change {
    pub(super) fn add(&mut self, other: &Self) {
        self.connections = self.connections.wrapping_add(other.connections);
        self.active = self.active.wrapping_add(other.active);
        self.closed = self.closed.wrapping_add(other.closed);
        self.disconnections = self.disconnections.wrapping_add(other.disconnections);
        self.ended_messages = self.ended_messages.wrapping_add(other.ended_messages);
        self.messages = self.messages.wrapping_add(other.messages);
        self.opened = self.opened.wrapping_add(other.opened);
        self.certain = self.certain.wrapping_add(other.certain);
        self.closed_duration_ms = self
            .closed_duration_ms
            .wrapping_add(other.closed_duration_ms);
    }

    /// The same as an image holds it.
    pub(super) const fn plain(self) -> image::Change {
        let Self {
            connections,
            active,
            closed,
            disconnections,
            ended_messages,
            messages,
            opened,
            certain,
            closed_duration_ms,
        } = self;
        image::Change {
            connections,
            active,
            closed,
            disconnections,
            ended_messages,
            messages,
            opened,
            certain,
            closed_duration_ms,
        }
    }

    /// What an image holds.
    pub(super) const fn of_plain(plain: image::Change) -> Self {
        let image::Change {
            connections,
            active,
            closed,
            disconnections,
            ended_messages,
            messages,
            opened,
            certain,
            closed_duration_ms,
        } = plain;
        Self {
            connections,
            active,
            closed,
            disconnections,
            ended_messages,
            messages,
            opened,
            certain,
            closed_duration_ms,
        }
    }

    /// The same as sums of a window.
    pub(super) fn sums(&self) -> Sums {
        Sums {
            connections: u64::from(self.connections),
            // The one count that is taken back, so that a change may be below zero.
            active: i64::from(self.active.cast_signed()).cast_unsigned(),
            closed: u64::from(self.closed),
            closed_duration_ms: self.closed_duration_ms,
            disconnections: u64::from(self.disconnections),
            ended_messages: u64::from(self.ended_messages),
            messages: u64::from(self.messages),
        }
    }
}
