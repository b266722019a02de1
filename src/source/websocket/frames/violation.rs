//! The ways to break the protocol, each with the code we close with.

use std::fmt;

/// How a peer broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A server must not mask.
    Masked,
    /// A bit that only an extension may set.
    ReservedBit,
    /// An opcode that does not exist.
    Opcode,
    /// A continuation of nothing.
    Orphan,
    /// A new message inside a fragmented one.
    Interleaved,
    /// A control frame in fragments.
    ControlFragmented,
    /// A control frame of more than 125 bytes.
    ControlTooLong,
    /// A close frame of one byte, or with a code that must not be sent.
    CloseCode,
    /// Text that is no UTF-8.
    Utf8,
    /// More bytes or fragments than one message may have.
    TooBig,
    /// Nothing but binary messages.
    Binary,
}

impl Violation {
    /// The code we close with.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Utf8 => 1007,
            Self::TooBig => 1009,
            Self::Binary => 1003,
            _ => 1002,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Masked => "masked server frame",
            Self::ReservedBit => "reserved bit set",
            Self::Opcode => "unknown opcode",
            Self::Orphan => "continuation without a message",
            Self::Interleaved => "message inside a fragmented message",
            Self::ControlFragmented => "fragmented control frame",
            Self::ControlTooLong => "control frame over 125 bytes",
            Self::CloseCode => "illegal close frame",
            Self::Utf8 => "text that is not utf-8",
            Self::TooBig => "message over the limit",
            Self::Binary => "only binary messages",
        })
    }
}
