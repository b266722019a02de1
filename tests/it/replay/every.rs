//! What becomes of an event depends on the times of events alone: whatever `--every` is, all fates are
//! the same, and so is every step that two of them have in common. Both are the reference model's.

use std::collections::BTreeMap;

use streamgauge::event::Event;
use streamgauge::replay::ReplaySettings;
use streamgauge::snapshot::Counters;
use streamgauge::window::Width;

use super::against_model::Random;
use super::against_model::generate_some;
use super::against_model::line;
use super::against_model::model_steps_waiting;
use super::events;
use super::run;
use super::steps;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

const EVERIES: [u64; 9] = [100, 200, 500, 1_000, 2_000, 4_000, 10_000, 60_000, HOUR_MS];

/// What a file is replayed with, but for the steps.
#[derive(Clone, Copy, Debug)]
struct Case {
    window_ms: u32,
    lateness_ms: u64,
    max_jump_ms: u64,
}

impl Case {
    fn settings(self, every_ms: u64) -> ReplaySettings {
        let Self {
            window_ms,
            lateness_ms,
            max_jump_ms,
        } = self;
        ReplaySettings::new(
            Width::DEFAULT,
            window_ms,
            every_ms,
            lateness_ms,
            max_jump_ms,
        )
        .unwrap()
    }
}

/// The steps by their time, and what became of the events.
fn replayed(file: &str, settings: &ReplaySettings) -> (BTreeMap<i64, String>, Counters) {
    let outcome = run(file.as_bytes(), settings);
    let step = |line: &str| {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        (object["at"].as_i64().unwrap(), line.to_owned())
    };
    let steps = outcome.output.lines().map(step);
    let mut counters = outcome.result.unwrap().counters;
    assert_eq!(counters.accounting_gap(), 0);
    // A disconnect that waits is an orphan when the clock passes it, and the clock ends at the last
    // step. Steps in common have the same.
    counters.orphans = 0;
    (steps.collect(), counters)
}

fn check(file: &str, case: Case) -> Counters {
    let (finest, fates) = replayed(file, &case.settings(EVERIES[0]));
    for every_ms in &EVERIES[1..] {
        let (steps, found) = replayed(file, &case.settings(*every_ms));
        assert_eq!(found, fates, "{case:?} every {every_ms} ms\n{file}");
        for (at, step) in steps {
            if let Some(finest) = finest.get(&at) {
                assert_eq!(&step, finest, "{case:?} every {every_ms} ms\n{file}");
            }
        }
    }
    fates
}

#[test]
fn late_does_not_depend_on_the_steps() {
    let case = Case {
        window_ms: 500,
        lateness_ms: 200,
        max_jump_ms: DAY_MS,
    };
    let file = events("m 1 12059, m 1 14669, m 1 12500");
    assert_eq!(check(&file, case).late, 1);
    // At the border: 1466 - 7 buckets.
    let file = events("m 1 12059, m 1 14669, m 1 13999, m 1 13900");
    assert_eq!(check(&file, case).late, 2);
    let file = events("m 1 12059, m 1 14669, m 1 14000");
    assert_eq!(check(&file, case).late, 0);
    // What a waiting disconnect comes to, when a straggler is its connect.
    let case = Case {
        window_ms: 5_000,
        ..case
    };
    let fates = check(&events("d 1 12059, m 2 14669, c 1 12050"), case);
    assert_eq!((fates.late, fates.applied), (0, 3));
}

#[test]
fn a_jump_does_not_depend_on_the_steps() {
    for (lateness_ms, late) in [(0, 2), (300, 1)] {
        let case = Case {
            window_ms: 500,
            lateness_ms,
            max_jump_ms: 1_000,
        };
        // A step of an hour ends long after the jump.
        let file = events("m 9 500, c 1 500, c 2 5000, c 3 5001, d 2 5400, m 3 4800, d 1 700");
        let fates = check(&file, case);
        assert_eq!(fates.future, 0, "{lateness_ms}");
        assert_eq!(
            (fates.late, fates.applied),
            (late, 7 - late),
            "{lateness_ms}"
        );
    }
}

