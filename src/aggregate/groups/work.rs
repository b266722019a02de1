//! Working off a tick's journal in small pieces: booking, sliding, freeing, publishing.

use super::Groups;
use super::OF_SESSIONS;
use super::journal::Journal;
use crate::snapshot::GROUP_SECONDS;

/// The next piece of work, in the order in which they are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Slide the windows of a dimension to the journal's tick: the clock may have passed some in which
    /// nothing happened.
    Reach {
        dimension: usize,
    },
    /// Book the changes of a dimension from a place on.
    Changes {
        dimension: usize,
        place: usize,
    },
    Strays {
        place: usize,
    },
    Values {
        place: usize,
    },
    /// Say who has waited for longest.
    Oldest,
    /// Slide the windows of a dimension.
    Slide {
        dimension: usize,
    },
    Free,
    /// Make the chunks of a dimension from one on.
    Chunks {
        dimension: usize,
        chunk: usize,
    },
    Publish,
    /// Make the changes of the second so many back.
    Seconds {
        back: usize,
    },
    Nothing,
}

impl Work {
    /// Which work it is, and where in it, as an image holds it.
    pub(super) fn plain(self) -> (u8, u32, u32) {
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        match self {
            Self::Nothing => (0, 0, 0),
            Self::Reach { dimension } => (1, number(dimension), 0),
            Self::Changes { dimension, place } => (2, number(dimension), number(place)),
            Self::Strays { place } => (3, number(place), 0),
            Self::Values { place } => (4, number(place), 0),
            Self::Slide { dimension } => (5, number(dimension), 0),
            Self::Free => (6, 0, 0),
            Self::Chunks { dimension, chunk } => (7, number(dimension), number(chunk)),
            Self::Publish => (8, 0, 0),
            Self::Seconds { back } => (9, number(back), 0),
            Self::Oldest => (10, 0, 0),
        }
    }

    /// The work of an image on a journal; `None` where there is none of it.
    pub(super) fn of_plain(
        (kind, first, second): (u8, u32, u32),
        to_book: &Journal,
    ) -> Option<Self> {
        let (first, second) = (first as usize, second as usize);
        let work = match kind {
            0 => Self::Nothing,
            1 => Self::Reach { dimension: first },
            2 => Self::Changes {
                dimension: first,
                place: second,
            },
            3 => Self::Strays { place: first },
            4 => Self::Values { place: first },
            5 => Self::Slide { dimension: first },
            6 => Self::Free,
            7 => Self::Chunks {
                dimension: first,
                chunk: second,
            },
            8 => Self::Publish,
            9 => Self::Seconds { back: first },
            10 => Self::Oldest,
            _ => return None,
        };
        let is_possible = match work {
            Self::Reach { dimension } | Self::Slide { dimension } => dimension < 3,
            Self::Chunks { dimension, chunk } => dimension < 3 && chunk <= usize::from(u16::MAX),
            Self::Changes { dimension, place } => {
                let changes = to_book.changes.get(dimension);
                changes.is_some_and(|changes| place <= changes.entries().len())
            }
            Self::Strays { place } => place <= to_book.strays.len(),
            Self::Values { place } => place <= to_book.values.len(),
            Self::Seconds { back } => back <= GROUP_SECONDS,
            Self::Free | Self::Publish | Self::Nothing | Self::Oldest => true,
        };
        is_possible.then_some(work)
    }
}

impl Groups {
    /// Does up to about so many small pieces of the work that is left; whether there is more.
    pub(in crate::aggregate) fn work(&mut self, mut pieces: usize) -> bool {
        while self.work != Work::Nothing {
            if pieces == 0 {
                return true;
            }
            let done = self.work_on(pieces);
            pieces = pieces.saturating_sub(done.max(1));
        }
        false
    }

