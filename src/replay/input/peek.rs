//! An input whose beginning can be looked at before it is read.

use std::io;
use std::io::ErrorKind;
use std::io::Read;

/// Bytes asked of an input at once.
pub(super) const READ_BYTES: usize = 64 << 10;

/// The first bytes, and the input behind them.
pub(super) struct Peek<R> {
    input: R,
    /// What was looked at and not read is `buffer[start..]`.
    buffer: Vec<u8>,
    start: usize,
    is_at_end: bool,
    /// What ended the looking; reported to whoever reads as far.
    fault: Option<io::Error>,
}

impl<R: Read> Peek<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
            is_at_end: false,
            fault: None,
        }
    }

    /// What has been looked at and not been read.
    pub(super) fn peeked(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Leaves out the next bytes, which have been looked at.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Shows the first bytes, more of them each time, until they are enough: `decide` gets whether
    /// they are all there will be, and must answer then.
    pub(super) fn decide<T>(&mut self, decide: impl Fn(&[u8], bool) -> Option<T>) -> T
    where
        T: Default,
    {
        loop {
            if let Some(decided) = decide(self.peeked(), self.is_at_end) {
                return decided;
            }
            if self.is_at_end {
                return T::default();
            }
            self.look_further();
        }
    }

    fn look_further(&mut self) {
        let looked = self.buffer.len();
        // Doubles, so that what decides again each time stays linear in the end.
        let more = READ_BYTES.max(looked);
        self.buffer.resize(looked + more, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[looked..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let bytes = read.unwrap_or_else(|error| {
            self.fault = Some(error);
            0
        });
        self.buffer.truncate(looked + bytes);
        self.is_at_end = bytes == 0;
    }
}

impl<R: Read> Read for Peek<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let peeked = self.peeked();
        if peeked.is_empty() {
            return match self.fault.take() {
                Some(fault) => Err(fault),
                None if self.is_at_end => Ok(0),
                None => self.input.read(room),
            };
        }
        let bytes = peeked.len().min(room.len());
        room[..bytes].copy_from_slice(&peeked[..bytes]);
        self.start += bytes;
        if self.start == self.buffer.len() {
            self.buffer = Vec::new();
            self.start = 0;
        }
        Ok(bytes)
    }
}
