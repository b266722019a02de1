//! Alerts: whether a number has been past its threshold for long enough. Pure: values and moments in,
//! phases out.
//!
//! The writer looks once a second, at the snapshot it is about to publish, so the phases belong to
//! the same cut as the numbers. It does I/O for nobody: telling people is `notify`'s, which reads the
//! phases from snapshots like any reader and puts its outcomes into a mailbox.
//!
//! The rules can be replaced while the writer runs. What stays word for word keeps its phase and how
//! long it has lasted; anything else starts again. How often a name began to fire goes on through all of
//! it, so that a receiver of notifications never takes a new one for a repetition.
//!
//! The latest changes are kept: what began to fire, and what ended and how, a reload included.
//!
//! A metric without a value (the durations of a window in which no session ended, the lag before the
//! first event) says neither good nor bad: it keeps the phase, except that a pending alert starts again.

mod history;
mod image;
mod machine;
mod value;

use std::sync::Arc;

use crate::config::AlertRule;
use crate::config::Threshold;
use crate::config::limits;
use crate::reloadable::Reloadable;
use crate::ring::Mailbox;
use crate::snapshot::Alert;
use crate::snapshot::AlertEnding;
use crate::snapshot::AlertHistory;
use crate::snapshot::Alerts;
use crate::snapshot::Comparison;
use crate::snapshot::Notifications;
use crate::snapshot::Snapshot;
use crate::time::EpochMs;

pub use image::WatchImage;

use history::History;
use machine::Machine;
use machine::Moment;
use value::Found;

/// Names remembered of alerts that were taken out of the settings.
const GONE_MAX: usize = 10 * limits::ALERTS_MAX;

/// What became of an attempt to tell somebody of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Delivered.
    Sent,
    /// Failed, and will be tried again.
    Retried(Arc<str>),
    /// Given up.
    Failed(Arc<str>),
}

/// Every alert, and what became of the news about them.
#[derive(Debug)]
pub struct Watch {
    rules: Reloadable<Vec<AlertRule>>,
    /// Those of them that are watched.
    adopted: Arc<Vec<AlertRule>>,
    watched: Vec<(AlertRule, Machine)>,
    /// How often alerts that are watched no more had begun to fire; the latest to go stand last.
    gone: Vec<(Arc<str>, u64)>,
    history: History,
    outcomes: Mailbox<Outcome>,
    notifications: Notifications,
    looked_ns: Option<u64>,
    shown: Arc<Alerts>,
}

impl Watch {
    /// Alerts that are all well since `now`.
    pub fn new(
        rules: impl Into<Reloadable<Vec<AlertRule>>>,
        outcomes: Mailbox<Outcome>,
        is_notified: bool,
        now: EpochMs,
    ) -> Self {
        let mut watch = Self {
            rules: rules.into(),
            adopted: Arc::default(),
            watched: Vec::new(),
            gone: Vec::new(),
            history: History::default(),
            outcomes,
            notifications: Notifications {
                is_configured: is_notified,
                ..Notifications::default()
            },
            looked_ns: None,
            shown: Arc::default(),
        };
        watch.adopt(Moment {
            wall: now,
            mono_ns: 0,
        });
        watch.show();
        watch
    }

    /// Alerts that go on from where those of an image stood: a rule that is word for word the same keeps its
    /// phase and how long that has lasted, and anything else changed while nobody looked.
    pub fn restore(
        image: WatchImage,
        rules: impl Into<Reloadable<Vec<AlertRule>>>,
        outcomes: Mailbox<Outcome>,
        is_notified: bool,
    ) -> Self {
        let WatchImage {
            watched,
            gone,
            history,
            notifications,
            looked_ns,
        } = image;
        let adopted = watched.iter().map(|(rule, _)| rule.clone()).collect();
        let mut watch = Self {
            rules: rules.into(),
            adopted: Arc::new(adopted),
            watched,
            gone,
            history: History::of(history),
            outcomes,
            notifications: Notifications {
                is_configured: is_notified,
                ..notifications
            },
            looked_ns,
            shown: Arc::default(),
        };
        watch.show();
        watch
    }

    /// Where every alert stands, for an image.
    pub fn image(&self) -> WatchImage {
        WatchImage {
            watched: self.watched.clone(),
            gone: self.gone.clone(),
            history: AlertHistory::clone(&self.history.latest()),
            notifications: self.notifications.clone(),
            looked_ns: self.looked_ns,
        }
    }

    /// No alerts.
    pub fn none() -> Self {
        Self::new(Vec::new(), Mailbox::new(1), false, EpochMs::default())
    }

