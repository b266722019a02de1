//! What a run found, as data: this is the JSON that tools and `load compare` read.

use serde::Deserialize;
use serde::Serialize;

use super::LoadSettings;
use super::machine::Machine;
use super::search::Step;
use super::seconds::ms;
use crate::config::duration;
use crate::histogram::FineHistogram;
use crate::histogram::Quantile;
use crate::latency::Histogram;
use crate::simulate::Rate;

/// The form of a report; another number means that fields have changed their meaning.
const FORMAT: u32 = 1;

/// One run. Latencies are in milliseconds, everything else as its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The form of this report: 1.
    pub format: u32,
    /// The program's version.
    pub version: String,
    /// The commit it was built from, where the build knew.
    pub commit: Option<String>,
    /// When the measurement began, RFC 3339 in UTC.
    pub started: String,
    /// Where it ran.
    pub machine: Machine,
    /// What was asked for.
    pub settings: Shown,
    /// From the moment an event was due until a reader could see it.
    pub corrected: Latency,
    /// From the moment it was given to the socket.
    pub uncorrected: Latency,
    /// From the engine's read to the snapshot that shows the event, as the engine measured it, the
    /// warm-up included; `None` when it is elsewhere.
    #[serde(default)]
    pub arrival: Option<Arrival>,
    /// How late events were given to the socket.
    pub slip: Slip,
    /// What became of the events.
    pub totals: Totals,
    /// Events sent a second while it was measured.
    pub rate_per_s: f64,
    /// Bytes sent a second meanwhile, frame headers included.
    pub bytes_per_s: f64,
    /// The readers beside the load, if there were any.
    pub queries: Option<Queries>,
    /// Processor use while it was measured, in cores; `None` where the system does not tell.
    pub cpu: Option<Cpu>,
    /// The steps of a search.
    pub steps: Vec<Step>,
    /// The highest rate of them that held, in events a second.
    pub sustainable_per_s: Option<f64>,
    /// What the figures do not cover.
    pub notes: Vec<String>,
}

/// The settings of a run as a report shows them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Events a second; `None` is as many as the engine takes.
    pub rate_per_s: Option<f64>,
    /// How the rate changed.
    pub profile: String,
    /// How long it was measured.
    pub duration: String,
    /// How long it ran before that.
    pub warmup: String,
    /// What repeats the events.
    pub seed: u64,
    /// Readers beside the load.
    pub queries: usize,
    /// How many faults were asked for beside those of the profile.
    #[serde(default)]
    pub faults: usize,
    /// The engine elsewhere; `None` was in this process.
    pub target: Option<String>,
}

/// Quantiles of one histogram, in milliseconds, within 0.1 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// How many values.
    pub count: u64,
    /// The mean.
    pub mean_ms: f64,
    /// The median.
    pub p50_ms: f64,
    /// The 75th percentile.
    pub p75_ms: f64,
    /// The 90th percentile.
    pub p90_ms: f64,
    /// The 95th percentile.
    pub p95_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The 99.9th percentile.
    pub p99_9_ms: f64,
    /// The 99.99th percentile.
    pub p99_99_ms: f64,
    /// The greatest value.
    pub max_ms: f64,
}

/// Quantiles of the engine's own histogram, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// How many events.
    pub count: u64,
    /// The median.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The 99.9th percentile.
    pub p99_9_ms: f64,
    /// The greatest value.
    pub max_ms: f64,
}

/// Lateness of the sender, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slip {
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The greatest.
    pub max_ms: f64,
}

/// Events by what became of them, the warm-up included. With faults `visible`, `lost` and `missing`
/// count frames: copies and frames that are no event, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Due by the plan; `None` where there was none.
    pub planned: Option<u64>,
    /// Given to the socket.
    pub sent: u64,
    /// Given to the socket, in frames.
    pub frames: u64,
    /// Due, but not sent when the run ended.
    pub unsent: u64,
    /// Seen by a reader.
    pub visible: u64,
    /// Sent or due inside a gap that the engine recorded, and never seen: no fault of its books. A
    /// failure only where neither the profile nor a fault asked for it.
    pub lost: u64,
    /// Sent or due and never seen, outside every gap: always a failure.
    pub missing: u64,
    /// Gaps that the engine recorded.
    pub gaps: u64,
    /// Bytes sent while it was measured.
    pub bytes: u64,
}

/// The readers beside the load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queries {
    /// Good answers.
    pub requests: u64,
    /// Requests without one.
    pub errors: u64,
    /// Good answers a second.
    pub per_s: f64,
    /// The median time of an answer.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
}

/// Processor use in cores: 1 is one core all the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cpu {
    /// The sender's threads.
    pub generator: f64,
    /// The engine's threads: ingest, writer and the server's. 0 when it is elsewhere.
    pub engine: f64,
    /// The threads that watch and those that ask queries.
    pub readers: f64,
}

