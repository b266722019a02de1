//! Fuzz target: the frame walker against `fastwebsockets` with the rules that it leaves to its user.
//!
//! The first byte says into what pieces the rest, a stream of frames, is cut.
//!
//! The walker has to give the same messages, and the same violation at the end, as the reference, and
//! the same whatever the pieces. It may differ in these ways only:
//!
//! 1. It refuses a frame when its head has come, where the reference awaits the mask and the payload,
//!    and so may see the stream end first.
//! 2. Of a frame that breaks two rules, it names the one that comes first on its page: a masked or
//!    interleaved text that is no UTF-8 is masked or interleaved; a control frame over 125 bytes is
//!    just that, also over the limit for messages or masked.
//! 3. A text that is no UTF-8 leaves it as a text, for the parser to refuse. Here that ends the stream
//!    like the reference's violation.
use std::mem;

use fastwebsockets::Frame;
use fastwebsockets::OpCode;
use fastwebsockets::Role;
use fastwebsockets::WebSocketError;
use fastwebsockets::WebSocketRead;
use fastwebsockets::after_handshake_split;
use futures_util::FutureExt;
use streamgauge::config::limits::MESSAGE_BYTES_MAX;
use streamgauge::config::limits::MESSAGE_FRAGMENTS_MAX;
use streamgauge::source::websocket::frames::BINARY_RUN_MAX;
use streamgauge::source::websocket::frames::Frames;
use streamgauge::source::websocket::frames::Received;
use streamgauge::source::websocket::frames::Violation;

/// What a frame completed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Message {
    Text(Vec<u8>),
    Binary(usize),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    Part,
}

/// A stream's messages, and the violation that ended it.
type Walked = (Vec<Message>, Option<Violation>);

/// Fails when the walker and the reference disagree about a stream.
pub(crate) fn run(bytes: &[u8]) {
    let Some((&cut, stream)) = bytes.split_first() else {
        return;
    };
    let whole = walk(stream, 0);
    assert_eq!(walk(stream, cut), whole, "cut by {cut}");
    let (messages, violation) = reference(stream);
    assert_eq!(whole.0, messages);
    assert!(
        is_same_end(whole.1, violation),
        "walker {:?}, reference {violation:?}",
        whole.1
    );
}

/// Exceptions 1 and 2.
fn is_same_end(walker: Option<Violation>, reference: Option<Violation>) -> bool {
    use Violation::{ControlFragmented, ControlTooLong, Interleaved, Masked, Orphan, TooBig, Utf8};
    let Some(violation) = walker else {
        return reference.is_none();
    };
    match reference {
        Some(other) if other == violation => true,
        None => matches!(
            violation,
            Masked | Orphan | Interleaved | ControlFragmented | ControlTooLong | TooBig
        ),
        Some(Utf8) => matches!(violation, Masked | Interleaved),
        Some(TooBig | Masked) => violation == ControlTooLong,
        Some(_) => false,
    }
}

/// By the walker, in pieces whose lengths follow from `cut`; 0 is one piece.
fn walk(stream: &[u8], cut: u8) -> Walked {
    let mut frames = Frames::new(&[]);
    let mut messages = Vec::new();
    let mut rest = stream;
    let mut state = u32::from(cut);
    while !rest.is_empty() {
        // A linear congruential generator, by the constants of Numerical Recipes.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let most = match cut {
            0 => usize::MAX,
            1..128 => usize::from(cut),
            _ => 1 + (state >> 24) as usize,
        };
        let room = frames.room();
        assert!(!room.is_empty());
        let (piece, later) = rest.split_at(rest.len().min(room.len()).min(most));
        room[..piece.len()].copy_from_slice(piece);
        rest = later;
        frames.filled(piece.len());
        loop {
            let message = match frames.take() {
                Ok(None) => break,
                Ok(Some(received)) => message(received),
                Err(violation) => return (messages, Some(violation)),
            };
            match message {
                Message::Text(text) if std::str::from_utf8(&text).is_err() => {
                    return (messages, Some(Violation::Utf8));
                }
                message => messages.push(message),
            }
        }
    }
    (messages, None)
}

fn message(received: Received<'_>) -> Message {
    match received {
        Received::Text(text) => Message::Text(text.to_vec()),
        Received::Binary(payload) => Message::Binary(payload.len()),
        Received::Ping(payload) => Message::Ping(payload.to_vec()),
        Received::Pong(payload) => Message::Pong(payload.to_vec()),
        Received::Close { code, reason } => Message::Close(code, reason.to_owned()),
        Received::Part => Message::Part,
    }
}

