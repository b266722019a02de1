//! What is asked of the server, and its answer read.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::controls::Controls;
use crate::metric::Metric;

/// Groups asked for; more than any screen shows, so that a filter has something to find.
const GROUPS: usize = 200;

/// The question: what stands above the table, and the numbers of its columns.
fn query() -> String {
    let mut of_group = Selection::default();
    let mut of_window = Selection::default();
    for (metric, _) in Metric::of_columns() {
        let row = metric.row();
        match row.from.has_window() {
            true => of_window.add(row.path),
            false => of_group.add(row.path),
        }
    }
    format!(
        "query Top($by: GroupBy!, $orderBy: GroupOrder!, $first: Int!) {{
  realTimeMetrics {{
    activeSessions totalConnectionsExact avgSessionDurationMs messagesPerMinute
    connectionsPerMinute disconnectionsPerMinute openSessions openUncertain openSince openComplete asOf complete
    durations {{ p50Ms p99Ms }}
  }}
  stream {{ state lagMs reconnects gapsTotal lastError }}
  counters {{ received applied ignored late future duplicates shed rejected {{ total }} }}
  latency {{ stage lastMinute {{ p99Ms }} }}
  engine {{ version uptimeMs ringDepth ringCapacity sessionBytes snapshotAgeMs }}
  alerts {{
    items {{ name metric by groupDisplayName comparison threshold phase value }}
    notifications {{ failed lastError }}
  }}
  alertHistory(first: 1) {{ items {{ at name change lastedMs }} }}
  groups(by: $by, orderBy: $orderBy, first: $first) {{
    count
    items {{ name displayName kind {of_group}window {{ {of_window}}} }}
  }}
}}"
    )
}

/// Fields by their paths, such as `durations.p50Ms`: as GraphQL selects them.
#[derive(Debug, Default)]
struct Selection(BTreeMap<&'static str, Self>);

impl Selection {
    fn add(&mut self, path: &'static str) {
        let (field, rest) = path.split_once('.').unwrap_or((path, ""));
        let below = self.0.entry(field).or_default();
        if !rest.is_empty() {
            below.add(rest);
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(field, below)| {
            f.write_str(field)?;
            match below.0.is_empty() {
                true => f.write_str(" "),
                false => write!(f, " {{ {below}}} "),
            }
        })
    }
}

/// The body of the request for what the controls say.
pub(super) fn request(controls: &Controls) -> Vec<u8> {
    let body = json!({
        "query": query(),
        "variables": {
            "by": controls.by.in_api(),
            "orderBy": controls.sort.in_api(),
            "first": GROUPS,
        },
    });
    body.to_string().into_bytes()
}

/// Reads the body of an answer.
///
/// # Errors
/// What the server says against the question, or that this is no answer of ours.
pub(super) fn read(body: &[u8]) -> Result<Answer, String> {
    let foreign = "no answer of streamgauge; check --url";
    let value: Value = serde_json::from_slice(body).map_err(|_| foreign.to_owned())?;
    if let Some(message) = value["errors"][0]["message"].as_str() {
        let message: String = message.escape_debug().take(200).collect();
        return Err(format!(
            "the server refuses the query ({message}); is it of the same version?"
        ));
    }
    serde_json::from_value(value["data"].clone()).map_err(|_| foreign.to_owned())
}

/// One answer: all of one snapshot. Counts come as numbers that may have a fraction of nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    pub(super) real_time_metrics: Metrics,
    pub(super) stream: Stream,
    pub(super) counters: Counters,
    pub(super) latency: Vec<Stage>,
    pub(super) engine: Engine,
    pub(super) alerts: Alerts,
    pub(super) alert_history: AlertHistory,
    pub(super) groups: Groups,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metrics {
    pub(super) active_sessions: f64,
    pub(super) total_connections_exact: f64,
    pub(super) avg_session_duration_ms: f64,
    pub(super) messages_per_minute: f64,
    pub(super) connections_per_minute: f64,
    pub(super) disconnections_per_minute: f64,
    pub(super) open_sessions: f64,
    pub(super) open_uncertain: f64,
    pub(super) open_since: Option<String>,
    pub(super) open_complete: bool,
    pub(super) as_of: String,
    pub(super) complete: bool,
    pub(super) durations: Option<Durations>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Durations {
    #[serde(rename = "p50Ms")]
    pub(super) p50_ms: f64,
    #[serde(rename = "p99Ms")]
    pub(super) p99_ms: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stream {
    pub(super) state: String,
    pub(super) lag_ms: Option<f64>,
    pub(super) reconnects: f64,
    pub(super) gaps_total: f64,
    pub(super) last_error: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Counters {
    pub(super) received: f64,
    pub(super) applied: f64,
    pub(super) ignored: f64,
    pub(super) late: f64,
    pub(super) future: f64,
    pub(super) duplicates: f64,
    pub(super) shed: f64,
    pub(super) rejected: Rejected,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Rejected {
    pub(super) total: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage {
    pub(super) stage: String,
    pub(super) last_minute: Quantiles,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Quantiles {
    #[serde(rename = "p99Ms")]
    pub(super) p99_ms: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Engine {
    pub(super) version: String,
    pub(super) uptime_ms: f64,
    pub(super) ring_depth: f64,
    pub(super) ring_capacity: f64,
    pub(super) session_bytes: f64,
    pub(super) snapshot_age_ms: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Alerts {
    pub(super) items: Vec<Alert>,
    pub(super) notifications: Notifications,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert {
    pub(super) name: String,
    pub(super) metric: String,
    pub(super) by: Option<String>,
    pub(super) group_display_name: Option<String>,
    pub(super) comparison: String,
    pub(super) threshold: f64,
    pub(super) phase: String,
    pub(super) value: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct AlertHistory {
    /// The latest change; empty while there was none.
    pub(super) items: Vec<AlertChange>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AlertChange {
    pub(super) at: String,
    pub(super) name: String,
    pub(super) change: String,
    /// How long it fired, where it ended.
    pub(super) lasted_ms: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notifications {
    pub(super) failed: f64,
    pub(super) last_error: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Groups {
    pub(super) count: f64,
    pub(super) items: Vec<Group>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    /// Its id, by which it is filtered too.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) display_name: String,
    /// Its numbers of the present, and `window` with those of a window.
    #[serde(flatten)]
    numbers: Map<String, Value>,
}

impl Group {
    /// One of its numbers; `None` where it has none.
    pub(super) fn number(&self, metric: Metric) -> Option<f64> {
        let row = metric.row();
        let holder = match row.from.has_window() {
            true => self.numbers.get("window")?.as_object()?,
            false => &self.numbers,
        };
        let (field, below) = row.path.split_once('.').unwrap_or((row.path, ""));
        let found = holder.get(field)?;
        match below.is_empty() {
            true => found.as_f64(),
            false => found.get(below)?.as_f64(),
        }
    }

    /// What people read for it; a name from the stream that equals one of ours is in quotes.
    pub(super) fn shown_name(&self) -> String {
        match (self.kind.as_str(), self.name.as_str()) {
            ("NAMED", name @ ("(none)" | "other")) if self.display_name == name => {
                format!("\"{name}\"")
            }
            _ => self.display_name.clone(),
        }
    }
}
