//! Why a WebSocket is closed: the codes of RFC 6455 and of the `graphql-transport-ws` protocol.

use std::borrow::Cow;

use fastwebsockets::Frame;

/// The longest reason: a control frame carries 125 bytes, two of which are the code.
const REASON_BYTES_MAX: usize = 123;

/// A close code and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: Cow<'static, str>,
}

impl Close {
    /// The server stops.
    pub(super) const GOING_AWAY: Self = Self::new(1001, "the server stops; connect again");
    /// A message is longer than allowed.
    pub(super) const TOO_BIG: Self = Self::new(1009, "message too big");
    /// A text is not UTF-8.
    pub(super) const NOT_UTF8: Self = Self::new(1007, "not UTF-8");
    /// A message before `connection_init` was acknowledged, or without the right credential.
    pub(super) const UNAUTHORIZED: Self = Self::new(4401, "Unauthorized");
    /// The credential of `connection_init` is not the right one.
    pub(super) const FORBIDDEN: Self = Self::new(4403, "Forbidden");
    /// The token that the connection was let in by has been replaced.
    pub(super) const REVOKED: Self = Self::new(4403, "the token has been replaced; sign in again");
    /// No `connection_init` came in time.
    pub(super) const INIT_TIMEOUT: Self = Self::new(4408, "Connection initialisation timeout");
    /// A second `connection_init`.
    pub(super) const INIT_TWICE: Self = Self::new(4429, "Too many initialisation requests");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self {
            code,
            reason: Cow::Borrowed(reason),
        }
    }

    /// The frames are not those of RFC 6455.
    pub(super) const fn protocol(reason: &'static str) -> Self {
        Self::new(1002, reason)
    }

    /// A message that is none of the protocol.
    pub(super) fn bad_message(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: 4400,
            reason: reason.into(),
        }
    }

    /// A second operation under the id of one that has not ended.
    pub(super) fn duplicate(id: &str) -> Self {
        Self {
            code: 4409,
            reason: format!("Subscriber for {id} already exists").into(),
        }
    }

    /// The frame that says so; a long reason is cut between two characters.
    pub(super) fn frame(&self) -> Frame<'static> {
        let reason = &self.reason;
        let cut = (0..=REASON_BYTES_MAX.min(reason.len()))
            .rev()
            .find(|&at| reason.is_char_boundary(at));
        Frame::close(self.code, &reason.as_bytes()[..cut.unwrap_or(0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_a_control_frame_and_stays_text() {
        for (id, bytes) in [
            ("a".repeat(300), 123),
            ("é".repeat(150), 123),
            (format!("a{}", "é".repeat(150)), 122),
            (String::from("x"), 31),
        ] {
            let frame = Close::duplicate(&id).frame();
            assert_eq!(frame.payload.len(), 2 + bytes, "{id}");
            assert_eq!(frame.payload[..2], 4409_u16.to_be_bytes());
            let reason = std::str::from_utf8(&frame.payload[2..]).unwrap();
            assert!(format!("Subscriber for {id} already exists").starts_with(reason));
        }
    }
}