/// By `fastwebsockets` and the rules on top of it.
fn reference(stream: &[u8]) -> Walked {
    let (mut reader, _) = after_handshake_split(stream, tokio::io::sink(), Role::Client);
    reader.set_auto_close(false);
    reader.set_auto_pong(false);
    // It refuses frames of this size and more.
    reader.set_max_message_size(MESSAGE_BYTES_MAX + 1);
    let mut rules = Rules::default();
    let mut messages = Vec::new();
    loop {
        let taken = match read(&mut reader) {
            Ok(mut frame) => rules.take(&mut frame),
            Err(error) => match violation(&error) {
                Some(violation) => Err(violation),
                None => return (messages, None),
            },
        };
        match taken {
            Ok(message) => messages.push(message),
            Err(violation) => return (messages, Some(violation)),
        }
    }
}

fn read<'a>(reader: &'a mut WebSocketRead<&[u8]>) -> Result<Frame<'a>, WebSocketError> {
    let mut never = |_: Frame<'_>| std::future::ready(Ok::<(), WebSocketError>(()));
    let frame = reader.read_frame(&mut never).now_or_never();
    frame.unwrap_or(Err(WebSocketError::UnexpectedEOF))
}

fn violation(error: &WebSocketError) -> Option<Violation> {
    match error {
        WebSocketError::ReservedBitsNotZero => Some(Violation::ReservedBit),
        WebSocketError::InvalidValue => Some(Violation::Opcode),
        WebSocketError::ControlFrameFragmented => Some(Violation::ControlFragmented),
        WebSocketError::PingFrameTooLarge => Some(Violation::ControlTooLong),
        WebSocketError::FrameTooLarge => Some(Violation::TooBig),
        WebSocketError::InvalidUTF8 => Some(Violation::Utf8),
        _ => None,
    }
}

/// The rules that `fastwebsockets` leaves to its user.
#[derive(Default)]
struct Rules {
    open: Option<OpCode>,
    parts: Vec<u8>,
    fragments: usize,
    binary_run: u32,
}

impl Rules {
    fn take(&mut self, frame: &mut Frame<'_>) -> Result<Message, Violation> {
        // It keeps the mask to itself, but writes its bit when asked for a head.
        let mut head = [0; 16];
        frame.fmt_head(&mut head);
        if head[1] & 0x80 != 0 {
            return Err(Violation::Masked);
        }
        let payload = frame.payload.to_vec();
        match frame.opcode {
            OpCode::Text | OpCode::Binary if self.open.is_some() => Err(Violation::Interleaved),
            OpCode::Continuation if self.open.is_none() => Err(Violation::Orphan),
            OpCode::Text | OpCode::Binary | OpCode::Continuation => {
                self.data(frame.opcode, frame.fin, payload)
            }
            _ if payload.len() > 125 => Err(Violation::ControlTooLong),
            OpCode::Ping => Ok(Message::Ping(payload)),
            OpCode::Pong => Ok(Message::Pong(payload)),
            OpCode::Close => close(&payload),
        }
    }

    fn data(&mut self, opcode: OpCode, fin: bool, payload: Vec<u8>) -> Result<Message, Violation> {
        let opcode = self.open.unwrap_or(opcode);
        self.fragments += 1;
        self.parts.extend(payload);
        if self.fragments > MESSAGE_FRAGMENTS_MAX || self.parts.len() > MESSAGE_BYTES_MAX {
            return Err(Violation::TooBig);
        }
        self.open = (!fin).then_some(opcode);
        if !fin {
            return Ok(Message::Part);
        }
        self.fragments = 0;
        let message = mem::take(&mut self.parts);
        if opcode == OpCode::Text {
            self.binary_run = 0;
            return match std::str::from_utf8(&message) {
                Ok(_) => Ok(Message::Text(message)),
                Err(_) => Err(Violation::Utf8),
            };
        }
        self.binary_run += 1;
        if self.binary_run >= BINARY_RUN_MAX {
            return Err(Violation::Binary);
        }
        Ok(Message::Binary(message.len()))
    }
}

fn close(payload: &[u8]) -> Result<Message, Violation> {
    let [high, low, reason @ ..] = payload else {
        return match payload {
            [] => Ok(Message::Close(None, String::new())),
            _ => Err(Violation::CloseCode),
        };
    };
    let code = u16::from_be_bytes([*high, *low]);
    let is_sent = match code {
        1004..=1006 | 1015 => false,
        1000..=1014 | 3000..=4999 => true,
        _ => false,
    };
    match std::str::from_utf8(reason) {
        _ if !is_sent => Err(Violation::CloseCode),
        Ok(reason) => Ok(Message::Close(Some(code), reason.to_owned())),
        Err(_) => Err(Violation::Utf8),
    }
}
