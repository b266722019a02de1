//! Whether a look for something known is worth its time, by what the recent ones have found.

/// Looks that find nothing, less two for each that does, after which most are left out.
pub(super) const MISSES_MAX: u32 = 256;
/// Of looks that are left out, one in so many takes place, to see whether they pay again.
pub(super) const PROBE: u32 = 64;

/// What recent looks have found.
#[derive(Debug, Default)]
pub(super) struct Worth {
    pub(super) misses: u32,
    left_out: u32,
}

impl Worth {
    #[inline(always)]
    pub(super) fn hit(&mut self) {
        self.misses = self.misses.saturating_sub(2);
    }

    pub(super) fn miss(&mut self) {
        self.misses = (self.misses + 1).min(MISSES_MAX);
    }

    /// Whether to look now.
    #[inline(always)]
    pub(super) fn is_due(&mut self) -> bool {
        self.misses < MISSES_MAX || self.is_probe()
    }

    #[cold]
    fn is_probe(&mut self) -> bool {
        self.left_out = (self.left_out + 1) % PROBE;
        self.left_out == 0
    }
}
