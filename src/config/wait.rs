//! How the writer waits for events.

/// How a thread waits for work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitStrategy {
    /// Never leaves the processor: lowest latency, one core always busy. Needs a core to spare.
    Spin,
    /// Gives the processor to others between looks: low latency, one core busy when nobody wants it.
    Yield,
    /// Looks a few times, then sleeps until woken: an idle process costs nothing. The default.
    #[default]
    Park,
}

impl WaitStrategy {
    /// Every strategy, as a setting spells it.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("spin", Self::Spin),
        ("yield", Self::Yield),
        ("park", Self::Park),
    ];
}
