//! The latest changes of alerts, kept for readers: a list that is replaced at each change.

use std::sync::Arc;

use super::machine::Machine;
use super::machine::Moment;
use super::machine::Turn;
use super::shown;
use crate::config::AlertRule;
use crate::config::limits;
use crate::snapshot::AlertChange;
use crate::snapshot::AlertEnd;
use crate::snapshot::AlertEnding;
use crate::snapshot::AlertHistory;
use crate::snapshot::AlertPhase;
use crate::time::EpochMs;

/// What has changed, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    latest: Arc<AlertHistory>,
}

impl History {
    /// Goes on from changes that were kept.
    pub(super) fn of(changes: AlertHistory) -> Self {
        Self {
            latest: Arc::new(changes),
        }
    }

    /// The changes so far. All who ask between two changes share one list.
    pub(super) fn latest(&self) -> Arc<AlertHistory> {
        Arc::clone(&self.latest)
    }

    /// Notes what a look came to, if it came to anything.
    pub(super) fn note(&mut self, rule: &AlertRule, machine: &Machine, turn: Option<Turn>) {
        match turn {
            None => {}
            Some(Turn::Began) => self.add(rule, machine, machine.since(), None),
            Some(Turn::Ended { began, lasted_ms }) => {
                let how = AlertEnding::Cleared;
                self.add(rule, machine, began, Some(AlertEnd { how, lasted_ms }));
            }
        }
    }

    /// Notes that a rule is no longer watched: a firing alert ends with it.
    pub(super) fn drop_rule(
        &mut self,
        rule: &AlertRule,
        machine: &Machine,
        how: AlertEnding,
        now: Moment,
    ) {
        if machine.phase() != AlertPhase::Firing {
            return;
        }
        let lasted_ms = machine.lasted_ms(now);
        let end = AlertEnd { how, lasted_ms };
        let ended = machine.ended(now.wall);
        self.add(rule, &ended, machine.since(), Some(end));
    }

    /// Cost: one list of pointers, at each change; nothing at a look without one.
    fn add(&mut self, rule: &AlertRule, after: &Machine, began: EpochMs, end: Option<AlertEnd>) {
        let total = self.latest.total + 1;
        let change = AlertChange {
            number: total,
            alert: shown(rule, after),
            rule: rule.to_string().into(),
            began,
            end,
        };
        let before = &self.latest.changes;
        let spare = (before.len() + 1).saturating_sub(limits::ALERT_CHANGES_MAX);
        let kept = before.iter().skip(spare).map(Arc::clone);
        self.latest = Arc::new(AlertHistory {
            changes: kept.chain([Arc::new(change)]).collect(),
            total,
        });
    }
}

#[cfg(test)]
mod tests;
