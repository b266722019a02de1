//! How many values each cell holds: a list of the cells with any, or a row of cells.
//!
//! A list is for few values: 8 bytes a cell with any, a binary search to count one. A row is for many:
//! 8 bytes a cell between the least and the greatest with any, a value is counted in constant time.

/// Counts by cell.
#[derive(Debug)]
pub(super) enum Storage {
    /// Ascending by cell; no count is 0.
    Sparse(Vec<(u16, u32)>),
    /// The cells from `first` on, in whole blocks.
    Dense { first: usize, counts: Vec<u64> },
}

/// A row begins and ends at a multiple of this, so that it seldom grows.
const BLOCK: usize = 64;

impl Storage {
    pub(super) const DENSE: Self = Self::Dense {
        first: 0,
        counts: Vec::new(),
    };

    /// Counts `times` more values in a cell.
    #[inline]
    pub(super) fn add(&mut self, cell: usize, times: u64) {
        if let Self::Dense { first, counts } = self
            && let Some(count) = counts.get_mut(cell.wrapping_sub(*first))
        {
            *count += times;
            return;
        }
        self.add_elsewhere(cell, times);
    }

    /// The same where it is not a count in a row.
    fn add_elsewhere(&mut self, cell: usize, times: u64) {
        match self {
            Self::Sparse(listed) => {
                let place = place_of(listed, cell);
                let before = place.map_or(0, |place| u64::from(listed[place].1));
                let (Ok(number), Ok(count)) = (u16::try_from(cell), u32::try_from(before + times))
                else {
                    self.make_dense();
                    return self.add(cell, times);
                };
                match place {
                    Ok(place) => listed[place].1 = count,
                    Err(place) => listed.insert(place, (number, count)),
                }
            }
            Self::Dense { first, counts } => {
                reach(first, counts, cell);
                counts[cell - *first] += times;
            }
        }
    }

    /// Adds what another holds. `fits` says that a list can count all values of both.
    pub(super) fn add_all(&mut self, other: &Self, fits: bool) {
        match (&mut *self, other) {
            (Self::Sparse(own), Self::Sparse(more)) if fits && more.len() > 1 => {
                add_list(own, more);
            }
            _ => other.each(|cell, times| self.add(cell, times)),
        }
    }

    /// Takes out what another holds, which is all in it.
    pub(super) fn subtract(&mut self, other: &Self) {
        match (self, other) {
            (Self::Sparse(listed), Self::Sparse(gone)) => subtract_list(listed, gone),
            (Self::Dense { first, counts }, other) => other.each(|cell, times| {
                // A cell outside of the row holds nothing, so nothing of it can leave.
                if let Some(count) = counts.get_mut(cell.wrapping_sub(*first)) {
                    debug_assert!(*count >= times, "what is taken out is in it");
                    *count = count.saturating_sub(times);
                }
            }),
            (sparse, other) => {
                sparse.make_dense();
                sparse.subtract(other);
            }
        }
    }

    /// Every cell with a value, ascending, and how many it holds.
    pub(super) fn each(&self, mut with: impl FnMut(usize, u64)) {
        self.iter().for_each(|(cell, count)| with(cell, count));
    }

    /// The same one by one.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u64)> {
        let (listed, first, counts): (&[(u16, u32)], usize, &[u64]) = match self {
            Self::Sparse(listed) => (listed, 0, &[]),
            Self::Dense { first, counts } => (&[], *first, counts),
        };
        let listed = listed
            .iter()
            .map(|(cell, count)| (usize::from(*cell), u64::from(*count)));
        let counted = (first..)
            .zip(counts.iter().copied())
            .filter(|(_, count)| *count > 0);
        listed.chain(counted)
    }

    /// Counts a value in the last cell of a list, or in one after it; `false` where this is no list.
    #[inline]
    pub(super) fn push(&mut self, cell: usize) -> bool {
        let (Self::Sparse(listed), Ok(number)) = (self, u16::try_from(cell)) else {
            return false;
        };
        match listed.last_mut() {
            Some((last, count)) if *last == number && *count < u32::MAX => *count += 1,
            Some((last, _)) if *last >= number => return false,
            _ => listed.push((number, 1)),
        }
        true
    }

    /// Empties it and keeps its memory.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Sparse(listed) => listed.clear(),
            Self::Dense { counts, .. } => counts.fill(0),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Sparse(listed) => listed.capacity() * size_of::<(u16, u32)>(),
            Self::Dense { counts, .. } => counts.capacity() * size_of::<u64>(),
        }
    }

    fn make_dense(&mut self) {
        let sparse = std::mem::replace(self, Self::DENSE);
        sparse.each(|cell, count| self.add(cell, count));
    }
}

