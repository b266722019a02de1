//! One `[[alert]]` table as it was read, and the rule that it is on the windows of an engine.

use crate::config::alert::AlertRule;
use crate::config::alert::GROUP_WINDOW_MS;
use crate::config::alert::GROUP_WINDOWS_MS;
use crate::config::alert::written;
use crate::config::engine::AggregateSettings;
use crate::metric::Metric;

/// One table. What is wrong with it by itself has been reported.
#[derive(Clone, Debug)]
pub(in crate::config) struct AlertEntry {
    /// The rule, its window the one that was named, if one was; `None` when something is wrong.
    pub(super) rule: Option<AlertRule>,
    /// What faults call it.
    pub(super) called: String,
    /// The window that was named, where there may be one.
    pub(super) window_ms: Option<u32>,
    pub(super) is_of_group: bool,
    /// Where it stands, from 1.
    pub(in crate::config) line: usize,
}

impl AlertEntry {
    /// The rule on the windows of an engine; `None` when something is wrong with it that has been
    /// reported.
    ///
    /// # Errors
    /// One reason when there is no such window.
    pub(in crate::config) fn on(
        &self,
        aggregate: &AggregateSettings,
    ) -> Result<Option<AlertRule>, String> {
        let of_legs = matches!(
            self.rule.as_ref().map(|rule| rule.metric),
            Some(Metric::Desk(_))
        );
        let (known, default_ms): (Vec<u32>, u32) = match self.is_of_group && !of_legs {
            true => (GROUP_WINDOWS_MS.to_vec(), GROUP_WINDOW_MS),
            false => (
                aggregate.windows.iter().map(|window| window.ms()).collect(),
                aggregate.main_window().ms(),
            ),
        };
        let window_ms = self.window_ms.unwrap_or(default_ms);
        if !known.contains(&window_ms) {
            return Err(format!(
                "alert {}: window: {} is none of its windows; choose {}",
                self.called,
                written(u64::from(window_ms)),
                choices(&known)
            ));
        }
        let mut rule = self.rule.clone();
        if let Some(rule) = rule
            .as_mut()
            .filter(|rule| rule.metric.source().has_window())
        {
            rule.window_ms = Some(window_ms);
        }
        Ok(rule)
    }
}

pub(super) fn choices(windows_ms: &[u32]) -> String {
    let written: Vec<String> = windows_ms
        .iter()
        .map(|ms| written(u64::from(*ms)))
        .collect();
    written.join(" or ")
}
