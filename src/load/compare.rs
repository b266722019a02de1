//! Two reports side by side, with the ratio of each figure and a verdict.

use super::Report;

/// Figures that differ by less than this share count as the same: runs on one machine do.
const NOISE: f64 = 0.1;

/// Whether more of a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Better {
    Less,
    More,
}

/// The comparison as text: `b` against `a`.
///
/// The verdict goes by rate, p50, p99 and p99.9 of the corrected latency, and the highest rate that
/// held where both searched for one. Runs that were asked for different things, on different machines
/// or that did not see all of their events have none.
pub fn compare(a: &Report, b: &Report) -> String {
    let mut lines = vec![format!("{:<16} {:>13} {:>13} {:>8}", "", "a", "b", "b/a")];
    let differences = differences(a, b);
    for (name, a, b) in &differences {
        lines.push(format!("{name:<16} {a:>13} {b:>13}  differs"));
    }
    let (mut better, mut worse) = (Vec::new(), Vec::new());
    let mut row = |name: &str, a: f64, b: f64, judged: Option<Better>| {
        let ratio = b / a;
        let shown = match ratio.is_finite() {
            true => format!("{ratio:.3}"),
            false => "-".to_owned(),
        };
        lines.push(format!("{name:<16} {a:>13.3} {b:>13.3} {shown:>8}"));
        let is_up = ratio > 1.0 + NOISE;
        let is_down = ratio < 1.0 / (1.0 + NOISE);
        match judged {
            Some(Better::Less) if is_up => worse.push(name.to_owned()),
            Some(Better::Less) if is_down => better.push(name.to_owned()),
            Some(Better::More) if is_up => better.push(name.to_owned()),
            Some(Better::More) if is_down => worse.push(name.to_owned()),
            _ => {}
        }
    };
    row(
        "rate events/s",
        a.rate_per_s,
        b.rate_per_s,
        Some(Better::More),
    );
    if let (Some(a), Some(b)) = (a.sustainable_per_s, b.sustainable_per_s) {
        row("highest events/s", a, b, Some(Better::More));
    }
    for ((name, a), (_, b)) in a.corrected.rows().into_iter().zip(b.corrected.rows()) {
        let judged = matches!(name, "p50" | "p99" | "p99.9").then_some(Better::Less);
        row(&format!("{name} ms"), a, b, judged);
    }
    row("slip max ms", a.slip.max_ms, b.slip.max_ms, None);
    if let (Some(a), Some(b)) = (a.queries, b.queries) {
        row("queries/s", a.per_s, b.per_s, None);
    }
    if let (Some(a), Some(b)) = (a.cpu, b.cpu) {
        row("engine cores", a.engine, b.engine, None);
    }
    let obstacles = obstacles(a, b, &differences);
    if !obstacles.is_empty() {
        lines.push(format!("verdict: none: {}", obstacles.join("; ")));
        return lines.join("\n") + "\n";
    }
    let verdict = match (better.is_empty(), worse.is_empty()) {
        (true, true) => "the same within 10 %".to_owned(),
        (false, true) => format!("b is better: {}", better.join(", ")),
        (true, false) => format!("b is worse: {}", worse.join(", ")),
        (false, false) => format!(
            "mixed: b is better in {}, worse in {}",
            better.join(", "),
            worse.join(", ")
        ),
    };
    lines.push(format!("verdict: {verdict}"));
    lines.join("\n") + "\n"
}

/// Why no run of the two can be called the better one; empty when one can.
fn obstacles(a: &Report, b: &Report, differences: &[(&str, String, String)]) -> Vec<String> {
    let mut obstacles = Vec::new();
    if !differences.is_empty() {
        let names: Vec<&str> = differences.iter().map(|(name, ..)| *name).collect();
        obstacles.push(format!("they differ in {}", names.join(", ")));
    }
    for (name, report) in [("a", a), ("b", b)] {
        if report.corrected.count == 0 {
            obstacles.push(format!("{name} measured no event"));
        }
        if report.totals.missing > 0 {
            obstacles.push(format!("events are missing in {name}"));
        }
    }
    obstacles
}

