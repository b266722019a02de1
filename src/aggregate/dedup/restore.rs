//! Fingerprints as an image holds them, and back.
//!
//! A table of the cut looks full until it is written, so whoever puts a fingerprint into it comes here
//! first, and nothing is asked while no image is made. Tables only grow, so what an image holds of one is
//! what is there less what came since, of which a list is kept. A table that goes, or is replaced by a
//! longer one, is written before that: the rehash or the clearing costs as much.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use super::Dedup;
use super::Table;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Out;
use crate::aggregate::image::ensure;
use crate::config::AggregateSettings;
use crate::config::limits;
use crate::window::BucketIndex;

/// Places of tables looked at for one piece of an image.
const PLACES_MAX: usize = 8_192;
/// Tables looked at likewise, most of which may be empty.
const TABLES_MAX: usize = 2_048;

/// An image that is being made.
#[derive(Debug, Default)]
pub(super) struct Writing {
    /// The next bucket to write, and the next place of its table.
    next: (i64, usize),
    /// What came since the cut, by bucket.
    since: BTreeMap<i64, Vec<u64>>,
    out: Out,
}

impl Dedup {
    /// Cuts: the fingerprints of an image are those of now. Cost: a step a table.
    pub(in crate::aggregate) fn cut(&mut self) -> image::Dedup {
        let held = self.held.as_mut();
        let held = held.map(|(tables, first)| freeze(tables, *first));
        let tables = freeze(&mut self.tables, self.first);
        let first = held.as_ref().map_or(tables.first, |held| held.first);
        self.writing = Some(Box::new(Writing {
            next: (first, 0),
            ..Writing::default()
        }));
        let length = |table: &Table| u32::try_from(table.words.len()).unwrap_or(u32::MAX);
        image::Dedup {
            tables,
            held,
            spare: self.spare.iter().map(length).collect(),
            forgotten_before: self.forgotten_before.map(|bucket| bucket.0),
        }
    }

    /// Writes some of the fingerprints at the cut; whether there are more.
    pub(in crate::aggregate) fn write_some(&mut self, to: &mut Frames) -> bool {
        let Some(mut writing) = self.writing.take() else {
            return false;
        };
        for _ in 0..TABLES_MAX {
            let (bucket, from) = writing.next;
            let Some(table) = self.table_at(&mut writing) else {
                writing.out.finish(to);
                return false;
            };
            let bucket_there = writing.next.0;
            let from = if bucket_there == bucket { from } else { 0 };
            if table.is_frozen() {
                let until = table.words.len().min(from + PLACES_MAX);
                writing.write(bucket_there, &table.words[from..until]);
                if until < table.words.len() {
                    writing.next = (bucket_there, until);
                } else {
                    table.thaw();
                    writing.since.remove(&bucket_there);
                    writing.next = (bucket_there + 1, 0);
                }
                break;
            }
            writing.next = (bucket_there + 1, 0);
        }
        writing.out.hand_on(to);
        self.writing = Some(writing);
        true
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate) fn write_none(&mut self) {
        let held = self.held.iter_mut().flat_map(|(tables, _)| tables);
        for table in self.tables.iter_mut().chain(held) {
            table.thaw();
        }
        self.writing = None;
    }

    /// The table of the next bucket to write, or of the one after it that has one.
    fn table_at(&mut self, writing: &mut Writing) -> Option<&mut Table> {
        let rings = match &mut self.held {
            Some((held, first)) => [Some((held, *first)), Some((&mut self.tables, self.first))],
            None => [None, Some((&mut self.tables, self.first))],
        };
        for (tables, first) in rings.into_iter().flatten() {
            let place = usize::try_from(writing.next.0 - first.0).unwrap_or(0);
            if place < tables.len() {
                writing.next.0 = writing.next.0.max(first.0);
                return tables.get_mut(place);
            }
        }
        None
    }

    /// Writes a table of the cut before it goes; `place` is in the tables that are not held.
    #[cold]
    pub(super) fn write_before(&mut self, bucket: BucketIndex, table: &mut Table) {
        let Some(writing) = &mut self.writing else {
            return;
        };
        let (next, place) = writing.next;
        let from = if next == bucket.0 { place } else { 0 };
        for words in table.words[from..].chunks(PLACES_MAX) {
            writing.write(bucket.0, words);
        }
        writing.since.remove(&bucket.0);
        if next == bucket.0 {
            writing.next = (next + 1, 0);
        }
        table.thaw();
    }

