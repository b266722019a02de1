//! The rows of the settings that say what the numbers mean.

use std::time::Duration;

use super::units::DAY;
use super::units::HOUR;
use super::units::ms;
use super::units::s;
use crate::config::WaitStrategy;
use crate::config::setting::Group;
use crate::config::setting::Kind;
use crate::config::setting::Setting;
use crate::config::value;

/// In the order of the help and of `check`.
pub(super) static NUMBERS: &[Setting] = &[
    Setting {
        name: "window",
        alias: None,
        value: "DURATION",
        default: Some("60s"),
        group: Group::Numbers,
        help: "The main window, a whole multiple of the bucket",
        kind: Kind::Length(ms(1)..=DAY, |draft| &mut draft.window),
    },
    Setting {
        name: "windows",
        alias: None,
        value: "DURATION,...",
        default: Some("10s,1m,5m,1h"),
        group: Group::Numbers,
        help: "Further windows; those of the default that are no multiple of the bucket are left out",
        kind: Kind::Lengths(ms(1)..=DAY, |draft| &mut draft.windows),
    },
    Setting {
        name: "bucket",
        alias: None,
        value: "DURATION",
        default: Some("100ms"),
        group: Group::Numbers,
        help: "The step in which windows slide; divides one second or is a multiple of it",
        kind: Kind::Length(ms(1)..=HOUR, |draft| &mut draft.bucket),
    },
    Setting {
        name: "lateness",
        alias: None,
        value: "DURATION",
        default: Some("60s"),
        group: Group::Numbers,
        help: "How long after the longest window an event is still accepted",
        kind: Kind::Length(Duration::ZERO..=DAY, |draft| &mut draft.lateness),
    },
    Setting {
        name: "skew",
        alias: None,
        value: "DURATION",
        default: Some("5s"),
        group: Group::Numbers,
        help: "How far ahead of the clock an event may be, and how far off the server's clock",
        kind: Kind::Length(Duration::ZERO..=HOUR, |draft| &mut draft.skew),
    },
    Setting {
        name: "idle-timeout",
        alias: None,
        value: "DURATION",
        default: Some("24h"),
        group: Group::Numbers,
        help: "A session without any event for this long is evicted",
        kind: Kind::Length(s(60)..=s(366 * 86_400), |draft| &mut draft.idle_timeout),
    },
    Setting {
        name: "uncertain-timeout",
        alias: None,
        value: "DURATION",
        default: Some("30m"),
        group: Group::Numbers,
        help: "A session without any event since the last gap, and for this long, is evicted",
        kind: Kind::Length(s(60)..=s(366 * 86_400), |draft| {
            &mut draft.uncertain_timeout
        }),
    },
    Setting {
        name: "max-sessions",
        alias: None,
        value: "COUNT",
        default: Some("4000000"),
        group: Group::Numbers,
        help: "Sessions remembered at the most, in any state",
        kind: Kind::Count(1_000..=100_000_000, |draft| &mut draft.max_sessions),
    },
    Setting {
        name: "dedup-memory",
        alias: None,
        value: "SIZE",
        default: Some("256MiB"),
        group: Group::Numbers,
        help: "Memory for recognising copies of messages",
        kind: Kind::Bytes((1 << 20)..=(64 << 30), |draft| &mut draft.dedup_memory),
    },
    Setting {
        name: "max-groups",
        alias: None,
        value: "COUNT",
        default: Some("10000"),
        group: Group::Numbers,
        help: "Queues, and likewise deployments, with numbers of their own; the rest is 'other'",
        kind: Kind::Count(1..=60_000, |draft| &mut draft.max_groups),
    },
    Setting {
        name: "service-level-threshold",
        alias: None,
        value: "DURATION",
        default: Some("20s"),
        group: Group::Numbers,
        help: "The longest wait in a queue whose answer is within the service level",
        kind: Kind::Length(Duration::ZERO..=s(86_400), |draft| {
            &mut draft.service_level_threshold
        }),
    },
    Setting {
        name: "short-abandon",
        alias: None,
        value: "DURATION",
        default: Some("5s"),
        group: Group::Numbers,
        help: "The longest wait of a guest who left a queue too soon to count as abandoned",
        kind: Kind::Length(Duration::ZERO..=s(86_400), |draft| &mut draft.short_abandon),
    },
    Setting {
        name: "wait",
        alias: None,
        value: "spin|yield|park",
        default: Some("park"),
        group: Group::Numbers,
        help: "How the writer waits: spin and yield are faster and keep a core busy",
        kind: Kind::Text(|draft, text| {
            draft.wait = value::choice(text, &WaitStrategy::NAMES)?;
            Ok(())
        }),
    },
];
