//! What pages show as data: answers have the keys of real ones, GraphQL is of the schema, events are
//! events, settings are settings, and flags exist.

use std::collections::BTreeSet;
use std::fs;

use async_graphql::parser;
use hyper::Method;
use hyper::Version;
use hyper::header;
use hyper::header::HeaderValue;
use serde_json::Value;
use serde_json::json;
use streamgauge::event::IdKeys;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::snapshot::Snapshot;

use super::page::Block;
use super::page::Page;
use super::page::pages;
use super::page::root;
use super::script;
use super::unrun;
use crate::cli::CREDENTIALS;
use crate::cli::run;
use crate::http;
use crate::http::Client;

/// Holds an answer that a page shows to the real one of the command before it; without a command, to
/// what it claims to be.
pub(super) fn check_answer(page: &Page, block: &Block, real: Option<String>) {
    let place = format!("{}:{}", page.path, block.line);
    let shown: Value =
        serde_json::from_str(&block.body).unwrap_or_else(|error| panic!("{place}: {error}"));
    let Some(real) = real else {
        // Held by the tests below.
        let is_known = shown.get("eventType").is_some()
            || shown.get("ready").is_some()
            || block.info != "json";
        assert!(
            is_known,
            "{place}: no command before it, and nothing holds it"
        );
        return;
    };
    // Of several lines each is an answer; the shown one is the last.
    let last = real.trim_end().lines().last().unwrap_or_default();
    let real: Value =
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{place}: {error}: {real}"));
    if let Some(difference) = difference(&shown, &real, "") {
        panic!("{place}: {difference}\nshown {shown}\nreal  {real}");
    }
}

/// Where two values differ in their shape. A null has any shape, and an empty list any items.
fn difference(shown: &Value, real: &Value, at: &str) -> Option<String> {
    match (shown, real) {
        (Value::Object(a), Value::Object(b)) => {
            let (left, right): (Vec<&String>, Vec<&String>) =
                (a.keys().collect(), b.keys().collect());
            if left != right {
                return Some(format!("{at}: keys {left:?} are shown, {right:?} are real"));
            }
            a.iter()
                .find_map(|(key, value)| difference(value, &b[key], &format!("{at}.{key}")))
        }
        (Value::Array(a), Value::Array(b)) => match (a.first(), b.first()) {
            (Some(a), Some(b)) => difference(a, b, &format!("{at}[0]")),
            _ => None,
        },
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => None,
        _ => Some(format!("{at}: {shown} is shown, {real} is real")),
    }
}

#[test]
fn a_different_shape_is_seen() {
    let check = |shown: Value, real: Value, is_same: bool| {
        assert_eq!(
            difference(&shown, &real, "").is_none(),
            is_same,
            "{shown} {real}"
        );
    };
    check(
        json!({"a": 1, "b": [{"c": "x"}]}),
        json!({"a": 2.5, "b": [{"c": "y"}, {"c": "z"}]}),
        true,
    );
    check(json!({"a": 1}), json!({"a": 1, "b": 2}), false);
    check(json!({"a": 1, "b": 2}), json!({"a": 1}), false);
    check(json!({"a": 1}), json!({"a": "1"}), false);
    check(json!({"a": [{"b": 1}]}), json!({"a": [{"c": 1}]}), false);
    check(json!({"a": null}), json!({"a": 1}), true);
}

/// The documents of a page: blocks, those of commands, and what stands in its prose as a selection.
fn documents(page: &Page) -> Vec<String> {
    let blocks = page.blocks();
    let whole = blocks.iter().filter(|block| block.info == "graphql");
    let mut documents: Vec<String> = whole.map(|block| block.body.clone()).collect();
    for block in blocks.iter().filter(|block| block.info == "sh") {
        for command in script::commands(&block.body) {
            let bodies = command.split("-d '{\"query\":").skip(1);
            documents.extend(bodies.map(|body| {
                let (json, _) = body.split_once("}'").unwrap();
                let text: String =
                    serde_json::from_str(json).unwrap_or_else(|error| panic!("{command}: {error}"));
                text
            }));
        }
    }
    // `stream { gaps { start } }` is a selection; `extensions { code }` is of an error.
    let is_selection = |code: &str| {
        code.contains(" { ")
            && code.ends_with('}')
            && !code.contains('…')
            && !code.starts_with("extensions")
    };
    let inline = page
        .inline()
        .into_iter()
        .filter(|code| is_selection(code) || code.starts_with("{ __"));
    documents.extend(inline.map(|code| {
        if code.starts_with('{') {
            code
        } else {
            format!("{{ {code} }}")
        }
    }));
    documents
}