    /// Puts the alerts into a snapshot whose numbers are filled; looks at those first when the last
    /// look was a second ago.
    pub fn fill(&mut self, snapshot: &mut Snapshot, mono_ns: u64) {
        let is_due = self
            .looked_ns
            .is_none_or(|looked_ns| mono_ns.saturating_sub(looked_ns) >= limits::ALERT_INTERVAL_NS);
        if is_due {
            self.looked_ns = Some(mono_ns);
            let moment = Moment {
                wall: snapshot.now,
                mono_ns,
            };
            let is_new = self.adopt(moment);
            // Without alerts there is nothing to look at, and nothing to tell anybody of.
            if is_new || !self.watched.is_empty() {
                self.look(snapshot, moment);
            }
        }
        self.show_in(snapshot);
    }

    /// Takes the rules in force over, and says whether they are others than before.
    fn adopt(&mut self, now: Moment) -> bool {
        let rules = self.rules.load();
        if Arc::ptr_eq(&rules, &self.adopted) {
            return false;
        }
        let mut before = std::mem::take(&mut self.watched);
        for (rule, machine) in &before {
            let how = match rules.iter().find(|other| other.name == rule.name) {
                Some(other) if other == rule => continue,
                Some(_) => AlertEnding::RuleChanged,
                None => AlertEnding::RuleRemoved,
            };
            self.history.drop_rule(rule, machine, how, now);
        }
        for rule in rules.iter() {
            let same_name = |(other, _): &(AlertRule, Machine)| other.name == rule.name;
            let known = before
                .iter()
                .position(same_name)
                .map(|at| before.swap_remove(at));
            let machine = match known {
                Some((known, machine)) if known == *rule => machine,
                Some((_, machine)) => Machine::again(now.wall, machine.fired()),
                None => Machine::again(now.wall, self.fired_before(&rule.name)),
            };
            self.watched.push((rule.clone(), machine));
        }
        let gone = before
            .into_iter()
            .map(|(rule, machine)| (rule.name, machine.fired()));
        self.gone.extend(gone);
        let spare = self.gone.len().saturating_sub(GONE_MAX);
        self.gone.drain(..spare);
        self.adopted = rules;
        true
    }

    /// How often an alert of that name had begun to fire before it was taken out.
    fn fired_before(&mut self, name: &str) -> u64 {
        let at = self.gone.iter().position(|(gone, _)| **gone == *name);
        at.map_or(0, |at| self.gone.remove(at).1)
    }

    /// Puts the alerts into a snapshot as they stood at the last look.
    pub fn show_in(&self, snapshot: &mut Snapshot) {
        snapshot.alerts = Arc::clone(&self.shown);
    }

    fn look(&mut self, snapshot: &Snapshot, moment: Moment) {
        let found = Found::new(self.watched.iter().map(|(rule, _)| rule), snapshot);
        for (rule, machine) in &mut self.watched {
            let turn = machine.step(rule, value::of(rule, snapshot, &found), moment);
            self.history.note(rule, machine, turn);
        }
        while let Some(outcome) = self.outcomes.take() {
            let notifications = &mut self.notifications;
            match outcome {
                Outcome::Sent => {
                    notifications.sent += 1;
                    notifications.last_error = None;
                }
                Outcome::Retried(error) => {
                    notifications.retried += 1;
                    notifications.last_error = Some(error);
                }
                Outcome::Failed(error) => {
                    notifications.failed += 1;
                    notifications.last_error = Some(error);
                }
            }
        }
        self.show();
    }

    fn show(&mut self) {
        let all = self
            .watched
            .iter()
            .map(|(rule, machine)| shown(rule, machine));
        self.shown = Arc::new(Alerts {
            all: all.collect(),
            history: self.history.latest(),
            notifications: self.notifications.clone(),
        });
    }
}

fn shown(rule: &AlertRule, machine: &Machine) -> Alert {
    Alert {
        name: Arc::clone(&rule.name),
        metric: rule.metric.label(),
        window_ms: rule.window_ms,
        group: rule
            .group
            .as_ref()
            .map(|(by, name)| ((*by).into(), Arc::clone(name))),
        comparison: match rule.threshold {
            Threshold::Above(_) => Comparison::Above,
            Threshold::Below(_) => Comparison::Below,
        },
        threshold: rule.threshold.value(),
        clear: rule.clear(),
        for_ms: rule.for_ms,
        phase: machine.phase(),
        since: machine.since(),
        value: machine.value(),
        fired: machine.fired(),
    }
}

#[cfg(test)]
mod tests;
