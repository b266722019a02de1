//! What happened in one group within one cell: how changes add up, and the sums that they are.
//!
//! An image holds changes as they are, so it says what one is.

use crate::aggregate::buckets::Sums;

pub(in crate::aggregate) use crate::aggregate::image::Change;

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
        self.awaiting = self.awaiting.wrapping_add(other.awaiting);
        self.responses = self.responses.wrapping_add(other.responses);
        self.first_responses = self.first_responses.wrapping_add(other.first_responses);
        self.unanswered = self.unanswered.wrapping_add(other.unanswered);
        self.never_answered = self.never_answered.wrapping_add(other.never_answered);
        self.closed_duration_ms = self
            .closed_duration_ms
            .wrapping_add(other.closed_duration_ms);
        self.response_ms = self.response_ms.wrapping_add(other.response_ms);
        self.first_response_ms = self.first_response_ms.wrapping_add(other.first_response_ms);
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
            responses: u64::from(self.responses),
            response_ms: self.response_ms,
            first_responses: u64::from(self.first_responses),
            first_response_ms: self.first_response_ms,
            unanswered: u64::from(self.unanswered),
            never_answered: u64::from(self.never_answered),
        }
    }
}
