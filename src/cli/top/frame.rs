//! One screen: the numbers of an answer laid out for so many columns and lines. Pure.

mod alerts;
mod doubts;

use super::answer::Answer;
use super::answer::Group;
use super::controls::By;
use super::controls::Controls;
use super::controls::Sort;
use super::human;
use super::text;
use super::text::Line;
use super::text::Style;
use crate::metric::Metric;
use crate::metric::Unit;

/// Columns of a group's name: more where there is room.
const NAME_MIN: usize = 12;
const NAME_MAX: usize = 40;

/// What is known at the moment of drawing.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// Whose numbers.
    pub(super) place: &'a str,
    pub(super) answer: &'a Answer,
    /// Events a second between the last two answers.
    pub(super) per_second: Option<f64>,
    /// Why there is no newer answer, and for how long, in milliseconds.
    pub(super) stale: Option<(&'a str, f64)>,
}

/// The lines of a screen. `lines` bounds the table; the keys are shown where there are some.
pub(super) fn draw(
    view: &View<'_>,
    controls: &Controls,
    columns: usize,
    lines: Option<usize>,
) -> Vec<Line> {
    let mut screen = text::flow(title(view), columns);
    if let Some((why, ms)) = view.stale {
        let line = format!("no answer for {}: {why}; trying again", human::time(ms));
        screen.push(Line::new(Style::Bad, line));
    }
    screen.extend(text::flow(numbers(view.answer), columns));
    screen.extend(text::flow(trust(view), columns));
    screen.extend(alerts::lines(view.answer, columns));
    screen.push(Line::default());
    let has_keys = lines.is_some();
    let room = lines.map(|lines| lines.saturating_sub(screen.len() + 1));
    screen.extend(table(view.answer, controls, columns, room));
    if has_keys {
        screen.push(keys(controls));
    }
    screen
}

/// A name and its number.
fn pair(name: &str, value: &str, style: Style) -> Line {
    Line::new(Style::Dim, format!("{name} ")).and(style, value)
}

fn title(view: &View<'_>) -> Vec<Line> {
    let (engine, state) = (&view.answer.engine, view.answer.stream.state.to_lowercase());
    let style = match state.as_str() {
        "live" => Style::Good,
        "idle" | "connecting" => Style::Warning,
        _ => Style::Bad,
    };
    // The day is known; the seconds matter.
    let as_of = view.answer.real_time_metrics.as_of.as_str();
    let time = as_of.get(11..19).unwrap_or(as_of);
    vec![
        Line::new(Style::Bold, "streamgauge").and(
            Style::Plain,
            format!(" {} at {}", engine.version, view.place),
        ),
        Line::new(style, state),
        Line::new(Style::Plain, format!("as of {time} UTC")),
        Line::new(
            Style::Plain,
            format!("up {}", human::time(engine.uptime_ms)),
        ),
    ]
}

fn numbers(answer: &Answer) -> Vec<Line> {
    let metrics = &answer.real_time_metrics;
    let bold = |name, value: String| pair(name, &value, Style::Bold);
    let mut all = vec![bold("open", human::count(metrics.open_sessions))];
    all.extend(doubts::doubts(metrics).map(|doubts| Line::new(Style::Warning, doubts)));
    all.extend([
        bold("messages/min", human::count(metrics.messages_per_minute)),
        pair(
            "connections/min",
            &human::count(metrics.connections_per_minute),
            Style::Plain,
        ),
        pair(
            "disconnections/min",
            &human::count(metrics.disconnections_per_minute),
            Style::Plain,
        ),
    ]);
    if let Some(durations) = &metrics.durations {
        let text = format!(
            "{} / {}",
            human::time(durations.p50_ms),
            human::time(durations.p99_ms)
        );
        all.push(pair("ended after p50 / p99", &text, Style::Plain));
    }
    // What is of the sessions that connected inside the window only stands last.
    all.extend([
        pair(
            "active",
            &human::count(metrics.active_sessions),
            Style::Plain,
        ),
        pair(
            "average",
            &human::time(metrics.avg_session_duration_ms),
            Style::Plain,
        ),
        pair(
            "total",
            &human::count(metrics.total_connections_exact),
            Style::Plain,
        ),
    ]);
    if !metrics.complete {
        all.push(Line::new(Style::Warning, "(window filling)"));
    }
    all
}

/// Whether the numbers can be trusted.
fn trust(view: &View<'_>) -> Vec<Line> {
    let answer = view.answer;
    let (stream, counters, engine) = (&answer.stream, &answer.counters, &answer.engine);
    let plain = |name, value: String| pair(name, &value, Style::Plain);
    // What should be 0 is seen when it is not.
    let fault = |name, number: f64| {
        let style = if number > 0.0 {
            Style::Warning
        } else {
            Style::Plain
        };
        pair(name, &human::count(number), style)
    };
    let mut received = human::count(counters.received);
    if let Some(per_second) = view.per_second {
        received.push_str(&format!(" ({}/s)", human::count(per_second)));
    }
    let lag = stream
        .lag_ms
        .map_or_else(|| "none yet".to_owned(), human::time);
    let fill = match engine.ring_capacity > 0.0 {
        true => format!("{:.0} %", engine.ring_depth / engine.ring_capacity * 100.0),
        false => "none".to_owned(),
    };
    let visible = answer.latency.iter().find(|stage| stage.stage == "VISIBLE");
    let visible = visible.map_or(0.0, |stage| stage.last_minute.p99_ms);
    let mut all = vec![
        plain("received", received),
        plain("applied", human::count(counters.applied)),
        fault("rejected", counters.rejected.total),
        plain("ignored", human::count(counters.ignored)),
        fault("late", counters.late),
        fault("future", counters.future),
        plain("duplicates", human::count(counters.duplicates)),
        fault("shed", counters.shed),
        plain("lag", lag),
        plain("visible p99", human::time(visible)),
        plain("ring", fill),
        plain("snapshot", human::time(engine.snapshot_age_ms)),
        plain("sessions", human::bytes(engine.session_bytes)),
        fault("gaps", stream.gaps_total),
        fault("reconnects", stream.reconnects),
    ];
    if let Some(error) = &stream.last_error {
        all.push(Line::new(Style::Bad, error));
    }
    all
}