/// Where a cell is listed, or has to be put. Lists are often copied in order, so the end comes first.
fn place_of(listed: &[(u16, u32)], cell: usize) -> Result<usize, usize> {
    let is_last = |(last, _): &(u16, u32)| usize::from(*last) < cell;
    if listed.last().is_none_or(is_last) {
        return Err(listed.len());
    }
    listed.binary_search_by_key(&cell, |(cell, _)| usize::from(*cell))
}

/// Makes a row reach a cell.
#[cold]
fn reach(first: &mut usize, counts: &mut Vec<u64>, cell: usize) {
    let block = cell / BLOCK * BLOCK;
    if counts.is_empty() {
        *first = block;
    }
    if block < *first {
        let more = *first - block;
        counts.splice(0..0, std::iter::repeat_n(0, more));
        *first = block;
    }
    let length = (block + BLOCK - *first).max(counts.len());
    counts.resize(length, 0);
}

/// Adds a list to another in one walk over both, in the memory that is there. Cells that both have are
/// found by doubling steps from the one before; the others are merged in from behind.
fn add_list(own: &mut Vec<(u16, u32)>, more: &[(u16, u32)]) {
    let (mut place, mut missing) = (0, 0);
    for &(cell, count) in more {
        place = seek(own, place, cell);
        match own.get_mut(place) {
            Some((found, sum)) if *found == cell => *sum += count,
            _ => missing += 1,
        }
    }
    let (mut from, mut to) = (own.len(), own.len() + missing);
    own.resize(to, (0, 0));
    let mut more = more.iter().copied().rev().peekable();
    // Once nothing is missing any more, everything before is where it was.
    while from < to {
        let last = from.checked_sub(1).map(|last| own[last]);
        let Some(&next) = more.peek() else { return };
        to -= 1;
        match last {
            Some(last) if last.0 >= next.0 => {
                more.next_if(|next| next.0 == last.0);
                own[to] = last;
                from -= 1;
            }
            _ => {
                own[to] = next;
                more.next();
            }
        }
    }
}

/// The first place from one on whose cell is not below `cell`.
fn seek(listed: &[(u16, u32)], from: usize, cell: u16) -> usize {
    let mut step = 1;
    while listed
        .get(from + step - 1)
        .is_some_and(|(other, _)| *other < cell)
    {
        step *= 2;
    }
    let most = (from + step - 1).min(listed.len());
    let least = (from + step / 2).min(most);
    least + listed[least..most].partition_point(|(other, _)| *other < cell)
}

fn subtract_list(listed: &mut Vec<(u16, u32)>, gone: &[(u16, u32)]) {
    let mut gone = gone.iter().peekable();
    listed.retain_mut(|(cell, count)| {
        while gone.next_if(|(other, _)| other < cell).is_some() {}
        if let Some((_, less)) = gone.next_if(|(other, _)| other == cell) {
            debug_assert!(*count >= *less, "what is taken out is in it");
            *count = count.saturating_sub(*less);
        }
        *count > 0
    });
}

/// Copies into memory that is there, where the kind is the same.
impl Clone for Storage {
    fn clone(&self) -> Self {
        match self {
            Self::Sparse(listed) => Self::Sparse(listed.clone()),
            Self::Dense { first, counts } => Self::Dense {
                first: *first,
                counts: counts.clone(),
            },
        }
    }

    fn clone_from(&mut self, other: &Self) {
        match (self, other) {
            (Self::Sparse(own), Self::Sparse(listed)) => own.clone_from(listed),
            (
                Self::Dense {
                    first: own_first,
                    counts: own,
                },
                Self::Dense { first, counts },
            ) => {
                *own_first = *first;
                own.clone_from(counts);
            }
            (own, other) => *own = other.clone(),
        }
    }
}
