//! The day as a file, replayed: hour by hour the totals of all, and of each queue by itself.

use serde_json::Value;
use streamgauge::config::Dialect;
use streamgauge::replay;
use streamgauge::replay::ReplaySettings;
use streamgauge::simulate::SessionNumbers;
use streamgauge::simulate::Voice;
use streamgauge::simulate::queue_id;
use streamgauge::simulate::write_elements;
use streamgauge::time::Clock;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use super::DAY;
use super::HOUR_MS;
use super::START;
use super::conveyor;
use super::plan;
use super::presets;

/// What a step prints of an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    total_connections: u64,
    open: u64,
    messages: u64,
}

/// The steps of some lines, an hour each, by the hour's end.
fn steps(lines: &[u8], dialect: &Dialect, lateness_ms: u64) -> Vec<(EpochMs, Step)> {
    let hour = u32::try_from(HOUR_MS).unwrap();
    let settings = ReplaySettings::new(
        Width::DEFAULT,
        hour,
        u64::from(hour),
        lateness_ms,
        86_400_000,
    );
    let mut settings = settings.unwrap();
    settings.dialect = dialect.clone();
    let (mut output, clock) = (Vec::new(), Clock::system());
    let summary = replay::run(lines, &settings, &mut output, &clock, |_| {}).unwrap();
    assert_eq!((summary.counters.late, summary.counters.future), (0, 0));
    let rows = output
        .split(|byte| *byte == b'\n')
        .filter(|row| !row.is_empty());
    let rows = rows.map(|row| {
        let row: Value = serde_json::from_slice(row).unwrap();
        let step = Step {
            total_connections: row["totalConnections"].as_u64().unwrap(),
            open: row["openSessions"].as_u64().unwrap(),
            messages: whole(row["messagesPerMinute"].as_f64().unwrap() * HOUR_MS as f64 / 60_000.0),
        };
        (EpochMs::from_ms(row["at"].as_i64().unwrap()), step)
    });
    rows.collect()
}

/// A number of messages that was printed as a rate.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a day has thousands of messages"
)]
fn whole(messages: f64) -> u64 {
    messages.round() as u64
}

/// The ledger's step, from the sums at the end of an hour and of the one before.
fn step(numbers: &SessionNumbers, before: &SessionNumbers) -> Step {
    Step {
        total_connections: numbers.connections,
        open: numbers.open,
        messages: numbers.messages() - before.messages(),
    }
}

fn check(dialect: &Dialect, faults: &[&str], lateness_ms: u64) {
    let mut lines = Vec::new();
    let mut written = conveyor(plan(7), dialect, faults);
    // The busy hours of a day: at night a hundred events, within which a copy follows, take hours.
    write_elements(&mut lines, 20_000, &mut written, |_| {}).unwrap();
    // The ledger at every hour.
    let mut ledger = conveyor(plan(7), dialect, &[]);
    let (mut elements, mut hours) = (Vec::new(), Vec::new());
    for hour in 0..=DAY {
        while ledger.next_at() < START + hour * HOUR_MS {
            ledger.take(&mut elements);
        }
        hours.push(ledger.ledger().clone());
    }
    // What the steps are compared until: the file may end within an hour, or after the day.
    let end = written.next_at().min(START + DAY * HOUR_MS + 1);
    let hour_of = |at: EpochMs| usize::try_from((at.ms() - START.ms()) / HOUR_MS).unwrap();
    let mut compared = 0;
    for (at, shown) in steps(&lines, dialect, lateness_ms) {
        if at < end {
            let [now, before] = [hour_of(at), hour_of(at) - 1].map(|hour| hours[hour].total());
            assert_eq!(shown, step(now, before), "{at}, {faults:?}");
            compared += 1;
        }
    }
    assert!(compared > 3, "{compared}");
    // Where legs are known a session moves between queues, and so does what its lines name.
    let names_queue =
        Voice::of(dialect).is_some_and(|voice| voice.sessions_name.queue && !voice.knows_legs);
    for queue in (0..plan(7).queues).filter(|_| names_queue) {
        let name = format!("\"{}\"", queue_id(dialect, queue));
        let lines: Vec<u8> = lines
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| String::from_utf8_lossy(line).contains(&name))
            .flatten()
            .copied()
            .collect();
        for (at, shown) in steps(&lines, dialect, lateness_ms) {
            if at < end {
                let [now, before] = [hour_of(at), hour_of(at) - 1].map(|hour| {
                    let numbers = hours[hour].queues().get(&Some(queue));
                    numbers.copied().unwrap_or_default()
                });
                assert_eq!(shown, step(&now, &before), "{at}, {name}, {faults:?}");
            }
        }
    }
}

#[test]
fn a_replayed_day_is_that_of_the_ledger() {
    for dialect in presets() {
        check(&dialect, &[], 0);
    }
}

#[test]
fn faults_change_nothing_within_the_lateness() {
    for dialect in [Dialect::Tutorial, Dialect::Cloudevents] {
        check(
            &dialect,
            &["reorder=10s", "duplicate=5%", "malformed=1%"],
            3_600_000,
        );
    }
}
