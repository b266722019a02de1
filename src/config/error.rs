//! What is wrong with the settings: everything at once, one line each.

use std::fmt;
use std::io;

use super::region;

/// Lines shown at the most.
const LINES_MAX: usize = 20;
/// Bytes of a refused value that an error repeats.
const QUOTED_BYTES_MAX: usize = 64;

/// Everything that is wrong with the settings. Fix it and start again; nothing has been bound or
/// connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsError {
    lines: Vec<String>,
    shows_regions: bool,
}

impl SettingsError {
    /// A single fault, in one line without secrets.
    pub fn of(line: String) -> Self {
        Self {
            lines: vec![line],
            shows_regions: false,
        }
    }

    /// One line for each fault, without secrets, in the order in which they were met.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(super) fn add(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Has the table of regions printed below the lines.
    pub(super) fn show_regions(&mut self) {
        self.shows_regions = true;
    }

    /// `value` when nothing is wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.lines.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl std::error::Error for SettingsError {}

/// One line a fault; lines that begin with a space belong to the table of regions.
impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = self.lines.iter().take(LINES_MAX).cloned().collect();
        if let Some(more) = self.lines.len().checked_sub(LINES_MAX + 1) {
            lines.push(format!("config: and {} more", more + 1));
        }
        if self.shows_regions {
            lines.extend(region::table_lines());
        }
        f.write_str(&lines.join("\n"))
    }
}

/// A refused value in quotes: escaped and cut.
pub fn quoted(text: &str) -> String {
    let start = cut(text, QUOTED_BYTES_MAX);
    let rest = if start.len() < text.len() { "..." } else { "" };
    format!("\"{}{rest}\"", start.escape_debug())
}

/// Why a file cannot be read.
pub(super) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "cannot be read (no such file)".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory; name a file in it".to_owned(),
        kind => format!("cannot be read ({kind})"),
    }
}

/// The start of a text: as many whole characters as fit into `bytes_max`.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    let ends = text
        .char_indices()
        .map(|(at, character)| at + character.len_utf8());
    let end = ends.take_while(|end| *end <= bytes_max).last();
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_twenty_lines() {
        let check = |faults: usize, lines: usize| {
            let mut error = SettingsError::default();
            for fault in 0..faults {
                error.add(format!("config: {fault}"));
            }
            assert_eq!(error.to_string().lines().count(), lines, "{faults}");
        };
        check(1, 1);
        check(20, 20);
        check(21, 21);
        check(500, 21);
    }

    #[test]
    fn a_quoted_value_is_one_short_line() {
        assert_eq!(quoted("a\nb\u{1b}"), r#""a\nb\u{1b}""#);
        assert!(quoted(&"é".repeat(10_000)).len() < 80);
    }
}
