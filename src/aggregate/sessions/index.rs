//! The index of the session table: open addressing with linear probing, grown step by step.
//!
//! An entry is a 32-bit hash and a slot, so growing and deleting never touch a row. Shortly before the
//! index is three quarters full, every insertion clears a piece of a table of twice the size; once it
//! is, every insertion moves a few clusters of the old one over: no insertion pays for all. Deletion shifts the rest of the cluster back, so
//! there are no tombstones. Memory: 8 bytes an entry, 10.7 to 21.3 bytes a session.

/// A row's number in the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aggregate) struct Slot(pub(super) u32);

impl Slot {
    /// The slot with a number.
    pub(in crate::aggregate) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The slot's number.
    pub(in crate::aggregate) const fn number(self) -> u32 {
        self.0
    }
}

/// The least length of a table.
const LENGTH_MIN: usize = 64;
/// Places of the next table cleared at each insertion, so that the system hands out its pages a few
/// at a time: eight insertions to a page.
const CLEARED_PER_INSERTION: usize = 64;
/// The next table is cleared while the last of this many parts of the places fills up. It takes
/// `2 × length / CLEARED_PER_INSERTION` insertions, and that is just as many.
const CLEARING_PART: usize = 32;
/// Entries moved from the old table at each insertion. The new table has room for as many
/// insertions as the old one had entries, so one would do; more end the time of two tables sooner.
const MOVED_PER_INSERTION: usize = 16;

/// Finds slots by hash.
#[derive(Debug)]
pub(super) struct Index {
    table: Table,
    /// The places of the next table as far as they are cleared.
    next: Vec<u64>,
    /// The table being emptied.
    old: Option<Migration>,
}

#[derive(Debug)]
struct Migration {
    table: Table,
    /// The next place to move; it follows an empty place, so no cluster is cut.
    cursor: usize,
    /// Places left to look at.
    remaining: usize,
}

/// A hash in the upper half, a slot plus one in the lower; 0 is an empty place.
#[derive(Debug)]
struct Table {
    entries: Vec<u64>,
    count: usize,
}

impl Index {
    pub(super) fn new() -> Self {
        Self {
            table: Table::new(vec![0; LENGTH_MIN]),
            next: Vec::new(),
            old: None,
        }
    }

    /// The slot with this hash that `is_it` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(Slot) -> bool) -> Option<Slot> {
        let found = self.table.find(hash, &mut is_it);
        match (&found, &self.old) {
            (None, Some(old)) => old.table.find(hash, &mut is_it),
            _ => found,
        }
        .map(|(_, slot)| slot)
    }

    /// The entry at which the search for a hash begins, whatever it is.
    #[inline]
    pub(super) fn first_entry(&self, hash: u32) -> u64 {
        let first = |table: &Table| table.entries[hash as usize & table.mask()];
        self.old.as_ref().map_or(0, |old| first(&old.table)) ^ first(&self.table)
    }

    /// Puts in a slot that is not there.
    pub(super) fn insert(&mut self, hash: u32, slot: Slot) {
        self.migrate(MOVED_PER_INSERTION);
        if self.table.is_filling() {
            self.clear_next(CLEARED_PER_INSERTION);
        }
        if self.table.is_full() {
            self.migrate(usize::MAX);
            self.clear_next(usize::MAX);
            let grown = Table::new(std::mem::take(&mut self.next));
            let table = std::mem::replace(&mut self.table, grown);
            self.old = Some(Migration::new(table));
        }
        self.table.insert(hash, slot);
    }

    /// Takes out a slot that is there.
    pub(super) fn remove(&mut self, hash: u32, slot: Slot) {
        if self.table.remove(hash, slot) {
            return;
        }
        if let Some(old) = &mut self.old {
            old.table.remove(hash, slot);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let old = self.old.as_ref().map_or(0, |old| old.table.entries.len());
        (self.table.entries.len() + old + self.next.capacity()) * size_of::<u64>()
    }

    /// Clears up to `wanted` places of the next table.
    fn clear_next(&mut self, wanted: usize) {
        let length = self.table.entries.len() * 2;
        if self.next.is_empty() {
            self.next = Vec::with_capacity(length);
        }
        let cleared = self.next.len().saturating_add(wanted).min(length);
        self.next.resize(cleared, 0);
    }

    /// Moves whole clusters of the old table until at least `wanted` entries are moved.
    fn migrate(&mut self, wanted: usize) {
        let Some(old) = &mut self.old else { return };
        let mut moved = 0;
        while old.remaining > 0 {
            let entry = std::mem::take(&mut old.table.entries[old.cursor]);
            old.cursor = (old.cursor + 1) & old.table.mask();
            old.remaining -= 1;
            if entry == 0 {
                if moved >= wanted {
                    return;
                }
            } else {
                self.table.insert_entry(entry);
                moved += 1;
            }
        }
        self.old = None;
    }
}

