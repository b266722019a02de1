//! A timeline as an image holds it, and back.

use super::Timeline;
use crate::aggregate::buckets::Buckets;
use crate::aggregate::durations::Durations;
use crate::aggregate::groups::Groups;
use crate::aggregate::groups::GroupsPieces;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Side;
use crate::aggregate::image::ensure;
use crate::config::AggregateSettings;
use crate::config::limits;
use crate::metric::Measure;

/// The pieces of one timeline.
#[derive(Debug, Default)]
pub(in crate::aggregate) struct TimelinePieces {
    buckets: Vec<(i64, image::Sums)>,
    /// By window and measure.
    durations: [Vec<(i64, image::Histogram)>; limits::WINDOWS_MAX * Measure::ALL.len()],
    groups: GroupsPieces,
}

impl Timeline {
    /// Cuts: the timeline of an image is that of now.
    pub(in crate::aggregate) fn cut(&mut self, side: Side) -> image::Timeline {
        let durations = self.durations.iter_mut().enumerate();
        image::Timeline {
            now: self.now,
            buckets: self.buckets.cut(side),
            durations: durations
                .map(|(window, durations)| durations.cut(side, window))
                .collect(),
            groups: self.groups.as_mut().map(|groups| groups.cut_image(side)),
        }
    }

    /// Writes some of what it was at the cut; whether there is more.
    pub(in crate::aggregate) fn write_some(&mut self, to: &mut Frames) -> bool {
        let mut durations = self.durations.iter_mut();
        let groups = self.groups.as_mut();
        self.buckets.write_some(to)
            || durations.any(|durations| durations.write_some(to))
            || groups.is_some_and(|groups| groups.write_some(to))
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate) fn write_none(&mut self) {
        self.buckets.write_none();
        self.durations.iter_mut().for_each(Durations::write_none);
        if let Some(groups) = &mut self.groups {
            groups.write_none();
        }
    }

    /// The timeline of an image.
    pub(in crate::aggregate) fn restore(
        settings: &AggregateSettings,
        plain: image::Timeline,
        pieces: TimelinePieces,
    ) -> Result<Self, ImageFault> {
        let windows = &settings.windows;
        ensure(
            plain.durations.len() == windows.len() * Measure::ALL.len(),
            "durations of other windows",
        )?;
        ensure(
            plain.buckets.current == settings.width.bucket_of(plain.now).0,
            "a clock outside of its bucket",
        )?;
        let mut durations = Vec::new();
        let panes = pieces.durations.into_iter();
        let lengths = windows
            .iter()
            .flat_map(|&length| Measure::ALL.map(|_| length));
        for ((length, current), panes) in lengths.zip(plain.durations).zip(panes) {
            durations.push(Durations::restore(length, settings.width, current, panes)?);
        }
        ensure(
            plain.groups.is_some() == (settings.groups_max > 0),
            "groups that nobody wanted",
        )?;
        let groups = plain.groups;
        let groups = groups.map(|plain| Groups::restore(settings, plain, pieces.groups));
        Ok(Self {
            now: plain.now,
            buckets: Buckets::restore(settings, &plain.buckets, pieces.buckets)?,
            durations,
            groups: groups.transpose()?,
            main: settings.main_window(),
        })
    }
}

impl TimelinePieces {
    /// Takes a piece; `None` where it is of nothing that a timeline has.
    pub(in crate::aggregate) fn take(&mut self, piece: Piece) -> Option<()> {
        match piece {
            Piece::Bucket { bucket, sums, .. } => {
                self.buckets.push((bucket, sums));
                Some(())
            }
            Piece::Durations {
                window,
                pane,
                durations,
                ..
            } => {
                let panes = self.durations.get_mut(usize::from(window))?;
                panes.push((pane, durations));
                Some(())
            }
            other => self.groups.take(other),
        }
    }
}
