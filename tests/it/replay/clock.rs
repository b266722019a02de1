//! Where the clock of a replay is set, and when it jumps: one wrong line moves it nowhere.

use std::fmt::Write;

use streamgauge::replay::Summary;

use super::HOUR_MS;
use super::events;
use super::run;
use super::settings;
use super::steps;

/// 2026-01-15T12:00:00Z.
const DAY: i64 = 1_768_478_400_000;
const YEAR_9999: i64 = 253_402_300_000_000;
const TWO_DAYS: i64 = 2 * 86_400_000;

/// Messages of a time each, one a line.
fn lines(times: impl IntoIterator<Item = i64>) -> String {
    let mut script = String::new();
    for (number, time) in times.into_iter().enumerate() {
        write!(script, "m {number} {time}, ").unwrap();
    }
    events(&script)
}

/// Messages a second each.
fn day(count: i64) -> impl Iterator<Item = i64> + Clone {
    (0..count).map(|second| DAY + second * 1_000)
}

/// Applied, late and future; and the lines that were reported.
fn fates(input: &str, lateness_ms: u64) -> ([u64; 3], Vec<u64>) {
    let summary = run(input.as_bytes(), &settings(lateness_ms))
        .result
        .unwrap();
    assert_eq!(summary.counters.accounting_gap(), 0);
    (counts(&summary), shown(&summary))
}

fn counts(summary: &Summary) -> [u64; 3] {
    let counters = &summary.counters;
    [counters.applied, counters.late, counters.future]
}

fn shown(summary: &Summary) -> Vec<u64> {
    summary.strays.shown().map(|stray| stray.line).collect()
}

#[test]
fn a_wrong_first_line_is_refused_and_the_rest_is_not() {
    let check = |wrong: &[i64], expected: [u64; 3], reported: &[u64]| {
        for (lateness_ms, count) in [(0, 30), (400, 30), (0, 3_000), (400, 3_000)] {
            let input = lines(wrong.iter().copied().chain(day(count)));
            let (mut fates, lines) = fates(&input, lateness_ms);
            fates[0] -= u64::try_from(count).unwrap();
            assert_eq!(fates, expected, "{wrong:?} {lateness_ms} {count}");
            assert_eq!(lines, reported, "{wrong:?}");
        }
    };
    check(&[], [0, 0, 0], &[]);
    check(&[YEAR_9999], [0, 0, 1], &[1]);
    check(&[0], [0, 1, 0], &[1]);
    check(&[DAY - TWO_DAYS], [0, 1, 0], &[1]);
    check(&[DAY + TWO_DAYS], [0, 0, 1], &[1]);
    // The first two, or three, each wrong in its own way.
    check(&[YEAR_9999, 0], [0, 1, 1], &[1, 2]);
    check(&[0, YEAR_9999], [0, 1, 1], &[1, 2]);
    check(&[0, YEAR_9999, YEAR_9999], [0, 1, 2], &[1, 2, 3]);
}

#[test]
fn a_wrong_line_in_the_middle_is_refused_by_its_number() {
    for lateness_ms in [0, 400] {
        for wrong in [YEAR_9999, DAY + TWO_DAYS, 0] {
            let times = day(50)
                .chain([wrong])
                .chain((50..2_000).map(|second| DAY + second * 1_000));
            // An empty line before every line.
            let input = lines(times).replace('{', "\n{").replace("\":\n{", "\":{");
            let (fates, lines) = fates(&input, lateness_ms);
            assert_eq!((fates[0], fates[1] + fates[2]), (2_000, 1), "{wrong}");
            assert_eq!(lines, [102], "{wrong}");
        }
    }
}

#[test]
fn wrong_lines_among_good_ones_lose_the_vote() {
    // Each third line is wrong, the first one too.
    let times = (0..3_000).map(|line| match line % 3 {
        0 => YEAR_9999,
        _ => DAY + line * 1_000,
    });
    let summary = run(lines(times).as_bytes(), &settings(0)).result.unwrap();
    assert_eq!(counts(&summary), [2_000, 0, 1_000]);
    assert_eq!((summary.strays.count, shown(&summary).len()), (1_000, 5));
    // A tie follows the first.
    let times = (0..2_000).map(|line| match line % 2 {
        0 => DAY + line * 10,
        _ => YEAR_9999,
    });
    let summary = run(lines(times).as_bytes(), &settings(0)).result.unwrap();
    assert_eq!(counts(&summary), [1_000, 0, 1_000]);
}

