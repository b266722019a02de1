//! What groups share with snapshots and with the next cut, as an image holds it: it does not change, so it
//! is held at the cut and written in its turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Out;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Side;
use crate::aggregate::image::ensure;
use crate::histogram::Histogram;
use crate::snapshot;
use crate::snapshot::Group;
use crate::snapshot::GroupTable;
use crate::snapshot::SecondOfGroups;
use crate::snapshot::TotalSecond;
use crate::time::EpochMs;
use crate::time::SECOND_MS;

/// Seconds written for one piece of an image.
const SECONDS_MAX: usize = 256;
/// Seconds in a shared chunk of the total.
const CHUNK_SECONDS: i64 = 60;

/// The lists of seconds of the total: as they are kept, published, and about to be published.
pub(super) const LISTS: u8 = 3;

/// An image that is being made: what is shared.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    side: Side,
    kept: Vec<TotalSecond>,
    published: Vec<Arc<Vec<TotalSecond>>>,
    next: Vec<Arc<Vec<TotalSecond>>>,
    /// Which list, and the place there, of the next second.
    total: (u8, usize),
    /// Durations of seconds by where they are, with their numbers: many share them.
    durations: BTreeMap<usize, u32>,
    shared: Shared,
    /// The next second of groups, and the next chunk.
    second: usize,
    chunk: usize,
    out: Out,
}

/// What is shared, each once: its place is its number.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    seconds: Vec<Arc<SecondOfGroups>>,
    chunks: Vec<Arc<Vec<Group>>>,
    /// Numbers by where a value is.
    numbers: BTreeMap<usize, u32>,
}

impl Shared {
    pub(super) fn second(&mut self, second: &Arc<SecondOfGroups>) -> u32 {
        number(&mut self.numbers, &mut self.seconds, second)
    }

    pub(super) fn chunk(&mut self, chunk: &Arc<Vec<Group>>) -> u32 {
        number(&mut self.numbers, &mut self.chunks, chunk)
    }

    pub(super) fn groups(&mut self, groups: &snapshot::Groups) -> image::GroupsOf {
        let mut chunks = |table: &GroupTable| {
            let chunks = table.chunks().iter();
            chunks.map(|chunk| self.chunk(chunk)).collect()
        };
        image::GroupsOf {
            chunks: groups.tables.each_ref().map(&mut chunks),
            room: groups.room,
            as_of: groups.as_of,
            counted_since: groups.counted_since,
            windows: groups.windows,
        }
    }
}

/// The number of a shared value, which is kept if it is new.
fn number<T>(numbers: &mut BTreeMap<usize, u32>, kept: &mut Vec<Arc<T>>, value: &Arc<T>) -> u32 {
    *numbers.entry(Arc::as_ptr(value).addr()).or_insert_with(|| {
        kept.push(Arc::clone(value));
        u32::try_from(kept.len() - 1).unwrap_or(u32::MAX)
    })
}

impl Writing {
    /// What is kept of the total, published, and about to be published; and what else is shared.
    pub(super) fn new(
        side: Side,
        kept: Vec<TotalSecond>,
        [published, next]: [Vec<Arc<Vec<TotalSecond>>>; 2],
        shared: Shared,
    ) -> Self {
        Self {
            side,
            kept,
            published,
            next,
            total: (0, 0),
            durations: BTreeMap::new(),
            shared,
            second: 0,
            chunk: 0,
            out: Out::default(),
        }
    }

    /// Writes some of what is shared, and hands on what is full; whether there is more.
    pub(super) fn hand_on(&mut self, to: &mut Frames) -> bool {
        let is_more = self.write_some();
        self.out.hand_on(to);
        is_more
    }

    /// Hands on the rest: all is written.
    pub(super) fn finish(self, to: &mut Frames) {
        self.out.finish(to);
    }

    fn write_some(&mut self) -> bool {
        if self.total.0 < LISTS {
            self.write_total();
            return true;
        }
        if let Some(second) = self.shared.seconds.get(self.second) {
            let (side, number) = (self.side, self.second);
            let second = image::Second::of(number, second);
            self.out.piece(&Piece::Second { side, second });
            self.second += 1;
            return true;
        }
        if let Some(chunk) = self.shared.chunks.get(self.chunk) {
            let (side, number) = (self.side, self.chunk);
            let chunk = image::Chunk {
                number: u32::try_from(number).unwrap_or(u32::MAX),
                groups: chunk.iter().map(image::PublishedGroup::of).collect(),
            };
            self.out.piece(&Piece::Chunk { side, chunk });
            self.chunk += 1;
            return true;
        }
        false
    }

