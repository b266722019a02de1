//! The names of one dimension, interned: what a ring's labels stand for, and which group that is.
//!
//! A name lives as long as a definition or a group holds it, so a number that an ingest thread keeps
//! using stays right after its group was freed and its number given to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::snapshot::GroupId;

/// A name's number in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameId(u32);

/// The names of one dimension. At most one a group and one a definition.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    by_text: BTreeMap<Arc<str>, NameId>,
    entries: Vec<Entry>,
    free: Vec<NameId>,
    /// Memory of all texts, in bytes.
    text_bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    text: Arc<str>,
    group: Option<GroupId>,
    /// LabelsByInput that stand for it.
    definitions: u32,
}

impl Names {
    /// The number of a name that one more definition stands for.
    pub(super) fn define(&mut self, text: &str) -> NameId {
        if let Some(id) = self.by_text.get(text) {
            self.entries[id.0 as usize].definitions += 1;
            return *id;
        }
        let text: Arc<str> = Arc::from(text);
        let entry = Entry {
            text: Arc::clone(&text),
            group: None,
            definitions: 1,
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
        self.entries[id.0 as usize].group = group;
        self.let_go(id);
    }

    pub(super) fn bytes(&self) -> usize {
        self.text_bytes
            + self.by_text.len() * size_of::<(Arc<str>, NameId)>()
            + self.entries.capacity() * size_of::<Entry>()
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
