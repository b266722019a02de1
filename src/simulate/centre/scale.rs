//! The same facts in less time.

use std::str::FromStr;

use super::fact::Fact;
use super::fact::What;
use crate::simulate::habits::whole;
use crate::time::EpochMs;

/// How many times as fast as real time something goes: above 0, 1 is real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// Real time.
    pub const REAL: Self = Self(1.0);
    /// A day in less than a second.
    const MAX: f64 = 100_000.0;
    const MIN: f64 = 0.001;

    /// A fact of a centre that started at `start`, with all its times shortened.
    #[must_use]
    pub fn shorten(self, fact: &Fact, start: EpochMs) -> Fact {
        if self == Self::REAL {
            return *fact;
        }
        let after_ms = self.of(fact.at.since(start));
        let mut fact = *fact;
        fact.at = start + i64::try_from(after_ms).unwrap_or(i64::MAX);
        match &mut fact.what {
            What::LeftQueue { wait_ms, .. } => *wait_ms = self.of(*wait_ms),
            What::LeftAgent {
                alert_ms, talk_ms, ..
            } => {
                *alert_ms = self.of(*alert_ms);
                *talk_ms = talk_ms.map(|ms| self.of(ms));
            }
            What::WrappedUp { after_work_ms, .. } => *after_work_ms = self.of(*after_work_ms),
            _ => {}
        }
        fact
    }

    #[expect(clippy::cast_precision_loss, reason = "lengths stay far below 2^53 ms")]
    fn of(self, ms: u64) -> u64 {
        whole(ms as f64 / self.0)
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .ok()
            .filter(|factor| (Self::MIN..=Self::MAX).contains(factor))
            .map(Self)
            .ok_or_else(|| "not a speed; use a number from 0.001 to 100000, 1 is real time".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_in_its_range() {
        assert_eq!("1".parse(), Ok(Speed::REAL));
        for text in ["", "0", "-1", "nan", "inf", "1e9", "fast"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }
}
