//! The settings that the levels of waiting are read from.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::setting::Group;
use super::setting::Kind;
use super::setting::Setting;

const GUESTS: RangeInclusive<u64> = 0..=1_000_000;
const WAIT: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(7 * 86_400);

pub(super) const AWAITING_WARNING: Setting = Setting {
    name: "awaiting-warning",
    alias: None,
    value: "N",
    default: Some("5"),
    group: Group::Server,
    help: "The page shows a queue yellow when so many guests wait and nobody got a reply for a minute; 0: off",
    kind: Kind::Count(GUESTS, |draft| &mut draft.awaiting_warning),
};

pub(super) const AWAITING_CRITICAL: Setting = Setting {
    name: "awaiting-critical",
    alias: None,
    value: "N",
    default: Some("10"),
    group: Group::Server,
    help: "The page shows it red when so many guests wait and nobody got a reply for a minute; 0: off",
    kind: Kind::Count(GUESTS, |draft| &mut draft.awaiting_critical),
};

pub(super) const LONGEST_WARNING: Setting = Setting {
    name: "longest-awaiting-warning",
    alias: None,
    value: "DURATION",
    default: Some("2m"),
    group: Group::Server,
    help: "The page shows a queue yellow when a guest has waited so long for a reply; 0s: off",
    kind: Kind::Length(WAIT, |draft| &mut draft.longest_awaiting_warning),
};

pub(super) const LONGEST_CRITICAL: Setting = Setting {
    name: "longest-awaiting-critical",
    alias: None,
    value: "DURATION",
    default: Some("5m"),
    group: Group::Server,
    help: "The page shows it red when a guest has waited so long for a reply; 0s: off",
    kind: Kind::Length(WAIT, |draft| &mut draft.longest_awaiting_critical),
};
