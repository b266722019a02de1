//! `--fail-if 'p99>5ms'`: limits that a run is held to.

use std::fmt;
use std::str::FromStr;

use super::Report;
use crate::config::duration;

/// What to write, for messages.
const GRAMMAR: &str = "write a metric (p50 p90 p99 p99.9 p99.99 max slip unsent missing lost gaps rate), \
                       one of < <= > >=, and a time such as 5ms or a number";

/// A statement about a report that makes the run fail when it is true.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    metric: Metric,
    relation: Relation,
    /// Milliseconds for a time.
    limit: f64,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    P50,
    P90,
    P99,
    P999,
    P9999,
    Max,
    Slip,
    Unsent,
    Missing,
    Lost,
    Gaps,
    Rate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Below,
    AtMost,
    Above,
    AtLeast,
}

const METRICS: [(&str, Metric); 12] = [
    ("p50", Metric::P50),
    ("p90", Metric::P90),
    ("p99", Metric::P99),
    ("p99.9", Metric::P999),
    ("p99.99", Metric::P9999),
    ("max", Metric::Max),
    ("slip", Metric::Slip),
    ("unsent", Metric::Unsent),
    ("missing", Metric::Missing),
    ("lost", Metric::Lost),
    ("gaps", Metric::Gaps),
    ("rate", Metric::Rate),
];

/// The longer ones first: one is the beginning of another.
const RELATIONS: [(&str, Relation); 4] = [
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("<", Relation::Below),
    (">", Relation::Above),
];

impl Threshold {
    /// What the metric is in `report`, if the statement is true of it: then the run fails.
    pub fn crossed(&self, report: &Report) -> Option<f64> {
        let value = self.metric.of(report);
        let is_true = match self.relation {
            Relation::Below => value < self.limit,
            Relation::AtMost => value <= self.limit,
            Relation::Above => value > self.limit,
            Relation::AtLeast => value >= self.limit,
        };
        is_true.then_some(value)
    }

    /// What its metric is counted in, with a space before it; empty for counts.
    pub fn unit(&self) -> &'static str {
        match self.metric {
            Metric::Rate => " events/s",
            metric if metric.is_time() => " ms",
            _ => "",
        }
    }
}

impl Metric {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn of(self, report: &Report) -> f64 {
        let latency = &report.corrected;
        match self {
            Self::P50 => latency.p50_ms,
            Self::P90 => latency.p90_ms,
            Self::P99 => latency.p99_ms,
            Self::P999 => latency.p99_9_ms,
            Self::P9999 => latency.p99_99_ms,
            Self::Max => latency.max_ms,
            Self::Slip => report.slip.max_ms,
            Self::Unsent => report.totals.unsent as f64,
            Self::Missing => report.totals.missing as f64,
            Self::Lost => report.totals.lost as f64,
            Self::Gaps => report.totals.gaps as f64,
            Self::Rate => report.rate_per_s,
        }
    }

    const fn is_time(self) -> bool {
        match self {
            Self::P50 | Self::P90 | Self::P99 | Self::P999 | Self::P9999 | Self::Max => true,
            Self::Slip => true,
            Self::Unsent | Self::Missing | Self::Lost | Self::Gaps | Self::Rate => false,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || GRAMMAR.to_owned();
        let (relation, (metric, limit)) = RELATIONS
            .iter()
            .find_map(|(sign, relation)| Some((*relation, text.split_once(sign)?)))
            .ok_or_else(refuse)?;
        let (metric, limit) = (metric.trim(), limit.trim());
        let (_, metric) = METRICS
            .iter()
            .find(|(name, _)| *name == metric)
            .ok_or_else(refuse)?;
        let limit = if metric.is_time() {
            duration::parse(limit)?.as_secs_f64() * 1e3
        } else {
            let number: Option<f64> = limit.parse().ok();
            number
                .filter(|number| number.is_finite() && *number >= 0.0)
                .ok_or_else(refuse)?
        };
        Ok(Self {
            metric: *metric,
            relation,
            limit,
            text: text.trim().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_true_or_not() {
        let mut report = Report::example();
        report.corrected.p99_ms = 5.0;
        report.corrected.p99_9_ms = 9.0;
        report.totals.missing = 2;
        (report.totals.lost, report.totals.gaps) = (7, 1);
        report.rate_per_s = 990.0;
        let check = |text: &str, expected: Option<f64>| {
            let threshold: Threshold = text.parse().unwrap();
            assert_eq!(threshold.crossed(&report), expected, "{text}");
        };
        check("p99>5ms", None);
        check("p99>=5ms", Some(5.0));
        check("p99 > 4999us", Some(5.0));
        check("p99.9>5ms", Some(9.0));
        check("missing>0", Some(2.0));
        check("missing > 2", None);
        check("lost>0", Some(7.0));
        check("lost>7", None);
        check("gaps>=1", Some(1.0));
        check("rate<1000", Some(990.0));
        check("rate<=989.5", None);
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        for text in [
            "",
            "p99",
            "p99=5ms",
            "p98>5ms",
            "p99>",
            "p99>5",
            "p99>soon",
            "rate<5ms",
            "missing>-1",
            "rate>nan",
            ">5ms",
        ] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
