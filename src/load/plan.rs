//! The plan of a run: a profile as stretches of time, each with its rate.

use std::time::Duration;

use super::LoadSettings;
use super::Profile;
use crate::simulate::Flow;
use crate::simulate::Rate;
use crate::simulate::Stretch;

/// One turn of quiet and burst, and the burst's part of it, in nanoseconds.
const TURN_NS: u64 = 1_000_000_000;
const BURST_NS: u64 = 200_000_000;
/// What the rate is multiplied with in each; the mean over a turn is 1.
const QUIET: f64 = 0.5;
const BURST: f64 = 3.0;

impl Profile {
    /// The plan of a run that begins at `start_ns`: first the warm-up at the rate, then the profile.
    /// A search makes up its own steps after the warm-up.
    pub(super) fn stretches(settings: &LoadSettings, start_ns: u64) -> Vec<Stretch> {
        let mut plan = Plan {
            next_ns: start_ns,
            stretches: Vec::new(),
        };
        let Rate::PerSecond(rate) = settings.rate else {
            plan.add(
                nanos(settings.warmup) + nanos(settings.duration),
                Flow::Closed,
            );
            return plan.stretches;
        };
        plan.add(nanos(settings.warmup), even(rate));
        let duration_ns = nanos(settings.duration);
        match settings.profile {
            Self::Constant | Self::Chaos => plan.add(duration_ns, even(rate)),
            Self::Ramp => plan.add(
                duration_ns,
                Flow::Open {
                    from_per_s: 0.0,
                    to_per_s: rate,
                },
            ),
            Self::Burst => {
                for _ in 0..duration_ns / TURN_NS {
                    plan.add(TURN_NS - BURST_NS, even(QUIET * rate));
                    plan.add(BURST_NS, even(BURST * rate));
                }
                plan.add(duration_ns % TURN_NS, even(rate));
            }
            Self::StepSearch => {}
        }
        plan.stretches
    }
}

struct Plan {
    next_ns: u64,
    stretches: Vec<Stretch>,
}

impl Plan {
    fn add(&mut self, length_ns: u64, flow: Flow) {
        if length_ns == 0 {
            return;
        }
        self.stretches.push(Stretch {
            start_ns: self.next_ns,
            length_ns,
            flow,
        });
        self.next_ns += length_ns;
    }
}

/// The same rate throughout.
pub(super) const fn even(per_s: f64) -> Flow {
    Flow::Open {
        from_per_s: per_s,
        to_per_s: per_s,
    }
}

/// Nanoseconds of a length of time; saturates.
pub(super) fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(profile: &str, duration_ms: u64) -> Vec<Stretch> {
        let settings = LoadSettings {
            rate: Rate::PerSecond(1_000.0),
            duration: Duration::from_millis(duration_ms),
            warmup: Duration::from_secs(1),
            profile: profile.parse().unwrap(),
            ..LoadSettings::new()
        };
        Profile::stretches(&settings, 5)
    }

    #[test]
    fn every_profile_has_its_events_without_a_hole() {
        let check = |profile: &str, duration_ms: u64, expected: u64| {
            let stretches = plan(profile, duration_ms);
            assert_eq!(stretches[0].start_ns, 5);
            for pair in stretches.windows(2) {
                assert_eq!(pair[0].end_ns(), pair[1].start_ns, "{profile}");
            }
            let events: u64 = stretches.iter().filter_map(Stretch::events).sum();
            assert_eq!(events, 1_000 + expected, "{profile}");
        };
        check("constant", 2_500, 2_500);
        check("chaos", 2_500, 2_500);
        check("ramp", 2_000, 1_000);
        check("burst", 2_000, 2_000);
        check("burst", 2_500, 2_500);
        check("step-search", 2_000, 0);
    }

    #[test]
    fn a_burst_is_six_times_the_quiet() {
        let stretches = plan("burst", 1_000);
        let per_s = |index: usize| match stretches[index].flow {
            Flow::Open { from_per_s, .. } => from_per_s,
            Flow::Closed => 0.0,
        };
        assert_eq!((per_s(1), per_s(2)), (500.0, 3_000.0));
    }
}
