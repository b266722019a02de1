//! What the user has chosen, and what a key does.

use std::sync::LazyLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::metric::Metric;

/// What the table is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum By {
    Queue,
    Deployment,
    Direction,
}

impl By {
    const ALL: [Self; 3] = [Self::Queue, Self::Deployment, Self::Direction];

    pub(super) const fn in_api(self) -> &'static str {
        match self {
            Self::Queue => "QUEUE",
            Self::Deployment => "DEPLOYMENT",
            Self::Direction => "DIRECTION",
        }
    }
}

/// By what the table is ordered: all but the name greatest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// By what people read for the groups.
    Name,
    /// By a number that has a column.
    By(Metric),
}

impl Sort {
    pub(super) const DEFAULT: Self = Self::By(Metric::MessagesPerMinute);

    pub(super) const fn in_api(self) -> &'static str {
        match self {
            Self::By(metric) => match metric.row().order {
                Some(order) => order,
                None => "NAME",
            },
            Self::Name => "NAME",
        }
    }
}

/// Every order: the default, then those of the other columns, then the name.
static SORTS: LazyLock<Vec<Sort>> = LazyLock::new(|| {
    let columns = Metric::of_columns().into_iter();
    let others = columns
        .filter(|(metric, _)| metric.row().order.is_some())
        .map(|(metric, _)| Sort::By(metric))
        .filter(|sort| *sort != Sort::DEFAULT);
    let mut all = vec![Sort::DEFAULT];
    all.extend(others);
    all.push(Sort::Name);
    all
});

impl ValueEnum for Sort {
    fn value_variants<'a>() -> &'a [Self] {
        &SORTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let key = match self {
            Self::Name => "name",
            Self::By(metric) => metric.row().column?.top_key,
        };
        Some(PossibleValue::new(key))
    }
}

/// The choices of the moment.
#[derive(Clone, Debug)]
pub(super) struct Controls {
    pub(super) by: By,
    pub(super) sort: Sort,
    /// Groups are shown whose name holds this, upper and lower case alike.
    pub(super) filter: String,
    /// Whether keys go into the filter.
    pub(super) is_typing: bool,
}

/// What has to be done after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    Redraw,
    /// Ask the server: the question has changed.
    Ask,
    Quit,
}

/// Longer filters match nothing anyway.
const FILTER_CHARS_MAX: usize = 64;

impl Controls {
    /// Takes what one read of the keyboard gave.
    pub(super) fn press(&mut self, keys: &str) -> Effect {
        // An escape sequence, such as that of an arrow, comes in one read and means nothing here.
        if keys.len() > 1 && keys.starts_with('\u{1b}') {
            return Effect::Nothing;
        }
        keys.chars().fold(Effect::Nothing, |effect, key| {
            match (effect, self.key(key)) {
                (Effect::Quit, _) | (_, Effect::Quit) => Effect::Quit,
                (Effect::Ask, _) | (_, Effect::Ask) => Effect::Ask,
                (Effect::Redraw, _) | (_, Effect::Redraw) => Effect::Redraw,
                _ => Effect::Nothing,
            }
        })
    }

    fn key(&mut self, key: char) -> Effect {
        if self.is_typing {
            return self.type_key(key);
        }
        match key {
            'q' | 'Q' => return Effect::Quit,
            's' => self.sort = next(&SORTS, self.sort),
            'b' => self.by = next(&By::ALL, self.by),
            '/' => {
                self.is_typing = true;
                return Effect::Redraw;
            }
            '\u{1b}' if !self.filter.is_empty() => {
                self.filter.clear();
                return Effect::Redraw;
            }
            _ => return Effect::Nothing,
        }
        Effect::Ask
    }

    fn type_key(&mut self, key: char) -> Effect {
        match key {
            '\r' | '\n' => self.is_typing = false,
            '\u{1b}' => {
                self.is_typing = false;
                self.filter.clear();
            }
            '\u{7f}' | '\u{8}' => _ = self.filter.pop(),
            key if key.is_control() || self.filter.chars().count() >= FILTER_CHARS_MAX => {
                return Effect::Nothing;
            }
            key => self.filter.push(key),
        }
        Effect::Redraw
    }

    /// Whether a group is shown.
    pub(super) fn shows(&self, name: &str) -> bool {
        self.filter.is_empty() || name.to_lowercase().contains(&self.filter.to_lowercase())
    }
}

fn next<T: Copy + PartialEq>(all: &[T], now: T) -> T {
    let place = all.iter().position(|each| *each == now).unwrap_or_default();
    all[(place + 1) % all.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_choose_and_type() {
        let mut controls = Controls {
            by: By::Queue,
            sort: Sort::Name,
            filter: String::new(),
            is_typing: false,
        };
        assert_eq!(controls.press("s"), Effect::Ask);
        assert_eq!(controls.sort, Sort::By(Metric::MessagesPerMinute));
        assert_eq!(controls.press("b"), Effect::Ask);
        assert_eq!(controls.by, By::Deployment);
        assert_eq!(controls.press("x\u{1b}"), Effect::Nothing);
        assert_eq!(controls.press("\u{1b}[A"), Effect::Nothing);
        // While typing, letters are letters.
        assert_eq!(controls.press("/Quß\u{7f}e"), Effect::Redraw);
        assert_eq!(
            (controls.filter.as_str(), controls.is_typing),
            ("Que", true)
        );
        assert!(controls.shows("a QUEUE") && !controls.shows("other"));
        assert_eq!(controls.press("\r"), Effect::Redraw);
        assert!(!controls.is_typing);
        assert_eq!(controls.press("\u{1b}"), Effect::Redraw);
        assert!(controls.filter.is_empty());
        assert_eq!(controls.press("sq"), Effect::Quit);
    }
}
