//! Bytes to lines: large reads into one buffer, lines handed out in place.
//!
//! A line ends with a line feed, before which one carriage return is dropped, or with the input.
//! Empty lines are skipped but numbered. A line never leaves the buffer, so nothing is copied but
//! the beginning of the one that a read cuts in two.

use std::io;
use std::io::Read;
use std::ops::Range;

use memchr::memchr;

use crate::config::limits;
use crate::event::Reject;

/// Bytes asked of the input at once: fits a second-level cache, and a system call is lost in it.
const READ_BYTES: usize = 256 << 10;

/// One line that is not empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// From 1, empty lines counted.
    pub(super) number: u64,
    /// Its bytes without the line end, free to be rewritten; or why it is not kept.
    pub(super) content: Result<&'a mut [u8], Reject>,
}

/// Walks an input line by line.
#[derive(Debug)]
pub(super) struct LineReader<R> {
    input: R,
    /// What was read and not taken is `buffer[start..end]`; `start <= scanned <= end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// `buffer[start..scanned]` holds no line end.
    scanned: usize,
    /// The line that was found: its place in the buffer, or `None` when it is too long.
    found: Option<Range<usize>>,
    /// Whether `buffer[start..]` continues a line that was found too long.
    is_skipping: bool,
    is_at_end: bool,
    /// Whether the last read gave all that was asked for, as a file does and a pipe never.
    is_plenty: bool,
    lines: u64,
}

