//! The bytes of a connection become WebSocket messages, in the one buffer they were read into.
//!
//! A read fills [`Frames::room`], and [`Frames::take`] walks what came: a message in one frame is
//! lent where it lies, so that the parser works on the bytes the socket wrote. Only what a read cut
//! off is moved, to the front of the buffer. It does no I/O and reads no clock: how the stream was
//! cut into reads changes nothing, and a read that is cancelled loses nothing.
//!
//! # The rules
//! RFC 6455 as a client without extensions sees it. The first line that applies to a frame decides,
//! as soon as its head is there; the payload of a frame that breaks a rule is not awaited.
//!
//! 1. A reserved bit is set; the opcode is unknown.
//! 2. A control frame (close, ping, pong) is a fragment, or longer than 125 bytes.
//! 3. The frame is longer than `MESSAGE_BYTES_MAX`. Lengths need not be written in the shortest form.
//! 4. The frame is masked.
//! 5. A message begins inside a fragmented one; a continuation continues nothing.
//! 6. The fragments of a message are more than `MESSAGE_BYTES_MAX` bytes or `MESSAGE_FRAGMENTS_MAX`.
//!
//! Of whole messages: close frames hold nothing or a code that may be sent and a reason in UTF-8, and
//! [`BINARY_RUN_MAX`] binary messages in a row are another protocol. Text is not checked here for
//! UTF-8: the parser does that on its way.

mod head;
mod violation;

use std::ops::Range;

pub use violation::Violation;

use head::Head;
use head::Opcode;

use crate::config::limits::MESSAGE_BYTES_MAX;
use crate::config::limits::MESSAGE_FRAGMENTS_MAX;

/// Bytes of the read buffer. A longer message grows it.
pub const READ_BYTES: usize = 256 << 10;
/// Binary messages in a row after which the peer is taken to speak another protocol.
pub const BINARY_RUN_MAX: u32 = 100;

/// What a frame completes.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A text message, not yet known to be UTF-8; mutable because the parser works in place.
    Text(&'a mut [u8]),
    /// A binary message, which nobody reads.
    Binary(&'a [u8]),
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
    /// Nothing yet: a fragment, or a ping that [`Frames::ping_ahead`] has given before.
    Part,
}

/// A message whose first fragment has come and whose last has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Binary,
}

/// The read buffer of a connection and what is known of the message under way. One per connection.
#[derive(Debug)]
pub struct Frames {
    buffer: Vec<u8>,
    /// What has been read and not walked: `start <= end <= buffer.len()`.
    start: usize,
    end: usize,
    /// Bytes of the frame that begins at `start`, head included, once `take` has seen its head and
    /// missed its end.
    awaited: usize,
    /// Up to here [`Frames::ping_ahead`] has looked: the beginning of a frame, if not before `start`.
    ahead: usize,

    open: Option<Open>,
    /// `parts.len() <= MESSAGE_BYTES_MAX`
    parts: Vec<u8>,
    /// `fragments <= MESSAGE_FRAGMENTS_MAX`
    fragments: usize,
    binary_run: u32,
}

impl Frames {
    /// The frames of a connection of which `already_read` is the beginning.
    pub fn new(already_read: &[u8]) -> Self {
        let mut buffer = already_read.to_vec();
        buffer.resize(READ_BYTES.max(already_read.len()), 0);
        Self {
            buffer,
            start: 0,
            end: already_read.len(),
            awaited: 0,
            ahead: 0,
            open: None,
            parts: Vec::new(),
            fragments: 0,
            binary_run: 0,
        }
    }