    /// Does some of the next piece of work; answers how much that was.
    fn work_on(&mut self, pieces: usize) -> usize {
        let (done, next) = match self.work {
            Work::Reach { dimension } => match self.tables[dimension].step(self.to_book.start_ms) {
                Some(walked) => (walked, self.work),
                None if dimension + 1 < self.tables.len() => {
                    let dimension = dimension + 1;
                    (1, Work::Reach { dimension })
                }
                None => {
                    let (dimension, place) = (0, 0);
                    (1, Work::Changes { dimension, place })
                }
            },
            Work::Changes { dimension, place } => self.book_changes(dimension, place, pieces),
            Work::Strays { place } => self.book_strays(place, pieces),
            Work::Values { place } => self.record_values(place, pieces),
            Work::Oldest => {
                for oldest in &self.to_book.oldest {
                    self.tables[oldest.dimension.index()].put_oldest(oldest.group, oldest.since);
                }
                (1 + self.to_book.oldest.len(), Work::Slide { dimension: 0 })
            }
            Work::Slide { dimension } => match self.tables[dimension].step(self.cut.as_of.ms()) {
                Some(walked) => (walked, self.work),
                None if dimension + 1 < self.tables.len() => (
                    1,
                    Work::Slide {
                        dimension: dimension + 1,
                    },
                ),
                None => (1, Work::Free),
            },
            Work::Free => {
                self.free_empty();
                let first = Work::Chunks {
                    dimension: 0,
                    chunk: 0,
                };
                (1, first)
            }
            Work::Chunks { dimension, chunk } => self.make_chunk(dimension, chunk),
            Work::Publish => {
                self.publication.publish(&self.cut);
                let next = match self.cut.is_second {
                    true => Work::Seconds { back: 0 },
                    false => Work::Nothing,
                };
                (1, next)
            }
            Work::Seconds { back }
                if back < GROUP_SECONDS
                    && self.tables.iter().any(|table| table.has_changed_seconds()) =>
            {
                let done = self.seconds.make(back, &mut self.tables);
                (done, Work::Seconds { back: back + 1 })
            }
            Work::Seconds { .. } => {
                self.seconds.publish(self.publication.published());
                (1, Work::Nothing)
            }
            Work::Nothing => (1, Work::Nothing),
        };
        self.work = next;
        done
    }

    fn book_changes(&mut self, dimension: usize, place: usize, pieces: usize) -> (usize, Work) {
        let (table, journal) = (&mut self.tables[dimension], &self.to_book);
        let entries = journal.changes[dimension].entries().len();
        let last = entries.min(place.saturating_add(pieces));
        for (group, change) in journal.changes_at(dimension, place..last) {
            table.book(group, journal.start_ms, &change);
        }
        let next = match (last < entries, dimension + 1 < self.tables.len()) {
            (true, _) => Work::Changes {
                dimension,
                place: last,
            },
            (false, true) => Work::Changes {
                dimension: dimension + 1,
                place: 0,
            },
            (false, false) => Work::Strays { place: 0 },
        };
        (last - place, next)
    }

    fn book_strays(&mut self, place: usize, pieces: usize) -> (usize, Work) {
        let strays = &self.to_book.strays;
        let last = strays.len().min(place.saturating_add(pieces));
        for stray in &strays[place..last] {
            self.tables[stray.dimension.index()].book(stray.group, stray.time_ms, &stray.change);
        }
        let next = if last < strays.len() {
            Work::Strays { place: last }
        } else {
            Work::Values { place: 0 }
        };
        (last - place, next)
    }

    fn record_values(&mut self, place: usize, pieces: usize) -> (usize, Work) {
        let (tables, journal) = (&mut self.tables, &mut self.to_book);
        let start_ms = journal.start_ms;
        let done = journal.values.visit(place, pieces, start_ms, |found| {
            let table = &mut tables[found.dimension.index()];
            table.record(found.group, found.time_ms, found.measure, found.iter());
        });
        let next = if done > 0 {
            Work::Values {
                place: place + done,
            }
        } else {
            Work::Oldest
        };
        (done, next)
    }

    fn free_empty(&mut self) {
        if self.is_holding || !self.cut.may_free {
            return;
        }
        let (journal, definitions) = (&self.journal, &mut self.definitions);
        for (place, dimension) in OF_SESSIONS.into_iter().enumerate() {
            self.tables[place].free_empty(
                |group| journal.holds(dimension, group),
                |name| definitions.freed(place, name),
            );
        }
    }

    fn make_chunk(&mut self, dimension: usize, chunk: usize) -> (usize, Work) {
        let table = &mut self.tables[dimension];
        if chunk < table.chunks() {
            let done = self
                .publication
                .make_chunk(dimension, chunk, table, &self.grid, &self.cut);
            let next = Work::Chunks {
                dimension,
                chunk: chunk + 1,
            };
            return (done, next);
        }
        let next = match dimension + 1 < self.tables.len() {
            true => Work::Chunks {
                dimension: dimension + 1,
                chunk: 0,
            },
            false => Work::Publish,
        };
        (1, next)
    }
}
