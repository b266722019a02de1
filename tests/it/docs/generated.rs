//! The parts of the documentation that are generated: the tables of settings and of metric families,
//! and the figures. `STREAMGAUGE_UPDATE_DOCS=1 cargo test --test it docs::` writes them.

use std::env;
use std::fs;
use std::process::Command;

use streamgauge::config::Group;
use streamgauge::config::SETTINGS;
use streamgauge::config::Setting;

use super::page::root;
use crate::cli::CREDENTIALS;
use crate::cli::run;

/// Holds the part of a page between two comments to a text, or writes it there.
pub(super) fn hold(path: &str, begin: &str, expected: &str) {
    let file = root().join(path);
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text
        .split_once(begin)
        .unwrap_or_else(|| panic!("{path}: no {begin:?}"));
    let (comment, rest) = rest.split_once('\n').unwrap();
    let (found, after) = rest.split_once("<!-- to here -->").unwrap();
    if found == expected {
        return;
    }
    if env::var_os("STREAMGAUGE_UPDATE_DOCS").is_some() {
        let text = format!("{before}{begin}{comment}\n{expected}<!-- to here -->{after}");
        fs::write(&file, text).unwrap();
        return;
    }
    let line = found
        .lines()
        .zip(expected.lines())
        .find(|(found, expected)| found != expected);
    panic!(
        "{path}: not what the program says: {line:?}; run STREAMGAUGE_UPDATE_DOCS=1 cargo test --test it docs::"
    );
}

/// Holds a whole file to a text, or writes it.
pub(super) fn hold_file(path: &str, expected: &str) {
    let file = root().join(path);
    let found = fs::read_to_string(&file).unwrap_or_default();
    if found == expected {
        return;
    }
    if env::var_os("STREAMGAUGE_UPDATE_DOCS").is_some() {
        fs::write(&file, expected).unwrap();
        return;
    }
    let mut lines = found.lines().zip(expected.lines());
    let line = lines.find(|(found, expected)| found != expected);
    panic!(
        "{path}: not what the program says: {line:?}; run STREAMGAUGE_UPDATE_DOCS=1 cargo test --test it docs::"
    );
}

pub(super) fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// One line of the table of settings.
fn row(setting: &Setting) -> String {
    let variables: Vec<String> = setting
        .variables()
        .filter(|variable| *variable != setting.variable())
        .map(|variable| code(&variable))
        .collect();
    let default = setting.default.map(code).unwrap_or_default();
    let example = match setting.is_in_file() {
        true => code(&example(setting)),
        false => "not in the file".to_owned(),
    };
    format!(
        "| {} | {default} | {} | {} | {example} | {} |\n",
        code(setting.name),
        setting.takes().replace('|', " or "),
        variables.join(", "),
        setting.help.replace('|', "\\|"),
    )
}

/// A line of the TOML file: the default, or what such a value looks like.
fn example(setting: &Setting) -> String {
    let value = match (setting.default, setting.name) {
        (Some(default), _) => default,
        (None, "region") => "eu-central-1",
        (None, "token-url") => "https://login.gateway.example/oauth/token",
        (None, "stream-url") => "wss://gateway.example/api/v2/analytics/events/stream",
        (None, "client-id") => "my-id",
        (None, "oauth-scope") => "analytics",
        (None, "oauth-audience") => "events",
        (None, "https-proxy" | "http-proxy" | "all-proxy") => "http://proxy.example:3128",
        (None, "no-proxy") => ".internal.example",
        (None, "public-url") => "https://gauge.example/",
        (None, "trusted-proxy") => "10.0.0.0/8",
        (None, "introspection") => "true",
        (None, "session-link") => "https://apps.example.com/{id}",
        (None, "webhook-url") => "https://hooks.example/alerts",
        (None, _) => setting.value,
    };
    let is_plain = setting.is_switch() || value.parse::<u64>().is_ok();
    match is_plain {
        true => format!("{} = {value}", setting.name),
        false if setting.is_list() || setting.value.starts_with("DURATION,") => {
            format!("{} = [\"{}\"]", setting.name, value.replace(',', "\", \""))
        }
        false => format!("{} = \"{value}\"", setting.name),
    }
}

#[test]
fn the_table_of_settings_is_that_of_the_program() {
    let groups = [
        Group::General,
        Group::Source,
        Group::Connection,
        Group::Numbers,
        Group::Server,
        Group::Alerts,
    ];
    let mut expected = String::new();
    let mut rows = 0;
    for group in groups {
        expected += &format!(
            "\n### {}\n\n| setting | default | takes | variables | in the file | what |\n|---|---|---|---|---|---|\n",
            group.label()
        );
        for setting in SETTINGS.iter().filter(|setting| setting.group == group) {
            expected += &row(setting);
            rows += 1;
        }
    }
    assert_eq!(rows, SETTINGS.len(), "a group is missing");
    hold(
        "docs/settings.md",
        "<!-- settings from here",
        &(expected + "\n"),
    );
}

/// What the table shows in the file is taken by the program, all at once.
#[test]
fn the_examples_of_settings_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streamgauge.toml");
    // Files are not here; the secret is in the environment.
    let shown = SETTINGS
        .iter()
        .filter(|setting| setting.is_in_file() && !setting.is_path());
    let text: String = shown.map(|setting| example(setting) + "\n").collect();
    fs::write(&path, text.replace("public-url", "# public-url")).unwrap();
    let checked = run(&["check", "--config", path.to_str().unwrap()], &CREDENTIALS);
    assert_eq!(
        (checked.code, checked.stderr.as_str()),
        (Some(0), ""),
        "{text}"
    );
}

/// The table is what is reviewed of `/metrics`: names, types and help of all families.
#[tokio::test]
async fn the_table_of_metric_families_is_that_of_the_program() {
    let mut expected = "\n| family | type | what |\n|---|---|---|\n".to_owned();
    for family in crate::metrics::families().await {
        let (name, rest) = family.split_once(" (").unwrap();
        let (kind, help) = rest.split_once(") ").unwrap();
        expected += &format!("| `{name}` | {kind} | {help} |\n");
    }
    hold("docs/api.md", "<!-- families from here", &(expected + "\n"));
}

/// `perf/run` writes the tables of figures from committed results, with what is missed.
#[test]
fn the_figures_are_what_the_suite_writes() {
    let check = |arguments: &[&str]| {
        Command::new("python3")
            .args(["-B", "perf/run"])
            .args(arguments)
            .current_dir(root())
            .output()
            .unwrap()
    };
    let output = check(&["--check"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let missed = readme
        .lines()
        .filter(|line| line.contains(": missed |"))
        .count();
    assert!(
        missed > 0 && readme.contains(": reached |"),
        "aims and whether they are reached"
    );
}
