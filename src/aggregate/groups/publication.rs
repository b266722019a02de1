//! The published tables of groups: chunks of them, of which only those that changed are rebuilt.

use std::sync::Arc;

use super::Cut;
use super::grid::Grid;
use super::grid::histogram_at;
use super::table::Slot;
use super::table::Table;
use crate::snapshot::GROUP_WINDOWS_MS;
use crate::snapshot::GROUPS_IN_CHUNK;
use crate::snapshot::Group;
use crate::snapshot::GroupId;
use crate::snapshot::Groups;
use crate::snapshot::Measured;
use crate::snapshot::Retired;
use crate::snapshot::WindowStats;

/// Retired versions kept of every chunk.
const VERSIONS_KEPT: usize = 8;

/// What is published, and what was.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    /// By dimension; the chunks of the cut that is being made.
    chunks: [Vec<Arc<Vec<Group>>>; 3],
    retired_chunks: Retired<Vec<Group>>,
    published: Arc<Groups>,
    retired: Retired<Groups>,
}

impl Publication {
    pub(super) fn new() -> Self {
        Self {
            chunks: Default::default(),
            retired_chunks: Retired::new(VERSIONS_KEPT),
            published: Arc::default(),
            retired: Retired::new(16),
        }
    }

    /// Rebuilds a chunk of a table if something in it changed; answers what that cost.
    pub(super) fn make_chunk(
        &mut self,
        dimension: usize,
        chunk: usize,
        table: &mut Table,
        grid: &Grid,
        cut: &Cut,
    ) -> usize {
        let chunks = &mut self.chunks[dimension];
        while chunks.len() <= chunk {
            chunks.push(Arc::default());
        }
        let Some(changed) = table.changed(chunk) else {
            return 1;
        };
        let made = self.retired_chunks.refill(|groups| {
            groups.clear();
            groups.extend(changed.map(|(id, slot)| group(id, slot, grid, cut)));
        });
        let done = 1 + made.len();
        let old = std::mem::replace(&mut chunks[chunk], made);
        self.retired_chunks.retire(old);
        done
    }

    /// Publishes the cut whose chunks are made.
    pub(super) fn publish(&mut self, cut: &Cut) {
        let count: usize = self.chunks.iter().map(Vec::len).sum();
        self.retired_chunks.set_max(VERSIONS_KEPT * count);
        let next = self.retired.refill(|groups| {
            // Every field by name: this one was published before.
            let Groups {
                tables,
                room,
                as_of,
                counted_since,
                windows,
            } = groups;
            for (table, chunks) in tables.iter_mut().zip(&self.chunks) {
                table.refill(chunks);
            }
            *room = cut.room;
            *as_of = cut.as_of;
            *counted_since = cut.counted_since;
            *windows = cut.windows;
        });
        let old = std::mem::replace(&mut self.published, next);
        self.retired.retire(old);
    }

    pub(super) fn published(&self) -> &Arc<Groups> {
        &self.published
    }

    /// The chunks of the cut that is being made, by dimension.
    pub(super) const fn chunks(&self) -> &[Vec<Arc<Vec<Group>>>; 3] {
        &self.chunks
    }

    /// What is published, and the chunks of the cut that is being made.
    pub(super) fn restore(published: Arc<Groups>, chunks: [Vec<Arc<Vec<Group>>>; 3]) -> Self {
        Self {
            chunks,
            published,
            ..Self::new()
        }
    }

    /// The memory of one version of all chunks; readers may hold older ones.
    pub(super) fn bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(Vec::len).sum();
        chunks * GROUPS_IN_CHUNK * size_of::<Group>()
    }
}

fn group(id: GroupId, slot: &Slot, grid: &Grid, cut: &Cut) -> Group {
    let mut measured: [Measured; 4] = Default::default();
    for (place, own) in slot.durations.iter().enumerate() {
        let (window, measure) = histogram_at(place);
        measured[window].put(measure, own.shared());
    }
    Group {
        id,
        name: Arc::clone(&slot.name),
        kind: slot.kind,
        open_sessions: slot.open,
        open_uncertain: slot.uncertain(),
        awaiting: slot.awaiting,
        awaiting_since: slot.awaiting_since,
        windows: [0, 1, 2, 3].map(|window| {
            stats(
                slot,
                window,
                std::mem::take(&mut measured[window]),
                grid,
                cut,
            )
        }),
    }
}

fn stats(slot: &Slot, window: usize, measured: Measured, grid: &Grid, cut: &Cut) -> WindowStats {
    let sums = slot.windows[window];
    let pane_ms = grid.pane_ms(window).unwrap_or(0);
    WindowStats {
        length_ms: GROUP_WINDOWS_MS[window],
        start: cut.windows[window].start,
        active_sessions: sums.active,
        connections: sums.connections,
        disconnections: sums.disconnections,
        messages: sums.messages,
        closed_sessions: sums.closed,
        closed_duration_ms: sums.closed_duration_ms,
        ended_messages: sums.ended_messages,
        responses: sums.responses,
        response_ms: sums.response_ms,
        first_responses: sums.first_responses,
        first_response_ms: sums.first_response_ms,
        unanswered: sums.unanswered,
        never_answered: sums.never_answered,
        measured,
        pane_ms: u32::try_from(pane_ms).unwrap_or(u32::MAX),
        coverage_ms: cut.windows[window].coverage_ms,
    }
}