    /// Writes some seconds of the total.
    fn write_total(&mut self) {
        let (list, first) = self.total;
        let chunks = match list {
            0 => &[][..],
            1 => &self.published,
            _ => &self.next,
        };
        let kept = self.kept.iter().filter(|_| list == 0);
        let seconds = kept.chain(chunks.iter().flat_map(|chunk| chunk.iter()));
        let mut written = 0;
        for second in seconds.skip(first).take(SECONDS_MAX) {
            let durations = second.durations.as_ref().map(|durations| {
                let new = u32::try_from(self.durations.len()).unwrap_or(u32::MAX);
                let entry = self.durations.entry(Arc::as_ptr(durations).addr());
                let number = *entry.or_insert(new);
                if number == new {
                    self.out.piece(&Piece::SecondDurations {
                        side: self.side,
                        number,
                        durations: image::Histogram::of(durations),
                    });
                }
                number
            });
            self.out.piece(&Piece::TotalSecond {
                side: self.side,
                list,
                second: image::TotalSecond::of(second, durations),
            });
            written += 1;
        }
        self.total = match written == SECONDS_MAX {
            true => (list, first + written),
            false => (list + 1, 0),
        };
    }
}

/// What was shared, made again from its pieces.
pub(super) struct Made {
    seconds: BTreeMap<u32, Arc<SecondOfGroups>>,
    chunks: BTreeMap<u32, Arc<Vec<Group>>>,
}

impl Made {
    pub(super) fn new(
        seconds: BTreeMap<u32, image::Second>,
        chunks: BTreeMap<u32, image::Chunk>,
    ) -> Result<Self, ImageFault> {
        let mut made = Self {
            seconds: BTreeMap::new(),
            chunks: BTreeMap::new(),
        };
        for (number, second) in seconds {
            made.seconds.insert(number, Arc::new(second.made()));
        }
        for (number, chunk) in chunks {
            let groups = chunk.groups.into_iter().map(image::PublishedGroup::made);
            let groups: Result<Vec<Group>, ImageFault> = groups.collect();
            made.chunks.insert(number, Arc::new(groups?));
        }
        Ok(made)
    }

    pub(super) fn seconds(&self, numbers: &[u32]) -> Result<Vec<Arc<SecondOfGroups>>, ImageFault> {
        let second = |number| self.seconds.get(number).map(Arc::clone);
        let seconds: Option<Vec<_>> = numbers.iter().map(second).collect();
        seconds.ok_or(ImageFault::damaged("a second that is missing"))
    }

    pub(super) fn chunks(
        &self,
        numbers: &[Vec<u32>; 3],
    ) -> Result<[Vec<Arc<Vec<Group>>>; 3], ImageFault> {
        let mut chunks = [Vec::new(), Vec::new(), Vec::new()];
        for (chunks, numbers) in chunks.iter_mut().zip(numbers) {
            let chunk = |number| self.chunks.get(number).map(Arc::clone);
            let found: Option<Vec<_>> = numbers.iter().map(chunk).collect();
            *chunks = found.ok_or(ImageFault::damaged("a chunk that is missing"))?;
        }
        Ok(chunks)
    }

    pub(super) fn groups(&self, plain: &image::GroupsOf) -> Result<snapshot::Groups, ImageFault> {
        Ok(snapshot::Groups {
            tables: self.chunks(&plain.chunks)?.map(GroupTable::new),
            room: plain.room,
            as_of: plain.as_of,
            counted_since: plain.counted_since,
            windows: plain.windows,
        })
    }
}

/// Seconds in their order, without holes between them.
pub(super) fn total_seconds(
    mut plain: Vec<image::TotalSecond>,
    durations: &BTreeMap<u32, Arc<Histogram>>,
) -> Result<Vec<TotalSecond>, ImageFault> {
    plain.sort_unstable_by_key(|second| second.second);
    let made = |plain: image::TotalSecond| {
        let is_time = plain.second.unsigned_abs() <= 2 * EpochMs::MAX.second().unsigned_abs();
        ensure(is_time, "a second that cannot be")?;
        let durations = plain.durations.map(|number| durations.get(&number));
        if durations == Some(None) {
            return Err(ImageFault::damaged("durations that are missing"));
        }
        let durations = durations.flatten().map(Arc::clone);
        let [
            connections,
            disconnections,
            messages,
            open_sessions,
            active_sessions,
            awaiting,
        ] = plain.counts;
        Ok(TotalSecond {
            start: EpochMs::from_ms(plain.second * SECOND_MS),
            connections,
            disconnections,
            messages,
            open_sessions,
            active_sessions,
            awaiting,
            durations,
        })
    };
    plain.into_iter().map(made).collect()
}

/// Seconds in chunks of a minute.
pub(super) fn in_chunks(seconds: Vec<TotalSecond>) -> Vec<Arc<Vec<TotalSecond>>> {
    let minute = |second: &TotalSecond| second.start.second().div_euclid(CHUNK_SECONDS);
    let chunks = seconds.chunk_by(|one, other| minute(one) == minute(other));
    chunks.map(|chunk| Arc::new(chunk.to_vec())).collect()
}
