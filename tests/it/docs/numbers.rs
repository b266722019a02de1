//! What follows the table of metrics but is not made of it by the compiler: the page's list, the tables
//! of the documentation, the dashboard of Grafana. Whatever lacks a number is named here.
//! `STREAMGAUGE_UPDATE_DOCS=1 cargo test --test it docs::` writes the first two.

use std::fs;

use serde_json::Value;
use serde_json::json;
use streamgauge::metric::Column;
use streamgauge::metric::DeskMetric;
use streamgauge::metric::Metric;
use streamgauge::metric::Row;
use streamgauge::metric::Source;
use streamgauge::metric::Unit;
use streamgauge::serve::schema_sdl;

use super::generated::code;
use super::generated::hold;
use super::generated::hold_file;
use super::page::root;

fn rows() -> impl Iterator<Item = &'static Row> {
    Metric::ALL.iter().map(|metric| metric.row())
}

/// What GraphQL says of a number, and the page.
fn described(row: &Row) -> String {
    [row.definition, row.note].join(" ").trim_end().to_owned()
}

/// A number as the page reads it.
fn entry(row: &Row) -> Value {
    json!({
        "name": row.name,
        "definition": described(row),
        "unit": match row.unit {
            Unit::Milliseconds => "ms",
            Unit::Share => "share",
            _ => "number",
        },
        "path": row.path,
        "scope": if row.from.has_window() { "window" } else { "now" },
        "histogram": row.from.is_of_histogram(),
        "messages": row.from.is_of_messages(),
        "order": row.order,
        "words": row.alert,
    })
}

fn with(mut entry: Value, key: &str, value: Value) -> Value {
    entry[key] = value;
    entry
}

#[test]
fn the_page_has_the_numbers_of_the_table() {
    let columns = Metric::of_columns().into_iter();
    let columns = columns.filter_map(
        |(
            metric,
            Column {
                page,
                key,
                is_on_wall,
                ..
            },
        )| {
            let column = json!({ "label": page?, "key": key, "wall": is_on_wall });
            Some(with(entry(metric.row()), "column", column))
        },
    );
    let mut cards: Vec<_> = rows().filter_map(|row| Some((row.card?, row))).collect();
    cards.sort_by_key(|(card, _)| card.rank);
    let cards = cards.iter().map(|(card, row)| {
        let card = json!({ "label": card.label, "key": card.key, "lesser": card.is_lesser });
        with(entry(row), "card", card)
    });
    let alerts = rows().filter(|row| row.alert.is_some()).map(entry);
    let table = json!({
        "columns": columns.collect::<Vec<_>>(),
        "cards": cards.collect::<Vec<_>>(),
        "alerts": alerts.collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&table).unwrap() + "\n";
    hold_file("dashboard/src/metrics.json", &text);
}

/// Families of a number, as people would look for them.
fn families(row: &Row) -> String {
    let Some(family) = row.family else {
        return String::new();
    };
    let window = if row.from.has_window() { "window_" } else { "" };
    let of_groups = if row.from.is_of_messages() {
        "queue,deployment,direction"
    } else {
        "queue,deployment"
    };
    let of_whole = family
        .is_of_whole
        .then(|| format!("streamgauge_{window}{}", family.suffix));
    let of_groups = family
        .is_of_groups
        .then(|| format!("streamgauge_{{{of_groups}}}_{window}{}", family.suffix));
    let all: Vec<String> = of_whole
        .into_iter()
        .chain(of_groups)
        .map(|name| code(&name))
        .collect();
    all.join(", ")
}

#[test]
fn the_table_of_numbers_is_that_of_the_program() {
    let mut expected = "\n| number | what | unit | taken over | of groups | alerts | in GraphQL | in /metrics | of several parts |\n|---|---|---|---|---|---|---|---|---|\n".to_owned();
    for row in rows() {
        let window = match (row.from.has_window(), row.from.is_of_histogram()) {
            (false, _) => "now",
            (true, false) => "a window",
            (true, true) => "a window; of a group 1m or 1h",
        };
        let groups = match (row.from.is_of_groups(), row.from.is_of_messages()) {
            (false, _) => "no",
            (true, false) => "queue, deployment",
            (true, true) => "queue, deployment, direction",
        };
        let path = match row.path {
            "" => String::new(),
            path if row.from.has_window() => code(&format!("window.{path}")),
            path => code(path),
        };
        expected += &format!(
            "| `{}` | {} | {} | {window} | {groups} | {} | {path} | {} | {} |\n",
            row.name,
            described(row),
            row.unit.label(),
            if row.alert.is_some() { "yes" } else { "no" },
            families(row),
            row.from.merge(),
        );
    }
    hold("docs/api.md", "<!-- numbers from here", &(expected + "\n"));
}

#[test]
fn the_table_of_legs_is_that_of_the_program() {
    let mut expected =
        "\n| number | what | unit | taken over | in GraphQL | in /metrics | of several parts |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    for row in DeskMetric::ALL.iter().map(|metric| metric.row()) {
        let is_of_window = row.from.has_window();
        let (over, path, infix) = match is_of_window {
            true => (
                "a window of the settings",
                format!("window.{}", row.path),
                "window_",
            ),
            false => ("now", row.path.to_owned(), ""),
        };
        let suffix = row.family.unwrap().suffix;
        expected += &format!(
            "| `{}` | {} | {} | {over} | {} | `streamgauge_{infix}{suffix}`, `streamgauge_{{queue,media,agent}}_{infix}{suffix}` | {} |\n",
            row.name,
            described(row),
            row.unit.label(),
            code(&path),
            row.from.merge(),
        );
    }
    hold(
        "docs/api.md",
        "<!-- numbers of legs from here",
        &(expected + "\n"),
    );
}

