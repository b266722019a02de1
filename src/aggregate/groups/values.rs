//! The values that are recorded in a tick, before they are added to the histograms of their groups.
//!
//! They are added some at a time, sorted, so that a histogram is walked once for all values of a group
//! among these, and not searched for each.

use crate::metric::Measure;
use crate::snapshot::Dimension;
use crate::snapshot::GroupId;

/// The values of one tick.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// Those inside the tick, by [`Dimension::index`].
    inside: [Vec<Value>; 3],
    /// Those before it, and those that do not fit the word of a [`Value`].
    others: Vec<Recorded>,
}

/// A value that is recorded in a histogram inside the tick, all of which lies in one pane of every window.
/// Group, measure and value in one word, from above, so that whoever sorts them has the values of a group
/// and a measure together and in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Value(u64);

/// Bits of a value, of a measure and of a group.
const VALUE_BITS: u32 = 44;
const MEASURE_BITS: u32 = 4;
const _: () = assert!(VALUE_BITS + MEASURE_BITS + u16::BITS == u64::BITS);
const _: () = assert!(Measure::ALL.len() <= 1 << MEASURE_BITS);

/// Values that are sorted at once, at the most.
const SORTED_MAX: usize = 1_024;

/// A value of a group at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded {
    pub(super) dimension: Dimension,
    pub(super) group: GroupId,
    pub(super) time_ms: i64,
    pub(super) measure: Measure,
    pub(super) value: u64,
}

/// Values of one group and measure at one time, ascending.
#[derive(Clone, Copy, Debug)]
pub(super) struct Same<'tick> {
    pub(super) dimension: Dimension,
    pub(super) group: GroupId,
    pub(super) time_ms: i64,
    pub(super) measure: Measure,
    values: Listed<'tick>,
}

#[derive(Clone, Copy, Debug)]
enum Listed<'tick> {
    Many(&'tick [Value]),
    One(u64),
}

impl Values {
    /// Records a value in a tick that begins at `start_ms`.
    pub(super) fn record(&mut self, recorded: Recorded, start_ms: i64) {
        match Value::new(&recorded) {
            Some(value) if recorded.time_ms >= start_ms => {
                self.inside[recorded.dimension.index()].push(value);
            }
            _ => self.others.push(recorded),
        }
    }

    /// How many there are: [`Values::visit`] has places for so many.
    pub(super) fn len(&self) -> usize {
        self.inside.iter().map(Vec::len).sum::<usize>() + self.others.len()
    }

    /// Gives `with` values from a place on, about as many as `pieces`; answers how many it were, none at
    /// the end. Cost: sorting those, and no others.
    pub(super) fn visit(
        &mut self,
        mut place: usize,
        pieces: usize,
        start_ms: i64,
        mut with: impl FnMut(Same<'_>),
    ) -> usize {
        let many = pieces.clamp(1, SORTED_MAX);
        for (dimension, values) in Dimension::ALL.into_iter().zip(&mut self.inside) {
            if place >= values.len() {
                place -= values.len();
                continue;
            }
            let last = values.len().min(place + many);
            let values = &mut values[place..last];
            values.sort_unstable();
            for same in values.chunk_by(|one, other| one.of() == other.of()) {
                let (group, measure) = same[0].of();
                with(Same {
                    dimension,
                    group,
                    time_ms: start_ms,
                    measure,
                    values: Listed::Many(same),
                });
            }
            return last - place;
        }
        let last = self.others.len().min(place.saturating_add(pieces));
        for recorded in self.others.get(place..last).unwrap_or_default() {
            with(Same {
                dimension: recorded.dimension,
                group: recorded.group,
                time_ms: recorded.time_ms,
                measure: recorded.measure,
                values: Listed::One(recorded.value),
            });
        }
        last.saturating_sub(place)
    }

    /// All of them, in the order of their places.
    pub(super) fn iter(&self, start_ms: i64) -> impl Iterator<Item = Recorded> {
        let inside = Dimension::ALL.into_iter().zip(&self.inside);
        let inside = inside.flat_map(move |(dimension, values)| {
            let recorded = move |value: &Value| value.recorded(dimension, start_ms);
            values.iter().map(recorded)
        });
        inside.chain(self.others.iter().copied())
    }

    /// Empties it and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.inside.iter_mut().for_each(Vec::clear);
        self.others.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        self.inside.iter().map(Vec::capacity).sum::<usize>() * size_of::<Value>()
            + self.others.capacity() * size_of::<Recorded>()
    }
}

