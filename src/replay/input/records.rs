//! JSON records in any shape to one record a line, as they are read.

use std::io;
use std::io::ErrorKind;
use std::io::Read;

use super::peek::READ_BYTES;
use crate::parse::RECORD_SEPARATOR;
use crate::parse::Walk;
use crate::parse::WalkEnd;

/// Where the next byte belongs.
#[derive(Debug)]
enum Place {
    /// Between records: brackets of arrays, commas, separators and space are left out.
    Between,
    Record(Walk),
    /// Something else, which becomes a line of its own, for it to be refused and counted.
    Stray,
}

/// Reads records and gives lines. The line feeds inside of a record become spaces.
///
/// Memory is bounded by what is read at once; a record of any length passes through in pieces.
#[derive(Debug)]
pub(super) struct Records<R> {
    input: R,
    read: Box<[u8]>,
    place: Place,
    /// What is to be handed out is `lines[start..]`.
    lines: Vec<u8>,
    start: usize,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            read: vec![0; READ_BYTES].into_boxed_slice(),
            place: Place::Between,
            lines: Vec::with_capacity(2 * READ_BYTES),
            start: 0,
        }
    }

    /// Reads once; false at the end of the input.
    fn refill(&mut self) -> io::Result<bool> {
        let bytes = loop {
            match self.input.read(&mut self.read) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.lines.clear();
        self.start = 0;
        let mut rest = &self.read[..bytes];
        while !rest.is_empty() {
            let taken = match &mut self.place {
                Place::Between => {
                    let skipped = rest.iter().position(|byte| !is_between(*byte));
                    if let Some(at) = skipped {
                        self.place = match rest[at] {
                            b'{' => Place::Record(Walk::default()),
                            _ => Place::Stray,
                        };
                    }
                    skipped.unwrap_or(rest.len())
                }
                Place::Record(value) => {
                    let (taken, end) = value.walk(rest);
                    let from = self.lines.len();
                    self.lines.extend_from_slice(&rest[..taken]);
                    for byte in &mut self.lines[from..] {
                        if *byte == b'\n' {
                            *byte = b' ';
                        }
                    }
                    if end != WalkEnd::Open {
                        self.lines.push(b'\n');
                        self.place = Place::Between;
                    }
                    taken
                }
                Place::Stray => {
                    let ends = |byte: &u8| matches!(*byte, b'\n' | b'{' | RECORD_SEPARATOR);
                    let end = rest.iter().position(ends);
                    self.lines
                        .extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
                    if end.is_some() {
                        self.lines.push(b'\n');
                        self.place = Place::Between;
                    }
                    end.unwrap_or(rest.len())
                }
            };
            rest = &rest[taken..];
        }
        Ok(bytes > 0)
    }
}

/// What may stand between records: the byte-order mark with which the next of several files begins, and
/// the zeros of one that was cut or made longer than it is, too.
pub(super) const fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(byte, b',' | b'[' | b']' | RECORD_SEPARATOR)
        || matches!(byte, 0 | 0xEF | 0xBB | 0xBF)
}

impl<R: Read> Read for Records<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.start == self.lines.len() {
            if !self.refill()? {
                return Ok(0);
            }
        }
        let lines = &self.lines[self.start..];
        let bytes = lines.len().min(room.len());
        room[..bytes].copy_from_slice(&lines[..bytes]);
        self.start += bytes;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(room.len());
            room[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn every_record_becomes_a_line() {
        let check = |text: &str, expected: &str| {
            for at_once in [1, 2, 7, 1_000] {
                let mut lines = String::new();
                let mut records = Records::new(Drip(text.as_bytes(), at_once));
                records.read_to_string(&mut lines).unwrap();
                assert_eq!(lines, expected, "{text:?} {at_once}");
            }
        };
        check("[]", "");
        check("[{\"a\":1},\n {\"b\":2}\n]\n", "{\"a\":1}\n{\"b\":2}\n");
        check("[[{\"a\":1}],[{\"b\":2}]]", "{\"a\":1}\n{\"b\":2}\n");
        check(
            "{\"a\":\"}{\"}{\"b\":2} {}",
            "{\"a\":\"}{\"}\n{\"b\":2}\n{}\n",
        );
        check("{\r\n \"a\": [\r\n1]\r\n}\r\n", "{\r  \"a\": [\r 1]\r }\n");
        check("\u{1E}{\"a\":1}\n\u{1E}{}\n", "{\"a\":1}\n{}\n");
        check("{}\r{}\r", "{}\n{}\n");
        check("{},{},", "{}\n{}\n");
        check("{}\u{FEFF}{}\0\0\n{}\0", "{}\n{}\n{}\n");
        // What is no record, or a broken one, is a line that will be refused, and swallows nothing.
        check("{}oops{}", "{}\noops\n{}\n");
        check("[1,2,{}]", "1,2,\n{}\n");
        check("{\"a\":1\n{\"b\":2}{}", "{\"a\":1 \n{\"b\":2}\n{}\n");
        check("{\"a\":\"cut\n{}", "{\"a\":\"cut\n{}\n");
        check("\u{1E}{\"a\":\"cut\u{1E}{}", "{\"a\":\"cut\n{}\n");
        check("{}{\"a\":", "{}\n{\"a\":");
    }
}