impl<R: Read> LineReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            // What is left of a line of full length, its carriage return included, and one read.
            buffer: vec![0; limits::MESSAGE_BYTES_MAX + 1 + READ_BYTES],
            start: 0,
            end: 0,
            scanned: 0,
            found: None,
            is_skipping: false,
            is_at_end: false,
            is_plenty: false,
            lines: 0,
        }
    }

    /// Lines found so far, empty ones counted.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether the input has ended. Lines may still be in the buffer.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Whether the next read may wait for whoever writes the input.
    pub(super) fn may_wait(&self) -> bool {
        !self.is_plenty
    }

    /// What was read from the beginning of the next line on, if it has not been looked at yet.
    #[inline]
    pub(super) fn ahead(&self) -> Option<&[u8]> {
        let is_fresh = self.start == self.scanned && !self.is_skipping;
        is_fresh.then(|| &self.buffer[self.start..self.end])
    }

    /// Takes the next line of so many bytes, which a line feed follows; it is not empty.
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) {
        debug_assert_eq!(self.buffer[self.start + bytes], b'\n');
        self.start += bytes + 1;
        self.scanned = self.start;
        self.lines += 1;
    }

    /// The line that [`LineReader::find_line`] has found.
    pub(super) fn line(&mut self) -> Line<'_> {
        Line {
            number: self.lines,
            content: match self.found.clone() {
                Some(range) => Ok(&mut self.buffer[range]),
                None => Err(Reject::TooBig),
            },
        }
    }

    /// Looks for the next line in the buffer; false when it holds no whole one.
    pub(super) fn find_line(&mut self) -> bool {
        while let Some(stop) = self.find_stop() {
            let range = self.start..stop;
            self.start = self.end.min(stop + 1);
            self.scanned = self.start;
            if self.is_skipping {
                self.is_skipping = false;
                continue;
            }
            self.lines += 1;
            let content = self.without_carriage_return(range);
            if content.is_empty() {
                continue;
            }
            self.found = (content.len() <= limits::MESSAGE_BYTES_MAX).then_some(content);
            return true;
        }
        self.give_up_long_line()
    }

    /// Where the line at `start` ends: at its line feed, or with the input.
    fn find_stop(&mut self) -> Option<usize> {
        if let Some(offset) = memchr(b'\n', &self.buffer[self.scanned..self.end]) {
            return Some(self.scanned + offset);
        }
        self.scanned = self.end;
        (self.is_at_end && self.start < self.end).then_some(self.end)
    }

    fn without_carriage_return(&self, range: Range<usize>) -> Range<usize> {
        match self.buffer[range.clone()].last() {
            Some(b'\r') => range.start..range.end - 1,
            _ => range,
        }
    }

    /// Drops the beginning of a line that is too long already, and reports it the first time.
    fn give_up_long_line(&mut self) -> bool {
        let is_long = self.end - self.start > limits::MESSAGE_BYTES_MAX + 1;
        if !is_long && !self.is_skipping {
            return false;
        }
        self.start = self.end;
        if self.is_skipping {
            return false;
        }
        self.is_skipping = true;
        self.lines += 1;
        self.found = None;
        true
    }

    /// Reads once, after the beginning of a line that is still incomplete.
    ///
    /// # Errors
    /// What the input says; an interrupted read is tried again.
    pub(super) fn refill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.scanned -= self.start;
        self.start = 0;
        let room = &mut self.buffer[self.end..self.end + READ_BYTES];
        loop {
            match self.input.read(room) {
                Ok(0) => self.is_at_end = true,
                Ok(bytes) => {
                    self.end += bytes;
                    self.is_plenty = bytes == READ_BYTES;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out its bytes a few at a time.
    struct Drip<'a> {
        bytes: &'a [u8],
        at_once: usize,
    }

    impl Read for Drip<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let count = self.at_once.min(self.bytes.len()).min(room.len());
            let (now, later) = self.bytes.split_at(count);
            room[..count].copy_from_slice(now);
            self.bytes = later;
            Ok(count)
        }
    }

    /// All lines as number and length, or no length for one too long.
    fn lengths(bytes: &[u8], at_once: usize) -> Vec<(u64, Option<usize>)> {
        let mut reader = LineReader::new(Drip { bytes, at_once });
        let mut lines = Vec::new();
        loop {
            // Every second line is taken as if its end were known.
            let ahead = reader.ahead().filter(|_| lines.len() % 2 == 1);
            let whole = ahead.and_then(|ahead| {
                let end = ahead.iter().position(|&byte| byte == b'\n')?;
                let length = end - usize::from(ahead[..end].ends_with(b"\r"));
                (length > 0).then_some((end, length))
            });
            if let Some((end, length)) = whole {
                reader.take(end);
                lines.push((reader.lines(), Some(length)));
            } else if reader.find_line() {
                let line = reader.line();
                lines.push((line.number, line.content.ok().map(|bytes| bytes.len())));
            } else if reader.is_at_end() {
                return lines;
            } else {
                reader.refill().unwrap();
            }
        }
    }

    #[test]
    fn lines_end_with_a_line_feed_or_the_input() {
        let check = |text: &str, expected: &[(u64, usize)]| {
            let expected: Vec<_> = expected.iter().map(|&(n, len)| (n, Some(len))).collect();
            for at_once in [1, 2, 3, 1_000] {
                assert_eq!(
                    lengths(text.as_bytes(), at_once),
                    expected,
                    "{text:?} {at_once}"
                );
            }
        };
        check("", &[]);
        check("\n", &[]);
        check("\r\n\n", &[]);
        check("a", &[(1, 1)]);
        check("a\n", &[(1, 1)]);
        check("a\nbc", &[(1, 1), (2, 2)]);
        check("a\r\nbc\r\n", &[(1, 1), (2, 2)]);
        check("\n\na\n\nbc\n", &[(3, 1), (5, 2)]);
        check("a\rb\n\r", &[(1, 3)]);
        check(" \n", &[(1, 1)]);
    }

    #[test]
    fn only_a_short_read_makes_the_next_one_worth_handing_over_for() {
        let bytes = vec![b'\n'; READ_BYTES + 1];
        let mut reader = LineReader::new(Drip {
            bytes: &bytes,
            at_once: usize::MAX,
        });
        let mut waits = vec![reader.may_wait()];
        while !reader.is_at_end() {
            reader.refill().unwrap();
            while reader.find_line() {}
            waits.push(reader.may_wait());
        }
        assert_eq!(waits, [true, false, true, true]);
    }

    #[test]
    fn a_line_over_the_limit_is_one_rejected_line() {
        let limit = limits::MESSAGE_BYTES_MAX;
        let check = |long: usize, end: &str, kept: Option<usize>| {
            // One line before it or two, so that either way of taking lines meets it.
            let text = ["a\n", "\n", &"x".repeat(long), end, "bc\n", "d\n"].concat();
            let more = ["a\n", "b\n", &"x".repeat(long), end, "bc\n", "d\n"].concat();
            for at_once in [65_537, 10 << 20] {
                let expected = [(1, Some(1)), (3, kept), (4, Some(2)), (5, Some(1))];
                assert_eq!(
                    lengths(text.as_bytes(), at_once),
                    expected,
                    "{long} {end:?}"
                );
                let mut expected = expected.to_vec();
                expected.insert(1, (2, Some(1)));
                assert_eq!(
                    lengths(more.as_bytes(), at_once),
                    expected,
                    "{long} {end:?}"
                );
            }
        };
        check(limit, "\n", Some(limit));
        check(limit, "\r\n", Some(limit));
        check(limit + 1, "\n", None);
        check(limit + 1, "\r\n", None);
        check(3 * limit, "\n", None);
        // And as the last line, without an end.
        let text = "x".repeat(3 * limit);
        assert_eq!(lengths(text.as_bytes(), 100_000), [(1, None)]);
    }
}
