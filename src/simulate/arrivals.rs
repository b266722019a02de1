//! When guests arrive: a Poisson process, if asked for with a daily curve. Part of the traffic model;
//! knows no clock: time is an offset since the start of the model.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::Distribution;
use rand_distr::Exp1;

const US_PER_S: f64 = 1e6;
const S_PER_HOUR: f64 = 3_600.0;
/// The hour of the day at offset 0, in UTC: files start at noon, and a served run takes the same
/// curve, so that a seed means one sequence.
const FIRST_HOUR: f64 = 12.0;

/// How the rate of arrivals changes; its mean stays what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Curve {
    /// Not at all.
    Flat,
    /// By the hour of the day.
    Day,
    /// In waves of minutes, as within one shift.
    Shift,
    /// By the hour of the day, where nearly nobody comes outside the opening hours.
    Opening {
        /// The hour of the day at offset 0.
        first_hour: f64,
    },
}

/// Arrival times of sessions, one after another.
#[derive(Debug)]
pub(super) struct Arrivals {
    at_us: f64,
    sessions_per_s: f64,
    /// How much denser arrivals are at offset 0, less one: nobody else is there to send events yet.
    rush: f64,
    curve: Curve,
}

impl Arrivals {
    /// Arrivals whose sessions together send `events_per_s` events a second on average, if each
    /// sends `events_per_session`.
    ///
    /// At offset 0 no session is open, so that all events are connects; arrivals thin out as the
    /// open sessions take over, which keeps the rate of events at its mean from the first second.
    pub(super) fn new(events_per_s: f64, events_per_session: f64, curve: Curve) -> Self {
        Self {
            at_us: 0.0,
            sessions_per_s: events_per_s / events_per_session,
            rush: events_per_session - 1.0,
            curve,
        }
    }

    /// The offset of the next arrival, in microseconds. Never goes back.
    ///
    /// Source: Lewis and Shedler, thinning of a non-homogeneous Poisson process.
    pub(super) fn next_us(&mut self, rng: &mut ChaCha8Rng) -> u64 {
        let peak = self.curve.max();
        loop {
            // The rush only falls, so that its value here bounds all later ones.
            let bound = self.sessions_per_s * self.rush_at(self.at_us / US_PER_S) * peak;
            let wait_s: f64 = Exp1.sample(rng);
            self.at_us += wait_s / bound * US_PER_S;
            let density = self.density_at(self.at_us / US_PER_S);
            if density >= bound || rng.random::<f64>() * bound < density {
                return super::habits::whole(self.at_us);
            }
        }
    }

    fn density_at(&self, offset_s: f64) -> f64 {
        self.sessions_per_s * self.rush_at(offset_s) * self.curve.at(offset_s)
    }

    fn rush_at(&self, offset_s: f64) -> f64 {
        if offset_s > RUSH_OVER_S {
            return 1.0;
        }
        let left = RUSH
            .iter()
            .map(|(share, decay_s)| share * (-offset_s / decay_s).exp())
            .sum::<f64>();
        1.0 + self.rush * left
    }
}

/// How the rush at the start fades: shares of it, each with the seconds in which it falls to 1/e.
/// Fitted to the arrivals that would keep the rate of events constant, given the habits of guests
/// (most first messages come within seconds, the long sessions fill up over minutes).
const RUSH: [(f64, f64); 3] = [(0.93, 4.2), (0.045, 45.0), (0.025, 280.0)];
/// When nothing worth computing is left of it.
const RUSH_OVER_S: f64 = 2_000.0;

impl Curve {
    /// How busy a moment is; 1 on average.
    fn at(self, offset_s: f64) -> f64 {
        match self {
            Self::Flat => 1.0,
            Self::Day => daily_curve(FIRST_HOUR + offset_s / S_PER_HOUR),
            Self::Opening { first_hour } => opening_curve(first_hour + offset_s / S_PER_HOUR),
            Self::Shift => {
                let wave = |swing: f64, period_s: f64| swing * (offset_s / period_s * TAU).sin();
                1.0 + wave(LONG_SWING, LONG_WAVE_S) + wave(SHORT_SWING, SHORT_WAVE_S)
            }
        }
    }

    const fn max(self) -> f64 {
        match self {
            Self::Flat => 1.0,
            Self::Day => CURVE_MAX,
            Self::Shift => 1.0 + LONG_SWING + SHORT_SWING,
            Self::Opening { .. } => OPENING_MAX,
        }
    }
}

/// The waves of a shift: what breaks, campaigns and full hours do.
const LONG_SWING: f64 = 0.25;
const LONG_WAVE_S: f64 = 1_500.0;
const SHORT_SWING: f64 = 0.1;
const SHORT_WAVE_S: f64 = 420.0;

