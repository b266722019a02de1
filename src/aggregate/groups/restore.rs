//! Groups as an image holds them, and back.
//!
//! Tables and names write their own pieces. What is published, or already made of the next cut, is shared
//! and does not change, so it is held and written in its turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Cut;
use super::Groups;
use super::grid::Grid;
use super::journal::Journal;
use super::labels::LabelsByInput;
use super::labels::NAMED;
use super::publication::Publication;
use super::seconds::Seconds;
use super::shared::LISTS;
use super::shared::Made;
use super::shared::Shared;
use super::shared::Writing;
use super::shared::in_chunks;
use super::shared::total_seconds;
use super::table::Pieces;
use super::table::Table;
use super::total::Total;
use super::work::Work;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Side;
use crate::aggregate::image::ensure;
use crate::config::AggregateSettings;
use crate::event::Direction;
use crate::histogram::Histogram;
use crate::snapshot;
use crate::snapshot::GroupId;
use crate::snapshot::Series;

/// The pieces of one timeline's groups.
#[derive(Debug, Default)]
pub(in crate::aggregate) struct GroupsPieces {
    names: [Vec<image::Name>; NAMED],
    tables: [Pieces; 3],
    total: [Vec<image::TotalSecond>; LISTS as usize],
    durations: BTreeMap<u32, image::Histogram>,
    seconds: BTreeMap<u32, image::Second>,
    chunks: BTreeMap<u32, image::Chunk>,
}

impl Groups {
    /// Cuts: the groups of an image are those of now.
    pub(in crate::aggregate) fn cut_image(&mut self, side: Side) -> image::Groups {
        let mut shared = Shared::default();
        let (seconds_end, made) = self.seconds.made();
        let seconds = made.map(|second| shared.second(second)).collect();
        let chunks = self.publication.chunks().each_ref();
        let chunks = chunks.map(|chunks| chunks.iter().map(|chunk| shared.chunk(chunk)).collect());
        let series = Arc::clone(self.seconds.published());
        let (published, series_seconds) = series.shared();
        let series_seconds = series_seconds.iter().map(|second| shared.second(second));
        let series_seconds = series_seconds.collect();
        let plain = image::Groups {
            tables: [0, 1, 2].map(|place| self.tables[usize::from(place)].cut(side, place)),
            labels: self.definitions.cut(side),
            journal: self.journal.plain(),
            to_book: match self.work {
                Work::Nothing => image::Journal::default(),
                _ => self.to_book.plain(),
            },
            work: self.work.plain(),
            cut: self.cut.plain(),
            overflowed: self.overflowed,
            bytes: self.bytes,
            is_holding: self.is_holding,
            begun: self.begun,
            total: self.total.plain(),
            seconds_end,
            seconds,
            chunks,
            published: shared.groups(self.publication.published()),
            series_seconds,
            series_groups: shared.groups(series.cut()),
        };
        let next = match self.work {
            Work::Nothing => Vec::new(),
            _ => self.seconds.total().to_vec(),
        };
        let kept = self.total.kept().cloned().collect();
        let lists = [published.to_vec(), next];
        self.writing = Some(Box::new(Writing::new(side, kept, lists, shared)));
        plain
    }

    /// Writes some of the groups at the cut; whether there are more.
    pub(in crate::aggregate) fn write_some(&mut self, to: &mut Frames) -> bool {
        if self.definitions.write_some(to)
            || self.tables.iter_mut().any(|table| table.write_some(to))
        {
            return true;
        }
        let Some(writing) = &mut self.writing else {
            return false;
        };
        let is_more = writing.hand_on(to);
        if !is_more && let Some(writing) = self.writing.take() {
            writing.finish(to);
        }
        is_more
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate) fn write_none(&mut self) {
        self.definitions.write_none();
        self.tables.iter_mut().for_each(Table::write_none);
        self.writing = None;
    }

