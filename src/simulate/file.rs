//! The same events as newline-delimited JSON, as fast as they can be written.

use std::io;
use std::io::Write;

use super::disorder::Disorder;
use super::event_json::EventWriter;
use super::outbox::Form;
use super::outbox::Outbox;
use super::settings::SimulatorSettings;
use super::stats::SimulatorStats;
use super::traffic::Traffic;
use crate::time::EpochMs;

/// When files start: 2026-01-15T12:00:00Z.
pub const FILE_START: EpochMs = EpochMs::from_ms(1_768_478_400_000);

/// Writes the first `events` events of the settings' seed, rate and curve, one a line, stamped with
/// [`FILE_START`] plus their offset. Faults of single events apply and add lines; others do not.
/// `progress` hears the number of events written, about every hundred.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_file(
    mut out: impl Write,
    events: u64,
    settings: &SimulatorSettings,
    mut progress: impl FnMut(u64),
) -> io::Result<SimulatorStats> {
    let mut traffic = Traffic::new(
        settings.seed,
        settings.rate.model_per_s(),
        settings.day_curve(),
    );
    let mut disorder = Disorder::new(&settings.faults, settings.seed);
    let mut writer = EventWriter::new();
    let mut payload = Vec::new();
    let mut outbox = Outbox::new(Form::Lines);
    let mut stats = SimulatorStats::default();
    loop {
        let ends = stats.generated == events;
        if ends {
            disorder.drain(&mut outbox);
        }
        if ends || outbox.is_full() {
            out.write_all(&outbox.bytes)?;
            stats.sent += outbox.sequences.len() as u64;
            stats.copies += outbox.copies;
            stats.malformed += outbox.malformed;
            outbox.clear();
            progress(stats.generated);
        }
        if ends {
            out.flush()?;
            return Ok(stats);
        }
        let event = traffic.take();
        stats.generated += 1;
        let offset_ms = i64::try_from(event.offset_us / 1_000).unwrap_or(i64::MAX);
        payload.clear();
        writer.write(&event, FILE_START + offset_ms, &mut payload);
        disorder.pass((event.offset_us, event.sequence), &payload, &mut outbox);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn lines(events: u64, flags: &[&str]) -> (SimulatorStats, Vec<u8>) {
        let mut settings = SimulatorSettings::new(SimulatorSettings::LISTEN);
        settings.seed = 7;
        settings.faults = flags.iter().map(|flag| flag.parse().unwrap()).collect();
        let mut out = Vec::new();
        let stats = write_file(&mut out, events, &settings, |_| {}).unwrap();
        (stats, out)
    }

    #[test]
    fn a_file_holds_the_events_of_its_seed_in_order() {
        let (stats, out) = lines(3_000, &[]);
        assert_eq!((stats.generated, stats.sent), (3_000, 3_000));
        let mut last = FILE_START.to_string();
        let mut sequence = 0;
        for line in out.split_inclusive(|byte| *byte == b'\n') {
            let event: Value = serde_json::from_slice(line).unwrap();
            sequence += 1;
            assert_eq!(event["metadata"]["seq"], sequence);
            let time = event["timestamp"].as_str().unwrap().to_owned();
            assert!(time >= last, "{time} after {last}");
            last = time;
        }
        assert_eq!(sequence, 3_000);
        // At 500 events a second.
        assert!(last.starts_with("2026-01-15T12:00:0"), "{last}");
        assert_eq!(lines(3_000, &[]).1, out);
    }

    #[test]
    fn faults_of_events_apply_and_nothing_is_lost() {
        let (stats, out) = lines(2_000, &["duplicate=5%", "reorder=9", "malformed=5%"]);
        assert_eq!(stats.sent, 2_000);
        assert!(stats.copies > 50 && stats.malformed > 50, "{stats:?}");
        let count = out.split(|byte| *byte == b'\n').count() as u64 - 1;
        assert_eq!(count, stats.sent + stats.copies + stats.malformed);
    }

    #[test]
    fn no_events_make_an_empty_file() {
        assert_eq!(lines(0, &[]).1, b"");
    }
}
