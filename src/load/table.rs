//! A report as text for people.

use super::Report;
use super::report::Totals;

/// The report as it is printed at the end of a run.
pub fn table(report: &Report) -> String {
    let mut lines = vec![format!(
        "{:<8} {:>13} {:>15}",
        "", "corrected ms", "uncorrected ms"
    )];
    let rows = report
        .corrected
        .rows()
        .into_iter()
        .zip(report.uncorrected.rows());
    for ((name, corrected), (_, uncorrected)) in rows {
        lines.push(format!("{name:<8} {corrected:>13.3} {uncorrected:>15.3}"));
    }
    lines.push(String::new());
    let mut row = |name: &str, value: String| lines.push(format!("{name:<10} {value}"));
    let Totals {
        planned,
        sent,
        unsent,
        visible,
        lost,
        missing,
        gaps,
        ..
    } = report.totals;
    let planned = planned.map_or_else(String::new, |planned| format!(" of {planned} planned"));
    row("sent", format!("{sent} events{planned}, {unsent} unsent"));
    row(
        "visible",
        format!("{visible}, {missing} missing, {lost} lost in {gaps} gaps"),
    );
    row(
        "rate",
        format!(
            "{:.0} events/s, {:.2} MB/s",
            report.rate_per_s,
            report.bytes_per_s / 1e6
        ),
    );
    if let Some(arrival) = report.arrival {
        row(
            "arrival",
            format!(
                "to visible p50 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms, by the engine's clock, \
                 which does not see its own pauses ({} events)",
                arrival.p50_ms, arrival.p99_ms, arrival.p99_9_ms, arrival.count
            ),
        );
    }
    row(
        "slip",
        format!(
            "p99 {:.3} ms, max {:.3} ms",
            report.slip.p99_ms, report.slip.max_ms
        ),
    );
    if let Some(queries) = report.queries {
        row(
            "queries",
            format!(
                "{:.0}/s, p50 {:.3} ms, p99 {:.3} ms, {} errors",
                queries.per_s, queries.p50_ms, queries.p99_ms, queries.errors
            ),
        );
    }
    if let Some(cpu) = report.cpu {
        let engine = match report.settings.target {
            None => format!("engine {:.2} (ingest, writer, server), ", cpu.engine),
            Some(_) => String::new(),
        };
        row(
            "cores",
            format!(
                "{engine}generator {:.2}, watcher and readers {:.2}",
                cpu.generator, cpu.readers
            ),
        );
    }
    let machine = &report.machine;
    row(
        "machine",
        format!(
            "{}, {} cores, {}",
            machine.cpu.as_deref().unwrap_or("unknown processor"),
            machine.cores,
            machine.system
        ),
    );
    let settings = &report.settings;
    let rate = settings
        .rate_per_s
        .map_or_else(|| "max".to_owned(), |per_s| per_s.to_string());
    let faults = match settings.faults {
        0 => String::new(),
        count => format!(", {count} of --fault"),
    };
    row(
        "settings",
        format!(
            "--profile {} --rate {rate} --duration {} --warmup {} --seed {} --queries {}{faults}",
            settings.profile, settings.duration, settings.warmup, settings.seed, settings.queries
        ),
    );
    row(
        "version",
        format!(
            "{}, commit {}",
            report.version,
            report.commit.as_deref().unwrap_or("unknown")
        ),
    );
    for step in &report.steps {
        let p99 = step
            .p99_ms
            .map_or_else(String::new, |p99| format!(" p99 {p99:.3} ms"));
        let verdict = step.fails.as_deref().unwrap_or("holds");
        row(
            "step",
            format!("{:.0} events/s{p99}: {verdict}", step.rate_per_s),
        );
    }
    if !report.steps.is_empty() {
        let highest = report.sustainable_per_s.map_or_else(
            || "none; begin lower with --rate".to_owned(),
            |per_s| format!("{per_s:.0} events/s"),
        );
        row("highest", highest);
    }
    for note in &report.notes {
        row("note", note.clone());
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::Arrival;
    use crate::load::report::Cpu;
    use crate::load::report::Queries;
    use crate::load::search::Step;

    #[test]
    fn every_figure_stands_in_the_table() {
        let mut report = Report::example();
        (report.corrected.p99_ms, report.uncorrected.p99_ms) = (9.75, 1.25);
        report.totals = Totals {
            planned: Some(120),
            sent: 110,
            frames: 110,
            unsent: 10,
            visible: 100,
            lost: 7,
            missing: 3,
            gaps: 2,
            bytes: 5_000,
        };
        report.arrival = Some(Arrival {
            count: 100,
            p50_ms: 0.125,
            p99_ms: 0.5,
            p99_9_ms: 2.5,
            max_ms: 3.0,
        });
        report.queries = Some(Queries {
            requests: 50,
            errors: 1,
            per_s: 25.0,
            p50_ms: 0.5,
            p99_ms: 0.75,
        });
        report.cpu = Some(Cpu {
            generator: 0.5,
            engine: 0.75,
            readers: 0.1,
        });
        report.steps.push(Step {
            rate_per_s: 1_000.0,
            p99_ms: Some(1.0),
            fails: None,
        });
        report.sustainable_per_s = Some(1_000.0);
        report.notes.push("mind this".to_owned());
        let text = table(&report);
        for part in [
            "p99              9.750           1.250",
            "110 events of 120 planned, 10 unsent",
            "100, 3 missing, 7 lost in 2 gaps",
            "to visible p50 0.125 ms, p99 0.500 ms, p99.9 2.500 ms",
            "25/s, p50 0.500 ms, p99 0.750 ms, 1 errors",
            "engine 0.75 (ingest, writer, server), generator 0.50",
            "1000 events/s p99 1.000 ms: holds",
            "highest    1000 events/s",
            "note       mind this",
            "--rate 10000 --duration 10s",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