    /// Where the next read goes. Never empty after [`Frames::take`] has answered `None`.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.ahead = self.ahead.saturating_sub(self.start);
            self.start = 0;
        }
        if self.buffer.len() < self.awaited {
            self.buffer.resize(self.awaited, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// Says that a read has put `bytes` bytes into the room; more than it has are none of a read.
    pub fn filled(&mut self, bytes: usize) {
        self.end = self.buffer.len().min(self.end + bytes);
    }

    /// Whether a read would have a place to go to although nothing is taken.
    pub fn has_room(&self) -> bool {
        self.start > 0 || self.end < self.buffer.len()
    }

    /// The payload of the next ping that has come in full and waits behind what has not been taken,
    /// for when nothing can be taken and the peer should know that we are there. Each is given once:
    /// in its turn it is a [`Received::Part`].
    pub fn ping_ahead(&mut self) -> Option<&[u8]> {
        self.ahead = self.ahead.max(self.start);
        loop {
            // What breaks a rule is for `take` to tell, in its turn.
            let head = Head::read(&self.buffer[self.ahead..self.end]).ok()??;
            let payload = self.ahead + head.bytes;
            let end = payload + head.payload_bytes;
            if end > self.end || head.opcode == Opcode::Close {
                return None;
            }
            self.ahead = end;
            if head.opcode == Opcode::Ping {
                return Some(&self.buffer[payload..end]);
            }
        }
    }

    /// Takes the next frame; `None` when it has not come in full.
    ///
    /// # Errors
    /// A [`Violation`]: close with its code and trust nothing that follows.
    pub fn take(&mut self) -> Result<Option<Received<'_>>, Violation> {
        let Some(head) = Head::read(&self.buffer[self.start..self.end])? else {
            self.awaited = 0;
            return Ok(None);
        };
        self.check_order(&head)?;
        let start = self.start + head.bytes;
        let payload = start..start + head.payload_bytes;
        if payload.end > self.end {
            self.awaited = head.bytes + head.payload_bytes;
            return Ok(None);
        }
        let was_ahead = self.start < self.ahead;
        self.start = payload.end;
        let received = match head.opcode {
            Opcode::Text if head.fin => {
                self.binary_run = 0;
                Received::Text(&mut self.buffer[payload])
            }
            Opcode::Binary if head.fin => {
                self.count_binary()?;
                Received::Binary(&self.buffer[payload])
            }
            Opcode::Text => self.fragment(Open::Text, head.fin, payload)?,
            Opcode::Binary => self.fragment(Open::Binary, head.fin, payload)?,
            Opcode::Continuation => match self.open {
                Some(open) => self.fragment(open, head.fin, payload)?,
                None => return Err(Violation::Orphan),
            },
            Opcode::Ping if was_ahead => Received::Part,
            Opcode::Ping => Received::Ping(&self.buffer[payload]),
            Opcode::Pong => Received::Pong(&self.buffer[payload]),
            Opcode::Close => close(&self.buffer[payload])?,
        };
        Ok(Some(received))
    }

    /// Rules 5 and 6. Changes nothing, as it is asked again when more of the frame has come.
    fn check_order(&self, head: &Head) -> Result<(), Violation> {
        let (fragments, bytes) = match (head.opcode, self.open) {
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(Violation::Interleaved),
            (Opcode::Continuation, None) => return Err(Violation::Orphan),
            (Opcode::Continuation, Some(_)) => (self.fragments, self.parts.len()),
            _ => return Ok(()),
        };
        if fragments == MESSAGE_FRAGMENTS_MAX || head.payload_bytes > MESSAGE_BYTES_MAX - bytes {
            return Err(Violation::TooBig);
        }
        Ok(())
    }

    fn fragment(
        &mut self,
        message: Open,
        fin: bool,
        payload: Range<usize>,
    ) -> Result<Received<'_>, Violation> {
        if self.open.is_none() {
            self.parts.clear();
            self.fragments = 0;
        }
        self.fragments += 1;
        self.parts.extend_from_slice(&self.buffer[payload]);
        if !fin {
            self.open = Some(message);
            return Ok(Received::Part);
        }
        self.open = None;
        match message {
            Open::Binary => {
                self.count_binary()?;
                Ok(Received::Binary(&self.parts))
            }
            Open::Text => {
                self.binary_run = 0;
                Ok(Received::Text(&mut self.parts))
            }
        }
    }

    fn count_binary(&mut self) -> Result<(), Violation> {
        self.binary_run += 1;
        match self.binary_run >= BINARY_RUN_MAX {
            true => Err(Violation::Binary),
            false => Ok(()),
        }
    }
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
