//! The `[[alert]]` tables of the TOML file. Every fault of every table is reported, with its line.

mod entry;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use super::alert::AlertBy;
use super::alert::AlertKind;
use super::alert::AlertRule;
use super::alert::GROUP_PERCENTILES_MS;
use super::alert::Threshold;
use super::duration::millis;
use super::error::quoted;
use super::limits::ALERTS_MAX;
use super::value;
use crate::metric::Metric;

pub(super) use entry::AlertEntry;
use entry::choices;

/// How long a value may have to be past its threshold.
const FOR: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(86_400);
/// The lengths a window may have; which of them there are is known later.
const WINDOW: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(86_400);
/// The longest name of an alert or a group, in bytes.
const NAME_BYTES_MAX: usize = 256;
const KEYS: &str =
    "name, metric, window, queue, deployment, direction, kind, above, below, for, hysteresis";

/// A fault and the place in the file it is at.
pub(super) type Fault = (usize, String);

/// Reads the tables; `line_of` tells the line of an offset.
pub(super) fn read(
    value: &DeValue<'_>,
    at: usize,
    line_of: impl Fn(usize) -> usize,
) -> (Vec<AlertEntry>, Vec<Fault>) {
    let DeValue::Array(tables) = value else {
        let why = "\"alert\": of the wrong type; write each rule as a table under [[alert]]";
        return (Vec::new(), vec![(at, why.to_owned())]);
    };
    let (mut entries, mut faults): (Vec<AlertEntry>, Vec<Fault>) = (Vec::new(), Vec::new());
    if tables.len() > ALERTS_MAX {
        let why = format!(
            "alert: {} rules over {ALERTS_MAX}; remove some",
            tables.len()
        );
        return (entries, vec![(at, why)]);
    }
    let mut names: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for (index, table) in tables.iter().enumerate() {
        let start = table.span().start;
        let DeValue::Table(fields) = table.get_ref() else {
            let why = format!("alert {}: no table; write it under [[alert]]", index + 1);
            faults.push((start, why));
            continue;
        };
        let mut reading = Reading::new(fields, start, index + 1);
        let mut rule = reading.rule();
        if let Some(name) = rule.as_ref().map(|rule| Arc::clone(&rule.name))
            && let Some(line) = names.insert(name, line_of(start))
        {
            let why = format!("the name is taken by line {line}; choose another");
            reading.fault(start, &why);
            rule = None;
        }
        entries.push(AlertEntry {
            rule,
            window_ms: reading.window_ms,
            is_of_group: reading.is_of_group(),
            line: line_of(start),
            called: reading.called,
        });
        faults.append(&mut reading.faults);
    }
    (entries, faults)
}

/// One table while it is read.
struct Reading<'a> {
    fields: BTreeMap<&'a str, &'a Spanned<DeValue<'a>>>,
    /// Where the table begins.
    start: usize,
    /// What faults call the alert.
    called: String,
    /// The window that was named, where nothing is wrong with it by itself.
    window_ms: Option<u32>,
    is_window_refused: bool,
    faults: Vec<Fault>,
}

impl<'a> Reading<'a> {
    fn new(table: &'a DeTable<'a>, start: usize, number: usize) -> Self {
        let mut reading = Self {
            fields: BTreeMap::new(),
            start,
            called: number.to_string(),
            window_ms: None,
            is_window_refused: false,
            faults: Vec::new(),
        };
        let name = table.get("name").and_then(|name| name.get_ref().as_str());
        if let Some(name) = name {
            reading.called = quoted(name);
        }
        for (key, value) in table {
            if KEYS.split(", ").any(|known| known == &**key.get_ref()) {
                reading.fields.insert(key.get_ref(), value);
            } else {
                let why = format!("{}: unknown; there are {KEYS}", quoted(key.get_ref()));
                reading.fault(key.span().start, &why);
            }
        }
        reading
    }

    fn fault(&mut self, at: usize, why: &str) {
        self.faults
            .push((at, format!("alert {}: {why}", self.called)));
    }

    fn is_of_group(&self) -> bool {
        let mut kinds = AlertBy::ALL.iter();
        kinds.any(|by| self.fields.contains_key(by.label()))
    }

    /// A fault of one field, at its place.
    fn refuse(&mut self, key: &str, why: &str) {
        self.is_window_refused |= key == "window";
        let at = self.fields.get(key).map(|value| value.span().start);
        self.fault(at.unwrap_or(self.start), &format!("{key}: {why}"));
    }

    /// The rule; `None` when something is wrong with it.
    fn rule(&mut self) -> Option<AlertRule> {
        let name = self.name("name");
        if name.is_none() && !self.fields.contains_key("name") {
            self.refuse("name", "missing; give the alert a name");
        }
        let metric = self.metric();
        let window_ms = self.length("window", &WINDOW);
        let group = self.group();
        let kind = self.kind(group.as_ref());
        let threshold = self.threshold();
        let for_ms = self.length("for", &FOR).unwrap_or_default();
        let hysteresis = self.number("hysteresis").unwrap_or_default();
        if hysteresis < 0.0 {
            self.refuse(
                "hysteresis",
                "below 0; it is how far back the value must come",
            );
        }
        let window_ms = window_ms.and_then(|ms| u32::try_from(ms).ok());
        if let Some(metric) = metric {
            self.check_fit(metric, window_ms, group.as_ref());
        }
        self.window_ms = window_ms.filter(|_| !self.is_window_refused);
        let rule = AlertRule {
            name: name?,
            metric: metric?,
            window_ms,
            group,
            kind,
            threshold: threshold?,
            hysteresis,
            for_ms,
        };
        self.faults.is_empty().then_some(rule)
    }