/// The most that [`daily_curve`] can be.
const CURVE_MAX: f64 = 1.0 + DAY_SWING + NOON_SWING;
const DAY_SWING: f64 = 0.55;
const NOON_SWING: f64 = 0.15;

/// How busy an hour of the day is; 1 on average over a day: quiet nights, a peak before noon, one in
/// the afternoon.
fn daily_curve(hour: f64) -> f64 {
    let day = (hour - 14.0) / 24.0 * TAU;
    let noon = (hour - 10.0) / 12.0 * TAU;
    1.0 + DAY_SWING * day.cos() + NOON_SWING * noon.cos()
}

/// Busyness by the hour of the day: a line between each two. About 1 on average over a day.
const OPENING: [(f64, f64); 10] = [
    (0.0, 0.0),
    (6.0, 0.0),
    (7.0, 0.3),
    (9.0, 2.0),
    (11.5, 2.6),
    (13.0, 1.7),
    (15.5, 2.5),
    (18.0, 1.4),
    (21.0, 0.1),
    (24.0, 0.0),
];
/// The most that [`opening_curve`] can be.
const OPENING_MAX: f64 = 2.6;

/// How busy an hour is at a centre that opens in the morning: idle at night, two peaks, a quiet noon.
fn opening_curve(hour: f64) -> f64 {
    let hour = hour.rem_euclid(24.0);
    let next = OPENING.iter().position(|(at, _)| *at > hour).unwrap_or(1);
    let ((from, low), (to, high)) = (OPENING[next - 1], OPENING[next]);
    low + (high - low) * (hour - from) / (to - from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Arrivals in each of `bins` bins of `bin_us`, from `from_us` on.
    fn counts(mut arrivals: Arrivals, from_us: u64, bin_us: u64, bins: usize) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut counts = vec![0.0; bins];
        loop {
            let at = arrivals.next_us(&mut rng);
            if at < from_us {
                continue;
            }
            let bin = usize::try_from((at - from_us) / bin_us).unwrap();
            match counts.get_mut(bin) {
                Some(count) => *count += 1.0,
                None => return counts,
            }
        }
    }

    #[test]
    fn variance_is_that_of_a_poisson_process() {
        let counts = counts(
            Arrivals::new(500.0, 10.0, Curve::Flat),
            2_000_000_000,
            1_000_000,
            10_000,
        );
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n;
        assert!((mean - 50.0).abs() < 0.5, "mean {mean}");
        assert!(
            (variance / mean - 1.0).abs() < 0.08,
            "variance {variance} of mean {mean}"
        );
    }

    #[test]
    fn the_curve_keeps_the_mean_and_has_a_quiet_night() {
        let hour_us = 3_600_000_000;
        let counts = counts(Arrivals::new(20.0, 10.0, Curve::Day), 0, hour_us, 4 * 24);
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        assert!((mean / 7_200.0 - 1.0).abs() < 0.01, "mean {mean}");
        // Offsets start at noon: the fifteenth hour starts at three in the night.
        let (night, day) = (counts[15 + 24], counts[2 + 24]);
        assert!(night * 2.0 < day, "night {night}, day {day}");
    }

    #[test]
    fn the_curve_stays_positive_under_its_bound() {
        for tenth in 0..240 {
            let value = daily_curve(f64::from(tenth) / 10.0);
            assert!(value > 0.2 && value <= CURVE_MAX, "{tenth}: {value}");
        }
    }

    #[test]
    fn a_centre_that_opens_in_the_morning_has_idle_hours() {
        let day = |curve: Curve| (0..86_400).map(move |s| curve.at(f64::from(s)));
        let midnight = Curve::Opening { first_hour: 0.0 };
        let mean = day(midnight).sum::<f64>() / 86_400.0;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        assert_eq!(day(midnight).take(6 * 3_600).sum::<f64>(), 0.0);
        assert!(day(midnight).all(|value| (0.0..=OPENING_MAX).contains(&value)));
        let morning = Curve::Opening { first_hour: 9.0 };
        assert_eq!(morning.at(0.0), midnight.at(9.0 * S_PER_HOUR));
    }

    #[test]
    fn a_shift_has_waves_around_its_mean() {
        // A whole number of either wave: 3.5 h.
        let values: Vec<f64> = (0..10_500).map(|s| Curve::Shift.at(f64::from(s))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean - 1.0).abs() < 0.001, "{mean}");
        let (least, most) = values
            .iter()
            .fold((f64::MAX, 0.0_f64), |(least, most), value| {
                (least.min(*value), most.max(*value))
            });
        assert!(
            least < 0.75 && most > 1.25 && most <= Curve::Shift.max(),
            "{least} {most}"
        );
    }
}
