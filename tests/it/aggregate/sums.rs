//! Groups sum to the total, and series to the window.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use streamgauge::config::AggregateSettings;
use streamgauge::config::ClockRule;
use streamgauge::histogram::Histogram;
use streamgauge::histogram::Quantile;
use streamgauge::metric::Measure;
use streamgauge::snapshot::Dimension;
use streamgauge::snapshot::GROUP_WINDOWS_MS;
use streamgauge::snapshot::Group;
use streamgauge::snapshot::GroupChange;
use streamgauge::snapshot::Snapshot;
use streamgauge::snapshot::WindowStats;
use streamgauge::time::EpochMs;
use streamgauge::window::Width;

use super::Engine;
use super::history;
use super::history::History;
use super::history::Step;

/// What counts of sessions and of messages, and durations.
type Sums = [u64; 7];

proptest! {
    #![proptest_config(crate::seeds::config())]

    #[test]
    fn groups_sum_to_the_total_and_series_to_the_window(history in history::histories_of_a_good_clock()) {
        let (mut engine, before) = play(&history);
        // In the last bucket of ten seconds the windows of groups and of the total are the same; not
        // in those that have begun, whose last bucket the clock may be in already.
        let end = EpochMs::from_ms((before.now.ms().div_euclid(10_000) + 2) * 10_000);
        engine.play(&Step::Advance(end - 1));
        let cut = engine.snapshot().clone();
        prop_assert_eq!(cut.groups.as_of, cut.now);
        for dimension in Dimension::ALL {
            groups_sum_to_the_total(&cut, dimension)?;
        }
        // The second that has just passed ends the series.
        engine.play(&Step::Advance(end));
        let passed = engine.snapshot();
        prop_assert_eq!(passed.series.end(), Some(end));
        for (length_ms, window) in windows(&cut) {
            let seconds = usize::try_from(length_ms / 1_000).unwrap();
            series_sum_to_the_window(passed, window, seconds)?;
        }
    }
}

proptest! {
    #![proptest_config(crate::seeds::config())]

    #[test]
    fn percentiles_of_all_groups_are_those_of_the_total(
        history in history::histories_of_a_good_clock(),
        width_ms in select(vec![100_u32, 250, 1_000, 9_000]),
        passes in vec(1..400_i64, 0..6),
    ) {
        let (mut engine, before) = play_with(&history, Width::from_ms(width_ms).unwrap());
        let mut second = before.now.second();
        // A second is a tick of the groups whatever the bucket.
        for passed in std::iter::once(1).chain(passes) {
            second += passed;
            engine.play(&Step::Advance(EpochMs::from_ms(second * 1_000)));
            histograms_of_groups_are_those_of_the_total(engine.snapshot())?;
        }
    }
}

/// Plays a history to an engine that has the windows of groups for the total too.
fn play(history: &History) -> (Engine, Snapshot) {
    play_with(history, Width::DEFAULT)
}

/// The same with buckets of a width, which leave out some of the windows.
fn play_with(history: &History, width: Width) -> (Engine, Snapshot) {
    let fits = |ms: &u32| ms.is_multiple_of(width.ms());
    let lengths: Vec<u32> = GROUP_WINDOWS_MS.into_iter().rev().filter(fits).collect();
    let settings = AggregateSettings {
        groups_max: history.settings.groups_max,
        clock: ClockRule::Wall { skew_ms: 5_000 },
        ..AggregateSettings::new(width, lengths[0], &lengths[1..]).unwrap()
    };
    let mut engine = Engine::new(&settings, history.start);
    engine.play(&Step::Advance(history.start));
    for step in &history.steps {
        engine.play(step);
    }
    let snapshot = engine.snapshot().clone();
    (engine, snapshot)
}

