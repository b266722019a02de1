//! One metric: its name, what it means, and its values by label.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::MetricEncoder;
use prometheus_client::encoding::text;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;

use crate::latency::STEP_BOUNDS_NS;
use crate::latency::Steps;

/// Labels of a value.
pub(super) type Labels = Vec<(&'static str, String)>;

/// A metric with all its values.
#[derive(Debug)]
pub(super) struct Family {
    /// Without the `_total` of a counter and the `_info` of an info, which the encoding adds.
    name: String,
    help: &'static str,
    kind: Kind,
    values: Vec<(Labels, Value)>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Count(u64),
    Number(f64),
    Times(Steps),
    /// Of an info: its labels are all there is.
    Labels,
}

impl Family {
    /// Something that only grows while the process lives.
    pub(super) fn counter(name: &str, help: &'static str) -> Self {
        Self::new(name, help, Kind::Counter)
    }

    /// Something that goes up and down.
    pub(super) fn gauge(name: &str, help: &'static str) -> Self {
        Self::new(name, help, Kind::Gauge)
    }

    /// Times, in seconds.
    pub(super) fn histogram(name: &str, help: &'static str) -> Self {
        Self::new(name, help, Kind::Histogram)
    }

    /// Labels that do not change while the process lives.
    pub(super) fn info(name: &str, help: &'static str, labels: Labels) -> Self {
        let mut family = Self::new(name, help, Kind::Info);
        family.values.push((labels, Value::Labels));
        family
    }

    fn new(name: &str, help: &'static str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            help,
            kind,
            values: Vec::new(),
        }
    }

    /// Adds a count.
    pub(super) fn count(mut self, labels: Labels, count: u64) -> Self {
        self.values.push((labels, Value::Count(count)));
        self
    }

    /// Adds a number.
    pub(super) fn number(mut self, labels: Labels, number: f64) -> Self {
        self.values.push((labels, Value::Number(number)));
        self
    }

    /// Adds times.
    pub(super) fn times(mut self, labels: Labels, steps: Steps) -> Self {
        self.values.push((labels, Value::Times(steps)));
        self
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        if self.values.is_empty() {
            // A metric of which nothing is known says nothing, not 0.
            return Ok(());
        }
        let kind = match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram => MetricType::Histogram,
            Kind::Info => MetricType::Info,
        };
        let mut metric = encoder.encode_descriptor(&self.name, self.help, None, kind)?;
        for (labels, value) in &self.values {
            if let Value::Labels = value {
                metric.encode_info(labels)?;
            } else if labels.is_empty() {
                self.encode_value(&mut metric, *value)?;
            } else {
                self.encode_value(&mut metric.encode_family(labels)?, *value)?;
            }
        }
        Ok(())
    }

    fn encode_value(&self, metric: &mut MetricEncoder<'_>, value: Value) -> fmt::Result {
        const NO_EXEMPLAR: Option<&Exemplar<Labels, f64>> = None;
        match (self.kind, value) {
            (Kind::Counter, Value::Count(count)) => metric.encode_counter(&count, NO_EXEMPLAR),
            (Kind::Counter, Value::Number(number)) => metric.encode_counter(&number, NO_EXEMPLAR),
            (_, Value::Count(count)) => metric.encode_gauge(&count),
            (_, Value::Number(number)) => metric.encode_gauge(&number),
            (_, Value::Times(steps)) => encode_times(metric, &steps),
            (_, Value::Labels) => Ok(()),
        }
    }
}

fn encode_times(metric: &mut MetricEncoder<'_>, steps: &Steps) -> fmt::Result {
    let under = STEP_BOUNDS_NS.iter().zip(steps.counts);
    let mut buckets: Vec<(f64, u64)> = under
        .map(|(bound, count)| (seconds(*bound), count))
        .collect();
    let rest = steps.count - steps.counts.iter().sum::<u64>();
    buckets.push((f64::INFINITY, rest));
    metric.encode_histogram::<Labels>(seconds(steps.sum_ns), steps.count, &buckets, None)
}

/// Nanoseconds as seconds; exact to a nanosecond up to 100 days.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53 in practice")]
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// The families of one scrape, as a collector that gives them once.
#[derive(Debug)]
struct Scrape(Vec<Family>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|family| family.encode(&mut encoder))
    }
}

/// One label.
pub(super) fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

/// A counter without labels.
pub(super) fn plain_counter(name: &str, help: &'static str, count: u64) -> Family {
    Family::counter(name, help).count(Vec::new(), count)
}

/// A gauge without labels.
pub(super) fn plain_gauge(name: &str, help: &'static str, count: u64) -> Family {
    Family::gauge(name, help).count(Vec::new(), count)
}

/// A gauge without labels, absent while there is no number.
pub(super) fn number_gauge(name: &str, help: &'static str, number: Option<f64>) -> Family {
    let family = Family::gauge(name, help);
    match number {
        Some(number) => family.number(Vec::new(), number),
        None => family,
    }
}

/// A count to calculate with; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) const fn float(count: u64) -> f64 {
    count as f64
}

/// Milliseconds as seconds.
pub(super) fn seconds_of(ms: u64) -> f64 {
    float(ms) / 1_000.0
}

/// The families as OpenMetrics text.
pub(super) fn encode(families: Vec<Family>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(families)));
    let mut text = String::new();
    if text::encode(&mut text, &registry).is_err() {
        unreachable!("writing to a string does not fail");
    }
    text
}