    /// The groups of an image.
    pub(in crate::aggregate) fn restore(
        settings: &AggregateSettings,
        plain: image::Groups,
        pieces: GroupsPieces,
    ) -> Result<Self, ImageFault> {
        let grid = Grid::new(settings.width);
        let most = [
            settings.groups_max,
            settings.groups_max,
            Direction::ALL.len(),
        ];
        let [queues, deployments, directions] = pieces.tables;
        let [first, second, third] = &plain.tables;
        let tables = [
            Table::restore(first, queues, &grid, most[0])?,
            Table::restore(second, deployments, &grid, most[1])?,
            Table::restore(third, directions, &grid, most[2])?,
        ];
        ensure(third.groups == 4, "a direction that is none")?;
        let is_group =
            |dimension: snapshot::Dimension, group| tables[dimension.index()].is_group(group);
        let journal = Journal::restore(plain.journal, is_group)?;
        let to_book = Journal::restore(plain.to_book, is_group)?;
        let work = Work::of_plain(plain.work, &to_book);
        let work = work.ok_or(ImageFault::damaged("work that cannot be"))?;
        let durations: Result<BTreeMap<u32, Arc<Histogram>>, ImageFault> = pieces
            .durations
            .iter()
            .map(|(number, plain)| Ok((*number, Arc::new(plain.restore(Histogram::default())?))))
            .collect();
        let durations = durations?;
        let mut lists = [Vec::new(), Vec::new(), Vec::new()];
        for (list, plain) in lists.iter_mut().zip(pieces.total) {
            *list = total_seconds(plain, &durations)?;
        }
        let [kept, published, next] = lists;
        let shared = Made::new(pieces.seconds, pieces.chunks)?;
        let mut series = Series::default();
        series.refill(
            in_chunks(published).into_iter(),
            shared.seconds(&plain.series_seconds)?.into_iter(),
            &Arc::new(shared.groups(&plain.series_groups)?),
        );
        let publication = Publication::restore(
            Arc::new(shared.groups(&plain.published)?),
            shared.chunks(&plain.chunks)?,
        );
        let seconds = Seconds::restore(
            plain.seconds_end,
            shared.seconds(&plain.seconds)?,
            in_chunks(next),
            Arc::new(series),
        );
        let is_possible = !matches!(work, Work::Seconds { .. }) || plain.seconds_end > i64::MIN;
        let seconds = seconds.filter(|_| is_possible);
        Ok(Self {
            definitions: LabelsByInput::restore(&plain.labels, pieces.names, &tables)?,
            total: Total::restore(&plain.total, kept)?,
            seconds: seconds.ok_or(ImageFault::damaged("seconds of no time"))?,
            grid,
            tables,
            journal,
            to_book,
            work,
            cut: Cut::of_plain(&plain.cut),
            overflowed: plain.overflowed,
            bytes: plain.bytes,
            publication,
            is_holding: plain.is_holding,
            begun: plain.begun,
            writing: None,
        })
    }

    /// How many queues and deployments have a number.
    pub(in crate::aggregate) fn is_membership(&self, [queue, deployment]: [u16; 2]) -> bool {
        self.tables[0].is_group(GroupId(queue)) && self.tables[1].is_group(GroupId(deployment))
    }
}

impl GroupsPieces {
    /// Takes a piece; gives back one that is no piece of groups. `None` where there is no such group.
    pub(in crate::aggregate) fn take(&mut self, piece: Piece) -> Option<()> {
        match piece {
            Piece::Name { place, name, .. } => {
                self.names.get_mut(usize::from(place))?.push(name);
            }
            Piece::Group {
                dimension, group, ..
            } => {
                let table = self.tables.get_mut(usize::from(dimension))?;
                table.groups.push(group);
            }
            Piece::Change {
                dimension,
                resolution,
                cell,
                group,
                change,
                ..
            } => {
                let table = self.tables.get_mut(usize::from(dimension))?;
                table.changes.push((resolution, cell, group, change));
            }
            Piece::GroupDurations {
                dimension,
                window,
                pane,
                group,
                durations,
                ..
            } => {
                let table = self.tables.get_mut(usize::from(dimension))?;
                table.durations.push((window, pane, group, durations));
            }
            Piece::TotalSecond { list, second, .. } => {
                self.total.get_mut(usize::from(list))?.push(second);
            }
            Piece::SecondDurations {
                number, durations, ..
            } => drop(self.durations.insert(number, durations)),
            Piece::Second { second, .. } => drop(self.seconds.insert(second.number, second)),
            Piece::Chunk { chunk, .. } => drop(self.chunks.insert(chunk.number, chunk)),
            Piece::Bucket { .. }
            | Piece::Durations { .. }
            | Piece::SessionId { .. }
            | Piece::OpenSession(_)
            | Piece::Conversation(_)
            | Piece::Booked { .. }
            | Piece::DeskGroup(_) => return None,
        }
        Some(())
    }
}

impl Cut {
    const fn plain(&self) -> image::Cut {
        image::Cut {
            as_of: self.as_of,
            windows: self.windows,
            room: self.room,
            is_second: self.is_second,
            may_free: self.may_free,
            counted_since: self.counted_since,
        }
    }

    const fn of_plain(plain: &image::Cut) -> Self {
        Self {
            as_of: plain.as_of,
            windows: plain.windows,
            room: plain.room,
            is_second: plain.is_second,
            may_free: plain.may_free,
            counted_since: plain.counted_since,
        }
    }
}
