//! Where one alert stands, step by step.

use serde::Deserialize;
use serde::Serialize;

use crate::config::AlertRule;
use crate::snapshot::AlertPhase;
use crate::time::EpochMs;

/// When a look is: how long things last is measured by the monotonic clock, so that a step of the wall
/// clock neither hastens nor delays an alert.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The engine clock.
    pub(super) wall: EpochMs,
    /// The monotonic clock, in nanoseconds.
    pub(super) mono_ns: u64,
}

/// What a look changed that people hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The alert began to fire.
    Began,
    /// It fired, and came to its end.
    Ended {
        /// When it began to fire; the engine clock.
        began: EpochMs,
        /// For how long it fired, by the monotonic clock.
        lasted_ms: u64,
    },
}

/// The state of one alert.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Machine {
    phase: AlertPhase,
    since: EpochMs,
    /// The same moment by the monotonic clock.
    since_ns: u64,
    /// Of a pending alert: the first look at which the value was past the threshold.
    past_since_ns: u64,
    value: Option<f64>,
    fired: u64,
}

impl Machine {
    /// All is well since `now`; before, an alert of the same name began to fire that often.
    pub(super) const fn again(now: EpochMs, fired: u64) -> Self {
        Self {
            phase: AlertPhase::Ok,
            since: now,
            since_ns: 0,
            past_since_ns: 0,
            value: None,
            fired,
        }
    }

    /// Takes the value at a moment, and says whether the alert began to fire or ended.
    pub(super) fn step(
        &mut self,
        rule: &AlertRule,
        value: Option<f64>,
        moment: Moment,
    ) -> Option<Turn> {
        self.value = value;
        let phase = match (self.phase, value) {
            (AlertPhase::Pending, None) => AlertPhase::Ok,
            (phase, None) => phase,
            (AlertPhase::Firing, Some(value)) if rule.is_clear(value) => AlertPhase::Ok,
            (AlertPhase::Firing, Some(_)) => AlertPhase::Firing,
            (_, Some(value)) if !rule.is_past(value) => AlertPhase::Ok,
            (phase, Some(_)) => {
                if phase == AlertPhase::Ok {
                    self.past_since_ns = moment.mono_ns;
                }
                let past_ns = moment.mono_ns.saturating_sub(self.past_since_ns);
                match past_ns / 1_000_000 >= rule.for_ms {
                    true => AlertPhase::Firing,
                    false => AlertPhase::Pending,
                }
            }
        };
        if phase == self.phase {
            return None;
        }
        let turn = match (self.phase, phase) {
            (_, AlertPhase::Firing) => Some(Turn::Began),
            (AlertPhase::Firing, _) => Some(Turn::Ended {
                began: self.since,
                lasted_ms: self.lasted_ms(moment),
            }),
            _ => None,
        };
        self.fired += u64::from(phase == AlertPhase::Firing);
        self.phase = phase;
        self.since = moment.wall;
        self.since_ns = moment.mono_ns;
        turn
    }

    /// The same alert when its rule goes: all is well since `now`.
    pub(super) fn ended(&self, now: EpochMs) -> Self {
        Self {
            phase: AlertPhase::Ok,
            since: now,
            ..self.clone()
        }
    }

    /// How long it has been in its phase, in milliseconds.
    pub(super) const fn lasted_ms(&self, now: Moment) -> u64 {
        now.mono_ns.saturating_sub(self.since_ns) / 1_000_000
    }

    pub(super) const fn phase(&self) -> AlertPhase {
        self.phase
    }

    pub(super) const fn since(&self) -> EpochMs {
        self.since
    }

    pub(super) const fn value(&self) -> Option<f64> {
        self.value
    }

