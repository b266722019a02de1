//! How the rate changes over a run, by name.

use std::fmt;
use std::str::FromStr;

use crate::simulate::Bound;
use crate::simulate::Fault;
use crate::simulate::FaultKind;
use crate::simulate::When;

/// How the rate changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The same throughout.
    Constant,
    /// From nothing to the rate, evenly.
    Ramp,
    /// Each second 0.8 s at half the rate and 0.2 s at three times the rate: the mean is the rate.
    Burst,
    /// Up from the rate, step by step, until something gives.
    StepSearch,
    /// Constant, while the connection is cut and stalled and events are copied, moved and spoilt.
    Chaos,
}

impl Profile {
    const NAMES: [(&'static str, Self); 5] = [
        ("constant", Self::Constant),
        ("ramp", Self::Ramp),
        ("burst", Self::Burst),
        ("step-search", Self::StepSearch),
        ("chaos", Self::Chaos),
    ];

    /// What goes wrong, in a run that is to send `events`.
    pub(super) fn faults(self, events: u64) -> Vec<Fault> {
        if self != Self::Chaos {
            return Vec::new();
        }
        let fault = |kind, when| Fault { kind, when };
        vec![
            fault(FaultKind::Drop, When::AfterEvents(events * 3 / 10)),
            fault(FaultKind::HalfOpen, When::AfterEvents(events * 5 / 10)),
            fault(FaultKind::Reorder(Bound::Events(50)), When::FromStart),
            fault(FaultKind::Duplicate(0.01), When::FromStart),
            fault(FaultKind::Malformed(0.005), When::FromStart),
        ]
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::NAMES.iter().find(|(_, profile)| profile == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::NAMES.iter().find(|(name, _)| *name == text);
        named.map(|(_, profile)| *profile).ok_or_else(|| {
            let names: Vec<&str> = Self::NAMES.iter().map(|(name, _)| *name).collect();
            format!("not a profile; use one of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for (name, profile) in Profile::NAMES {
            assert_eq!(profile.to_string().parse(), Ok(profile), "{name}");
        }
        let error = "steps".parse::<Profile>().unwrap_err();
        assert!(error.contains("step-search"), "{error}");
    }
}
