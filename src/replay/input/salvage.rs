//! Records in lines that are refused as they stand: several on a line, one over several lines, or one
//! with something around it that says nothing.
//!
//! A file of lines is read line by line, and only a line that is refused is looked at here. Such files
//! come of others put one after the other: without a line end between them, with the byte-order mark
//! or the zeros that one begins or ends with, or some of them pretty-printed or an array.

use crate::config::limits;
use crate::event::Reject;

use super::records::is_between;
use crate::parse::Elements;
use crate::parse::Records;
use crate::parse::Walk;
use crate::parse::WalkEnd;

/// A part of what was refused, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::replay) enum Piece {
    /// A record of its own, and the number of the line on which it begins.
    Record(Vec<u8>, u64),
    /// Nothing better came of it.
    Refused(Refused),
}

/// A line that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::replay) struct Refused {
    /// Its number.
    pub(in crate::replay) line: u64,
    /// Why.
    pub(in crate::replay) reason: Reject,
}

/// Looks at refused lines again.
#[derive(Debug, Default)]
pub(in crate::replay) struct Salvage {
    /// A copy of the line that is being parsed, which may change it.
    copy: Vec<u8>,
    /// The beginning of a record that may go on in the next line, its line ends as spaces.
    open: Vec<u8>,
    value: Walk,
    /// The lines of which `open` consists; none when no record is open.
    lines: Vec<Refused>,
}

impl Salvage {
    /// Keeps a line that may be refused.
    pub(in crate::replay) fn keep(&mut self, line: &[u8]) {
        self.copy.clear();
        self.copy.extend_from_slice(line);
    }

    /// Whether a record goes on in the next line, if that is refused as well.
    pub(in crate::replay) const fn is_open(&self) -> bool {
        !self.lines.is_empty()
    }

    /// What is in the line that was kept last, now that it is refused.
    pub(in crate::replay) fn look(&mut self, refused: Refused) -> Vec<Piece> {
        let line = std::mem::take(&mut self.copy);
        let mut pieces = Vec::new();
        let mut rest = line.as_slice();
        if self.is_open() {
            let (taken, end) = self.value.walk(rest);
            match end {
                WalkEnd::Whole => {
                    self.open.extend_from_slice(&rest[..taken]);
                    let record = std::mem::take(&mut self.open);
                    let first = self.lines.first().map_or(refused.line, |first| first.line);
                    pieces.push(Piece::Record(record, first));
                    self.lines.clear();
                    rest = &rest[taken..];
                }
                WalkEnd::Open => {
                    pieces = self.go_on(rest, refused);
                    rest = &[];
                }
                WalkEnd::Broken => pieces = self.give_up(),
            }
        }
        let is_taken = rest.len() < line.len() && rest.trim_ascii().is_empty();
        if !is_taken {
            pieces.extend(self.split(rest, refused));
        }
        self.copy = line;
        pieces
    }

    /// Refuses the lines of a record that does not go on: the next line is one by itself, or there is
    /// none.
    pub(in crate::replay) fn give_up(&mut self) -> Vec<Piece> {
        self.open.clear();
        self.lines.drain(..).map(Piece::Refused).collect()
    }

    /// The records of a line that begins none of those before.
    fn split(&mut self, line: &[u8], refused: Refused) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = line;
        while let Some(at) = rest.iter().position(|byte| !is_between(*byte)) {
            rest = &rest[at..];
            if rest[0] != b'{' {
                // A text around a record says that this is something else.
                return vec![Piece::Refused(refused)];
            }
            self.value = Walk::default();
            let (taken, end) = self.value.walk(rest);
            match end {
                WalkEnd::Whole if pieces.is_empty() && rest[..taken] == *line.trim_ascii() => {
                    // Alone on its line, it was judged already, but for what may be packed in it.
                    return unpacked(&rest[..taken], refused);
                }
                WalkEnd::Whole => pieces.push(Piece::Record(rest[..taken].to_vec(), refused.line)),
                WalkEnd::Open => {
                    pieces.extend(self.go_on(rest, refused));
                    return pieces;
                }
                WalkEnd::Broken => {
                    pieces.push(Piece::Refused(refused));
                    return pieces;
                }
            }
            rest = &rest[taken..];
        }
        if pieces.is_empty() && !is_punctuation(line) {
            pieces.push(Piece::Refused(refused));
        }
        pieces
    }

    /// Takes a line's end as part of the open record; gives it up if it cannot be.
    fn go_on(&mut self, part: &[u8], refused: Refused) -> Vec<Piece> {
        self.open.extend_from_slice(part);
        self.open.push(b' ');
        self.lines.push(refused);
        let (_, end) = self.value.walk(b"\n");
        if end == WalkEnd::Open && self.open.len() <= limits::MESSAGE_BYTES_MAX {
            return Vec::new();
        }
        self.give_up()
    }
}