    /// Puts a fingerprint into a table of the cut that is not written.
    #[cold]
    pub(super) fn insert_frozen(&mut self, place: usize, fingerprint: u64) -> bool {
        let is_new = self.tables[place].insert(fingerprint);
        self.fingerprints += u64::from(is_new);
        if let Some(writing) = &mut self.writing
            && is_new
        {
            let bucket = self.first.0 + i64::try_from(place).unwrap_or(0);
            writing.since.entry(bucket).or_default().push(fingerprint);
        }
        is_new
    }

    /// The fingerprints of an image.
    pub(in crate::aggregate) fn restore(
        settings: &AggregateSettings,
        plain: &image::Dedup,
        mut fingerprints: Vec<image::Fingerprints>,
    ) -> Result<Self, ImageFault> {
        let mut dedup = Self::new(settings.dedup_bytes_max, BucketIndex(plain.tables.first));
        dedup.forgotten_before = plain.forgotten_before.map(BucketIndex);
        let mut room = dedup.words_max;
        for &length in &plain.spare {
            dedup.spare.push(Table::of_length(length, &mut room)?);
        }
        ensure(
            dedup.spare.len() <= super::SPARE_MAX,
            "too many spare tables",
        )?;
        dedup.tables = tables(&plain.tables, &mut room)?;
        if let Some(held) = &plain.held {
            let end = held.first.saturating_add(i64::from(held.count));
            ensure(end <= plain.tables.first, "held tables that overlap others")?;
            dedup.held = Some((tables(held, &mut room)?, BucketIndex(held.first)));
        }
        dedup.words = dedup.words_max - room;
        // In one order, whatever was written first.
        fingerprints.sort_unstable_by_key(|some| some.bucket);
        for mut some in fingerprints {
            let (tables, first) = match &mut dedup.held {
                Some((held, first)) if some.bucket < dedup.first.0 => (held, *first),
                _ => (&mut dedup.tables, dedup.first),
            };
            let place = some.bucket.checked_sub(first.0);
            let place = place.and_then(|place| usize::try_from(place).ok());
            let table = place.and_then(|place| tables.get_mut(place));
            let table = table.ok_or(ImageFault::damaged("fingerprints without a table"))?;
            some.fingerprints.sort_unstable();
            for fingerprint in some.fingerprints {
                let fits = fingerprint != 0 && !table.is_full() && table.insert(fingerprint);
                ensure(fits, "a fingerprint twice, or without room")?;
                dedup.fingerprints += 1;
            }
        }
        Ok(dedup)
    }
}

impl Writing {
    /// Writes what words of a bucket's table hold of the cut.
    fn write(&mut self, bucket: i64, words: &[u64]) {
        let since = self.since.entry(bucket).or_default();
        since.sort_unstable();
        let is_old = |word: &u64| *word != 0 && since.binary_search(word).is_err();
        let old: Vec<u64> = words.iter().copied().filter(is_old).collect();
        self.out.fingerprints(bucket, &old);
    }
}

/// Makes tables look full, and says how long they are.
fn freeze(tables: &mut VecDeque<Table>, first: BucketIndex) -> image::Tables {
    let mut lengths = Vec::new();
    for (place, table) in (0..).zip(tables.iter_mut()) {
        if !table.words.is_empty() {
            table.freeze();
            lengths.push((place, u32::try_from(table.words.len()).unwrap_or(u32::MAX)));
        }
    }
    image::Tables {
        first: first.0,
        count: u32::try_from(tables.len()).unwrap_or(u32::MAX),
        lengths,
    }
}

/// Empty tables of these lengths, for which there is so much room.
fn tables(plain: &image::Tables, room: &mut usize) -> Result<VecDeque<Table>, ImageFault> {
    let most = 2 * limits::RETAINED_BUCKETS_MAX;
    ensure(
        u64::from(plain.count) <= most && plain.first.unsigned_abs() < 1 << 60,
        "fingerprints of too many buckets",
    )?;
    let mut tables = VecDeque::new();
    tables.resize_with(plain.count as usize, Table::default);
    for &(place, length) in &plain.lengths {
        let table = tables.get_mut(place as usize);
        let table = table.ok_or(ImageFault::damaged("a table of no bucket"))?;
        ensure(table.words.is_empty(), "two tables of one bucket")?;
        *table = Table::of_length(length, room)?;
    }
    Ok(tables)
}

impl Table {
    /// An empty table of a length, for which there is so much room.
    fn of_length(length: u32, room: &mut usize) -> Result<Self, ImageFault> {
        let length = length as usize;
        let left = room.checked_sub(length);
        let is_table = length.is_power_of_two() && length >= super::TABLE_MIN;
        ensure(
            is_table && left.is_some(),
            "a table of a length that cannot be",
        )?;
        *room = left.unwrap_or(0);
        Ok(Self::new(length))
    }
}
