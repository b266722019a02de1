//! The total by the second, for an hour.
//!
//! Counts stand at the second of their event, so a late event changes one that has passed; the rest is
//! what was seen when the second had passed. Seconds stand in chunks of a minute, of which only those
//! that changed are rebuilt.

use std::sync::Arc;

use crate::aggregate::image;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::ensure;
use crate::histogram::Histogram;
use crate::snapshot::Retired;
use crate::snapshot::TOTAL_SECONDS;
use crate::snapshot::TotalSecond;
use crate::time::EpochMs;
use crate::time::SECOND_MS;

/// Seconds in a chunk.
const CHUNK: usize = 60;
/// Chunks that hold the published seconds and the one that has begun, wherever the hour begins.
const CHUNKS: usize = TOTAL_SECONDS / CHUNK + 2;

/// The seconds of the total.
#[derive(Clone, Debug)]
pub(super) struct Total {
    /// By number modulo their count.
    chunks: Vec<Chunk>,
    /// The second that holds the clock, since the epoch; `current_ms` is its first millisecond.
    current: i64,
    current_ms: i64,
    /// What was booked in it so far: nearly everything is, so it is not looked for.
    newest: TotalSecond,
    /// The oldest second that is known: the first one of the clock, or of an event before.
    first: i64,
    /// Those of the latest second that had any.
    durations: Arc<Histogram>,
    retired: Retired<Vec<TotalSecond>>,
}

#[derive(Clone, Debug)]
struct Chunk {
    number: i64,
    seconds: [TotalSecond; CHUNK],
    is_changed: bool,
    /// The seconds in `made`, by their place.
    made_of: std::ops::Range<usize>,
    made: Arc<Vec<TotalSecond>>,
}

impl Total {
    pub(super) fn new(started: EpochMs) -> Self {
        let chunk = || Chunk {
            number: i64::MIN,
            seconds: std::array::from_fn(|_| TotalSecond::default()),
            is_changed: false,
            made_of: 0..0,
            made: Arc::default(),
        };
        let current = started.second();
        Self {
            chunks: std::iter::repeat_with(chunk).take(CHUNKS).collect(),
            current,
            current_ms: current * SECOND_MS,
            newest: TotalSecond::default(),
            first: current,
            durations: Arc::default(),
            retired: Retired::new(2 * CHUNKS),
        }
    }

    /// Changes the second of an event that is booked at a time, which is not after the clock.
    #[inline]
    pub(super) fn change(&mut self, time: EpochMs, change: impl Fn(&mut TotalSecond)) {
        if (0..SECOND_MS).contains(&(time.ms() - self.current_ms)) {
            change(&mut self.newest);
        } else {
            self.change_old(time.second(), change);
        }
    }

    fn change_old(&mut self, second: i64, change: impl Fn(&mut TotalSecond)) {
        if second < self.current - TOTAL_SECONDS as i64 || second > self.current {
            return;
        }
        self.first = self.first.min(second);
        change(self.at(second));
    }

    /// Begins at a time: what was before is unknown.
    pub(super) fn begin(&mut self, now: EpochMs) {
        self.turn_to(now.second());
        self.first = self.current;
    }

    /// Says how things stand now that the clock's second has passed.
    pub(super) fn pass(
        &mut self,
        [open, active, awaiting]: [u64; 3],
        durations: Option<Arc<Histogram>>,
    ) {
        let durations = durations.map(|durations| self.keep(&durations));
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let second = self.at(self.current);
        second.open_sessions = count(open);
        second.active_sessions = count(active);
        second.awaiting = count(awaiting);
        second.durations = durations;
        self.turn_to(self.current + 1);
    }

    /// Durations as a second keeps them, for an hour: only cells with a value, and one histogram for all
    /// seconds in a row in which nothing changed.
    fn keep(&mut self, durations: &Histogram) -> Arc<Histogram> {
        let before = &mut self.durations;
        if **before != *durations {
            let mut kept = Histogram::default();
            kept.refill(durations);
            *before = Arc::new(kept);
        }
        Arc::clone(before)
    }

    /// Skips seconds of which nothing will be published, because they are not published any more once the
    /// clock is there.
    pub(super) fn skip_to(&mut self, second: i64) {
        self.turn_to(self.current.max(second));
    }

    /// Books what was counted in the clock's second, and goes on to another.
    fn turn_to(&mut self, second: i64) {
        let newest = std::mem::take(&mut self.newest);
        let left = self.at(self.current);
        left.connections = left.connections.wrapping_add(newest.connections);
        left.disconnections = left.disconnections.wrapping_add(newest.disconnections);
        left.messages = left.messages.wrapping_add(newest.messages);
        self.current = second;
        self.current_ms = second * SECOND_MS;
    }