fn histograms_of_groups_are_those_of_the_total(cut: &Snapshot) -> Result<(), TestCaseError> {
    for (index, length_ms) in GROUP_WINDOWS_MS.into_iter().enumerate() {
        let mut windows = cut.windows.iter();
        let total = windows.find(|window| window.length_ms == length_ms);
        // Groups have percentiles of a minute and an hour.
        let Some(total) = total.filter(|_| [1, 3].contains(&index)) else {
            continue;
        };
        let measures = Measure::ALL.into_iter();
        let dimensions = [Dimension::Queue, Dimension::Deployment];
        for (measure, dimension) in measures.flat_map(|all| dimensions.map(|by| (all, by))) {
            let mut sum = Histogram::default();
            for group in cut.groups.by(dimension).iter() {
                let window = cut.groups.window(group, index);
                prop_assert_eq!(window.pane_ms, total.pane_ms);
                window
                    .measured
                    .get(measure)
                    .iter()
                    .for_each(|own| sum.add(own));
            }
            let total = total.measured.get(measure).map(|own| (**own).clone());
            let total = total.unwrap_or_default();
            let asked = [Quantile::P50, Quantile::P90, Quantile::P99];
            prop_assert_eq!(sum.quantiles(asked), total.quantiles(asked));
            prop_assert_eq!(sum, total, "{} of {} ms", dimension.label(), length_ms);
        }
    }
    Ok(())
}

/// Lengths and the total's windows, by the order of the groups' windows.
fn windows(snapshot: &Snapshot) -> impl Iterator<Item = (u32, &WindowStats)> {
    GROUP_WINDOWS_MS.iter().map(|length_ms| {
        let mut all = snapshot.windows.iter();
        let found = all.find(|window| window.length_ms == *length_ms);
        (*length_ms, found.unwrap())
    })
}

fn groups_sum_to_the_total(cut: &Snapshot, dimension: Dimension) -> Result<(), TestCaseError> {
    let groups: Vec<&Group> = cut.groups.by(dimension).iter().collect();
    let of_sessions = dimension != Dimension::Direction;
    for (index, (length_ms, total)) in windows(cut).enumerate() {
        let mut sum = Sums::default();
        for group in &groups {
            for (sum, more) in sum.iter_mut().zip(sums(&group.windows[index])) {
                *sum += more;
            }
        }
        let mut expected = sums(total);
        if !of_sessions {
            expected[1..].fill(0);
        }
        prop_assert_eq!(sum, expected, "{} of {} ms", dimension.label(), length_ms);
    }
    let open: u64 = groups.iter().map(|group| group.open_sessions).sum();
    prop_assert_eq!(open, if of_sessions { cut.sessions.open } else { 0 });
    Ok(())
}

fn series_sum_to_the_window(
    passed: &Snapshot,
    window: &WindowStats,
    seconds: usize,
) -> Result<(), TestCaseError> {
    let expected = [window.connections, window.disconnections, window.messages];
    let mut sum = [0_u64; 3];
    for second in passed.series.total().rev().take(seconds) {
        let counts = [second.connections, second.disconnections, second.messages];
        for (sum, count) in sum.iter_mut().zip(counts) {
            *sum += u64::from(count);
        }
    }
    prop_assert_eq!(sum, expected, "total, {} s", seconds);
    if seconds > streamgauge::snapshot::GROUP_SECONDS {
        return Ok(());
    }
    for dimension in Dimension::ALL {
        let mut sum = [0_u64; 3];
        for second in passed.series.seconds_of_groups().rev().take(seconds) {
            for (_, change) in &second.groups[dimension.index()] {
                let GroupChange {
                    connections,
                    disconnections,
                    messages,
                    ..
                } = *change;
                for (sum, count) in sum.iter_mut().zip([connections, disconnections, messages]) {
                    *sum += u64::from(count);
                }
            }
        }
        let mut expected = expected;
        if dimension == Dimension::Direction {
            expected[..2].fill(0);
        }
        prop_assert_eq!(sum, expected, "{}, {} s", dimension.label(), seconds);
    }
    Ok(())
}

fn sums(window: &WindowStats) -> Sums {
    [
        window.messages,
        window.connections,
        window.active_sessions,
        window.closed_sessions,
        window.closed_duration_ms,
        window.disconnections,
        window.ended_messages,
    ]
}