impl Report {
    /// The frame of a report, without any figure.
    pub(super) fn new(settings: &LoadSettings, started: String) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("STREAMGAUGE_COMMIT").map(str::to_owned),
            started,
            machine: Machine::this(),
            settings: Shown::of(settings),
            corrected: Latency::default(),
            uncorrected: Latency::default(),
            arrival: None,
            slip: Slip::default(),
            totals: Totals::default(),
            rate_per_s: 0.0,
            bytes_per_s: 0.0,
            queries: None,
            cpu: None,
            steps: Vec::new(),
            sustainable_per_s: None,
            notes: Vec::new(),
        }
    }

    /// Reads a report back.
    ///
    /// # Errors
    /// One line that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let report: Self = serde_json::from_str(text)
            .map_err(|error| format!("not a report of streamgauge load: {error}"))?;
        if report.format != FORMAT {
            return Err(format!(
                "a report in form {} and not {FORMAT}; compare runs of one version",
                report.format
            ));
        }
        Ok(report)
    }

    /// The report as JSON for people and tools.
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self)
            .unwrap_or_else(|error| unreachable!("strings and finite numbers are JSON: {error}"));
        text + "\n"
    }

    /// A report with figures to try things on.
    #[cfg(test)]
    pub(super) fn example() -> Self {
        let mut report = Self::new(&LoadSettings::new(), "2026-01-15T12:00:00.000Z".to_owned());
        let mut histogram = Histogram::new();
        for ms in 1..=1_000 {
            histogram.record(ms * 10_000, 1);
        }
        report.corrected = Latency::of(&histogram);
        report.uncorrected = report.corrected;
        report.rate_per_s = 10_000.0;
        report.arrival = Some(Arrival::default());
        report
    }
}

impl Shown {
    fn of(settings: &LoadSettings) -> Self {
        Self {
            rate_per_s: match settings.rate {
                Rate::PerSecond(per_s) => Some(per_s),
                Rate::Max => None,
            },
            profile: settings.profile.to_string(),
            duration: duration::format(settings.duration),
            warmup: duration::format(settings.warmup),
            seed: settings.seed,
            queries: settings.queries,
            faults: settings.faults.len(),
            // Scheme, host and path: a query could hold a secret.
            target: settings.target.as_ref().map(|url| {
                let text = url.to_string();
                text.split('?').next().unwrap_or_default().to_owned()
            }),
        }
    }
}

impl Arrival {
    /// The engine's quantiles.
    pub(super) fn of(times: &FineHistogram) -> Self {
        let quantile = |quantile| ms(times.quantile(quantile));
        Self {
            count: times.count(),
            p50_ms: quantile(Quantile::P50),
            p99_ms: quantile(Quantile::P99),
            p99_9_ms: quantile(Quantile::P999),
            max_ms: ms(times.max()),
        }
    }
}

impl Latency {
    /// The quantiles of a histogram.
    pub(super) fn of(histogram: &Histogram) -> Self {
        let quantile = |share| ms(histogram.quantile_ns(share));
        Self {
            count: histogram.count(),
            mean_ms: histogram.mean_ns() / 1e6,
            p50_ms: quantile(0.5),
            p75_ms: quantile(0.75),
            p90_ms: quantile(0.9),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            p99_9_ms: quantile(0.999),
            p99_99_ms: quantile(0.9999),
            max_ms: ms(histogram.max_ns()),
        }
    }

    /// The quantiles with their names, in order.
    pub(super) const fn rows(&self) -> [(&'static str, f64); 8] {
        [
            ("p50", self.p50_ms),
            ("p75", self.p75_ms),
            ("p90", self.p90_ms),
            ("p95", self.p95_ms),
            ("p99", self.p99_ms),
            ("p99.9", self.p99_9_ms),
            ("p99.99", self.p99_99_ms),
            ("max", self.max_ms),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_round_trips_and_others_are_refused() {
        let report = Report::example();
        assert_eq!(Report::parse(&report.json()), Ok(report.clone()));
        assert!(Report::parse("{}").unwrap_err().contains("not a report"));
        let other = report.json().replace("\"format\": 1", "\"format\": 2");
        assert!(Report::parse(&other).unwrap_err().contains("form 2"));
    }

    #[test]
    fn quantiles_of_even_values() {
        let latency = Report::example().corrected;
        for ((name, value), expected) in latency
            .rows()
            .into_iter()
            .zip([5.0, 7.5, 9.0, 9.5, 9.9, 9.99, 10.0, 10.0])
        {
            assert!((value / expected - 1.0).abs() < 0.001, "{name}: {value}");
        }
        assert!((latency.mean_ms / 5.005 - 1.0).abs() < 0.001);
    }
}