/// The elements of a request of Firehose; for anything else the refusal itself.
fn unpacked(record: &[u8], refused: Refused) -> Vec<Piece> {
    let Some(Ok(records)) = Records::found_in(record, limits::POST_BYTES_MAX) else {
        return vec![Piece::Refused(refused)];
    };
    let (mut pieces, mut elements) = (Vec::new(), Elements::default());
    while let Some(element) = elements.next(records.text()) {
        pieces.push(match element {
            Ok(range) => Piece::Record(records.text()[range].to_vec(), refused.line),
            Err(fault) => Piece::Refused(Refused {
                line: refused.line,
                reason: fault.reason(),
            }),
        });
    }
    pieces
}

/// Whether a line is what stands around the records of an array that has one on each line, or nothing
/// but a byte-order mark.
fn is_punctuation(line: &[u8]) -> bool {
    match line.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => matches!(rest.trim_ascii(), b"" | b"["),
        None => matches!(line.trim_ascii(), b"[" | b"]" | b"],"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines that are all refused; gives what comes of them, a record as its text and a refused line
    /// as its number.
    fn looked_at(lines: &[&str]) -> Vec<(u64, String)> {
        let mut salvage = Salvage::default();
        let mut pieces = Vec::new();
        for (line, number) in lines.iter().zip(1..) {
            salvage.keep(line.as_bytes());
            pieces.extend(salvage.look(Refused {
                line: number,
                reason: Reject::NotJson,
            }));
        }
        pieces.extend(salvage.give_up());
        assert!(!salvage.is_open());
        let shown = |piece| match piece {
            Piece::Record(bytes, line) => (line, String::from_utf8(bytes).unwrap()),
            Piece::Refused(refused) => (refused.line, "refused".to_owned()),
        };
        pieces.into_iter().map(shown).collect()
    }

    #[test]
    fn records_are_found_on_their_lines() {
        let check = |lines: &[&str], expected: &[(u64, &str)]| {
            let expected: Vec<(u64, String)> = expected
                .iter()
                .map(|(line, text)| (*line, (*text).to_owned()))
                .collect();
            assert_eq!(looked_at(lines), expected, "{lines:?}");
        };
        let one = "{\"a\":\"}{\"}";
        // Several on a line, whatever is between them.
        for between in [
            "", " ", ",", "\t", " , ", "\r", "\u{1E}", "\u{FEFF}", "\0\0",
        ] {
            let line = [one, between, "{}", between, "{\"b\":[{}]}"].concat();
            check(&[&line], &[(1, one), (1, "{}"), (1, "{\"b\":[{}]}")]);
        }
        check(&["[{},{\"a\":1}]"], &[(1, "{}"), (1, "{\"a\":1}")]);
        // Around one.
        for line in ["\u{FEFF}{}", "\0\0\0{}", "{}\0", "{},", "[{}]"] {
            check(&[line], &[(1, "{}")]);
        }
        // One alone was judged already, and text is no record.
        for line in [
            " ", "{}", " {} ", "{}x", "x{}", "[]", "[1,2]", "\0", "oops", "{]", "{}x{}",
        ] {
            check(&[line], &[(1, "refused")]);
        }
        // The beginning of one that does not go on.
        check(&["{}{\"a\":\"cut"], &[(1, "{}"), (1, "refused")]);
        check(&["{\"a\":1", "{\"b\":2"], &[(1, "refused"), (2, "refused")]);
        // Over several lines, and what follows on the last of them.
        check(
            &["{", "  \"a\": 1,", "  \"b\": {", "}", "} {", "}"],
            &[(1, "{   \"a\": 1,   \"b\": { } }"), (5, "{ }")],
        );
        check(
            &["{\"a\":", "oops\"", "}{}", "{"],
            &[
                (1, "refused"),
                (2, "refused"),
                (3, "refused"),
                (4, "refused"),
            ],
        );
        // Around the records of an array, one on a line.
        check(
            &["[", "{\"a\":1},", "{\"b\":1},", "]"],
            &[(2, "{\"a\":1}"), (3, "{\"b\":1}")],
        );
        check(&["\u{FEFF}"], &[]);
    }

    #[test]
    fn elements_of_firehose_are_records_of_their_line() {
        let request =
            |data: &str| format!("{{\"requestId\":\"r\",\"records\":[{{\"data\":\"{data}\"}}]}}");
        let check = |data: &str, expected: &[(u64, &str)]| {
            let expected: Vec<(u64, String)> = expected
                .iter()
                .map(|(line, text)| (*line, (*text).to_owned()))
                .collect();
            assert_eq!(
                looked_at(&["oops", &request(data)])[1..],
                expected,
                "{data}"
            );
        };
        // {"a":1}{} and {} x
        check("eyJhIjoxfXt9", &[(2, "{\"a\":1}"), (2, "{}")]);
        check("e30geA==", &[(2, "{}"), (2, "refused")]);
        check("", &[]);
        check("!", &[(2, "refused")]);
    }

    #[test]
    fn a_record_without_an_end_is_given_up_at_its_longest() {
        let line = "\"x\":1,".repeat(30_000);
        let lines: Vec<&str> = std::iter::once("{")
            .chain(std::iter::repeat_n(line.as_str(), 10))
            .collect();
        let pieces = looked_at(&lines);
        assert_eq!(pieces.len(), lines.len());
        assert!(pieces.iter().all(|(_, text)| text == "refused"));
    }
}
