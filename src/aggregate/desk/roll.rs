//! The names of one dimension: a number for each, as long as something refers to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::snapshot::GroupId;
use crate::snapshot::GroupKind;

/// What carries no name.
pub(super) const UNNAMED: GroupId = GroupId(0);
/// What found no room.
const OTHER: GroupId = GroupId(1);

/// Names and their numbers.
#[derive(Clone, Debug)]
pub(super) struct Roll {
    /// By number; the first two have no name of their own.
    entries: Vec<Entry>,
    by_text: BTreeMap<Arc<str>, GroupId>,
    named_max: usize,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    text: Arc<str>,
    /// Facts and bookings that refer to it. A name without any goes when there is no room.
    uses: u64,
}

impl Roll {
    pub(super) fn new(named_max: usize) -> Self {
        Self {
            entries: vec![Entry::default(); 2],
            by_text: BTreeMap::new(),
            // Numbers have 16 bits.
            named_max: named_max.min(usize::from(u16::MAX) - 1),
        }
    }

    /// The number of a name; that of `other` where there is no room.
    pub(super) fn number(&mut self, text: &str) -> GroupId {
        if let Some(id) = self.by_text.get(text) {
            return *id;
        }
        if self.by_text.len() >= self.named_max {
            self.forget_unused();
        }
        if self.by_text.len() >= self.named_max {
            return OTHER;
        }
        self.add(Arc::from(text))
    }

    fn add(&mut self, text: Arc<str>) -> GroupId {
        let free = self.entries[2..]
            .iter()
            .position(|entry| entry.text.is_empty());
        let is_full = self.entries.len() - 2 >= self.named_max;
        let place = match free.filter(|_| is_full) {
            Some(free) => free + 2,
            None => {
                self.entries.push(Entry::default());
                self.entries.len() - 1
            }
        };
        self.entries[place].text = Arc::clone(&text);
        let id = GroupId(u16::try_from(place).unwrap_or(OTHER.0));
        self.by_text.insert(text, id);
        id
    }

    fn forget_unused(&mut self) {
        for entry in self.entries[2..].iter_mut().filter(|entry| entry.uses == 0) {
            self.by_text.remove(&entry.text);
            entry.text = Arc::default();
        }
    }

    /// Something refers to a number from now on.
    pub(super) fn hold(&mut self, id: GroupId) {
        if let Some(entry) = self.entries.get_mut(usize::from(id.0)) {
            entry.uses += 1;
        }
    }

    /// Something refers to it no more.
    pub(super) fn release(&mut self, id: GroupId) {
        if let Some(entry) = self.entries.get_mut(usize::from(id.0)) {
            entry.uses = entry.uses.saturating_sub(1);
        }
    }

    /// What a number is shown as, and what stands behind that.
    pub(super) fn shown(&self, id: GroupId) -> (Arc<str>, GroupKind) {
        let kind = match id {
            UNNAMED => GroupKind::Unnamed,
            OTHER => GroupKind::Other,
            _ => GroupKind::Named,
        };
        let text = match kind.shown_as() {
            Some(text) => Arc::from(text),
            None => self.text(id).cloned().unwrap_or_default(),
        };
        (text, kind)
    }

    /// The name of a number, if it has one.
    pub(super) fn text(&self, id: GroupId) -> Option<&Arc<str>> {
        let entry = self.entries.get(usize::from(id.0))?;
        (!entry.text.is_empty()).then_some(&entry.text)
    }

    /// Every name with its number, in the order of numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = (GroupId, &Arc<str>)> {
        let numbered = (0..).map(GroupId).zip(&self.entries);
        numbered.filter_map(|(id, entry)| (!entry.text.is_empty()).then_some((id, &entry.text)))
    }

    /// Puts a name back under its number, which nothing has.
    pub(super) fn restore(&mut self, id: GroupId, text: &Arc<str>) -> bool {
        let place = usize::from(id.0);
        if place < 2 || place - 2 >= self.named_max || text.is_empty() {
            return false;
        }
        if self.entries.len() <= place {
            self.entries.resize_with(place + 1, Entry::default);
        }
        let is_new = self.entries[place].text.is_empty();
        self.entries[place].text = Arc::clone(text);
        is_new && self.by_text.insert(Arc::clone(text), id).is_none()
    }

    /// Whether a number stands for something.
    pub(super) fn has(&self, id: GroupId) -> bool {
        id == UNNAMED || id == OTHER || self.text(id).is_some()
    }

    pub(super) fn bytes(&self) -> usize {
        let text: usize = self.by_text.keys().map(|text| text.len() + 16).sum();
        text + self.entries.capacity() * size_of::<Entry>()
            + self.by_text.len() * size_of::<(Arc<str>, GroupId)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_use_goes_when_there_is_no_room() {
        let mut roll = Roll::new(2);
        let (sales, returns) = (roll.number("sales"), roll.number("returns"));
        roll.hold(sales);
        assert_eq!((sales, returns), (GroupId(2), GroupId(3)));
        assert_eq!(roll.number("service"), returns, "its number is free");
        roll.hold(returns);
        assert_eq!(roll.number("returns"), OTHER);
        roll.release(sales);
        assert_eq!(roll.number("returns"), sales);
        assert_eq!(&*roll.shown(sales).0, "returns");
        assert_eq!(roll.shown(OTHER).1, GroupKind::Other);
        assert_eq!(roll.names().count(), 2);
    }
}
