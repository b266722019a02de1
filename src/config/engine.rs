//! The settings of the engine; those of the aggregate say what the numbers mean.

use crate::config::WaitStrategy;
use crate::window::{Width, WindowError, WindowLength};

use super::alert::AlertRule;
use super::directory::Directory;
use super::proxy::ProxySettings;
use super::push::PushSettings;
use super::serve::ServeSettings;
use super::source::Source;
use super::stream::{AuthSettings, StreamSettings};
use super::webhook::WebhookSettings;

/// Everything the engine is started with.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Where events come from.
    pub source: Source,
    /// Where a token comes from; `None` where nobody asks for one.
    pub auth: Option<AuthSettings>,
    /// The event stream.
    pub stream: StreamSettings,
    /// What is posted.
    pub push: PushSettings,
    /// Through what token endpoint, stream and webhook are reached.
    pub proxies: ProxySettings,
    /// What the numbers mean.
    pub aggregate: AggregateSettings,
    /// How the writer waits for work.
    pub wait: WaitStrategy,
    /// The HTTP server.
    pub serve: ServeSettings,
    /// What is watched; at most [`super::limits::ALERTS_MAX`].
    pub alerts: Vec<AlertRule>,
    /// Names and links that are shown for ids.
    pub directory: Directory,
    /// Who is notified when an alert begins or ends to fire.
    pub webhook: Option<WebhookSettings>,
}

impl EngineSettings {
    /// The defaults for a stream, its credentials and a server.
    pub fn new(auth: AuthSettings, stream: StreamSettings, serve: ServeSettings) -> Self {
        Self {
            source: Source::default(),
            auth: Some(auth),
            stream,
            push: PushSettings::new(Vec::new()),
            proxies: ProxySettings::default(),
            aggregate: AggregateSettings::default(),
            wait: WaitStrategy::default(),
            serve,
            alerts: Vec::new(),
            directory: Directory::default(),
            webhook: None,
        }
    }
}

/// Validated settings of the aggregate. Times are in milliseconds of event time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregateSettings {
    /// The bucket width.
    pub width: Width,
    /// The main window first, then the further ones by length, without repeats of the main one's
    /// length; at most [`super::limits::WINDOWS_MAX`].
    pub windows: Vec<WindowLength>,
    /// How long after the longest window an event is still accepted; also how long a closed session
    /// and an unmatched disconnect are remembered.
    pub lateness_ms: u64,
    /// What moves the engine clock, and how far ahead of it an event may be.
    pub clock: ClockRule,
    /// A session without any event for this long is evicted. Whole minutes, rounded up.
    pub idle_timeout_ms: u64,
    /// A session without any event for this long whose latest event is older than the last gap is let
    /// go. Whole minutes, rounded up; one that is not shorter than the idle timeout does nothing.
    pub uncertain_timeout_ms: u64,
    /// Rows of sessions, of any state.
    pub sessions_max: usize,
    /// Memory for recognising copies of messages, in bytes.
    pub dedup_bytes_max: usize,
    /// Named groups in each dimension; 0 keeps no groups, no series and no longest-open sessions.
    pub groups_max: usize,
    /// An answer after a longer wait than this is over the service level, in milliseconds.
    pub service_level_ms: u64,
    /// A guest who leaves a queue after no more than this is short abandoned, in milliseconds.
    pub short_abandon_ms: u64,
}

/// What moves the engine clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockRule {
    /// A live stream: the wall clock. An event ahead of it by at most `skew_ms` is booked at the
    /// clock and counted `ahead`; one further ahead is `future`.
    Wall {
        /// The allowed skew, in milliseconds.
        skew_ms: u64,
    },
    /// A replay: the greatest event time so far. An event more than `max_jump_ms` ahead of it is
    /// `future`.
    Event {
        /// The allowed jump, in milliseconds.
        max_jump_ms: u64,
    },
}

impl Default for AggregateSettings {
    fn default() -> Self {
        let further = &Self::FURTHER_WINDOWS_MS;
        match Self::new(Width::DEFAULT, Self::WINDOW_MS, further) {
            Ok(settings) => settings,
            Err(error) => unreachable!("the default windows are multiples of the width: {error}"),
        }
    }
}