    /// Whether the metric is there for this group and window.
    fn check_fit(
        &mut self,
        metric: Metric,
        window_ms: Option<u32>,
        group: Option<&(AlertBy, Arc<str>)>,
    ) {
        let (name, from) = (metric.label(), metric.source());
        if window_ms.is_some() && !from.has_window() {
            self.refuse(
                "window",
                &format!("{name} is taken over no window; remove it"),
            );
        }
        let Some((by, _)) = group else { return };
        if let Metric::Desk(_) = metric {
            if *by != AlertBy::Queue {
                self.refuse(
                    by.label(),
                    &format!("{name} is of a queue, or of all; name a queue"),
                );
            }
            return;
        }
        if !from.is_of_groups() {
            self.refuse(by.label(), &format!("{name} is of no group; remove it"));
        } else if *by == AlertBy::Direction && !from.is_of_messages() {
            self.refuse(by.label(), "a direction has messagesPerMinute alone");
        }
        let is_kept = |ms: u32| GROUP_PERCENTILES_MS.contains(&ms);
        if from.is_of_histogram() && window_ms.is_some_and(|ms| !is_kept(ms)) {
            let kept = choices(&GROUP_PERCENTILES_MS);
            let why = format!("{name} of a group is kept for some windows; choose {kept}");
            self.refuse("window", &why);
        }
    }

    fn metric(&mut self) -> Option<Metric> {
        let named = Metric::of_alerts().map(|metric| (metric.label(), metric));
        let names: Vec<(&str, Metric)> = named.collect();
        if !self.fields.contains_key("metric") {
            self.refuse(
                "metric",
                "missing; name what is watched, such as messagesPerMinute",
            );
        }
        let text = self.text("metric")?;
        match value::choice(text, &names) {
            Ok(metric) => Some(metric),
            Err(why) => {
                self.refuse("metric", &format!("{}: {why}", quoted(text)));
                None
            }
        }
    }

    fn group(&mut self) -> Option<(AlertBy, Arc<str>)> {
        let given: Vec<AlertBy> = AlertBy::ALL
            .into_iter()
            .filter(|by| self.fields.contains_key(by.label()))
            .collect();
        if let [_, second, ..] = given[..] {
            self.refuse(second.label(), "a second group; keep one");
        }
        let by = *given.first()?;
        Some((by, self.name(by.label())?))
    }

    fn kind(&mut self, group: Option<&(AlertBy, Arc<str>)>) -> Option<AlertKind> {
        let text = self.text("kind")?;
        let kinds = AlertKind::ALL.map(|kind| (kind.label(), kind));
        let kind = match value::choice(text, &kinds) {
            Ok(kind) => kind,
            Err(why) => {
                self.refuse("kind", &format!("{}: {why}", quoted(text)));
                return None;
            }
        };
        let shown_as = kind.shown_as();
        match group {
            None => self.refuse("kind", "of no group; name a queue, deployment or direction"),
            Some((_, name)) if shown_as.is_some_and(|shown| shown != &**name) => {
                let shown = shown_as.unwrap_or_default();
                let why = format!("{text} is shown as \"{shown}\"; name that group, or remove it");
                self.refuse("kind", &why);
            }
            Some(_) => {}
        }
        Some(kind)
    }

    fn threshold(&mut self) -> Option<Threshold> {
        let (above, below) = (self.number("above"), self.number("below"));
        match (
            self.fields.contains_key("above"),
            self.fields.contains_key("below"),
        ) {
            (true, true) => {
                self.refuse("below", "beside above; keep one, or write two alerts");
                None
            }
            (false, false) => {
                let why = "above or below: missing; say what is too much or too little";
                self.fault(self.start, why);
                None
            }
            (true, false) => above.map(Threshold::Above),
            (false, true) => below.map(Threshold::Below),
        }
    }

    fn text(&mut self, key: &str) -> Option<&'a str> {
        let value = self.fields.get(key)?.get_ref();
        if let DeValue::String(text) = value {
            return Some(text);
        }
        let why = format!("of the wrong type, {}; write a string", value.type_str());
        self.refuse(key, &why);
        None
    }

    fn name(&mut self, key: &str) -> Option<Arc<str>> {
        let text = self.text(key)?;
        let why = if text.trim().is_empty() {
            "is empty; give a name"
        } else if text.len() > NAME_BYTES_MAX {
            "longer than 256 B; shorten it"
        } else if text.chars().any(char::is_control) {
            "has a control character; remove it"
        } else {
            return Some(text.into());
        };
        self.refuse(key, why);
        None
    }

    fn length(&mut self, key: &str, range: &RangeInclusive<Duration>) -> Option<u64> {
        let text = self.text(key)?;
        match value::length(text, range) {
            Ok(length) => Some(millis(length)),
            Err(why) => {
                self.refuse(key, &format!("{}: {why}", quoted(text)));
                None
            }
        }
    }

    fn number(&mut self, key: &str) -> Option<f64> {
        let value = self.fields.get(key)?.get_ref();
        let number = match value {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .and_then(whole),
            DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
            _ => {
                let why = format!("of the wrong type, {}; write a number", value.type_str());
                self.refuse(key, &why);
                return None;
            }
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            self.refuse(key, "no number to compare with; write one below 2^53");
        }
        number
    }
}

/// A whole number that a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "checked")]
fn whole(number: i64) -> Option<f64> {
    (number.unsigned_abs() <= 1 << 53).then_some(number as f64)
}

#[cfg(test)]
mod tests;