/// A field of GraphQL and an order of groups are made of the row; its place within an object is not.
#[test]
fn the_schema_has_the_numbers_of_the_table() {
    let sdl = schema_sdl();
    let body = |holder: &str| {
        let (_, body) = sdl.split_once(&format!("{holder} {{\n")).unwrap();
        body.split("\n}").next().unwrap().to_owned()
    };
    let has = |body: &str, field: &str| {
        let mut lines = body.lines().map(str::trim);
        lines.any(|line| line.starts_with(&format!("{field}:")) || line == field)
    };
    let (window, group, metrics) = (
        body("type Window"),
        body("type Group"),
        body("type Metrics"),
    );
    let order = body("enum GroupOrder");
    for row in rows().filter(|row| !row.path.is_empty()) {
        let name = row.name;
        if let Source::Now(_) = row.from {
            assert!(has(&group, row.path), "Group has no {name}");
            assert!(has(&metrics, row.path), "Metrics has no {name}");
        } else {
            let mut holder = window.clone();
            let parts: Vec<&str> = row.path.split('.').collect();
            for (index, part) in parts.iter().enumerate() {
                assert!(has(&holder, part), "{name}: no {part} in the schema");
                let mut lines = holder.lines().map(str::trim);
                let line = lines
                    .find(|line| line.starts_with(&format!("{part}:")))
                    .unwrap();
                let type_name = line
                    .split(": ")
                    .nth(1)
                    .unwrap()
                    .trim_end_matches('!')
                    .to_owned();
                if index + 1 < parts.len() {
                    holder = body(&format!("type {type_name}"));
                }
            }
        }
        if let Some(value) = row.order {
            assert!(has(&order, value), "{name}: GroupOrder has no {value}");
        }
    }
}

/// Grafana's dashboard shows the numbers that the table says it shows, and no other of the table.
#[test]
fn grafana_has_the_numbers_of_the_table() {
    let text = fs::read_to_string(root().join("monitoring/grafana.json")).unwrap();
    for row in rows() {
        let Some(family) = row.family else { continue };
        let window = if row.from.has_window() { "window_" } else { "" };
        let names = ["", "queue_", "deployment_", "direction_"]
            .map(|of| format!("streamgauge_{of}{window}{}{{", family.suffix));
        let is_shown = names.iter().any(|name| text.contains(name));
        assert_eq!(
            is_shown, row.is_on_grafana,
            "{}: monitoring/grafana.json and the table differ; give it a panel there, or take panel() out of its row",
            row.name
        );
    }
}