const COLUMN_WIDTH: usize = 10;

/// A number of a group; blank where it has none.
fn cell(group: &Group, metric: Metric) -> String {
    let text = match metric.row().unit {
        Unit::Milliseconds => human::time,
        _ => human::count,
    };
    group.number(metric).map(text).unwrap_or_default()
}

fn table(answer: &Answer, controls: &Controls, columns: usize, room: Option<usize>) -> Vec<Line> {
    let mut kept = Metric::of_columns();
    if controls.by == By::Direction {
        kept.retain(|(metric, _)| metric.source().is_of_messages());
    }
    // The least important stand last: they go first where there is no room.
    let across = columns.saturating_sub(NAME_MIN) / COLUMN_WIDTH;
    kept.truncate(across.max(1));
    let name_width = columns
        .saturating_sub(kept.len() * COLUMN_WIDTH)
        .clamp(NAME_MIN, NAME_MAX);
    let shown: Vec<&Group> = answer
        .groups
        .items
        .iter()
        .filter(|group| controls.shows(&group.name) || controls.shows(&group.display_name))
        .collect();
    let marked = |sort: Sort, text: &str| match sort == controls.sort {
        true => format!("{text}*"),
        false => text.to_owned(),
    };
    let heading = marked(Sort::Name, controls.by.in_api());
    let heading = kept.iter().fold(
        text::left(&heading, name_width),
        |line, (metric, column)| {
            let heading = marked(Sort::By(*metric), column.top);
            line + &text::right(&heading, COLUMN_WIDTH)
        },
    );
    let mut lines = vec![Line::new(Style::Reverse, heading)];
    // A line for the heading, and one to say that there are more.
    let rows = room.map_or(usize::MAX, |room| room.saturating_sub(2));
    for group in shown.iter().take(rows) {
        let row = kept.iter().fold(
            text::left(&group.shown_name(), name_width),
            |line, (metric, _)| line + &text::right(&cell(group, *metric), COLUMN_WIDTH),
        );
        lines.push(Line::new(Style::Plain, row));
    }
    let all = human::count(answer.groups.count);
    let listed = shown.len().min(rows);
    if shown.is_empty() {
        lines.push(Line::new(Style::Dim, "(none)"));
    } else if listed.to_string() != all {
        lines.push(Line::new(Style::Dim, format!("{listed} of {all}")));
    }
    lines
}

fn keys(controls: &Controls) -> Line {
    if controls.is_typing {
        return Line::new(Style::Bold, "filter: ")
            .and(Style::Plain, &controls.filter)
            .and(Style::Reverse, " ")
            .and(Style::Dim, "  enter keeps it, esc clears it");
    }
    let filter = match controls.filter.is_empty() {
        true => "/ filter".to_owned(),
        false => format!("/ filter: {}", controls.filter),
    };
    Line::new(Style::Dim, format!("q quit   s sort   b by   {filter}"))
}

/// The most important numbers in one line, for who reads lines.
pub(super) fn summary(view: &View<'_>) -> String {
    let (answer, metrics) = (view.answer, &view.answer.real_time_metrics);
    if let Some((why, ms)) = view.stale {
        return format!(
            "{}  no answer for {}: {why}",
            metrics.as_of,
            human::time(ms)
        );
    }
    let firing = answer
        .alerts
        .items
        .iter()
        .filter(|alert| alert.phase == "FIRING");
    let uncertain = match metrics.open_uncertain > 0.0 {
        true => format!(" (uncertain {:.0})", metrics.open_uncertain),
        false => String::new(),
    };
    let since = match (&metrics.open_since, metrics.open_complete) {
        (Some(since), false) => format!(" (since {since})"),
        _ => String::new(),
    };
    let line = format!(
        "{}  {}  active {:.0}  open {:.0}{}{}  total {:.0}  average {:.1} s  messages/min {:.0}  lag {}  alerts firing {}",
        metrics.as_of,
        answer.stream.state.to_lowercase(),
        metrics.active_sessions,
        metrics.open_sessions,
        uncertain,
        since,
        metrics.total_connections_exact,
        metrics.avg_session_duration_ms / 1_000.0,
        metrics.messages_per_minute,
        answer
            .stream
            .lag_ms
            .map_or_else(|| "none yet".to_owned(), human::time),
        firing.count(),
    );
    Line::new(Style::Plain, line).render(usize::MAX, false)
}

#[cfg(test)]
mod tests;
