//! The settings that say what the numbers of an image mean.

use serde::Deserialize;
use serde::Serialize;

use super::ImageFault;
use crate::config::AggregateSettings;
use crate::config::ClockRule;

/// Settings under which an image was made; a state goes on from it under the same.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::aggregate) struct Settings {
    width_ms: u32,
    windows_ms: Vec<u32>,
    lateness_ms: u64,
    /// Whether the wall clock moves the engine's, and how far ahead of it an event may be.
    is_live: bool,
    ahead_ms: u64,
    idle_timeout_ms: u64,
    uncertain_timeout_ms: u64,
    sessions_max: u64,
    dedup_bytes_max: u64,
    groups_max: u64,
    service_level_ms: u64,
    short_abandon_ms: u64,
}

impl Settings {
    pub(in crate::aggregate) fn of(settings: &AggregateSettings) -> Self {
        // Every field by name: a new one has a meaning here too.
        let AggregateSettings {
            width,
            windows,
            lateness_ms,
            clock,
            idle_timeout_ms,
            uncertain_timeout_ms,
            sessions_max,
            dedup_bytes_max,
            groups_max,
            service_level_ms,
            short_abandon_ms,
        } = settings;
        let (is_live, ahead_ms) = match *clock {
            ClockRule::Wall { skew_ms } => (true, skew_ms),
            ClockRule::Event { max_jump_ms } => (false, max_jump_ms),
        };
        Self {
            width_ms: width.ms(),
            windows_ms: windows.iter().map(|window| window.ms()).collect(),
            lateness_ms: *lateness_ms,
            is_live,
            ahead_ms,
            idle_timeout_ms: *idle_timeout_ms,
            uncertain_timeout_ms: *uncertain_timeout_ms,
            sessions_max: *sessions_max as u64,
            dedup_bytes_max: *dedup_bytes_max as u64,
            groups_max: *groups_max as u64,
            service_level_ms: *service_level_ms,
            short_abandon_ms: *short_abandon_ms,
        }
    }

    /// Whether a state under other settings can go on from here.
    pub(in crate::aggregate) fn check(
        &self,
        settings: &AggregateSettings,
    ) -> Result<(), ImageFault> {
        let other = Self::of(settings);
        let same = [
            (self.width_ms == other.width_ms, "bucket width"),
            (self.windows_ms == other.windows_ms, "list of windows"),
            (self.lateness_ms == other.lateness_ms, "lateness"),
            (
                (self.is_live, self.ahead_ms) == (other.is_live, other.ahead_ms),
                "rule of the clock",
            ),
            (
                self.idle_timeout_ms == other.idle_timeout_ms,
                "idle timeout",
            ),
            (
                self.uncertain_timeout_ms == other.uncertain_timeout_ms,
                "uncertain timeout",
            ),
            (self.sessions_max == other.sessions_max, "limit of sessions"),
            (
                self.dedup_bytes_max == other.dedup_bytes_max,
                "limit of memory for recognising copies",
            ),
            (self.groups_max == other.groups_max, "limit of groups"),
            (
                self.service_level_ms == other.service_level_ms,
                "threshold of the service level",
            ),
            (
                self.short_abandon_ms == other.short_abandon_ms,
                "short-abandon limit",
            ),
        ];
        match same.into_iter().find(|(is_same, _)| !is_same) {
            Some((_, what)) => Err(ImageFault::Settings { what }),
            None => Ok(()),
        }
    }
}
