//! The dashboard for Grafana and the rules for Prometheus speak of metrics that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::get;
use super::promtool;
use super::sample::snapshot;
use super::scrape::Scrape;
use crate::http::serve;
use crate::http::settings;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("monitoring")
        .join(file)
}

/// The words of a text that can only be metrics of ours or of the process.
fn metrics(text: &str) -> BTreeSet<&str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| word.starts_with("streamgauge_") || word.starts_with("process_"))
        .collect()
}

/// Every PromQL expression of a dashboard.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "expr" => found.push(text.clone()),
                    value => expressions(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_metric_they_name_is_in_a_scrape() {
    let served = serve(settings(), snapshot()).await;
    let scrape = Scrape::parse(&get(&served, None).await.0);
    let known: BTreeSet<&str> = scrape.names().collect();
    for (file, least) in [
        ("alerts.yml", 15),
        ("alerts.test.yml", 15),
        ("grafana.json", 25),
    ] {
        let text = fs::read_to_string(path(file)).unwrap();
        let named = metrics(&text);
        assert!(named.len() >= least, "{file} names only {named:?}");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(
            unknown.is_empty(),
            "{file} names no metric of ours: {unknown:?}"
        );
    }
}

#[test]
fn the_rules_are_clean() {
    let path = path("alerts.yml");
    promtool::run(
        &["check", "rules", "--lint-fatal", path.to_str().unwrap()],
        "",
    );
}

/// Every rule fires on an engine in trouble and none on a healthy one; the cases stand beside them.
#[test]
fn the_rules_fire_when_they_should() {
    let path = path("alerts.test.yml");
    let cases = fs::read_to_string(&path).unwrap();
    let rules = fs::read_to_string(path.with_file_name("alerts.yml")).unwrap();
    let rules = rules.matches("- alert: ").count();
    assert!(
        cases.contains(&format!("value: {rules}\n")),
        "a case for each"
    );
    promtool::run(&["test", "rules", path.to_str().unwrap()], "");
}

/// Each expression stands as a recording rule, so that Prometheus's own parser reads it.
#[test]
fn the_dashboard_is_json_with_queries_that_prometheus_reads() {
    let text = fs::read_to_string(path("grafana.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert!(found.len() > 30, "{found:#?}");
    let ids: Vec<&Value> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|panel| &panel["id"])
        .collect();
    let distinct: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), ids.len(), "two panels of one id");
    let mut rules = String::from("groups:\n- name: dashboard\n  rules:\n");
    for (index, expression) in found.iter().enumerate() {
        // Grafana fills these in.
        let expression = expression
            .replace("$__rate_interval", "1m")
            .replace("$instance", ".*");
        let quoted = serde_json::to_string(&expression).unwrap();
        rules.push_str(&format!(
            "  - record: dashboard:{index}\n    expr: {quoted}\n"
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dashboard.yml");
    fs::write(&path, rules).unwrap();
    promtool::run(&["check", "rules", path.to_str().unwrap()], "");
}
