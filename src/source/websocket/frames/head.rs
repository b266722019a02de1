//! The head of a frame: rules 1 to 4, which need nothing but the head itself.

use super::Violation;
use crate::config::limits::MESSAGE_BYTES_MAX;

/// Payload bytes of a control frame, by RFC 6455 section 5.5.
const CONTROL_BYTES_MAX: u64 = 125;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A legal head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Whether the frame ends its message.
    pub(super) fin: bool,
    pub(super) opcode: Opcode,
    /// Its own length.
    pub(super) bytes: usize,
    /// `payload_bytes <= MESSAGE_BYTES_MAX`
    pub(super) payload_bytes: usize,
}

impl Head {
    /// The head that `bytes` begin with; `None` when it has not come in full.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Violation> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RESERVED != 0 {
            return Err(Violation::ReservedBit);
        }
        let opcode = match first & 0x0f {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xa => Opcode::Pong,
            _ => return Err(Violation::Opcode),
        };
        let (length, length_bytes) = match second & !MASKED {
            126 => match rest.first_chunk() {
                Some(length) => (u64::from(u16::from_be_bytes(*length)), 2),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(length) => (u64::from_be_bytes(*length), 8),
                None => return Ok(None),
            },
            length => (u64::from(length), 0),
        };
        let fin = first & FIN != 0;
        if opcode.is_control() {
            if !fin {
                return Err(Violation::ControlFragmented);
            }
            if length > CONTROL_BYTES_MAX {
                return Err(Violation::ControlTooLong);
            }
        }
        let payload_bytes = match usize::try_from(length) {
            Ok(bytes) if bytes <= MESSAGE_BYTES_MAX => bytes,
            _ => return Err(Violation::TooBig),
        };
        if second & MASKED != 0 {
            return Err(Violation::Masked);
        }
        Ok(Some(Self {
            fin,
            opcode,
            bytes: 2 + length_bytes,
            payload_bytes,
        }))
    }
}
