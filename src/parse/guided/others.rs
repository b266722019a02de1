//! Layouts beyond the most frequent ones, found by a hash of their keys.

use memchr::memchr_iter;

use super::Known;

/// Places by hash, a power of two, and layouts in each: those with the same keys differ in the event's
/// type and in the form of their values.
const PLACES: usize = 128;
const IN_PLACE_MAX: usize = 4;

/// Up to `PLACES * IN_PLACE_MAX` layouts.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Empty until there is one.
    places: Vec<Vec<Known>>,
    count: usize,
}

impl Others {
    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Those that may have these keys.
    pub(super) fn of(&mut self, keys: u64) -> &mut [Known] {
        match self.places.get_mut(place_of(keys)) {
            Some(place) => place,
            None => &mut [],
        }
    }

    /// Adds a layout; gives the rarest of its place back when that is full.
    pub(super) fn put(&mut self, known: Known) -> Option<Known> {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, Vec::new);
        }
        let place = self.places.get_mut(place_of(known.keys))?;
        place.push(known);
        if place.len() <= IN_PLACE_MAX {
            self.count += 1;
            return None;
        }
        let hits = place
            .iter()
            .enumerate()
            .map(|(index, known)| (known.hits, index));
        let (_, rarest) = hits.min()?;
        // What is left of the others fades, so that they have to be met again.
        place.iter_mut().for_each(|known| known.hits /= 2);
        Some(place.remove(rarest))
    }

    /// Takes one of those with these keys out.
    pub(super) fn take(&mut self, keys: u64, index: usize) -> Known {
        self.count -= 1;
        self.places[place_of(keys)].remove(index)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits are left")]
const fn place_of(keys: u64) -> usize {
    (keys >> (64 - PLACES.ilog2())) as usize
}

/// Tells layouts apart by the ends of their keys, in order. Not keyed: what collides costs a look at
/// another layout, four at the most.
pub(super) fn hash_of_keys(payload: &[u8]) -> u64 {
    let mut hash = 0_u64;
    for colon in memchr_iter(b':', payload) {
        // Other colons stand in values; a key with a blank behind it is left out, always.
        let before = payload.get(..colon).and_then(<[u8]>::last_chunk::<5>);
        if let Some([a, b, c, d, b'"']) = before {
            let word = u32::from_le_bytes([*a, *b, *c, *d]);
            hash = (hash.rotate_left(5) ^ u64::from(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    hash
}
