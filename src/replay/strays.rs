//! Lines whose time is further from the clock than the allowed jump, as a person wants to hear of them.

use std::fmt;

use crate::time::EpochMs;

/// How many strays are reported one by one; the rest are only counted.
pub const STRAYS_SHOWN: usize = 5;

/// A line whose time lies further from the clock than the allowed jump. It is counted late or future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The line's number in the input, from 1; empty lines count here.
    pub line: u64,
    /// The time it names.
    pub time: EpochMs,
    /// Where the clock of the replay stood.
    pub clock: EpochMs,
}

/// The strays of a replay: how many, and the first of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strays {
    /// All of them.
    pub count: u64,
    shown: [Option<Stray>; STRAYS_SHOWN],
}

impl Strays {
    pub(super) fn add(&mut self, stray: Stray) {
        self.count += 1;
        if let Some(place) = self.shown.iter_mut().find(|place| place.is_none()) {
            *place = Some(stray);
        }
    }

    /// The first [`STRAYS_SHOWN`] of them, in the order in which they were met.
    pub fn shown(&self) -> impl Iterator<Item = &Stray> {
        self.shown.iter().flatten()
    }
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fate, side) = match self.time > self.clock {
            true => ("future", "ahead of"),
            false => ("late", "behind"),
        };
        write!(
            f,
            "line {}: {fate}: its time {} is more than --max-jump {side} the other lines, which are at {}",
            self.line, self.time, self.clock
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_are_kept_and_all_counted() {
        let mut strays = Strays::default();
        for line in 1..=9 {
            strays.add(Stray {
                line,
                time: EpochMs::MAX,
                clock: EpochMs::default(),
            });
        }
        let lines: Vec<u64> = strays.shown().map(|stray| stray.line).collect();
        assert_eq!((strays.count, lines), (9, vec![1, 2, 3, 4, 5]));
        assert_eq!(
            strays.shown().next().map(ToString::to_string).as_deref(),
            Some(
                "line 1: future: its time 9999-12-31T23:59:59.999Z is more than --max-jump ahead of \
                 the other lines, which are at 1970-01-01T00:00:00.000Z"
            )
        );
    }
}
