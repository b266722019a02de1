//! Styled text in a column of a given width.

use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

/// How a piece of text looks where there are colours. It never says what the words do not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Style {
    #[default]
    Plain,
    Dim,
    Bold,
    Good,
    Bad,
    Warning,
    Reverse,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Dim => "\x1b[2m",
            Self::Bold => "\x1b[1m",
            Self::Good => "\x1b[32m",
            Self::Bad => "\x1b[1;31m",
            Self::Warning => "\x1b[33m",
            Self::Reverse => "\x1b[7m",
        }
    }
}

/// One line of the screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(Vec<(Style, String)>);

impl Line {
    pub(super) fn new(style: Style, text: impl AsRef<str>) -> Self {
        Self::default().and(style, text)
    }

    /// With more text. What could move a cursor is replaced: names come from the stream.
    pub(super) fn and(mut self, style: Style, text: impl AsRef<str>) -> Self {
        let is_harmful = |character: char| character.is_control() || is_bidi(character);
        let clean = text.as_ref().replace(is_harmful, "\u{b7}");
        self.0.push((style, clean));
        self
    }

    pub(super) fn append(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Columns it takes.
    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// As text, cut to so many columns, with or without colours.
    pub(super) fn render(&self, columns: usize, is_coloured: bool) -> String {
        let mut left = columns;
        let mut out = String::new();
        for (style, text) in &self.0 {
            let text = cut(text, left);
            left -= text.width();
            if is_coloured && *style != Style::Plain {
                out.push_str(style.code());
                out.push_str(text);
                out.push_str("\x1b[0m");
            } else {
                out.push_str(text);
            }
        }
        if !is_coloured {
            out.truncate(out.trim_end().len());
        }
        out
    }
}

/// Marks that turn the direction of the text after them.
const fn is_bidi(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// As many whole characters as fit into so many columns.
fn cut(text: &str, columns: usize) -> &str {
    let mut left = columns;
    for (at, character) in text.char_indices() {
        let width = character.width().unwrap_or_default();
        if width > left {
            return &text[..at];
        }
        left -= width;
    }
    text
}

/// A text in exactly so many columns, at the left, its end cut.
pub(super) fn left(text: &str, columns: usize) -> String {
    let clean: String = text
        .chars()
        .map(|character| match character.is_control() {
            true => '\u{b7}',
            false => character,
        })
        .collect();
    let shown = match clean.width() > columns {
        true => format!("{}…", cut(&clean, columns.saturating_sub(1))),
        false => clean,
    };
    let space = columns.saturating_sub(shown.width());
    shown + &" ".repeat(space)
}

/// A text in at least so many columns, at the right.
pub(super) fn right(text: &str, columns: usize) -> String {
    " ".repeat(columns.saturating_sub(text.width())) + text
}

/// Pieces one after another on as few lines as they fit on.
pub(super) fn flow(pieces: Vec<Line>, columns: usize) -> Vec<Line> {
    const SPACE: &str = "   ";
    let mut lines: Vec<Line> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.width() + SPACE.len() + piece.width() <= columns => {
                let before = std::mem::take(line);
                *line = before.and(Style::Plain, SPACE).append(piece);
            }
            _ => lines.push(piece),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_and_controls_keep_the_columns() {
        assert_eq!(left("日本語", 5), "日本…");
        assert_eq!(left("ab", 4), "ab  ");
        assert_eq!(left("a\u{1b}[2Jb", 6), "a·[2Jb");
        assert_eq!(right("日", 4), "  日");
        let line = Line::new(Style::Bad, "a\nb\u{202e}c").and(Style::Plain, "def");
        assert_eq!(line.render(5, false), "a·b·c");
        assert_eq!(line.render(80, true), "\x1b[1;31ma·b·c\x1b[0mdef");
    }

    #[test]
    fn pieces_flow() {
        let pieces = || {
            ["aaaa", "bb", "cc"]
                .map(|text| Line::new(Style::Plain, text))
                .to_vec()
        };
        let widths = |columns| -> Vec<String> {
            let lines = flow(pieces(), columns);
            lines
                .iter()
                .map(|line| line.render(columns, false))
                .collect()
        };
        assert_eq!(widths(14), ["aaaa   bb   cc"]);
        assert_eq!(widths(13), ["aaaa   bb", "cc"]);
        assert_eq!(widths(3), ["aaa", "bb", "cc"]);
    }
}
