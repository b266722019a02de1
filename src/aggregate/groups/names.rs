//! The names of one dimension, interned: what a ring's labels stand for, and which group that is.
//!
//! A name lives as long as a definition or a group holds it, so a number that an ingest thread keeps
//! using stays right after its group was freed and its number given to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Scribe;
use crate::aggregate::image::Side;
use crate::aggregate::image::Stamp;
use crate::aggregate::image::ensure;
use crate::snapshot::GroupId;

/// A name's number in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameId(pub(super) u32);

/// The names of one dimension. At most one a group and one a definition.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    by_text: BTreeMap<Arc<str>, NameId>,
    entries: Vec<Entry>,
    free: Vec<NameId>,
    /// Memory of all texts, in bytes.
    text_bytes: usize,
    /// The next name to write of an image, and its dimension.
    next: usize,
    dimension: u8,
    scribe: Scribe,
}

#[derive(Clone, Debug)]
struct Entry {
    text: Arc<str>,
    group: Option<GroupId>,
    /// Definitions that stand for it.
    definitions: u32,
    /// The image that it was written for.
    written: Stamp,
}

/// Names written for one piece of an image.
const NAMES_MAX: usize = 512;

impl Names {
    /// The number of a name that one more definition stands for.
    pub(super) fn define(&mut self, text: &str) -> NameId {
        if let Some(id) = self.by_text.get(text).copied() {
            self.write_before(id.0 as usize);
            self.entries[id.0 as usize].definitions += 1;
            return id;
        }
        let text: Arc<str> = Arc::from(text);
        let entry = Entry {
            text: Arc::clone(&text),
            group: None,
            definitions: 1,
            written: self.scribe.stamp(),
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.entries[id.0 as usize] = entry;
                id
            }
            None => {
                self.entries.push(entry);
                NameId(u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX))
            }
        };
        self.text_bytes += bytes_of(&text);
        self.by_text.insert(text, id);
        id
    }

    /// Says that one definition less stands for a name.
    pub(super) fn undefine(&mut self, id: NameId) {
        self.write_before(id.0 as usize);
        self.entries[id.0 as usize].definitions -= 1;
        self.let_go(id);
    }

    pub(super) fn text(&self, id: NameId) -> &Arc<str> {
        &self.entries[id.0 as usize].text
    }

    #[inline]
    pub(super) fn group(&self, id: NameId) -> Option<GroupId> {
        self.entries[id.0 as usize].group
    }

    pub(super) fn set_group(&mut self, id: NameId, group: Option<GroupId>) {
        self.write_before(id.0 as usize);
        self.entries[id.0 as usize].group = group;
        self.let_go(id);
    }

    pub(super) fn bytes(&self) -> usize {
        self.text_bytes
            + self.by_text.len() * size_of::<(Arc<str>, NameId)>()
            + self.entries.capacity() * size_of::<Entry>()
    }

    // Images.

    /// Cuts: the names of an image are those of now. Answers which numbers are free.
    pub(super) fn cut(&mut self, side: Side, dimension: u8) -> Vec<u32> {
        (self.next, self.dimension) = (0, dimension);
        self.scribe.cut(side);
        self.free.iter().map(|id| id.0).collect()
    }

    /// Writes some of the names at the cut; whether there are more.
    pub(super) fn write_some(&mut self, to: &mut Frames) -> bool {
        let until = self.entries.len().min(self.next + NAMES_MAX);
        for place in self.next..until {
            self.write_before(place);
        }
        self.next = until;
        if self.scribe.is_busy() && until < self.entries.len() {
            self.scribe.hand_on(to);
            return true;
        }
        self.scribe.finish(to);
        false
    }

    /// Writes no more of an image that nobody wants.
    pub(super) fn write_none(&mut self) {
        self.scribe.give_up();
    }

    /// The names of an image.
    pub(super) fn restore(names: Vec<image::Name>, free: &[u32]) -> Result<Self, ImageFault> {
        let count = names.len() + free.len();
        let mut places: Vec<Option<image::Name>> = Vec::new();
        places.resize_with(count, || None);
        for name in names {
            let place = places.get_mut(name.number as usize);
            let place = place.ok_or(ImageFault::damaged("a name without a number"))?;
            ensure(place.is_none(), "two names of one number")?;
            *place = Some(name);
        }
        let mut restored = Self::default();
        for (number, name) in (0..).map(NameId).zip(places) {
            let text = name
                .as_ref()
                .map_or_else(Arc::default, |name| Arc::clone(&name.text));
            if name.is_some() {
                restored.text_bytes += bytes_of(&text);
                let before = restored.by_text.insert(Arc::clone(&text), number);
                ensure(before.is_none(), "two names of one text")?;
            }
            restored.entries.push(Entry {
                text,
                group: name.as_ref().and_then(|name| name.group).map(GroupId),
                definitions: name.map_or(0, |name| name.definitions),
                written: Stamp::default(),
            });
        }
        let mut is_listed = vec![false; count];
        for &number in free {
            let entry = restored.entries.get(number as usize);
            let is_listed = is_listed.get_mut(number as usize);
            let is_new = is_listed.is_some_and(|is_listed| !std::mem::replace(is_listed, true));
            let is_free = entry.is_some_and(Entry::is_free);
            ensure(is_free && is_new, "a free number of a name")?;
            restored.free.push(NameId(number));
        }
        Ok(restored)
    }

    /// How many numbers there are, free ones included.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// The group of a number that may stand for nothing.
    pub(super) fn group_if_any(&self, id: NameId) -> Option<GroupId> {
        self.entries.get(id.0 as usize)?.group
    }

    /// Every number with its group, and how many definitions stand for it.
    pub(super) fn all(&self) -> impl Iterator<Item = (NameId, Option<GroupId>, u32)> {
        let numbered = (0..).map(NameId).zip(&self.entries);
        numbered.map(|(id, entry)| (id, entry.group, entry.definitions))
    }

    /// Writes a name of the cut before it changes.
    fn write_before(&mut self, place: usize) {
        let entry = &mut self.entries[place];
        if !self.scribe.is_due(&mut entry.written) || entry.is_free() {
            return;
        }
        let (entry, dimension) = (&self.entries[place], self.dimension);
        self.scribe.write(|side| Piece::Name {
            side,
            place: dimension,
            name: image::Name {
                number: u32::try_from(place).unwrap_or(u32::MAX),
                text: Arc::clone(&entry.text),
                group: entry.group.map(|group| group.0),
                definitions: entry.definitions,
            },
        });
    }

    /// Forgets a name that nobody holds.
    fn let_go(&mut self, id: NameId) {
        let entry = &mut self.entries[id.0 as usize];
        if entry.definitions > 0 || entry.group.is_some() {
            return;
        }
        let text = std::mem::take(&mut entry.text);
        self.text_bytes -= bytes_of(&text);
        self.by_text.remove(&text);
        self.free.push(id);
    }
}

impl Entry {
    const fn is_free(&self) -> bool {
        self.definitions == 0 && self.group.is_none()
    }
}

/// A text stands behind two counts.
fn bytes_of(text: &str) -> usize {
    text.len() + 2 * size_of::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lives_as_long_as_somebody_holds_it() {
        let mut names = Names::default();
        let sales = names.define("sales");
        assert_eq!(names.define("sales"), sales);
        let returns = names.define("returns");
        assert_ne!(returns, sales);
        names.set_group(sales, Some(GroupId(2)));
        names.undefine(sales);
        names.undefine(sales);
        assert_eq!(names.define("sales"), sales, "its group holds it");
        names.undefine(sales);
        names.set_group(sales, None);
        assert_eq!(names.by_text.len(), 1);
        assert_eq!(&**names.text(names.by_text["returns"]), "returns");
        assert_eq!(names.define("service"), sales, "the number is used again");
    }
}
