//! Where the requests on an HTTP/1 connection begin and end, read along as the bytes come.
//!
//! hyper takes a request that carries both `Content-Length` and `Transfer-Encoding`, and says nothing
//! of it. A proxy that goes by the other of the two sees another request in the same bytes, so such a
//! request is refused, for which it must be seen. Nothing is kept here but the beginning of a line.
//! This also knows what hyper's timer does not: whether a head has begun, or the line is just idle.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

/// As much of a line as names either header, and a length.
const LINE_BYTES_MAX: usize = 96;
/// What HTTP/2 begins with: from there on nothing here applies.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// What others want to know of a connection's requests.
#[derive(Debug)]
pub(in crate::serve) struct Heads {
    opened: Instant,
    /// When the head that is under way began, in milliseconds since the connection was opened; 0 when
    /// none has.
    begun_ms: AtomicU64,
    /// The number of the first request, from 1, whose end is not certain; 0 when there is none.
    uncertain: AtomicU64,
}

/// Reads along.
#[derive(Debug)]
pub(in crate::serve) struct Framing {
    heads: Arc<Heads>,
    at: At,
    /// The heads that have begun.
    count: u64,
    line: Line,
    head: Head,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Between two requests.
    Start,
    /// In the first line of a head.
    RequestLine,
    /// In another line of a head.
    Header,
    /// In a body: as many bytes to come.
    Body(u64),
    /// In the line that gives a chunk's size.
    Size,
    /// In a chunk: as many bytes to come, those of its end included.
    Chunk(u64),
    /// In the lines after the last chunk.
    Trailer,
    /// Nowhere any more: it is not certain what follows.
    Lost,
    /// In another protocol, HTTP/2.
    Elsewhere,
}

/// What the lines of a head say about the end of its body.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    length: Option<u64>,
    is_encoded: bool,
    is_uncertain: bool,
}

/// The beginning of a line.
#[derive(Debug)]
struct Line {
    bytes: [u8; LINE_BYTES_MAX],
    /// Its length, which may be longer than what is kept.
    length: usize,
}

impl Heads {
    pub(in crate::serve) fn new(opened: Instant) -> Arc<Self> {
        Arc::new(Self {
            opened,
            begun_ms: AtomicU64::new(0),
            uncertain: AtomicU64::new(0),
        })
    }

    /// When the head that is under way began.
    pub(in crate::serve) fn begun(&self) -> Option<Instant> {
        // Relaxed, here and below: one task reads and serves a connection of HTTP/1.
        let ms = self.begun_ms.load(Ordering::Relaxed);
        (ms > 0).then(|| self.opened + std::time::Duration::from_millis(ms))
    }

    /// Whether it is not certain where a request ends, by its number from 1.
    pub(in crate::serve) fn is_uncertain(&self, number: u64) -> bool {
        self.uncertain.load(Ordering::Relaxed) == number
    }

    fn begin(&self) {
        let ms = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.begun_ms.store(ms.max(1), Ordering::Relaxed);
    }

    fn end(&self) {
        self.begun_ms.store(0, Ordering::Relaxed);
    }
}

impl Framing {
    pub(in crate::serve) fn new(heads: Arc<Heads>) -> Self {
        Self {
            heads,
            at: At::Start,
            count: 0,
            line: Line::default(),
            head: Head::default(),
        }
    }

    /// Reads along over what is not to be understood.
    pub(in crate::serve) fn lost() -> Self {
        Self {
            at: At::Lost,
            ..Self::new(Heads::new(Instant::now()))
        }
    }

    /// Whether nothing of a request is missing after the bytes so far, as far as this can tell.
    pub(super) fn is_between(&self) -> bool {
        matches!(self.at, At::Start | At::Elsewhere)
    }

