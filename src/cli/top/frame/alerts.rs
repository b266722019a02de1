//! The alerts: how many, the worst, and the latest change.

use crate::cli::top::answer::Alert;
use crate::cli::top::answer::AlertChange;
use crate::cli::top::answer::Answer;
use crate::cli::top::human;
use crate::cli::top::text;
use crate::cli::top::text::Line;
use crate::cli::top::text::Style;

/// Alerts that are listed one by one; the others are counted.
const ALERTS_SHOWN_MAX: usize = 4;

/// The lines of the alerts, no wider than so many columns.
pub(super) fn lines(answer: &Answer, columns: usize) -> Vec<Line> {
    let all = &answer.alerts.items;
    let of = |phase: &'static str| all.iter().filter(move |alert| alert.phase == phase);
    let (firing, pending) = (of("FIRING").count(), of("PENDING").count());
    let mut lines = Vec::new();
    if !all.is_empty() {
        let style = |count, style| if count > 0 { style } else { Style::Plain };
        let counts = vec![
            Line::new(Style::Dim, "alerts"),
            Line::new(style(firing, Style::Bad), format!("{firing} firing")),
            Line::new(style(pending, Style::Warning), format!("{pending} pending")),
            Line::new(Style::Plain, format!("{} ok", all.len() - firing - pending)),
        ];
        let short = text::flow(counts.clone(), columns);
        let latest = answer.alert_history.items.first().map(change);
        let long = text::flow(counts.into_iter().chain(latest).collect(), columns);
        // The latest change is worth no line of its own.
        lines.extend(if long.len() > short.len() {
            short
        } else {
            long
        });
    }
    let worst = of("FIRING").chain(of("PENDING")).take(ALERTS_SHOWN_MAX);
    lines.extend(worst.map(alert));
    let notifications = &answer.alerts.notifications;
    if let Some(error) = &notifications.last_error {
        let given_up = human::count(notifications.failed);
        let line = format!("  notifications: {given_up} given up; {error}");
        lines.push(Line::new(Style::Warning, line));
    }
    lines
}

/// The latest change of an alert, in a few words.
fn change(change: &AlertChange) -> Line {
    let time = change.at.get(11..19).unwrap_or(&change.at);
    let what = match change.lasted_ms {
        Some(ms) => format!("ended after {}", human::time(ms)),
        None => change.change.to_lowercase(),
    };
    Line::new(
        Style::Dim,
        format!("last: {time} UTC {} {what}", change.name),
    )
}

fn alert(alert: &Alert) -> Line {
    let style = if alert.phase == "FIRING" {
        Style::Bad
    } else {
        Style::Warning
    };
    let value = alert
        .value
        .map_or_else(|| "none".to_owned(), |value| shown(&alert.metric, value));
    let group = match (&alert.by, &alert.group_display_name) {
        (Some(by), Some(group)) => format!(" of {} {group}", by.to_lowercase()),
        _ => String::new(),
    };
    Line::new(style, format!("  {:7}  {}", alert.phase, alert.name)).and(
        Style::Plain,
        format!(
            "  {}{group} {value}, {} {}",
            alert.metric,
            alert.comparison.to_lowercase(),
            shown(&alert.metric, alert.threshold)
        ),
    )
}

/// A value in its metric's unit.
fn shown(metric: &str, value: f64) -> String {
    if metric.ends_with("Ms") {
        human::time(value)
    } else if metric == "ringFill" {
        format!("{:.0} %", value * 100.0)
    } else {
        human::count(value)
    }
}