#[tokio::test]
async fn every_graphql_document_is_of_the_schema() {
    let served = http::serve(
        http::settings(),
        Snapshot {
            windows: vec![Default::default()],
            ..http::live()
        },
    )
    .await;
    let mut client = Client::connect(served.addr, Version::HTTP_11).await;
    let mut seen = 0;
    for page in pages() {
        for document in documents(&page) {
            if document.contains("nope") {
                continue;
            }
            // A subscription is validated as the query of its fields: what can be asked is the same.
            let is_subscription = parser::parse_query(&document)
                .unwrap()
                .operations
                .iter()
                .any(|(_, operation)| {
                    operation.node.ty == parser::types::OperationType::Subscription
                });
            let text = match is_subscription {
                true => document
                    .replacen("subscription", "query", 1)
                    .replacen("live(intervalMs: 1000)", "", 1)
                    .replacen("{\n  \n", "{", 1),
                false => document.clone(),
            };
            let text = if is_subscription {
                without_outer(&text)
            } else {
                text
            };
            let body = json!({ "query": text }).to_string();
            let mut request = http::request(served.addr, Method::POST, "/graphql", &body);
            request.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            let answer = client.send(request).await;
            let answer: Value = serde_json::from_slice(answer.body()).unwrap();
            assert!(
                answer.get("errors").is_none(),
                "{}: {document}: {answer}",
                page.path
            );
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}

/// `query { { a } }` as `{ a }`: what was inside of the field that is pushed.
fn without_outer(text: &str) -> String {
    let (_, rest) = text.split_once('{').unwrap();
    let (inside, _) = rest.rsplit_once('}').unwrap();
    inside.trim().to_owned()
}

#[test]
fn events_of_the_pages_are_events() {
    let mut seen = 0;
    for page in pages() {
        for block in page
            .blocks()
            .iter()
            .filter(|block| block.info == "json" && block.body.contains("\"eventType\""))
        {
            let verdict =
                Parser::new(IdKeys::FIXED).parse(&mut block.body.trim().as_bytes().to_vec());
            assert!(
                matches!(verdict, Verdict::Event(_)),
                "{}:{}: {verdict:?}",
                page.path,
                block.line
            );
            seen += 1;
        }
    }
    assert!(seen > 0);
}

/// The unit test beside the code holds its own copy to the program.
#[test]
fn the_webhooks_body_is_that_of_the_program() {
    let code = fs::read_to_string(root().join("src/notify/news.rs")).unwrap();
    let (_, expected) = code.split_once("let expected = r#\"").unwrap();
    let (expected, _) = expected.split_once("\"#;").unwrap();
    let expected: Value = serde_json::from_str(expected).unwrap();
    let blocks = Page::read("docs/api.md").blocks();
    let block = blocks
        .iter()
        .find(|block| block.info == "json webhook")
        .unwrap();
    let shown: Value = serde_json::from_str(&block.body).unwrap();
    assert_eq!(difference(&shown, &expected, ""), None);
}

#[test]
fn examples_of_settings_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for page in pages() {
        for block in page.blocks().iter().filter(|block| block.info == "toml") {
            let path = folder.path().join("streamgauge.toml");
            // The files it names are not here.
            let text = block.body.lines().filter(|line| !line.contains("-file = "));
            let text: String = text.map(|line| format!("{line}\n")).collect();
            let text = text
                .replace("0.0.0.0", "127.0.0.1")
                .replace("public-url", "# public-url");
            fs::write(&path, text).unwrap();
            let checked = run(&["check", "--config", path.to_str().unwrap()], &CREDENTIALS);
            assert_eq!(
                checked.code,
                Some(0),
                "{}:{}: {}",
                page.path,
                block.line,
                checked.stderr
            );
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
}

/// The flags of a command, by its help.
fn flags_of(command: &[&str]) -> BTreeSet<String> {
    let help = run(&[command, &["--help"]].concat(), &[]).stdout;
    let words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let flags = words.filter(|word| word.starts_with("--") && word.len() > 3);
    flags
        .map(|flag| flag.trim_end_matches('-').to_owned())
        .collect()
}

pub(crate) const COMMANDS: [&str; 8] = [
    "demo",
    "serve",
    "simulate",
    "load",
    "replay",
    "top",
    "check",
    "completions",
];

#[test]
fn every_flag_of_the_pages_exists() {
    // Of other programs, and of what is no command of its own.
    const FOREIGN: [&str; 9] = [
        "--path",
        "--locked",
        "--release",
        "--test",
        "--only",
        "--full",
        "--bench",
        "--example",
        "--profile",
    ];
    let known: BTreeSet<String> = COMMANDS
        .iter()
        .flat_map(|command| flags_of(&[command]))
        .collect();
    for page in pages() {
        // That page is of what the tree is made of, not of how it is used.
        if ["ARCHITECTURE.md", "perf/README.md", "fuzz/README.md"].contains(&page.path.as_str()) {
            continue;
        }
        let mut texts = page.inline();
        texts.extend(
            page.blocks()
                .into_iter()
                .filter(|block| block.info == "sh")
                .flat_map(|block| script::commands(&block.body))
                .filter(|command| {
                    unrun::reason(command).is_none() && command.contains("streamgauge ")
                }),
        );
        for text in texts {
            let words = text.split([' ', '=', '\n', '`', ',', '\'']);
            for flag in words.filter(|word| word.starts_with("--") && word.len() > 2) {
                assert!(
                    known.contains(flag) || FOREIGN.contains(&flag),
                    "{}: {flag} in {text:?}: no such flag",
                    page.path
                );
            }
        }
    }
}

#[test]
fn the_pages_name_every_flag() {
    for (command, path) in [
        ("simulate", "docs/load-testing.md"),
        ("load", "docs/load-testing.md"),
        ("replay", "docs/semantics.md"),
    ] {
        let page = Page::read(path).text;
        for flag in flags_of(&[command]) {
            let is_of_all = [
                "--help",
                "--log",
                "--log-format",
                "--version",
                "--client-secret",
            ]
            .contains(&flag.as_str());
            assert!(
                is_of_all || page.contains(&flag),
                "{path} does not name {flag} of {command}"
            );
        }
    }
    let readme = Page::read("README.md").text;
    for command in COMMANDS {
        assert!(
            readme.contains(&format!("| `streamgauge {command}` |")),
            "{command}"
        );
    }
}
