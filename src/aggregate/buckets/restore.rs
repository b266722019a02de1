//! Buckets as an image holds them, and back.
//!
//! While an image is made every bucket counts as one that has to be looked at before it changes, as those
//! that are no longer retained always do: nothing more is asked while none is made.

use super::Buckets;
use super::Sums;
use super::position;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Out;
use crate::aggregate::image::Piece;
use crate::aggregate::image::Side;
use crate::aggregate::image::ensure;
use crate::config::AggregateSettings;
use crate::window::BucketIndex;

/// Buckets written for one piece of an image.
const BUCKETS_MAX: i64 = 2_048;

/// An image that is being made.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    side: Side,
    /// The next bucket to write, and the last one.
    next: i64,
    last: i64,
    /// Those that are written early, by their place: a bit each.
    is_written: Vec<u64>,
    out: Out,
}

impl Buckets {
    /// Cuts: the buckets of an image are those of now.
    pub(in crate::aggregate) fn cut(&mut self, side: Side) -> image::Buckets {
        self.writing = Some(Box::new(Writing {
            side,
            next: self.oldest().0,
            last: self.current.0,
            is_written: vec![0; self.cells.len().div_ceil(64)],
            out: Out::default(),
        }));
        self.watch();
        image::Buckets {
            current: self.current.0,
        }
    }

    /// Writes some of the buckets at the cut; whether there are more.
    pub(in crate::aggregate) fn write_some(&mut self, to: &mut Frames) -> bool {
        let mask = self.cells.len() - 1;
        let Some(writing) = &mut self.writing else {
            return false;
        };
        let until = writing.last.min(writing.next + BUCKETS_MAX - 1);
        for bucket in writing.next..=until {
            let cell = position(BucketIndex(bucket), mask);
            writing.write(bucket, cell, self.cells[cell]);
        }
        writing.next = until + 1;
        writing.out.hand_on(to);
        if writing.next <= writing.last {
            return true;
        }
        if let Some(writing) = self.writing.take() {
            writing.out.finish(to);
        }
        self.watch();
        false
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate) fn write_none(&mut self) {
        self.writing = None;
        self.watch();
    }

    /// Writes a bucket of the cut before it changes.
    #[cold]
    pub(super) fn write_before(&mut self, bucket: BucketIndex) {
        let cell = self.cell_of(bucket);
        if let Some(writing) = &mut self.writing
            && (writing.next..=writing.last).contains(&bucket.0)
        {
            writing.write(bucket.0, cell, self.cells[cell]);
        }
    }

    /// Writes all buckets of the cut: they are about to go.
    #[cold]
    pub(super) fn write_all(&mut self) {
        for bucket in self.oldest().0..=self.current.0 {
            self.write_before(BucketIndex(bucket));
        }
    }

    /// The buckets of an image.
    pub(in crate::aggregate) fn restore(
        settings: &AggregateSettings,
        plain: &image::Buckets,
        sums: Vec<(i64, Sums)>,
    ) -> Result<Self, ImageFault> {
        let current = BucketIndex(plain.current);
        ensure(
            current.0.unsigned_abs() < 1 << 60,
            "a clock in a bucket that cannot be",
        )?;
        let mut buckets = Self::new(settings, current);
        for (bucket, sums) in sums {
            let is_retained = (buckets.oldest().0..=current.0).contains(&bucket);
            ensure(is_retained, "a bucket that is not retained")?;
            let cell = buckets.cell_of(BucketIndex(bucket));
            buckets.cells[cell] = sums;
        }
        buckets.sum_up();
        Ok(buckets)
    }
}

impl Writing {
    /// Writes a bucket, unless it was written or holds nothing.
    fn write(&mut self, bucket: i64, cell: usize, sums: Sums) {
        let (word, bit) = (&mut self.is_written[cell / 64], 1 << (cell % 64));
        if *word & bit != 0 {
            return;
        }
        *word |= bit;
        if sums != Sums::default() {
            self.out.piece(&Piece::Bucket {
                side: self.side,
                bucket,
                sums,
            });
        }
    }
}
