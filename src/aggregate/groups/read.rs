//! What is read of groups: names, what is published, memory.

use std::sync::Arc;

use super::Groups;
use super::Table;
use crate::snapshot;
use crate::snapshot::Dimension;
use crate::snapshot::GroupId;
use crate::snapshot::GroupKind;
use crate::snapshot::Series;

impl Groups {
    /// The name of a group.
    pub(in crate::aggregate) fn name(&self, dimension: Dimension, group: GroupId) -> &Arc<str> {
        self.tables[dimension.index()].name(group)
    }

    /// What stands behind the name of a group.
    pub(in crate::aggregate) fn kind(&self, dimension: Dimension, group: GroupId) -> GroupKind {
        self.tables[dimension.index()].kind(group)
    }

    /// The latest series that are done.
    pub(in crate::aggregate) fn series(&self) -> &Arc<Series> {
        self.seconds.published()
    }

    /// The latest cut that is done.
    pub(in crate::aggregate) fn published(&self) -> &Arc<snapshot::Groups> {
        self.publication.published()
    }

    /// Walks all cells, so it is done once a coarse one.
    pub(super) fn count_bytes(&self) -> usize {
        self.tables.iter().map(Table::bytes).sum::<usize>()
            + self.definitions.bytes()
            + self.journal.bytes()
            + self.to_book.bytes()
            + self.publication.bytes()
            + self.total.bytes()
            + self.seconds.bytes()
    }
}