impl AggregateSettings {
    /// The default main window: 60 s.
    pub const WINDOW_MS: u32 = 60_000;
    /// The default further windows: 10 s, 1 m, 5 m, 1 h.
    pub const FURTHER_WINDOWS_MS: [u32; 4] = [10_000, 60_000, 300_000, 3_600_000];
    /// The default allowed lateness of a live stream.
    pub const LATENESS_MS: u64 = 60_000;
    /// The default skew.
    pub const SKEW_MS: u64 = 5_000;
    /// The default jump of a replay: 24 h.
    pub const MAX_JUMP_MS: u64 = 86_400_000;
    /// The default idle timeout: web messaging is asynchronous, a guest may answer the next day.
    pub const IDLE_TIMEOUT_MS: u64 = 86_400_000;
    /// The default uncertain timeout: 30 m.
    pub const UNCERTAIN_TIMEOUT_MS: u64 = 1_800_000;
    /// The default number of rows.
    pub const SESSIONS_MAX: usize = 4_000_000;
    /// The default memory for recognising copies.
    pub const DEDUP_BYTES_MAX: usize = 256 << 20;
    /// The default number of named groups in each dimension.
    pub const GROUPS_MAX: usize = 10_000;
    /// The default threshold of the service level: 20 s.
    pub const SERVICE_LEVEL_MS: u64 = 20_000;
    /// The default short-abandon limit: 5 s.
    pub const SHORT_ABANDON_MS: u64 = 5_000;

    /// The defaults on a bucket width, a main window and further windows.
    ///
    /// # Errors
    /// When a window is no whole multiple of the width. Further windows that are shorter than one
    /// bucket or no multiple of it are refused like the main one.
    pub fn new(width: Width, window_ms: u32, further_ms: &[u32]) -> Result<Self, WindowError> {
        let main = WindowLength::new(window_ms, width)?;
        let mut further = Vec::new();
        for &ms in further_ms {
            further.push(WindowLength::new(ms, width)?);
        }
        further.sort_unstable();
        further.dedup();
        further.retain(|length| *length != main);
        further.truncate(super::limits::WINDOWS_MAX - 1);
        let windows = std::iter::once(main).chain(further).collect();
        Ok(Self {
            width,
            windows,
            lateness_ms: Self::LATENESS_MS,
            clock: ClockRule::Wall {
                skew_ms: Self::SKEW_MS,
            },
            idle_timeout_ms: Self::IDLE_TIMEOUT_MS,
            uncertain_timeout_ms: Self::UNCERTAIN_TIMEOUT_MS,
            sessions_max: Self::SESSIONS_MAX,
            dedup_bytes_max: Self::DEDUP_BYTES_MAX,
            groups_max: Self::GROUPS_MAX,
            service_level_ms: Self::SERVICE_LEVEL_MS,
            short_abandon_ms: Self::SHORT_ABANDON_MS,
        })
    }

    /// Whether facts of legs are kept: where groups are, and in a replay, whose sessions follow from them.
    pub const fn keeps_legs(&self) -> bool {
        self.groups_max > 0 || matches!(self.clock, ClockRule::Event { .. })
    }

    /// The main window.
    pub fn main_window(&self) -> WindowLength {
        self.windows[0]
    }

    /// The longest window.
    pub fn longest_window(&self) -> WindowLength {
        self.windows
            .iter()
            .copied()
            .max()
            .unwrap_or(self.windows[0])
    }

    /// How many buckets are retained: the longest window plus the allowed lateness.
    pub fn retained_buckets(&self) -> u64 {
        u64::from(self.longest_window().buckets()) + self.width.buckets_in(self.lateness_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_window_stands_first_and_once() {
        let settings = AggregateSettings::new(
            Width::DEFAULT,
            AggregateSettings::WINDOW_MS,
            &AggregateSettings::FURTHER_WINDOWS_MS,
        )
        .unwrap();
        let lengths: Vec<u32> = settings.windows.iter().map(|window| window.ms()).collect();
        assert_eq!(lengths, [60_000, 10_000, 300_000, 3_600_000]);
        assert_eq!(settings.retained_buckets(), 36_600);
    }
}