#[test]
fn a_line_alone_is_followed() {
    for time in [0, DAY, YEAR_9999] {
        let outcome = run(lines([time]).as_bytes(), &settings(0));
        assert_eq!(counts(&outcome.result.unwrap()), [1, 0, 0], "{time}");
        assert_eq!(outcome.output.lines().count(), 1);
    }
    // Lines that are no events do not vote.
    let (fates, lines) = fates(&[&lines([DAY]), "oops\n", "{}\n"].concat(), 0);
    assert_eq!((fates, lines.len()), ([1, 0, 0], 0));
}

#[test]
fn a_gap_in_the_file_is_followed_without_steps_for_it() {
    for lateness_ms in [0, 400] {
        let times = day(3).chain(day(3).map(|time| time + TWO_DAYS));
        let outcome = run(lines(times).as_bytes(), &settings(lateness_ms));
        let summary = outcome.result.unwrap();
        assert_eq!(counts(&summary), [6, 0, 0], "{lateness_ms}");
        assert_eq!(summary.strays.count, 0);
        let printed: Vec<Vec<f64>> = steps(&outcome.output, &["received", "messagesPerMinute"]);
        let expected = [
            (DAY + 1_000, [1.0, 30.0]),
            (DAY + 2_000, [2.0, 60.0]),
            (DAY + 3_000, [3.0, 60.0]),
            (DAY + TWO_DAYS + 1_000, [4.0, 30.0]),
            (DAY + TWO_DAYS + 2_000, [5.0, 60.0]),
            (DAY + TWO_DAYS + 3_000, [6.0, 60.0]),
        ];
        for (row, (at, values)) in printed.iter().zip(expected) {
            assert_eq!(row[0], at as f64, "{lateness_ms}");
            assert_eq!(row[1..], values, "{lateness_ms}");
        }
        assert_eq!(printed.len(), expected.len());
    }
}

#[test]
fn a_gap_is_followed_past_a_wrong_line_or_a_straggler() {
    // The line after the first one past the gap is from before it.
    let times = day(10)
        .chain([DAY + TWO_DAYS, DAY + 9_500])
        .chain((1..20).map(|second| DAY + TWO_DAYS + second * 1_000));
    let (found, reported) = fates(&lines(times), 0);
    assert_eq!((found, reported), ([30, 1, 0], vec![12]));
    // The first line past the gap is wrong.
    let times = day(10)
        .chain([YEAR_9999])
        .chain((0..20).map(|second| DAY + TWO_DAYS + second * 1_000));
    let (found, reported) = fates(&lines(times), 0);
    assert_eq!((found, reported), ([30, 0, 1], vec![11]));
}

#[test]
fn every_vote_ends() {
    const MINUTE: i64 = 60_000;
    for lateness_ms in [0, 2 * HOUR_MS] {
        // What the majority comes to in the end is where the wrong line was.
        let times = [0, 1, 90, 54, 84, 96].map(|minute| DAY + minute * MINUTE);
        let (found, reported) = fates(&lines(times), lateness_ms);
        assert_eq!((found, reported), ([5, 0, 1], vec![3]), "{lateness_ms}");
        // One line alone between two parts of a file.
        let times = day(10)
            .chain([DAY + TWO_DAYS])
            .chain(day(600).map(|time| time + 2 * TWO_DAYS));
        let (found, reported) = fates(&lines(times), lateness_ms);
        assert_eq!((found, reported), ([610, 0, 1], vec![11]), "{lateness_ms}");
    }
}

#[test]
fn lines_all_far_apart_are_followed_one_by_one() {
    let times = (0..300).map(|line| DAY + line * TWO_DAYS);
    let summary = run(lines(times).as_bytes(), &settings(0)).result.unwrap();
    assert_eq!((counts(&summary), summary.steps), ([300, 0, 0], 300));
    // And backwards: the first is followed, the others are late.
    let times = (0..300).map(|line| DAY - line * TWO_DAYS);
    let summary = run(lines(times).as_bytes(), &settings(0)).result.unwrap();
    assert_eq!((counts(&summary), summary.steps), ([1, 299, 0], 1));
    assert_eq!(summary.strays.count, 299);
}

#[test]
fn what_is_out_of_order_but_retained_is_no_stray() {
    // A jump of an hour, a window of two seconds and a lateness of two hours.
    let (found, reported) = fates(&lines([DAY, DAY - 5_400_000, DAY + 1_000]), 2 * HOUR_MS);
    assert_eq!((found, reported.len()), ([3, 0, 0], 0));
}

#[test]
fn the_last_millisecond_there_is_has_its_step() {
    let last = 253_402_300_799_999;
    for lateness_ms in [0, 400] {
        let outcome = run(lines([last - 1, last]).as_bytes(), &settings(lateness_ms));
        assert_eq!(counts(&outcome.result.unwrap()), [2, 0, 0]);
        let rows = steps(&outcome.output, &["received"]);
        assert_eq!(rows, [[(last + 1) as f64, 2.0]]);
    }
}