/// What was asked for or where it ran, as far as two runs differ in it.
fn differences(a: &Report, b: &Report) -> Vec<(&'static str, String, String)> {
    let rate = |report: &Report| {
        let per_s = report.settings.rate_per_s;
        per_s.map_or_else(|| "max".to_owned(), |per_s| per_s.to_string())
    };
    let engine = |report: &Report| match report.settings.target {
        None => "in process".to_owned(),
        Some(_) => "elsewhere".to_owned(),
    };
    let cpu = |report: &Report| {
        let model = report.machine.cpu.as_deref().unwrap_or("unknown");
        model.chars().take(13).collect()
    };
    let all = [
        (
            "profile",
            a.settings.profile.clone(),
            b.settings.profile.clone(),
        ),
        ("rate", rate(a), rate(b)),
        (
            "duration",
            a.settings.duration.clone(),
            b.settings.duration.clone(),
        ),
        (
            "warmup",
            a.settings.warmup.clone(),
            b.settings.warmup.clone(),
        ),
        (
            "faults",
            a.settings.faults.to_string(),
            b.settings.faults.to_string(),
        ),
        ("engine", engine(a), engine(b)),
        (
            "queries",
            a.settings.queries.to_string(),
            b.settings.queries.to_string(),
        ),
        (
            "cores",
            a.machine.cores.to_string(),
            b.machine.cores.to_string(),
        ),
        ("processor", cpu(a), cpu(b)),
    ];
    all.into_iter().filter(|(_, a, b)| a != b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_goes_by_what_differs_beyond_noise() {
        let check = |change: fn(&mut Report), expected: &str| {
            let a = Report::example();
            let mut b = a.clone();
            change(&mut b);
            let text = compare(&a, &b);
            assert_eq!(text.lines().last(), Some(expected), "{text}");
        };
        check(|_| {}, "verdict: the same within 10 %");
        check(
            |b| b.corrected.p99_ms *= 1.09,
            "verdict: the same within 10 %",
        );
        check(
            |b| b.corrected.max_ms *= 9.0,
            "verdict: the same within 10 %",
        );
        check(|b| b.corrected.p99_ms *= 1.2, "verdict: b is worse: p99 ms");
        check(
            |b| b.corrected.p50_ms *= 0.5,
            "verdict: b is better: p50 ms",
        );
        check(
            |b| {
                b.rate_per_s *= 2.0;
                b.corrected.p99_9_ms *= 2.0;
            },
            "verdict: mixed: b is better in rate events/s, worse in p99.9 ms",
        );
    }

    #[test]
    fn ratios_and_different_settings_are_shown() {
        let a = Report::example();
        let mut b = a.clone();
        b.rate_per_s = 15_000.0;
        b.settings.profile = "burst".to_owned();
        let text = compare(&a, &b);
        let line = "rate events/s        10000.000     15000.000    1.500";
        assert!(text.contains(line), "{text}");
        let line = "profile               constant         burst  differs";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn runs_that_cannot_be_compared_have_no_winner() {
        let check = |change: fn(&mut Report), expected: &str| {
            let a = Report::example();
            let mut b = a.clone();
            // Much better, so that there would be a winner.
            b.corrected.p99_ms *= 0.1;
            change(&mut b);
            for (text, name) in [(compare(&a, &b), "b"), (compare(&b, &a), "a")] {
                let expected = format!("verdict: none: {}", expected.replace('@', name));
                assert_eq!(text.lines().last(), Some(expected.as_str()), "{text}");
            }
        };
        check(
            |b| b.settings.profile = "burst".to_owned(),
            "they differ in profile",
        );
        check(
            |b| {
                b.settings.rate_per_s = Some(1.0);
                b.settings.queries = 8;
            },
            "they differ in rate, queries",
        );
        check(|b| b.settings.faults = 1, "they differ in faults");
        check(
            |b| b.settings.warmup = "0s".to_owned(),
            "they differ in warmup",
        );
        check(|b| b.machine.cores += 1, "they differ in cores");
        check(
            |b| b.settings.target = Some("http://there/".to_owned()),
            "they differ in engine",
        );
        check(|b| b.totals.missing = 1, "events are missing in @");
        check(|b| b.corrected.count = 0, "@ measured no event");
    }
}