    /// Reads along over the next bytes.
    pub(in crate::serve) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.at {
                At::Lost | At::Elsewhere => return,
                At::Body(left) | At::Chunk(left) => {
                    let taken =
                        usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    bytes = &bytes[taken..];
                    self.pass(left - taken as u64);
                }
                At::Start if matches!(bytes[0], b'\r' | b'\n') => bytes = &bytes[1..],
                At::Start => {
                    self.count += 1;
                    self.head = Head::default();
                    self.heads.begin();
                    self.at = At::RequestLine;
                }
                At::RequestLine | At::Header | At::Size | At::Trailer => {
                    let end = memchr::memchr(b'\n', bytes);
                    self.line.extend(&bytes[..end.unwrap_or(bytes.len())]);
                    bytes = end.map_or(&[], |end| &bytes[end + 1..]);
                    if end.is_some() {
                        self.at = self.after_line();
                        self.line.length = 0;
                    }
                }
            }
        }
    }

    /// Goes on after bytes of a body, of which some are left to come.
    fn pass(&mut self, left: u64) {
        self.at = match self.at {
            At::Body(_) if left > 0 => At::Body(left),
            At::Chunk(_) if left > 0 => At::Chunk(left),
            At::Chunk(_) => At::Size,
            _ => At::Start,
        };
    }

    fn after_line(&mut self) -> At {
        match self.at {
            At::RequestLine if self.line.text() == PREFACE => {
                self.heads.end();
                At::Elsewhere
            }
            At::RequestLine => At::Header,
            At::Header if self.line.text().is_empty() => self.after_head(),
            At::Header => {
                self.head.read(&self.line);
                At::Header
            }
            At::Size => match chunk_size(self.line.text()) {
                Some(0) => At::Trailer,
                Some(size) => At::Chunk(size.saturating_add(2)),
                None => At::Lost,
            },
            At::Trailer if self.line.text().is_empty() => At::Start,
            at => at,
        }
    }

    fn after_head(&mut self) -> At {
        self.heads.end();
        let Head {
            length,
            is_encoded,
            is_uncertain,
        } = self.head;
        if is_uncertain || (is_encoded && length.is_some()) {
            self.heads.uncertain.store(self.count, Ordering::Relaxed);
            return At::Lost;
        }
        match length {
            _ if is_encoded => At::Size,
            None | Some(0) => At::Start,
            Some(length) => At::Body(length),
        }
    }
}

impl Head {
    fn read(&mut self, line: &Line) {
        let text = line.text();
        let Some(colon) = memchr::memchr(b':', text) else {
            return;
        };
        let (name, value) = (&text[..colon], text[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            // One line that names one coding: whatever else may be meant is refused.
            let is_plain = value.eq_ignore_ascii_case(b"chunked") && !line.is_cut();
            self.is_uncertain |= self.is_encoded || !is_plain;
            self.is_encoded = true;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let length = number(value, 10).filter(|_| !line.is_cut());
            self.is_uncertain |= match (self.length, length) {
                (Some(before), Some(length)) => before != length,
                (_, length) => length.is_none(),
            };
            self.length = length.or(self.length);
        }
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let digits = std::str::from_utf8(digits).ok()?;
    // A sign is none of HTTP's digits.
    let is_bare = digits.bytes().all(|digit| digit.is_ascii_alphanumeric());
    u64::from_str_radix(digits, radix).ok().filter(|_| is_bare)
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let end = line
        .iter()
        .position(|byte| matches!(byte, b';' | b' ' | b'\t'));
    number(&line[..end.unwrap_or(line.len())], 16)
}

impl Line {
    fn extend(&mut self, bytes: &[u8]) {
        let at = self.length.min(LINE_BYTES_MAX);
        let taken = bytes.len().min(LINE_BYTES_MAX - at);
        self.bytes[at..at + taken].copy_from_slice(&bytes[..taken]);
        self.length = self.length.saturating_add(bytes.len());
    }

    fn is_cut(&self) -> bool {
        self.length > LINE_BYTES_MAX
    }

    /// The beginning of the line, without the end of it.
    fn text(&self) -> &[u8] {
        let text = &self.bytes[..self.length.min(LINE_BYTES_MAX)];
        text.strip_suffix(b"\r").unwrap_or(text)
    }
}

impl Default for Line {
    fn default() -> Self {
        Self {
            bytes: [0; LINE_BYTES_MAX],
            length: 0,
        }
    }
}

#[cfg(test)]
mod tests;