#[test]
fn the_first_step_with_a_lateness_follows_the_first_event_in_order() {
    let check = |script: &str, lateness_ms, expected: [f64; 2]| {
        let case = Case {
            window_ms: 2_000,
            lateness_ms,
            max_jump_ms: DAY_MS,
        };
        let outcome = run(events(script).as_bytes(), &case.settings(1_000));
        assert_eq!(
            steps(&outcome.output, &["received"])[0],
            expected,
            "{script}"
        );
    };
    check("m 1 1500, m 1 900, m 1 4000", 0, [2_000.0, 2.0]);
    check("m 1 1500, m 1 900, m 1 4000", 700, [1_000.0, 1.0]);
    check("m 1 1500, m 1 900", 700, [1_000.0, 1.0]);
    // One that is not waited for is in no step before.
    check("m 1 1500, m 1 400, m 1 4000", 700, [2_000.0, 2.0]);
}

#[test]
fn a_first_event_far_after_another_is_not_refused() {
    // A lateness above the jump: the clock goes from one to the other.
    let case = Case {
        window_ms: 500,
        lateness_ms: 5_000,
        max_jump_ms: 1_000,
    };
    let fates = check(
        &events("m 1 9000, m 1 9100, m 1 5000, m 1 9200, m 1 30000, m 1 30001"),
        case,
    );
    assert_eq!((fates.applied, fates.future, fates.late), (6, 0, 0));
}

/// Some events far out of order, far ahead, or after a hole in the file.
fn disturb(events: &mut [Event], seed: u64, most_ms: u64) {
    let mut random = Random(seed);
    let mut shift = 0;
    for event in events {
        if random.one_in(60) {
            shift += i64::try_from(random.below(2 * most_ms)).unwrap();
        }
        event.time = event.time + shift;
        if random.one_in(12) {
            event.time = event.time - i64::try_from(random.below(most_ms)).unwrap();
        } else if random.one_in(60) {
            event.time = event.time + i64::try_from(random.below(4 * most_ms)).unwrap();
        }
    }
}

#[test]
fn fates_and_numbers_do_not_depend_on_the_steps() {
    let mut reached = Counters::default();
    for seed in 0..16 {
        let mut random = Random(seed);
        let mut pick = |values: &[u64]| {
            let count = u64::try_from(values.len()).unwrap();
            values[usize::try_from(random.below(count)).unwrap()]
        };
        let case = Case {
            window_ms: u32::try_from(pick(&[500, 5_000])).unwrap(),
            lateness_ms: pick(&[0, 100, 150, 700, 5_000]),
            max_jump_ms: pick(&[1_000, 6_000, DAY_MS]),
        };
        let mut events = generate_some(150, seed, 1_000);
        disturb(&mut events, seed, pick(&[2_000, 8_000]));
        let file: String = events.iter().map(line).collect();
        let fates = check(&file, case);
        reached.late += fates.late;
        reached.future += fates.future;
        reached.out_of_order += fates.out_of_order;
        reached.duplicates += fates.duplicates;
        if case.max_jump_ms == DAY_MS {
            // Without a vote the model knows every step.
            for every_ms in [500, 60_000] {
                let settings = case.settings(every_ms);
                let every_ms = i64::try_from(every_ms).unwrap();
                let printed = run(file.as_bytes(), &settings).output;
                let expected = model_steps_waiting(&settings, every_ms, &events);
                assert!(
                    printed == expected,
                    "{case:?} {every_ms}\n{file}\n{printed}\nmodel\n{expected}"
                );
            }
        }
    }
    // The files have what they were made for.
    assert!(reached.late > 30 && reached.future > 3, "{reached:?}");
    assert!(
        reached.out_of_order > 100 && reached.duplicates > 5,
        "{reached:?}"
    );
}
