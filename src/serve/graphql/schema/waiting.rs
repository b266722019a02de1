//! How a group stands whose guests wait for a reply: calm, or in trouble by the levels of the settings.

use async_graphql::Enum;
use async_graphql::SimpleObject;

use crate::config::WaitLevels;
use crate::config::duration::millis;
use crate::metric::Gauge;
use crate::snapshot::GROUP_WINDOWS_MS;
use crate::snapshot::Group;
use crate::time::EpochMs;

/// How much a group is in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
pub(super) enum WaitingLevel {
    /// No level is reached.
    Calm,
    /// A level of warning is reached.
    Warning,
    /// A critical level is reached.
    Critical,
}

/// How a group stands by the levels of `engine.waitLevels`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SimpleObject)]
pub(super) struct GroupWaiting {
    /// The worse of the two below.
    level: WaitingLevel,
    /// By the number of guests: CALM unless the group is silent.
    by_number: WaitingLevel,
    /// By how long the guest has waited who has waited for longest.
    by_longest: WaitingLevel,
    /// Whether guests wait and nobody in the group got a reply in the last minute.
    silent: bool,
}

/// Where the window of a minute stands among a group's.
const LAST_MINUTE: usize = 1;
const _: () = assert!(GROUP_WINDOWS_MS[LAST_MINUTE] == 60_000);

/// Longer than any guest waits, in milliseconds.
const LEVEL_MS: f64 = 1e13;

impl GroupWaiting {
    /// Judges a group of a cut made at `as_of`.
    pub(super) fn new(group: &Group, as_of: EpochMs, levels: WaitLevels) -> Self {
        let minute = &group.windows[LAST_MINUTE];
        let silent = group.awaiting > 0 && minute.responses == 0;
        let guests = if silent { group.awaiting } else { 0 };
        let longest_ms = group.awaiting_since.map_or(0, |since| as_of.since(since));
        let by_number = level(guests, levels.awaiting_warning, levels.awaiting_critical);
        let by_longest = level(
            longest_ms,
            millis(levels.longest_warning),
            millis(levels.longest_critical),
        );
        Self {
            level: by_number.max(by_longest),
            by_number,
            by_longest,
            silent,
        }
    }

    /// What groups are ordered by: the level, and within one the longest wait.
    pub(super) fn order(group: &Group, as_of: EpochMs, levels: WaitLevels) -> f64 {
        let level = f64::from(Self::new(group, as_of, levels).level as u8);
        let longest_ms = group.gauge(Gauge::LongestAwaitingMs, as_of);
        level * LEVEL_MS + longest_ms.unwrap_or_default()
    }
}

/// Which level a number reaches; a level of 0 is off.
const fn level(number: u64, warning: u64, critical: u64) -> WaitingLevel {
    if critical > 0 && number >= critical {
        WaitingLevel::Critical
    } else if warning > 0 && number >= warning {
        WaitingLevel::Warning
    } else {
        WaitingLevel::Calm
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::snapshot::GroupId;
    use crate::snapshot::GroupKind;
    use crate::snapshot::WindowStats;

    const NOW: EpochMs = EpochMs::from_ms(1_000_000);

    fn group(awaiting: u64, longest_ms: i64, responses: u64) -> Group {
        let mut group = Group {
            id: GroupId::default(),
            name: "sales".into(),
            kind: GroupKind::Named,
            open_sessions: awaiting,
            open_uncertain: 0,
            awaiting,
            awaiting_since: (awaiting > 0).then(|| EpochMs::from_ms(NOW.ms() - longest_ms)),
            windows: std::array::from_fn(|_| WindowStats::default()),
        };
        group.windows[LAST_MINUTE].responses = responses;
        group
    }

    #[test]
    fn a_silent_group_is_judged_by_its_guests_and_any_group_by_the_longest_wait() {
        use WaitingLevel::{Calm, Critical, Warning};
        let of = |awaiting, longest_ms, responses| {
            let group = group(awaiting, longest_ms, responses);
            let waiting = GroupWaiting::new(&group, NOW, WaitLevels::DEFAULT);
            (waiting.by_number, waiting.by_longest, waiting.level)
        };
        assert_eq!(of(0, 0, 0), (Calm, Calm, Calm));
        assert_eq!(of(4, 1_000, 0), (Calm, Calm, Calm));
        assert_eq!(of(5, 1_000, 0), (Warning, Calm, Warning));
        assert_eq!(of(10, 1_000, 0), (Critical, Calm, Critical));
        assert_eq!(of(900, 1_000, 1), (Calm, Calm, Calm), "somebody replies");
        assert_eq!(of(1, 119_999, 9), (Calm, Calm, Calm));
        assert_eq!(of(1, 120_000, 9), (Calm, Warning, Warning));
        assert_eq!(of(10, 120_000, 0), (Critical, Warning, Critical));
        assert_eq!(of(1, 300_000, 9), (Calm, Critical, Critical));
        let off = WaitLevels {
            awaiting_warning: 0,
            awaiting_critical: 0,
            longest_warning: Duration::ZERO,
            longest_critical: Duration::ZERO,
        };
        let waiting = GroupWaiting::new(&group(900, 900_000, 0), NOW, off);
        assert_eq!((waiting.level, waiting.silent), (Calm, true));
    }

    #[test]
    fn the_worst_group_comes_first_however_long_others_wait() {
        let order = |group: &Group| GroupWaiting::order(group, NOW, WaitLevels::DEFAULT);
        let silent = order(&group(10, 1_000, 0));
        let long = order(&group(1, 200_000, 1));
        let short = order(&group(1, 100_000, 1));
        assert!(silent > long && long > short && short > order(&group(0, 0, 0)));
    }
}
