//! What goes out in one write: many frames of a WebSocket, or many lines of a file, and the account
//! of what is in them.

use super::disorder::Outlet;

/// The first byte of a whole frame: FIN and the opcode.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PONG: u8 = 0x8a;
/// The longest payload of a control frame, in bytes.
const CONTROL_BYTES_MAX: usize = 125;

/// The form of what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Unmasked frames, as a server sends them.
    Frames,
    /// Lines.
    Lines,
}

/// The bytes of one write. Cleared and filled again, it does not allocate.
#[derive(Debug)]
pub(super) struct Outbox {
    form: Form,
    pub(super) bytes: Vec<u8>,
    /// The sequences of the events in `bytes`, in their order; copies are not listed.
    pub(super) sequences: Vec<u64>,
    pub(super) copies: u64,
    pub(super) malformed: u64,
}

impl Outbox {
    /// Bytes after which an outbox is worth a write.
    pub(super) const FULL_BYTES: usize = 64 << 10;

    pub(super) const fn new(form: Form) -> Self {
        Self {
            form,
            bytes: Vec::new(),
            sequences: Vec::new(),
            copies: 0,
            malformed: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.sequences.clear();
        self.copies = 0;
        self.malformed = 0;
    }

    pub(super) const fn is_full(&self) -> bool {
        self.bytes.len() >= Self::FULL_BYTES
    }

    fn add(&mut self, first: u8, payload: &[u8]) {
        match self.form {
            Form::Frames => write_frame(first, payload, &mut self.bytes),
            Form::Lines => {
                self.bytes.extend_from_slice(payload);
                self.bytes.push(b'\n');
            }
        }
    }
}

impl Outlet for Outbox {
    fn event(&mut self, sequence: u64, payload: &[u8]) {
        self.sequences.push(sequence);
        self.add(TEXT, payload);
    }

    fn copy(&mut self, payload: &[u8]) {
        self.copies += 1;
        self.add(TEXT, payload);
    }

    /// A file has no binary frames; there the bytes are a line.
    fn malformed(&mut self, payload: &[u8], is_binary: bool) {
        self.malformed += 1;
        self.add(if is_binary { BINARY } else { TEXT }, payload);
    }
}

/// A close frame. Reasons are ours, and short.
pub(super) fn close_frame(code: u16, reason: &'static str) -> Vec<u8> {
    debug_assert!(reason.len() <= CONTROL_BYTES_MAX - 2);
    control_frame(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// The answer to a ping.
pub(super) fn pong_frame(payload: &[u8]) -> Vec<u8> {
    control_frame(PONG, &payload[..payload.len().min(CONTROL_BYTES_MAX)])
}

fn control_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    write_frame(first, payload, &mut frame);
    frame
}

/// Appends one whole, unmasked frame.
fn write_frame(first: u8, payload: &[u8], out: &mut Vec<u8>) {
    let length = payload.len();
    out.push(first);
    if let Ok(short @ 0..=125) = u8::try_from(length) {
        out.push(short);
    } else if let Ok(medium) = u16::try_from(length) {
        out.push(126);
        out.extend_from_slice(&medium.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_carry_the_shortest_length() {
        let check = |length: usize, header: &[u8]| {
            let payload = vec![b'x'; length];
            let mut outbox = Outbox::new(Form::Frames);
            outbox.event(1, &payload);
            assert_eq!(outbox.bytes, [header, &payload[..]].concat(), "{length}");
        };
        check(0, &[0x81, 0]);
        check(125, &[0x81, 125]);
        check(126, &[0x81, 126, 0, 126]);
        check(65_535, &[0x81, 126, 0xff, 0xff]);
        check(65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn lines_end_with_a_line_feed() {
        let mut outbox = Outbox::new(Form::Lines);
        outbox.event(4, b"{}");
        outbox.copy(b"{}");
        outbox.malformed(b"?", true);
        assert_eq!(outbox.bytes, b"{}\n{}\n?\n");
        assert_eq!(
            (outbox.sequences.as_slice(), outbox.copies, outbox.malformed),
            (&[4][..], 1, 1)
        );
    }
}
