//! The traffic model as it is after a while: what a client gets that subscribes in the middle of a shift.
//!
//! The model begins empty and takes minutes to look like a working day. So it runs ahead, and what
//! happened before the first subscription is sent at once, with the times at which it happened. Of the
//! first part of it only the beginnings of those sessions are sent that are still open at its end.

use std::collections::BTreeMap;
use std::time::Duration;
use std::vec;

use super::arrivals::Curve;
use super::habits::whole;
use super::settings::Rate;
use super::settings::SimulatorSettings;
use super::traffic::Detail;
use super::traffic::Traffic;
use super::traffic::TrafficEvent;

/// The part of the history, at its beginning, of which only the sessions that stay are sent.
const WARM_UP_SHARE: f64 = 1.0 / 6.0;

/// The traffic of one seed, in order, and how much of it is past when somebody first subscribes.
#[derive(Debug)]
pub(super) struct History {
    /// The sessions that the warm-up left open: their connects.
    early: vec::IntoIter<TrafficEvent>,
    traffic: Traffic,
    length_us: u64,
}

impl History {
    pub(super) fn new(settings: &SimulatorSettings) -> Self {
        let length_us = length_us(settings);
        let per_s = settings.rate.model_per_s();
        let curve = match (settings.day_curve(), length_us) {
            (Curve::Flat, 1..) => Curve::Shift,
            (curve, _) => curve,
        };
        let mut traffic = Traffic::new(settings.seed, per_s, curve);
        let early = match length_us {
            0 => Vec::new(),
            _ => warm_up(&mut traffic, length_us),
        };
        Self {
            early: early.into_iter(),
            traffic,
            length_us,
        }
    }

    /// How much of the traffic is past when somebody first subscribes, in microseconds of the model;
    /// 0 when it begins with the simulator, whether somebody is subscribed or not.
    pub(super) const fn length_us(&self) -> u64 {
        self.length_us
    }

    /// The offset of the event that [`History::take`] returns next, in microseconds of the model.
    pub(super) fn next_us(&self) -> u64 {
        match self.early.as_slice().first() {
            Some(event) => event.offset_us,
            None => self.traffic.next_us(),
        }
    }

    /// Takes the next event. Offsets never go back; the sequence has no holes.
    pub(super) fn take(&mut self) -> TrafficEvent {
        self.early.next().unwrap_or_else(|| self.traffic.take())
    }
}

fn length_us(settings: &SimulatorSettings) -> u64 {
    let Rate::PerSecond(per_s) = settings.rate else {
        return 0;
    };
    let longest = Duration::from_secs_f64(SimulatorSettings::HISTORY_EVENTS_MAX / per_s);
    let length = settings
        .history
        .min(SimulatorSettings::HISTORY_MAX)
        .min(longest);
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// Lets the model run until it is in its stride; what is left are the connects of open sessions.
fn warm_up(traffic: &mut Traffic, length_us: u64) -> Vec<TrafficEvent> {
    #[expect(clippy::cast_precision_loss, reason = "an hour is far below 2^53 us")]
    let until_us = whole(length_us as f64 * WARM_UP_SHARE);
    // By their place in the sequence, which is that of their times.
    let (mut connects, mut places) = (BTreeMap::new(), BTreeMap::new());
    while traffic.next_us() < until_us {
        let event = traffic.take();
        match event.detail {
            Detail::Connected => {
                places.insert(event.session, event.sequence);
                connects.insert(event.sequence, event);
            }
            Detail::Message { .. } => {}
            Detail::Disconnected { .. } => {
                if let Some(place) = places.remove(&event.session) {
                    connects.remove(&place);
                }
            }
        }
    }
    let mut early: Vec<TrafficEvent> = connects.into_values().collect();
    for (event, sequence) in early.iter_mut().zip(1..) {
        event.sequence = sequence;
    }
    traffic.count_from(early.len() as u64);
    early
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn settings(history: Duration) -> SimulatorSettings {
        SimulatorSettings {
            history,
            ..SimulatorSettings::new(SimulatorSettings::LISTEN)
        }
    }

    #[test]
    fn a_history_is_a_shift_under_way() {
        let mut settings = settings(10 * MINUTE);
        settings.rate = Rate::PerSecond(40.0);
        let mut history = History::new(&settings);
        let length_us = history.length_us();
        assert_eq!(length_us, 600_000_000);
        let mut open = BTreeSet::new();
        let (mut last_us, mut last_sequence) = (0, 0);
        let mut minutes = [0_u32; 10];
        while history.next_us() < length_us {
            let next_us = history.next_us();
            let event = history.take();
            assert_eq!(
                (event.offset_us, event.sequence),
                (next_us, last_sequence + 1)
            );
            assert!(event.offset_us >= last_us);
            (last_us, last_sequence) = (event.offset_us, event.sequence);
            minutes[usize::try_from(event.offset_us / 60_000_000).unwrap()] += 1;
            match event.detail {
                Detail::Connected => assert!(open.insert(event.session)),
                Detail::Message { .. } => assert!(open.contains(&event.session)),
                Detail::Disconnected { .. } => assert!(open.remove(&event.session)),
            }
        }
        // No rush of an empty start, and hardly a guest who stays no longer than that in its first part.
        assert!(minutes[0] < 400, "{minutes:?}");
        let busy = &minutes[2..];
        let (least, most) = (busy.iter().min().unwrap(), busy.iter().max().unwrap());
        // 40 events a second, in waves of a third.
        assert!(*least > 1_500 && *most < 4_000, "{minutes:?}");
        // 2.5 guests a second who stay 3.5 minutes on average.
        assert!((250..900).contains(&open.len()), "{}", open.len());
    }

    #[test]
    fn a_seed_repeats_its_history_and_its_length_is_bounded() {
        let events = |seed| {
            let mut settings = settings(MINUTE);
            settings.seed = seed;
            let mut history = History::new(&settings);
            (0..20_000).map(|_| history.take()).collect::<Vec<_>>()
        };
        assert_eq!(events(7), events(7));
        assert_ne!(events(7), events(8));
        let length_s = |history, rate| {
            let settings = SimulatorSettings {
                rate,
                ..settings(history)
            };
            length_us(&settings) / 1_000_000
        };
        assert_eq!(length_s(MINUTE, Rate::PerSecond(500.0)), 60);
        assert_eq!(length_s(600 * MINUTE, Rate::PerSecond(1.0)), 3_300);
        let bound_s = SimulatorSettings::HISTORY_EVENTS_MAX / 1_000.0;
        assert_eq!(
            length_s(10 * MINUTE, Rate::PerSecond(1_000.0)),
            whole(bound_s)
        );
        assert_eq!(length_s(MINUTE, Rate::Max), 0);
    }

    #[test]
    fn without_one_the_traffic_is_what_it_was() {
        let settings = settings(Duration::ZERO);
        let mut history = History::new(&settings);
        let mut traffic = Traffic::new(settings.seed, settings.rate.model_per_s(), Curve::Flat);
        for _ in 0..1_000 {
            assert_eq!(history.next_us(), traffic.next_us());
            assert_eq!(history.take(), traffic.take());
        }
    }
}