    pub(super) const fn fired(&self) -> u64 {
        self.fired
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use crate::config::Threshold;
    use crate::metric::Metric;

    use super::*;

    /// A look: milliseconds since the one before, and the value.
    type Look = (u32, Option<i8>);

    fn rule(is_above: bool, threshold: i8, hysteresis: u8, for_ms: u64) -> AlertRule {
        let threshold = f64::from(threshold);
        let threshold = match is_above {
            true => Threshold::Above(threshold),
            false => Threshold::Below(threshold),
        };
        let mut rule = AlertRule::new("a", Metric::LagMs, None, threshold);
        rule.hysteresis = f64::from(hysteresis);
        rule.for_ms = for_ms;
        rule
    }

    /// The phase after all looks and how often it began to fire, by the definition: whole numbers,
    /// and each look searched back for the run of bad values that it ends.
    fn model(
        looks: &[Look],
        is_above: bool,
        threshold: i8,
        hysteresis: u8,
        for_ms: u64,
    ) -> (AlertPhase, u64) {
        let at =
            |index: usize| -> u64 { looks[..=index].iter().map(|look| u64::from(look.0)).sum() };
        // Turned over so that more is worse.
        let excess = |value: i8| match is_above {
            true => i32::from(value) - i32::from(threshold),
            false => i32::from(threshold) - i32::from(value),
        };
        let is_bad = |index: usize| looks[index].1.is_some_and(|value| excess(value) > 0);
        let (mut is_firing, mut fired, mut ended) = (false, 0, 0);
        let mut is_pending = false;
        for (index, (_, value)) in looks.iter().enumerate() {
            if is_firing {
                let is_clear = |value| excess(value) <= -i32::from(hysteresis);
                if value.is_some_and(is_clear) {
                    is_firing = false;
                    ended = index + 1;
                }
                continue;
            }
            let run = (ended..=index)
                .rev()
                .take_while(|index| is_bad(*index))
                .last();
            is_pending = run.is_some();
            if run.is_some_and(|first| at(index) - at(first) >= for_ms) {
                (is_firing, is_pending) = (true, false);
                fired += 1;
            }
        }
        let phase = match (is_firing, is_pending) {
            (true, _) => AlertPhase::Firing,
            (false, true) => AlertPhase::Pending,
            (false, false) => AlertPhase::Ok,
        };
        (phase, fired)
    }

    proptest! {
        #[test]
        fn every_history_ends_where_the_definition_says(
            looks in vec((1_u32..2_000, proptest::option::weighted(0.9, -4_i8..=4)), 0..60),
            is_above: bool,
            threshold in -3_i8..=3,
            hysteresis in 0_u8..3,
            for_ms in prop_oneof![Just(0_u64), 1_u64..4_000],
        ) {
            let rule = rule(is_above, threshold, hysteresis, for_ms);
            let mut machine = Machine::again(EpochMs::from_ms(0), 0);
            let (mut mono_ns, mut before) = (0, AlertPhase::Ok);
            for (index, (ms, value)) in looks.iter().enumerate() {
                mono_ns += u64::from(*ms) * 1_000_000;
                // The wall clock has steps of its own and decides nothing.
                let wall = EpochMs::from_ms((index as i64 * 7_919) % 1_000);
                machine.step(&rule, value.map(f64::from), Moment { wall, mono_ns });
                let expected = model(&looks[..=index], is_above, threshold, hysteresis, for_ms);
                prop_assert_eq!((machine.phase(), machine.fired()), expected);
                if machine.phase() != before {
                    prop_assert_eq!(machine.since(), wall);
                }
                before = machine.phase();
            }
        }
    }

    #[test]
    fn a_value_between_the_threshold_and_the_end_keeps_firing() {
        let rule = rule(true, 10, 2, 2_000);
        let mut machine = Machine::again(EpochMs::from_ms(0), 0);
        let mut check = |second: i64, value: Option<f64>, phase, since_s: i64| {
            let moment = Moment {
                wall: EpochMs::from_ms(second * 1_000),
                mono_ns: second.unsigned_abs() * 1_000_000_000,
            };
            machine.step(&rule, value, moment);
            assert_eq!(
                (machine.phase(), machine.since().ms() / 1_000),
                (phase, since_s),
                "{second}"
            );
        };
        check(1, Some(10.0), AlertPhase::Ok, 0);
        check(2, Some(11.0), AlertPhase::Pending, 2);
        check(3, None, AlertPhase::Ok, 3);
        check(4, Some(11.0), AlertPhase::Pending, 4);
        check(5, Some(10.5), AlertPhase::Pending, 4);
        check(6, Some(99.0), AlertPhase::Firing, 6);
        check(7, Some(8.5), AlertPhase::Firing, 6);
        check(8, None, AlertPhase::Firing, 6);
        check(9, Some(8.0), AlertPhase::Ok, 9);
    }
}