    /// The chunks of the seconds that have passed, oldest first. Makes those that changed.
    pub(super) fn make(&mut self) -> impl Iterator<Item = Arc<Vec<TotalSecond>>> + '_ {
        let size = CHUNK as i64;
        let oldest = self.first.max(self.current - TOTAL_SECONDS as i64);
        let end = self.current;
        let numbers = oldest.div_euclid(size)..(end + size - 1).div_euclid(size);
        numbers.filter_map(move |number| {
            let place = |second: i64| usize::try_from((second - number * size).clamp(0, size)).ok();
            let range = place(oldest)?..place(end)?;
            if range.is_empty() {
                return None;
            }
            // Every second of the range exists, published or not.
            self.at_quietly(number);
            let index = place_of(number);
            let chunk = &mut self.chunks[index];
            if chunk.is_changed || chunk.made_of != range {
                let made = self.retired.refill(|seconds| {
                    seconds.clear();
                    seconds.extend_from_slice(&chunk.seconds[range.clone()]);
                });
                let old = std::mem::replace(&mut chunk.made, made);
                self.retired.retire(old);
                chunk.is_changed = false;
                chunk.made_of = range;
            }
            Some(Arc::clone(&chunk.made))
        })
    }

    // Images.

    /// What is small, as an image holds it.
    pub(super) fn plain(&self) -> image::Total {
        let TotalSecond {
            start: _,
            connections,
            disconnections,
            messages,
            open_sessions,
            active_sessions,
            awaiting,
            durations: _,
        } = self.newest;
        let counts = [
            connections,
            disconnections,
            messages,
            open_sessions,
            active_sessions,
            awaiting,
        ];
        image::Total {
            current: self.current,
            first: self.first,
            newest: image::TotalSecond {
                second: self.current,
                counts,
                durations: None,
            },
        }
    }

    /// Every second that is kept.
    pub(super) fn kept(&self) -> impl Iterator<Item = &TotalSecond> {
        let kept = self.chunks.iter().filter(|chunk| chunk.number != i64::MIN);
        kept.flat_map(|chunk| &chunk.seconds)
    }

    /// The seconds of an image.
    pub(super) fn restore(
        plain: &image::Total,
        seconds: Vec<TotalSecond>,
    ) -> Result<Self, ImageFault> {
        let furthest = 2 * EpochMs::MAX.second();
        let is_known = plain.first <= plain.current && plain.current.unsigned_abs() < 1 << 40;
        ensure(
            is_known && plain.first.unsigned_abs() < furthest.unsigned_abs(),
            "a second that cannot be",
        )?;
        let mut total = Self::new(EpochMs::from_ms(plain.current * SECOND_MS));
        total.first = plain.first;
        let [
            connections,
            disconnections,
            messages,
            open_sessions,
            active_sessions,
            awaiting,
        ] = plain.newest.counts;
        total.newest = TotalSecond {
            connections,
            disconnections,
            messages,
            open_sessions,
            active_sessions,
            awaiting,
            ..TotalSecond::default()
        };
        for second in seconds {
            let number = second.start.second();
            *total.at(number) = second;
        }
        Ok(total)
    }

    pub(super) fn bytes(&self) -> usize {
        2 * self.chunks.len() * size_of::<Chunk>()
    }

    fn at(&mut self, second: i64) -> &mut TotalSecond {
        let number = second.div_euclid(CHUNK as i64);
        let chunk = self.at_quietly(number);
        chunk.is_changed = true;
        let place = usize::try_from(second.rem_euclid(CHUNK as i64)).unwrap_or(0);
        &mut chunk.seconds[place]
    }

    /// A chunk by its number, emptied if its place held an older one.
    fn at_quietly(&mut self, number: i64) -> &mut Chunk {
        let chunk = &mut self.chunks[place_of(number)];
        if chunk.number != number {
            chunk.number = number;
            chunk.is_changed = true;
            for (place, second) in (0..).zip(&mut chunk.seconds) {
                *second = TotalSecond {
                    start: EpochMs::from_ms((number * CHUNK as i64 + place) * SECOND_MS),
                    ..TotalSecond::default()
                };
            }
        }
        chunk
    }
}

#[expect(clippy::cast_possible_truncation, reason = "0..CHUNKS")]
fn place_of(number: i64) -> usize {
    number.rem_euclid(CHUNKS as i64) as usize
}