impl Value {
    /// `None` where the value has more bits: as milliseconds, over 500 years.
    fn new(recorded: &Recorded) -> Option<Self> {
        let group = u64::from(recorded.group.0) << (VALUE_BITS + MEASURE_BITS);
        let measure = (recorded.measure.index() as u64) << VALUE_BITS;
        (recorded.value >> VALUE_BITS == 0).then_some(Self(group | measure | recorded.value))
    }

    /// Its group and its measure.
    fn of(self) -> (GroupId, Measure) {
        let measure = (self.0 >> VALUE_BITS) as usize & ((1 << MEASURE_BITS) - 1);
        let group = (self.0 >> (VALUE_BITS + MEASURE_BITS)) as u16;
        (GroupId(group), Measure::ALL[measure])
    }

    const fn value(self) -> u64 {
        self.0 & ((1 << VALUE_BITS) - 1)
    }

    /// The same, as one that is recorded at a time.
    fn recorded(self, dimension: Dimension, time_ms: i64) -> Recorded {
        let (group, measure) = self.of();
        Recorded {
            dimension,
            group,
            time_ms,
            measure,
            value: self.value(),
        }
    }
}

impl Same<'_> {
    /// The values themselves.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        let (many, one) = match self.values {
            Listed::Many(values) => (values, None),
            Listed::One(value) => (&[][..], Some(value)),
        };
        many.iter().map(|value| value.value()).chain(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_MS: i64 = 1_000;

    fn recorded(group: u16, time_ms: i64, measure: Measure, value: u64) -> Recorded {
        Recorded {
            dimension: Dimension::Queue,
            group: GroupId(group),
            time_ms,
            measure,
            value,
        }
    }

    /// What is visited so many pieces at a time: group, measure, time and values.
    fn visited(values: &mut Values, pieces: usize) -> Vec<(u16, Measure, i64, Vec<u64>)> {
        let (mut place, mut found) = (0, Vec::new());
        loop {
            let done = values.visit(place, pieces, START_MS, |same| {
                let all = same.iter().collect();
                found.push((same.group.0, same.measure, same.time_ms, all));
            });
            if done == 0 {
                assert_eq!(place, values.len());
                return found;
            }
            place += done;
        }
    }

    #[test]
    fn each_is_visited_once_with_its_like_and_in_order() {
        let (of_time, of_count) = (Measure::Duration, Measure::Messages);
        let last = 1 << VALUE_BITS;
        let all = [
            recorded(u16::MAX, 1_050, of_time, last - 1),
            recorded(3, 1_099, of_time, 9),
            recorded(3, 1_000, of_count, 2),
            recorded(3, 1_000, of_time, 4),
            // Before the tick, and more than a word holds.
            recorded(3, 999, of_time, 5),
            recorded(3, 1_000, of_time, last),
        ];
        let mut values = Values::default();
        all.iter().for_each(|each| values.record(*each, START_MS));
        let expected = [
            (3, of_time, 1_000, vec![4, 9]),
            (3, of_count, 1_000, vec![2]),
            (u16::MAX, of_time, 1_000, vec![last - 1]),
            (3, of_time, 999, vec![5]),
            (3, of_time, 1_000, vec![last]),
        ];
        assert_eq!(visited(&mut values.clone(), usize::MAX), expected);
        let one_by_one = visited(&mut values, 1);
        assert_eq!(one_by_one.len(), all.len());
        values.clear();
        assert_eq!((values.len(), visited(&mut values, 7)), (0, Vec::new()));
    }
}
