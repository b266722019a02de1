//! Whole histograms for readers that ask for them, without a lock and without a cost while nobody
//! does.
//!
//! The question travels on the snapshot: a reader marks it as asked, and the writer, which looks once
//! a second, adds copies of its histograms to the next snapshots. Nobody waits for the other: the
//! writer reads one flag and copies some 1.3 MB (about 0.2 ms) in a second in which somebody asked.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::Histogram;
use super::Stage;

/// The histograms of every stage since start, if somebody asked for them lately.
#[derive(Clone, Debug, Default)]
pub struct Spectra {
    asked: Arc<AtomicBool>,
    histograms: Option<Arc<[Histogram]>>,
}

impl Spectra {
    /// Those with a copy of `histograms`, by [`Stage::index`].
    pub fn of(histograms: Arc<[Histogram]>) -> Self {
        Self {
            asked: Arc::default(),
            histograms: Some(histograms),
        }
    }

    /// Asks the writer for a copy, within a second or two and for as long as somebody asks each
    /// second.
    pub fn ask(&self) {
        // Relaxed: the flag orders nothing; the copy comes with a snapshot.
        self.asked.store(true, Ordering::Relaxed);
    }

    /// The copy of a stage's histogram, at most two seconds old; `None` until one was asked for.
    pub fn stage(&self, stage: Stage) -> Option<&Histogram> {
        self.histograms.as_deref()?.get(stage.index())
    }

    /// Answers what was asked since the last call; the writer's part.
    pub fn answer(&mut self, copy: impl FnOnce() -> Arc<[Histogram]>) {
        // Relaxed: as above. A plain load first: most of the time nobody has asked.
        let is_asked =
            self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::Relaxed);
        self.histograms = is_asked.then(copy);
    }
}

/// Two are the same when they show the same; who asked is not part of what they show.
impl PartialEq for Spectra {
    fn eq(&self, other: &Self) -> bool {
        self.histograms == other.histograms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_made_only_when_asked_and_goes_when_nobody_asks() {
        let mut spectra = Spectra::default();
        let on_the_snapshot = spectra.clone();
        let copy = || vec![Histogram::new(); Stage::ALL.len()].into();
        spectra.answer(|| unreachable!("nobody asked"));
        assert_eq!(spectra.stage(Stage::Ring), None);
        on_the_snapshot.ask();
        spectra.answer(copy);
        assert_eq!(spectra.stage(Stage::Query), Some(&Histogram::new()));
        spectra.answer(copy);
        assert_eq!(spectra.stage(Stage::Query), None);
    }
}
