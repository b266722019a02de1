//! WebSocket frames to whole messages, under the rules of RFC 6455 that `fastwebsockets` leaves to
//! its user: no masked server frames, no orphan or interleaved fragments, short control frames, a
//! limit on the sum of fragments, legal close codes.

use std::fmt;

use fastwebsockets::Frame;
use fastwebsockets::OpCode;
use fastwebsockets::WebSocketError;

use crate::config::limits::MESSAGE_BYTES_MAX;
use crate::config::limits::MESSAGE_FRAGMENTS_MAX;

/// Payload bytes of a control frame, by RFC 6455 section 5.5.
const CONTROL_BYTES_MAX: usize = 125;
/// Binary messages in a row after which the peer is taken to speak another protocol.
const BINARY_RUN_MAX: u32 = 100;

/// What a frame completes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received<'a> {
    /// A text message, valid UTF-8; mutable because the parser works in place.
    Text(&'a mut [u8]),
    /// A binary message of so many bytes.
    Binary {
        /// Its length.
        bytes: usize,
    },
    /// A ping to be answered with its payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// The peer closes.
    Close {
        /// Its code; `None` when it gives none.
        code: Option<u16>,
        /// Its reason.
        reason: &'a str,
    },
    /// Nothing yet: a fragment.
    Part,
}

/// How a peer broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Violation {
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
    pub(super) const fn close_code(self) -> u16 {
        match self {
            Self::Utf8 => 1007,
            Self::TooBig => 1009,
            Self::Binary => 1003,
            _ => 1002,
        }
    }

    /// The violation that `fastwebsockets` found; `None` when the connection just ended.
    pub(super) const fn from_read(error: &WebSocketError) -> Option<Self> {
        match error {
            WebSocketError::ReservedBitsNotZero => Some(Self::ReservedBit),
            WebSocketError::InvalidValue => Some(Self::Opcode),
            WebSocketError::ControlFrameFragmented => Some(Self::ControlFragmented),
            WebSocketError::PingFrameTooLarge => Some(Self::ControlTooLong),
            WebSocketError::FrameTooLarge => Some(Self::TooBig),
            WebSocketError::InvalidUTF8 => Some(Self::Utf8),
            _ => None,
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

/// Puts fragments together. One per connection.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    /// The opcode of the fragmented message under way.
    open: Option<OpCode>,
    /// `parts.len() <= MESSAGE_BYTES_MAX`
    parts: Vec<u8>,
    /// `fragments <= MESSAGE_FRAGMENTS_MAX`
    fragments: usize,
    binary_run: u32,
}

impl Assembler {
    /// Takes the next frame of the connection.
    ///
    /// # Errors
    /// A [`Violation`]: close with its code and trust nothing that follows.
    pub(super) fn take<'a>(
        &'a mut self,
        frame: &'a mut Frame<'_>,
    ) -> Result<Received<'a>, Violation> {
        if is_masked(frame) {
            return Err(Violation::Masked);
        }
        match frame.opcode {
            OpCode::Text | OpCode::Binary if self.open.is_some() => Err(Violation::Interleaved),
            // fastwebsockets has checked that it is UTF-8.
            OpCode::Text if frame.fin => {
                self.binary_run = 0;
                Ok(Received::Text(frame.payload.to_mut()))
            }
            OpCode::Binary if frame.fin => self.binary(frame.payload.len()),
            OpCode::Text | OpCode::Binary => {
                self.open = Some(frame.opcode);
                self.parts.clear();
                self.fragments = 0;
                self.append(&frame.payload)?;
                Ok(Received::Part)
            }
            OpCode::Continuation => self.continuation(frame),
            _ if frame.payload.len() > CONTROL_BYTES_MAX => Err(Violation::ControlTooLong),
            OpCode::Ping => Ok(Received::Ping(&frame.payload)),
            OpCode::Pong => Ok(Received::Pong(&frame.payload)),
            OpCode::Close => close(&frame.payload),
        }
    }

    fn continuation(&mut self, frame: &Frame<'_>) -> Result<Received<'_>, Violation> {
        let Some(opcode) = self.open else {
            return Err(Violation::Orphan);
        };
        self.append(&frame.payload)?;
        if !frame.fin {
            return Ok(Received::Part);
        }
        self.open = None;
        if opcode == OpCode::Binary {
            return self.binary(self.parts.len());
        }
        if std::str::from_utf8(&self.parts).is_err() {
            return Err(Violation::Utf8);
        }
        self.binary_run = 0;
        Ok(Received::Text(&mut self.parts))
    }

    fn append(&mut self, payload: &[u8]) -> Result<(), Violation> {
        self.fragments += 1;
        if self.fragments > MESSAGE_FRAGMENTS_MAX
            || payload.len() > MESSAGE_BYTES_MAX - self.parts.len()
        {
            return Err(Violation::TooBig);
        }
        self.parts.extend_from_slice(payload);
        Ok(())
    }

    fn binary(&mut self, bytes: usize) -> Result<Received<'static>, Violation> {
        self.binary_run += 1;
        if self.binary_run >= BINARY_RUN_MAX {
            return Err(Violation::Binary);
        }
        Ok(Received::Binary { bytes })
    }
}

/// Whether the frame came masked. `fastwebsockets` keeps the mask to itself, but writes its bit when
/// asked for a header.
fn is_masked(frame: &mut Frame<'_>) -> bool {
    let mut head = [0; 16];
    frame.fmt_head(&mut head);
    head[1] & 0x80 != 0
}

fn close(payload: &[u8]) -> Result<Received<'_>, Violation> {
    let (code, reason) = match payload {
        [] => {
            return Ok(Received::Close {
                code: None,
                reason: "",
            });
        }
        [_] => return Err(Violation::CloseCode),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    // 1004 to 1006 and 1015 are never sent; 1012 to 1014 were registered after the RFC.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Violation::CloseCode);
    }
    let reason = std::str::from_utf8(reason).map_err(|_| Violation::Utf8)?;
    Ok(Received::Close {
        code: Some(code),
        reason,
    })
}

#[cfg(test)]
mod tests;