impl Migration {
    fn new(table: Table) -> Self {
        let cursor = table
            .entries
            .iter()
            .position(|&entry| entry == 0)
            .map_or(0, |empty| empty + 1);
        let remaining = table.entries.len();
        Self {
            cursor: cursor & table.mask(),
            remaining,
            table,
        }
    }
}

impl Table {
    /// A table of these places, all empty.
    fn new(entries: Vec<u64>) -> Self {
        Self { entries, count: 0 }
    }

    fn mask(&self) -> usize {
        self.entries.len() - 1
    }

    /// Whether it will soon be full.
    fn is_filling(&self) -> bool {
        let length = self.entries.len();
        self.count >= length / 4 * 3 - length / CLEARING_PART
    }

    fn is_full(&self) -> bool {
        self.count * 4 >= self.entries.len() * 3
    }

    fn find(&self, hash: u32, is_it: &mut impl FnMut(Slot) -> bool) -> Option<(usize, Slot)> {
        let mask = self.mask();
        let mut place = hash as usize & mask;
        loop {
            let entry = self.entries[place];
            if entry == 0 {
                return None;
            }
            if hash_of(entry) == hash && is_it(slot_of(entry)) {
                return Some((place, slot_of(entry)));
            }
            place = (place + 1) & mask;
        }
    }

    fn insert(&mut self, hash: u32, slot: Slot) {
        self.insert_entry(u64::from(hash) << 32 | u64::from(slot.0 + 1));
    }

    fn insert_entry(&mut self, entry: u64) {
        let mask = self.mask();
        let mut place = hash_of(entry) as usize & mask;
        while self.entries[place] != 0 {
            place = (place + 1) & mask;
        }
        self.entries[place] = entry;
        self.count += 1;
    }

    /// Takes out a slot, if it is there, and closes the hole.
    fn remove(&mut self, hash: u32, slot: Slot) -> bool {
        let Some((mut hole, _)) = self.find(hash, &mut |candidate| candidate == slot) else {
            return false;
        };
        let mask = self.mask();
        let mut place = hole;
        loop {
            place = (place + 1) & mask;
            let entry = self.entries[place];
            if entry == 0 {
                break;
            }
            // An entry may fill the hole if the hole is not before its home.
            let home = hash_of(entry) as usize & mask;
            if (place.wrapping_sub(home) & mask) >= (place.wrapping_sub(hole) & mask) {
                self.entries[hole] = entry;
                hole = place;
            }
        }
        self.entries[hole] = 0;
        self.count -= 1;
        true
    }
}

const fn hash_of(entry: u64) -> u32 {
    (entry >> 32) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn slot_of(entry: u64) -> Slot {
    Slot(entry as u32 - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rand::RngExt;
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn equals_a_map_through_growth_and_deletion() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for hash_bits in [4, 12, 32] {
            let mut index = Index::new();
            let mut model: HashMap<u32, u32> = HashMap::new();
            for step in 0..30_000_u32 {
                let hash = |slot: u32| slot.wrapping_mul(0x9e37_79b9) >> (32 - hash_bits);
                let slot = rng.random_range(0..8_000_u32);
                if model.remove(&slot).is_some() {
                    index.remove(hash(slot), Slot(slot));
                } else if hash_bits > 4 || model.len() < 40 {
                    index.insert(hash(slot), Slot(slot));
                    model.insert(slot, step);
                }
                let asked = rng.random_range(0..8_000_u32);
                let found = index.find(hash(asked), |slot| slot.0 == asked);
                assert_eq!(found.is_some(), model.contains_key(&asked));
            }
            for slot in 0..8_000_u32 {
                let hash = slot.wrapping_mul(0x9e37_79b9) >> (32 - hash_bits);
                let found = index.find(hash, |candidate| candidate.0 == slot);
                assert_eq!(found.is_some(), model.contains_key(&slot));
            }
        }
    }
}
