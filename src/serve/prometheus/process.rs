//! What every process tells Prometheus of itself, under the names that all of them share. Read from
//! `/proc` at the scrape; what the system does not tell is left out.

use std::fs;

use super::family::Family;

/// What the kernel counts processor time in, a second; the same on every Linux.
const TICKS_PER_S: f64 = 100.0;

/// The process's families.
pub(super) fn families() -> Vec<Family> {
    let stat = read("/proc/self/stat").and_then(|text| Stat::parse(&text));
    let booted = read("/proc/stat").and_then(|text| number(&text, "btime"));
    let status = read("/proc/self/status").unwrap_or_default();
    let limits = read("/proc/self/limits").unwrap_or_default();
    let opened = fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
    let started = stat
        .zip(booted)
        .map(|(stat, booted)| booted + stat.started_s);
    let kib = |name| number(&status, name).map(|kib| kib * 1_024.0);
    let files_max = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    let counter = Family::counter(
        "process_cpu_seconds",
        "Total user and system CPU time spent in seconds.",
    );
    let gauges = [
        (
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            started,
        ),
        (
            "process_resident_memory_bytes",
            "Resident memory size in bytes.",
            kib("VmRSS:"),
        ),
        (
            "process_virtual_memory_bytes",
            "Virtual memory size in bytes.",
            kib("VmSize:"),
        ),
        (
            "process_open_fds",
            "Number of open file descriptors.",
            opened.and_then(|count| u32::try_from(count).ok().map(f64::from)),
        ),
        (
            "process_max_fds",
            "Maximum number of open file descriptors.",
            files_max,
        ),
    ];
    let mut families = vec![match stat {
        Some(stat) => counter.number(Vec::new(), stat.cpu_s),
        None => counter,
    }];
    for (name, help, value) in gauges {
        let family = Family::gauge(name, help);
        families.push(match value {
            Some(value) => family.number(Vec::new(), value),
            None => family,
        });
    }
    families
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The first number behind a word that begins a line.
fn number(text: &str, word: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// What a line of `stat` tells.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stat {
    cpu_s: f64,
    /// Since the system was booted.
    started_s: f64,
}

impl Stat {
    /// The name stands in brackets and may hold some.
    fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let seconds = |at: usize| Some(fields.get(at)?.parse::<f64>().ok()? / TICKS_PER_S);
        Some(Self {
            cpu_s: seconds(11)? + seconds(12)?,
            started_s: seconds(19)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_tells_two_times() {
        let line = "42 (a) b) S 1 42 42 0 -1 4194304 9 0 0 0 150 50 7 7 20 0 3 0 12300 4096";
        let expected = Stat {
            cpu_s: 2.0,
            started_s: 123.0,
        };
        assert_eq!(Stat::parse(line), Some(expected));
        assert_eq!(Stat::parse("42 (a) S 1"), None);
    }

    #[test]
    fn this_process_tells_everything() {
        let text = super::super::family::encode(families());
        for name in [
            "process_cpu_seconds_total",
            "process_start_time_seconds",
            "process_resident_memory_bytes",
            "process_virtual_memory_bytes",
            "process_open_fds",
            "process_max_fds",
        ] {
            let value = number(&text, &format!("{name} ")).unwrap_or(-1.0);
            let is_told = value > 0.0 || (name.starts_with("process_cpu") && value == 0.0);
            assert!(is_told, "{name}: {value}");
        }
    }
}
