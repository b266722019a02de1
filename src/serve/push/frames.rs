//! Messages out of WebSocket frames, by the rules of RFC 6455 and within our limits.
//!
//! fastwebsockets reads the frames. It takes unmasked ones from a client, control frames of any
//! length, and fragments without an end; those are refused here.

use std::convert::Infallible;
use std::future;
use std::io;

use fastwebsockets::Frame;
use fastwebsockets::OpCode;
use fastwebsockets::WebSocketError;
use fastwebsockets::WebSocketRead;
use tokio::io::AsyncRead;

use super::close::Close;
use crate::config::limits;

/// The longest payload of a control frame.
const CONTROL_BYTES_MAX: usize = 125;

/// What comes from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// A whole message.
    Text(String),
    /// To be answered with the same bytes.
    Ping(Vec<u8>),
    /// An answer to a ping.
    Pong,
    /// The client closes, with this code if it gives one.
    Close(Option<u16>),
}

/// Why nothing more comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The connection is gone.
    Gone,
    /// The client's machine takes nothing in any more: the system has given it up.
    Dead,
    /// The client broke the rules; how to close.
    Broken(Close),
}

/// Reads messages.
pub(super) struct Frames<S> {
    read: WebSocketRead<S>,
    /// The fragments of a message whose end has not come.
    begun: Option<Begun>,
}

#[derive(Default)]
struct Begun {
    bytes: Vec<u8>,
    fragments: usize,
}

impl<S: AsyncRead + Unpin> Frames<S> {
    /// Takes over a socket after its handshake.
    pub(super) fn new(mut read: WebSocketRead<S>) -> Self {
        // Answers are written in turn with everything else, not from in here.
        read.set_auto_close(false);
        read.set_auto_pong(false);
        // The library refuses from this size on.
        read.set_max_message_size(limits::SOCKET_MESSAGE_BYTES_MAX + 1);
        Self { read, begun: None }
    }

    /// The next message. Must not be dropped while it waits: what it has read would be lost.
    ///
    /// # Errors
    /// Why there is none; nothing can be read after that.
    pub(super) async fn next(&mut self) -> Result<Received, Ended> {
        loop {
            // Never called, because nothing is answered in there.
            let mut send = |_: Frame<'_>| future::ready(Ok::<(), Infallible>(()));
            let mut frame = self.read.read_frame(&mut send).await.map_err(Ended::from)?;
            let mut head = [0; 16];
            frame.fmt_head(&mut head);
            if head[1] & 0x80 == 0 {
                return Err(broken("frame not masked"));
            }
            match frame.opcode {
                OpCode::Text | OpCode::Continuation => {
                    if let Some(text) = accumulate(&mut self.begun, &frame)? {
                        return Ok(Received::Text(text));
                    }
                }
                OpCode::Binary => {
                    let close = Close::bad_message("message: binary; send text");
                    return Err(Ended::Broken(close));
                }
                _ if frame.payload.len() > CONTROL_BYTES_MAX => {
                    return Err(broken("control frame too long"));
                }
                OpCode::Ping => return Ok(Received::Ping(frame.payload.to_vec())),
                OpCode::Pong => return Ok(Received::Pong),
                OpCode::Close => return close_of(&frame.payload),
            }
        }
    }
}

/// Adds a frame to the message it belongs to; the message, once it is whole.
fn accumulate(begun: &mut Option<Begun>, frame: &Frame<'_>) -> Result<Option<String>, Ended> {
    let mut message = match (frame.opcode, begun.take()) {
        (OpCode::Continuation, Some(message)) => message,
        (OpCode::Continuation, None) => return Err(broken("continuation of nothing")),
        (_, Some(_)) => return Err(broken("message inside another")),
        (_, None) => Begun::default(),
    };
    message.fragments += 1;
    let bytes = message.bytes.len() + frame.payload.len();
    if bytes > limits::SOCKET_MESSAGE_BYTES_MAX || message.fragments > limits::MESSAGE_FRAGMENTS_MAX
    {
        return Err(Ended::Broken(Close::TOO_BIG));
    }
    message.bytes.extend_from_slice(&frame.payload);
    if !frame.fin {
        *begun = Some(message);
        return Ok(None);
    }
    let text = String::from_utf8(message.bytes);
    text.map(Some).map_err(|_| Ended::Broken(Close::NOT_UTF8))
}

fn close_of(payload: &[u8]) -> Result<Received, Ended> {
    let (code, reason) = match payload {
        [] => return Ok(Received::Close(None)),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        [_] => return Err(broken("close of one byte")),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(broken("close code"));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Ended::Broken(Close::NOT_UTF8));
    }
    Ok(Received::Close(Some(code)))
}

const fn broken(reason: &'static str) -> Ended {
    Ended::Broken(Close::protocol(reason))
}

impl From<WebSocketError> for Ended {
    fn from(error: WebSocketError) -> Self {
        match error {
            WebSocketError::FrameTooLarge => Self::Broken(Close::TOO_BIG),
            WebSocketError::InvalidUTF8 => Self::Broken(Close::NOT_UTF8),
            WebSocketError::ReservedBitsNotZero => broken("reserved bit"),
            WebSocketError::ControlFrameFragmented => broken("control frame in fragments"),
            WebSocketError::PingFrameTooLarge => broken("control frame too long"),
            WebSocketError::InvalidValue => broken("unknown opcode"),
            WebSocketError::IoError(error) if error.kind() == io::ErrorKind::TimedOut => Self::Dead,
            _ => Self::Gone,
        }
    }
}

#[cfg(test)]
mod tests;
